"""The slab of a CT scan: its middle is the picture, its neighbours are treated as the picture was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from medq_gen.records import Case
from medq_gen.scan_of import healthy_scan
from medq_gen.sources import make
from medq_gen.sources.source import LoadedCase, Neighbours
from physics.ct import CTScan


@pytest.fixture(scope="module")
def loaded() -> LoadedCase:
    """The sample case that lies in a slab."""
    source = make("sample", {"modality": "ct"})
    return next(source.load(case) for case in source.index() if isinstance(case, Case) and "skull_base" in case.entry)


def scan_of(loaded: LoadedCase, *, seed: int = 3) -> CTScan:
    scan, _ = healthy_scan(loaded, seed=seed)
    assert isinstance(scan, CTScan)
    return scan


def test_the_middle_of_the_slab_is_the_picture(loaded: LoadedCase) -> None:
    """Bit for bit; and the picture is what it is without a slab."""
    scan = scan_of(loaded)
    assert scan.slab is not None
    assert torch.equal(scan.slab.hu[scan.slab.index], scan.hu)
    assert (scan.slab.step_mm, scan.slab.reach_mm) == (1.0, 22.5)
    alone = scan_of(replace(loaded, neighbours=None))
    assert alone.slab is None
    assert torch.equal(alone.hu, scan.hu)


def test_neighbours_are_dithered_as_the_picture_was(loaded: LoadedCase) -> None:
    """Within half a step, never into padding; same seed, same bytes; the input is not written to."""
    assert loaded.neighbours is not None
    before = loaded.neighbours.pixels.copy()
    slab, again, other = scan_of(loaded).slab, scan_of(loaded).slab, scan_of(loaded, seed=4).slab
    assert slab is not None
    assert again is not None
    assert other is not None
    moved = slab.hu.numpy() - loaded.neighbours.pixels
    assert np.abs(moved).max() <= 0.5 + 1e-3
    assert np.abs(moved[0][loaded.neighbours.pixels[0] > -900]).mean() == pytest.approx(0.25, rel=0.05)
    assert float(slab.hu.min()) >= -1024
    assert torch.equal(slab.hu, again.hu)
    assert not torch.equal(slab.hu, other.hu)
    np.testing.assert_array_equal(loaded.neighbours.pixels, before)


def test_padding_is_kept(loaded: LoadedCase) -> None:
    """A mark is a mark on every level, whether it lies below what 12 bits hold or is told by the header."""
    assert loaded.neighbours is not None
    for mark, facts in ((-2000.0, {}), (-1024.0, {"padding_hu": -1024.0})):
        pixels = loaded.neighbours.pixels[20:25].copy()
        pixels[:, :3] = mark
        case = loaded.case.model_copy(update={"acquisition": {**loaded.case.acquisition, **facts}})
        slab = scan_of(LoadedCase(case, pixels[2], neighbours=Neighbours(pixels, 2, 1.0))).slab
        assert slab is not None
        assert bool((slab.hu[:, :3] == mark).all())


def test_a_continuous_source_is_left_alone(loaded: LoadedCase) -> None:
    """Without a comb there is nothing to dither."""
    rng = np.random.default_rng(2)
    pixels = (loaded.pixels + rng.normal(0, 6, (3, *loaded.pixels.shape))).astype(np.float32)
    slab = scan_of(LoadedCase(loaded.case, pixels[1], neighbours=Neighbours(pixels, 1, 2.0))).slab
    assert slab is not None
    np.testing.assert_array_equal(slab.hu.numpy()[[0, 2]], pixels[[0, 2]])


def test_the_slices_about_a_reformatted_plane_are_none_of_a_scanner(loaded: LoadedCase) -> None:
    """A coronal picture keeps no slab: what lies before it was not measured before or after it."""
    assert scan_of(replace(loaded, case=loaded.case.model_copy(update={"view": "coronal"}))).slab is None
