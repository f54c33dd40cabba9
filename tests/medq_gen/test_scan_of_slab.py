"""The slab of a scan: its middle is the body, its neighbours are treated as the body was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from medq_gen.records import Case
from medq_gen.scan_of import healthy_scan
from medq_gen.sources import make
from medq_gen.sources.source import LoadedCase, Neighbours
from physics.mri import MRIScan
from physics.scan import acquire


@pytest.fixture(scope="module")
def loaded() -> LoadedCase:
    """The sample case that lies in a volume."""
    source = make("sample", {"modality": "mri"})
    return next(source.load(case) for case in source.index() if isinstance(case, Case) and "example4d" in case.entry)


def scan_of(loaded: LoadedCase, *, seed: int = 3) -> MRIScan:
    scan, _ = healthy_scan(loaded, seed=seed)
    assert isinstance(scan, MRIScan)
    return scan


def test_the_middle_of_the_slab_is_the_body(loaded: LoadedCase) -> None:
    """Bit for bit; and the body is what it is without a slab."""
    scan = scan_of(loaded)
    assert scan.slab is not None
    assert scan.slab.density.dtype == scan.body.density.dtype
    assert torch.equal(scan.slab.density[scan.slab.index], scan.body.density)
    assert scan.slab.spacing_mm == pytest.approx((2.2, 2.0, 2.0), rel=1e-4)
    alone = scan_of(replace(loaded, neighbours=None))
    assert alone.slab is None
    assert torch.equal(acquire(alone), acquire(scan))


def test_neighbours_are_the_source_with_dither_floor_and_phase_of_the_body(loaded: LoadedCase) -> None:
    """Tissue within half a source step; masked air with the Rayleigh mean of the body's floor; one phase through the slab; same seed, same bytes."""
    scan = scan_of(loaded)
    assert scan.slab is not None
    assert loaded.neighbours is not None
    pixels, density = torch.from_numpy(loaded.neighbours.pixels), scan.slab.density
    tissue = pixels > 0
    moved = (density.abs() - pixels)[tissue]
    assert float(moved.abs().max()) <= 0.5 + 1e-2
    for place in (0, 8, 16):
        air = density[place].abs()[~tissue[place]]
        assert float(air.mean()) == pytest.approx(1.2533 * scan.source_sigma, rel=0.03)
    turned = density * density[scan.slab.index].conj()
    strong = turned.abs() > 1.0
    assert float(turned[strong].angle().abs().max()) < 1e-4
    again = scan_of(loaded).slab
    assert again is not None
    assert torch.equal(again.density, density)
    other = scan_of(loaded, seed=4).slab
    assert other is not None
    assert not torch.equal(other.density, density)


def test_no_input_is_mutated(loaded: LoadedCase) -> None:
    """The neighbours of the case stay as they were, floor or not."""
    assert loaded.neighbours is not None
    before = loaded.neighbours.pixels.copy()
    scan_of(loaded)
    np.testing.assert_array_equal(loaded.neighbours.pixels, before)


def test_a_source_with_its_own_noise_is_left_alone(loaded: LoadedCase) -> None:
    """Where the body needs neither dither nor floor, its neighbours get none."""
    rng = np.random.default_rng(2)
    noisy = np.abs(rng.normal(100, 8, (5, 96, 128)) * (loaded.pixels > 200) + rng.rayleigh(4, (5, 96, 128))).astype(np.float32)
    scan = scan_of(LoadedCase(loaded.case, noisy[1], neighbours=Neighbours(noisy, 1, 2.0)))
    assert scan.slab is not None
    np.testing.assert_allclose(scan.slab.density.abs().numpy(), noisy, rtol=1e-5)
