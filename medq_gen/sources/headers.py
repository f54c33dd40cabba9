"""The allow-list: the only place where a header's values become facts of a case. What is not named here stays behind, and only the names of
standard fields that were left behind are told; never a value, a private tag or a free text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydicom._dicom_dict import RepeatersDictionary
from pydicom.datadict import dictionary_keyword, mask_match
from pydicom.dataset import Dataset

from medq_gen.sources.anatomy import plane

if TYPE_CHECKING:
    from physics.mri.protocol import Echo

# What the readers look at. Values of these reach a case only through the functions below: numbers in a range, words of a closed list.
ALLOWED = (
    "SOPClassUID",
    "Modality",
    "ImageType",
    "PhotometricInterpretation",
    "SamplesPerPixel",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelAspectRatio",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "WindowCenter",
    "WindowWidth",
    "ImageOrientationPatient",
    "BodyPartExamined",
    "InPlanePhaseEncodingDirection",
    "MagneticFieldStrength",
    "EchoTime",
    "RepetitionTime",
    "FlipAngle",
    "ScanningSequence",
    "SequenceVariant",
    "EchoPulseSequence",
    "InversionTime",
    "KVP",
    "Exposure",
    "ExposureInuAs",
    "XRayTubeCurrent",
    "ExposureTime",
    "ConvolutionKernel",
    "SliceThickness",
    "BurnedInAnnotation",
)
# Looked at in memory to sort and to group; never stored.
SORTING = (
    "ImagePositionPatient",
    "InstanceNumber",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "PatientID",
    "IssuerOfPatientID",
    "PatientName",
    "PatientBirthDate",
)
# Says nothing: the bytes of the picture and its tables.
_PALETTE = tuple(f"{colour}PaletteColorLookupTable{kind}" for colour in ("Red", "Green", "Blue") for kind in ("Data", "Descriptor"))
_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_STORAGE = ("PixelData", "FloatPixelData", "DoubleFloatPixelData", "SpecificCharacterSet", "LossyImageCompression", "DataSetTrailingPadding")
_PICTURE = frozenset((*_PALETTE, *_GROUPS, *_STORAGE))
_SILENT = _PICTURE | frozenset(ALLOWED)
# Kernels by maker's scheme: Siemens, GE, Philips, Canon, Hitachi. Anything else is free text.
_KERNEL = re.compile(r"[BHUIJTQ][a-z]?\d{2,3}[a-z]?|FC\d{2}|[A-F]|Y[A-D]|\d{1,3}|STANDARD|SOFT|DETAIL|BONE|BONEPLUS|LUNG|EDGE|CHST")


def number(value: object, low: float, high: float) -> float | None:
    """A header's number where it is one and possible, else None."""
    try:
        found = float(str(value).strip())
    except ValueError:
        return None
    return found if math.isfinite(found) and low <= found <= high else None


def values(dataset: Dataset, keyword: str) -> list[object]:
    """All values of an element, an empty list where it is absent or cannot be read."""
    try:
        found = dataset.get(keyword)
    except Exception:  # a wrong VR or a broken value may raise anything; the element then counts as absent
        return []
    if found is None or found == "":
        return []
    if isinstance(found, str | bytes):
        return [found]
    try:
        return list(found)
    except TypeError:
        return [found]


def numbers(dataset: Dataset, keyword: str, *, count: int) -> tuple[float, ...] | None:
    """The first `count` values as finite numbers, None where they are not there."""
    found = [number(value, -1e9, 1e9) for value in values(dataset, keyword)[:count]]
    return tuple(value for value in found if value is not None) if len(found) == count and None not in found else None


def word(dataset: Dataset, keyword: str) -> str:
    """The first value as upper-case text: to be compared with closed lists, never to be stored."""
    found = values(dataset, keyword)
    return str(found[0]).strip().upper() if found else ""


def phase_encode_axis(dataset: Dataset) -> int | None:
    """The array axis along which phase was encoded: COL says that it runs along a column, so it counts rows (axis 0); ROW is axis 1."""
    return {"COL": 0, "COLUMN": 0, "ROW": 1}.get(word(dataset, "InPlanePhaseEncodingDirection"))


def window_of(dataset: Dataset) -> tuple[float, float] | None:
    """The first window of the header as its lower and upper bound."""
    centre, width = numbers(dataset, "WindowCenter", count=1), numbers(dataset, "WindowWidth", count=1)
    if centre is None or width is None or not 1.0 <= width[0] <= 1e5:
        return None
    return centre[0] - width[0] / 2, centre[0] + width[0] / 2


def tube_mas(dataset: Dataset) -> float | None:
    """Tube current times time in mAs, from the first of three places that states it."""
    stated = number(dataset.get("Exposure"), 0.1, 5000.0)
    if stated is not None:
        return stated
    fine = number(dataset.get("ExposureInuAs"), 100.0, 5e6)
    if fine is not None:
        return fine / 1000.0
    current, time = number(dataset.get("XRayTubeCurrent"), 1.0, 2000.0), number(dataset.get("ExposureTime"), 1.0, 1e5)
    return current * time / 1000.0 if current is not None and time is not None else None


def acquisition(dataset: Dataset, modality: str) -> dict[str, Any]:  # Any: plain JSON
    """The facts that the physics needs, checked; absent where the header does not state them."""
    facts: dict[str, Any] = {}
    if modality == "mri":
        facts["phase_encode_axis"] = phase_encode_axis(dataset)
        facts["field_strength_t"] = _field_strength(dataset)
        facts["echo_time_ms"] = number(dataset.get("EchoTime"), 0.0, 10_000.0)
        facts["repetition_time_ms"] = number(dataset.get("RepetitionTime"), 0.1, 100_000.0)
        facts["flip_angle_deg"] = number(dataset.get("FlipAngle"), 0.0, 360.0)
        facts |= _contrast(dataset, facts)
    if modality == "ct":
        facts["kvp"] = number(dataset.get("KVP"), 40.0, 200.0)
        facts["mas"] = tube_mas(dataset)
        facts["kernel"] = kernel(dataset)
        facts["hu_exact"] = True
    if modality in {"mri", "ct"}:
        facts["slice_thickness_mm"] = number(dataset.get("SliceThickness"), 0.01, 200.0)
        window = window_of(dataset)
        facts["window"] = list(window) if window is not None else None
    return {key: value for key, value in facts.items() if value is not None}


def _contrast(dataset: Dataset, facts: dict[str, Any]) -> dict[str, Any]:  # Any: plain JSON
    """Kind of echo and weighting, in our own words; what the header does not decide is left out."""
    from physics.mri.protocol import weighting_of

    kinds = {str(value).strip().upper() for value in values(dataset, "ScanningSequence")}
    spin, gradient = "SE" in kinds, "GR" in kinds
    if not kinds:
        stated = word(dataset, "EchoPulseSequence")
        spin, gradient = stated == "SPIN", stated == "GRADIENT"
    if spin == gradient:
        return {}
    spoiled = "SP" in {str(value).strip().upper() for value in values(dataset, "SequenceVariant")}
    echo: Echo = "spin" if spin else "spoiled" if spoiled else "gradient"
    te_ms, tr_ms = facts["echo_time_ms"], facts["repetition_time_ms"]
    if te_ms is None or tr_ms is None:
        return {"echo": echo}
    inverted = "IR" in kinds or number(dataset.get("InversionTime"), 1.0, 20_000.0) is not None
    return {"echo": echo, "weighting": weighting_of(echo=echo, te_ms=te_ms, tr_ms=tr_ms, flip_deg=facts["flip_angle_deg"], inverted=inverted)}


def _field_strength(dataset: Dataset) -> float | None:
    tesla = number(dataset.get("MagneticFieldStrength"), 0.005, 30.0)
    if tesla is not None:
        return tesla
    gauss = number(dataset.get("MagneticFieldStrength"), 100.0, 120_000.0)  # some makers write gauss
    return gauss / 10_000.0 if gauss is not None else None


def kernel(dataset: Dataset) -> str | None:
    """The reconstruction kernel where it is a maker's known code, else None: the field is free text."""
    found = word_as_written(dataset, "ConvolutionKernel")
    return found if _KERNEL.fullmatch(found) else None


def word_as_written(dataset: Dataset, keyword: str) -> str:
    """The first value with its own case, for comparison with closed patterns."""
    found = values(dataset, keyword)
    return str(found[0]).strip() if found else ""


def view(dataset: Dataset) -> str:
    """The plane of the slice, from its orientation."""
    six = numbers(dataset, "ImageOrientationPatient", count=6)
    return "unstated" if six is None else plane(six[:3], six[3:])


def withheld(tags: Iterable[int]) -> tuple[str, ...]:
    """Names of standard fields that were left behind, and how many private and unknown ones."""
    names: set[str] = set()
    private = unknown = 0
    for tag in tags:
        if (tag >> 16) % 2:
            private += 1
            continue
        name = _keyword(tag)
        if not name:
            unknown += 1
        elif name not in _SILENT and not name.endswith("GroupLength"):
            names.add(name)
    counts = [f"private fields: {private}"] * bool(private) + [f"unknown fields: {unknown}"] * bool(unknown)
    return (*sorted(names), *counts)


def _keyword(tag: int) -> str:
    try:
        return dictionary_keyword(tag)
    except KeyError:
        mask = mask_match(tag)  # overlays and curves: one entry for many groups
        return str(RepeatersDictionary[mask][4]) if mask else ""
