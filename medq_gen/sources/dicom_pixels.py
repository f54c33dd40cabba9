"""From a DICOM file that was examined to pictures in native values: HU, magnitude, or 8-bit colours."""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from pydicom import dcmread
from pydicom.config import IGNORE
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from medq_gen.errors import SourceError
from medq_gen.sources import anatomy, headers, limits
from medq_gen.sources.dicom_structure import Structure, examine
from medq_gen.sources.folder import Found
from medq_gen.sources.source import Declared, Picture, Pixels
from physics.modality import Modality

_KINDS: dict[str, Modality] = {"MR": "mri", "CT": "ct", "ES": "endoscopy", "SM": "histopathology", "GM": "histopathology", "OP": "fundus"}
_OPEN = ("XC", "OT", "SC", "")  # may show anything: the user declares what
_PALETTES = tuple(f"{colour}PaletteColorLookupTable{kind}" for colour in ("Red", "Green", "Blue") for kind in ("Data", "Descriptor"))
_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
# Where an enhanced (multi-frame) file keeps per frame what a classic file keeps at the top.
_NESTED = {
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness"),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
    "FrameVOILUTSequence": ("WindowCenter", "WindowWidth"),
    "MRFOVGeometrySequence": ("InPlanePhaseEncodingDirection",),
    "CTReconstructionSequence": ("ConvolutionKernel",),
    "CTXRayDetailsSequence": ("KVP",),
}
_PIXEL_TAGS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths")
_BROKEN = "Open the file in a viewer; if it shows there, save it uncompressed"
_SCREENS = "1.2.840.10008.5.1.4.1.1.7"  # Secondary Capture Image Storage, and the multi-frame kinds below it


@contextmanager
def quiet() -> Iterator[None]:
    """Libraries may print a header's values in their warnings: here they say nothing."""
    log = logging.getLogger("pydicom")
    before = log.disabled
    log.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before


def read_header(found: Found, declared: Declared) -> tuple[Dataset, Structure]:
    """Structure and allow-listed elements of a file, without its pixels.

    Raises
        SourceError: see dicom_structure.examine; or the header cannot be read.
    """
    return _read(found, declared, pixels=False)


def _read(found: Found, declared: Declared, *, pixels: bool) -> tuple[Dataset, Structure]:
    try:
        with open(found.path, "rb") as file:
            bones = examine(file, shown=found.shown, max_pixels=declared.max_pixels, max_bytes=declared.max_bytes)
    except OSError:
        raise SourceError(found.shown, "permission", "the file cannot be read", "Check its permission and its disk") from None
    wanted = [*headers.ALLOWED, *headers.SORTING, *_GROUPS, *((*_PALETTES, *_PIXEL_TAGS) if pixels else ())]
    try:
        with quiet():
            dataset = dcmread(found.path, specific_tags=wanted, stop_before_pixels=not pixels, force=not bones.has_preamble)
    except Exception:  # a hostile header may raise anything, and the text of the exception may hold its values
        raise SourceError(found.shown, "header", "the header cannot be read", _BROKEN) from None
    return dataset, bones


def modality_of(dataset: Dataset, declared: Declared, *, shown: str) -> Modality:
    """Which modality a file shows; a file that says nothing may be declared.

    Raises
        SourceError: it is none of ours, or nobody says.
    """
    stated = headers.word(dataset, "Modality")
    if stated in _KINDS:
        return _KINDS[stated]
    if stated in _OPEN and declared.modality is not None:
        return declared.modality
    raise SourceError(
        shown, "Modality", f"the file is none of {', '.join(_KINDS)}", "Leave it out; a file without modality (or OT, XC, SC) needs source.modality"
    )


def pictures(found: Found, declared: Declared) -> Iterator[Picture | SourceError]:
    """Every frame of a file, in the order of their positions; a frame that cannot be used is an error of its own.

    Raises
        SourceError: the whole file cannot be used.
    """
    dataset, bones = _read(found, declared, pixels=True)
    _usable(dataset, bones, declared, shown=found.shown)
    for index in frame_order(dataset, bones.frames):
        try:
            yield _picture(dataset, bones, index, found, declared)
        except SourceError as error:
            yield error


def picture(found: Found, declared: Declared, index: int) -> Picture:
    """One frame of a file.

    Raises
        SourceError: it cannot be used.
    """
    dataset, bones = _read(found, declared, pixels=True)
    _usable(dataset, bones, declared, shown=found.shown)
    if not 0 <= index < bones.frames:
        raise SourceError(found.shown, "NumberOfFrames", "the frame is gone", "Index the source again")
    return _picture(dataset, bones, index, found, declared)


def _usable(dataset: Dataset, bones: Structure, declared: Declared, *, shown: str) -> None:
    """Checks that need no pixel."""
    modality = modality_of(dataset, declared, shown=shown)
    kinds = [str(value).strip().upper() for value in headers.values(dataset, "ImageType")]
    if not bones.has_pixels:
        raise SourceError(shown, "PixelData", "the file holds no picture", "Leave it out")
    limits.check_size(bones.rows, bones.columns, file=shown, max_pixels=declared.max_pixels)
    if not 1 <= bones.frames <= 100_000:
        raise SourceError(shown, "NumberOfFrames", "the number of frames is not possible", _BROKEN)
    if bones.decoded_bytes > 4 * declared.max_bytes:
        raise SourceError(shown, "NumberOfFrames", "all frames together are too large once decoded", "Split the file, or raise source.max_file_mb")
    stored, allocated = headers.number(dataset.get("BitsStored"), 1, 64), bones.bits
    if allocated not in (8, 16, 32, 64) or stored is None or stored > allocated:
        raise SourceError(shown, "BitsStored", "the stated bits are not possible", _BROKEN)
    if bones.pixel_bytes is not None and bones.pixel_bytes < _native_bytes(dataset, bones):
        raise SourceError(shown, "PixelData", "there are fewer pixels than rows, columns and frames say", "Copy the file again: it is truncated")
    if not _is_decodable(bones.transfer_syntax):
        syntax = UID(bones.transfer_syntax, validation_mode=IGNORE)
        name = syntax.name if syntax.type == "Transfer Syntax" else "a private or unknown way"
        raise SourceError(
            shown, "TransferSyntaxUID", f"stored as {name}, which no installed codec reads", "pip install 'medq-gen[codecs]', or save the file uncompressed"
        )
    if bones.first_fragment:
        inside = codestream_size(bones.first_fragment)
        if inside is not None and inside != (bones.rows, bones.columns):
            raise SourceError(shown, "PixelData", "the compressed picture has another size than the header says", _BROKEN)
    if headers.word(dataset, "BurnedInAnnotation") == "YES":
        raise SourceError(shown, "BurnedInAnnotation", "text is burnt into the picture and may name a person", "Give pictures without burnt-in text")
    if headers.word(dataset, "Modality") in ("CT", "MR") and (headers.word(dataset, "SOPClassUID").startswith(_SCREENS) or "SCREEN SAVE" in kinds):
        raise SourceError(shown, "SOPClassUID", "this is a secondary capture, a copy of a screen, not what the scanner measured", "Give the series itself")
    if modality == "ct" and "LOCALIZER" in kinds:
        raise SourceError(shown, "ImageType", "this is a localizer (a projection), not a slice", "Leave it out")
    if modality == "mri" and {"P", "PHASE", "PHASE MAP", "R", "REAL", "I", "IMAGINARY"} & set(kinds[2:4]):
        raise SourceError(shown, "ImageType", "this is a phase, real or imaginary picture", "Give the magnitude picture")
    if {"LABEL", "OVERVIEW"} & set(kinds[2:3]):
        raise SourceError(shown, "ImageType", "this is a slide's label or overview and may name a person", "Leave it out")


def _is_decodable(transfer_syntax: str) -> bool:
    """Whether something that is installed reads pixels in this form."""
    try:
        return get_decoder(UID(transfer_syntax, validation_mode=IGNORE)).is_available
    except NotImplementedError:  # films, references to servers, private forms
        return False


def _native_bytes(dataset: Dataset, bones: Structure) -> int:
    """Bytes of all frames uncompressed; 4:2:2 colour keeps two thirds."""
    if headers.word(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        return bones.decoded_bytes // 3 * 2
    return bones.decoded_bytes


def codestream_size(start: bytes) -> tuple[int, int] | None:
    """(rows, columns) that a JPEG, JPEG-LS or JPEG 2000 stream states in its first bytes; None where they do not say."""
    if start[:4] == b"\xff\x4f\xff\x51" and len(start) >= 24:
        width, height, left, top = struct.unpack(">4I", start[8:24])
        return height - top, width - left
    if start[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(start) and start[at] == 0xFF:
        marker, length = start[at + 1], int.from_bytes(start[at + 2 : at + 4], "big")
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            rows, columns = struct.unpack(">2H", start[at + 5 : at + 9])
            return rows, columns
        at += 2 + length
    return None


def facts_of_frame(dataset: Dataset, index: int) -> Dataset:
    """The top-level facts, overlaid with those that functional groups state for all frames and for this one."""
    flat = Dataset()
    for keyword in (*headers.ALLOWED, "ImagePositionPatient"):
        try:
            if keyword in dataset:
                flat[keyword] = dataset[keyword]
        except Exception:  # an element that cannot be converted counts as absent
            continue
    for name, place in zip(_GROUPS, (0, index), strict=True):
        items = headers.values(dataset, name)
        group = items[place] if place < len(items) else None
        for sequence, keywords in _NESTED.items():
            inner = headers.values(group, sequence) if isinstance(group, Dataset) else []
            if inner and isinstance(inner[0], Dataset):
                for keyword in keywords:
                    if keyword in inner[0]:
                        flat[keyword] = inner[0][keyword]
    return flat


def position_along_normal(facts: Dataset) -> float | None:
    """Where a slice lies along its own normal, in mm."""
    six, place = headers.numbers(facts, "ImageOrientationPatient", count=6), headers.numbers(facts, "ImagePositionPatient", count=3)
    return None if six is None or place is None else float(np.dot(np.cross(six[:3], six[3:]), place))


def frame_order(dataset: Dataset, frames: int) -> list[int]:
    """Frames by position along the normal where every frame states one, else as they stand."""
    if frames == 1 or not headers.values(dataset, _GROUPS[1]):
        return list(range(frames))
    places = [position_along_normal(facts_of_frame(dataset, index)) for index in range(frames)]
    if any(place is None for place in places):
        return list(range(frames))
    return sorted(range(frames), key=lambda index: (places[index], index))


def _picture(dataset: Dataset, bones: Structure, index: int, found: Found, declared: Declared) -> Picture:
    with quiet():
        facts = facts_of_frame(dataset, index)
        modality = modality_of(dataset, declared, shown=found.shown)
        try:
            stored = pixel_array(dataset, index=index if bones.frames > 1 else None)
        except Exception:  # decoders raise anything on damaged data, and may repeat header values
            raise SourceError(found.shown, "PixelData", "the picture cannot be decoded", _BROKEN) from None
        if stored.shape[:2] != (bones.rows, bones.columns):
            raise SourceError(found.shown, "PixelData", "the decoded picture has another size than the header says", _BROKEN)
        notes = headers.acquisition(facts, modality)
        if modality in limits.COLOUR:
            pixels = _colours(stored, dataset, shown=found.shown)
            if declared.stains is not None:
                notes["stains"] = declared.stains
        else:
            pixels, more = _values(stored, facts, bones, modality, shown=found.shown)
            notes |= more
        made = Picture(
            part=str(index),
            pixels=pixels,
            modality=modality,
            anatomy=declared.anatomy or anatomy.body_part(headers.word(dataset, "BodyPartExamined"), modality),
            view=headers.view(facts) if modality not in limits.COLOUR else anatomy.VIEWS[modality],
            spacing_mm=declared.spacing_mm or _spacing(facts, modality, shown=found.shown),
            acquisition=notes,
            withheld=headers.withheld(bones.tags),
        )
    return limits.check_picture(made, file=found.shown, max_pixels=declared.max_pixels)


def _spacing(facts: Dataset, modality: Modality, *, shown: str) -> tuple[float, float] | None:
    """Spacing between rows and between columns. The spacing at the detector counts only where the object's own is not stated."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        if keyword not in facts:
            continue
        two = headers.numbers(facts, keyword, count=2)
        if two is None and not headers.values(facts, keyword):
            continue
        if two is None:
            raise SourceError(shown, keyword, "the pixel spacing is not two numbers", "Correct the header, or state source.spacing_mm")
        limits.check_spacing((two[0], two[1]), file=shown, field=keyword)
        return two[0], two[1]
    return None


def _colours(stored: Pixels, dataset: Dataset, *, shown: str) -> Pixels:
    """Whole 8-bit codes in three channels. YBR was converted by the decoder; a palette is looked up here."""
    if headers.word(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        try:
            stored = apply_color_lut(stored, dataset)
        except Exception:
            raise SourceError(shown, "PhotometricInterpretation", "the palette cannot be read", _BROKEN) from None
    if stored.ndim != 3 or stored.shape[2] != 3:
        raise SourceError(shown, "SamplesPerPixel", "a colour modality with grey values", "State the right modality, or give the colour picture")
    if stored.dtype.itemsize == 1:
        return stored.astype(np.uint8)
    bits = 16 if headers.word(dataset, "PhotometricInterpretation") == "PALETTE COLOR" else int(headers.number(dataset.get("BitsStored"), 9, 16) or 16)
    codes: Pixels = np.clip(np.rint(stored.astype(np.float64) * (255.0 / (2**bits - 1))), 0, 255).astype(np.uint8)
    return codes


def _values(stored: Pixels, facts: Dataset, bones: Structure, modality: Modality, *, shown: str) -> tuple[Pixels, dict[str, object]]:
    """Native values: stored bits -> rescaled values, padding told apart, MONOCHROME1 of MRI turned so that more signal is brighter (HU mean what they mean)."""
    photometric = headers.word(facts, "PhotometricInterpretation")
    if photometric not in ("MONOCHROME1", "MONOCHROME2") or stored.ndim != 2:
        raise SourceError(shown, "PhotometricInterpretation", f"{modality} needs one grey channel", "Leave the picture out: colours hold no measured values")
    bits, signed = int(headers.number(facts.get("BitsStored"), 1, 64) or bones.bits), headers.number(facts.get("PixelRepresentation"), 0, 1) == 1
    if bones.pixel_bytes is not None and stored.dtype.kind in "iu":
        stored = _used_bits(stored, bits, int(headers.number(facts.get("HighBit"), 0, 63) or bits - 1), signed=signed)
    slope, intercept = _rescale(facts, modality, shown=shown)
    padding = _padding(stored, facts, bones.bits, signed=signed)
    notes: dict[str, object] = {}
    if modality == "mri":
        if photometric == "MONOCHROME1":
            inside = stored if padding is None else stored[~padding]
            stored, notes["inverted"] = (2**bits - 1 if not signed and stored.dtype.kind == "u" else int(inside.max(initial=0))) - stored.astype(np.int64), True
        values = stored.astype(np.float64) * slope + intercept
        if padding is not None:
            values[padding] = 0.0
        return values.astype(np.float32), notes
    values = stored.astype(np.float64) * slope + intercept
    if padding is not None and padding.any():
        mark = float(values[padding].min())
        values[padding], notes["padding_hu"] = mark, mark
    elif padding is None:
        lowest = float(values.min())
        if lowest <= -1100.0 and float((values == lowest).mean()) > 0.002:
            notes["padding_hu"] = lowest  # not declared, but no tissue: the corners outside the circle of reconstruction
    return values.astype(np.float32), notes


def _used_bits(stored: Pixels, bits: int, high_bit: int, *, signed: bool) -> Pixels:
    """Stored bits alone: old files keep overlays in the bits above."""
    width = stored.dtype.itemsize * 8
    low = high_bit - bits + 1
    if bits >= width or low < 0 or high_bit >= width:
        return stored
    found: Pixels = (stored.astype(np.int64) >> low) & ((1 << bits) - 1)
    whole: Pixels = np.where(found >= 1 << (bits - 1), found - (1 << bits), found) if signed else found.astype(np.uint64).astype(stored.dtype)
    return whole


def _rescale(facts: Dataset, modality: Modality, *, shown: str) -> tuple[float, float]:
    slope, intercept = (headers.numbers(facts, name, count=1) for name in ("RescaleSlope", "RescaleIntercept"))
    if modality == "ct":
        if slope is None or intercept is None:
            raise SourceError(shown, "RescaleIntercept", "slope or intercept of the HU scale is absent", "Export the series again with its rescale values")
        if headers.word(facts, "RescaleType") not in ("", "HU", "US"):
            raise SourceError(shown, "RescaleType", "the values are not HU", "Give pictures in HU")
    if slope is not None and slope[0] == 0.0:
        raise SourceError(shown, "RescaleSlope", "the slope is 0", "Correct the header")
    return (slope or (1.0,))[0], (intercept or (0.0,))[0]


def _padding(stored: Pixels, facts: Dataset, allocated: int, *, signed: bool) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]] | None:
    """Which pixels hold no measurement, from the padding value and the limit of its range; None where none is stated."""
    first, last = (_stored_number(facts, name, allocated, signed=signed) for name in ("PixelPaddingValue", "PixelPaddingRangeLimit"))
    if first is None:
        return None
    low, high = sorted((first, first if last is None else last))
    whole = stored.astype(np.int64)
    found: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = (whole >= low) & (whole <= high)
    return found


def _stored_number(facts: Dataset, keyword: str, allocated: int, *, signed: bool) -> int | None:
    """A value in the type of the pixels: the header may hold it in the other of US and SS, or as bytes."""
    found = headers.values(facts, keyword)
    if not found:
        return None
    if isinstance(found[0], bytes):
        return int.from_bytes(found[0][:2], "little", signed=signed)
    value = headers.number(found[0], -(2**32), 2**32)
    if value is None:
        return None
    return int(value) - 2**allocated if signed and value >= 2 ** (allocated - 1) else int(value) % 2**allocated if not signed else int(value)
