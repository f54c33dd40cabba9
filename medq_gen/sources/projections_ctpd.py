"""Projections in DICOM-CT-PD (Mayo's LDCT-and-Projection-data): a file a view of a helix; slices are put together from the rows that passed them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.tag import Tag

from medq_gen.errors import SourceError
from medq_gen.sources.folder import Found
from medq_gen.sources.projections_numpy import check_rays
from medq_gen.sources.projections_page import Page
from medq_gen.sources.source import Pixels
from physics.ct.geometry import Fan
from physics.ct.measured_helix import Arc, Course, lines_of, on_regular_fan, rows_at

STEP_MM = 5.0  # between slices
_MOST_VIEWS = 200_000
_LEAST_VIEWS = 360
_PRIVATE = {
    "rows": (0x7029, 0x1010),
    "columns": (0x7029, 0x1011),
    "channel_mm": (0x7029, 0x1002),
    "row_mm": (0x7029, 0x1006),
    "shape": (0x7029, 0x100B),
    "angle_rad": (0x7031, 0x1001),
    "height_mm": (0x7031, 0x1002),
    "source_mm": (0x7031, 0x1003),
    "detector_mm": (0x7031, 0x1031),
    "central": (0x7031, 0x1033),
    "off_angle_rad": (0x7033, 0x100B),
    "off_height_mm": (0x7033, 0x100C),
    "off_radius_mm": (0x7033, 0x100D),
    "per_turn": (0x7033, 0x1013),
    "quanta": (0x7033, 0x1065),
    "mu_water": (0x7041, 0x1001),
}
_EXPORT = "Export the projections again as DICOM-CT-PD"


def numbers(dataset: pydicom.Dataset, name: str, *, whole: bool = False) -> list[float] | None:
    """The numbers of a private element: decoded, or as the bytes of little-endian floats (whole: 16-bit counts) that a reader without their dictionary gets."""
    element = dataset.get(Tag(_PRIVATE[name]))
    if element is None or element.value is None:
        return None
    value = element.value
    try:
        if isinstance(value, bytes):
            return [float(one) for one in np.frombuffer(value, dtype="<u2" if whole else "<f4")]
        return [float(one) for one in (value if isinstance(value, list | tuple | pydicom.multival.MultiValue) else [value])]
    except (TypeError, ValueError):
        return None


def is_ctpd(found: Found) -> bool:
    """Whether a file is a view of DICOM-CT-PD."""
    try:
        head = pydicom.dcmread(found.path, stop_before_pixels=True, specific_tags=[Tag(_PRIVATE["angle_rad"]), Tag(_PRIVATE["detector_mm"])])
    except (OSError, InvalidDicomError, ValueError, KeyError, EOFError, NotImplementedError):
        return False
    return Tag(_PRIVATE["angle_rad"]) in head and Tag(_PRIVATE["detector_mm"]) in head


@dataclass(frozen=True, slots=True)
class View:
    """One file: what its header says, numbers only; person and series are hashes in memory."""

    found: Found
    series: bytes
    person: bytes
    instance: int
    angle_rad: float
    height_mm: float
    off: tuple[float, float, float]
    quanta: float | None


def view_of(found: Found) -> tuple[View, dict[str, Any]]:
    """A file's own view, and what must be the same for all files of its series.

    Raises
        SourceError: a number that is needed is absent or impossible.
    """
    try:
        head = pydicom.dcmread(found.path, stop_before_pixels=True)
    except (OSError, InvalidDicomError, ValueError, KeyError, EOFError, NotImplementedError):
        raise SourceError(found.shown, "structure", "this is not DICOM, or it is damaged or truncated", _EXPORT) from None

    def one(name: str, *, whole: bool = False, otherwise: float | None = None) -> float:
        held = numbers(head, name, whole=whole)
        value = held[0] if held else otherwise
        if value is None or not np.isfinite(value):
            raise SourceError(found.shown, name, f"the private element ({_PRIVATE[name][0]:04x},{_PRIVATE[name][1]:04x}) is absent or no number", _EXPORT)
        return value

    central = numbers(head, "central") or []
    if len(central) != 2:
        raise SourceError(found.shown, "central", "the detector's central element (7031,1033) is absent", _EXPORT)
    shape = str(getattr(head.get(Tag(_PRIVATE["shape"])), "value", b"CYLINDRICAL"))
    if "CYLINDRICAL" not in shape.upper():
        raise SourceError(found.shown, "shape", "the detector is not an arc about its focal centre", "Give data of a cylindrical detector")
    same = {
        "rows": int(one("rows", whole=True)),
        "columns": int(one("columns", whole=True)),
        "per_turn": int(one("per_turn", whole=True)),
        **{name: one(name) for name in ("channel_mm", "row_mm", "source_mm", "detector_mm")},
        "central": (central[0] - 1.0, central[1] - 1.0),  # counted from 1
        "mu_water": one("mu_water", otherwise=0.0),
        "kvp": float(head.get("KVP") or 0.0),
    }
    quanta = numbers(head, "quanta")
    view = View(
        found=found,
        series=hashlib.sha256(str(head.get("SeriesInstanceUID", "")).encode()).digest(),
        person=hashlib.sha256(str(head.get("PatientID", "")).encode()).digest(),
        instance=int(head.get("InstanceNumber") or 0),
        angle_rad=one("angle_rad"),
        height_mm=one("height_mm"),
        off=(one("off_angle_rad", otherwise=0.0), one("off_height_mm", otherwise=0.0), one("off_radius_mm", otherwise=0.0)),
        quanta=quanta[len(quanta) // 2] if quanta else None,
    )
    return view, same


class CtpdSeries:
    """A helix of views; its parts are slices by their height in millimetres."""

    def __init__(self, views: list[View], same: dict[str, Any], said: dict[str, Any]) -> None:
        self._views = sorted(views, key=lambda view: view.instance)
        self._same, self.shown, self.person = same, views[0].found.shown, views[0].person
        self.entry = min(view.found.entry for view in views)
        n_views, per_turn = len(views), same["per_turn"]
        if not _LEAST_VIEWS <= n_views <= _MOST_VIEWS or not _LEAST_VIEWS <= per_turn <= n_views:
            found = f"{n_views} views, {per_turn} a turn: a slice needs a whole turn of at least {_LEAST_VIEWS}"
            raise SourceError(self.shown, "views", found, "Give all files of the series")
        if same["rows"] * same["columns"] < 64 or not 0 < same["source_mm"] < same["detector_mm"] < 6000 or min(same["channel_mm"], same["row_mm"]) <= 0:
            raise SourceError(self.shown, "geometry", "the detector's size, pitch or distance is impossible", _EXPORT)
        self._arc = Arc(same["source_mm"], same["detector_mm"], same["channel_mm"], same["row_mm"], same["columns"], same["rows"], *same["central"])
        self._course = Course(
            np.unwrap(np.array([view.angle_rad for view in self._views])),
            np.array([view.height_mm for view in self._views]),
            *(np.array([view.off[k] for view in self._views]) for k in range(3)),
        )
        turn = np.diff(self._course.angle_rad)
        step, even = float(np.median(np.abs(turn))), np.all(turn > 0) or np.all(turn < 0)
        if not even or np.abs(turn).max() > 1.5 * step or abs(step * per_turn / (2 * np.pi) - 1) > 0.02:
            raise SourceError(
                self.shown, "angle_rad", "the views do not follow each other evenly: some are missing, or several scans are mixed", "Give one whole series"
            )
        self.parts = tuple(f"{height:.2f}" for height in self._heights())
        if not self.parts:
            found = (
                "no height is passed by a row at every view of a turn: the table moves on by more than the detector is high, or the scan is shorter than that"
            )
            raise SourceError(self.shown, "pitch", found, "Give a helix of a pitch up to 1 and more than a turn long")
        rest = {"kvp": same["kvp"] or None, "n0": self._quanta()}
        whole = {**rest, **{key: value for key, value in said.items() if value is not None}}
        self.page = Page(source_mm=same["source_mm"], detector_mm=same["detector_mm"], channel_mm=same["channel_mm"], **{"offset": self._arc.offset, **whole})

    def _quanta(self) -> float | None:
        known = [view.quanta for view in self._views if view.quanta is not None and 100.0 <= view.quanta <= 1e9]
        return float(np.median(known)) if len(known) == len(self._views) else None

    def _heights(self) -> list[float]:
        """Heights, in steps, that a row passes at every view of the turn about them."""
        low, high = float(self._course.height_mm.min()), float(self._course.height_mm.max())
        return [height for height in np.arange(np.ceil(low / STEP_MM) * STEP_MM, high, STEP_MM).tolist() if self._turn(height) is not None]

    def _turn(self, height_mm: float) -> tuple[slice, np.ndarray] | None:
        """The views of the turn about a height, and the row that passes it at each; None where a view has none."""
        middle = int(np.argmin(np.abs(self._course.height_mm - height_mm)))
        first = middle - self._same["per_turn"] // 2
        views = slice(first, first + self._same["per_turn"])
        if first < 0 or views.stop > len(self._views):
            return None
        rows = rows_at(self._course.of(views), self._arc, height_mm)
        if rows.min() < -0.5 or rows.max() > self._arc.n_rows - 0.5:
            return None
        return views, np.clip(rows, 0, self._arc.n_rows - 1)

    def read(self, part: str) -> Pixels:
        """The rays of one slice, views from 0 degrees on in the sense of `Fan`.

        Raises
            SourceError: the slice is not there, or a view cannot be read.
        """
        shown = f"{self.shown} (slice {part})"
        turn = self._turn(float(part)) if part in self.parts else None
        if turn is None:
            raise SourceError(shown, "slice", "the slice is not in the series", "Index the source again")
        views, rows = turn
        values = np.stack([self._row(view.found, row) for view, row in zip(self._views[views], rows, strict=True)])
        if 0.01 < self._same["mu_water"] < 0.03:  # line integrals of this scanner's water become those of the water that stands for the voltage
            from physics.ct.spectrum import effective_energy_kev, mu_water_per_mm

            values *= mu_water_per_mm(effective_energy_kev(self.page.kvp or 120.0)) / self._same["mu_water"]
        course = self._course.of(views)
        fan = Fan(self.page.source_mm, self.page.detector_mm, len(values), self._arc.n_channels, self.page.channel_mm, self.page.offset)
        theta, s_mm = lines_of(course, self._arc)
        return check_rays(on_regular_fan(values, theta, s_mm, fan).astype(np.float32), shown=shown)

    def _row(self, found: Found, row: float) -> np.ndarray:
        """One view at a row between rows."""
        try:
            dataset = pydicom.dcmread(found.path)
            stored = dataset.pixel_array.astype(np.float64) * float(dataset.get("RescaleSlope", 1.0)) + float(dataset.get("RescaleIntercept", 0.0))
        except Exception:  # pydicom's decoders raise anything on damaged pixels
            raise SourceError(found.shown, "pixels", "the view cannot be decoded: damaged or truncated", _EXPORT) from None
        size = (self._arc.n_channels, self._arc.n_rows)
        if stored.shape == size:
            stored = stored.T
        elif stored.shape != size[::-1]:
            raise SourceError(found.shown, "size", f"the view has {stored.shape} values, its header says {size}", _EXPORT)
        low = min(int(row), self._arc.n_rows - 2) if self._arc.n_rows > 1 else 0
        high = min(low + 1, self._arc.n_rows - 1)
        line: np.ndarray = stored[low] + (row - low) * (stored[high] - stored[low])
        return line

    def close(self) -> None:
        """Nothing is held."""


def series_of(files: list[Found], said: dict[str, Any]) -> tuple[list[CtpdSeries], list[SourceError]]:
    """The helices that some files make, by their entry, and what cannot be used."""
    by_series: dict[bytes, list[tuple[View, dict[str, Any]]]] = {}
    errors: list[SourceError] = []
    for found in files:
        try:
            view, same = view_of(found)
        except SourceError as error:
            errors.append(error)
            continue
        by_series.setdefault(view.series, []).append((view, same))
    made: list[CtpdSeries] = []
    for held in by_series.values():
        views = [view for view, _ in held]
        try:
            if any(same != held[0][1] for _, same in held):
                raise SourceError(views[0].found.shown, "geometry", "files of one series state different detectors or voltages", "Give one whole series")
            made.append(CtpdSeries(views, held[0][1], said))
        except SourceError as error:
            errors.append(error)
    return sorted(made, key=lambda one: one.entry), errors
