"""How far poses scatter, line by line, under the weight that a picture gives them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.display import Display
from physics.fourier import frequencies
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.motion import HEAD_MM, Motion
from physics.mri.pose_spread import pose_spread
from physics.mri.sampling import every_rth
from physics.pose import Pose

Oracle = Callable[..., None]
SHAPE = (48, 41)


def scan(phase_axis: int = 0) -> MRIScan:
    return MRIScan.of(100 * phantoms.ellipses(SHAPE, torch.float64), spacing_mm=(2.0, 3.0), phase_axis=phase_axis, seed=1)


def read(moved: MRIScan | None) -> float | None:
    picture = torch.ones(SHAPE)
    return pose_spread(Pair(picture, picture, View("mri", "head", Display("window", 0.0, 1.0), picture > 0, (2.0, 3.0)), None, moved)).value


def weights(body: MRIScan) -> np.ndarray:
    """|k|^2 |K|^2 summed over each line, k in cycles per millimetre, from the spectrum itself."""
    k = [frequencies(n) / (n * step) for n, step in zip(SHAPE, (2.0, 3.0), strict=True)]
    power = body.body.spectrum.abs().square() * (k[0][:, None] ** 2 + k[1][None, :] ** 2)
    return power.sum(dim=1 - body.phase_axis).numpy()


@pytest.mark.parametrize("axis", [0, 1])
def test_a_walk_spreads_by_its_weighted_deviation(axis: int, oracle: Oracle) -> None:
    """Shifts without a turn: the weighted deviation of the poses about their mean, along both axes together."""
    body, rng = scan(axis), np.random.default_rng(3)
    shift = rng.normal(size=(SHAPE[axis], 2)) * (2.0, 5.0) + (7.0, -4.0)
    share = weights(body) / weights(body).sum()
    told = math.sqrt(sum(share @ (shift[:, side] - share @ shift[:, side]) ** 2 for side in (0, 1)))
    found = read(body.with_motion(Motion(shift, np.zeros(SHAPE[axis]), np.zeros(SHAPE[axis]))))
    oracle("mri_motion", "spread of poses that only shift", found / told - 1, below=1e-6)


def test_a_turn_counts_as_jenkinson_says() -> None:
    """Half the weight turned by 6 degrees: 3 to either side of the mean, 2 R sqrt((1 - cos) / 5) each."""
    body = scan()
    weight = weights(body)
    angle = np.where(np.arange(48) % 2 == 1, 6.0, 0.0)
    share = float(weight[angle > 0].sum() / weight.sum())
    d = [2 * HEAD_MM * math.sqrt((1 - math.cos(math.radians(away))) / 5) for away in (6 * share, 6 * (1 - share))]
    told = math.sqrt((1 - share) * d[0] ** 2 + share * d[1] ** 2)
    assert read(body.with_motion(Motion(np.zeros((48, 2)), angle, np.zeros(48)))) == pytest.approx(told, rel=1e-6)


def test_only_lines_that_are_taken_count() -> None:
    """Poses of lines that are left out do not matter; a constant pose, rest, and no scan."""
    body, lines = scan(), every_rth(48, step=2)
    shift = np.zeros((48, 2))
    shift[~lines.numpy()] = 9.0
    away = Motion(shift, np.zeros(48), np.zeros(48))
    assert read(body.with_motion(away)) > 3
    assert read(replace(body, lines=lines).with_motion(away)) == pytest.approx(0.0, abs=1e-12)
    assert read(body.with_motion(Motion.constant(Pose((5.0, -3.0), 4.0), n_lines=48))) == pytest.approx(0.0, abs=1e-5)
    assert read(body) == 0.0
    assert read(None) is None
