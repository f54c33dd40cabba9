"""What a picture measures without its reference: the project's measures of a source, and energies, light and colour of the picture itself."""

from __future__ import annotations

import io
from itertools import pairwise

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from physics.display import Display, canonical, luma
from physics.measure.source_shows import blockiness, clipped_share, edge_width_px, evenness, quiet_noise
from physics.modality import Modality
from physics.object_mask import object_mask

Array = NDArray[np.float64]
SCALES_PX = (0.7, 1.4, 2.8, 5.6, 11.2, 22.4)  # of the canonical picture
BRIGHT_RIM = 150.0  # codes: tissue on glass has a bright rim, a lit field a dark one
NAMES = (
    "noise", "edge width", "evenness", "clipped", "black", "blockiness", "mean", "spread", "skewness", "share of object", "outside", "outside, fine",
    *(f"band {number}" for number in range(len(SCALES_PX) - 1)), "rows against columns", "diagonals", "comb along rows", "comb along columns",
    "red-green", "yellow-blue", "colour spread",
)  # fmt: skip


def measures(png: bytes) -> Array:
    """The measures of NAMES, in that order; always finite.

    Model
        noise, edge width, evenness, clipped, blockiness: see physics.measure.source_shows. band n: log of the standard deviation, in the object, of the
        difference of two Gauss smoothings at neighbouring SCALES_PX. outside: log of mean and of fine deviation where no object is (ghosts, noise, lines).
        rows against columns, diagonals: log ratios of gradient energy. comb: the strongest line of the spectrum of the mean profile against its median.
        Colour: means and spread of CIE a*, b*.
    Assumes
        Nothing is known but the picture: the object is found on it, by the rule for grey pictures, for tissue where the rim is bright, or for a lit field.
    """
    codes = np.asarray(Image.open(io.BytesIO(png)))
    codes = codes if codes.ndim == 2 or codes.shape[2] == 3 else codes[..., :3]
    colour = codes.ndim == 3
    native = torch.from_numpy(np.ascontiguousarray(codes, dtype=np.float32))
    own = luma(native).numpy()
    rim = np.concatenate([own[0], own[-1], own[:, 0], own[:, -1]])
    modality: Modality = "mri" if not colour else "histopathology" if float(np.median(rim)) > BRIGHT_RIM else "endoscopy"
    mask = object_mask(native, modality=modality)
    picture = canonical(native, Display("srgb", 0.0, 255.0), mask)
    shown, inside = picture.luma.numpy().astype(np.float32), picture.mask.numpy()
    own_mask = mask.numpy()
    width = edge_width_px(shown, inside)
    values = [
        np.log1p(quiet_noise(own, own_mask)),
        np.log(width) if width else np.log(30.0),
        evenness(shown, inside),
        np.log1p(1e3 * clipped_share(own, own_mask)),
        np.log1p(1e3 * float(np.mean(own[own_mask] <= 1.0))),
        np.log(blockiness(own, own_mask)),
        *_light(shown, inside),
        *_outside(shown, inside),
        *_bands(shown, inside),
        *_directions(shown, inside),
        *(_colour(codes, own_mask) if colour else (0.0, 0.0, 0.0)),
    ]
    return np.nan_to_num(np.array(values, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def _light(shown: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    values = shown[inside].astype(np.float64)
    mean, spread = float(values.mean()), float(values.std())
    skewness = float((((values - mean) / spread) ** 3).mean()) if spread > 0 else 0.0
    return mean / 64, spread / 32, skewness, float(inside.mean())


def _outside(shown: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[float, float]:
    """Light and fine structure where no object is, away from its rim."""
    away = ~cv2.dilate(inside.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)
    if np.count_nonzero(away) < 500:
        return 0.0, 0.0
    fine = shown - cv2.GaussianBlur(shown, (0, 0), 2.0)
    return float(np.log1p(shown[away].mean())), float(np.log1p(fine[away].std()))


def _bands(shown: NDArray[np.float32], inside: NDArray[np.bool_]) -> list[float]:
    smooth = [cv2.GaussianBlur(shown, (0, 0), scale, borderType=cv2.BORDER_REFLECT) for scale in SCALES_PX]
    core = cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    where = core if core.any() else inside
    return [float(np.log((fine - coarse)[where].std() + 0.05)) for fine, coarse in pairwise(smooth)]


def _directions(shown: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    smooth = cv2.GaussianBlur(shown, (0, 0), 1.0)
    down, right = np.gradient(smooth)
    energy = [float((part[inside] ** 2).mean()) + 1e-3 for part in (down, right, (down + right) / np.sqrt(2), (down - right) / np.sqrt(2))]
    combs = []
    for axis in (0, 1):
        profile = (shown - cv2.GaussianBlur(shown, (0, 0), 8.0)).mean(axis=axis)
        spectrum = np.abs(np.fft.rfft(profile * np.hanning(len(profile))))[8:]
        combs.append(float(np.log((spectrum.max() + 0.1) / (np.median(spectrum) + 0.1))))
    return float(np.log(energy[0] / energy[1])), float(np.log(energy[2] / energy[3])), combs[0], combs[1]


def _colour(codes: NDArray[np.uint8], inside: NDArray[np.bool_]) -> tuple[float, float, float]:
    lab = cv2.cvtColor(np.ascontiguousarray(codes).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    red_green, yellow_blue = lab[..., 1][inside], lab[..., 2][inside]
    return float(red_green.mean()) / 10, float(yellow_blue.mean()) / 10, float(np.hypot(red_green.std(), yellow_blue.std())) / 10
