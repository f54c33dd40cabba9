"""The recipes for colour pictures: patterns, knobs, and the levels that they reach."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from skimage.data import immunohistochemistry, retina

from medq_gen.declare import LEVELS, Degradation, level_of
from medq_gen.errors import DeclarationError
from physics.display import Display, object_mask
from physics.measure.attributes import ATTRIBUTE_ANCHORS, ATTRIBUTE_MEASURES
from physics.measure.pair import Pair, View
from physics.optics import Capture
from physics.optics.defocus import Defocus
from physics.optics.motion import Spread, Sweep, focal_px
from physics.optics.stain import StainGain
from physics.optics.tube import tube
from physics.scan import acquire
from recipes.endoscopy.motion_blur import RECIPE as MOTION
from recipes.fundus.defocus import RECIPE as DEFOCUS
from recipes.histopathology.stain import RECIPE as STAIN


def eye(size: int = 512) -> Capture:
    return Capture.of(cv2.resize(retina(), (size, size), interpolation=cv2.INTER_AREA), kind="fundus")


def colon() -> Capture:
    frame = tube(seed=1, size=320)
    return Capture.of(frame.codes, kind="endoscopy", field_mask=frame.mask, field_deg=frame.field_deg)


def slide() -> Capture:
    return Capture.of(immunohistochemistry(), kind="histopathology", stains="hdab")


CASES = [(DEFOCUS, eye), (MOTION, colon), (STAIN, slide)]


def severity(recipe: Degradation, scan: Capture, strength: float, pattern: dict[str, Any]) -> float:
    reference = acquire(scan)
    view = View(scan.kind, "", Display("srgb", 0.0, 255.0), object_mask(reference, modality=scan.kind), None)
    reading = recipe.effect.measure(Pair(reference, acquire(recipe.edit(scan, strength=strength, pattern=pattern)), view))
    assert reading.value is not None
    return recipe.effect.u(reading.value)


@pytest.mark.parametrize(("recipe", "source"), CASES)
def test_a_neutral_strength_is_the_reference_and_a_pattern_is_json(recipe: Degradation, source: Any) -> None:
    """Byte for byte; the pattern survives JSON; the same generator draws the same pattern."""
    scan = source()
    pattern = recipe.pattern(np.random.default_rng(5), scan)
    assert json.loads(json.dumps(pattern)) == pattern == recipe.pattern(np.random.default_rng(5), scan)
    assert torch.equal(acquire(recipe.edit(scan, strength=recipe.strength.neutral, pattern=pattern)), acquire(scan))  # type: ignore[union-attr]
    assert recipe.refuse(scan) is None
    assert set(recipe.words.looks) == set(LEVELS[1:])
    assert all(len(phrases) >= 3 for phrases in recipe.words.looks.values())


@pytest.mark.parametrize(("recipe", "source"), CASES)
def test_harm_rises_with_the_knob(recipe: Degradation, source: Any) -> None:
    """Over six positions from near neutral to the limit the severity rises, from below mild to at least moderate."""
    scan = source()
    options = {"direction": "over", "dye": "both"} if recipe is STAIN else {"kind": "straight"} if recipe is MOTION else {}
    pattern = recipe.pattern(np.random.default_rng(0), scan, **options)
    found = [severity(recipe, scan, recipe.strength.at(x), pattern) for x in (0.04, 0.55, 0.7, 0.8, 0.9, 1.0)]  # type: ignore[union-attr]
    assert np.all(np.diff(found) > -0.02)
    assert found[0] < 0.4
    assert found[-1] > 2.9


def test_a_noisy_source_is_not_blurred() -> None:
    """Both blurs refuse a source with 12 codes of noise and say how much there is; a stain does not mind."""
    noisy = np.clip(128 + np.rint(np.random.default_rng(0).normal(0, 12, (256, 256, 1))) * np.ones(3), 0, 255)
    for recipe, kind in ((DEFOCUS, "fundus"), (MOTION, "endoscopy")):
        assert "12" in (recipe.refuse(Capture.of(noisy, kind=kind)) or "") or "11" in (recipe.refuse(Capture.of(noisy, kind=kind)) or "")  # type: ignore[arg-type]
    assert STAIN.refuse(Capture.of(noisy, kind="histopathology")) is None


def test_the_side_of_a_defocus_is_its_sign() -> None:
    """Myopic is negative, hyperopic positive, both are drawn, and the pupil is that of the pattern."""
    scan = eye(128)
    for side, sign in (("myopic", -1), ("hyperopic", 1)):
        pattern = DEFOCUS.pattern(np.random.default_rng(0), scan, side=side)
        assert DEFOCUS.edit(scan, strength=3.0, pattern={**pattern, "pupil_mm": 2.0}).events == (Defocus(3.0 * sign, 2.0),)
    assert {DEFOCUS.pattern(np.random.default_rng(s), scan)["side"] for s in range(20)} == {"myopic", "hyperopic"}


def test_speed_becomes_the_right_path() -> None:
    """f v T / d along the drawn direction for a swing; v T / d radians or log magnification, signed, for roll and advance; an arc only where curved."""
    scan = colon()
    base = {"direction_deg": 90.0, "sense": -1.0, "bend": 0.2, "exposure_s": 0.02, "distance_mm": 10.0}
    (swing,) = MOTION.edit(scan, strength=50.0, pattern={**base, "kind": "straight"}).events
    assert isinstance(swing, Sweep)
    assert np.subtract(swing.path[-1], swing.path[0]) == pytest.approx([focal_px(scan) * 0.1, 0], abs=1e-9)
    assert len(swing.path) == 2
    (curved,) = MOTION.edit(scan, strength=50.0, pattern={**base, "kind": "curved"}).events
    assert len(curved.path) == 9
    for kind in ("roll", "advance"):
        (event,) = MOTION.edit(scan, strength=50.0, pattern={**base, "kind": kind}).events
        assert isinstance(event, Spread)
        assert (event.kind, event.amount) == (kind, pytest.approx(-0.1))
    drawn = [MOTION.pattern(np.random.default_rng(s), scan) for s in range(120)]
    assert {p["kind"] for p in drawn} == {"straight", "curved", "roll", "advance"}
    assert all(8 <= p["distance_mm"] <= 25 and 0.01 <= p["exposure_s"] <= 0.04 for p in drawn)


@pytest.mark.parametrize(("direction", "factors"), [("under", (0.66, 0.47, 0.3)), ("over", (1.4, 2.05, 3.1))])
def test_both_ways_of_staining_reach_the_levels_at_like_factors(direction: str, factors: tuple[float, ...]) -> None:
    """Mild, moderate and severe lie where a pathologist puts them, too pale and too dark alike, and the attribute of that side has the artefact's level."""
    scan = slide()
    reference = acquire(scan)
    view = View("histopathology", "tissue", Display("srgb", 0.0, 255.0), object_mask(reference, modality="histopathology"), None)
    for factor, level in zip(factors, LEVELS[1:], strict=True):
        edited = STAIN.edit(scan, strength=abs(np.log2(factor)), pattern={"direction": direction, "dye": "both"})
        pair = Pair(reference, acquire(edited), view)
        attribute = f"{direction}-staining"
        for measure, anchors in ((STAIN.effect.measure, STAIN.effect.anchors), (ATTRIBUTE_MEASURES[attribute], ATTRIBUTE_ANCHORS[attribute])):
            value = measure(pair).value
            assert value is not None
            assert level_of(STAIN.effect.with_anchors(anchors).u(value)) == level, (factor, measure.name)


@pytest.mark.parametrize("size", [256, 512])
def test_a_defocus_reaches_every_level_well_before_its_limit(size: int) -> None:
    """5.7 dioptres are mild to the eye, 10 moderate, and 22 severe, at any matrix. The rim of the field, which no defocus softens, is no detail."""
    scan, pattern = eye(size), {"side": "myopic", "pupil_mm": 1.5}
    found = [severity(DEFOCUS, scan, dioptres, pattern) for dioptres in (5.7, 10.0, 22.0)]
    assert found == [pytest.approx(u, abs=0.25) for u in (0.8, 1.9, 3.0)]
    assert found[2] > 2.9


@pytest.mark.parametrize(("dye", "first", "second"), [("both", 4.0, 4.0), ("haematoxylin", 4.0, 1.0), ("DAB", 1.0, 4.0)])
def test_the_stain_knob_counts_doublings_of_the_right_dye(dye: str, first: float, second: float) -> None:
    """Strength 2 is four times or a quarter of the dyes named in the pattern."""
    scan = slide()
    over, under = (STAIN.edit(scan, strength=2.0, pattern={"direction": d, "dye": dye}).events for d in ("over", "under"))
    assert over == (StainGain(first, second),)
    assert under == (StainGain(1 / first, 1 / second),)


def test_options_are_checked() -> None:
    """Unknown sides, kinds, directions and dyes are named with what is allowed; eosin is not on a DAB slide."""
    for recipe, source, options, allowed in (
        (DEFOCUS, eye, {"side": "left"}, "myopic"),
        (MOTION, colon, {"kind": "shake"}, "advance"),
        (STAIN, slide, {"direction": "up"}, "under"),
        (STAIN, slide, {"dye": "eosin"}, "DAB"),
    ):
        with pytest.raises(DeclarationError, match=allowed):
            recipe.pattern(np.random.default_rng(0), source(), **options)
