"""Volumes: NIfTI through nibabel; NRRD and MetaImage through torchio. Slices along a named axis, turned as a reader expects them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.sources import headers, limits
from medq_gen.sources.anatomy import own_anatomy
from medq_gen.sources.dicom import declared_of
from medq_gen.sources.dicom_pixels import quiet
from medq_gen.sources.folder import Found, file_and_part, files, found_again
from medq_gen.sources.identity import cases_of_files, reloaded
from medq_gen.sources.slabs import joined, reach
from medq_gen.sources.source import Configured, Declared, FileOptions, LoadedCase, Neighbours, Options, Picture, Pixels, Provenance
from physics.modality import Modality

NIFTI = (".nii", ".nii.gz")
OTHERS = (".nrrd", ".mha")
_SIDECARS = (".json", ".bval", ".bvec", ".tsv")
_BROKEN = "Open the file in a viewer; if it shows there, save it again"
_MAX_VOXELS = 150_000_000
UPRIGHT = math.cos(math.radians(1.0))  # slices that lean more are no slab: their pixels do not lie above each other
_MM = {"mm": 1.0, "meter": 1000.0, "micron": 1e-3, "unknown": 1.0}
# Patient axes are x right, y front, z head (RAS). A slice is shown as radiologists hang it: rows, columns as (axis, direction); right is left on the screen.
_HANGING: dict[str, tuple[tuple[int, int], tuple[int, int], int]] = {
    "axial": ((1, -1), (0, -1), 2),
    "coronal": ((2, -1), (0, -1), 1),
    "sagittal": ((2, -1), (1, -1), 0),
}


class VolumeOptions(FileOptions):
    """Options of source=nifti. axis: the plane of the slices; every: take each n-th; min_content: share of a slice that must show something."""

    modality: Modality
    spacing_mm: tuple[float, float] | None = None
    axis: Literal["axial", "coronal", "sagittal"] = "axial"
    volume: int | None = Field(default=None, ge=0)
    every: int = Field(default=1, ge=1)
    min_content: float = Field(default=0.1, ge=0, le=1)


@dataclass(frozen=True, eq=False)
class Volume:
    """Values as stored, their scale, and where they lie. affine : voxel indices to patient millimetres (RAS)."""

    stored: Pixels
    slope: float
    intercept: float
    affine: Pixels
    acquisition: dict[str, Any]  # Any: plain JSON
    phase_axis: int | None
    withheld: tuple[str, ...]


def is_volume(name: str) -> bool:
    """Whether a file name is that of a volume."""
    return name.lower().endswith((*NIFTI, *OTHERS))


def read_volume(found: Found, declared: Declared) -> Volume:
    """A volume, its size checked before any voxel is read.

    Raises
        SourceError: it is no volume, too large, truncated, or has more dimensions than three and nobody says which.
    """
    lower = found.entry.lower()
    if not is_volume(lower):
        allowed = ", ".join((*NIFTI, *OTHERS))
        raise SourceError(found.shown, "type", f"this is not a volume; allowed: {allowed}", "Choose another source, or leave it out")
    try:
        with quiet():
            return _nifti(found, declared) if lower.endswith(NIFTI) else _other(found, declared)
    except SourceError:
        raise
    except Exception:  # the readers raise anything on damaged data, and may repeat header text
        raise SourceError(found.shown, "structure", "the volume cannot be read: damaged, truncated or not what its name says", _BROKEN) from None


def _nifti(found: Found, declared: Declared) -> Volume:
    import nibabel
    from nibabel.nifti1 import Nifti1Image

    loaded = nibabel.load(found.path)
    if not isinstance(loaded, Nifti1Image):
        raise SourceError(found.shown, "type", "this is not NIfTI", "Convert it to NIfTI")
    image: Any = loaded  # Any: nibabel's types say too little
    header = image.header
    shape = _shape(tuple(int(size) for size in image.shape), declared, shown=found.shown)
    if image.get_data_dtype().kind not in "iuf":
        raise SourceError(found.shown, "datatype", "colours or complex numbers cannot be used", "Give real values (magnitude, or HU)")
    steps = tuple(float(step) for step in header["pixdim"][1:4])
    if not all(math.isfinite(step) and step != 0.0 for step in steps):
        raise SourceError(found.shown, "pixdim", "the voxel size is absent, zero or not finite", "Correct the header")
    which = (slice(None), slice(None), slice(None), declared.volume or 0)[: len(image.shape)]
    raw = np.asanyarray(image.dataobj.get_unscaled()) if len(image.shape) == 3 else np.asanyarray(image.dataobj[(*which, *(0,) * (len(image.shape) - 4))])
    slope, intercept = (image.dataobj.slope, image.dataobj.inter) if len(image.shape) == 3 else (1.0, 0.0)
    unit = _MM.get(str(header.get_xyzt_units()[0]), 1.0)
    affine = np.diag((unit, unit, unit, 1.0)) @ np.asarray(image.affine, dtype=float)
    facts: dict[str, Any] = {} if int(header["sform_code"]) or int(header["qform_code"]) else {"orientation": "assumed"}
    side, axis = _sidecar(found.path)
    withheld = (
        tuple(name for name in ("descrip", "aux_file", "db_name", "intent_name") if bytes(header[name].tobytes()).strip(b"\0 ")) if _has_names(header) else ()
    )
    extensions = (f"extensions: {len(header.extensions)}",) if len(header.extensions) else ()
    own = header.get_dim_info()[1]
    return Volume(raw.reshape(shape), float(slope), float(intercept), affine, facts | side, axis if axis is not None else own, withheld + extensions)


def _has_names(header: Any) -> bool:  # Any: nibabel's header
    return all(name in header for name in ("descrip", "aux_file", "db_name", "intent_name"))


def _shape(shape: tuple[int, ...], declared: Declared, *, shown: str) -> tuple[int, int, int]:
    """The three sides of the one volume that is meant, within the limits."""
    inner = tuple(size for size in shape[3:] if size != 1)
    if len(shape) < 3:
        raise SourceError(shown, "dim", "the file has fewer than three dimensions", "Use source=images for single pictures")
    if inner and declared.volume is None:
        raise SourceError(shown, "dim", f"the file holds {math.prod(inner)} volumes", "Say which with source.volume=<number from 0>")
    if (declared.volume is not None and len(inner) > 1) or (inner and declared.volume is not None and declared.volume >= inner[0]):
        raise SourceError(shown, "dim", "the file does not hold the volume that was asked for", "Choose another source.volume")
    if math.prod(shape[:3]) > _MAX_VOXELS or any(size <= 0 for size in shape[:3]):
        raise SourceError(shown, "dim", f"{' x '.join(map(str, shape[:3]))} voxels are not possible or too many", "Crop the volume")
    return shape[0], shape[1], shape[2]


def _sidecar(path: Path) -> tuple[dict[str, Any], int | None]:
    """Two facts of a BIDS sidecar beside the volume, if there is one: field strength and the voxel axis of phase encoding."""
    beside = path.with_name(re.sub(r"\.nii(\.gz)?$", ".json", path.name, flags=re.IGNORECASE))
    if beside == path or not beside.is_file() or beside.is_symlink() or beside.stat().st_size > 1 << 20:
        return {}, None
    try:
        said = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}, None
    if not isinstance(said, dict):
        return {}, None
    tesla = headers.number(said.get("MagneticFieldStrength"), 0.005, 30.0)
    axis = {"i": 0, "j": 1, "k": 2}.get(str(said.get("PhaseEncodingDirection", "")).rstrip("+-"))
    return ({} if tesla is None else {"field_strength_t": tesla}), axis


def _other(found: Found, declared: Declared) -> Volume:
    """NRRD and MetaImage: only files that hold their own voxels, sizes read off the text header first."""
    text = _text_header(found.path)
    pointer = re.search(r"^(?:data ?file|elementdatafile)\s*[:=]\s*(\S+)", text, re.IGNORECASE | re.MULTILINE)
    if pointer is not None and pointer[1].upper() != "LOCAL":
        raise SourceError(found.shown, "data file", "the header points to another file", "Save header and voxels in one file")
    sizes = re.search(r"^(?:sizes|dimsize)\s*[:=]\s*([\d ]+)", text, re.IGNORECASE | re.MULTILINE)
    if sizes is None:
        raise SourceError(found.shown, "sizes", "the header states no sizes", _BROKEN)
    shape = _shape(tuple(int(size) for size in sizes[1].split()), declared, shown=found.shown)
    import torchio

    scalar: Any = torchio.ScalarImage  # Any: torchio has no types
    image = scalar(found.path)
    data = np.asarray(image.data)
    if data.shape[0] > 1 and declared.volume is None:
        raise SourceError(found.shown, "dim", "the file holds several channels", "Say which with source.volume=<number from 0>")
    named = len({line.split(":=")[0] for line in text.splitlines() if ":=" in line})
    withheld = (f"header texts: {named}",) if named else ()
    picked = data[declared.volume or 0]
    if picked.shape != shape:
        raise SourceError(found.shown, "sizes", "the voxels have another size than the header says", _BROKEN)
    return Volume(picked, 1.0, 0.0, np.asarray(image.affine, dtype=float), {}, None, withheld)


def _text_header(path: Path) -> str:
    with open(path, "rb") as file:
        start = file.read(1 << 16)
    end = start.find(b"\n\n") if start.startswith(b"NRRD") else start.find(b"\n", max(start.find(b"ElementDataFile"), 0))
    return start[: end if end > 0 else None].decode("latin-1")


@dataclass(frozen=True, eq=False)
class Hanging:
    """A volume seen in one plane: how to take a slice of it.

    axes : voxel axes of rows, columns and slices. flips : whether rows and columns run backwards. step_mm : from slice to slice, None
    where the slices are not stacked along their normal (a sheared affine).
    """

    axes: tuple[int, int, int]
    flips: tuple[bool, bool]
    spacing_mm: tuple[float, float]
    step_mm: float | None
    oblique_deg: float


def hanging(affine: Pixels, plane: str, *, shown: str) -> Hanging:
    """The voxel axes nearest to a plane (closest canonical orientation), with the spacing that the affine says.

    Raises
        SourceError: the affine is not finite or folds the volume flat.
    """
    matrix = affine[:3, :3]
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
        raise SourceError(shown, "affine", "the affine is not finite or not invertible", "Correct sform and qform")
    import nibabel

    orientation: Any = nibabel.orientations.io_orientation  # Any: not typed
    codes = orientation(affine)  # per voxel axis: nearest patient axis, direction
    of_patient = {int(axis): (voxel, int(direction)) for voxel, (axis, direction) in enumerate(codes)}
    rows, columns, normal = _HANGING[plane]
    steps = np.linalg.norm(matrix, axis=0)
    (row, row_direction), (column, column_direction), (through, _) = of_patient[rows[0]], of_patient[columns[0]], of_patient[normal]
    across = np.cross(matrix[:, row], matrix[:, column])
    upright = abs(across @ matrix[:, through]) / (np.linalg.norm(across) * steps[through])
    cosine = abs(across[normal]) / np.linalg.norm(across)
    return Hanging(
        axes=(row, column, through),
        flips=(row_direction != rows[1], column_direction != columns[1]),
        spacing_mm=(float(steps[row]), float(steps[column])),
        step_mm=float(steps[through]) if upright > UPRIGHT else None,
        oblique_deg=round(math.degrees(math.acos(min(1.0, float(cosine)))), 3),
    )


def slice_of(volume: Volume, view: Hanging, place: int) -> Pixels:
    """One slice in native values, rows down and columns to the right as hung."""
    taken = np.take(volume.stored, place, axis=view.axes[2])
    if view.axes[0] > view.axes[1]:
        taken = taken.T
    taken = taken[:: -1 if view.flips[0] else 1, :: -1 if view.flips[1] else 1]
    return np.ascontiguousarray(taken.astype(np.float64) * volume.slope + volume.intercept, dtype=np.float32)


def _picture(volume: Volume, view: Hanging, place: int, found: Found, declared: Declared) -> Picture:
    assert declared.modality is not None
    facts = dict(volume.acquisition)
    if view.oblique_deg > 0.5:
        facts["oblique_deg"] = view.oblique_deg
    if declared.modality == "mri" and volume.phase_axis in view.axes[:2]:
        facts["phase_encode_axis"] = view.axes.index(volume.phase_axis)
    if declared.modality == "ct":
        facts["hu_exact"] = True
    pixels = slice_of(volume, view, place)
    made = Picture(
        part=f"{declared.axis}-{place}" + ("" if declared.volume is None else f"-{declared.volume}"),
        pixels=pixels,
        modality=declared.modality,
        anatomy=declared.anatomy or own_anatomy(declared.modality),
        view=declared.axis,
        spacing_mm=declared.spacing_mm or view.spacing_mm,
        acquisition=facts,
        withheld=volume.withheld,
    )
    return limits.check_picture(made, file=f"{found.shown} ({declared.axis} slice {place})", max_pixels=declared.max_pixels)


def pictures(found: Found, declared: Declared) -> Iterator[Picture | SourceError]:
    """The slices of a volume that show something, in order along the axis.

    Raises
        SourceError: the volume cannot be used, or shows nothing.
    """
    if declared.modality not in ("mri", "ct"):
        raise SourceError(found.shown, "modality", "a volume is mri or ct", "State source.modality=mri or ct")
    volume = read_volume(found, declared)
    view = hanging(volume.affine, declared.axis, shown=found.shown)
    finite = volume.stored[np.isfinite(volume.stored)] if volume.stored.dtype.kind == "f" else volume.stored
    if finite.size == 0:
        raise SourceError(found.shown, "voxels", "no value is finite", "Leave the file out")
    low = -500.0 if declared.modality == "ct" else 0.1 * float(np.percentile(finite[::7] if finite.ndim == 1 else finite.ravel()[::7], 99.5) * volume.slope)
    given = 0
    for place in range(0, volume.stored.shape[view.axes[2]], declared.every):
        taken = np.take(volume.stored, place, axis=view.axes[2])
        if float(np.mean(taken.astype(np.float32) * volume.slope + volume.intercept > low)) < declared.min_content and np.isfinite(taken).all():
            continue
        given += 1
        try:
            yield _picture(volume, view, place, found, declared)
        except SourceError as error:
            yield error
    if not given:
        raise SourceError(found.shown, "voxels", "no slice shows anything", "Choose another axis, or lower source.min_content")


class VolumeSource(Configured):
    """Volumes below a path; a volume is a group of its own."""

    name = "nifti"
    options_model = VolumeOptions

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        assert isinstance(options, VolumeOptions)
        self._options = options
        self._declared = declared_of(options)
        self._held: tuple[str, Volume] | None = None

    def index(self) -> Iterator[Case | SourceError]:
        """Volume by volume."""
        found = (
            file
            for file in files(self._options.path, max_bytes=self._declared.max_bytes)
            if isinstance(file, SourceError) or not file.entry.lower().endswith(_SIDECARS)
        )
        return cases_of_files(found, lambda file: pictures(file, self._declared), self._provenance, shares=self._shares)

    def _provenance(self, entry: str) -> Provenance:
        return Provenance(source=self.name, entry=entry, licence=self._options.licence, origin=self._options.origin, grid=self._options.grid)

    def load(self, case: Case) -> LoadedCase:
        """The pixels of a case; the last volume is kept, since neighbours often follow."""
        file, part = file_and_part(case.entry)
        if self._held is None or self._held[0] != file:
            found, _ = found_again(self._options.path, case.entry, max_bytes=self._declared.max_bytes)
            self._held = file, read_volume(found, self._declared)
        volume = self._held[1]
        made = reloaded(case, one(volume, Found(self._options.path, file, file), part, self._declared), file=file)
        return replace(made, neighbours=neighbours_of(volume, part, made.pixels, modality=case.modality))


def neighbours_of(volume: Volume, part: str, pixels: Pixels, *, modality: Modality = "mri") -> Neighbours | None:
    """The slices about one that a part names, cut from the volume that is at hand."""
    plane, _, rest = part.partition("-")
    view, place = hanging(volume.affine, plane, shown="volume"), int(rest.partition("-")[0])
    if view.step_mm is None:
        return None
    first, last = reach(place, volume.stored.shape[view.axes[2]], step_mm=view.step_mm, pixels=pixels.size, modality=modality)
    block = np.moveaxis(volume.stored, view.axes[2], 0)[first:last]  # a view: rows and columns in the order of their voxel axes
    if view.axes[0] > view.axes[1]:
        block = block.swapaxes(1, 2)
    slices = block[:, :: -1 if view.flips[0] else 1, :: -1 if view.flips[1] else 1].astype(np.float32) * np.float32(volume.slope) + np.float32(volume.intercept)
    slices[place - first] = pixels
    return joined(slices, place - first, step_mm=view.step_mm, modality=modality)


def one(volume: Volume, found: Found, part: str, declared: Declared) -> Picture:
    """The slice that a part names.

    Raises
        SourceError: it is not there.
    """
    plane, _, rest = part.partition("-")
    place = rest.partition("-")[0]
    view = hanging(volume.affine, plane, shown=found.shown) if plane in _HANGING else None
    if view is None or not place.isdecimal() or int(place) >= volume.stored.shape[view.axes[2]] or plane != declared.axis:
        raise SourceError(found.shown, "slice", "the slice is not in the volume", "Index the source again")
    return _picture(volume, view, int(place), found, declared)
