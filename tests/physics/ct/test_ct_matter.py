"""Spectra, attenuation and the split into water and bone."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
import torch

from physics.ct.matter import DENSITY, METALS, VOLTAGES, attenuation_per_mm, bone_share, nearest_voltage, spectrum_of
from physics.ct.spectrum import effective_energy_kev, mu_water_per_mm


@pytest.mark.parametrize(("kvp", "mean_kev"), [(80, 48.3), (100, 55.0), (120, 60.6), (140, 65.7)])
def test_the_spectra_have_their_mean_energies(kvp, mean_kev, oracle):
    """Photons, so the detector's weight E is taken out again; no quantum above the voltage."""
    spectrum = spectrum_of(kvp)
    photons = spectrum.weight / spectrum.energy_kev
    oracle("ct_beam_hardening", "mean energy of the spectra, keV", float((photons * spectrum.energy_kev).sum() / photons.sum()) - mean_kev, below=0.1)
    assert spectrum.weight.sum() == pytest.approx(1.0)
    assert spectrum.energy_kev.max() < kvp


def test_attenuation_is_that_of_the_tables(oracle):
    """Water and cortical bone at 70 keV; water as the rest of the scanner knows it; gold jumps at its K edge, titanium does not."""
    oracle("ct_beam_hardening", "attenuation of water at 70 keV", attenuation_per_mm("water", 70.0) / 0.01929 - 1, below=0.002)
    oracle("ct_beam_hardening", "attenuation of cortical bone at 70 keV", attenuation_per_mm("bone", 70.0) / 0.04956 - 1, below=0.01)
    for energy in (52.0, 63.0, 76.0):
        assert attenuation_per_mm("water", energy) == pytest.approx(mu_water_per_mm(energy), rel=0.003)
    assert attenuation_per_mm("gold", 81.5) > 3 * attenuation_per_mm("gold", 79.5)
    assert attenuation_per_mm("titanium", 81.5) < attenuation_per_mm("titanium", 79.5)


def test_metals_come_in_their_order():
    """At 70 keV titanium is the lightest and gold the heaviest; every metal is far above bone."""
    mu = [attenuation_per_mm(name, 70.0) for name in METALS]
    assert mu == sorted(mu)
    assert mu[0] > 4 * attenuation_per_mm("bone", 70.0)
    assert set(METALS) < set(DENSITY)


def test_the_table_travels_with_the_package():
    """Read as package data: without it no scan hardens."""
    text = files("physics.ct").joinpath("beam_1kev.csv").read_text(encoding="utf-8")
    assert len(text.splitlines()) == 131
    assert text.startswith("energy_kev,kvp_80,kvp_100,kvp_120,kvp_140,water,bone,")


def test_only_tabulated_voltages_and_the_nearest_of_others():
    """A message names them."""
    with pytest.raises(ValueError, match="80, 100, 120, 140"):
        spectrum_of(130)
    assert [nearest_voltage(kvp) for kvp in (70.0, 93.0, 121.0, 150.0)] == list(VOLTAGES)


@pytest.mark.parametrize("kvp", [80.0, 120.0, 140.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_water_and_bone_give_the_hu_back(kvp, dtype, oracle):
    """At the reference energy the two parts add up to the HU, neither is negative, soft tissue holds no bone, and bone rises with HU."""
    hu = torch.linspace(-1100, 3000, 4101, dtype=dtype)
    share = bone_share(hu, kvp=kvp)
    energy = effective_energy_kev(kvp)
    water = (1 + hu / 1000).clamp_min(0) - share * (attenuation_per_mm("bone", energy) / attenuation_per_mm("water", energy))
    assert float(water.min()) > -1e-6
    assert float(share.min()) == 0.0
    assert float(share[hu <= 100].max()) == 0.0
    assert bool((share.diff() >= -1e-6).all())
    back = 1000 * (water + share * (attenuation_per_mm("bone", energy) / attenuation_per_mm("water", energy)) - 1)
    oracle("ct_beam_hardening", "water and bone give the HU back, HU", float((back - hu.clamp_min(-1000)).abs().max()), below=1e-3)
    np.testing.assert_allclose(float(share[hu == 2900]), 3.9 * attenuation_per_mm("water", energy) / attenuation_per_mm("bone", energy), rtol=1e-5)


@pytest.mark.parametrize("kvp", VOLTAGES)
def test_a_spectrum_holds_what_weighs_a_millionth_and_mu_at_its_own_densities(kvp):
    """Weights of the kept bins sum to 1 to rounding, each is a millionth and more; what was left out of the table was not; mu of each material is that of the
    table at each energy, which is in 1 / mm at its density."""
    spectrum = spectrum_of(kvp)
    assert spectrum.weight.sum() == pytest.approx(1.0, abs=1e-14)
    assert spectrum.weight.min() > 1e-6
    for name in DENSITY:
        np.testing.assert_allclose(spectrum.mu_per_mm[name], [attenuation_per_mm(name, energy) for energy in spectrum.energy_kev], rtol=1e-9)


def test_bone_comes_in_by_a_smooth_step():
    """Of pixels 1, 2 and 3 quarters of the way from 100 to 1500 HU 5 / 32, a half and 27 / 32 are bone, as long as their attenuation allows."""
    ratio = attenuation_per_mm("bone", 70.0) / attenuation_per_mm("water", 70.0)
    share = bone_share(torch.tensor([450.0, 800.0, 1150.0], dtype=torch.float64), kvp=120.0)
    assert share.tolist() == pytest.approx([5 / 32, 0.5, min(27 / 32, 2.15 / ratio)])
    thick = bone_share(torch.tensor([1900.0], dtype=torch.float64), kvp=120.0)
    assert float(thick) == pytest.approx(2.9 / ratio)
