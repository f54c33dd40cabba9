"""What a picture must be before it is decoded, and after: sizes, finite values, content."""

from __future__ import annotations

import numpy as np

from medq_gen.errors import SourceError
from medq_gen.sources.source import Picture, Pixels
from physics.modality import Modality

MIN_SIDE = 32
MAX_SIDE = 32768
MAX_ASPECT = 16
SPACING_MM = (1e-5, 50.0)
COLOUR: frozenset[Modality] = frozenset({"endoscopy", "histopathology", "fundus"})
_NEEDS_MM: frozenset[Modality] = frozenset({"mri", "ct"})


def check_size(rows: int, columns: int, *, file: str, max_pixels: int) -> None:
    """Raises
    SourceError: a picture of this size is not worth decoding.
    """
    if rows <= 0 or columns <= 0:
        raise SourceError(file, "size", f"the picture has {rows} rows and {columns} columns", "Export the picture again")
    if rows * columns > max_pixels or max(rows, columns) > MAX_SIDE:
        found = f"{rows} x {columns} pixels are more than the {max_pixels / 1e6:.1f} million allowed"
        raise SourceError(file, "size", found, "Crop the picture, or raise source.max_megapixels if the size is meant")
    if min(rows, columns) < MIN_SIDE or max(rows, columns) > MAX_ASPECT * min(rows, columns):
        raise SourceError(
            file, "size", f"{rows} x {columns} pixels are too few or too narrow for a picture", f"Give pictures of at least {MIN_SIDE} pixels a side"
        )


def check_spacing(spacing: tuple[float, float] | None, *, file: str, field: str = "PixelSpacing") -> None:
    """Raises
    SourceError: the spacing is not a pair of possible millimetres.
    """
    if spacing is not None and not all(SPACING_MM[0] <= value <= SPACING_MM[1] for value in spacing):
        raise SourceError(file, field, "the pixel spacing is zero, negative, not finite or beyond 50 mm", "Correct the header, or state source.spacing_mm")


def check_kind(pixels: Pixels, modality: Modality, *, file: str) -> None:
    """Raises
    SourceError: a colour modality without colours, or the other way round.
    """
    is_colour = pixels.ndim == 3
    if is_colour and modality not in COLOUR:
        raise SourceError(file, "modality", f"a colour picture cannot be {modality}", "State the right modality, or export grey values")
    if not is_colour and modality in COLOUR:
        raise SourceError(file, "modality", f"a grey picture cannot be {modality}", "State the right modality, or give the colour picture")


def check_picture(picture: Picture, *, file: str, max_pixels: int) -> Picture:
    """A decoded picture in the form that cases have: right type, finite, with content, with spacing where the physics needs it.

    Raises
        SourceError: it is not.
    """
    pixels = picture.pixels
    check_kind(pixels, picture.modality, file=file)
    check_size(pixels.shape[0], pixels.shape[1], file=file, max_pixels=max_pixels)
    check_spacing(picture.spacing_mm, file=file)
    if picture.modality in _NEEDS_MM and picture.spacing_mm is None:
        raise SourceError(file, "PixelSpacing", "the pixel spacing is absent, and the physics works in millimetres", "State source.spacing_mm=[row,column]")
    if pixels.dtype.kind == "f":
        if not np.isfinite(pixels).all():
            raise SourceError(file, "pixels", "some values are NaN or infinite", "Repair the picture, or replace those values")
        if float(np.abs(pixels).max()) > 1e9:
            raise SourceError(file, "pixels", "some values are beyond 1e9", "Check type and scaling of the file")
    if pixels.min() == pixels.max():
        raise SourceError(file, "pixels", "all values are equal: there is nothing to see", "Leave the picture out")
    if picture.modality == "ct":
        _check_hu(pixels, file=file)
    return _magnitude(picture, file=file) if picture.modality == "mri" else picture


def _check_hu(pixels: Pixels, *, file: str) -> None:
    if float(pixels.min()) >= 0.0 or float(pixels.max()) > 70_000.0:
        raise SourceError(
            file,
            "pixels",
            "the values cannot be HU: nothing below water, or beyond any metal",
            "Convert to HU, or for pictures declare source.window=[low,high]",
        )


def _magnitude(picture: Picture, *, file: str) -> Picture:
    """MRI is a magnitude: small negative values (from interpolation) become 0 and are noted, a signed picture is refused."""
    lowest = float(picture.pixels.min())
    if lowest >= 0:
        return picture
    if -lowest > 0.05 * float(np.percentile(picture.pixels, 99.5)):
        raise SourceError(file, "pixels", "a magnitude picture cannot be negative", "Give magnitude pictures, not phase, real or normalised ones")
    return Picture(**{**vars(picture), "pixels": np.maximum(picture.pixels, 0.0)}).noted(negative_values="set to 0")
