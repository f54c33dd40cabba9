"""Lines that belong to other slices."""

from __future__ import annotations

from dataclasses import replace
from math import radians, tan

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid, to_kspace
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_kspace
from physics.mri.chain import Slab
from physics.mri.motion import Motion
from physics.mri.receive import approach
from physics.mri.slice_profile import SliceProfile
from physics.mri.spin_history import MultiSlice
from physics.mri.thick_slice import thicken
from physics.mri.through_plane import OutOfPlane, encoded_slice, few_of, lines_of_other_slices, move_through, out_of_plane, peak_lift
from physics.pose import Pose
from physics.scan import EditConflict, acquire

FORGETFUL = MultiSlice(tr_s=50.0, flip_deg=90.0, thickness_mm=4.0)  # everything recovers: no memory


def gaussian(z: torch.Tensor | float, shape: tuple[int, int], spacing: tuple[float, float]) -> torch.Tensor:
    """Two blobs whose places, sizes and brightness depend on the height z in different ways; z may vary over the picture."""
    y, x = (grid * d for grid, d in zip(centred_grid(shape), spacing, strict=True))
    z = torch.as_tensor(z, dtype=torch.float64)
    first = 100 * torch.exp(-((y - 1.2 * z - 6) ** 2 / 9**2 + (x + 5) ** 2 / 12**2 + (z - 4) ** 2 / 7**2) / 2)
    return first + 60 * torch.exp(-((y + 14) ** 2 / 7**2 + (x - 0.8 * z - 12) ** 2 / 8**2 + (z + 5) ** 2 / 8**2) / 2)


def scan_of(*, phase_axis: int = 0, step: float = 1.0, n: int = 31, shape: tuple[int, int] = (64, 75), spacing: tuple[float, float] = (1.2, 1.0)) -> MRIScan:
    """The slice at height 0 of the blobs, real, so that k-space is the transform of the closed form."""
    index = n // 2
    volume = torch.stack([gaussian(step * (place - index), shape, spacing) for place in range(n)])
    scan = MRIScan.of(volume[index], spacing_mm=spacing, phase_axis=phase_axis, phase=False)
    slab = Slab(volume.to(torch.complex128), index, (step, *spacing))
    return replace(scan, slab=slab, body=replace(scan.body, density=slab.density[index]))


def moved(scan: MRIScan, shift: np.ndarray, tilt: np.ndarray | float = 0.0, *, axis: int = 0, pivot: float = 0.0) -> OutOfPlane:
    n = scan.n_lines
    return OutOfPlane(np.broadcast_to(shift, n).astype(float), np.broadcast_to(tilt, n).astype(float), np.fft.ifftshift(np.arange(n)) / n, axis, pivot)


@pytest.fixture(autouse=True)
def _all_tissue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The blobs have no air: everything counts as tissue."""
    monkeypatch.setattr("physics.mri.slice_profile.slab_share", lambda slab: torch.ones(slab.density.shape[1:], dtype=torch.float64))


@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize("shift", [2.0, -3.0, 1.37])
def test_a_shift_of_all_lines_shows_another_slice(oracle, phase_axis: int, shift: float) -> None:
    """A body that lies higher by d shows what lay at -d: the closed form of that slice, not of +d; whole slices exactly."""
    scan = scan_of(phase_axis=phase_axis)
    kspace = acquire_kspace(move_through(scan, moved(scan, np.array(shift)), FORGETFUL))[0]
    exact = to_kspace(gaussian(-shift, scan.matrix, scan.spacing_mm).to(torch.complex128))
    residual = float((kspace - exact).norm() / exact.norm())
    oracle("mri_through_plane_motion", "a volume moved across the slice, in closed form", residual, below=3e-4)
    if shift == round(shift):
        oracle("mri_through_plane_motion", "moved by whole slices", residual, below=1e-9)
    wrong = to_kspace(gaussian(shift, scan.matrix, scan.spacing_mm).to(torch.complex128))
    assert float((kspace - wrong).norm() / exact.norm()) > 0.1


@pytest.mark.parametrize("axis", [0, 1])
def test_a_tilt_cuts_the_body_obliquely(oracle, axis: int) -> None:
    """A tilt lifts places beyond the pivot, along its own axis, in millimetres."""
    scan = scan_of(step=0.5, n=81)
    motion = moved(scan, np.array(0.7), 4.0, axis=axis, pivot=-9.0)
    kspace = acquire_kspace(move_through(scan, motion, FORGETFUL))[0]
    along = centred_grid(scan.matrix)[axis] * scan.spacing_mm[axis]
    exact = to_kspace(gaussian(-(0.7 + tan(radians(4.0)) * (along + 9.0)), scan.matrix, scan.spacing_mm).to(torch.complex128))
    oracle("mri_through_plane_motion", "a tilted volume, in closed form", float((kspace - exact).norm() / exact.norm()), below=1e-4)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_only_lines_of_a_moved_body_differ(oracle, phase_axis: int) -> None:
    """Lines at rest are those of the body at rest, bit for bit; each other line is that of its own pose."""
    scan = scan_of(phase_axis=phase_axis)
    rng = np.random.default_rng(2)
    shift = np.where(rng.random(scan.n_lines) < 0.5, 0.0, rng.choice([1.0, -2.0, 2.6], scan.n_lines))
    kspace, still = acquire_kspace(move_through(scan, moved(scan, shift), FORGETFUL))[0].movedim(phase_axis, 0), acquire_kspace(scan)[0].movedim(phase_axis, 0)
    assert torch.equal(kspace[shift == 0], still[shift == 0])
    for value in (1.0, -2.0, 2.6):
        exact = to_kspace(gaussian(-value, scan.matrix, scan.spacing_mm).to(torch.complex128)).movedim(phase_axis, 0)
        lines = torch.from_numpy(shift == value)
        oracle("mri_through_plane_motion", "each line is that of its own pose", float((kspace - exact)[lines].abs().max() / exact.abs().max()), below=3e-4)


def test_a_drift_takes_few_slices_and_still_every_pose(oracle) -> None:
    """Two hundred poses with a tilt are made of at most 16 slices, and agree with every pose on its own."""
    scan = scan_of(shape=(200, 48), spacing=(0.6, 1.4))
    time = np.fft.ifftshift(np.arange(200)) / 200
    motion = OutOfPlane(5 * time**1.3, 1.5 * time, time)
    kspace = acquire_kspace(move_through(scan, motion, FORGETFUL))[0]
    along = centred_grid(scan.matrix)[0] * 0.6
    worst = 0.0
    for line in range(0, 200, 7):
        exact = to_kspace(gaussian(-(motion.shift_mm[line] + tan(radians(motion.tilt_deg[line])) * along), scan.matrix, scan.spacing_mm).to(torch.complex128))
        worst = max(worst, float((kspace[line] - exact[line]).abs().max() / exact.abs().max()))
    oracle("mri_through_plane_motion", "a drift of two hundred poses made of 16 slices", worst, below=3e-4)


def test_a_movement_grows_as_a_whole() -> None:
    """The peak is that of shift and tilt together from the pose that most of the picture shows, a degree standing for 50.6 mm of arc times pi / 180."""
    time = np.linspace(0.0, 0.9, 10)
    planned = Motion(np.stack([np.r_[np.zeros(3), np.full(7, 2.0)], np.zeros(10)], axis=1), np.r_[np.zeros(3), np.full(7, 1.0)], time)
    unit = out_of_plane(planned, weight=np.ones(10), axis=0, pivot_mm=5.0)
    assert unit.peak_mm == pytest.approx(np.hypot(2.0, 80 * np.sqrt(0.4) * np.pi / 180))  # the first three lines lie lower
    np.testing.assert_allclose(unit.shift_mm, [-2.0] * 3 + [0.0] * 7)
    np.testing.assert_allclose(unit.tilt_deg, [-1.0] * 3 + [0.0] * 7)
    larger = unit.times(3.0)
    assert larger.peak_mm == pytest.approx(3 * unit.peak_mm)
    np.testing.assert_allclose((larger.shift_mm, larger.tilt_deg), (3 * unit.shift_mm, 3 * unit.tilt_deg))
    assert larger.pivot_mm == 5.0


def test_few_rows_make_all() -> None:
    """Rows of a table of rank three are sums of four of them at most, with factors that add up to 1."""
    rng = np.random.default_rng(1)
    mixing = rng.random((40, 3))
    table = (mixing / mixing.sum(axis=1, keepdims=True)) @ rng.random((3, 30))
    chosen, factors = few_of(table)
    assert len(chosen) <= 4
    np.testing.assert_allclose(factors @ table[chosen], table, atol=1e-3)
    np.testing.assert_allclose(factors.sum(axis=1), 1.0, atol=1e-3)


def test_few_rows_are_those_of_any_unit_and_their_factors_fit_best() -> None:
    """Of rows that need more than sixteen, the factors are least squares of the table with ten times its largest entry beside it for their sum, which holds to
    a tenth of what is left over; a millionth of the table is made of the same rows."""
    table = np.random.default_rng(3).random((40, 30))
    chosen, factors = few_of(table)
    assert len(chosen) == 16
    longer = np.concatenate([table, np.full((40, 1), 10 * table.max())], axis=1)
    np.testing.assert_allclose(factors.T, np.linalg.lstsq(longer[chosen].T, longer.T, rcond=None)[0], atol=1e-9)
    low_rank = np.random.default_rng(4).random((40, 5)) @ np.random.default_rng(5).random((5, 30))
    for unit in (1e-6, 1e6):
        np.testing.assert_array_equal(few_of(unit * low_rank)[0], few_of(low_rank)[0])
    assert len(few_of(low_rank)[0]) <= 6


def test_fresh_spins_brighten_the_first_line_after_a_jump() -> None:
    """After a jump by much more than the slice the next line in time is brighter by 1 / (1 - exp(-TR / T1)), the one after it is not."""
    scan = scan_of()
    n = scan.n_lines
    time = np.fft.ifftshift(np.arange(n)) / n
    motion = OutOfPlane(np.where(time >= 0.75, 10.0, 0.0), np.zeros(n), time)
    sequence = MultiSlice(tr_s=0.5, flip_deg=90.0, thickness_mm=3.0, gap=0.0)
    with_memory = acquire_kspace(move_through(scan, motion, sequence))[0]
    without = acquire_kspace(move_through(scan, motion, FORGETFUL))[0]
    order = np.argsort(time)
    first = order[int(0.75 * n)]
    gain = (with_memory[first].norm() / without[first].norm(), with_memory[order[int(0.75 * n) + 1]].norm() / without[order[int(0.75 * n) + 1]].norm())
    assert float(gain[0]) == pytest.approx(1 / (1 - np.exp(-0.5)), rel=1e-6)
    assert float(gain[1]) == pytest.approx(1.0, rel=1e-6)


def test_it_composes_with_thickness_and_with_movement_in_the_plane() -> None:
    """A thick slice moves as a thick slice, in either order of edits; a movement in the plane shifts the lines of other slices too."""
    scan = scan_of()
    profile, motion = SliceProfile(5.0), moved(scan, np.array(2.0))
    both = acquire_kspace(thicken(move_through(scan, motion, FORGETFUL), profile))
    torch.testing.assert_close(acquire_kspace(move_through(thicken(scan, profile), motion, FORGETFUL)), both)
    slab = scan.slab
    assert slab is not None
    lower = replace(scan, slab=replace(slab, index=slab.index - 2), body=replace(scan.body, density=slab.density[slab.index - 2]))
    torch.testing.assert_close(both, acquire_kspace(thicken(lower, profile)), rtol=0, atol=1e-6 * float(both.abs().max()))
    aside = scan.with_motion(Motion.constant(Pose((2.4, 3.0)), n_lines=scan.n_lines))
    shown = acquire(move_through(aside, motion, FORGETFUL))
    torch.testing.assert_close(shown, torch.roll(acquire(lower), (2, 3), (0, 1)), rtol=0, atol=1e-6 * float(shown.max()))


@pytest.mark.parametrize("motion", [None, Motion.constant(Pose((2.4, -1.0), 5.0), n_lines=64)])
@pytest.mark.parametrize("n_coils", [1, 4])
def test_the_own_slice_is_encoded_as_the_scan_does(n_coils: int, motion: Motion | None, oracle) -> None:
    """Under a receive field, whose shading noise in air does not share, and a movement in the plane: the slice at rest is k-space of the scan itself."""
    y, x = centred_grid((64, 75))
    noise = torch.from_numpy(np.random.default_rng(4).rayleigh(4.0, (64, 75)))
    scan = MRIScan.of(100 * ((y / 18) ** 2 + (x / 21) ** 2 < 1) + noise, spacing_mm=(2.0, 2.0), n_coils=n_coils, seed=2)
    shaded = approach(scan, nearness_per_m=20.0, directions_deg=(30.0,), radius_mm=40.0)
    shaded = shaded if motion is None else shaded.with_motion(motion)
    assert shaded.receive is not None
    exact = acquire_kspace(shaded)
    assert float((acquire_kspace(replace(shaded, receive=None)) - exact).norm() / exact.norm()) > 0.05
    residual = float((encoded_slice(shaded, shaded.body.density) - exact).norm() / exact.norm())
    oracle("mri_through_plane_motion", "the slice at rest is encoded as the scan does", residual, below=1e-9)


def test_neutral_refused_and_conflicting() -> None:
    """A body at rest is the same scan; no slab, one that is too short, and poses that are missing are refused; two movements conflict."""
    scan = scan_of()
    assert move_through(scan, moved(scan, np.array(0.0)), FORGETFUL) is scan
    with pytest.raises(ValueError, match="single picture"):
        move_through(replace(scan, slab=None), moved(scan, np.array(1.0)), FORGETFUL)
    with pytest.raises(ValueError, match="reach"):
        move_through(scan, moved(scan, np.array(17.0)), FORGETFUL)
    with pytest.raises(ValueError, match="each of the 64 lines"):
        move_through(scan, OutOfPlane(np.ones(5), np.zeros(5), np.zeros(5)), FORGETFUL)
    with pytest.raises(EditConflict, match="moves across"):
        move_through(move_through(scan, moved(scan, np.array(1.0)), FORGETFUL), moved(scan, np.array(1.0)), FORGETFUL)


def test_the_picture_shows_the_pose_of_most_of_its_energy() -> None:
    """Shifts are counted from the pose that weighs most: after an early jump the lines before it are the moved ones."""
    shift = np.zeros((10, 2))
    shift[3:, 0] = 4.0
    motion = out_of_plane(Motion(shift, np.zeros(10), np.arange(10) / 10), weight=np.ones(10), axis=0, pivot_mm=0.0)
    np.testing.assert_array_equal(motion.shift_mm, [-4, -4, -4, 0, 0, 0, 0, 0, 0, 0])


def test_the_measures() -> None:
    """Peak lift over the head and the share of lines that lie elsewhere."""
    scan = scan_of()
    shift = np.zeros(64)
    shift[:16] = 3.0
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(64, 75, dtype=torch.bool), (1.2, 1.0))
    pair = Pair(acquire(scan), acquire(scan), view, scan, move_through(scan, OutOfPlane(shift, np.zeros(64), np.arange(64) / 64), FORGETFUL))
    assert peak_lift(pair).value == pytest.approx(3.0)
    assert lines_of_other_slices(pair).value == pytest.approx(25.0)
    assert peak_lift(Pair(acquire(scan), acquire(scan), view, scan, scan)).value == 0.0
