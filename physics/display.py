"""From native values to what a reader sees: named windows, 8-bit codes, the canonical picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.modality import Modality
from physics.object_mask import aerated_share, object_mask

__all__ = ["LONG_EDGE", "Canonical", "Display", "canonical", "display_of", "luma", "object_mask", "resampled", "to_codes", "to_png8"]

LONG_EDGE = 512
WINDOWS: dict[str, tuple[float, float]] = {  # width, level in HU
    "brain": (80.0, 40.0),
    "abdomen": (400.0, 40.0),
    "mediastinum": (400.0, 40.0),
    "lung": (1500.0, -600.0),
    "bone": (2000.0, 500.0),
}
WINDOW_OF_ANATOMY = {"head": "brain", "brain": "brain", "lung": "lung", "chest": "lung", "bone": "bone", "spine": "bone"}
LEAST_LUNG = 0.12  # of the body is aerated lung, or a chest is shown for its soft tissue
LUMA_WEIGHTS = (0.299, 0.587, 0.114)


@dataclass(frozen=True, slots=True)
class Display:
    """A named linear window: native `low` shows as code 0, `high` as code 255. Colour pictures are codes already: low 0, high 255."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Canonical:
    """The canonical picture: luma in codes 0..255 (float, not rounded), long edge 512; mask of the object on the same grid."""

    luma: Tensor
    mask: Tensor


def to_codes(native: Tensor, display: Display) -> Tensor:
    """Native values as display codes, not rounded.

    Model
        code = 255 clip((x - low) / (high - low), 0, 1).
    Parameters
        native : any shape, unit of the display's bounds.
    Returns
        Same shape and dtype, 0..255.
    Assumes
        A linear transfer; colour pictures are codes already and pass unchanged.
    Not modelled
        Monitor luminance, sigmoid VOI functions.
    References
        DICOM PS3.3 C.11.2.1.2 (linear exact).
    Oracle
        low, centre and high of a window are 0, 127.5 and 255.
    """
    return ((native - display.low) * (255.0 / (display.high - display.low))).clamp(0.0, 255.0)


def to_png8(native: Tensor, display: Display) -> NDArray[np.uint8]:
    """The picture as it is stored: codes rounded half to even, eight bits.

    Model
        round(to_codes).
    Parameters
        native : (row, column) or (row, column, 3).
    Returns
        uint8 array of the same shape.
    Assumes
        As `to_codes`.
    Not modelled
        Dither: a source's dither is added before the reference is made.
    References
        IEEE 754, round half to even.
    Oracle
        Codes 0.5 and 1.5 become 0 and 2.
    """
    rounded: NDArray[np.uint8] = torch.round(to_codes(native, display)).to(torch.uint8).cpu().numpy()
    return rounded


def luma(codes: Tensor) -> Tensor:
    """How bright each pixel shows: luma of R'G'B' codes; grey pictures are their own luma.

    Model
        Y' = 0.299 R' + 0.587 G' + 0.114 B'.
    Parameters
        codes : (row, column) or (row, column, 3), 0..255.
    Returns
        (row, column), 0..255.
    Assumes
        sRGB codes.
    Not modelled
        Linear-light luminance.
    References
        ITU-R BT.601-7, section 2.5.1.
    Oracle
        Pure red, green and blue are 76.245, 149.685 and 29.07.
    """
    if codes.ndim == 2:
        return codes
    red, green, blue = LUMA_WEIGHTS
    return red * codes[..., 0] + green * codes[..., 1] + blue * codes[..., 2]


def resampled(picture: Tensor) -> Tensor:
    """Bring the long edge to 512 pixels, up or down, without aliasing.

    Model
        Separable cubic kernel (a = -0.5), stretched by the ratio of sizes when it shrinks; pixel centres at (i + 1/2) / n of the field.
    Parameters
        picture : (row, column) or (row, column, channel), floating point.
    Returns
        The same field on the canonical grid; a picture that already has it is returned as it is.
    Assumes
        Square pixels for display: spacing plays no part, as on the reader's screen.
    Not modelled
        Gamma of the display: codes are averaged, as viewers do.
    References
        Keys 1981, IEEE TASSP 29, eq. 15.
    Oracle
        A linear ramp stays the same ramp of the field away from the border; Pillow's resize.
    """
    rows, columns = picture.shape[:2]
    long = max(rows, columns)
    if long == LONG_EDGE:
        return picture
    size = (max(round(rows * LONG_EDGE / long), 1), max(round(columns * LONG_EDGE / long), 1))
    stack = picture[None, None] if picture.ndim == 2 else picture.permute(2, 0, 1)[None]
    out = torch.nn.functional.interpolate(stack, size=size, mode="bicubic", antialias=True, align_corners=False)[0]
    return out[0] if picture.ndim == 2 else out.permute(1, 2, 0)


def canonical(native: Tensor, display: Display, mask: Tensor) -> Canonical:
    """The picture on which harm is judged, whatever the matrix or the window.

    Model
        Luma of the named display transfer, long edge 512 (`resampled`), then clipped to codes; the mask holds where at least half a pixel is object.
    Parameters
        native : (row, column[, 3]). mask : (row, column) bool on the same grid.
    Returns
        Luma and mask, both with long edge 512.
    Assumes
        The display was fixed on the reference.
    Not modelled
        8-bit rounding.
    References
        None: a convention of this project.
    Oracle
        A 512 picture is its own luma; sizes of odd and oblong pictures; Pillow's resize.
    """
    shown = resampled(luma(to_codes(native, display))).clamp(0.0, 255.0)
    return Canonical(shown, resampled(mask.to(shown.dtype)) >= 0.5)


def display_of(reference: Tensor, *, modality: Modality, anatomy: str, window: tuple[float, float] | None = None) -> Display:
    """The window of a case, taken from the reference alone.

    Model
        CT: the named window of the anatomy (abdomen where none is known; a chest with less than 12 % of aerated lung is shown for its mediastinum).
        MRI: 0 to 1.1 times the 99.5th percentile of the object. Colour: identity.
    Parameters
        reference : native values. window : width and level, both in native units, where the case declares them.
    Returns
        Display.
    Assumes
        CT in HU.
    Not modelled
        Windows that a reader would choose per lesion.
    References
        None.
    Oracle
        Brain 80/40 is 0..80 HU; a chest with and without drawn lungs; the MRI bound scales with the picture.
    """
    if modality not in ("mri", "ct"):
        return Display("srgb", 0.0, 255.0)
    if window is not None:
        width, level = window
        return Display(f"window {width:g}/{level:g}", level - width / 2, level + width / 2)
    if modality == "ct":
        name = WINDOW_OF_ANATOMY.get(anatomy, "abdomen")
        if anatomy == "chest" and aerated_share(reference) < LEAST_LUNG:
            name = "mediastinum"
        width, level = WINDOWS[name]
        return Display(f"{name} {width:g}/{level:g}", level - width / 2, level + width / 2)
    inside = reference[object_mask(reference, modality="mri")]
    high = 1.1 * float(np.percentile(inside.detach().cpu().numpy(), 99.5))
    return Display("mri 1.1 p99.5", 0.0, high if high > 0 else 1.0)
