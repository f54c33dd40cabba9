"""The kinds of head motion: what is drawn, what it does, and that harm follows the energy of the lines that are hit."""

from __future__ import annotations

import hashlib
import json
import math

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from physics import phantoms
from physics.display import Display
from physics.fourier import to_kspace
from physics.measure.pair import Pair, View
from physics.measure.registration import register
from physics.mri import MRIScan
from physics.mri.encoding import encode_moving
from physics.mri.measures import peak_displacement
from physics.mri.motion import Motion
from physics.mri.order import line_times
from physics.mri.pose_spread import pose_spread
from physics.mri.trajectory import DEG_TO_MM, Nod, Wander, course, trajectory
from physics.pose import Pose
from physics.scan import acquire
from recipes.mri.motion import ALLOWED, KINDS, RECIPE

# Patterns of version 1 for these kinds, seeds 0 to 19: a set that was drawn then can be drawn again.
VERSION_1 = {"sudden": "9eca54b5baefd954", "periodic": "bb5ef8fb0cc011ef", "drift": "50f958f520744291"}


def scan() -> MRIScan:
    return MRIScan.of(100 * phantoms.ellipses((64, 56)), spacing_mm=(3.0, 3.5))


@pytest.mark.parametrize("kind", VERSION_1)
def test_the_older_kinds_draw_what_they_drew(kind):
    """A kind that is asked for by name has the patterns of version 1, byte for byte."""
    patterns = [RECIPE.pattern(np.random.default_rng(seed), scan(), kind=kind) for seed in range(20)]
    assert hashlib.sha256(json.dumps(patterns, sort_keys=True).encode()).hexdigest()[:16] == VERSION_1[kind]


def test_any_kind_is_drawn_as_often_as_declared():
    """All kinds come, each with its share within three standard errors."""
    assert set(ALLOWED) == set(KINDS)
    assert math.isclose(sum(KINDS.values()), 1.0)
    found = [RECIPE.pattern(np.random.default_rng(seed), scan())["kind"] for seed in range(600)]
    for kind, share in KINDS.items():
        assert abs(found.count(kind) / 600 - share) < 3 * math.sqrt(share * (1 - share) / 600), kind


def test_a_nod_goes_there_and_back():
    """At rest before and after, at the full pose between, smooth on the way: x^2 (3 - 2 x)."""
    time = np.array([0.0, 0.2, 0.225, 0.25, 0.3, 0.4, 0.45, 0.5, 1.0])
    nod = Nod(at=0.2, shift_mm=(1.0, 0.0), angle_deg=0.5, ramp=0.1, hold=0.1)
    np.testing.assert_allclose(course(nod, time), [0, 0, 0.15625, 0.5, 1, 1, 0.5, 0, 0], atol=1e-12)


def test_a_wandering_head_is_a_sine_series():
    """sum c_j sin(pi j t): at rest at both ends; each coefficient at its own frequency."""
    time = np.linspace(0, 1, 9)
    np.testing.assert_allclose(course(Wander((1.0, 0.0), 0.0, (0.5, 0.0, -2.0)), time), 0.5 * np.sin(np.pi * time) - 2 * np.sin(3 * np.pi * time), atol=1e-12)
    # a Brownian bridge of variance t (1 - t): c_j = sqrt(2) / (pi j) times unit normals
    rng, order = np.random.default_rng(0), np.arange(1, 200)
    paths = np.array([course(Wander((1.0, 0.0), 0.0, tuple(rng.standard_normal(199) * math.sqrt(2) / (math.pi * order))), time) for _ in range(4000)])
    np.testing.assert_allclose(paths.var(axis=0), time * (1 - time), atol=3 * 0.25 * math.sqrt(2 / 4000) + 1e-3)


@pytest.mark.parametrize("kind", ["continuous", "nod_and_return"])
@pytest.mark.parametrize("order", ["linear", "centric", "interleaved"])
def test_new_kinds_have_the_peak_that_was_asked(kind, order):
    """The largest displacement against the start is the strength (turns about the head rest aside); a nod leaves most lines at rest, a wander none."""
    for seed in range(6):
        pattern = RECIPE.pattern(np.random.default_rng(seed), scan(), kind=kind, order=order)
        assert json.loads(json.dumps(pattern)) == pattern
        level = {**pattern, "pivot_mm": [0.0, 0.0]}
        motion = RECIPE.edit(scan(), strength=5.0, pattern=level).motion
        assert motion.displacement_mm(int(np.argmin(motion.time))).max() == pytest.approx(5.0, rel=0.01)
        still = float(motion.still.mean())
        assert still < 0.05 if kind == "continuous" else still > 0.4


def test_a_turn_and_a_shift_move_a_phantom_as_computed(oracle):
    """A head that wanders: every line is that of the Gaussian phantom at the pose of the line, from its continuous transform."""
    shape, spacing = (48, 41), (2.0, 2.5)
    blobs = (phantoms.Gaussian((6.0, -8.0), (7.0, 9.0), 20.0, 1.0 + 0.5j), phantoms.Gaussian((-12.0, 10.0), (8.0, 7.0), 0.0, 0.6 - 0.2j))
    pieces = (Wander((1.0, 0.3), 0.4, (1.0, -0.5, 0.4)), Nod(0.4, (0.0, -1.0), -0.3, 0.02, 0.1))
    motion = trajectory(pieces, peak_mm=6.0, time=line_times(48, "interleaved"), pivot_mm=(20.0, 3.0))
    found = encode_moving(phantoms.gaussians(shape, blobs, spacing_mm=spacing), motion, spacing_mm=spacing, phase_axis=0)[0]
    told = torch.stack(
        [
            phantoms.gaussians_kspace(
                shape,
                [
                    phantoms.moved(blob, Pose((float(motion.shift_mm[line, 0]), float(motion.shift_mm[line, 1])), float(motion.angle_deg[line])))
                    for blob in blobs
                ],
                spacing_mm=spacing,
            )[line]
            for line in range(48)
        ]
    )
    oracle("mri_motion", "lines of a wandering Gaussian phantom", float((found - told).norm() / told.norm()), below=1e-4)


def test_a_shift_of_whole_pixels_rolls_the_picture(oracle):
    """All lines of a nod that lasts the whole scan lie where the roll of the picture lies, downwards for a positive shift."""
    picture = phantoms.ellipses((48, 41), torch.float64).to(torch.complex128)
    motion = trajectory((Nod(0.0, (1.0, 0.0), 0.0, 1e-9, 5.0),), peak_mm=6.0, time=0.01 + line_times(48, "linear"))
    told = to_kspace(torch.roll(picture, 3, dims=0))
    oracle(
        "mri_motion",
        "a shift of whole pixels is a roll",
        float((encode_moving(picture, motion, spacing_mm=(2.0, 2.0), phase_axis=0)[0] - told).abs().max()),
        below=1e-9,
    )


def test_the_spread_of_poses_is_hand_computed():
    """A jump at half the weight spreads by half its size; a body held elsewhere by nothing; no scan, no reading."""
    healthy = scan()
    weight = healthy.body.line_energy(0, power=2).numpy()
    order = np.argsort(line_times(64, "linear"))
    moved = np.zeros(64, dtype=bool)
    moved[order[np.cumsum(weight[order]) > weight.sum() / 2]] = True
    share = weight[moved].sum() / weight.sum()
    shift = np.where(moved[:, None], [[3.0, -4.0]], 0.0)
    jumped = healthy.with_motion(Motion(shift, np.zeros(64), line_times(64, "linear")))
    picture = acquire(healthy)
    view = View("mri", "head", Display("window", 0.0, 110.0), healthy.body.support, healthy.spacing_mm)
    assert pose_spread(Pair(picture, picture, view, healthy, jumped)).value == pytest.approx(5.0 * math.sqrt(share * (1 - share)))
    assert pose_spread(Pair(picture, picture, view, healthy, healthy.at(Pose((4.0, 1.0), 3.0)))).value == pytest.approx(0.0, abs=1e-9)
    turned = healthy.with_motion(Motion(np.zeros((64, 2)), np.where(moved, 2.0, 0.0), line_times(64, "linear")))
    told = 2 * DEG_TO_MM * math.sqrt(share * (1 - share))
    assert pose_spread(Pair(picture, picture, view, healthy, turned)).value == pytest.approx(told, rel=1e-3)
    assert pose_spread(Pair(picture, picture, view)).value is None


def test_harm_follows_the_energy_of_the_lines_that_are_hit():
    """At one peak displacement the harm of patterns goes with the weighted spread of poses, much less with the largest displacement."""
    healthy = scan()
    reference = acquire(healthy)
    view = View("mri", "head", Display("window", 0.0, 110.0), healthy.body.support, healthy.spacing_mm)
    harm, weighted, peak = [], [], []
    for seed in range(25):
        pattern = RECIPE.pattern(np.random.default_rng(seed), healthy, kind=ALLOWED[seed % len(ALLOWED)])
        moved = RECIPE.edit(healthy, strength=5.0, pattern=pattern)
        picture = acquire(moved)
        beside = register(healthy, moved, picture, view)
        harm.append(float((picture - beside.reference).norm() / reference.norm()))
        pair = Pair(beside.reference, picture, view, healthy, moved)
        weighted.append(pose_spread(pair).value)
        peak.append(peak_displacement(pair).value)
    assert spearmanr(harm, weighted).statistic > 0.75
    assert spearmanr(harm, weighted).statistic > spearmanr(harm, peak).statistic + 0.2
