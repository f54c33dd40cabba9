"""What a source picture shows by itself, measured without a reference."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from torch import Tensor

from physics.display import LONG_EDGE, canonical, luma, to_codes
from physics.measure.noise_level import MAD_TO_SIGMA
from physics.measure.pair import Array, View, array

Level = Literal["none", "mild", "moderate", "severe"]
LEVELS: tuple[Level, ...] = ("none", "mild", "moderate", "severe")
# where mild, moderate and severe begin; falling bounds where less is worse
NOISE_CODES = (2.5, 9.0, 20.0)
EVENNESS = (0.55, 0.35, 0.15)
CLIPPED_SHARE = (0.0003, 0.012, 0.065)
BLOCKINESS = (1.06, 1.4, 2.2)
TEXTURE_CODES = 12.0  # larger steps are anatomy, not blocks
EDGE_WIDTH_PX = (7.5, 12.0, 18.0)
NOISE_BLOCK_PX = 16
QUIET_SHARE = 20  # percentile of blocks: the quiet ones hold no texture
CLIPPED_CODE = 235.0  # of luma: a single full channel looks coloured, not burnt out
PERIOD_PX = 8
COLOUR = ("endoscopy", "histopathology", "fundus")
NOISE_NAME = {"mri": "noise", "ct": "quantum noise", "endoscopy": "sensor noise", "histopathology": "sensor noise", "fundus": "sensor noise"}


def shows(native: Tensor, view: View) -> dict[str, Level]:
    """The quality attributes that can be told from the source alone, with their levels.

    Model
        noise: `quiet_noise`. sharpness: `edge_width_px`. Colour pictures also: uniformity by `evenness`, saturation (endoscopy: specular
        reflection) by `clipped_share`, compression by `blockiness`. A level begins at its bound and takes all up to the next: between the levels of a source
        there are no gaps, so that nothing doubtful counts as absent.
    Parameters
        native : the picture in native values. view : display and object.
    Returns
        Attribute name -> level. A name that is missing is not known of this source.
    Assumes
        The source is finished: no reference exists.
    Not modelled
        Ghosts, streaks, shading of MRI and CT, colour casts: anatomy may look the same.
    References
        None.
    Oracle
        Known noise, blocks, ramps and blur on phantoms; the sample pictures.
    """
    found: dict[str, Level] = {}
    picture = canonical(native, view.display, view.mask)
    shown, mask = array(picture.luma), array(picture.mask)
    codes, own_mask = to_codes(native, view.display), array(view.mask)
    own = array(luma(codes))
    noise = level(quiet_noise(own, own_mask), NOISE_CODES)
    found["noise"] = found[NOISE_NAME[view.modality]] = noise
    width = edge_width_px(shown, mask)
    if width is not None:
        found["sharpness"] = level(width, EDGE_WIDTH_PX)
    if view.modality not in COLOUR:
        return found
    found["compression"] = level(blockiness(own, own_mask), BLOCKINESS)
    if view.modality != "histopathology":  # glass is white and unstained without any fault
        found["saturation"] = level(clipped_share(own, own_mask), CLIPPED_SHARE)
        found["uniformity"] = found["uneven illumination"] = level(-evenness(shown, mask), tuple(-bound for bound in EVENNESS))
    if view.modality == "endoscopy":
        found["specular reflection"] = found["saturation"]
    return found


def level(value: float, bounds: tuple[float, ...]) -> Level:
    """The level that begins at the last bound which the value reaches."""
    return LEVELS[sum(value >= bound for bound in bounds)]


def quiet_noise(shown: Array, mask: Array) -> float:
    """Noise of the quiet parts of a picture, in codes, as it will show on the canonical picture.

    Model
        d: diagonal Haar difference of 2 x 2 pixels; 1.4826 median |d| per 16 px block of the object; the 20th percentile of blocks; times
        min(1, 512 / long edge), what averaging leaves of white noise.
    Parameters
        shown : (row, column) codes on the native grid, where noise and anatomy are farthest apart. mask : bool.
    Returns
        Sigma of white noise that would read the same; 0 where no block lies in the object.
    Assumes
        At least a fifth of the object is smooth; blocks clipped to black or white are left out.
    Not modelled
        Noise that a codec or an interpolation has removed; coarse grain.
    References
        Donoho and Johnstone 1994, 10.1093/biomet/81.3.425; Immerkaer 1996, 10.1006/cviu.1996.0060.
    Oracle
        White noise of known sigma on a ramp with texture in half of the blocks, within 15 %.
    """
    usable = mask & (shown > 1.0) & (shown < 254.0)
    detail = 0.5 * (shown[:-1, :-1] - shown[:-1, 1:] - shown[1:, :-1] + shown[1:, 1:])
    inside = usable[:-1, :-1] & usable[:-1, 1:] & usable[1:, :-1] & usable[1:, 1:]
    whole = _blocks(inside).mean(axis=1) > 0.9
    if not whole.any():
        return 0.0
    sigma = MAD_TO_SIGMA * float(np.percentile(np.median(np.abs(_blocks(detail)[whole]), axis=1), QUIET_SHARE))
    return float(sigma * min(1.0, LONG_EDGE / max(shown.shape)))


def _blocks(picture: Array) -> Array:
    """(block, pixel): whole blocks of 16 px."""
    size = NOISE_BLOCK_PX
    rows, columns = (n // size * size for n in picture.shape)
    return np.asarray(picture[:rows, :columns].reshape(rows // size, size, -1, size).swapaxes(1, 2).reshape(-1, size * size))


def evenness(shown: Array, mask: Array) -> float:
    """How even the light is: 5th over 95th percentile of the picture smoothed by 26 px in the object (1: even)."""
    weight = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 26.0, borderType=cv2.BORDER_REFLECT)
    smooth = cv2.GaussianBlur(np.where(mask, shown, 0).astype(np.float32), (0, 0), 26.0, borderType=cv2.BORDER_REFLECT) / np.maximum(weight, 1e-6)
    if not mask.any():
        return 1.0
    low, high = np.percentile(smooth[mask], (5, 95))
    return float(low / high) if high > 0 else 1.0


def clipped_share(shown: Array, mask: Array) -> float:
    """Share of the object whose luma is close to white: burnt out, or a highlight."""
    return float(np.mean(shown[mask] >= CLIPPED_CODE)) if mask.any() else 0.0


def blockiness(shown: Array, mask: Array) -> float:
    """Steps on an 8 px grid against steps off it, at the phase where they are strongest, geometric mean of both axes (1: no codec).

    Model
        s(q): mean over the object of |x[i] - x[i+1] - (x[i-1] - x[i] + x[i+1] - x[i+2]) / 2| clipped to 12 codes at phase q = i mod 8; max s / median s.
    Parameters
        shown : (row, column) codes on the native grid. mask : bool.
    Returns
        The ratio.
    Assumes
        The picture was not resampled after the codec.
    Not modelled
        Blocks of other sizes.
    References
        Wang, Bovik, Evans 2000, 10.1109/ICIP.2000.899622 (differential form).
    Oracle
        A staircase of 8 px blocks at any phase; Pillow's JPEG against its source.
    """
    ratios = []
    for axis in (0, 1):
        x = np.moveaxis(shown, axis, 0).astype(np.float32)
        inside = np.moveaxis(mask, axis, 0)
        if x.shape[0] < 4 * PERIOD_PX:
            return 1.0
        step = np.diff(x, axis=0)
        excess = np.minimum(np.abs(step[1:-1] - 0.5 * (step[:-2] + step[2:])), TEXTURE_CODES)
        clear = inside[:-3] & inside[1:-2] & inside[2:-1] & inside[3:]
        sums, counts = (excess * clear).sum(axis=1), clear.sum(axis=1)
        phases = np.asarray([sums[q::PERIOD_PX].sum() / max(int(counts[q::PERIOD_PX].sum()), 1) for q in range(PERIOD_PX)])
        ratios.append((float(phases.max()) + 0.05) / (float(np.median(phases)) + 0.05))
    return float(np.sqrt(ratios[0] * ratios[1]))


def edge_width_px(shown: Array, mask: Array) -> float | None:
    """How wide the sharpest edges are, in canonical pixels: local range over local slope.

    Model
        At the 1 % steepest pixels of the object (sigma 1 px) the range in a 15 px window over the slope; the 20th percentile. None where the slopes are
        below 1.5 codes a pixel: nothing to judge by.
    Parameters
        shown : (row, column) codes. mask : bool.
    Returns
        Pixels.
    Assumes
        The scene has sharp edges.
    Not modelled
        Scenes that are soft by nature.
    References
        Marziliano et al. 2002, 10.1109/ICIP.2002.1038902 (edge width).
    Oracle
        An edge blurred by sigma s has a width of sqrt(2 pi (s^2 + 1)).
    """
    inner = cv2.erode(mask.astype(np.uint8), np.ones((17, 17), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    if np.count_nonzero(inner) < 1000:
        return None
    smooth = cv2.GaussianBlur(shown.astype(np.float32), (0, 0), 1.0, borderType=cv2.BORDER_REFLECT)
    slope = np.hypot(*np.gradient(smooth))
    bound = float(np.percentile(slope[inner], 99.0))
    if bound < 1.5:
        return None
    window = np.ones((15, 15), np.uint8)
    width = (cv2.dilate(smooth, window) - cv2.erode(smooth, window)) / np.maximum(slope, 1e-6)
    return float(np.percentile(width[inner & (slope >= bound)], 20))
