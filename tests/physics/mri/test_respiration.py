"""A breathing wall: rigid limits, small amplitudes, what stays still."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.fourier import centred_grid, frequencies, to_kspace, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.encoding import encode_moving
from physics.mri.motion import Motion
from physics.mri.order import line_times
from physics.mri.respiration import Breath, Breathing, breathe, respiratory_ghost_spacing, wall_displacement, wall_share
from physics.mri.trunk import no_trunk
from physics.pose import Pose
from physics.scan import EditConflict, acquire

SHAPES = [(64, 48), (63, 51)]
SPACING = (3.0, 4.0)


def trunk(shape: tuple[int, int] = (64, 48), *, phase_axis: int = 0, half: tuple[float, float] = (70.0, 85.0), **options: object) -> MRIScan:
    """A smooth trunk with organs, inside air; off centre, without symmetry."""
    down, right = (grid * step for grid, step in zip(centred_grid(shape), SPACING, strict=True))
    body = torch.sigmoid((1 - torch.hypot((down - 4) / half[0], (right + 3) / half[1])) * 12)
    organs = 1 + 0.8 * torch.exp(-(((down + 20) / 14) ** 2) - ((right - 25) / 18) ** 2) - 0.4 * torch.exp(-(((down - 30) / 12) ** 2) - (right / 15) ** 2)
    return MRIScan.of(100 * body * organs, spacing_mm=SPACING, phase_axis=phase_axis, seed=5, **options)  # type: ignore[arg-type]


def rigid(scan: MRIScan, displacement: np.ndarray, *, n_bins: int) -> tuple[MRIScan, Breathing]:
    event = Breathing(torch.ones(scan.matrix, dtype=torch.float64), displacement, n_bins)
    return scan.with_event(event), event


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("axis", [0, 1])
def test_a_rigid_wall_is_a_translation_line_by_line(shape, axis, oracle):
    """w = 1 everywhere: each line is that of the body moved as a whole to the state of the line, exactly as encode_moving has it."""
    scan = trunk(shape, phase_axis=axis)
    displacement = -7.0 * Breath(0.25, 0.4, 0.3, 2, 0.1).course(scan.n_lines)
    moved, event = rigid(scan, displacement, n_bins=9)
    levels, index = event.states()
    shift = np.stack([levels[index], np.zeros(scan.n_lines)], axis=1)
    motion = Motion(shift, np.zeros(scan.n_lines), line_times(scan.n_lines, "linear"))
    tissue = scan.body.density * scan.body.tissue_share
    told = encode_moving(tissue, motion, spacing_mm=SPACING, phase_axis=axis) + to_kspace(scan.body.density - tissue)
    found = acquire_kspace(moved)
    oracle("mri_respiratory_ghosting", "w = 1 is a translation line by line", float((found - told).norm() / told.norm()), below=1e-9)
    whole = [
        float(kspace.movedim(1 + axis, 1)[0, line].norm())
        for kspace in (encode_moving(tissue, motion, spacing_mm=SPACING, phase_axis=axis),)
        for line in (0, 3, -5)
    ]
    still = [float(to_kspace(tissue).movedim(axis, 0)[line].norm()) for line in (0, 3, -5)]
    assert whole == pytest.approx(still)


def test_single_precision_keeps_the_translation(oracle):
    """The same in float32, through the transform that a stored picture takes."""
    double = trunk()
    scan = MRIScan.of(double.body.density.abs().float(), spacing_mm=SPACING, seed=5)
    moved, event = rigid(scan, -6.0 * Breath(0.25, 0.4).course(64), n_bins=8)
    levels, index = event.states()
    tissue = scan.body.density * scan.body.tissue_share
    motion = Motion(np.stack([levels[index], np.zeros(64)], axis=1), np.zeros(64), line_times(64, "linear"))
    told = encode_moving(tissue, motion, spacing_mm=SPACING, phase_axis=0) + to_kspace(scan.body.density - tissue)
    oracle("mri_respiratory_ghosting", "the same in single precision", float((acquire_kspace(moved) - told).norm() / told.norm()), below=1e-4)


def test_a_whole_pixel_of_inspiration_lifts_the_body_by_one_row():
    """A state held throughout: the picture is rolled towards row 0, where the front is."""
    scan = trunk()
    moved, _ = rigid(scan, np.full(64, -3.0), n_bins=5)
    tissue = scan.body.density * scan.body.tissue_share
    told = torch.roll(tissue, -1, dims=0) + scan.body.density - tissue
    torch.testing.assert_close(acquire_complex(moved), told, atol=1e-8, rtol=0)


@pytest.mark.parametrize("axis", [0, 1])
def test_small_breaths_give_copies_of_the_derivative(axis, oracle):
    """A sine of amplitude a: copies of w d rho / dy, of weight a / 2, at +-f TR N pixels along phase encoding; sign, place and size to first order in a."""
    scan = trunk(phase_axis=axis)
    n, distance, amplitude, phase = scan.n_lines, 7, 2e-3, 0.9
    rank = line_times(n, "linear") * n
    share = wall_share(scan)
    gain = acquire_complex(scan.with_event(Breathing(share, amplitude * np.cos(2 * np.pi * distance * rank / n + phase), 4096))) - acquire_complex(scan)
    tissue = scan.body.density * scan.body.tissue_share
    k = (frequencies(64) / (64 * SPACING[0]))[:, None]
    derivative = share * to_picture(2j * math.pi * k * to_kspace(tissue))
    start = 2 * math.pi * distance * (n // 2) / n + phase
    turn = complex(math.cos(start), math.sin(start))
    told = -amplitude / 2 * (turn * torch.roll(derivative, -distance, dims=axis) + turn.conjugate() * torch.roll(derivative, distance, dims=axis))
    oracle("mri_respiratory_ghosting", "small breaths: copies of w d rho/dy at +-f TR N", float((gain - told).norm() / told.norm()), below=2e-3)


def test_the_spine_stays():
    """Below the front of the spine no tissue moves: what changes there are copies; every line's own tissue is at rest, and w falls from wall to spine."""
    scan = trunk()
    share = wall_share(scan)
    rows = torch.nonzero(scan.body.support.any(dim=1)).flatten()
    top, spine = int(rows[0]), int(rows[0]) + 0.6 * float(rows[-1] - rows[0])
    middle = round(float(torch.nonzero(scan.body.support.any(dim=0)).double().mean()))
    assert bool((share[: top + 1, middle] > 0.999).all())
    assert bool((share[math.ceil(spine) :] < 1e-12).all())
    assert bool((torch.diff(share[:, middle]) <= 1e-12).all())
    half_way = share[round((top + spine) / 2), middle]
    assert float(half_way) == pytest.approx(0.5, abs=0.03)
    assert float(share[top, int(torch.nonzero(scan.body.support.any(dim=0))[-1])]) < 0.01


def test_the_share_of_the_wall_is_its_shape():
    """cos^2 of the depth below the highest skin and 1 - x^4 of the way to the flanks, for a block whose middle is not that of the picture."""
    picture = torch.zeros(60, 50, dtype=torch.float64)
    picture[15:50, 12:37] = 100.0  # with its rim of three pixels 41 rows, the spine 24 below the skin; columns 9 to 39: the middle is 24, the flanks 15 away
    share = wall_share(MRIScan.of(picture, spacing_mm=SPACING))
    support = torch.nonzero(MRIScan.of(picture, spacing_mm=SPACING).body.support)
    assert support.min(dim=0).values.tolist() == [12, 9]
    assert support.max(dim=0).values.tolist() == [52, 39]
    assert float(share[5, 24]) == float(share[12, 24]) == 1.0
    assert float(share[24, 24]) == pytest.approx(0.5)
    assert float(share[20, 24]) == pytest.approx(0.75)
    assert float(share[36:, :].abs().max()) < 1e-12
    for column in (19, 29):
        assert float(share[12, column]) == pytest.approx(1 - (5 / 15) ** 4)
    assert float(share[12, 9]) == float(share[12, 39]) == float(share[12, 49]) == 0.0


def test_tissue_folds_along_the_way_it_moves():
    """A share that is steep from column to column slides tissue past tissue; as steep from row to row it would fold it."""
    scan = trunk()
    steep = torch.zeros(scan.matrix, dtype=torch.float64)
    steep[:, 20:30] = 1.0
    assert len(breathe(scan, Breath(0.25, 0.4), wall_mm=12.0, share=steep).events) == 1
    with pytest.raises(ValueError, match="fold"):
        breathe(scan, Breath(0.25, 0.4), wall_mm=12.0, share=(centred_grid(scan.matrix)[0] > 0).double())


def test_an_uneven_rate_starts_fast():
    """theta + 3 q sin(theta / 5.3) of breath at a time: the first breaths come sooner than those of an even rate, as the root of that sum says."""
    n, tr_s = 4000, 1e-3
    course = Breath(1.0, tr_s, dwell=200, irregular=0.2).course(n)[np.argsort(line_times(n, "linear"))]
    first = (np.argmax(course[500:1400]) + 500) * tr_s
    theta = 2 * np.pi * np.linspace(0.5, 1.4, 90001)
    told = theta[np.argmin(np.abs(theta + 0.6 * np.sin(theta / 5.3) - 2 * np.pi))] / (2 * np.pi)
    assert first == pytest.approx(told, abs=2 * tr_s)
    assert told < 0.95


def test_nothing_changes_where_the_spine_lies_if_lines_agree(oracle):
    """A breath held at one depth: organs stand higher, and the spine and the back keep every digit."""
    scan = trunk()
    held = acquire_complex(scan.with_event(Breathing(wall_share(scan), np.full(64, -9.0), 3))) - acquire_complex(scan)
    spine = wall_share(scan).abs().max(dim=1).values < 1e-3
    oracle("mri_respiratory_ghosting", "held breath: spine and back unchanged", float(held[spine].abs().max() / held.abs().max()), below=1e-10)
    assert float(held[~spine].abs().max()) > 5


def test_no_breath_is_no_change():
    """A travel of 0 returns the scan itself."""
    scan = trunk()
    assert breathe(scan, Breath(0.25, 0.3), wall_mm=0.0) is scan


def test_the_breath_is_written_out():
    """cos^2n of the time of the line; irregularity changes rate and depth slowly."""
    for order in ("linear", "centric", "interleaved"):
        time = line_times(21, order, n_shots=8) * 21 * 0.4
        np.testing.assert_allclose(Breath(0.3, 0.4, 0.5, 3, order=order).course(21), np.cos(np.pi * 0.3 * time + 0.25) ** 6)
    plain, uneven = Breath(0.25, 0.05).course(2001), Breath(0.25, 0.05, irregular=0.1).course(2001)
    assert np.std(plain - uneven) > 0.03
    assert 0.85 < uneven.max() < 1.11
    assert uneven.min() >= 0


def test_the_mean_state_is_that_of_the_reference():
    """Weighted by |k|^2 and spectral energy the displacement is 0, its range is the travel, and inspiration lifts the wall."""
    scan = trunk()
    breath = Breath(0.25, 0.4, 0.3)
    event = breathe(scan, breath, wall_mm=8.0).events[0]
    weight = scan.body.line_energy(0, power=2).numpy()
    assert abs(weight @ event.wall_mm / weight.sum()) < 1e-12
    assert np.ptp(event.wall_mm) == pytest.approx(8.0 * np.ptp(breath.course(64)))
    assert np.corrcoef(event.wall_mm, breath.course(64))[0, 1] < -0.999
    levels, index = event.states()
    assert np.abs(levels[index] - event.wall_mm).max() <= np.ptp(event.wall_mm) / 24 + 1e-12


def view_of(scan: MRIScan) -> View:
    return View("mri", "abdomen", Display("window", 0.0, 200.0), scan.body.support, scan.spacing_mm)


@pytest.mark.parametrize("factor", [1, 2])
def test_copies_lie_where_the_rate_says(factor):
    """f TR N pixels, twice as far at twice the TR; the travel is read off the scan."""
    scan = trunk()
    breathing = breathe(scan, Breath(0.25, factor * 5 / 64 / 0.25, dwell=1), wall_mm=6.0)
    pair = Pair(acquire(scan), acquire(breathing), view_of(scan), scan, breathing)
    assert respiratory_ghost_spacing(pair).value == pytest.approx(factor * 5 * 3.0)
    assert wall_displacement(pair).value == pytest.approx(6.0, rel=0.03)
    assert wall_displacement(Pair(pair.reference, pair.reference, pair.view, scan, scan)).value == 0.0


def test_a_patient_who_also_turns_breathes_in_the_moved_body():
    """A body held elsewhere breathes as the body at rest does, moved along."""
    scan = trunk()
    moved = scan.with_motion(Motion.constant(Pose((6.0, -4.0), 0.0), n_lines=64))
    breath = Breath(0.25, 0.4, 0.3)
    still, taken = acquire_complex(breathe(scan, breath, wall_mm=8.0)), acquire_complex(breathe(moved, breath, wall_mm=8.0))
    torch.testing.assert_close(taken, torch.roll(still, (2, -1), dims=(0, 1)), atol=1e-7, rtol=0)


def test_trunks_are_told_from_heads():
    """Size and shape of the outline decide; the front must lie in the picture."""
    assert no_trunk(trunk((64, 96), half=(66.0, 150.0))) is None
    assert "mm wide" in str(no_trunk(trunk()))  # a head: 170 mm wide
    assert "mm wide" in str(no_trunk(trunk((128, 96), half=(170.0, 150.0))))  # lengthwise
    assert "front" in str(no_trunk(trunk((44, 96), half=(66.0, 150.0))))
    assert no_trunk(MRIScan.of(torch.zeros(16, 16))) == "the picture is empty"


@pytest.mark.parametrize(("rows", "columns", "is_trunk"), [(100, 130, True), (100, 129, False), (110, 132, True), (111, 132, False)])
def test_a_trunk_begins_at_its_stated_size(rows: int, columns: int, is_trunk: bool) -> None:
    """Pixels of 2 mm: an outline of 130 columns is 260 mm wide, of 129 it is no trunk; 132 columns are 1.2 times as wide as 110 rows are deep, not as 111."""
    picture = torch.zeros(160, 170)
    picture[20 : 20 + rows - 6, 15 : 15 + columns - 6] = 100.0  # the outline counts a rim of three pixels
    scan = MRIScan.of(picture, spacing_mm=(2.0, 2.0))
    assert int(scan.body.support.any(dim=1).sum()) == rows
    assert int(scan.body.support.any(dim=0).sum()) == columns
    assert (no_trunk(scan) is None) == is_trunk


@pytest.mark.parametrize(("first", "last", "is_cut"), [(10, 40, False), (118, 150, False), (52, 60, True), (72, 80, True), (100, 108, True)])
def test_the_front_is_the_middle_half_of_the_width(first: int, last: int, is_cut: bool) -> None:
    """An outline on columns 12 to 147: shoulders that reach the edge of the picture are none of the front, which lies on columns 46 to 113."""
    picture = torch.zeros(160, 170)
    picture[40:130, 15:145] = 100.0
    picture[:60, max(first, 15) : min(last, 145)] = 100.0
    assert ("front" in str(no_trunk(MRIScan.of(picture, spacing_mm=(2.0, 2.4))))) == is_cut


def test_what_makes_no_sense_is_refused():
    """Negative travel, no states, folding tissue, an empty picture; a readout without lines in either order."""
    scan, breath = trunk(), Breath(0.25, 0.3)
    with pytest.raises(ValueError, match="wall_mm"):
        breathe(scan, breath, wall_mm=-1.0)
    with pytest.raises(ValueError, match="n_bins"):
        breathe(scan, breath, wall_mm=1.0, n_bins=0)
    with pytest.raises(ValueError, match="fold"):
        breathe(scan, breath, wall_mm=200.0)
    with pytest.raises(ValueError, match="empty"):
        wall_share(MRIScan.of(torch.zeros(16, 16)))

    class Path:
        def sample(self, kspace: torch.Tensor) -> torch.Tensor:
            return kspace

        def picture(self, samples: torch.Tensor) -> torch.Tensor:
            return samples[0]

    with pytest.raises(EditConflict):
        breathe(scan.with_readout(Path()), breath, wall_mm=3.0)
    with pytest.raises(EditConflict):
        acquire(breathe(scan, breath, wall_mm=3.0).with_readout(Path()))


def test_the_depth_of_a_breath_changes_from_one_to_the_next():
    """The k-th inspiration, where the angle of the breath is 2 pi k, is 1 + 0.1 sin(2 pi k / 3.7) deep: no two neighbours are alike, whatever the rate does."""
    course = Breath(0.25, 0.01, dwell=50, irregular=0.1).course(4000)[np.argsort(line_times(4000, "linear"))]
    inner = course[1:-1]
    peaks = inner[(inner > course[:-2]) & (inner >= course[2:])]
    assert len(peaks) >= 9
    np.testing.assert_allclose(peaks[:9], 1 + 0.1 * np.sin(2 * np.pi * np.arange(1, 10) / 3.7), atol=2e-3)


def test_folding_is_counted_in_millimetres() -> None:
    """A wall that gives way over ten rows of 3 mm has a slope of a thirtieth a millimetre: 18 mm do not fold it, though they would over ten millimetres."""
    scan = trunk()
    down, _ = centred_grid(scan.matrix)
    share = ((5.0 - down) / 10.0).clamp(0, 1)
    assert breathe(scan, Breath(0.25, 0.4), wall_mm=18.0, share=share).events
    with pytest.raises(ValueError, match="fold"):
        breathe(scan, Breath(0.25, 0.4), wall_mm=90.0, share=share)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_held_breath_says_its_millimetres(axis: int) -> None:
    """All tissue held 6 mm towards row 0 says so in millimetres on pixels of 3 by 4, and nothing along axis 1, whichever axis has the lines."""
    scan = trunk(phase_axis=axis)
    _, event = rigid(scan, np.full(scan.n_lines, -6.0), n_bins=4)
    torch.testing.assert_close(event.displacement_mm(scan)[0], torch.full(scan.matrix, -6.0, dtype=torch.float64))
    assert not bool(event.displacement_mm(scan)[1].any())


def test_tissue_arrives_as_far_as_it_travels_on_fine_pixels() -> None:
    """Twenty-four rows of a quarter of a millimetre are 6 mm: the body is rolled by as many rows, its rim too."""
    down, right = centred_grid((128, 48))
    body = torch.sigmoid((1 - torch.hypot((down - 2) / 14, (right + 3) / 15)) * 12)
    scan = MRIScan.of(100 * body, spacing_mm=(0.25, 0.7), phase=False)
    moved, _ = rigid(scan, np.full(128, -6.0), n_bins=1)
    tissue = scan.body.density * scan.body.tissue_share
    torch.testing.assert_close(acquire_complex(moved), torch.roll(tissue, -24, dims=0) + scan.body.density - tissue, atol=1e-8, rtol=0)


def test_states_are_counted_from_the_least_displacement() -> None:
    """Two states between 0 and 2 mm stand for 0.5 and 1.5 mm; what lies on their border belongs to the upper one, the largest to the last."""
    levels, index = Breathing(torch.ones(3, 3, dtype=torch.float64), np.array([0.0, 1.0, 2.0, 0.9]), 2).states()
    assert levels.tolist() == [0.5, 1.5]
    assert index.tolist() == [0, 1, 1, 0]
