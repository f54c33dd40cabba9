"""Zipper: radio-frequency interference, or signal that escaped phase encoding."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import line
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.mri.artefact_to_signal import band_across_readout
from physics.mri.free_induction import FreeInduction, add_free_induction
from physics.mri.measures import ghost_to_signal
from physics.mri.scan import MRIScan
from physics.mri.zipper import Interference, Station, add_interference, line_modulus

KINDS = {"narrow": 0.5, "modulated": 0.35, "constant_phase": 0.15}  # how often "any" takes each
MOST = 8  # stations


def draw(rng: np.random.Generator, scan: MRIScan, *, kind: str = "any", n_lines: int = 0) -> dict[str, Any]:
    """Which source, and at which frequencies over the body it is heard. n_lines = 0: drawn, one to eight stations."""
    if kind not in ("any", *KINDS) or not 0 <= n_lines <= MOST:
        raise ConfigError(f"recipe.pattern: kind={kind!r}, n_lines={n_lines}; allowed: any, {', '.join(KINDS)}; 0 (drawn) to {MOST}")
    chosen = str(rng.choice(list(KINDS), p=list(KINDS.values()))) if kind == "any" else kind
    count = int(n_lines) or int(rng.choice((1, 2, 3, 5, 8), p=(0.3, 0.25, 0.2, 0.15, 0.1)))
    across = scan.body.support.any(dim=scan.phase_axis).nonzero().flatten().tolist() or [0, scan.matrix[1 - scan.phase_axis] - 1]
    centre, reach = scan.matrix[1 - scan.phase_axis] // 2, across[-1] - across[0]
    stations = [
        {
            "offset_px": round(float(across[0] + rng.uniform(0.1, 0.9) * reach - centre), 2),
            "share": 1.0 if number == 0 else round(float(rng.uniform(0.5, 1.0)), 3),
            "width_px": round(float(rng.uniform(0.004, 0.015) * scan.matrix[1 - scan.phase_axis]), 2) if chosen == "modulated" else 0.0,
        }
        for number in range(count)
    ]
    drawn = {"kind": chosen, "noise_seed": noise_seed(rng), "decay_share": round(float(rng.uniform(0.05, 0.3)), 3), "alternating": bool(rng.random() < 0.2)}
    keep = ("kind", "decay_share", "alternating") if chosen == "constant_phase" else ("kind", "noise_seed")
    return {name: drawn[name] for name in keep} | ({} if chosen == "constant_phase" else {"stations": stations})


def edit(scan: MRIScan, *, strength: float, pattern: Pattern) -> MRIScan:
    """strength: rms modulus on the line over the mean tissue signal."""
    modulus = strength * scan.mean_tissue
    if pattern["kind"] == "constant_phase":
        return add_free_induction(scan, FreeInduction(modulus, pattern["decay_share"], pattern["alternating"]))
    stations = tuple(Station(one["offset_px"], one["share"] * modulus, one["width_px"]) for one in pattern["stations"])
    return add_interference(scan, Interference(stations, pattern["noise_seed"]))


RECIPE = Degradation(
    version=2,
    draw=draw,
    edit=edit,
    strength=Strength("modulus on the line", "mean tissue signal", neutral=0.0, limit=10.0, scale="log"),
    effect=line,
    measures=(line_modulus, ghost_to_signal, band_across_readout),
    attributes=("zipper",),
    words=Words(
        artefact="zipper artefact",
        synonyms=("radio-frequency interference", "RF leak artefact", "RF zipper", "zipper line artefact"),
        cause="radio-frequency interference that leaked into the scanner room",
        hides="tissue under the line",
        looks={
            "none": ("no line across the picture", "tissue and background free of dotted lines", "no trace of interference"),
            "mild": (
                "one faint dotted line across the slice",
                "a thin row of dots that is best seen in the background",
                "a barely visible zipper along the phase-encode direction",
            ),
            "moderate": (
                "a clear dotted line across the slice",
                "a distinct zipper of bright and dark dots along the phase-encode direction",
                "a row of alternating dots that crosses the anatomy",
            ),
            "severe": (
                "several bright dotted lines across the slice",
                "glaring rows of dots that blot out the tissue beneath them",
                "a blinding zipper from edge to edge of the picture",
            ),
        },
        wordings={
            "kind=modulated": Wording(
                looks={
                    "mild": (
                        "a faint strip of dots across the slice",
                        "a faint grainy strip across the slice",
                        "a narrow band of speckle best seen in the background",
                    ),
                    "moderate": (
                        "a clear strip of dots, several pixels wide",
                        "a clear grainy strip across the anatomy",
                        "a distinct band of speckle across the slice",
                    ),
                    "severe": (
                        "a glaring strip of dots from edge to edge",
                        "a glaring band of speckle over the tissue beneath it",
                        "bright grainy strips across the picture",
                    ),
                }
            ),
            "kind=constant_phase": Wording(
                cause="signal of an imperfect refocusing pulse that escaped phase encoding",
                looks={
                    "mild": ("a thin faint line along the frequency-encode direction", "a barely visible straight line across the slice"),
                    "moderate": ("a clear straight line along the frequency-encode direction", "a distinct bright and dark line across the slice"),
                    "severe": ("a glaring straight line across the whole slice", "a blinding line along the frequency-encode direction"),
                },
            ),
        },
        confusers=("mri_spike", "mri_dc_offset"),
        impact=0.5,
    ),
    references=(
        Reference("Stadler et al. 2007, Artifacts in body MR imaging: their appearance and how to eliminate them", doi="10.1007/s00330-006-0470-4"),
        Reference("Zhuo and Gullapalli 2006, MR artifacts, safety, and quality control, RadioGraphics 26, 275"),
    ),
)
