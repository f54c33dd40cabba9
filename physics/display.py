"""From native values to what a reader sees: named windows, 8-bit codes, the canonical picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.modality import Modality

LONG_EDGE = 512
WINDOWS: dict[str, tuple[float, float]] = {  # width, level in HU
    "brain": (80.0, 40.0),
    "abdomen": (400.0, 40.0),
    "lung": (1500.0, -600.0),
    "bone": (2000.0, 500.0),
}
WINDOW_OF_ANATOMY = {"head": "brain", "brain": "brain", "lung": "lung", "chest": "lung", "bone": "bone", "spine": "bone"}
LUMA_WEIGHTS = (0.299, 0.587, 0.114)
BODY_HU = -500.0
TISSUE_OPTICAL_DENSITY = 0.10


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
        CT: the named window of the anatomy (abdomen where none is known). MRI: 0 to 1.1 times the 99.5th percentile of the object. Colour: identity.
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
        Brain 80/40 is 0..80 HU; the MRI bound scales with the picture.
    """
    if modality not in ("mri", "ct"):
        return Display("srgb", 0.0, 255.0)
    if window is not None:
        width, level = window
        return Display(f"window {width:g}/{level:g}", level - width / 2, level + width / 2)
    if modality == "ct":
        name = WINDOW_OF_ANATOMY.get(anatomy, "abdomen")
        width, level = WINDOWS[name]
        return Display(f"{name} {width:g}/{level:g}", level - width / 2, level + width / 2)
    inside = reference[object_mask(reference, modality="mri")]
    high = 1.1 * float(np.percentile(inside.detach().cpu().numpy(), 99.5))
    return Display("mri 1.1 p99.5", 0.0, high if high > 0 else 1.0)


def object_mask(reference: Tensor, *, modality: Modality) -> Tensor:
    """Where the object lies: head or body against air, lit field, tissue on glass.

    Model
        MRI: Otsu's threshold of the root of the smoothed magnitude, components of at least a tenth of the largest, holes filled. CT: above -500 HU, opened so
        that the table lets go, largest component, holes filled. Endoscopy and fundus: convex hull of the largest lit component (a field stop is convex, a dark
        lumen lies inside). Histopathology: mean optical density of the smoothed picture above 0.10.
    Parameters
        reference : (row, column) or (row, column, 3), native values.
    Returns
        (row, column) bool; the whole field where nothing stands out.
    Assumes
        One body in the CT field; codes of colour pictures are sRGB.
    Not modelled
        Table that is pressed into the skin, text burnt into the field.
    References
        Otsu 1979, IEEE TSMC 9.
    Oracle
        Drawn discs, tables, annuli and tissue islands are recovered to a pixel or two.
    """
    values = np.ascontiguousarray(reference.detach().cpu().numpy(), dtype=np.float32)
    finders = {"mri": _magnitude_object, "ct": _body, "endoscopy": _lit_field, "fundus": _lit_field, "histopathology": _tissue}
    found = finders[modality](values)
    if not found.any():
        found = np.ones(values.shape[:2], bool)
    return torch.from_numpy(found).to(reference.device)


def _disc(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def _components(found: NDArray[np.bool_], *, share_of_largest: float) -> NDArray[np.bool_]:
    """Components of at least a share of the largest one's area."""
    n, labels, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=4)
    if n < 2:
        return found
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return np.asarray((areas >= share_of_largest * areas.max())[labels] & found)


def _filled(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Holes belong to the object: only background that reaches the frame is outside."""
    framed = np.pad(found, 1).astype(np.uint8)
    cv2.floodFill(framed, None, (0, 0), 2)
    return np.asarray(framed[1:-1, 1:-1] != 2)


def _magnitude_object(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    top = float(np.percentile(values, 99.5))
    if top <= 0:
        return np.zeros(values.shape, bool)
    smooth = cv2.GaussianBlur(values, (0, 0), max(values.shape) / 250)
    root = np.round(255 * np.sqrt(np.clip(smooth / top, 0.0, 1.0))).astype(np.uint8)
    threshold, _ = cv2.threshold(root, 0, 255, cv2.THRESH_OTSU)
    # Otsu separates dark from bright tissue where there is little air: air is never above a third of the bright tissue's magnitude
    found = root > min(0.75 * threshold, 255 * 0.33**0.5)
    size = max(max(values.shape) // 128, 1)
    closed = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, _disc(size)) > 0
    opened = cv2.morphologyEx(closed.astype(np.uint8), cv2.MORPH_OPEN, _disc(size)) > 0
    return _filled(_components(opened, share_of_largest=0.1))


def _body(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    found = values > BODY_HU
    radius = max(max(values.shape) // 128, 1)
    opened = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, _disc(radius)) > 0
    return _filled(_components(opened, share_of_largest=1.0))


def _lit_field(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    shown = values if values.ndim == 2 else values.max(axis=2)
    radius = max(max(shown.shape) // 256, 1)
    # opened over a mirrored frame, so that a field that fills the picture keeps its corners
    median = cv2.medianBlur(np.clip(shown, 0, 255).astype(np.uint8), 2 * radius + 1)  # keeps the rim where it is
    lit = np.pad((median > 16).astype(np.uint8), 2 * radius, mode="symmetric")
    opened = cv2.morphologyEx(lit, cv2.MORPH_OPEN, _disc(radius))[2 * radius : -2 * radius, 2 * radius : -2 * radius] > 0
    largest = _components(opened, share_of_largest=1.0)
    if not largest.any():
        return largest
    points = cv2.findNonZero(largest.astype(np.uint8))
    hull = np.zeros(shown.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(points), 1)
    return np.asarray(hull > 0)


def _tissue(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    shown = values if values.ndim == 2 else values.mean(axis=2)
    linear = np.clip(cv2.GaussianBlur(shown, (0, 0), max(shown.shape) / 170) / 255, 1 / 255, 1.0) ** np.float32(2.2)
    found = -np.log10(linear) > TISSUE_OPTICAL_DENSITY
    closed = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, _disc(max(max(shown.shape) // 128, 1))) > 0
    return _components(closed, share_of_largest=0.02)
