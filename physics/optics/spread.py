"""Exposure of a picture that turns or grows about a point."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from physics.optics.light import Light

STEP_PX = 0.75  # spacing of the poses that stand for a turn or an advance, at the edge of the field


def spread_exposure(light: Light, kind: Literal["roll", "advance"], *, centre: tuple[float, float], amount: float, radius_px: float) -> Light:
    """Exposure of a picture that turns or grows about a point.

    Model
        Mean over 2^k poses g(u), u evenly from -A/2 to A/2. Poses of one kind commute, so k times averaging two opposite poses,
        (g(a) + g(-a))/2 with a = A/4, A/8, ..., gives all 2^k poses for the price of 2 k.
    Parameters
        light : (row, column, 3). centre : row, column that stays. amount : A in radians (roll) or log magnification (advance). radius_px : where the poses are
        to lie at most 0.75 px apart.
    Returns
        Light of the same shape.
    Assumes
        A wall at one distance, uniform speed.
    Not modelled
        Parallax.
    References
        None beyond the exposure integral.
    Oracle
        A point at radius r becomes a streak of length r A, tangential for roll, radial for advance, centred where it was; the centre stays sharp.
    """
    rows, columns = light.shape[:2]
    pose: Callable[[float], NDArray[np.float64]] = _turn if kind == "roll" else _growth
    out: Light = light.astype(np.float32, copy=False)  # in double precision OpenCV's cubic is wrong near the edges
    for k in range(1, max(1, math.ceil(math.log2(max(abs(amount) * radius_px / STEP_PX, 1.001)))) + 1):
        poses = []
        for u in (amount / 2 ** (k + 1), -amount / 2 ** (k + 1)):
            linear = pose(u)  # of (column, row), as OpenCV counts
            shift = np.array(centre[::-1]) - linear @ np.array(centre[::-1])
            poses.append(cv2.warpAffine(out, np.hstack([linear, shift[:, None]]), (columns, rows), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101))
        out = (poses[0] + poses[1]) / 2
    return out.astype(light.dtype, copy=False)


def _turn(angle_rad: float) -> NDArray[np.float64]:
    cosine, sine = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[cosine, -sine], [sine, cosine]])


def _growth(log_scale: float) -> NDArray[np.float64]:
    return np.eye(2) * math.exp(log_scale)
