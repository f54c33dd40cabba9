"""The physics of the plugin package: a plugin is tested as any recipe of ours."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from engine_cases import install_plugin, picture, plugin_importable

from medq_gen import registry
from physics.mri import MRIScan
from physics.scan import acquire


@pytest.fixture
def interference(tmp_path: Path) -> Iterator[ModuleType]:
    with plugin_importable(install_plugin(tmp_path)):
        yield importlib.import_module("zipper_plugin.interference")


@pytest.mark.parametrize("shape", [(48, 64), (47, 63)])
@pytest.mark.parametrize("phase_axis", [0, 1])
def test_a_station_is_one_column(interference: ModuleType, shape: tuple[int, int], phase_axis: int) -> None:
    """On an empty picture everything that is added lies on the column x0 right of the centre (of the frequency axis), with rms modulus a."""
    scan = MRIScan.of(torch.zeros(shape, dtype=torch.float64), phase_axis=phase_axis, phase=False)
    hit = acquire(interference.add_interference(scan, interference.Interference((7,), 0.5, 3))).numpy()
    across = hit if phase_axis == 0 else hit.T
    column = across.shape[1] // 2 + 7
    assert np.sqrt(np.mean(across[:, column] ** 2)) == pytest.approx(0.5, rel=1e-9)
    assert np.abs(np.delete(across, column, axis=1)).max() < 1e-12


def test_no_amplitude_is_no_change(interference: ModuleType) -> None:
    """a = 0 gives the very same scan; the picture of another seed differs."""
    scan = MRIScan.of(torch.from_numpy(picture(0).astype(np.float32)))
    assert interference.add_interference(scan, interference.Interference((7,), 0.0, 3)) is scan
    first, second = (acquire(interference.add_interference(scan, interference.Interference((7,), 50.0, seed))) for seed in (3, 4))
    assert not torch.equal(first, second)


def test_a_station_outside_the_matrix_is_refused(interference: ModuleType) -> None:
    """Half the matrix is the limit on either side."""
    scan = MRIScan.of(torch.ones((32, 32)))
    for offset in (16, -16):
        with pytest.raises(ValueError, match="outside a matrix of 32"):
            interference.add_interference(scan, interference.Interference((offset,), 1.0, 0))


def test_options_of_draw_are_the_users(interference: ModuleType) -> None:
    """every_px and reach are what recipe.pattern.* may set, and decide what is drawn: one station for every so many columns, within reach."""
    recipe = registry.get("mri_radio_station").recipe
    scan = MRIScan.of(torch.ones((64, 64)))
    assert recipe.options == {"every_px": 20.0, "reach": 0.6}
    drawn = recipe.pattern(np.random.default_rng(0), scan, every_px=12.8, reach=0.1)["offsets_px"]
    assert len(drawn) == 5
    assert max(map(abs, drawn)) <= 0.1 * 32 + 0.5
