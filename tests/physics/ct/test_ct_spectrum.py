"""Hounsfield units and the attenuation of water."""

from __future__ import annotations

import pytest
import torch

from physics.ct.spectrum import effective_energy_kev, hu_change, mu_of, mu_water_per_mm


def test_300_mm_of_water_have_an_exponent_of_5_79():
    """The guard against units ten times wrong: 300 mm of water at 70 keV."""
    assert 300 * mu_water_per_mm(70.0) == pytest.approx(5.787, abs=0.002)


@pytest.mark.parametrize(("energy_kev", "mu_per_mm"), [(50, 0.02269), (60, 0.02059), (70, 0.01929), (80, 0.01837)])
def test_the_table_of_water(energy_kev, mu_per_mm):
    """The tabulated energies give the tabulated values."""
    assert mu_water_per_mm(energy_kev) == pytest.approx(mu_per_mm, rel=1e-12)


def test_water_between_the_energies_follows_a_power_law():
    """Half-way in log energy lies half-way in log attenuation."""
    assert mu_water_per_mm((60 * 70) ** 0.5) == pytest.approx((0.02059 * 0.01929) ** 0.5, rel=1e-9)


def test_energies_and_voltages_outside_the_clinic_are_refused():
    """A voltage in volts, or an energy off the table, is an error that says what is allowed."""
    with pytest.raises(ValueError, match="70 to 150"):
        effective_energy_kev(120_000)
    with pytest.raises(ValueError, match="table"):
        mu_water_per_mm(30.0)


def test_higher_voltage_sees_less_water():
    """120 kVp is 70 keV; effective energy rises with the voltage."""
    assert effective_energy_kev(120.0) == 70.0
    assert effective_energy_kev(80.0) < effective_energy_kev(100.0) < effective_energy_kev(140.0)


def test_hounsfield_units_there_and_back():
    """-1000 HU is vacuum, 0 HU water, 1000 HU twice water, noise below vacuum as far below zero as above; differences convert back."""
    hu = torch.tensor([-1010.0, -1000.0, 0.0, 1000.0])
    mu = mu_of(hu, mu_water=0.02)
    torch.testing.assert_close(mu, torch.tensor([-0.0002, 0.0, 0.02, 0.04]))
    torch.testing.assert_close(hu_change(mu[3] - mu[2], mu_water=0.02), torch.tensor(1000.0))
