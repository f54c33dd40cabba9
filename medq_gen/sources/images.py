"""PNG, JPEG and TIFF: codes as they stand for colour and MRI; HU through a declared window for CT."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageOps
from pydantic import field_validator
from scipy import ndimage

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.sources import limits
from medq_gen.sources.anatomy import VIEWS, own_anatomy
from medq_gen.sources.dicom import declared_of
from medq_gen.sources.folder import Found, files, found_again
from medq_gen.sources.identity import cases_of_files, reloaded
from medq_gen.sources.source import Configured, Declared, FileOptions, LoadedCase, Mask, Options, Picture, Pixels, Provenance
from physics.modality import Modality

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
_FORMATS = ("PNG", "JPEG", "TIFF")
_BROKEN = "Open the file in a viewer; if it shows there, save it as PNG"
_MAX_PAGES = 10_000
_LUNG_HU, _BONE_HU, _AIR_HU = -800.0, 700.0, -1000.0
_NAMED = ("exif", "icc_profile", "xmp", "comment", "photoshop", "dpi", "gamma", "chromaticity", "srgb")
_PLAIN = frozenset(("jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression", "adobe", "adobe_transform", "compression", "interlace"))


class ImageOptions(FileOptions):
    """Options of source=images. window: [low, high] in HU of code 0 and of the highest code, needed for CT."""

    modality: Modality
    spacing_mm: tuple[float, float] | None = None
    window: tuple[float, float] | None = None
    stains: Literal["he", "hdab"] | None = None

    @field_validator("window")
    @classmethod
    def _in_order(cls, window: tuple[float, float] | None) -> tuple[float, float] | None:
        if window is not None and not -2000 <= window[0] < window[1] <= 10_000:
            raise ValueError("give [low, high] in HU with low < high")
        return window


def is_image(name: str) -> bool:
    """Whether a file name is that of a picture."""
    return name.lower().endswith(SUFFIXES)


def pictures(found: Found, declared: Declared) -> Iterator[Picture | SourceError]:
    """Every page of a file.

    Raises
        SourceError: the file cannot be used.
    """
    for page in range(_pages(found, declared)):
        try:
            yield picture(found, declared, page)
        except SourceError as error:
            yield error


def picture(found: Found, declared: Declared, page: int) -> Picture:
    """One page of a file.

    Raises
        SourceError: it cannot be used.
    """
    if declared.modality is None:
        raise SourceError(found.shown, "modality", "a picture file does not say what it shows", "State source.modality")
    codes, top, notes, withheld = _decoded(found, declared, page)
    pixels, more = _native(codes, top, declared, shown=found.shown)
    made = Picture(
        part=str(page),
        pixels=pixels,
        modality=declared.modality,
        anatomy=declared.anatomy or own_anatomy(declared.modality),
        view=VIEWS[declared.modality],
        spacing_mm=declared.spacing_mm,
        acquisition=notes | more,
        withheld=withheld,
    )
    return limits.check_picture(made, file=found.shown, max_pixels=declared.max_pixels)


def _opened(path: Path, shown: str) -> Image.Image:
    """A file whose header Pillow has read, and no pixel yet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(path, formats=_FORMATS)
    except Image.DecompressionBombError:
        raise SourceError(shown, "size", "the picture says that it is enormous", "Crop it, or leave it out") from None
    except Exception:  # damaged headers raise anything
        raise SourceError(shown, "type", "this is not a PNG, JPEG or TIFF picture", "Choose another source, or leave it out") from None


def _pages(found: Found, declared: Declared) -> int:
    with _opened(found.path, found.shown) as image:
        if str(getattr(image, "tag_v2", {}).get(270, "")).startswith("Aperio"):
            raise SourceError(found.shown, "type", "this is a scanned slide with label and overview pages", "Cut tiles from it and give those")
        try:
            pages = int(getattr(image, "n_frames", 1))
        except Exception:  # a damaged chain of pages
            raise SourceError(found.shown, "pages", "the pages cannot be counted", _BROKEN) from None
    if not 1 <= pages <= _MAX_PAGES:
        raise SourceError(found.shown, "pages", "too many pages", "Split the file")
    return pages


def _decoded(found: Found, declared: Declared, page: int) -> tuple[Pixels, int, dict[str, Any], tuple[str, ...]]:
    """Codes (grey or three channels), their highest possible value, notes, and what was left behind. The size is checked before any pixel is decoded."""
    notes: dict[str, Any] = {}
    with _opened(found.path, found.shown) as image:
        try:
            if page:
                image.seek(page)
            size, bits = image.size, getattr(image, "tag_v2", {}).get(258, (8,))
        except Exception:
            raise SourceError(found.shown, "pages", "the page cannot be reached", _BROKEN) from None
        limits.check_size(size[1], size[0], file=found.shown, max_pixels=declared.max_pixels)
        withheld = _withheld(image.info)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image.load()
                if "exif" in image.info and image.getexif().get(0x0112, 1) != 1:
                    notes["turned"] = "as EXIF says"
                turned = ImageOps.exif_transpose(image) if page == 0 else image
                codes, top = _codes(turned, notes, wide=max(bits if isinstance(bits, tuple) else (bits,)) > 8, shown=found.shown)
        except SourceError:
            raise
        except Exception:
            raise SourceError(found.shown, "pixels", "the picture cannot be decoded: damaged or truncated", _BROKEN) from None
    return codes, top, notes, withheld


def _codes(image: Image.Image, notes: dict[str, Any], *, wide: bool, shown: str) -> tuple[Pixels, int]:
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        notes["alpha"] = "dropped"
        if image.mode == "LA":
            return np.array(image.getchannel(0)), 255
        return np.array(image.convert("RGBA"))[:, :, :3].copy(), 255
    if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        notes["converted_from"] = image.mode
        return np.array(image.convert("RGB")), 255
    if image.mode == "P":
        notes["converted_from"] = "palette"
        return np.array(image.convert("RGB")), 255
    if image.mode in ("L", "RGB"):
        return np.array(image), 255
    if image.mode.startswith("I;16") or (image.mode == "I" and wide) or image.mode == "I":
        codes = np.array(image)
        if codes.min() < 0 or codes.max() > 65535:
            raise SourceError(shown, "pixels", "integer values beyond 16 bit", "Save the picture with 8 or 16 bit")
        return codes.astype(np.uint16), 65535
    if image.mode == "F":
        return np.array(image, dtype=np.float32), 0
    raise SourceError(shown, "mode", "pictures with one bit a pixel or unusual channels cannot be used", "Save it as grey values or RGB with 8 or 16 bit")


def _withheld(info: dict[Any, Any]) -> tuple[str, ...]:  # Any: Pillow's info holds whatever the file holds
    """Names of well-known attachments, and how many others there were: their names may be anybody's text."""
    known = {name for name in _NAMED if name in info}
    others = sum(1 for name in info if name not in known and name not in _PLAIN and name not in ("transparency", "background", "aspect"))
    return (*sorted(known - {"dpi", "gamma", "srgb", "chromaticity"}), *([f"texts: {others}"] if others else []))


def _native(codes: Pixels, top: int, declared: Declared, *, shown: str) -> tuple[Pixels, dict[str, Any]]:
    """Codes -> colour codes, MRI magnitude in codes, or HU through the window."""
    modality = declared.modality
    if modality in limits.COLOUR:
        if codes.ndim != 3:
            raise SourceError(shown, "modality", f"a grey picture cannot be {modality}", "State the right modality, or give the colour picture")
        return codes.astype(np.uint8), {"stains": declared.stains} if declared.stains else {}
    if codes.ndim == 3:
        if not (codes[:, :, 0] == codes[:, :, 1]).all() or not (codes[:, :, 0] == codes[:, :, 2]).all():
            raise SourceError(shown, "modality", f"a colour picture cannot be {modality}", "State the right modality, or save it as grey values")
        codes = codes[:, :, 0]
    if modality == "mri":
        return codes.astype(np.float32), {}
    if top == 0:
        return codes.astype(np.float32), {"hu_exact": True}
    if declared.window is None:
        raise SourceError(
            shown,
            "window",
            "a CT picture holds codes, not HU, and no window is declared",
            "State source.window=[low,high] in HU of its darkest and brightest code",
        )
    low, high = declared.window
    return windowed_hu(codes, top, low, high), {"hu_exact": False, "window": [low, high], "hu_step": (high - low) / top}


def windowed_hu(codes: Pixels, top: int, low: float, high: float) -> Pixels:
    """HU of codes of a window. What the window cut off gets the HU of what it must be: air outside the body, lung inside it, bone above; without this
    the patient would lie in a box of dense matter and every path through it would be too long."""
    hu = low + codes.astype(np.float64) / top * (high - low)
    body = body_of(codes, top)
    dark, bright = codes == 0, codes == top
    hu[dark & ~body] = min(low, _AIR_HU)
    if low > _LUNG_HU:
        hu[dark & body] = _LUNG_HU
    if high < _BONE_HU:
        hu[bright] = _BONE_HU
    return hu.astype(np.float32)


def body_of(codes: Pixels, top: int) -> Mask:
    """The largest thing that is not black, with its holes: dark regions that touch the border of the picture are outside."""
    labels, count = ndimage.label(codes > 0.02 * top)
    if not count:
        return np.zeros(codes.shape, dtype=bool)
    largest = int(np.argmax(np.bincount(labels.ravel())[1:])) + 1
    filled: Mask = ndimage.binary_fill_holes(labels == largest)
    return filled


class ImageSource(Configured):
    """Picture files below a path; a file is a group of its own (say who belongs together with source=manifest)."""

    name = "images"
    options_model = ImageOptions

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        assert isinstance(options, ImageOptions)
        self._options = options
        self._declared = declared_of(options)

    def index(self) -> Iterator[Case | SourceError]:
        """File by file."""
        found = files(self._options.path, max_bytes=self._declared.max_bytes)
        return cases_of_files(found, lambda file: pictures(file, self._declared), self._provenance, shares=self._shares)

    def _provenance(self, entry: str) -> Provenance:
        return Provenance(source=self.name, entry=entry, licence=self._options.licence, origin=self._options.origin, grid=self._options.grid)

    def load(self, case: Case) -> LoadedCase:
        """The pixels of a case."""
        found, part = found_again(self._options.path, case.entry, max_bytes=self._declared.max_bytes)
        return reloaded(case, picture(found, self._declared, int(part)), file=found.shown)
