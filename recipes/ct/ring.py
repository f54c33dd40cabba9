"""Rings: channels of the detector that are no longer what they were calibrated to be."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.declare import Degradation, Pattern, Reference, Strength, Wording, Words
from medq_gen.declare.families import grain
from medq_gen.errors import ConfigError
from medq_gen.seeds import noise_seed
from physics.ct.body import body_radius_mm
from physics.ct.channels import COURSES, ChannelErrors, misread_channels
from physics.ct.geometry import FAN
from physics.ct.measures import hu_bias
from physics.ct.ring_measures import ring_amplitude_hu, ring_radius_mm, ringed_share, wrong_channels
from physics.ct.scan import CTScan

KINDS = {"channels": 0.45, "modules": 0.2, "detector": 0.15, "response": 0.2}  # how often "any" takes each
MOST = 8  # channels that fail one by one
LEAST_RADIUS_MM = 20.0


def draw(rng: np.random.Generator, scan: CTScan, *, kind: str = "any", n_channels: int = 0, course: str = "any") -> dict[str, Any]:
    """Which channels fail, by how much beside the worst, and when in the turn.

    kind : "channels", "modules" (16 or 32 neighbours fail alike), "detector" (all channels drifted since the last calibration) or "response" (channels that
    answer wrongly to a hardened beam). n_channels : how many channels or modules, 0 draws. course : "steady", "drifting" or "intermittent".
    """
    if kind not in ("any", *KINDS) or course not in ("any", *COURSES) or not 0 <= n_channels <= MOST:
        raise ConfigError(
            f"recipe.pattern: kind={kind!r}, course={course!r}, n_channels={n_channels}; any, {', '.join(KINDS)}; any, {', '.join(COURSES)}; 0 to 8"
        )
    chosen = str(rng.choice(list(KINDS), p=list(KINDS.values()))) if kind == "any" else kind
    drawn = str(rng.choice(COURSES, p=(0.6, 0.2, 0.2)))
    pattern = {
        "kind": chosen,
        "course": drawn if course == "any" else course,
        "start_turn": round(float(rng.random()), 4),
        "length_turn": round(float(rng.uniform(0.15, 0.6)), 3),
    }
    if chosen == "detector":
        return {**pattern, "course": "steady" if course == "any" else course, "noise_seed": noise_seed(rng)}
    width = int(rng.choice((16, 32))) if chosen == "modules" else 1
    most = (1, 2) if chosen == "modules" else (1, 2, 3, 5, MOST)
    count = int(n_channels) or int(rng.choice(most))
    reach = 0.9 * max(body_radius_mm(scan), LEAST_RADIUS_MM)
    faults = [
        {
            "channel": int(np.argmin(np.abs(FAN.s_mm() - rng.uniform(-reach, reach)))) - width // 2,
            "n_channels": width,
            "share": round(float(rng.choice((-1.0, 1.0)) * (1.0 if number == 0 else rng.uniform(0.3, 1.0))), 3),
        }
        for number in range(count)
    ]
    return {**pattern, "faults": faults}


def edit(scan: CTScan, *, strength: float, pattern: Pattern) -> CTScan:
    """strength : the gain error of the worst channel; of all channels of a drifted detector it is three standard deviations."""
    errors = np.zeros(FAN.n_channels)
    if pattern["kind"] == "detector":
        errors = strength * np.clip(np.random.Generator(np.random.PCG64(pattern["noise_seed"])).standard_normal(FAN.n_channels) / 3.0, -1.0, 1.0)
    else:
        for fault in pattern["faults"]:
            errors[max(fault["channel"], 0) : fault["channel"] + fault["n_channels"]] = strength * fault["share"]
    wrong = ChannelErrors(tuple(float(error) for error in errors), pattern["course"], pattern["start_turn"], pattern["length_turn"])
    return misread_channels(scan, wrong, spectral=pattern["kind"] == "response")


RECIPE = Degradation(
    version=1,
    draw=draw,
    edit=edit,
    strength=Strength("gain error of the worst channel", "1", neutral=0.0, limit=0.95, scale="log"),
    # seen: in codes of the change circles, bands and a whole drifted detector share one scale in both windows; P calls an unseen drift of all channels mild
    effect=grain.with_anchors((2.5, 8.0, 18.0)),
    measures=(ring_amplitude_hu, ring_radius_mm, ringed_share, wrong_channels, hu_bias),
    attributes=("rings", "contrast"),
    words=Words(
        artefact="ring artefact",
        synonyms=("detector ring artefact", "concentric ring artefact", "circular detector artefact", "ring artefact from a miscalibrated detector"),
        cause="a detector channel was out of calibration",
        hides="low-contrast detail near the centre of rotation",
        looks={
            "none": ("no circles about the centre of rotation", "soft tissue without circular lines", "no ring at any radius"),
            "mild": (
                "one faint circle about the centre of rotation",
                "a thin circular line that is hardly darker or brighter than the tissue",
                "a barely visible ring centred on the gantry's axis",
                "a faint circle that soft tissue still shows through",
            ),
            "moderate": (
                "clear thin circles about the centre of rotation",
                "distinct concentric lines across soft tissue",
                "an obvious ring that crosses organ borders without following them",
                "well-defined circles of one centre over the anatomy",
            ),
            "severe": (
                "glaring circles that cut through the anatomy",
                "bold concentric rings that hide the tissue beneath them",
                "bright or black circles as strong as bone or air",
                "heavy rings about the centre that make nearby tissue unreadable",
            ),
        },
        wordings={
            "course=intermittent": Wording(
                looks={
                    "mild": ("a faint arc about the centre of rotation", "a short thin piece of a circle in soft tissue"),
                    "moderate": ("clear arcs about the centre of rotation", "distinct partial circles that end abruptly"),
                    "severe": ("glaring arcs about the centre of rotation", "bold partial circles that cut through the anatomy"),
                },
                cause="a detector channel failed for a part of the turn",
            ),
            "kind=modules": Wording(
                looks={
                    "mild": ("a faint circular band about the centre", "a slightly brighter or darker ring-shaped band in soft tissue"),
                    "moderate": ("a clear circular band about the centre", "a distinct ring several millimetres wide with a shaded disc inside it"),
                    "severe": ("a glaring circular band that hides the tissue beneath it", "a broad bold ring with a black or white disc inside it"),
                },
                cause="a whole detector module was out of calibration",
            ),
            "kind=detector": Wording(
                looks={
                    "mild": ("a faint set of fine circles, best seen at the centre", "a fine concentric texture over soft tissue"),
                    "moderate": ("many fine circles of one centre over soft tissue", "a clear target pattern about the centre of rotation"),
                    "severe": ("dense circles from the centre to the rim", "a bold target pattern that covers the whole section"),
                },
                cause="the detector had drifted since its last air calibration",
            ),
        },
        confusers=("ct_metal", "ct_motion", "ct_truncation", "ct_sparse_view"),
        impact=0.6,
    ),
    references=(
        Reference(
            "Shepp and Stein 1977, Simulated reconstruction artifacts in computerized X-ray tomography, in Reconstruction Tomography in Diagnostic Radiology"
        ),
        Reference("Barrett and Keat 2004, Artifacts in CT: recognition and avoidance, RadioGraphics 24, 1679"),
        Reference("Sijbers and Postnov 2004, Phys Med Biol 49: reduction of ring artefacts in high resolution micro-CT reconstructions"),
        Reference("Hsieh 2015, Computed Tomography, 3rd edition, chapter 7"),
    ),
)
