"""Measured projections of CT: NumPy, and DICOM-CT-PD. The picture of a case is what its rays make; its identity is made of the stored rays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from pydantic import Field, field_validator

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.sources import limits
from medq_gen.sources.anatomy import own_anatomy
from medq_gen.sources.dicom import declared_of
from medq_gen.sources.folder import Found, entry_of, files, found_again
from medq_gen.sources.identity import Seen, case_of, duplicate, grouped, reloaded
from medq_gen.sources.page import SUFFIXES as PAGES
from medq_gen.sources.projections_ctpd import CtpdSeries, is_ctpd, series_of
from medq_gen.sources.projections_page import KernelName, Page
from medq_gen.sources.source import Configured, FileOptions, LoadedCase, MeasuredRays, Options, Picture, Pixels, Provenance

if TYPE_CHECKING:
    from physics.ct import CTScan

_FIELD_MM = 500.0
USUAL_KVP = 120.0


class ProjectionOptions(FileOptions):
    """Options of source=projections. source_mm, detector_mm, channel_mm, offset, start_deg, clockwise, mirrored, kvp, mas, n0, kernel, matrix, spacing_mm: for
    files that do not say it."""

    source_mm: float | None = None
    detector_mm: float | None = None
    channel_mm: float | None = None
    offset: float | None = None
    start_deg: float | None = None
    clockwise: bool | None = None
    mirrored: bool | None = None
    kvp: float | None = None
    mas: float | None = None
    n0: float | None = None
    kernel: KernelName | None = None
    matrix: tuple[int, int] | None = None
    spacing_mm: tuple[float, float] | None = None
    every: int = Field(default=1, ge=1)
    max_file_mb: float = Field(default=4096.0, gt=0)

    @field_validator("modality")
    @classmethod
    def _is_ct(cls, modality: str | None) -> str | None:
        if modality not in (None, "ct"):
            raise ValueError("projections are ct")
        return modality


class Projections(Protocol):
    """A file of projections that was opened."""

    parts: tuple[str, ...]
    page: Page

    def read(self, part: str) -> Pixels:
        """The rays of one slice, (view, channel).

        Raises
            SourceError: they cannot be used.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def opened(found: Found, options: ProjectionOptions) -> Projections:
    """The reader of a file.

    Raises
        SourceError: the file holds no projections, or cannot be used.
    """
    if found.entry.lower().endswith((".npy", ".npz")):
        from medq_gen.sources.projections_numpy import NumpyProjections

        return NumpyProjections(found, said_by(options))
    raise SourceError(found.shown, "type", "this is not a file of projections; allowed: .npy, .npz, DICOM-CT-PD", "Choose another source, or leave it out")


def said_by(options: ProjectionOptions) -> dict[str, Any]:
    """What the options say in place of a page."""
    return options.model_dump(include=set(Page.model_fields) - {"licence"})


def scan_of_rays(measured: MeasuredRays) -> CTScan:
    """The healthy scan of a case: deterministic, nothing is drawn.

    Raises
        ValueError: the rays make no picture; says why.
    """
    from physics.ct import CTScan
    from physics.ct.geometry import Fan, Grid
    from physics.ct.kernel import KERNELS

    n_views, n_channels = measured.rays.shape
    about = dict(measured.about)
    fan = Fan(about.pop("source_mm"), about.pop("detector_mm"), n_views, n_channels, about.pop("channel_mm"), about.pop("offset"))
    kvp, kernel, grid = about.pop("kvp"), KERNELS[about.pop("kernel")], Grid(measured.matrix, measured.spacing_mm)
    scan = CTScan.of_projections(torch.from_numpy(measured.rays), geometry=fan, grid=grid, kernel=kernel, kvp=kvp or USUAL_KVP, **about)
    return scan if kvp else replace(scan, assumed=(*scan.assumed, "tube voltage of 120 kVp"))


def picture_of(rays: Pixels, page: Page, options: ProjectionOptions, *, part: str, shown: str, max_pixels: int) -> Picture:
    """A slice as a picture: what its rays make.

    Raises
        SourceError: the geometry is impossible, or the rays make no picture in HU.
    """
    shown = f"{shown} (slice {part})"
    spacing = page.spacing_mm or (_FIELD_MM / page.matrix[0], _FIELD_MM / page.matrix[1])
    limits.check_spacing(spacing, file=shown, field="spacing_mm")
    limits.check_size(*page.matrix, file=shown, max_pixels=max_pixels)
    about: dict[str, Any] = page.model_dump(
        include={"source_mm", "detector_mm", "channel_mm", "offset", "start_deg", "clockwise", "mirrored", "kvp", "mas", "n0", "kernel"}
    )
    measured = MeasuredRays(rays=rays, about=about, matrix=page.matrix, spacing_mm=spacing)
    try:
        scan = scan_of_rays(measured)
    except ValueError as error:
        raise SourceError(shown, "geometry", str(error), "Check source_mm, detector_mm and channel_mm: the pitch at the detector, in millimetres") from None
    facts: dict[str, Any] = {"measured": "projections", "views": rays.shape[0], "channels": rays.shape[1], "kernel": page.kernel}
    facts |= {key: value for key, value in (("kvp", page.kvp), ("mas", page.mas), ("n0", page.n0)) if value is not None}
    made = Picture(
        part=part,
        pixels=np.asarray(scan.hu.numpy(), dtype=np.float32),
        modality="ct",
        anatomy=options.anatomy or page.anatomy or own_anatomy("ct"),
        view="axial",
        spacing_mm=spacing,
        acquisition=facts,
        measured=measured,
    )
    if not bool((scan.hu > -500.0).any()):
        raise SourceError(shown, "rays", "the rays make a picture of nothing but air", "Check the order of the axes, the geometry, and that air reads 0")
    return limits.check_picture(made, file=shown, max_pixels=max_pixels)


class ProjectionSource(Configured):
    """Files of projections below a path; a file is a group of its own."""

    name = "projections"
    options_model = ProjectionOptions

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        assert isinstance(options, ProjectionOptions)
        self._options = options
        self._declared = declared_of(options)
        self._series: dict[str, CtpdSeries] | None = None

    def index(self) -> Iterator[Case | SourceError]:
        """File by file, then series by series; those of one person are one group."""
        seen, views = Seen(), list[Found]()
        for found in files(self._options.path, max_bytes=self._declared.max_bytes):
            try:
                if isinstance(found, SourceError):
                    raise found
                if found.entry.lower().endswith(PAGES):
                    continue
                if not found.entry.lower().endswith((".npy", ".npz")) and is_ctpd(found):
                    views.append(found)
                    continue
                measurement = opened(found, self._options)
            except SourceError as error:
                yield error
                continue
            with closing(measurement):
                yield from self._group(self._cases(measurement, found.entry, found.shown, seen))
        made, errors = series_of(views, said_by(self._options))
        yield from errors
        self._series = {one.entry: one for one in made}
        persons: dict[bytes, list[Case]] = {}
        for one in made:
            for item in self._cases(one, one.entry, one.shown, seen):
                if isinstance(item, SourceError):
                    yield item
                else:
                    persons.setdefault(one.person, []).append(item)
        for cases in persons.values():
            yield from grouped(cases, shares=self._shares)

    def _group(self, items: Iterable[Case | SourceError]) -> Iterator[Case | SourceError]:
        held = list(items)
        yield from (item for item in held if isinstance(item, SourceError))
        yield from grouped([item for item in held if isinstance(item, Case)], shares=self._shares)

    def _cases(self, measurement: Projections, entry: str, shown: str, seen: Seen) -> Iterator[Case | SourceError]:
        for part in measurement.parts[:: self._options.every]:
            try:
                made = self._picture(measurement, part, shown)
            except SourceError as error:
                yield error
                continue
            licence = self._options.licence if self._options.licence != "unstated" else measurement.page.licence or "unstated"
            case = case_of(made, Provenance(source=self.name, entry=entry_of(entry, part), licence=licence, origin=self._options.origin))
            yield duplicate(shown) if seen.again(case) else case

    def _picture(self, measurement: Projections, part: str, shown: str) -> Picture:
        return picture_of(measurement.read(part), measurement.page, self._options, part=part, shown=shown, max_pixels=self._declared.max_pixels)

    def load(self, case: Case) -> LoadedCase:
        """The measured rays of a case, and the picture that they make."""
        found, part = found_again(self._options.path, case.entry, max_bytes=self._declared.max_bytes)
        if found.entry.lower().endswith((".npy", ".npz")):
            with closing(opened(found, self._options)) as measurement:
                return reloaded(case, self._picture(measurement, part, found.shown), file=found.shown)
        if self._series is None:  # the headers of a helix are read once a process
            every = [one for one in files(self._options.path, max_bytes=self._declared.max_bytes) if isinstance(one, Found) and is_ctpd(one)]
            self._series = {one.entry: one for one in series_of(every, said_by(self._options))[0]}
        if found.entry not in self._series:
            raise SourceError(found.shown, "series", "the series is no longer what it was", "Index the source again, or put the old files back")
        return reloaded(case, self._picture(self._series[found.entry], part, found.shown), file=found.shown)
