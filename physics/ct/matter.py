"""What a scan is made of, and how each material attenuates at each energy of a tube's spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from physics.ct.geometry import Array
from physics.ct.spectrum import effective_energy_kev

VOLTAGES = (80, 100, 120, 140)
# g / cm^3: ICRU cortical bone; steel 316L; cobalt-chromium of ASTM F75; dental amalgam of half mercury
DENSITY = {"water": 1.0, "bone": 1.92, "titanium": 4.51, "steel": 7.9, "cobalt_chromium": 8.3, "amalgam": 11.0, "gold": 19.3}
METALS = ("titanium", "steel", "cobalt_chromium", "amalgam", "gold")
_SOFT_HU, _BONE_HU = 100.0, 1500.0
_LEAST_WEIGHT = 1e-6


@lru_cache(maxsize=1)
def _table() -> dict[str, Array]:
    path = Path(__file__).with_name("beam_1kev.csv")
    names = path.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    return dict(zip(names, np.loadtxt(path, delimiter=",", skiprows=1).T, strict=True))


@dataclass(frozen=True, eq=False)
class Spectrum:
    """What a detector sees of a tube voltage: bins of 1 keV, weights that sum to 1, and mu of each material at its own density, 1/mm."""

    kvp: int
    energy_kev: Array
    weight: Array
    mu_per_mm: dict[str, Array]

    def at_reference(self, material: str) -> float:
        """mu in 1/mm at the energy that stands for this voltage."""
        return attenuation_per_mm(material, effective_energy_kev(float(self.kvp)))


def attenuation_per_mm(material: str, energy_kev: float) -> float:
    """mu of a material at its own density, logarithms interpolated between the table's energies (10.5 to 139.5 keV)."""
    table = _table()
    per_cm = np.exp(np.interp(np.log(energy_kev), np.log(table["energy_kev"]), np.log(table[material])))
    return float(per_cm) * DENSITY[material] / 10.0


def bone_over_water(kvp: float) -> float:
    """How many times as strongly as water cortical bone attenuates, at the energy that stands for a voltage."""
    energy = effective_energy_kev(kvp)
    return attenuation_per_mm("bone", energy) / attenuation_per_mm("water", energy)


def nearest_voltage(kvp: float) -> int:
    """The tabulated voltage that is nearest."""
    return min(VOLTAGES, key=lambda known: abs(known - kvp))


@lru_cache(maxsize=8)
def spectrum_of(kvp: int) -> Spectrum:
    """The spectrum of a tube behind its own filter, as an energy-integrating detector weighs it.

    Model
        w(E) = S(E) E / sum; S in photons, tungsten anode of 7 degrees, 6 mm of aluminium. Attenuation in narrow beam, coherent scatter included.
    Parameters
        kvp : 80, 100, 120 or 140.
    Returns
        Bins of more than a millionth of the weight.
    Assumes
        A detector that stops every quantum: absorption of 1.4 mm of gadolinium oxysulphide changes cupping by 0.03 % of mu.
    Not modelled
        What a bowtie filter hardens; heel effect; voltage ripple.
    References
        Poludniowski, Omar, Bujila and Andreo 2021 (SpekPy 2, which made the table of spectra); Elam, Ravel and Sieber 2002 (attenuation, by xraydb).
    Oracle
        Mean energies 48.3, 55.0, 60.6 and 65.7 keV; 300 mm of water have p = 5.87 at 120 kVp; mu of water and of bone at 70 keV
        (tests/physics/ct/test_ct_matter.py).
    Raises
        ValueError: a voltage that is not tabulated.
    """
    if kvp not in VOLTAGES:
        raise ValueError(f"spectrum of {kvp} kVp; tabulated: {VOLTAGES}")
    table = _table()
    weight = table[f"kvp_{kvp}"] * table["energy_kev"]
    weight = weight / weight.sum()
    kept = weight > _LEAST_WEIGHT
    mu = {name: table[name][kept] * (density / 10.0) for name, density in DENSITY.items()}
    return Spectrum(kvp, table["energy_kev"][kept], weight[kept] / weight[kept].sum(), mu)


def bone_share(hu: Tensor, *, kvp: float) -> Tensor:
    """How much of each pixel is cortical bone, as a volume of density 1.92 g/cm^3; the rest attenuates as water does.

    Model
        v = smoothstep(HU from 100 to 1500), at most what the whole attenuation of the pixel allows; pixels denser than cortical bone are bone of a higher
        density (v > 1). Water takes mu - v mu_bone, so that at the reference energy the two give back the HU exactly.
    Parameters
        hu : (row, column). kvp : at which the HU were measured.
    Returns
        (row, column), v >= 0, dtype of hu.
    Assumes
        Soft tissue is water of another density.
    Not modelled
        Iodine: a contrast-filled vessel counts as bone. Fat's softer spectrum of attenuation.
    References
        Joseph and Spital 1978; Unberath et al. 2018 (DeepDRR) for the split by thresholds.
    Oracle
        Water and bone add up to the HU within rounding; none below 100 HU (tests/physics/ct/test_ct_matter.py).
    """
    ratio = bone_over_water(kvp)
    ramp = ((hu - _SOFT_HU) / (_BONE_HU - _SOFT_HU)).clamp(0.0, 1.0)
    whole = (1.0 + hu / 1000.0).clamp_min(0.0) / ratio
    share: Tensor = torch.minimum(ramp * ramp * (3 - 2 * ramp) * whole.clamp_min(1.0), whole)
    return share
