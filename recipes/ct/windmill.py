"""Windmill: a helical scan whose rows are too high for what changes from slice to slice."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Effect, Pattern, Reference, Strength, Words
from medq_gen.errors import ConfigError
from physics.ct.helical import MOST_PITCH, Helix, scan_helically
from physics.ct.measures import noise_hu
from physics.ct.scan import CTScan
from physics.ct.slab import missing_slab
from physics.ct.streak_measures import affected_share, shades_hu, worst_hour
from physics.ct.vanes import row_changes, row_height_mm, table_feed_mm, vanes

LIMIT_MM = 5.0
ROWS = (4, 8, 16)
_LEAST_PITCH = 0.7


def draw(rng: np.random.Generator, scan: CTScan, *, n_rows: int = 0, interpolation: str = "any") -> dict[str, Any]:
    """How the scan winds. n_rows : of the detector; 0 draws 4, 8 or 16. interpolation : "360" joins rows of equal views, "180" also those of opposite rays."""
    if n_rows and not 1 <= n_rows <= 64:
        raise ConfigError(f"recipe.pattern: n_rows={n_rows}; 1 to 64, or 0 to draw 4, 8 or 16")
    if interpolation not in ("any", *MOST_PITCH):
        raise ConfigError(f"recipe.pattern: interpolation={interpolation!r}; allowed: any, {', '.join(MOST_PITCH)}")
    rows, drawn = int(rng.choice(ROWS)), str(rng.choice(list(MOST_PITCH)))
    chosen = drawn if interpolation == "any" else interpolation
    return {
        "n_rows": n_rows or rows,
        "interpolation": chosen,
        "pitch": round(float(rng.uniform(_LEAST_PITCH, MOST_PITCH[chosen])), 3),
        "start_deg": round(float(rng.uniform(0, 360)), 1),
    }


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : height of a detector row at the isocentre; the table feed follows from rows and pitch."""
    if strength == 0:
        return scan
    return scan_helically(scan, Helix(strength, pattern["n_rows"], pattern["pitch"], pattern["start_deg"], pattern["interpolation"]))


def refuse(scan: CTScan) -> str | None:
    """What the rows above and below a single picture read is not known."""
    return missing_slab(scan, LIMIT_MM)


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("height of a detector row", "mm", neutral=0.0, limit=LIMIT_MM),
    # the blur of high rows and the grain they average are no vanes. Seen in a skull base: faint at 5 % of the window, across the temporal lobes at 13 %,
    # hardly anything to read from 20 %; a liver, which changes slowly along the patient, never shows more than faint ones
    effect=Effect("vanes", vanes, (3.5, 9.5, 16.5)),
    measures=(row_height_mm, table_feed_mm, row_changes, shades_hu, affected_share, noise_hu, worst_hour),
    attributes=("windmill", "streaks", "sharpness"),
    words=Words(
        artefact="windmill artefact",
        synonyms=("helical artefact", "spiral artefact", "pinwheel artefact", "helical interpolation artefact"),
        cause="detector rows of a helical scan that are too high for what changes from slice to slice",
        hides="soft tissue around ribs, spine and the base of the skull",
        looks={
            "none": ("no vanes around bone", "even soft tissue beside ribs and skull base", "no helical pattern"),
            "mild": (
                "faint bright and dark vanes around bone that slopes through the slice",
                "slight alternating light and dark wedges beside dense parts",
                "a hint of a pinwheel beside bone and softened oblique borders",
            ),
            "moderate": (
                "clear alternating bright and dark vanes that fan out from bone",
                "a pinwheel of light and dark wedges around dense parts",
                "distinct windmill vanes beside bone, with blurred oblique borders",
            ),
            "severe": (
                "bold bright and dark vanes that cross the soft tissue around bone",
                "a coarse pinwheel that hides the tissue between dense parts",
                "black and white wedges that turn about every sloping bone",
            ),
        },
        confusers=("ct_partial_volume", "ct_cone_beam", "ct_beam_hardening", "ct_metal"),
        impact=0.9,
    ),
    references=(
        Reference("Silver, Taguchi, Hein et al. 2003, Proc SPIE 5032: windmill artifact in multislice helical CT"),
        Reference("Hu 1999, Med Phys 26: multi-slice helical CT: scan and reconstruction"),
        Reference("Barrett and Keat 2004, RadioGraphics 24: artifacts in CT, recognition and avoidance", doi="10.1148/rg.246045065"),
    ),
    refuse=refuse,
)
