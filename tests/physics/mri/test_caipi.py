"""Slabs encoded on a sheared lattice and unfolded by their coils."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from physics import phantoms
from physics.display import Display
from physics.fourier import to_kspace, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.caipi import SkippedLattice, at_slice, partitions, received_slab, unfold_lattice
from physics.mri.calibration import estimated_maps
from physics.mri.chain import Slab
from physics.mri.folding import with_size
from physics.mri.lattice import Lattice
from physics.mri.lattice_noise import add_lattice_noise, lattice_acceleration, lattice_g_max, lattice_g_mean
from physics.mri.lattice_sense import LatticeSense
from physics.mri.regular_sense import rows_of
from physics.mri.residual_aliasing import calibration_shift
from physics.mri.sampling import every_rth
from physics.mri.sense_maps import calibration_scan, coarse_maps
from physics.mri.slice_profile import SliceProfile
from physics.mri.spin_history import MultiSlice
from physics.mri.thermal import ThermalNoise
from physics.mri.thick_slice import thicken
from physics.mri.through_plane import OutOfPlane, move_through
from physics.scan import EditConflict, acquire

Oracle = Callable[..., None]
LATTICES = [Lattice(2, 2, 1), Lattice(3, 2, 1), Lattice(3, 2, 2), Lattice(4, 1, 2), Lattice(3, 1, 1)]


def scan_of(volume: torch.Tensor, *, index: int, phase_axis: int = 0, spacing_mm: tuple[float, float, float] = (3.5, 4.0, 4.0)) -> MRIScan:
    """The scan of one slice of a complex volume: slices as far apart as a slab may have them, so that coils see them differently."""
    scan = MRIScan.of(volume[index].abs(), phase_axis=phase_axis, phase=False, spacing_mm=spacing_mm[1:])
    return replace(scan, body=replace(scan.body, density=volume[index]), slab=Slab(volume, index, spacing_mm))


def noise(shape: tuple[int, ...], *, seed: int = 1) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.standard_normal(shape) + 1j * rng.standard_normal(shape))


def maps_of(received: MRIScan, place: int) -> torch.Tensor:
    sensitivity = at_slice(received, place).sensitivity
    assert sensitivity is not None
    return sensitivity.maps(received.matrix)


def with_exact_maps(scan: MRIScan, lattice: Lattice, *, penalty: float = 0.0) -> MRIScan:
    """Encoded on the lattice and unfolded by the maps that simulated; lines that the lattice divides."""
    first, count = partitions(scan, lattice)
    received, skipped = received_slab(scan, first=first, count=count), SkippedLattice(lattice, first, count)
    assert received.array is not None
    axis, n = scan.phase_axis, scan.n_lines
    maps = torch.stack(
        [
            torch.roll(maps_of(received, skipped.place(scan.slab.index, away)), -turn * n // lattice.along, dims=1 + axis)
            for turn, away in lattice.aliases(count)
        ]
    )
    damping = torch.full((lattice.step, *scan.matrix), penalty, dtype=torch.float64)
    unfolding = LatticeSense(lattice, count, rows_of(received.array.covariance()), maps, damping, (0.0, 0.0))
    return received.with_lines(torch.from_numpy(lattice.share(n, count) > 0)).with_reconstruction(unfolding).with_event(skipped)


@pytest.mark.parametrize("lattice", LATTICES)
@pytest.mark.parametrize(("shape", "phase_axis"), [((30, 37), 0), ((22, 31), 1)])
def test_the_samples_are_those_of_a_masked_volume_transform(oracle: Oracle, lattice: Lattice, shape: tuple[int, int], phase_axis: int) -> None:
    """Any volume under coils that differ from slice to slice, lines that the lattice divides or not: the slice, along the partitions, of the three-dimensional
    transform with samples left out; each line over the root of the share of its samples, so that noise is alike on all."""
    volume = noise((14, *shape))
    scan = unfold_lattice(scan_of(volume, index=8, phase_axis=phase_axis), lattice)
    skipped = scan.events[-1]
    assert isinstance(skipped, SkippedLattice)
    part = torch.stack([maps_of(scan, place) * volume[place] for place in range(skipped.first, skipped.first + skipped.count)], dim=1)
    spectrum = to_kspace(part, axes=(1, 2, 3)).movedim(2 + phase_axis, 2)  # (coil, partition, line, readout)
    taken = torch.from_numpy(lattice.taken(scan.n_lines, skipped.count))
    kept = spectrum * taken.T[None, :, :, None]
    share = taken.double().mean(dim=1).clamp(min=1e-30).sqrt()
    exact = (to_picture(kept, axes=(1,))[:, 8 - skipped.first] / share[None, :, None]).movedim(1, 1 + phase_axis)
    found = acquire_kspace(scan)
    oracle("mri_caipi", "the three-dimensional transform with masked samples", float((found - exact).norm() / exact.norm()), below=1e-9)


@pytest.mark.parametrize("lattice", LATTICES)
def test_what_folds_is_the_sum_over_the_sheared_lattice(oracle: Oracle, lattice: Lattice) -> None:
    """Aliased coil pictures are the sum of R coil pictures of other slices, each moved by its own part of the field of view."""
    volume = noise((12, 36, 21))
    scan = unfold_lattice(scan_of(volume, index=5), lattice)
    skipped = scan.events[-1]
    assert isinstance(skipped, SkippedLattice)
    weight = torch.from_numpy(lattice.step * lattice.share(36, skipped.count) ** 0.5)
    aliased = to_picture(acquire_kspace(scan) * weight[:, None])
    replicas = torch.zeros_like(aliased)
    for turn, away in lattice.aliases(skipped.count):
        place = skipped.place(5, away)
        replicas += torch.roll(maps_of(scan, place) * volume[place], -turn * 36 // lattice.along, dims=1)
    oracle("mri_caipi", "aliases are replicas on a sheared lattice", float((aliased - replicas).norm() / replicas.norm()), below=1e-9)


@pytest.mark.parametrize("lattice", LATTICES)
@pytest.mark.parametrize("phase_axis", [0, 1])
def test_exact_maps_and_no_noise_give_back_any_volume(oracle: Oracle, lattice: Lattice, phase_axis: int) -> None:
    """Nothing of the other slices is left."""
    volume = noise((12, 24, 24), seed=3)
    found = acquire_complex(with_exact_maps(scan_of(volume, index=6, phase_axis=phase_axis), lattice))
    oracle("mri_caipi", "exact maps without noise give back the slice", float((found - volume[6]).norm() / volume[6].norm()), below=1e-5)


@pytest.mark.parametrize("lattice", [Lattice(2, 2, 1), Lattice(4, 1, 2)])
@pytest.mark.parametrize("phase_axis", [0, 1])
def test_unfolding_begins_with_the_adjoint_of_the_encoding(oracle: Oracle, lattice: Lattice, phase_axis: int) -> None:
    """Under a penalty p beyond all signal x = S^H a / p: <p x(d), u> = R <d, F u> for any data d and any slice u alone in its slab, white channels."""
    volume = torch.zeros((12, 24, 20), dtype=torch.complex128)
    volume[6] = noise((24, 20), seed=4)
    heavy = with_exact_maps(scan_of(volume, index=6, phase_axis=phase_axis), lattice, penalty=1e12)
    made = heavy.reconstruction
    assert isinstance(made, LatticeSense)
    white = replace(made, covariance=rows_of(np.eye(heavy.n_coils, dtype=np.complex128)))
    data = noise((heavy.n_coils, 24, 20), seed=5)
    left = (1e12 * white(data, lines=None, phase_axis=phase_axis).conj() * volume[6]).sum()
    right = lattice.step * (data.conj() * acquire_kspace(heavy)).sum()
    oracle("mri_caipi", "adjoint of the encoding", abs(complex(left - right)) / abs(complex(right)), below=1e-9)


@pytest.mark.parametrize(("lattice", "phase_axis", "damped"), [(Lattice(2, 2, 1), 0, False), (Lattice(4, 1, 2), 1, False), (Lattice(3, 1, 1), 0, True)])
def test_the_geometry_factor_is_that_of_replicas(oracle: Oracle, lattice: Lattice, phase_axis: int, damped: bool) -> None:
    """Deviation of 3000 pseudo-replicas of the receiver's noise over sigma R^(1/2) / [S^H Psi^-1 S]^(1/2) against g within 2 % on average."""
    shape = (12, 7) if phase_axis == 0 else (7, 12)
    scan = with_exact_maps(scan_of(torch.zeros((12, *shape), dtype=torch.complex128), index=5, phase_axis=phase_axis, spacing_mm=(20.0, 20.0, 20.0)), lattice)
    made = scan.reconstruction
    assert isinstance(made, LatticeSense)
    assert scan.array is not None
    assert scan.lines is not None
    if damped:
        made = replace(made, penalty=(torch.arange(3 * 84).reshape(3, *shape) % 5 == 0).double())
    factor, own = made.geometry_factor(), made.maps[0]
    covariance, generator = scan.array.covariance(), torch.Generator().manual_seed(0)
    mixing = torch.from_numpy(np.linalg.cholesky(covariance))
    readout, n = 1 - phase_axis, 500  # so many copies of the maps side by side along the readout, where white noise stays white
    wide = replace(made, maps=torch.cat([made.maps] * n, dim=2 + readout), penalty=torch.cat([made.penalty] * n, dim=1 + readout))
    size = [shape[0] * n, shape[1]] if readout == 0 else [shape[0], shape[1] * n]
    mask = (scan.lines[:, None] if phase_axis == 0 else scan.lines[None, :]).double()
    total = torch.zeros(shape, dtype=torch.float64)
    for _ in range(6):
        drawn = torch.einsum("ab,brc->arc", mixing, torch.randn((16, *size), dtype=torch.complex128, generator=generator))
        power = wide(drawn * mask, lines=scan.lines, phase_axis=phase_axis).abs().square()
        total += sum(power.split(shape[readout], dim=readout), torch.zeros(shape, dtype=torch.float64))
    full = torch.einsum("arc,ab,brc->rc", own.conj(), torch.from_numpy(np.linalg.inv(covariance)), own).real
    ratio = (total / 3000 * full / lattice.step).sqrt() / factor
    oracle("mri_caipi_noise", "mean g over two axes is that of pseudo-replicas", float(ratio.mean() - 1), below=0.02)
    assert float((ratio - 1).abs().max()) < 0.07  # 1 / sqrt(6000) is 1.3 % a pixel
    assert float(factor.max()) > 1.1


def test_noise_reaches_the_picture_through_the_whole_chain(oracle: Oracle) -> None:
    """A volume of Gaussians, maps of a calibration: the deviation of 40 acquisitions is sigma R^(1/2) g over the body; less the share of the source."""
    body = 100 * phantoms.ellipses((64, 60), torch.float64)
    volume = torch.stack([body * (1 - 0.02 * abs(place - 6)) for place in range(12)]).to(torch.complex128)
    healthy = scan_of(volume, index=6, spacing_mm=(3.5, 4.0, 4.0))
    lattice, sigma = Lattice(4, 1, 2), 0.01
    clean = unfold_lattice(healthy, lattice)
    made = clean.reconstruction
    assert isinstance(made, LatticeSense)
    one = add_lattice_noise(healthy, lattice, sigma=sigma, seed=0)
    assert one.events[-1] == ThermalNoise(sigma, 0)
    noisy = [replace(one, events=(*one.events[:-1], ThermalNoise(sigma, seed))) for seed in range(40)]
    first = acquire_complex(clean)
    found = sum(((acquire_complex(scan) - first).abs().square() for scan in noisy), torch.zeros((64, 60), dtype=torch.float64)) / 40
    psi = torch.from_numpy(np.linalg.inv(np.array(made.covariance)))
    full = torch.einsum("arc,ab,brc->rc", made.maps[0].conj(), psi, made.maps[0]).real
    inside = body > 5
    ratio = (found * full / (2 * sigma**2 * 4)).sqrt()[inside] / made.geometry_factor()[inside]
    oracle("mri_caipi_noise", "grain of the picture is that of a full scan times g sqrt(R)", float(ratio.mean() - 1), below=0.02)
    loud = replace(healthy, source_sigma=2.0)
    assert add_lattice_noise(loud, lattice, sigma=3.0, seed=1).events[-1].sigma == pytest.approx(8**0.5)
    assert add_lattice_noise(loud, lattice, sigma=0.9, seed=1) is loud


def test_coils_are_seen_from_the_height_of_the_slice() -> None:
    """Slices are 3.5 mm apart: seven below and four above the picture, the loops lie 24.5 mm higher and 14 mm lower."""
    scan = received_slab(scan_of(noise((12, 20, 22)), index=7), first=0, count=12)
    assert scan.array is not None
    for place, height_mm in ((0, -24.5), (11, 14.0)):
        seen = at_slice(scan, place)
        assert seen.array == scan.array.seen_from(height_mm)
        assert torch.equal(seen.body.density, scan.slab.density[place])


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_maps_are_smoothed_on_the_pixels_of_the_widened_matrix(phase_axis: int) -> None:
    """66 lines of 4 mm become 68 of 3.88 mm, and pixels along the read-out stay 3 mm: what is beside the picture itself has its coarse maps on those pixels."""
    shape, spacing_mm = ((66, 70), (4.0, 3.0)) if phase_axis == 0 else ((70, 66), (3.0, 4.0))
    volume = torch.stack([100 * phantoms.ellipses(shape, torch.float64)] * 12).to(torch.complex128)
    scan = unfold_lattice(scan_of(volume, index=6, phase_axis=phase_axis, spacing_mm=(3.5, *spacing_mm)), Lattice(4, 1, 2), shift_mm=(4.0, -3.0), kind="array")
    made = scan.reconstruction
    assert isinstance(made, LatticeSense)
    seen = with_size(calibration_scan(at_slice(scan, 6), shift_mm=(4.0, -3.0), kind="array"), n_lines=68, phase_axis=phase_axis)
    told = (4 * 66 / 68, 3.0) if phase_axis == 0 else (3.0, 4 * 66 / 68)
    maps, penalty = coarse_maps(seen, phase_axis=phase_axis, spacing_mm=told)
    assert made.lattice.aliases(12)[0] == (0, 0)
    torch.testing.assert_close(made.maps[0], maps)
    torch.testing.assert_close(made.penalty[0], penalty)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_maps_come_from_a_calibration_of_each_slice(phase_axis: int) -> None:
    """Alias m of the reconstruction holds the coarse maps of its slice, moved along the lines; a calibration away differs; 66 lines are taken as 68."""
    body = 100 * phantoms.ellipses((66, 70), torch.float64) if phase_axis == 0 else 100 * phantoms.ellipses((70, 66), torch.float64)
    volume = torch.stack([body] * 12).to(torch.complex128)
    healthy = scan_of(volume, index=6, phase_axis=phase_axis)
    scan = unfold_lattice(healthy, Lattice(4, 1, 2), shift_mm=(4.0, -3.0), kind="array")
    made, skipped = scan.reconstruction, scan.events[-1]
    assert isinstance(made, LatticeSense)
    assert isinstance(skipped, SkippedLattice)
    assert made.maps.shape == ((4, 16, 68, 70) if phase_axis == 0 else (4, 16, 70, 68))
    for alias, (turn, away) in enumerate(made.lattice.aliases(12)):
        seen = calibration_scan(at_slice(scan, skipped.place(6, away)), shift_mm=(4.0, -3.0), kind="array")
        coarse = estimated_maps(seen, lines=None, phase_axis=phase_axis)  # finer than the scanner's, on 66 lines
        held = torch.roll(made.maps[alias], 17 * turn, dims=1 + phase_axis)
        centre = (slice(None), 34, 35) if phase_axis == 0 else (slice(None), 35, 34)
        own = (slice(None), 33, 35) if phase_axis == 0 else (slice(None), 35, 33)
        agreed = abs(complex((held[centre].conj() * coarse[own]).sum()))
        assert agreed > 0.998
    other = unfold_lattice(healthy, Lattice(4, 1, 2)).reconstruction
    assert isinstance(other, LatticeSense)
    assert float((other.maps - made.maps).abs().max()) > 0.01


def test_a_calibration_of_the_right_place_leaves_little_and_a_shift_leaves_more() -> None:
    """Error rises with the shift; the measures tell the shift, the acceleration, and g above 1."""
    body = 100 * phantoms.ellipses((96, 80), torch.float64)
    volume = torch.stack([body * (1 - 0.03 * abs(place - 6)) for place in range(12)]).to(torch.complex128)
    healthy = scan_of(volume, index=6, spacing_mm=(3.5, 2.0, 2.0))
    view = View("mri", "head", Display("window", 0.0, 200.0), body > 5, (2.0, 2.0))
    for kind in ("array", "body"):
        errors = []
        for shift in (0.0, 15.0, 40.0):
            scan = unfold_lattice(healthy, Lattice(4, 1, 2), shift_mm=(shift, 0.0), kind=kind)
            pair = Pair(body, acquire(scan), view, healthy, scan)
            errors.append(float((pair.degraded - body).norm() / body.norm()))
            assert calibration_shift(pair).value == shift
            assert lattice_acceleration(pair).value == 4.0
            assert 1.0 < lattice_g_mean(pair).value < lattice_g_max(pair).value
        assert errors[0] < 0.08 < errors[1] < errors[2]
    still = Pair(body, body, view, healthy, healthy)
    assert (lattice_g_mean(still).value, lattice_g_max(still).value, lattice_acceleration(still).value) == (1.0, 1.0, 1.0)
    assert lattice_g_mean(Pair(body, body, view)).value is None


def test_refused_and_conflicting() -> None:
    """No slab, odd steps, an unknown kind and too few slices are refused; a profile or movement of one slice and a second lattice conflict; lines add up."""
    scan = scan_of(noise((14, 30, 37)), index=8)
    lattice = LATTICES[0]
    with pytest.raises(ValueError, match="single picture"):
        unfold_lattice(replace(scan, slab=None), lattice)
    with pytest.raises(ValueError, match="fewer slices"):
        unfold_lattice(scan_of(noise((3, 30, 37)), index=1), lattice)
    for wrong in (Lattice(2, 2, 2), Lattice(1, 1, 0), Lattice(0, 2, 0)):
        with pytest.raises(ValueError, match="steps must"):
            unfold_lattice(scan, wrong)
    with pytest.raises(ValueError, match="body, array"):
        unfold_lattice(scan, lattice, kind="table")
    fewer = every_rth(30, step=3)
    before, after = unfold_lattice(scan.with_lines(fewer), lattice).lines, unfold_lattice(scan, lattice).with_lines(fewer).lines
    assert before is not None
    assert after is not None
    assert torch.equal(before, after)
    motion = OutOfPlane(np.full(30, 1.0), np.zeros(30), np.arange(30) / 30)
    thick = SliceProfile(3.0)
    for first, second in (
        (lambda s: unfold_lattice(s, lattice), lambda s: thicken(s, thick)),
        (lambda s: unfold_lattice(s, lattice), lambda s: move_through(s, motion, MultiSlice(1.0, 90.0, 4.0))),
        (lambda s: unfold_lattice(s, lattice), lambda s: unfold_lattice(s, LATTICES[1])),
    ):
        for one, other in ((first, second), (second, first)):
            with pytest.raises(EditConflict):
                other(one(replace(scan, slab=Slab(scan.slab.density, 8, (1.0, 4.0, 4.0)))))


@pytest.mark.parametrize(("n", "index", "first", "count"), [(15, 7, 1, 12), (15, 6, 0, 12), (15, 8, 2, 12), (15, 0, 0, 12), (15, 14, 3, 12), (3, 1, 1, 0)])
def test_the_slab_lies_about_the_picture(n: int, index: int, first: int, count: int) -> None:
    """As many slices as the lattice divides, half of them below the picture where the stack allows it, never beyond the stack; two rows of coils about it."""
    scan = scan_of(noise((n, 30, 37)), index=index)
    assert partitions(scan, Lattice(2, 2, 1)) == (first, count)
    if count:
        received = received_slab(scan, first=first, count=count)
        assert received.array is not None
        heights = [loop.centre_mm[2] for loop in received.array.loops]
        assert np.mean(heights) == pytest.approx((first + (count - 1) / 2 - index) * 3.5)
        assert received_slab(received, first=0, count=4) is received


@pytest.mark.parametrize(("n", "index", "first"), [(16, 8, 1), (17, 8, 1), (17, 9, 2), (17, 3, 0)])
def test_an_odd_slab_lies_evenly_about_the_picture(n: int, index: int, first: int) -> None:
    """Fifteen slices, for a lattice of every third line: seven below the picture and seven above it."""
    assert partitions(scan_of(noise((n, 30, 37)), index=index), Lattice(3, 1, 1)) == (first, 15)


def test_the_loops_surround_a_field_of_view_in_millimetres() -> None:
    """30 x 2 mm by 37 x 5 mm: each loop stands a tenth of its half diagonal outside of it, and none stands within the picture."""
    received = received_slab(scan_of(noise((12, 30, 37)), index=6, spacing_mm=(3.5, 2.0, 5.0)), first=0, count=12)
    assert received.array is not None
    for loop in received.array.loops:
        assert np.hypot(*loop.centre_mm[:2]) == pytest.approx(1.1 * np.hypot(30.0, 92.5))
