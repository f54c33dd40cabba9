"""Noise, ghosts and aliasing: what each takes of a disturbance whose energies are known."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from physics.display import Display
from physics.measure import families
from physics.measure import grain as measures
from physics.measure.pair import Pair, View
from physics.measure.residual import Split


def _texture(seed: int) -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal((512, 512)), (0, 0), 4)
    return (128 + 50 * np.tanh(3 * noise / noise.std())).astype(np.float32)


def _pair(*, scan=None):
    view = View("mri", "head", Display("codes", 0.0, 255.0), torch.ones(512, 512, dtype=torch.bool), None)
    return Pair(torch.from_numpy(_texture(0)), torch.from_numpy(_texture(0) + 0.3 * (_texture(1) - 128)), view, scan=scan)


@pytest.fixture
def energies(monkeypatch):
    """Declares of what energies the change consists."""

    def declared(**energy):
        monkeypatch.setattr(measures, "split_of", lambda pair: Split(**energy))

    return declared


@pytest.mark.parametrize(
    ("energy", "share"),
    [
        ({"change": 100.0, "detail": 100.0, "foreign": 80.0, "noise": 80.0}, 1.0),
        ({"change": 100.0, "detail": 100.0, "foreign": 80.0, "noise": 55.0}, 0.5),  # 0.55 of the detail: midway between 0.40 and 0.70
        ({"change": 100.0, "detail": 14.0, "foreign": 14.0, "noise": 14.0}, 0.5),  # 0.14 of the change: midway between 0.08 and 0.20
        ({"change": 100.0, "detail": 22.0, "foreign": 20.0, "noise": 12.1}, 0.5 * 4.1 / 12),
    ],
)
def test_noise_counts_as_far_as_it_is_of_the_detail_and_of_the_change(energies, energy, share):
    """Added noise and grain are the disturbance and the deviation of the change, times both gates."""
    energies(**energy)
    assert measures.added_noise(_pair()).value == pytest.approx(share * families.disturbance(_pair()).value, rel=1e-6)
    change = 0.3 * (_texture(1) - 128)
    assert measures.added_grain(_pair()).value == pytest.approx(share * change.std(), rel=1e-3)


@pytest.mark.parametrize(("structure", "share"), [(5.0, 0.0), (14.0, 0.5), (40.0, 1.0)])
def test_ghosts_count_as_far_as_they_are_foreign_structure(energies, structure, share):
    """0.14 of the change is midway between 0.08 and 0.20; noise beside it is no ghost."""
    energies(change=100.0, detail=90.0, foreign=structure + 30.0, noise=30.0)
    assert measures.ghosting(_pair()).value == pytest.approx(share * families.disturbance(_pair()).value, rel=1e-6)


@pytest.mark.parametrize(("foreign", "share"), [(1.0, 0.0), (6.0, 0.5), (50.0, 1.0)])
def test_missing_samples_make_all_that_is_foreign_aliasing(energies, foreign, share):
    """Where the scan left samples out, 0.06 of the change is midway between 0.02 and 0.10; where it took all of them there is no aliasing."""
    energies(change=100.0, detail=90.0, foreign=foreign, noise=0.5)
    harm = families.disturbance(_pair()).value
    assert measures.aliasing(_pair(scan=SimpleNamespace(undersampled=True))).value == pytest.approx(share * harm, rel=1e-6)
    assert measures.aliasing(_pair(scan=SimpleNamespace(undersampled=False))).value == 0.0


@pytest.mark.parametrize(
    ("noise", "structure", "share"),
    [(0.0, 40.0, 1.0), (40.0, 0.0, 0.0), (35.0, 5.0, 0.5), (5.0, 9.0, 0.5), (8.0, 6.0, 0.5)],
)
def test_without_a_scan_grain_is_no_aliasing(energies, noise, structure, share):
    """Noise of 0.875 of what is foreign is midway between 0.80 and 0.95; noise and structure that sum to 0.14 of the change are midway too."""
    energies(change=100.0, detail=90.0, foreign=noise + structure, noise=noise)
    assert measures.aliasing(_pair()).value == pytest.approx(share * families.disturbance(_pair()).value, abs=1e-9, rel=1e-6)
