"""Off-resonance along a spiral, against the sum over every pixel with its own phase."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import j0

from physics import fourier, phantoms
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex, acquire_kspace
from physics.mri.off_resonance import kept_in_phase, off_resonance, off_resonance_cycles, read_off_resonance, separated, spiral_field
from physics.mri.pockets import Pocket
from physics.mri.sampling import every_rth
from physics.mri.spiral import FIELD, OVERSAMPLING, SOFT_START, Spiral, read_spirally, winding
from physics.mri.susceptibility import FieldMap
from physics.scan import EditConflict, acquire

NAME = "mri_spiral_off_resonance"
THIN = 1e-6  # mm: nothing dephases through such a slice


def offsets(hz: torch.Tensor, through: float = 0.0) -> FieldMap:
    return FieldMap(hz, torch.full(hz.shape, through, dtype=torch.float64))


def uneven(shape: tuple[int, int], peak_hz: float) -> torch.Tensor:
    """A field without any symmetry, up to about peak_hz."""
    rows, columns = (at / n for at, n in zip(fourier.centred_grid(shape), shape, strict=True))
    return peak_hz * (0.3 + torch.exp(-((rows - 0.2) ** 2 + (columns + 0.1) ** 2) / 0.02) - 1.2 * rows + 0.4 * columns**2)


@pytest.mark.parametrize(("shape", "n_coils"), [((64, 64), 1), ((41, 56), 2)])
@pytest.mark.parametrize(("dtype", "below"), [(torch.float32, 2e-4), (torch.float64, 1e-8)])
def test_samples_are_the_direct_sum_with_the_phase_of_each_pixel(shape, n_coils, dtype, below, oracle):
    """Sixty samples of 24 ms at up to 120 Hz (3 cycles): sign of the offset, start of time, sense of turning, coils and unit."""
    scan = MRIScan.of(100 * phantoms.ellipses(shape, dtype), n_coils=n_coils, seed=3)
    spiral, hz, readout_ms = Spiral(shape, 8, 8, first_deg=25.0), uneven(shape, 100.0), 24.0
    found = acquire_kspace(read_off_resonance(scan, spiral, field=offsets(hz, 6.0), readout_ms=readout_ms, slice_mm=4.0))
    down, right = torch.gradient(hz)
    kept = torch.exp(-((math.pi * readout_ms / 2e3) ** 2) / 6 * (down**2 + right**2 + (4.0 * 6.0) ** 2))
    n_samples = found.shape[2]
    s = torch.linspace(0, 1, n_samples, dtype=torch.float64).expand(8, -1)
    wound = (1 + SOFT_START) * s**2 / (SOFT_START + s ** (4 / 3))
    angle = math.radians(25) + 2 * math.pi * (torch.arange(8, dtype=torch.float64)[:, None] / 8 + FIELD * max(shape) / 16 * wound)
    chosen = torch.from_numpy(np.random.default_rng(1).choice(8 * n_samples, 60, replace=False))
    w = (math.pi * wound * torch.stack([torch.sin(angle), torch.cos(angle)])).flatten(1)[:, chosen]
    time_s = readout_ms / 1e3 * s.flatten()[chosen]
    rows, columns = (at.flatten() for at in fourier.centred_grid(shape))
    turns = w[0][:, None] * rows + w[1][:, None] * columns + 2 * math.pi * time_s[:, None] * hz.flatten()
    maps = torch.ones((1, *shape)) if scan.sensitivity is None else scan.sensitivity.maps(shape)
    exact = (maps * scan.body.density * kept).to(torch.complex128).flatten(1) @ torch.exp(-1j * turns).T / math.sqrt(OVERSAMPLING * len(rows))
    residual = (found.flatten(1)[:, chosen] - exact).norm() / exact.norm()
    oracle(NAME, f"samples are the direct sum with the phase of each pixel, {str(dtype)[6:]}", residual, below=below)
    without = torch.exp(-1j * (turns - 2 * math.pi * time_s[:, None] * hz.flatten())).T
    plain = (maps * scan.body.density * kept).to(torch.complex128).flatten(1) @ without / math.sqrt(OVERSAMPLING * len(rows))
    assert float((plain - exact).norm() / exact.norm()) > 0.3  # the field matters here


@pytest.mark.parametrize("cycles", [0.01, 1.0, 4.0])
def test_a_few_products_are_the_exponential(cycles, oracle):
    """sum_l c_l(f) b_l(t) is exp(-2 pi i f t) at every frequency and time; terms are no more than twice the cycles and a few."""
    hz, time_s = np.linspace(-80.0, 120.0, 301).reshape(7, 43), np.linspace(0, cycles / 100, 400)
    in_place, in_time = separated(hz, time_s, tolerance=1e-4)
    error = np.abs(np.einsum("lxy,lt->xyt", in_place, in_time) - np.exp(-2j * math.pi * hz[..., None] * time_s)).max()
    oracle(NAME, "a few products are the phase of place and time", error, below=1e-3)
    assert len(in_place) <= math.ceil(2 * cycles) + 8


def test_no_field_is_the_spiral_itself():
    """df = 0 gives the samples of the spiral to the last bit; a readout of no time is the scan itself."""
    scan, spiral = MRIScan.of(phantoms.ellipses((48, 40)), seed=1), Spiral((48, 40), 12, 12)
    flat = read_off_resonance(scan, spiral, field=offsets(torch.zeros(48, 40)), readout_ms=20.0, slice_mm=THIN)
    assert torch.equal(acquire(flat), acquire(read_spirally(scan, spiral)))
    assert read_off_resonance(scan, spiral, field=offsets(uneven((48, 40), 100.0)), readout_ms=0.0, slice_mm=THIN) is scan


def test_a_constant_offset_makes_the_ring_of_its_integral(oracle):
    """A point at 60 Hz for 25 ms becomes (2 pi)^-1 int k J0(k r) exp(-2 pi i f T s(k)) dk at every pixel near it, phase included."""
    shape, hz, readout_ms = (96, 96), 60.0, 25.0
    picture = torch.zeros(shape, dtype=torch.float64)
    picture[48, 48] = 1
    scan = MRIScan.of(picture, phase=False)
    found = acquire_complex(
        read_off_resonance(scan, Spiral(shape, 96, 96), field=offsets(torch.full(shape, hz, dtype=torch.float64)), readout_ms=readout_ms, slice_mm=THIN)
    )
    s = np.linspace(0, 1, 6001)
    wound, _ = winding(s)
    k = math.pi * wound
    rows, columns = fourier.centred_grid(shape)
    radius = torch.hypot(rows, columns)
    near = radius < 20
    integrand = k * j0(k * radius[near].numpy()[:, None]) * np.exp(-2j * math.pi * hz * readout_ms / 1e3 * s)
    exact = torch.from_numpy(np.trapezoid(integrand, k, axis=1) / (2 * math.pi))
    oracle(NAME, "a constant offset makes the ring of its integral", (found[near] - exact).norm() / exact.norm(), below=0.01)
    ring = [float(exact.abs()[(radius[near] >= r - 0.5) & (radius[near] < r + 0.5)].max()) for r in range(12)]
    assert ring[2] > 2 * ring[1]  # a ring has opened about the point


def test_opposite_offsets_mirror_each_other(oracle):
    """Interleaves in opposite pairs: a real body at -f is the conjugate of the body at +f. One sign is as harmful as the other."""
    shape = (64, 64)
    scan, spiral = MRIScan.of(phantoms.ellipses(shape, torch.float64), phase=False), Spiral(shape, 16, 16)
    plus, minus = (
        acquire_complex(read_off_resonance(scan, spiral, field=offsets(sign * uneven(shape, 80.0)), readout_ms=20.0, slice_mm=THIN)) for sign in (1, -1)
    )
    oracle(NAME, "opposite offsets are conjugates on a real body", (plus.conj() - minus).norm() / plus.norm(), below=1e-6)


def test_blur_stays_where_the_field_is_off():
    """Half the body is on resonance: it keeps its picture, the other half does not."""
    shape = (96, 96)
    scan = MRIScan.of(phantoms.ellipses(shape, torch.float64), seed=2)
    rows, _ = fourier.centred_grid(shape)
    spiral = Spiral(shape, 32, 32)
    change = acquire(read_off_resonance(scan, spiral, field=offsets(150.0 * (rows > 0)), readout_ms=15.0, slice_mm=THIN)) - acquire(read_spirally(scan, spiral))
    assert float(change[:36].norm()) < 0.1 * float(change[60:].norm())


def test_the_field_holds_offset_bowl_and_the_range_of_tissue(oracle):
    """The constant and the saddle add to the field of air and tissue; in the air about the body there is none."""
    scan = MRIScan.of(100 * phantoms.ellipses((96, 96), torch.float64), field_strength_t=3.0, seed=1)
    first = spiral_field(scan, pockets=(), offset_hz=0.0, bowl_hz=0.0, bowl_axis=0).hz
    second = spiral_field(scan, pockets=(), offset_hz=40.0, bowl_hz=0.0, bowl_axis=0).hz
    bowl = spiral_field(scan, pockets=(), offset_hz=0.0, bowl_hz=30.0, bowl_axis=0).hz
    inside = scan.body.support
    assert float((second - first)[44:52, 44:52].mean()) == pytest.approx(40, abs=2)
    made = 15 * (3 * fourier.centred_grid((96, 96))[0] ** 2 - fourier.centred_grid((96, 96))[1] ** 2) / 48**2
    deep = inside & (scan.body.tissue_share == 1) & (made > -2) & (made < 5)  # where the range of tissue does not hold it back
    oracle(NAME, "the bowl is (3 u^2 - v^2) / 2, Hz", float((bowl - first - made)[deep].abs().median()), below=0.1)
    other = spiral_field(scan, pockets=(), offset_hz=0.0, bowl_hz=30.0, bowl_axis=1).hz
    assert float((other - first - made.T)[deep & deep.T].abs().median()) < 0.1
    assert float((bowl - first)[80, 48]) == pytest.approx(30 * 1.5 * (32 / 48) ** 2, rel=0.2)
    assert float(bowl[:3, :3].abs().max()) < 1e-3
    beside = (Pocket((-20.0, 10.0, 25.0), 12.0),)  # a ball of air beside the slice slopes the field through it, also where the body ends
    slope = spiral_field(scan, pockets=beside, offset_hz=0.0, bowl_hz=0.0, bowl_axis=0).through_hz_per_mm
    assert float(slope[inside].abs().max()) > 1.0
    assert float(slope[:3, :3].abs().max()) < 1e-6
    assert bool(inside[80, 48])


def test_a_steep_field_loses_the_signal_of_a_voxel():
    """A slope of 20 Hz/mm along axis 0 of 2 mm pixels, or of 10 Hz/mm through 4 mm, leaves exp(-(pi 40 T / 2)^2 / 6); an even field leaves all."""
    rows, _ = fourier.centred_grid((20, 20))
    for field in (offsets(20.0 * 2.0 * rows), offsets(torch.zeros(20, 20, dtype=torch.float64), 10.0)):
        kept = kept_in_phase(field, spacing_mm=(2.0, 1.0), slice_mm=4.0, readout_ms=12.0)
        torch.testing.assert_close(kept, torch.full_like(kept, math.exp(-((math.pi * 40 * 0.006) ** 2) / 6)))
    assert bool((kept_in_phase(offsets(torch.full((9, 9), 80.0)), spacing_mm=(1.0, 1.0), slice_mm=4.0, readout_ms=30.0) == 1).all())


def test_what_cannot_be_is_refused():
    """A negative duration, a field of another matrix, a subset of interleaves; lines conflict in either order."""
    scan, spiral, hz = MRIScan.of(phantoms.ellipses((32, 32))), Spiral((32, 32), 8, 8), uneven((32, 32), 50.0)
    for arguments in ((spiral, hz, -1.0), (spiral, hz[:30], 1.0), (Spiral((32, 32), 8, 5), hz, 1.0), (spiral, hz / 0, 1.0)):
        with pytest.raises(ValueError, match=r"needed|must be"):
            read_off_resonance(scan, arguments[0], field=offsets(arguments[1]), readout_ms=arguments[2], slice_mm=THIN)
    lines = every_rth(32, step=2)
    with pytest.raises(EditConflict):
        read_off_resonance(scan, spiral, field=offsets(hz), readout_ms=5.0, slice_mm=THIN).with_lines(lines)
    with pytest.raises(EditConflict):
        read_off_resonance(scan.with_lines(lines), spiral, field=offsets(hz), readout_ms=5.0, slice_mm=THIN)


def test_the_field_is_measured():
    """An even offset of 50 Hz for 20 ms is one cycle; lines have none."""
    scan = MRIScan.of(100 * phantoms.ellipses((48, 40)))
    view = View("mri", "head", Display("window", 0.0, 100.0), torch.ones(48, 40, dtype=torch.bool), (1.0, 1.0))
    picture = acquire(scan)
    blurred = read_off_resonance(scan, Spiral((48, 40), 8, 8), field=offsets(torch.full((48, 40), -50.0)), readout_ms=20.0, slice_mm=THIN)
    assert off_resonance_cycles(Pair(picture, picture, view, scan, scan)).value == 0
    assert off_resonance(Pair(picture, picture, view, scan, scan)).value is None
    assert off_resonance_cycles(Pair(picture, picture, view, scan, blurred)).value == pytest.approx(1.0)
    assert off_resonance(Pair(picture, picture, view, scan, blurred)).value == pytest.approx(50.0)


@pytest.mark.parametrize(("most_hz", "end_s"), [(4.0, 2.5), (2000.0, 5e-3)])
def test_products_hold_for_slow_fields_and_for_fast_ones(most_hz, end_s, oracle):
    """Twenty turns between the extremes, of few hertz over seconds or of thousands over milliseconds: the same exactness; no term is kept that is weaker than
    the tolerance."""
    hz, time_s = np.linspace(-most_hz, most_hz, 400), np.linspace(0, end_s, 500)
    exact = np.exp(-2j * math.pi * hz[:, None] * time_s)
    in_place, in_time = separated(hz, time_s, tolerance=1e-9)
    oracle(NAME, "a few products of many turns", np.abs(in_place.T @ in_time - exact).max(), below=1e-7)
    _, rough = separated(hz, time_s, tolerance=1e-2)
    strength = np.linalg.norm(rough, axis=1)
    assert strength[-1] > 0.3 * 1e-2 * strength[0]
