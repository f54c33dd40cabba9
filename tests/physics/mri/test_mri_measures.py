"""What the measures of MRI read off a pair."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.mri import MRIScan, measures
from physics.mri.motion import Motion
from physics.mri.receive import approach
from physics.mri.sampling import every_rth
from physics.mri.thermal import add_noise

SHAPE = (48, 40)


def pair(scan: MRIScan | None, *, mask: torch.Tensor | None = None, degraded: torch.Tensor | None = None) -> Pair:
    reference = 10 * phantoms.ellipses(SHAPE, torch.float64)
    view = View("mri", "head", Display("mri", 0.0, 12.0), (reference > 0) if mask is None else mask, (2.0, 1.0))
    return Pair(reference, reference if degraded is None else degraded, view, scan=scan)


def healthy(**options: object) -> MRIScan:
    return MRIScan.of(10 * phantoms.ellipses(SHAPE, torch.float64), spacing_mm=(2.0, 1.0), **options)  # type: ignore[arg-type]


def test_ghosts_are_read_in_air_over_tissue():
    """A ghost of 0.3 everywhere in air gives 0.3 over mean tissue; no air gives no reading."""
    plain = pair(None)
    mask = plain.view.mask
    degraded = plain.reference + 0.3 * (~mask)
    expected = 100 * 0.3 / float(plain.reference[mask].mean())
    assert measures.ghost_to_signal(pair(None, degraded=degraded)).value == pytest.approx(expected)
    assert measures.ghost_to_signal(plain).value == 0
    assert measures.ghost_to_signal(pair(None, mask=torch.ones(SHAPE, dtype=torch.bool))).value is None


def test_the_floor_that_was_there_before_is_no_ghost():
    """3-4-5: air of 0.4 that becomes 0.5 holds a ghost of 0.3; air that gets darker holds none; ten times the signal is the same share."""
    plain = pair(None)
    mask = plain.view.mask
    for unit in (1.0, 10.0):
        before, after = (unit * (plain.reference + floor * (~mask)) for floor in (0.4, 0.5))
        tissue = unit * float(plain.reference[mask].mean())
        assert measures.ghost_to_signal(replace(plain, reference=before, degraded=after)).value == pytest.approx(100 * 0.3 * unit / tissue)
        assert measures.ghost_to_signal(replace(plain, reference=after, degraded=before)).value == 0


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_displacement_is_weighted_by_energy_beyond_the_centre(phase_axis):
    """Only line 5 displaced by (3, 4) mm: 5 mm times its share of the energy of all |n| > 1; a line that is not sampled weighs nothing."""
    scan = healthy(phase_axis=phase_axis)
    shift = np.zeros((scan.n_lines, 2))
    shift[5] = (3.0, 4.0)
    motion = Motion(shift, np.zeros(scan.n_lines), np.arange(scan.n_lines) / scan.n_lines)
    energy = scan.body.spectrum.abs().square().sum(dim=1 - phase_axis).numpy()
    energy[[0, 1, -1]] = 0
    moved = scan.with_motion(motion)
    assert measures.weighted_displacement(pair(moved)).value == pytest.approx(5 * energy[5] / energy.sum())
    assert measures.peak_displacement(pair(moved)).value == pytest.approx(5.0)
    assert measures.share_of_lines_moved(pair(moved)).value == pytest.approx(100 / scan.n_lines)
    assert measures.weighted_displacement(pair(moved.with_lines(every_rth(scan.n_lines, step=2)))).value == 0
    for measure in (measures.weighted_displacement, measures.peak_displacement, measures.share_of_lines_moved, measures.jump_count):
        assert measure(pair(scan)).value == 0


def test_jumps_are_counted_in_the_order_of_time():
    """Two steps over a slow drift are two jumps, a ramp over three lines is one, whatever the order of the lines."""
    rng = np.random.default_rng(0)
    rank = rng.permutation(48)
    drift = 0.01 * np.arange(48)
    course = drift + 2.0 * (np.arange(48) >= 10) + np.clip((np.arange(48) - 30) / 3, 0, 1) * 3.0
    motion = Motion(np.stack([course[rank], 0 * drift], axis=1), np.zeros(48), rank / 48)
    assert measures.jump_count(pair(healthy().with_motion(motion))).value == 2
    np.testing.assert_allclose(measures.steps_mm(motion)[10], 2.01)
    slow = Motion(np.stack([drift[rank], 0 * drift], axis=1), np.zeros(48), rank / 48)
    assert measures.jump_count(pair(healthy().with_motion(slow))).value == 0


def test_noise_lines_and_shading_are_read_from_the_scan():
    """SNR counts source and added noise; lines kept and acceleration are inverse; the receive field's variation is that inside the mask."""
    scan = healthy(source_sigma=0.3)
    noisy = add_noise(scan, sigma=0.5, seed=0)
    assert measures.tissue_snr(pair(noisy)).value == pytest.approx(scan.mean_tissue / 0.5)
    assert measures.added_noise(pair(noisy)).value == pytest.approx(100 * 0.4 / scan.mean_tissue)
    assert measures.tissue_snr(pair(replace(scan, source_sigma=0.0))).value is None
    fewer = scan.with_lines(every_rth(48, step=4))
    assert measures.lines_kept(pair(fewer)).value == pytest.approx(25.0)
    assert measures.acceleration(pair(fewer)).value == pytest.approx(4.0)
    assert (measures.lines_kept(pair(scan)).value, measures.acceleration(pair(scan)).value) == (100.0, 1.0)
    shaded = approach(scan, nearness_per_m=50.0, directions_deg=(0.0,), radius_mm=15.0)
    inside = shaded.sensitivity.maps(SHAPE)[0].abs()[pair(None).view.mask].numpy()
    assert measures.receive_variation(pair(shaded)).value == pytest.approx(100 * inside.std() / inside.mean())
    assert measures.receive_variation(pair(scan)).value == 0


def test_without_a_scan_the_physics_is_not_read():
    """An independent re-measurement has no scan: a reason, not a number and not an error."""
    for name in (
        "weighted_displacement",
        "peak_displacement",
        "jump_count",
        "share_of_lines_moved",
        "tissue_snr",
        "added_noise",
        "lines_kept",
        "acceleration",
        "receive_variation",
    ):
        reading = getattr(measures, name)(pair(None))
        assert reading.value is None
        assert reading.reason
        assert getattr(measures, name).name == name
    assert math.isfinite(measures.AIR_SHARE)


@pytest.mark.parametrize(("size", "jumps"), [(0.7, 0), (0.9, 1)])
def test_a_jump_stands_out_from_a_steady_walk(size, jumps):
    """Of a head that walks 0.2 mm from line to line a step of 0.9 mm is a jump and one of 0.7 mm, less than four times as much, is none."""
    course = 0.2 * np.arange(48) + (size - 0.2) * (np.arange(48) >= 20)
    motion = Motion(np.stack([0 * course, course], axis=1), np.zeros(48), np.arange(48) / 48)
    assert measures.jump_count(pair(healthy().with_motion(motion))).value == jumps
