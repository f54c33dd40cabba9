"""Too few phase-encode lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.mri.artefact_to_signal import artefact_to_signal
from physics.mri.chain import Reconstruction
from physics.mri.l1_wavelet import L1Wavelet
from physics.mri.measures import acceleration, ghost_to_signal, lines_kept
from physics.mri.resolution_along import BOTH_AXES
from physics.mri.sampling import keep_lines, line_priority
from physics.mri.scan import MRIScan
from physics.mri.sense import Sense
from physics.mri.thermal import ThermalNoise
from physics.mri.zero_filled import ZeroFilled

RECONSTRUCTIONS: dict[str, Reconstruction] = {"zero_filled": ZeroFilled(), "sense": Sense(), "l1_wavelet": L1Wavelet()}
N_COILS = 8  # of the array where an unfolding reconstruction meets a scan of one channel
FULL_SNR = 40.0  # tissue over noise of the full scan, where the source does not tell: parallel imaging without noise would be flattered


def draw(rng: np.random.Generator, scan: MRIScan, *, reconstruction: str = "any") -> dict[str, Any]:
    """Which lines go first, how wide the calibration region is, and how the picture is made."""
    if reconstruction not in ("any", *RECONSTRUCTIONS):
        raise ConfigError(f"recipe.pattern.reconstruction={reconstruction!r} is not known; allowed: any, {', '.join(RECONSTRUCTIONS)}")
    # The unfolding reconstructions bring receiver noise, which a masked background would betray.
    usual = "zero_filled" if scan.masked_air else str(rng.choice(list(RECONSTRUCTIONS), p=(0.5, 0.25, 0.25)))
    chosen = usual if reconstruction == "any" else reconstruction
    centre = max(round(float(rng.uniform(0.06, 0.09)) * scan.n_lines), 8)
    power = round(float(rng.uniform(0.5, 2.5)), 3)
    return {
        "reconstruction": chosen,
        "n_centre": min(centre, scan.n_lines),
        "power": power,
        "mask_seed": noise_seed(rng),
        "noise_seed": noise_seed(rng),
    }


def edit(scan: MRIScan, *, strength: float, pattern: Mapping[str, Any]) -> MRIScan:
    """strength: share of phase-encode lines that are kept; 1 is the full scan."""
    rng = np.random.Generator(np.random.PCG64(pattern["mask_seed"]))
    priority = line_priority(scan.n_lines, n_centre=pattern["n_centre"], power=pattern["power"], rng=rng)
    kept = keep_lines(scan, priority, share=strength)
    if kept is scan or pattern["reconstruction"] == "zero_filled":
        return kept
    # The source's own noise reaches the coils as if it were anatomy and unfolds without loss. A scan of p N lines holds sqrt(1/p) times the noise of the
    # full one (g = 1): the share (1 - p) of its variance is missing and enters here as receiver noise, which the unfolding then amplifies by g.
    full_sigma = max(scan.source_sigma, scan.mean_tissue / FULL_SNR)
    sigma = full_sigma * float(np.sqrt(1 - strength))
    array = kept.with_array(N_COILS).with_reconstruction(RECONSTRUCTIONS[pattern["reconstruction"]])
    return array.with_event(ThermalNoise(sigma, pattern["noise_seed"]))


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("phase-encode lines kept", "share", neutral=1.0, limit=0.06, scale="log"),
    effect=disturbance,
    measures=(lines_kept, acceleration, ghost_to_signal, artefact_to_signal, *BOTH_AXES),
    attributes=("undersampling aliasing", "sharpness", "noise"),
    words=Words(
        artefact="undersampling artefact",
        synonyms=("aliasing from undersampling", "residual aliasing", "acceleration artefact", "incoherent aliasing"),
        cause="too few phase-encode lines for the reconstruction",
        hides="fine detail and the edges of small structures",
        looks={
            "none": ("no aliasing and full sharpness", "clean edges without residual fold-over", "no trace of acceleration"),
            "mild": (
                "faint streaky aliasing along the phase-encode direction",
                "slight residual aliasing beside bright edges",
                "a little softness along the phase-encode direction",
            ),
            "moderate": (
                "clear aliasing along the phase-encode direction with loss of fine detail",
                "visible residual fold-over and softened sulci",
                "smeared edges along the phase-encode direction over much of the brain",
            ),
            "severe": (
                "heavy aliasing along the phase-encode direction that buries the anatomy",
                "strong smearing and residual fold-over throughout the head",
                "broad blur along the phase-encode direction in which sulci merge",
            ),
        },
        wordings={
            "reconstruction=zero_filled": Wording(
                looks={
                    "mild": (
                        "faint streaky aliasing along the phase-encode direction",
                        "slight residual aliasing beside bright edges",
                        "a little softness along the phase-encode direction",
                    ),
                    "moderate": (
                        "clear aliasing along the phase-encode direction with loss of fine detail",
                        "smeared edges along the phase-encode direction over much of the picture",
                        "smeared edges along the phase-encode direction over much of the brain",
                    ),
                    "severe": (
                        "broad blur along the phase-encode direction in which sulci merge",
                        "broad blur along the phase-encode direction in which small structures merge",
                        "strong smearing along the phase-encode direction over the whole picture",
                        "heavy aliasing along the phase-encode direction that buries fine structures",
                    ),
                }
            ),
            "reconstruction=sense": Wording(
                looks={
                    "mild": (
                        "a fine grain and faint residual aliasing",
                        "faint residual aliasing from the unfolding",
                        "a faint mesh over the anatomy",
                    ),
                    "moderate": (
                        "noticeable grain with residual aliasing over the anatomy",
                        "a clear mesh of residual aliasing over the anatomy",
                        "visible residual fold-over",
                    ),
                    "severe": (
                        "strong residual fold-over throughout the picture",
                        "broad smearing and residual fold-over along the phase-encode direction",
                        "heavy residual aliasing that buries the anatomy",
                    ),
                }
            ),
            "reconstruction=l1_wavelet": Wording(
                looks={
                    "mild": (
                        "slightly smoothed fine texture",
                        "a slight loss of fine texture",
                    ),
                    "moderate": (
                        "patchy smoothing with loss of fine detail",
                        "fine detail replaced by smooth patches",
                    ),
                    "severe": (
                        "blotchy patches in place of anatomy",
                        "coarse blotches in which small structures merge",
                    ),
                }
            ),
        },
        confusers=("mri_motion", "mri_noise"),
        impact=0.9,
    ),
    references=(
        Reference("Lustig, Donoho and Pauly 2007, Sparse MRI", doi="10.1002/mrm.21391"),
        Reference("Pruessmann et al. 1999, SENSE: sensitivity encoding for fast MRI", doi="10.1002/(SICI)1522-2594(199911)42:5<952::AID-MRM16>3.0.CO;2-S"),
        Reference(
            "Walsh, Gmitro and Marcellin 2000, Adaptive reconstruction of phased array MR imagery",
            doi="10.1002/(SICI)1522-2594(200005)43:5<682::AID-MRM10>3.0.CO;2-G",
        ),
    ),
)
