"""Partial Fourier: one side of k-space left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import ndimage

from medq_gen.declare import Degradation, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.chain import Reconstruction
from physics.mri.homodyne import Homodyne
from physics.mri.measures import lines_kept
from physics.mri.partial_fourier import FieldSpot, echo_lost, least_share, lines_beyond_centre, take_one_side
from physics.mri.resolution_along import BOTH_AXES
from physics.mri.scan import MRIScan
from physics.mri.zero_filled import ZeroFilled

RECONSTRUCTIONS: dict[str, Reconstruction] = {"zero_filled": ZeroFilled(), "homodyne": Homodyne(), "pocs": Homodyne(n_steps=10)}
DEPTH_MM = 35.0  # beneath the surface: air cavities and air outside are near
WIDTH_MM = (12.0, 24.0)  # of the field beside an air cavity
PHASE_RAD = (5.0, 20.0)  # at its centre: 80 to 320 Hz at an echo time of 10 ms, 30 to 110 Hz at 30 ms
# What is lost is a few patches: a head whose face or forehead is erased reads .55 to .65 of all its blocks.
ANCHORS = (0.27, 0.43, 0.54)


def draw(rng: np.random.Generator, scan: MRIScan, *, reconstruction: str = "any") -> dict[str, Any]:
    """Which side is taken, how the picture is made, and where the field is off."""
    if reconstruction not in ("any", *RECONSTRUCTIONS):
        raise ConfigError(f"recipe.pattern.reconstruction={reconstruction!r} is not known; allowed: any, {', '.join(RECONSTRUCTIONS)}")
    usual = str(rng.choice(list(RECONSTRUCTIONS)))
    support = np.pad(scan.body.support.cpu().numpy(), 1)
    depth_mm = ndimage.distance_transform_edt(support, sampling=scan.spacing_mm)[1:-1, 1:-1]
    body = np.argwhere((depth_mm > 0) & (depth_mm < DEPTH_MM))
    spots = []
    for _ in range(int(rng.integers(2, 5))):
        at = body[int(rng.integers(len(body)))] if len(body) else np.zeros(2)
        place = [round(float((p - n // 2) * d), 2) for p, n, d in zip(at, scan.matrix, scan.spacing_mm, strict=True)]
        sign = 1 if rng.random() < 0.5 else -1
        spots.append({"place_mm": place, "width_mm": round(float(rng.uniform(*WIDTH_MM)), 2), "phase_rad": round(sign * float(rng.uniform(*PHASE_RAD)), 3)})
    return {
        "reconstruction": usual if reconstruction == "any" else reconstruction,
        "side": 1 if rng.random() < 0.5 else -1,
        "spots": spots,
        "noise_seed": noise_seed(rng),
    }


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: share of the phase-encode lines that is left out; half of them are one side."""
    if strength == 0:
        return scan
    spots = tuple(FieldSpot((spot["place_mm"][0], spot["place_mm"][1]), spot["width_mm"], spot["phase_rad"]) for spot in pattern["spots"])
    share = max(1 - strength, least_share(scan.n_lines, side=pattern["side"]))
    chosen = RECONSTRUCTIONS[pattern["reconstruction"]]
    return take_one_side(scan, share=share, side=pattern["side"], reconstruction=chosen, spots=spots, seed=pattern["noise_seed"])


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("phase-encode lines left out on one side", "share", neutral=0.0, limit=0.5, scale="linear"),
    effect=disturbance.with_anchors(ANCHORS),
    measures=(lines_kept, lines_beyond_centre, echo_lost, artefact_to_signal, *BOTH_AXES),
    attributes=("signal void", "sharpness"),
    words=Words(
        artefact="partial Fourier artefact",
        synonyms=("half-Fourier artefact", "partial Fourier blurring", "homodyne artefact", "incomplete k-space artefact"),
        cause="one side of k-space was left out and the phase was not smooth enough to stand in for it",
        hides="tissue near air cavities and thin structures across the phase-encode direction",
        looks={
            "none": ("crisp detail along both axes", "full signal beside the air cavities", "sharp borders along the phase-encode direction"),
            "mild": (
                "a slight softening along the phase-encode direction",
                "a small patch of uneven signal beside an air cavity",
                "faintly doubled borders in one region",
            ),
            "moderate": (
                "clear patches of lost signal with rippled borders",
                "distinct local blur where the field is uneven",
                "dark and rippled patches in otherwise sharp tissue",
            ),
            "severe": (
                "large patches in which the anatomy is erased or rippled",
                "broad loss of signal with coarse ripples around it",
                "regions of tissue replaced by dark patches and coarse ripples",
            ),
        },
        wordings={
            "reconstruction=zero_filled": Wording(
                looks={
                    "mild": (
                        "a slight softening along the phase-encode direction",
                        "a faint one-sided smear along the phase-encode direction",
                        "slightly blurred borders across the phase-encode direction",
                    ),
                    "moderate": (
                        "a clear blur along the phase-encode direction with a darkened region",
                        "distinct local blur where the field is uneven",
                        "smeared borders and a patch of weak signal",
                    ),
                    "severe": (
                        "heavy blur along the phase-encode direction with dark, erased regions",
                        "large dark patches in strongly smeared tissue",
                        "smeared anatomy that spreads haze beyond the body",
                    ),
                },
                primary="sharpness",
            ),
        },
        confusers=("mri_gibbs", "mri_undersampling"),
        impact=0.7,
    ),
    references=(
        Reference("Noll, Nishimura and Macovski 1991, Homodyne detection in magnetic resonance imaging", doi="10.1109/42.79473"),
        Reference("McGibney et al. 1993, Quantitative evaluation of several partial Fourier reconstruction algorithms, Magn. Reson. Med. 30, 51"),
        Reference(
            "Chen, Oshio and Panych 2008, Improved image reconstruction for partial Fourier gradient-echo echo-planar imaging, Magn. Reson. Med. 59, 916"
        ),
    ),
)
