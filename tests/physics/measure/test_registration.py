"""Registration by re-rendering: a phantom whose pose is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from scipy.special import huber
from scipy.stats import norm

from physics.display import display_of, object_mask
from physics.measure import families
from physics.measure.pair import Pair, View
from physics.measure.registration import _step, register
from physics.mri import MRIScan
from physics.pose import Pose
from physics.scan import acquire

SPACING = (1.0, 1.6)
SHAPE = (121, 96)
BLOBS = ((-18.0, 10.0, 6.0, 9.0, 1.0), (12.0, -20.0, 8.0, 5.0, 0.8), (20.0, 22.0, 5.0, 5.0, 0.6), (0.0, 0.0, 30.0, 40.0, 0.5))  # mm, mm, widths, height

NEUTRAL = Pose()


@dataclass(frozen=True)
class Blobs:
    """Gaussians in millimetres, drawn at a pose: an exact phantom, nothing interpolated."""

    pose: Pose = NEUTRAL
    guess: Pose | None = None
    shape: tuple[int, int] = SHAPE
    events: tuple = ()
    assumed: tuple = ()

    def mean_pose(self):
        return self.guess

    def at(self, pose):
        return replace(self, pose=pose)


DRAWN: list[Pose] = []


@acquire.register
def _draw(scan: Blobs) -> torch.Tensor:
    DRAWN.append(scan.pose)
    rows, columns = scan.shape
    down = (np.arange(rows) - rows // 2)[:, None] * SPACING[0] - scan.pose.shift_mm[0]
    right = (np.arange(columns) - columns // 2)[None] * SPACING[1] - scan.pose.shift_mm[1]
    angle = np.radians(scan.pose.angle_deg)  # from axis 1 towards axis 0: undo it
    y, x = down * np.cos(angle) - right * np.sin(angle), down * np.sin(angle) + right * np.cos(angle)
    picture = sum(h * np.exp(-0.5 * (((y - a) / s) ** 2 + ((x - b) / t) ** 2)) for a, b, s, t, h in BLOBS)
    return torch.from_numpy(100 * picture)


VIEW = View("mri", "head", display_of(_draw(Blobs()), modality="mri", anatomy="head"), torch.ones(SHAPE, dtype=torch.bool), SPACING)


@pytest.mark.parametrize("pose", [Pose((2.4, -1.7), 3.0), Pose((-3.0, 4.0), -2.0), Pose((0.0, 1.0), 0.5)])
@pytest.mark.parametrize("error", [Pose((0.9, 0.0), 0.0), Pose((0.0, -1.3), 0.0), Pose((0.0, 0.0), 0.8), Pose((-0.5, 0.6), -0.6)])
def test_a_held_pose_is_found_from_a_wrong_guess(pose, error):
    """Shift along either axis and angle come back to 0.03 mm and 0.03 degree: signs, axes, spacing and centre are right."""
    guess = Pose((pose.shift_mm[0] + error.shift_mm[0], pose.shift_mm[1] + error.shift_mm[1]), pose.angle_deg + error.angle_deg)
    found = register(Blobs(), Blobs(guess=guess), acquire(Blobs(pose)), VIEW)
    assert found.pose.shift_mm == pytest.approx(pose.shift_mm, abs=0.03)
    assert found.pose.angle_deg == pytest.approx(pose.angle_deg, abs=0.03)
    torch.testing.assert_close(found.reference, acquire(Blobs(found.pose)))


@pytest.mark.parametrize("error", [Pose((0.0, 0.0), 0.8), Pose((0.6, -0.9), 0.0), Pose((-0.5, 0.6), -0.6)])
def test_one_step_goes_almost_all_the_way(error):
    """A guess that is off by less than a blob is mended to 6 % by the first step: its slopes and arms are in millimetres along both axes."""
    pose = Pose((1.0, 2.0), 1.0)
    degraded = acquire(Blobs(pose))
    DRAWN.clear()
    register(Blobs(), Blobs(guess=Pose((1.0 + error.shift_mm[0], 2.0 + error.shift_mm[1]), 1.0 + error.angle_deg)), degraded, VIEW)
    first = DRAWN[1]
    size = max(map(abs, (*error.shift_mm, error.angle_deg)))
    assert first.shift_mm == pytest.approx(pose.shift_mm, abs=0.06 * size)
    assert first.angle_deg == pytest.approx(pose.angle_deg, abs=0.06 * size)


@pytest.mark.parametrize("shape", [(121, 96), (120, 95)])
def test_a_step_turns_about_the_centre_pixel(shape):
    """Of a guess a twentieth of a degree off the first step mends the turn and shifts by less than a third of what a centre one pixel off would ask for."""
    pose, error_deg = Pose((1.0, 2.0), 1.0), 0.05
    degraded = acquire(Blobs(pose, shape=shape))
    DRAWN.clear()
    view = replace(VIEW, mask=torch.ones(shape, dtype=torch.bool))
    register(Blobs(shape=shape), Blobs(guess=Pose(pose.shift_mm, 1.0 + error_deg), shape=shape), degraded, view)
    assert DRAWN[1].angle_deg == pytest.approx(1.0, abs=0.05 * error_deg)
    assert DRAWN[1].shift_mm == pytest.approx(pose.shift_mm, abs=np.radians(error_deg) * min(SPACING) / 3)


def test_the_cost_of_a_step_is_huber_s():
    """Half the square up to 1.345 deviations, told by the median, and straight from there: gain and offset from a fit under the weights of the fit before it,
    in another implementation of the loss."""
    rng = np.random.default_rng(2)
    reference = acquire(Blobs(shape=(40, 31))).numpy()
    target = 0.8 * reference + 4 + rng.standard_normal(reference.shape) + 30 * (rng.random(reference.shape) < 0.1)
    weight = np.ones(reference.size)
    for _ in range(2):
        gain, offset = np.polyfit(reference.ravel(), target.ravel(), 1, w=np.sqrt(weight))
        left = target.ravel() - gain * reference.ravel() - offset
        bound = 1.345 * np.median(np.abs(left)) / norm.ppf(0.75)
        weight = bound / np.maximum(np.abs(left), bound)
    _, cost = _step(target, reference, np.ones(reference.shape, bool), np.array(SPACING), Pose())
    assert cost == pytest.approx(huber(bound, left).mean(), rel=1e-4)


def test_brightness_and_a_ghost_do_not_pull_the_pose():
    """A picture 30 % darker with an offset and an artefact in one corner keeps its pose."""
    pose = Pose((1.5, -2.0), 1.5)
    degraded = 0.7 * acquire(Blobs(pose)) + 5
    degraded[:20, :20] += 40
    found = register(Blobs(), Blobs(guess=Pose((0.8, -1.2), 1.0)), degraded, VIEW)
    assert found.pose.shift_mm == pytest.approx(pose.shift_mm, abs=0.15)
    assert found.pose.angle_deg == pytest.approx(pose.angle_deg, abs=0.15)


def test_few_pictures_are_taken():
    """A right guess costs one picture, a wrong one three at most; nothing that moves costs the plain reference."""
    pose = Pose((2.0, 1.0), 1.0)
    degraded = acquire(Blobs(pose))
    DRAWN.clear()
    register(Blobs(), Blobs(guess=pose), degraded, VIEW)
    assert len(DRAWN) == 1
    DRAWN.clear()
    register(Blobs(), Blobs(guess=Pose((1.2, 1.4), 0.5)), degraded, VIEW)
    assert len(DRAWN) <= 3
    for guess in (None, Pose()):
        DRAWN.clear()
        found = register(Blobs(), Blobs(guess=guess), degraded, VIEW)
        assert [Pose()] == DRAWN
        assert found.pose == guess
        torch.testing.assert_close(found.reference, acquire(Blobs()))


@pytest.mark.parametrize("error", [Pose((0.0, 0.0), 8.0), Pose((9.0, 0.0), 0.0)])
def test_a_step_moves_no_pixel_of_the_object_by_more_than_six(error):
    """A guess that is far off takes a first step whose shift plus turn of the corners, in millimetres, is six of the smaller pixels."""
    pose = Pose((2.0, -1.0), 3.0)
    guess = Pose((pose.shift_mm[0] + error.shift_mm[0], pose.shift_mm[1] + error.shift_mm[1]), pose.angle_deg + error.angle_deg)
    degraded = acquire(Blobs(pose))
    DRAWN.clear()
    register(Blobs(), Blobs(guess=guess), degraded, VIEW)
    first, second = DRAWN[:2]
    shift = np.hypot(second.shift_mm[0] - first.shift_mm[0], second.shift_mm[1] - first.shift_mm[1])
    corner_mm = 0.5 * np.hypot((SHAPE[0] - 1) * SPACING[0], (SHAPE[1] - 1) * SPACING[1])
    assert shift + np.radians(abs(second.angle_deg - first.angle_deg)) * corner_mm == pytest.approx(6.0 * min(SPACING), rel=1e-6)


@pytest.mark.parametrize("pose", [Pose((4.0, 0.0), 0.0), Pose((0.0, -3.0), 0.0), Pose((1.0, 2.0), 4.0)])
def test_a_head_held_elsewhere_has_no_artefact(pose):
    """Any constant pose of an MRI scan has u of at most 0.05 after registration, and is severe without."""
    y, x = np.mgrid[:128, :110] - np.array([64, 55])[:, None, None]
    head = 100.0 * (np.hypot(y / 50, x / 42) < 1) + 40 * (np.hypot((y + 8) / 20, (x - 9) / 12) < 1) - 60 * (np.hypot((y - 12) / 8, (x + 14) / 10) < 1)
    image = torch.from_numpy(np.maximum(head, 0).astype(np.float32))
    healthy = MRIScan.of(image, spacing_mm=(1.0, 1.2))
    mask = object_mask(image, modality="mri")
    view = View("mri", "head", display_of(image, modality="mri", anatomy="head"), mask, (1.0, 1.2))
    moved = healthy.at(pose)
    degraded = acquire(moved)
    found = register(healthy, moved, degraded, view)
    assert families.disturbance(Pair(found.reference, degraded, view)).value < 0.03  # u = 0.05
    assert families.disturbance(Pair(acquire(healthy), degraded, view)).value > 0.3
