"""Wrong window: a display that hides the tissue in question. The CT numbers are right; recorded, and asked only beside another picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import disturbance
from medq_gen.errors import ConfigError
from physics.ct.scan import STORED_LOW_HU, CTScan
from physics.ct.window import show_at, window_level, window_width

KINDS = {"wide": 0.5, "dark": 0.25, "bright": 0.25}  # how often "any" takes each
LEVEL_STEP = 0.2  # of the right width: what the level moves by a unit of the knob


def draw(rng: np.random.Generator, scan: CTScan, *, kind: str = "any") -> dict[str, Any]:
    """Too wide a window, as for bone, or one whose level is too high (dark) or too low (bright); and how much of the other error comes with it."""
    if kind not in ("any", *KINDS):
        raise ConfigError(f"recipe.pattern: kind={kind!r}; allowed: any, {', '.join(KINDS)}")
    chosen = str(rng.choice(list(KINDS), p=list(KINDS.values()))) if kind == "any" else kind
    return {"kind": chosen, "other": round(float(rng.uniform(-0.1, 0.1)), 3)}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : octaves of width, or fifths of the right width that the level is off."""
    if strength == 0 or scan.window_hu is None:
        return scan
    low, high = scan.window_hu
    width, level, other = high - low, (low + high) / 2, pattern["other"]
    if pattern["kind"] == "wide":
        return show_at(scan, width_hu=width * 2**strength, level_hu=level + other * LEVEL_STEP * strength * width)
    sign = 1 if pattern["kind"] == "dark" else -1
    return show_at(scan, width_hu=width * 2 ** (other * strength), level_hu=level + sign * LEVEL_STEP * strength * width)


def refuse(scan: CTScan) -> str | None:
    """The picture must be able to hold the grey values."""
    if scan.window_hu is None:
        return "the window that the slice is shown at is not known"
    return "its own window reaches below the numbers that are stored" if scan.window_hu[0] < STORED_LOW_HU else None


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("distance from the right window", "octaves of width, or fifths of it in level", neutral=0.0, limit=5.0),
    # P of tissue knows no grain here. Seen in a brain window: twice as wide is flat, three times hides the ventricles, from 8 times on the brain is one grey
    effect=disturbance.with_anchors((0.13, 0.50, 0.78)),
    measures=(window_width, window_level),
    attributes=("window",),
    words=Words(
        artefact="wrong window",
        synonyms=("unsuitable window setting", "window error", "wrong window width", "wrong window level"),
        cause="a display window that does not fit the tissue in question",
        hides="contrast between soft tissues, which the data still hold",
        looks={
            "none": ("a window that fits the tissue", "soft tissue spread over the whole grey scale"),
            "mild": ("soft tissue somewhat flat in grey", "a slightly wide window", "low contrast between neighbouring tissues"),
            "moderate": ("soft tissue in a narrow range of greys", "a clearly too wide window", "tissues that are hard to tell apart in grey"),
            "severe": ("soft tissue in one even grey", "a bone window where soft tissue is in question", "a display without any soft-tissue contrast"),
        },
        wordings={
            "kind=dark": Wording(
                looks={
                    "mild": ("soft tissue somewhat dark", "a slightly high window level"),
                    "moderate": ("soft tissue so dark that fluid spaces merge with it", "a clearly too high window level"),
                    "severe": ("soft tissue in black", "a level so high that only bone is seen", "a section that is almost black"),
                }
            ),
            "kind=bright": Wording(
                looks={
                    "mild": ("soft tissue somewhat bright", "a slightly low window level"),
                    "moderate": ("soft tissue that washes out towards white", "a clearly too low window level"),
                    "severe": (
                        "soft tissue in glaring white",
                        "a level so low that soft tissue and bone are both white",
                        "a section in which everything glares",
                    ),
                }
            ),
        },
        confusers=("ct_hu_shift", "ct_scatter"),
        impact=0.5,
    ),
    references=(
        Reference("DICOM PS3.3, C.11.2: VOI LUT module"),
        Reference("Hsieh 2015, Computed Tomography: Principles, Design, Artifacts, and Recent Advances, chapter 2"),
    ),
    refuse=refuse,
)
