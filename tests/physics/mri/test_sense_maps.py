"""Maps that no longer fit: where the copies go, how strong they are, and what the calibration scan saw."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.display import Display
from physics.fourier import frequencies, to_kspace, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.calibration import estimated_maps
from physics.mri.folding import with_size
from physics.mri.regular_sense import AIR_PENALTY, rows_of
from physics.mri.residual_aliasing import calibration_shift, residual_copies
from physics.mri.sampling import every_rth
from physics.mri.sense_maps import FAR_MM, FAR_SHARE, REACH_MM, MappedSense, beyond_the_outline, calibration_scan, coarse_maps, unfold_with_old_maps
from physics.scan import EditConflict, acquire


@pytest.mark.parametrize(("shape", "phase_axis", "step"), [((24, 10), 0, 2), ((9, 27), 1, 3)])
def test_what_the_maps_leave_out_stays_folded(shape, phase_axis, step, oracle):
    """A point under an infinite penalty lands on its aliases m N / R away with the least-squares share of each, and nowhere else."""
    at = (5, 4)
    picture = torch.zeros(shape, dtype=torch.float64)
    picture[at] = 10.0
    scan = MRIScan.of(picture, n_coils=6, phase_axis=phase_axis, phase=False)
    maps, covariance = scan.sensitivity.maps(shape), scan.array.covariance()
    penalty = torch.zeros(shape, dtype=torch.float64)
    penalty[at] = 1e12
    unfolding = MappedSense(step, rows_of(covariance), maps, penalty, (1.0, 0.0))
    found = acquire_complex(scan.with_lines(every_rth(scan.n_lines, step=step)).with_reconstruction(unfolding))
    n = shape[phase_axis]
    places = [tuple((p + m * n // step) % n if axis == phase_axis else p for axis, p in enumerate(at)) for m in range(1, step)]
    weight = np.linalg.inv(covariance)
    s = np.stack([maps[:, r, c].numpy() for r, c in places], axis=1)
    shares = np.linalg.solve(s.conj().T @ weight @ s, s.conj().T @ weight @ maps[:, at[0], at[1]].numpy())
    expected = torch.zeros(shape, dtype=torch.complex128)
    for place, share in zip(places, shares, strict=True):
        expected[place] = 10.0 * complex(share)
    oracle("mri_sense_residual", "what the maps leave out lands at m N / R", float((found - expected).abs().max()) / 10, below=1e-8)
    assert float(expected.abs().max()) > 0.5


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_the_calibration_saw_body_or_array_elsewhere(phase_axis):
    """body: the picture moved by whole pixels under fixed maps; array: the picture in place under maps that stand as far away; neither: the scan itself."""
    shape, spacing = (40, 45), (2.0, 1.5)
    scan = MRIScan.of(phantoms.ellipses(shape, torch.float64), spacing_mm=spacing, n_coils=4, phase_axis=phase_axis)
    maps, density = scan.sensitivity.maps(shape), scan.body.density
    body = calibration_scan(scan, shift_mm=(6.0, -4.5), kind="body")
    torch.testing.assert_close(to_picture(body), maps * torch.roll(density, (3, -3), dims=(0, 1)), atol=1e-9, rtol=0)
    array = to_picture(calibration_scan(scan, shift_mm=(6.0, -4.5), kind="array"))
    torch.testing.assert_close(array[:, 3:, :-3], maps[:, :-3, 3:] * density[3:, :-3], atol=1e-9, rtol=0)
    for kind in ("body", "array"):
        torch.testing.assert_close(calibration_scan(scan, shift_mm=(0.0, 0.0), kind=kind), acquire_kspace(scan), atol=1e-9, rtol=0)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_the_calibration_is_coarse(phase_axis):
    """Lines twelve and more from the centre say nothing to the maps: those of a calibration without them are the same."""
    scan = MRIScan.of(100 * phantoms.ellipses((66, 60), torch.float64), spacing_mm=(2.0, 2.0), n_coils=8, phase_axis=phase_axis)
    made = unfold_with_old_maps(scan, shift_mm=(6.0, 3.0), step=2, kind="body").reconstruction
    seen = calibration_scan(scan.with_array(8), shift_mm=(6.0, 3.0), kind="body")
    k = frequencies(scan.n_lines).abs()
    for last, alike in ((11, True), (12, False), (10, False)):
        found = estimated_maps(seen, lines=k <= last, phase_axis=phase_axis)
        assert (float((found - made.maps).abs().median()) < 1e-9) == alike  # in air the common phase hangs on rounding


def test_trust_in_maps_ends_softly(oracle):
    """Beyond a straight outline the penalty is 3 t^2 - 2 t^3 of its full height at t of the reach in mm, on pixels of 2 mm and 1 mm; maps go on as they were
    at the outline, with norm 1, whatever the air held; the body's own maps stay."""
    body = torch.zeros((48, 60), dtype=torch.float64)
    body[10:30, 20:44] = 1.0
    maps = torch.full((2, 48, 60), 1.0, dtype=torch.complex128) * torch.tensor([0.6, 0.8j], dtype=torch.complex128)[:, None, None]
    wild = torch.where(body > 0, maps, torch.randn(maps.shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(0)))
    found, penalty = beyond_the_outline(wild, AIR_PENALTY * (1 - body), spacing_mm=(2.0, 1.0))
    oracle("mri_sense_residual", "maps go on beyond the outline as they were at it", float((found - maps).abs().max()), below=1e-9)
    for reached, mm in ((penalty[30:40, 32], 2.0), (penalty[20, 44:56], 1.0)):
        way = (torch.arange(1, len(reached) + 1, dtype=torch.float64) * mm / REACH_MM).clamp(max=1)
        torch.testing.assert_close(reached, AIR_PENALTY * (3 * way**2 - 2 * way**3))
    assert float(penalty[body > 0].abs().max()) == 0.0


def test_air_takes_the_mean_of_the_maps_about_it(oracle):
    """Two pieces of a body with maps of their own, in millimetres of oblong pixels: in air the sum over the body's pixels under a Gaussian of 8 mm, and a
    ten-thousandth of one of 50 mm that speaks where nothing nearer does, brought to norm 1, whatever stands in air; a mixed pixel takes of either."""
    shape, spacing = (48, 60), (2.0, 1.5)
    maps, body = torch.randn((2, *shape), dtype=torch.complex128, generator=torch.Generator().manual_seed(7)), torch.zeros(shape, dtype=torch.float64)
    for rows, columns, values in ((slice(4, 9), slice(6, 20), (0.6, 0.8j)), (slice(14, 22), slice(27, 33), (-0.8j, 0.6))):
        body[rows, columns] = 1.0
        maps[:, rows, columns] = torch.tensor(values, dtype=torch.complex128)[:, None, None]
    body[9, 6:20] = 0.3  # an outline that is trusted in part
    found, _ = beyond_the_outline(maps, AIR_PENALTY * (1 - body), spacing_mm=spacing)
    about = torch.zeros_like(maps)
    for reach, share in ((REACH_MM, 1.0), (FAR_MM, FAR_SHARE)):
        fall = []
        for n, d in zip(shape, spacing, strict=True):
            apart = d * (torch.arange(n)[:, None] - torch.arange(n)[None] + n * torch.arange(-6, 7)[:, None, None]).double()  # the picture is periodic
            fall.append(torch.exp(-((apart / reach) ** 2) / 2).sum(dim=0) * d / (reach * (2 * torch.pi) ** 0.5))
        about += share * (fall[0].to(maps) @ (maps * body) @ fall[1].T.to(maps))
    told = body * maps + (1 - body) * about / torch.linalg.vector_norm(about, dim=0)
    told = told / torch.linalg.vector_norm(told, dim=0)
    oracle("mri_sense_residual", "air takes the mean of the maps about it", float((found - told).abs().max()), below=1e-6)
    assert float((told - told[:, 5, 10, None, None]).abs()[:, 40, 50].min()) > 0.1  # both pieces speak far away


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_a_matrix_made_divisible_keeps_its_field_of_view(phase_axis):
    """Thirty-one lines on a grid of 32: their pixels are 31 / 32 as long, and trust ends as many millimetres from the body as along the readout."""
    shape = (31, 40) if phase_axis == 0 else (40, 31)
    scan = MRIScan.of(100 * phantoms.ellipses(shape, torch.float64), spacing_mm=(4.0, 3.0), n_coils=4, phase_axis=phase_axis)
    made = unfold_with_old_maps(scan, shift_mm=(6.0, -3.0), step=4, kind="body").reconstruction
    seen = with_size(calibration_scan(scan, shift_mm=(6.0, -3.0), kind="body"), n_lines=32, phase_axis=phase_axis)
    spacing = (4.0 * 31 / 32, 3.0) if phase_axis == 0 else (4.0, 3.0 * 31 / 32)
    penalty = coarse_maps(seen, phase_axis=phase_axis, spacing_mm=spacing)[1]
    assert bool(((penalty > 0) & (penalty < AIR_PENALTY)).any())
    torch.testing.assert_close(made.penalty, penalty)


def test_maps_of_the_right_place_leave_little_and_a_shift_leaves_more():
    """A hundredth of a millimetre leaves less than 6 % of error, and error and copies rise with the shift, for either kind."""
    source = 100 * phantoms.ellipses((96, 80))
    scan = MRIScan.of(source, spacing_mm=(2.0, 2.0))
    view = View("mri", "head", Display("window", 0.0, 200.0), source > 5, (2.0, 2.0))
    for kind in ("body", "array"):
        errors, copies = [], []
        for shift in (0.01, 20.0, 50.0):
            wrong = unfold_with_old_maps(scan, shift_mm=(shift, 0.0), step=3, kind=kind)
            picture = acquire(wrong)
            pair = Pair(source, picture, view, scan, wrong)
            errors.append(float((picture - source).norm() / source.norm()))
            copies.append(residual_copies(pair).value)
            assert calibration_shift(pair).value == pytest.approx(shift)
        assert errors[0] < 0.06
        assert errors[0] < errors[1] < errors[2]
        assert copies[0] < copies[2]


def test_a_copy_of_seven_percent_reads_seven(oracle):
    """Copies a third of the lines away, 7 % and 0 %, along the right axis; nothing accelerated reads 0; no scan gives no reading."""
    source = 100 * phantoms.ellipses((60, 48), torch.float64)
    view = View("mri", "head", Display("window", 0.0, 200.0), source > 5, (1.0, 1.0))
    healthy = MRIScan.of(source, phase_axis=1)
    scan = unfold_with_old_maps(healthy, shift_mm=(0.0, 5.0), step=3, kind="body")
    copied = source + 0.07 * torch.roll(source, 16, dims=1) - 0.2 * source
    found = residual_copies(Pair(source, copied, view, healthy, scan)).value
    oracle("mri_sense_residual", "a copy of 7 % of the body reads 7 %", found - 7.0, below=1e-6)
    assert residual_copies(Pair(source, copied, view, healthy, healthy)).value == 0.0
    assert residual_copies(Pair(source, copied, view)).value is None
    assert calibration_shift(Pair(source, copied, view, healthy, healthy)).value == 0.0


def test_copies_do_not_hang_on_where_arrays_lie_in_memory():
    """Measured again and again among other arrays, the same bits: a record holds them."""
    source = 100 * phantoms.ellipses((96, 80), torch.float64)
    view = View("mri", "head", Display("window", 0.0, 200.0), source > 5, (1.0, 1.0))
    scan = unfold_with_old_maps(MRIScan.of(source), shift_mm=(5.0, 0.0), step=3, kind="body")
    copied = source + 0.07 * torch.roll(source, 32, dims=0) + torch.arange(80.0, dtype=torch.float64).sin()
    first, kept = residual_copies(Pair(source, copied, view, scan, scan)).value, []
    for number in range(1, 60):
        kept.append(np.empty(1000 * number + 8 * number))  # so that what follows lies elsewhere
        assert residual_copies(Pair(source.clone(), copied.clone(), view, scan, scan)).value == first


def test_what_is_refused():
    """An unknown kind, a step of 1 and a second reconstruction; no shift leaves the scan; 32 lines that 3 does not divide work as well."""
    scan = MRIScan.of(phantoms.ellipses((32, 24)))
    assert unfold_with_old_maps(scan, shift_mm=(0.0, 0.0), step=2, kind="body") is scan
    for step, kind in ((1, "body"), (2, "table")):
        with pytest.raises(ValueError, match="allowed"):
            unfold_with_old_maps(scan, shift_mm=(1.0, 0.0), step=step, kind=kind)
    one = unfold_with_old_maps(scan, shift_mm=(1.0, 0.0), step=3, kind="array")
    assert acquire(one).shape == (32, 24)
    with pytest.raises(EditConflict):
        unfold_with_old_maps(one, shift_mm=(2.0, 0.0), step=3, kind="array")
    assert to_kspace(scan.body.density).shape == (32, 24)
