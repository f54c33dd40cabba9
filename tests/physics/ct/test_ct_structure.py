"""What is left of grain and of structures when they are told apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ct_phantoms import ct_grain
from scipy.special import ndtr

from physics.ct import CTScan
from physics.ct.kernel import STANDARD
from physics.ct.structure import structure_of


def slice_of(noise_hu, *, seed=4):
    """Water with organs of 60 and 250 HU, pixels of 0.9 by 0.7 mm; grain of a standard kernel."""
    y, x = np.mgrid[:200, :240] * np.array([0.9, 0.7])[:, None, None]
    y, x = y - 90, x - 84
    clean = 1000 * ndtr((76 - np.hypot(x, y)) / 1.2) + 60 * ndtr((14 - np.hypot(x - 30, y)) / 1.2) + 250 * ndtr((8 - np.hypot(x + 30, y + 10)) / 1.2) - 1000
    return clean, clean + noise_hu * ct_grain(clean.shape, (0.9, 0.7), seed=seed)


def test_grain_goes_and_organs_stay(oracle):
    """Of 25 HU of grain a fifth at most is left in even tissue; organs keep their means within the 2 w / r and some that the penalty takes."""
    clean, hu = slice_of(25.0)
    scan = CTScan.of(torch.tensor(hu, dtype=torch.float32), spacing_mm=(0.9, 0.7), kernel=STANDARD)
    found = structure_of(scan).numpy()
    even = (slice(120, 150), slice(90, 150))
    oracle(
        "ct_respiratory_motion", "grain that is left in the moving structure, of all", float((found - clean)[even].std() / (hu - clean)[even].std()), below=0.2
    )
    for (row, column), half, radius in (((100, 163), 6, 14), ((89, 77), 4, 8)):
        organ = (slice(row - half, row + half), slice(column - half, column + half))
        assert found[organ].mean() == pytest.approx(clean[organ].mean(), abs=2 * 0.8 * 25 / radius + 4)
    assert structure_of(scan) is structure_of(scan)


def test_a_slice_without_noise_is_its_own_structure():
    """No grain is found and none taken, to the last bit; nor where no tissue shows it."""
    clean, _ = slice_of(0.0)
    scan = CTScan.of(torch.tensor(clean), spacing_mm=(0.9, 0.7), kernel=STANDARD)
    assert float((structure_of(scan) - scan.hu).abs().max()) < 1.0
    air = CTScan.of(torch.full((64, 64), -1000.0), spacing_mm=(1.0, 1.0), kernel=STANDARD)
    assert torch.equal(structure_of(air), air.hu)
