"""Registration: the healthy picture taken again at the pose that a degraded picture shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from torch import Tensor

from physics.measure.pair import Array, View, array
from physics.pose import Pose
from physics.scan import acquire

ITERATIONS = 2
SMOOTH_PX = 1.0
SETTLED_PX = 0.03  # a step that moves no pixel of the object by more is not worth another picture
TRUST_PX = 6.0  # farthest a step may move a pixel of the object
HUBER = 1.345


@dataclass(frozen=True, eq=False)
class Registered:
    """The reference that a degraded picture is judged against: the healthy scan held still at one pose, re-rendered."""

    pose: Pose | None
    reference: Tensor


def register(healthy: Any, degraded_scan: Any, degraded: Tensor, view: View) -> Registered:  # Any: a Scan of whatever modality
    """Find the pose of a degraded picture and take its reference there.

    Model
        Minimise sum_m w (D - a R(p) - b)^2 over shift and angle p, gain a, offset b by Gauss-Newton, R(p) = acquire(healthy.at(p)), both smoothed by
        1 px, w Huber's weights, m the object of the view grown by 3 px. Starts at the scan's own mean pose; a step is kept only if it lowers the cost.
    Parameters
        healthy : the scan in order. degraded_scan : gives the first guess. degraded : native picture. view : spacing and object.
    Returns
        The pose and the picture acquired at it, never interpolated. Where the scan moves nothing (mean pose None or exactly neutral) the plain reference.
    Assumes
        The first guess is within a few pixels.
    Not modelled
        Through-plane motion, non-rigid motion.
    References
        Lucas and Kanade 1981; Baker and Matthews 2004, 10.1023/B:VISI.0000011205.11775.fd.
    Oracle
        A Gaussian phantom held at a known pose, wrong first guesses: pose to 0.01 px and 0.01 degree.
    """
    start: Pose | None = degraded_scan.mean_pose()
    if start is None or start.is_neutral:
        return Registered(start, acquire(healthy))
    spacing = np.asarray(view.spacing_mm or (1.0, 1.0), np.float64)
    where = cv2.dilate(array(view.mask).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    target = _smooth(array(degraded))
    pose, reference = start, acquire(healthy.at(start))
    step, cost = _step(target, _smooth(array(reference)), where, spacing, pose)
    reach = _reach(step, where, spacing)
    for _ in range(ITERATIONS):
        if reach < SETTLED_PX:
            break
        shorter = min(1.0, TRUST_PX / reach) * step
        moved = Pose((pose.shift_mm[0] + float(shorter[0]), pose.shift_mm[1] + float(shorter[1])), pose.angle_deg + float(np.degrees(shorter[2])))
        picture = acquire(healthy.at(moved))
        step, new_cost = _step(target, _smooth(array(picture)), where, spacing, moved)
        if new_cost >= cost:
            break
        pose, reference, cost, reach = moved, picture, new_cost, _reach(step, where, spacing)
    return Registered(pose, reference)


def _smooth(picture: Array) -> Array:
    return np.asarray(cv2.GaussianBlur(picture.astype(np.float64), (0, 0), SMOOTH_PX, borderType=cv2.BORDER_REFLECT))


def _step(target: Array, reference: Array, where: Array, spacing: Array, pose: Pose) -> tuple[Array, float]:
    """One Gauss-Newton step in (mm, mm, rad), and the robust cost before it."""
    down, right = np.gradient(reference)
    down, right = down[where] / spacing[0], right[where] / spacing[1]  # per mm
    rows, columns = np.nonzero(where)
    arm_down = (rows - reference.shape[0] // 2) * spacing[0] - pose.shift_mm[0]
    arm_right = (columns - reference.shape[1] // 2) * spacing[1] - pose.shift_mm[1]
    still = reference[where]
    # a body turned from axis 1 towards axis 0 moves by (arm_right, -arm_down) per radian; the picture changes by minus slope times movement
    design = np.stack([-down, -right, down * -arm_right + right * arm_down, still, np.ones_like(still)], axis=1)
    values = target[where]
    weight = np.ones_like(values)
    solution, cost = np.zeros(5), 0.0
    for _ in range(2):
        gain, offset = np.polyfit(still, values, 1, w=np.sqrt(weight))
        left = values - gain * still - offset
        spread = 1.4826 * float(np.median(np.abs(left)))
        if spread <= 1e-12 * max(float(np.abs(values).max()), 1e-30):
            return np.zeros(3), 0.0
        bound = HUBER * spread
        size = np.abs(left)
        weight = np.where(size <= bound, 1.0, bound / np.maximum(size, bound))
        cost = float(np.sum(np.where(size <= bound, 0.5 * size**2, bound * (size - 0.5 * bound)))) / float(len(values))
        root = np.sqrt(weight)
        scaled = design * root[:, None]
        lengths = np.linalg.norm(scaled, axis=0)
        solution = np.linalg.lstsq(scaled / np.maximum(lengths, 1e-30), values * root, rcond=1e-9)[0] / np.maximum(lengths, 1e-30)
    gain = solution[3] if abs(solution[3]) > 1e-6 else 1.0
    return solution[:3] / gain, cost


def _reach(step: Array, where: Array, spacing: Array) -> float:
    """How far a step moves the outermost pixel of the object, in pixels."""
    radius = 0.5 * float(np.hypot(*(np.ptp(axis) * mm for axis, mm in zip(np.nonzero(where), spacing, strict=True))))
    return float((np.hypot(step[0], step[1]) + abs(step[2]) * radius) / spacing.min())
