"""From measured k-space to a scan: what was measured comes back, and the scan can be edited as any other."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch
from real_data import real_data
from torch import Tensor

from physics.fourier import frequencies, to_kspace, to_picture
from physics.mri import measured
from physics.mri.body import hermitian_index, smooth_phase
from physics.mri.coils import Sensitivity, surrounding_array
from physics.mri.encoding import encode
from physics.mri.measured import Remainder, measured_scan
from physics.mri.motion import Motion
from physics.mri.radial import read_share
from physics.mri.scan import MRIScan
from physics.mri.sense import Sense
from physics.mri.thermal import add_noise
from physics.mri.whitening import compressed, covariance_of, estimated_covariance, whitened
from physics.noise import unit_complex
from physics.phantoms import ellipses
from physics.pose import Pose
from physics.scan import acquire

Oracle = Callable[..., None]
SHAPE = (120, 97)
SIGMA = 0.01


@lru_cache(maxsize=8)
def mixing(n_coils: int) -> Tensor:
    """How the noise of the channels hangs together: unequal, complex, no symmetry."""
    rng = np.random.default_rng(4)
    return torch.from_numpy(np.eye(n_coils) + 0.2 * (rng.normal(size=(n_coils, n_coils)) + 1j * rng.normal(size=(n_coils, n_coils))))


@lru_cache(maxsize=8)
def measurement(n_coils: int = 6, shape: tuple[int, int] = SHAPE, sigma: float = SIGMA) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """k-space of a head under known coils with correlated noise, noise samples, the head, the coils."""
    head = ellipses(shape, torch.float64)
    density = head * torch.polar(torch.ones_like(head), smooth_phase(shape, seed=3))
    coils = torch.ones(1, *shape, dtype=torch.complex128)
    if n_coils > 1:
        coils = Sensitivity.of(surrounding_array(n_coils, fov_mm=shape), None, matrix=shape, spacing_mm=(1.0, 1.0)).maps(shape)
    mix = sigma * mixing(n_coils)
    kspace = encode(density, coils) + torch.einsum("ab,brc->arc", mix, unit_complex((n_coils, *shape), seed=5, dtype=torch.complex128))
    return kspace, mix @ unit_complex((n_coils, 5000), seed=6, dtype=torch.complex128), density, coils


def root_sum_of_squares(kspace: Tensor) -> Tensor:
    return to_picture(kspace).abs().square().sum(dim=0).sqrt()


@pytest.mark.parametrize("shape", [(120, 97), (67, 128), (53, 101)])
@pytest.mark.parametrize("n_coils", [1, 6])
def test_the_picture_is_the_measured_one(oracle: Oracle, shape: tuple[int, int], n_coils: int) -> None:
    """acquire(healthy) is the root sum of squares of the whitened data, on even, odd and prime sides, with one coil and several."""
    kspace, noise, _, _ = measurement(n_coils, shape)
    scan = measured_scan(kspace, spacing_mm=(0.7, 1.3), phase_axis=1, noise=noise)
    expected = root_sum_of_squares(whitened(kspace, covariance_of(noise))[0])
    oracle("mri_kspace", "a healthy scan is the root sum of squares of the data", float((acquire(scan) - expected).abs().max() / expected.max()), below=1e-12)
    assert (scan.matrix, scan.phase_axis, scan.n_coils) == (shape, 1, n_coils)
    assert scan.spacing_mm == pytest.approx((0.7, 1.3))
    single = acquire(measured_scan(kspace.to(torch.complex64), spacing_mm=(0.7, 1.3), noise=noise))
    oracle("mri_kspace", "the same in single precision", float((single - expected).abs().max() / expected.max()), below=2e-6)
    assert single.dtype == torch.float32


def test_equal_coils_keep_their_brightness(oracle: Oracle) -> None:
    """Data that are white already pass through unchanged, so the picture is the plain root sum of squares."""
    kspace = measurement()[0]
    noise = 0.3 * unit_complex((6, 200_000), seed=8, dtype=torch.complex128)
    picture, expected = acquire(measured_scan(kspace, spacing_mm=(1.0, 1.0), noise=noise)), root_sum_of_squares(kspace)
    oracle("mri_kspace", "white coils keep their brightness", float((picture - expected).norm() / expected.norm()), below=0.005)


def test_noise_is_whitened() -> None:
    """Noise of a known covariance becomes sigma^2 times the identity, and the product of all deviations stays."""
    noise = measurement()[1]
    white, sigma = whitened(noise, covariance_of(noise))
    torch.testing.assert_close(covariance_of(white), sigma**2 * torch.eye(6, dtype=torch.complex128), rtol=0, atol=1e-12)
    true = SIGMA**2 * mixing(6) @ mixing(6).conj().T
    assert sigma == pytest.approx(float(torch.linalg.det(true).real) ** (1 / 12), rel=0.02)
    with pytest.raises(ValueError, match="empty, without noise or a copy"):
        whitened(torch.cat([noise, noise[:1]]), covariance_of(torch.cat([noise, noise[:1]])))


@pytest.mark.parametrize("shape", [(120, 97), (160, 144)])
def test_noise_is_found_without_noise_samples(oracle: Oracle, shape: tuple[int, int]) -> None:
    """The covariance read off the data is that of the noise within 10 % of its norm; where it was read is told."""
    kspace = measurement(6, shape)[0]
    found, where = estimated_covariance(kspace, torch.ones(shape, dtype=torch.bool))
    true = SIGMA**2 * mixing(6) @ mixing(6).conj().T
    oracle("mri_kspace", "covariance of the noise from the data alone", float((found - true).norm() / true.norm()), below=0.1)
    assert where == "the corners of the coil pictures"
    half = torch.arange(shape[0])[:, None] % shape[0] < shape[0] * 5 // 8
    part, _ = estimated_covariance(kspace * half, half.expand(shape))
    assert float((part - true).norm() / true.norm()) < 0.2  # zeros on one side take noise away, which is made good
    scan = measured_scan(kspace, spacing_mm=(1.0, 1.0))
    assert scan.source_sigma == pytest.approx(float(torch.linalg.det(true).real) ** (1 / 12), rel=0.05)
    assert scan.assumed == ("noise of the receivers: read from the corners of the coil pictures",)


def test_true_phase_and_coils_come_back(oracle: Oracle) -> None:
    """Body and smooth maps of a noiseless measurement together give each coil's picture, with its phase; nothing synthetic is added."""
    _, _, density, coils = measurement()
    kspace = encode(density, coils)
    scan = measured_scan(kspace, spacing_mm=(1.0, 1.0), noise=1e-3 * unit_complex((6, 5000), seed=2, dtype=torch.complex128))
    white = whitened(coils, covariance_of(1e-3 * unit_complex((6, 5000), seed=2, dtype=torch.complex128)))[0]
    assert scan.coils is not None
    inside = density.abs() > 0.1
    error = (scan.coils.maps(SHAPE) * scan.body.density - white * density)[:, inside]
    oracle("mri_kspace", "body times maps is each coil's picture", float(error.norm() / density[inside].norm()), below=0.01)
    (remainder,) = scan.events
    assert isinstance(remainder, Remainder)
    share = float(to_picture(remainder.kspace)[:, inside].norm() / density[inside].norm())
    oracle("mri_kspace", "signal that smooth maps leave over", share, below=0.01)
    phase = torch.angle((scan.body.density * density.conj())[inside])  # up to what the maps took over: smooth
    rough = torch.angle(torch.polar(torch.ones_like(phase[1:]), phase[1:] - phase[:-1])).abs()
    assert float(rough.median()) < 0.02
    assert not any("phase" in note for note in scan.assumed)
    assert hermitian_index(scan.body.spectrum) > 0.1


def test_what_is_left_over_is_noise(oracle: Oracle) -> None:
    """Inside the body the remainder has the power of the noise that five of six channels hold besides the body's own."""
    kspace, noise, density, _ = measurement()
    scan = measured_scan(kspace, spacing_mm=(1.0, 1.0), noise=noise)
    left = to_picture(scan.events[0].kspace)[:, density.abs() > 0.1].abs().square().sum(dim=0).mean()  # type: ignore[attr-defined]
    ratio = float(left) / (2 * 5 * scan.source_sigma**2)
    oracle("mri_kspace", "power left over against 5/6 of the noise", ratio - 1, below=0.1)


def test_maps_go_on_beyond_the_picture() -> None:
    """Where a moved body asks beyond the field of view, maps continue without a jump: a step of one pixel changes none by more than 5 %."""
    scan = measured_scan(measurement()[0], spacing_mm=(1.0, 1.0))
    assert scan.coils is not None
    rows = np.arange(-20.0, SHAPE[0] + 20)
    along = scan.coils.at(np.stack([rows, np.full_like(rows, 30.0)]))
    assert np.abs(np.diff(along, axis=1)).max() < 0.05
    np.testing.assert_allclose((np.abs(along) ** 2).sum(axis=0), 1.0, rtol=1e-12)


def test_noise_is_added_up_to_what_is_wanted(oracle: Oracle) -> None:
    """Asked for three times the noise, the corners of the picture show it: the second moment of air is 2 n_coils sigma^2."""
    kspace, noise, _, _ = measurement()
    scan = measured_scan(kspace, spacing_mm=(1.0, 1.0), noise=noise)
    wanted = 3 * scan.source_sigma
    air = torch.ones(SHAPE, dtype=torch.bool)
    air[10:-10, 8:-8] = False
    noisy = acquire(add_noise(scan, sigma=wanted, seed=11))[air & ~scan.body.support]
    ratio = float(noisy.square().mean()) / (2 * 6 * wanted**2)
    oracle("mri_kspace", "noise added to noise is the noise asked for", ratio - 1, below=3 / (6 * int((air & ~scan.body.support).sum())) ** 0.5)


def test_motion_moves_the_body_and_leaves_the_noise(oracle: Oracle) -> None:
    """Held at a shift of three rows, the coil pictures are those of the shifted body under coils that stay; the remainder is the same."""
    kspace, noise, _, _ = measurement()
    scan = measured_scan(kspace, spacing_mm=(1.0, 1.0), noise=noise)
    moved = scan.at(Pose((3.0, 0.0)))
    assert scan.coils is not None
    body = torch.roll(scan.body.density, 3, dims=0)
    expected = (to_picture(scan.events[0].kspace) + scan.coils.maps(SHAPE) * body).abs().square().sum(dim=0).sqrt()  # type: ignore[attr-defined]
    oracle("mri_kspace", "a moved body under coils that stay", float((acquire(moved) - expected).norm() / expected.norm()), below=3e-3)
    still = acquire(replace(moved, motion=None))
    assert float((still - expected).norm() / expected.norm()) > 0.1
    turned = acquire(scan.with_motion(Motion.constant(Pose(angle_deg=5.0), n_lines=scan.n_lines)))
    assert float((turned - acquire(scan)).norm() / expected.norm()) > 0.05


def test_sense_estimates_its_own_maps(oracle: Oracle) -> None:
    """Every second line with a calibrated centre: SENSE unfolds the body with maps that it finds itself, not with those of the scan."""
    kspace, noise, density, _ = measurement()
    scan: MRIScan = measured_scan(kspace, spacing_mm=(1.0, 1.0), noise=noise)
    lines = torch.arange(SHAPE[0]) % 2 == 0
    lines[:14] = lines[-14:] = True
    unfolded = acquire(scan.with_lines(lines).with_reconstruction(Sense()))
    zero_filled = acquire(scan.with_lines(lines))
    inside, reference = density.abs() > 0.1, scan.body.density.abs()
    errors = [float((picture - reference)[inside].norm() / reference[inside].norm()) for picture in (unfolded, zero_filled)]
    oracle("mri_kspace", "SENSE of a measured scan, twofold", errors[0], below=0.07)
    assert errors[1] > 2 * errors[0]


def test_virtual_coils_keep_the_energy() -> None:
    """Six coils as four: orthonormal mixing, strongest first, and the share that is told is the share that is there."""
    kspace, noise, _, _ = measurement()
    fewer, kept = compressed(kspace, 4)
    assert len(fewer) == 4
    assert kept == pytest.approx(float(fewer.abs().square().sum() / kspace.abs().square().sum()), rel=1e-9)
    energies = fewer.abs().square().sum(dim=(1, 2))
    assert bool((energies[:-1] >= energies[1:]).all())
    scan = measured_scan(kspace, spacing_mm=(1.0, 1.0), noise=noise, max_coils=4)
    assert scan.n_coils == 4
    assert any("6 receive channels as 4 virtual ones" in note for note in scan.assumed)
    whole = acquire(measured_scan(kspace, spacing_mm=(1.0, 1.0), noise=noise))
    assert float((acquire(scan) - whole).norm() / whole.norm()) < 0.05


def test_an_empty_margin_and_an_empty_channel_are_left_out(oracle: Oracle) -> None:
    """k-space padded with zeros comes back to its own matrix and spacing, brighter by the root of the ratio; a dead channel is dropped."""
    kspace, noise, _, _ = measurement()
    padded = torch.zeros(7, 180, 145, dtype=torch.complex128)
    centred = torch.fft.fftshift(kspace, dim=(1, 2))
    padded[:6, 90 - 60 : 90 + 60, 72 - 48 : 72 + 49] = centred
    stored = torch.fft.ifftshift(padded, dim=(1, 2))
    scan = measured_scan(stored, spacing_mm=(1.0, 2.0), noise=torch.cat([noise, 0 * noise[:1]]))
    assert scan.matrix == SHAPE
    assert scan.spacing_mm == pytest.approx((1.5, 2 * 145 / 97))
    expected = acquire(measured_scan(kspace, spacing_mm=(1.5, 2.0), noise=noise))
    oracle("mri_kspace", "padding is taken off", float((acquire(scan) - expected).abs().max() / expected.max()), below=1e-12)
    assert any("cut to the acquired 120 x 97 of 180 x 145" in note for note in scan.assumed)
    assert measured_scan(stored, spacing_mm=(1.0, 2.0), crop=False, noise=torch.cat([noise, 0 * noise[:1]])).matrix == (180, 145)
    assert measured_scan(stored[:, :, :], spacing_mm=(1.0, 2.0)).matrix == SHAPE


def test_gaps_are_refused_unless_they_are_to_be_filled() -> None:
    """Undersampled k-space makes no healthy picture; asked to, the scan says what it is made of, and adds no left-over."""
    kspace, noise, density, _ = measurement(6, SHAPE, 0.003)
    lines = torch.arange(SHAPE[0]) % 2 == 0
    lines[:12] = lines[-12:] = True
    gaps = kspace * lines[:, None]
    with pytest.raises(ValueError, match=r"one in 1\.7 samples"):
        measured_scan(gaps, spacing_mm=(1.0, 1.0), noise=noise)
    scan = measured_scan(gaps, spacing_mm=(1.0, 1.0), noise=noise, undersampled="reconstruct")
    assert scan.events == ()
    assert any("compressed sensing from one in 1.7" in note for note in scan.assumed)
    air = scan.body.density.abs()[~scan.body.support]
    quiet = float(air.quantile(0.25)) / math.sqrt(-2 * math.log(0.75))  # a Rayleigh quartile: what is filled in is quieter than what was received
    assert quiet < 0.9 * measured_scan(kspace, spacing_mm=(1.0, 1.0), noise=noise).source_sigma
    assert scan.source_sigma == pytest.approx(quiet, rel=1e-3)
    whole = measured_scan(kspace, spacing_mm=(1.0, 1.0), noise=noise).body.density.abs()
    inside = density.abs() > 0.1
    assert float((acquire(scan) - whole)[inside].norm() / whole[inside].norm()) < 0.05


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_maps_are_read_from_the_gapless_centre_and_no_further(monkeypatch: pytest.MonkeyPatch, phase_axis: int) -> None:
    """Every third line and 21 about the centre: the maps get these 21, and their weights the square of 21 x 21 samples."""
    kspace = measurement()[0].clone()
    k = frequencies(SHAPE[phase_axis])
    kspace.movedim(1 + phase_axis, 1)[:, (k.abs() > 10) & (k % 3 != 0)] = 0
    given: dict[str, Tensor] = {}
    estimate, smooth = measured.estimated_maps, measured.smooth_sensitivity

    def maps(data: Tensor, *, lines: Tensor, phase_axis: int) -> Tensor:
        given["lines"] = lines
        return estimate(data, lines=lines, phase_axis=phase_axis)

    def smoothed(found: Tensor, energy: Tensor) -> Sensitivity:
        given["energy"] = energy
        return smooth(found, energy)

    monkeypatch.setattr(measured, "estimated_maps", maps)
    monkeypatch.setattr(measured, "smooth_sensitivity", smoothed)
    measured_scan(kspace, spacing_mm=(1.0, 1.0), phase_axis=phase_axis, noise=measurement()[1], undersampled="reconstruct")
    assert sorted(k[given["lines"]].tolist()) == list(range(-10, 11))
    band = to_kspace(given["energy"].to(torch.complex128)).abs()  # a product of two bands of -10 to 10
    outside = [frequencies(n).abs() > 20 for n in SHAPE]
    inner = [frequencies(n).abs() == 20 for n in SHAPE]
    assert float(band[outside[0]].max() + band[:, outside[1]].max()) < 1e-9 * float(band.max())
    assert min(float(band[inner[0]].max()), float(band[:, inner[1]].max())) > 1e-7 * float(band.max())


def test_another_path_sees_what_was_measured() -> None:
    """Read along spokes instead of lines, coil pictures with all that was measured are sampled: the head is there."""
    scan = measured_scan(measurement()[0], spacing_mm=(1.0, 1.0))
    read, reference, inside = acquire(read_share(scan, share=0.9, angles="golden", first_deg=3.0)), acquire(scan), scan.body.support
    assert float((read - reference)[inside].norm() / reference[inside].norm()) < 0.1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda k: k[0], "coil, row, column"),
        (lambda k: k.real, "complex"),
        (lambda k: torch.where(torch.arange(97) == 3, torch.nan, k), "finite"),
        (lambda k: 0 * k, "nothing was measured"),
        (lambda k: k * (torch.arange(97) > 2), "centre of k-space is empty"),
    ],
)
def test_bad_data_are_refused(change: Callable[[Tensor], Tensor], said: str) -> None:
    """Each with what is wrong."""
    with pytest.raises(ValueError, match=said):
        measured_scan(change(measurement()[0]), spacing_mm=(1.0, 1.0))


def test_bad_noise_is_refused() -> None:
    """Noise of other coils, or too little of it."""
    kspace, noise, _, _ = measurement()
    for wrong in (noise[:5], noise[:, :10], noise[0]):
        with pytest.raises(ValueError, match="at least 24 samples"):
            measured_scan(kspace, spacing_mm=(1.0, 1.0), noise=wrong)


def test_a_real_head_of_eight_coils() -> None:
    """A measured brain, one in six samples: refused as it is; filled in on request it is a head in air, with its own phase, that noise and motion degrade."""
    stored = np.load(real_data("mri_kspace", "brain_8coil_poisson_undersampled.npy"), allow_pickle=False)
    kspace = torch.fft.ifftshift(torch.from_numpy(stored), dim=(1, 2))
    with pytest.raises(ValueError, match=r"one in 6\.3 samples"):
        measured_scan(kspace, spacing_mm=(1.0, 1.0))
    scan = measured_scan(kspace, spacing_mm=(1.0, 1.0), undersampled="reconstruct")
    reference = acquire(scan)
    assert scan.matrix == (230, 180)
    assert 0.4 < float(scan.body.support.double().mean()) < 0.75
    outside = reference[~scan.body.support]
    assert float(outside.median()) < 0.03 * scan.mean_tissue
    assert hermitian_index(scan.body.spectrum) > 0.5
    # What was measured is what the scan says, where it was measured: the coils of the scan were found from the same centre.
    again = to_kspace(scan.coils.maps(scan.matrix).to(scan.body.density) * scan.body.density)  # type: ignore[union-attr]
    sampled = (kspace != 0).any(dim=0)
    white = whitened(kspace, estimated_covariance(kspace, sampled, folded=True)[0])[0]
    assert float((again - white)[:, sampled].norm() / white[:, sampled].norm()) < 0.15
    noisy = acquire(add_noise(scan, sigma=0.1 * scan.mean_tissue, seed=1))
    assert float(noisy[~scan.body.support].mean()) > 3 * float(outside.mean())
    poses = Motion.constant(Pose((4.0, 0.0), 3.0), n_lines=230)
    odd = np.arange(230) % 2 == 1
    half = replace(poses, shift_mm=np.where(odd[:, None], poses.shift_mm, 0.0), angle_deg=np.where(odd, poses.angle_deg, 0.0))
    assert float((acquire(scan.with_motion(half)) - reference).norm() / reference.norm()) > 0.1


@pytest.mark.parametrize(("stored", "matrix"), [((240, 128), (182, 97)), ((160, 200), (120, 150))])
def test_unequal_margins_are_cut_by_one_factor(stored: tuple[int, int], matrix: tuple[int, int]) -> None:
    """Of 120 x 97 samples in a larger matrix the axis that is fuller, 97/128 or 120/160, decides for both: pixels keep their form but for the rounding."""
    kspace, noise, _, _ = measurement(1)
    padded = torch.zeros(1, *stored, dtype=torch.complex128)
    first = [n // 2 - m // 2 for n, m in zip(stored, SHAPE, strict=True)]
    padded[:, first[0] : first[0] + SHAPE[0], first[1] : first[1] + SHAPE[1]] = torch.fft.fftshift(kspace, dim=(1, 2))
    scan = measured_scan(torch.fft.ifftshift(padded, dim=(1, 2)), spacing_mm=(1.0, 2.0), noise=noise)
    assert scan.matrix == matrix
    assert scan.spacing_mm == pytest.approx((stored[0] / matrix[0], 2 * stored[1] / matrix[1]))
    assert scan.spacing_mm[1] / scan.spacing_mm[0] == pytest.approx(2.0, rel=0.005)
