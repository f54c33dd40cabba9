"""Hounsfield units and linear attenuation."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from torch import Tensor

Number = TypeVar("Number", Tensor, float)

# linear attenuation of water in 1/mm; NIST XCOM by way of the tables of Elam, Ravel and Sieber
_ENERGY_KEV = (50.0, 60.0, 70.0, 80.0)
_MU_WATER_PER_MM = (0.02269, 0.02059, 0.01929, 0.01837)
# tube voltage against the energy at which a hardened beam of that voltage attenuates water as a monochromatic one
_KVP = (80.0, 100.0, 120.0, 140.0)
_EFFECTIVE_KEV = (56.0, 63.0, 70.0, 76.0)


def effective_energy_kev(kvp: float) -> float:
    """The energy that stands for a tube voltage: 70 keV for 120 kVp; linear between the listed voltages.

    Raises
        ValueError: outside 70 to 150 kVp, where no clinical scanner works.
    """
    if not 70.0 <= kvp <= 150.0:
        raise ValueError(f"tube voltage {kvp} kVp: 70 to 150 kVp are clinical; check the unit of KVP")
    return float(np.interp(kvp, _KVP, _EFFECTIVE_KEV))


def mu_water_per_mm(energy_kev: float = 70.0) -> float:
    """How strongly water attenuates.

    Model
        ln mu is interpolated over ln E between tabulated energies.
    Parameters
        energy_kev : 50 to 80.
    Returns
        mu in 1/mm: 0.01929 at 70 keV, so that 300 mm of water have p = 5.79.
    Assumes
        Water of density 1 at body temperature within 0.7 %.
    Not modelled
        Spectra: one energy stands for the beam.
    References
        Hubbell and Seltzer 1995 (NISTIR 5632); xraydb agrees to the digits given.
    Oracle
        The table's own values and p(300 mm) = 5.79 (tests/physics/ct/test_ct_spectrum.py).
    Raises
        ValueError: outside the table.
    """
    if not _ENERGY_KEV[0] <= energy_kev <= _ENERGY_KEV[-1]:
        raise ValueError(f"{energy_kev} keV: the table of water runs from {_ENERGY_KEV[0]} to {_ENERGY_KEV[-1]} keV")
    return float(np.exp(np.interp(np.log(energy_kev), np.log(_ENERGY_KEV), np.log(_MU_WATER_PER_MM))))


def mu_of(hu: Tensor, *, mu_water: float) -> Tensor:
    """Attenuation in 1/mm of Hounsfield units. Noise of air dips below -1000 HU and stays negative here: cut off, its mean would be matter (at 48 HU of noise
    2.5 % fewer quanta behind a body of 200 mm). Padding must have been made air before."""
    return mu_water * (1.0 + hu / 1000.0)


def hu_change(mu_change: Number, *, mu_water: float) -> Number:
    """Hounsfield units of a change of attenuation."""
    return mu_change * (1000.0 / mu_water)
