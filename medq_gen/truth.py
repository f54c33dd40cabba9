"""From a rung to its record: everything that is measured on one finished picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from medq_gen import files, picture
from medq_gen.declare import BANDS, BANDS_VERSION, Degradation, Level, Mix, level_of
from medq_gen.ladder import Bench, Ladder, Rung, Shot, parts_alone
from medq_gen.records import AttributeRecord, Case, DisplayRecord, MeasureRecord, PlaceRecord, Record, StructureRecord
from medq_gen.store import REFERENCE, Finished
from medq_gen.tier import TIER_RULE, Finding, tier_of
from medq_gen.variant import Variant
from physics.measure import quality
from physics.measure.pair import Measure, Pair, Place, Reading


def finished(case: Case, ladder: Ladder, rung: Rung | None, *, variant: Variant) -> Finished:
    """The record and the PNG of a rung; rung None: the ladder's reference where its `none` is not the reference itself."""
    bench, shot = ladder.bench, rung.shot if rung is not None else None
    codes = shot.codes if shot is not None else bench.reference_codes
    png = picture.to_png(codes)
    recipe = variant.effective
    level = rung.level if rung is not None else "none"
    pair = bench.native_pair(shot)
    alone = _alone(bench, recipe, ladder, shot)
    attributes = tuple(_attributes(case, recipe, pair, shot, level))
    structures = tuple(_structures(pair))
    low, high = BANDS[level]
    record = Record(
        key=f"{ladder.key}/{rung.level if rung is not None else REFERENCE}",
        case=case.id,
        group=case.group,
        split=case.split,
        modality=case.modality,
        anatomy=case.anatomy,
        view=case.view,
        spacing_mm=bench.stored.spacing_mm,
        origin=case.origin,
        licence=case.licence,
        recipe=variant.recipe,
        recipe_version=recipe.version,
        variant=variant.label,
        bands_version=BANDS_VERSION,
        level=level,
        strength=shot.strength if shot is not None else None,
        target=rung.target if rung is not None and shot is not None else None,
        effect=shot.u if shot is not None else None,
        band_low=low,
        band_high=high,
        pattern=files.to_json(ladder.pattern) if shot is not None else "{}",
        attributes=attributes,
        structures=structures,
        measures=tuple(_measures(recipe, pair, shot, alone)),
        tier=_tier(recipe, shot, alone, attributes, structures),
        tier_rule=TIER_RULE,
        display=DisplayRecord(name=bench.view.display.name, low=bench.view.display.low, high=bench.view.display.high),
        assumed=tuple((shot.scan if shot is not None else bench.healthy).assumed),
        image_sha256=hashlib.sha256(png).hexdigest(),
        synthetic=shot is not None or case.origin != "clinical",
    )
    return Finished(record, png)


def _attributes(case: Case, recipe: Degradation | Mix, pair: Pair, shot: Shot | None, level: Level) -> Iterator[AttributeRecord]:
    """What each quality attribute measures. The primary one is asserted only where its own measure agrees with the level of the effect."""
    yield from ()


def _structures(pair: Pair) -> Iterator[StructureRecord]:
    """How well each structure can be seen."""
    yield from ()


def _alone(bench: Bench, recipe: Degradation | Mix, ladder: Ladder, shot: Shot | None) -> dict[str, float]:
    """The severity of each part of a mix alone; of a plain recipe, nothing."""
    if shot is None or not isinstance(recipe, Mix):
        return {}
    return parts_alone(bench, recipe, t=float(shot.strength), pattern=ladder.pattern)


def _measures(recipe: Degradation | Mix, pair: Pair, shot: Shot | None, alone: dict[str, float]) -> Iterator[MeasureRecord]:
    """The family's raw value, the registration, the recipe's own measures, those of the modality, and the parts alone."""
    if shot is not None:
        yield _row(recipe.effect.measure, shot.reading)
        if shot.moved:
            for name, value, unit in (
                ("shift down", shot.pose.shift_mm[0], "mm"),
                ("shift right", shot.pose.shift_mm[1], "mm"),
                ("rotation", shot.pose.angle_deg, "deg"),
            ):
                yield MeasureRecord(name=f"registration {name}", value=value, unit=unit)
        yield from (_row(measure, measure(pair)) for measure in recipe.measures if measure.name != recipe.effect.measure.name)
    yield from (_row(measure, measure(pair)) for measure in quality.BY_MODALITY[pair.view.modality])
    yield from (MeasureRecord(name=f"{name} alone", value=u, unit="u") for name, u in alone.items())


def _row(measure: Measure, reading: Reading) -> MeasureRecord:
    return MeasureRecord(name=measure.name, value=reading.value, unit=measure.unit, reason=reading.reason)


def _place(place: Place | None) -> PlaceRecord | None:
    return None if place is None else PlaceRecord(box=place.box, region=place.region, share=place.share)


def _tier(
    recipe: Degradation | Mix, shot: Shot | None, alone: dict[str, float], attributes: Iterable[AttributeRecord], structures: Iterable[StructureRecord]
) -> Any:
    """The tier: what the recipe did (a mix: each part), and whether anything is asserted or a structure lost."""
    if shot is None:
        findings = []
    elif isinstance(recipe, Mix):
        findings = [Finding(part.recipe.words.impact, alone[part.name]) for part in recipe.parts]
    else:
        findings = [Finding(recipe.words.impact, shot.u)]
    asserted = any(row.level not in (None, "none") for row in attributes) or (shot is not None and level_of(shot.u) not in (None, "none"))
    return tier_of(findings, asserted=asserted, structure_lost=any(row.visibility == "reject" for row in structures))
