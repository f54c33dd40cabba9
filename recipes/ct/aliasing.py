"""Channel aliasing: channels too far apart, and no quarter offset to make up for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Words
from medq_gen.declare.families import grain
from medq_gen.errors import ConfigError
from physics.ct.channel_aliasing import space_channels
from physics.ct.measures import noise_anisotropy
from physics.ct.scan import CTScan
from physics.ct.streak_measures import affected_share, channel_nyquist_per_mm, streaks_hu


def draw(rng: np.random.Generator, scan: CTScan, *, offset: float = -1.0) -> dict[str, Any]:
    """Where the channels lie about the central ray. offset : of the nearest one, in their pitch, 0 to 0.5; -1 draws it near 0 or 0.5: no alias cancels."""
    if offset != -1.0 and not 0.0 <= offset <= 0.5:
        raise ConfigError(f"recipe.pattern: offset={offset}; 0 to 0.5, or -1 to draw it")
    drawn = round(abs(float(rng.choice((0.0, 0.5)) - rng.uniform(0.0, 0.05))), 4)
    return {"offset": drawn if offset < 0 else offset}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : distance of the channels over that of the scanner's own."""
    return space_channels(scan, strength, offset=pattern["offset"])


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("channel pitch", "of the scanner's own", neutral=1.0, limit=8.0, scale="log"),
    # seen: 2 / 2.4 / 3 times the pitch are faint, clear and heavy in a brain window, 3 / 5 / 8 in an abdomen window; lines are found sooner than grain
    effect=grain.with_anchors((7.0, 17.0, 30.0)),
    measures=(channel_nyquist_per_mm, streaks_hu, affected_share, noise_anisotropy),
    attributes=("aliasing lines", "streaks", "sharpness"),
    words=Words(
        artefact="aliasing artefact",
        synonyms=("detector aliasing", "channel aliasing artefact", "ray aliasing", "undersampling of the detector"),
        cause="the detector channels were too far apart for the sharp edges in the section",
        hides="fine low-contrast detail beside sharp edges",
        looks={
            "none": ("no fine lines beside sharp edges", "soft tissue free of a regular weave", "no aliasing from the skull or the skin"),
            "mild": (
                "a faint weave of very fine lines beside bone",
                "fine closely spaced lines along sharp edges",
                "a slight herring-bone texture in soft tissue",
            ),
            "moderate": (
                "a clear herring-bone of fine lines from sharp edges",
                "closely spaced parallel lines across soft tissue",
                "a distinct regular weave that follows the outline of bone",
            ),
            "severe": (
                "a dense weave of lines over the whole section",
                "bold closely spaced lines from every sharp edge",
                "a heavy moire-like weave in which soft tissue drowns",
            ),
        },
        confusers=("ct_sparse_view", "ct_low_dose", "ct_sharp_kernel", "ct_ring"),
        impact=0.8,
    ),
    references=(
        Reference("Brooks, Glover, Talbert, Eisner and DiBianca 1979, J Comput Assist Tomogr 3: aliasing, a source of streaks in computed tomograms"),
        Reference("Peters and Lewitt 1977, J Comput Assist Tomogr 1: computed tomography with fan beam geometry"),
        Reference("Barrett and Keat 2004, Artifacts in CT: recognition and avoidance, RadioGraphics 24, 1679"),
    ),
)
