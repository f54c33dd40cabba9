"""Low dose: too few quanta for the patient, in a picture that has grain already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Words
from medq_gen.declare.families import grain
from medq_gen.seeds import noise_seed
from physics.ct import CTScan, lower_dose
from physics.ct.measures import added_noise_hu, dose_fraction, hu_bias, noise_anisotropy, noise_hu, quanta_at_thickest, streak_direction
from physics.ct.scan import GEOMETRIES


def draw(rng: np.random.Generator, scan: CTScan, *, geometry: str = "fan", modulation: float | None = None) -> dict[str, Any]:
    """The noise, and how far the tube current follows the patient's width.

    geometry : "fan" (360 degrees, as in a scanner) or "parallel" (180 degrees). modulation : exponent of the tube current, 0 (constant) to 1 (constant signal
    behind the thickest ray); None draws it from 0 to 0.5, what scanners use.
    """
    if geometry not in GEOMETRIES:
        raise ValueError(f"geometry {geometry!r}; allowed: {sorted(GEOMETRIES)}")
    if modulation is not None and not 0.0 <= modulation <= 1.0:
        raise ValueError(f"modulation {modulation}: 0 (constant current) to 1")
    seed, drawn = noise_seed(rng), round(float(rng.uniform(0.0, 0.5)), 3)
    return {"noise_seed": seed, "geometry": geometry, "modulation": drawn if modulation is None else modulation}


def edit(scan: CTScan, *, strength: float, pattern: dict[str, Any]) -> CTScan:
    """strength : dose over the dose of the source."""
    geometry = GEOMETRIES[pattern["geometry"]]
    scan = scan if scan.geometry == geometry else replace(scan, geometry=geometry)
    return lower_dose(scan, strength, seed=pattern["noise_seed"], modulation=pattern["modulation"])


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("dose fraction", unit="1", neutral=1.0, limit=0.005, scale="log"),
    effect=grain,
    measures=(noise_hu, added_noise_hu, hu_bias, noise_anisotropy, streak_direction, quanta_at_thickest, dose_fraction),
    attributes=("quantum noise", "contrast"),
    words=Words(
        artefact="low-dose noise",
        synonyms=("quantum mottle", "photon noise", "low-dose grain", "quantum noise", "radiation-dose noise", "noise from an underexposed scan"),
        cause="too few photons reached the detector",
        hides="low-contrast lesions and faint soft-tissue borders",
        looks={
            "none": ("no added grain", "soft tissue as smooth as the scan allows", "no low-dose noise"),
            "mild": (
                "a fine grain over soft tissue",
                "slight mottle in homogeneous organs",
                "a light salt-and-pepper texture in soft tissue",
                "faint quantum mottle with organ borders still clear",
            ),
            "moderate": (
                "clear grain over all soft tissue",
                "distinct mottle that roughens organ borders",
                "grainy soft tissue in which small low-contrast structures fade",
                "obvious quantum mottle over the whole section",
            ),
            "severe": (
                "coarse grain that buries soft-tissue contrast",
                "dense salt-and-pepper mottle over the whole section",
                "coarse grain over all soft tissue",
                "grain so strong that organs are hard to tell apart",
                "heavy mottle that runs into streaks along the longest paths",
            ),
        },
        confusers=("ct_sparse_view", "ct_photon_starvation", "ct_smooth_kernel", "ct_metal"),
        impact=1.0,
    ),
    references=(
        Reference("Yu, Shiung, Jondal and McCollough 2012, J Comput Assist Tomogr 36: inserting noise into measured projections"),
        Reference("Zabic, Wang, Morton and Brown 2013, Med Phys 40: a low-dose simulation tool with electronic noise"),
        Reference("Whiting, Massoumzadeh, Earl, O'Sullivan, Snyder and Williamson 2006, Med Phys 33: properties of CT sinogram data"),
        Reference("Riederer, Pelc and Chesler 1978, Phys Med Biol 23: the noise power spectrum in computed tomography"),
    ),
)
