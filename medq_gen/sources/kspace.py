"""Measured k-space: fastMRI and MRD (HDF5), BART, NumPy. The picture of a case is what its scan gives; its identity is made of the raw samples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from pydantic import Field, field_validator

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.sources import limits
from medq_gen.sources.anatomy import UNKNOWN, own_anatomy
from medq_gen.sources.dicom import declared_of
from medq_gen.sources.folder import Found, entry_of, files, found_again
from medq_gen.sources.identity import Seen, case_of, duplicate, grouped, reloaded
from medq_gen.sources.kspace_hdf5 import HDF5, probe
from medq_gen.sources.kspace_raw import Measurement, RawKspace, prepared
from medq_gen.sources.kspace_sidecar import Axis, sidecar_of
from medq_gen.sources.page import SUFFIXES as PAGES
from medq_gen.sources.source import Configured, FileOptions, LoadedCase, Measured, Options, Picture, Provenance

if TYPE_CHECKING:
    from physics.mri import MRIScan

_LEAST_SIGNAL = 3.0  # mean tissue over the noise of one part: below it there is nothing to degrade


class KspaceOptions(FileOptions):
    """Options of source=kspace. axes, spacing_mm, phase_encode_axis, centred, field_strength_t: for files that do not say it. max_coils: more are compressed
    into so many virtual ones. undersampled: refuse, or reconstruct by compressed sensing."""

    axes: tuple[Axis, ...] | None = None
    spacing_mm: tuple[float, float] | None = None
    phase_encode_axis: Literal[0, 1] | None = None
    centred: bool | None = None
    field_strength_t: float | None = Field(default=None, ge=0.005, le=30.0)
    max_coils: int = Field(default=8, ge=1, le=64)
    undersampled: Literal["refuse", "reconstruct"] = "refuse"
    every: int = Field(default=1, ge=1)
    max_file_mb: float = Field(default=4096.0, gt=0)

    @field_validator("modality")
    @classmethod
    def _is_mri(cls, modality: str | None) -> str | None:
        if modality not in (None, "mri"):
            raise ValueError("k-space is mri")
        return modality


def opened(found: Found, options: KspaceOptions) -> Measurement:
    """The reader of a file, by its name and, in HDF5, by what it holds.

    Raises
        SourceError: the file is none of the four formats, or cannot be used. ConfigError: h5py is missing.
    """
    lower = found.entry.lower()
    said = options.model_dump(include={"axes", "spacing_mm", "phase_encode_axis", "centred", "field_strength_t", "anatomy"})
    if lower.endswith(HDF5):
        return _opened_hdf5(found)
    if lower.endswith(".npy"):
        from medq_gen.sources.kspace_numpy import NumpyFile

        return NumpyFile(found, sidecar_of(found.path, shown=found.shown, said=said))
    if lower.endswith(".cfl"):
        from medq_gen.sources.kspace_bart import BartFile

        return BartFile(found, sidecar_of(found.path, shown=found.shown, said={key: value for key, value in said.items() if key != "axes"}))
    raise SourceError(found.shown, "type", f"this is not k-space; allowed: {', '.join((*HDF5, '.npy', '.cfl'))}", "Choose another source, or leave it out")


def _opened_hdf5(found: Found) -> Measurement:
    from medq_gen.sources import kspace_hdf5

    file = kspace_hdf5.opened(found)
    try:
        if "kspace" in file:
            from medq_gen.sources.kspace_fastmri import FastMri

            return FastMri(file, found)
        from medq_gen.sources.kspace_ismrmrd import IsmrmrdFile

        return IsmrmrdFile(file, found)
    except SourceError:
        file.close()
        raise
    except Exception:  # h5py raises anything on a damaged file
        file.close()
        raise SourceError(found.shown, "structure", "the file is damaged or truncated", kspace_hdf5.BROKEN) from None


def scan_of_measured(measured: Measured) -> MRIScan:
    """The healthy scan of a case: deterministic, nothing is drawn.

    Raises
        ValueError: the data make no healthy picture; says why.
    """
    from physics.mri.measured import measured_scan

    return measured_scan(
        torch.from_numpy(measured.kspace),
        spacing_mm=measured.spacing_mm,
        phase_axis=measured.phase_axis or 0,
        noise=None if measured.noise is None else torch.from_numpy(measured.noise),
        max_coils=measured.max_coils,
        undersampled="reconstruct" if measured.reconstructs else "refuse",
        crop=measured.crops,
        field_strength_t=measured.field_strength_t,
    )


def picture_of(raw: RawKspace, options: KspaceOptions, *, shown: str, max_pixels: int) -> Picture:
    """A slice as a picture: what acquire makes of its scan.

    Raises
        SourceError: spacing is unknown, there are gaps that are not to be filled, or nothing but noise.
    """
    from physics.mri.body import hermitian_index
    from physics.mri.coverage import coverage, sampled_of
    from physics.scan import acquire

    shown = f"{shown} (slice {raw.part})"
    spacing = options.spacing_mm or raw.spacing_mm
    if spacing is None:
        raise SourceError(
            shown,
            "spacing_mm",
            "the pixel spacing is not stated, and the physics works in millimetres",
            "State source.spacing_mm=[row,column], or a page beside it",
        )
    limits.check_spacing(spacing, file=shown, field="spacing_mm")
    limits.check_size(raw.samples.shape[1], raw.samples.shape[2], file=shown, max_pixels=max_pixels)
    kspace, noise, _ = prepared(raw)
    axis = raw.phase_axis if options.phase_encode_axis is None else options.phase_encode_axis
    facts: dict[str, Any] = dict(raw.facts)
    if axis is not None:
        facts["phase_encode_axis"] = axis
    if options.field_strength_t is not None:
        facts["field_strength_t"] = options.field_strength_t
    measured = Measured(
        kspace=kspace.numpy(),
        noise=None if noise is None else noise.numpy(),
        spacing_mm=spacing,
        phase_axis=axis,
        max_coils=options.max_coils,
        reconstructs=options.undersampled == "reconstruct",
        crops=options.grid == "acquired",
        field_strength_t=facts.get("field_strength_t"),
        identity=raw.samples,
    )
    try:
        scan = scan_of_measured(measured)
        pixels = np.asarray(acquire(scan).numpy(), dtype=np.float32)
        acceleration = coverage(sampled_of(kspace)).acceleration
    except ValueError as error:
        remedy = (
            "Give fully sampled data, or accept a guess with source.undersampled=reconstruct"
            if "samples was measured" in str(error)
            else "Check axes and centring"
        )
        raise SourceError(shown, "k-space", str(error), remedy) from None
    if not scan.mean_tissue > _LEAST_SIGNAL * scan.source_sigma:
        raise SourceError(shown, "k-space", "the slice holds nothing but noise", "Leave it out, or check axes and centring")
    facts |= {
        "measured": "k-space",
        "coils": int(raw.samples.shape[0]),
        "acceleration": round(acceleration, 3),
        "noise_from": "noise samples" if raw.noise is not None else "the data",
        "hermitian_index": round(hermitian_index(scan.body.spectrum), 3),
        "signal_to_noise": round(scan.mean_tissue / max(scan.source_sigma, 1e-12), 1),
    }
    if scan.matrix != tuple(kspace.shape[1:]):
        facts["stored_matrix"] = list(kspace.shape[1:])
    made = Picture(
        part=raw.part,
        pixels=pixels,
        modality="mri",
        anatomy=options.anatomy or raw.anatomy or own_anatomy("mri"),
        view=raw.view or UNKNOWN,
        spacing_mm=scan.spacing_mm,
        acquisition=facts,
        withheld=raw.withheld,
        measured=measured,
    )
    return limits.check_picture(made, file=shown, max_pixels=max_pixels)


class KspaceSource(Configured):
    """k-space files below a path; a file is a group of its own, or joins those of the same person where the format tells (fastMRI)."""

    name = "kspace"
    options_model = KspaceOptions

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        assert isinstance(options, KspaceOptions)
        self._options = options
        self._declared = declared_of(options)
        names = options.path.rglob("*") if options.path.is_dir() else [options.path]
        if any(name.suffix.lower() in HDF5 for name in names):
            from medq_gen.sources.kspace_hdf5 import library

            library()

    def index(self) -> Iterator[Case | SourceError]:
        """File by file; those of one person are one group."""
        seen, by_person = Seen(), dict[str, list[Case]]()
        for found in files(self._options.path, max_bytes=self._declared.max_bytes):
            try:
                if isinstance(found, SourceError):
                    raise found
                if found.entry.lower().endswith((".hdr", *PAGES)):
                    continue
                if found.entry.lower().endswith(HDF5):
                    probe(found)
                measurement = opened(found, self._options)
            except SourceError as error:
                yield error
                continue
            with closing(measurement):
                person = f"person {measurement.subject}" if measurement.subject else f"file {found.entry}"
                for item in self._cases(measurement, found):
                    if isinstance(item, SourceError):
                        yield item
                    elif seen.again(item):
                        yield duplicate(found.shown)
                    else:
                        by_person.setdefault(person, []).append(item)
        for cases in by_person.values():
            yield from grouped(cases, shares=self._shares)

    def _cases(self, measurement: Measurement, found: Found) -> Iterator[Case | SourceError]:
        for part in measurement.parts[:: self._options.every]:
            try:
                raw = measurement.read(part)
                made = picture_of(raw, self._options, shown=found.shown, max_pixels=self._declared.max_pixels)
                licence = self._options.licence if self._options.licence != "unstated" or raw.licence is None else raw.licence
                yield case_of(made, Provenance(source=self.name, entry=entry_of(found.entry, part), licence=licence, origin=self._options.origin))
            except SourceError as error:
                yield error

    def load(self, case: Case) -> LoadedCase:
        """The measured data of a case, and the picture of its healthy scan."""
        found, part = found_again(self._options.path, case.entry, max_bytes=self._declared.max_bytes)
        with closing(opened(found, self._options)) as measurement:
            raw = measurement.read(part)
        return reloaded(case, picture_of(raw, self._options, shown=found.shown, max_pixels=self._declared.max_pixels), file=found.shown)
