"""A body that reaches beyond the field of view of a parallel scan: where its outer parts land, and that the inner ones come back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.display import Display
from physics.fourier import centred_grid, to_kspace
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex
from physics.mri.regular_sense import AIR_PENALTY, rows_of
from physics.mri.sense_maps import unfold_with_old_maps
from physics.mri.small_field import SkippedInField, SmallFieldSense, field_acceleration, unfold_small_field
from physics.mri.thermal import ThermalNoise
from physics.mri.wrap import FieldOfView, field_of_view, fold, folded_share
from physics.scan import EditConflict, acquire

Oracle = Callable[..., None]


def with_exact_maps(scan: MRIScan, *, share: float, offset: float, step: int, penalty: torch.Tensor | None = None) -> MRIScan:
    """The scan of a small field, unfolded by the maps that simulated."""
    field = FieldOfView(share, offset)
    free = torch.zeros(scan.matrix, dtype=torch.float64) if penalty is None else penalty
    unfolding = SmallFieldSense(step, field, rows_of(scan.array.covariance()), scan.sensitivity.maps(scan.matrix), free)
    return scan.with_reconstruction(unfolding).with_event(SkippedInField(share, step)).with_event(field)


@pytest.mark.parametrize("phase_axis", [0, 1])
@pytest.mark.parametrize(
    ("n", "share", "offset", "step", "at", "places"),
    [
        (36, 24 / 36, 0.0, 2, 2, (14, 26)),  # the field holds pixels 6 to 29, folds are 12 apart: 2 + 12 and 2 + 24
        (36, 24 / 36, 0.0, 2, 33, (9, 21)),
        (36, 24 / 36, 0.0, 3, 3, (11, 19, 27)),  # folds 8 apart
        (36, 24 / 36, -1.0, 3, 35, (3, 11, 19)),  # the field holds pixels 0 to 23
        (35, 21 / 35, 3 / 7, 3, 31, (10, 17, 24)),  # pixels 10 to 30, folds 7 apart
        (35, 21 / 35, 0.0, 3, 4, (11, 18, 25)),  # pixels 7 to 27
    ],
)
def test_what_lies_outside_is_spread_over_the_places_within(
    oracle: Oracle, phase_axis: int, n: int, share: float, offset: float, step: int, at: int, places
) -> None:
    """A point beyond the field: least squares of its coil values by those of the R places in the field, under a penalty that differs from place to place."""
    across = 4
    shape = (n, 9) if phase_axis == 0 else (9, n)
    picture = torch.zeros(shape, dtype=torch.float64)
    picture[(at, across) if phase_axis == 0 else (across, at)] = 10.0
    scan = MRIScan.of(picture, n_coils=6, phase_axis=phase_axis, phase=False)
    penalty = (torch.arange(n * 9).reshape(shape) % 4).double() * 0.1
    found = acquire_complex(with_exact_maps(scan, share=share, offset=offset, step=step, penalty=penalty))
    lined, weighed = (found, penalty) if phase_axis == 0 else (found.T, penalty.T)
    maps = scan.sensitivity.maps(shape).movedim(1 + phase_axis, 1).numpy()
    weight = np.linalg.inv(scan.array.covariance())
    s = maps[:, list(places), across]
    shares = np.linalg.solve(s.conj().T @ weight @ s + np.diag(weighed[list(places), across].numpy()), s.conj().T @ weight @ maps[:, at, across])
    expected = torch.zeros_like(lined)
    expected[list(places), across] = 10.0 * torch.from_numpy(shares)
    oracle(
        "mri_sense_small_fov", "a point outside lands on the R places within by a system written out", float((lined - expected).abs().max()) / 10, below=1e-8
    )
    assert float(expected.abs().max()) > 1.0


@pytest.mark.parametrize(("phase_axis", "step"), [(0, 2), (1, 3)])
@pytest.mark.parametrize("share", [0.75, 0.7371])
def test_a_body_within_the_field_comes_back(oracle: Oracle, phase_axis: int, step: int, share: float) -> None:
    """Exact maps, no noise: what fits is what it was, where folds are whole pixels apart (1e-5) and where maps are read between them (1e-3)."""
    shape = (72, 72)
    grid = centred_grid(shape)
    along, over = grid[phase_axis], grid[1 - phase_axis]
    body = sum(
        (h * torch.exp(-((along - y) ** 2 + (over - x) ** 2) / w**2) for y, x, w, h in ((-8.0, 3.0, 4.0, 1.0), (9.0, -5.0, 3.0, 0.6))), torch.zeros(shape)
    )
    scan = MRIScan.of(torch.ones(shape, dtype=torch.float64), n_coils=8, phase_axis=phase_axis, phase=False)
    scan = replace(scan, body=replace(scan.body, density=body.to(torch.complex128)))
    found = acquire_complex(with_exact_maps(scan, share=share, offset=0.1, step=step))
    claim, below = ("a body within the field comes back", 1e-5) if share == 0.75 else ("a body within the field, folds between pixels", 1e-3)
    oracle("mri_sense_small_fov", claim, float((found - body).abs().max()), below=below)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_maps_are_read_between_pixels_and_end_with_the_last(oracle: Oracle, phase_axis: int) -> None:
    """A field that holds 10 to 34.5 of 35 pixels, folds 8.17 apart: coil values of any kind are unfolded by maps and penalties read linearly between pixels,
    those of the last pixel beyond it, system by system."""
    n, across, step, share = 35, 5, 3, 0.7
    rng = np.random.default_rng(3)
    maps, aliased = rng.normal(size=(2, 4, n, across)) + 1j * rng.normal(size=(2, 4, n, across))
    penalty = rng.uniform(0.1, 0.5, (n, across))
    psi = np.diag([1.0, 2.0, 0.5, 1.5]).astype(complex)

    def turned(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values if phase_axis == 0 else np.ascontiguousarray(values.swapaxes(-1, -2)))

    unfolding = SmallFieldSense(step, FieldOfView(share, 1.0), rows_of(psi), turned(maps), turned(penalty))
    found = unfolding(to_kspace(turned(aliased)) / (step / share) ** 0.5, lines=None, phase_axis=phase_axis).numpy()
    found = found if phase_axis == 0 else found.T
    pixels, weight = np.arange(n), np.linalg.inv(psi)
    expected = np.zeros((n, across), dtype=complex)
    for pixel in range(10, n):
        places = [pixel, *(10 + (pixel - 10 + m * share * n / step) % (share * n) for m in range(1, step))]
        for column in range(across):
            s = np.array([np.interp(places, pixels, coil.real) + 1j * np.interp(places, pixels, coil.imag) for coil in maps[:, :, column]])
            system = s.conj().T @ weight @ s + np.diag(np.interp(places, pixels, penalty[:, column]))
            expected[pixel, column] = np.linalg.solve(system, s.conj().T @ weight @ aliased[:, pixel, column])[0]
    oracle("mri_sense_small_fov", "maps between pixels and beyond the last, by systems written out", float(np.abs(found - expected).max()), below=1e-9)


def test_noise_is_that_of_fewer_lines() -> None:
    """White noise of the receiver grows by (R / f)^(1/2) g where a full scan of the whole field has 1: eight alike places, R = 2, against the closed form."""
    scan = MRIScan.of(torch.zeros((48, 40), dtype=torch.float64), n_coils=8, phase=False)
    small = with_exact_maps(scan, share=0.5, offset=0.0, step=2)
    maps, psi = scan.sensitivity.maps((48, 40)).numpy(), np.linalg.inv(scan.array.covariance())
    places = np.array([18, 30])
    s = maps[:, places, 20]
    wanted = np.sqrt(2 / 0.5 * np.linalg.inv(s.conj().T @ psi @ s).real.diagonal())
    drawn = torch.stack([acquire_complex(small.with_event(ThermalNoise(1.0, seed)))[places, 20] for seed in range(600)])
    found = (drawn.abs().square().mean(dim=0) / 2).sqrt().numpy()
    np.testing.assert_allclose(found, wanted, rtol=0.09)  # 1200 parts a place: 2 % each, four deviations


def test_the_calibration_knows_the_whole_body() -> None:
    """Maps are those of a calibration at rest; air of the field has the full penalty; a smaller field leaves more, and more of the body outside."""
    source = 100 * phantoms.ellipses((96, 80))
    scan = MRIScan.of(source, spacing_mm=(2.0, 2.0))
    view = View("mri", "head", Display("window", 0.0, 200.0), source > 5, (2.0, 2.0))
    errors, outside = [], []
    for share in (0.999, 0.7, 0.55):
        made = unfold_small_field(scan, share=share, offset=0.2, step=2)
        pair = Pair(source, acquire(made), view, scan, made)
        errors.append(float((pair.degraded - source).norm() / source.norm()))
        outside.append(folded_share(pair).value)
        assert (field_of_view(pair).value, field_acceleration(pair).value) == (pytest.approx(100 * share), 2.0)
    assert errors[0] < 0.03 < errors[1] < errors[2]
    assert outside[0] < 0.1 < outside[1] < outside[2]
    assert float(made.reconstruction.penalty[0, 0]) == AIR_PENALTY
    assert float(made.reconstruction.penalty[48, 40]) == 0.0
    assert field_acceleration(Pair(source, source, view, scan, scan)).value == 1.0
    assert field_acceleration(Pair(source, source, view)).value is None


def test_what_is_refused() -> None:
    """Numbers out of range; a second field of view and another reconstruction; f = 1 is the scan itself."""
    scan = MRIScan.of(phantoms.ellipses((64, 40)))
    assert unfold_small_field(scan, share=1.0, offset=0.0, step=2) is scan
    for share, offset, step in ((0.1, 0.0, 2), (1.1, 0.0, 2), (0.8, 1.5, 2), (0.8, 0.0, 1)):
        with pytest.raises(ValueError, match="are needed"):
            unfold_small_field(scan, share=share, offset=offset, step=step)
    one = unfold_small_field(scan, share=0.8, offset=0.0, step=2)
    with pytest.raises(EditConflict):
        fold(one, share=0.9)
    for other in (fold(scan, share=0.9), one, unfold_with_old_maps(scan, shift_mm=(5.0, 0.0), step=2, kind="body")):
        with pytest.raises(EditConflict):
            unfold_small_field(other, share=0.8, offset=0.0, step=2)
