"""From a rung to its record: everything that is measured on one finished picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from medq_gen import files, picture
from medq_gen.declare import BANDS, BANDS_VERSION, LEVELS, Degradation, Effect, Level, Mix, level_of
from medq_gen.ladder import Bench, Ladder, Rung, Shot, parts_alone
from medq_gen.ontology.attributes import ATTRIBUTES
from medq_gen.records import AttributeRecord, Basis, Case, DisplayRecord, MeasureRecord, PlaceRecord, Record, StructureRecord, Tier
from medq_gen.store import REFERENCE, Finished
from medq_gen.tier import SOURCE_IMPACT, TIER_RULE, Finding, tier_of, u_of_level
from medq_gen.variant import Variant
from physics.measure import quality
from physics.measure.attributes import ATTRIBUTE_ANCHORS, ATTRIBUTE_MEASURES
from physics.measure.pair import Measure, Pair, Place, Reading
from physics.measure.place import place_of
from physics.measure.structures import visibility
from physics.modality import Modality


def finished(case: Case, ladder: Ladder, rung: Rung | None, *, variant: Variant) -> Finished:
    """The record and the PNG of a rung; rung None: the ladder's reference where its `none` is not the reference itself."""
    bench, shot = ladder.bench, rung.shot if rung is not None else None
    codes = shot.codes if shot is not None else bench.reference_codes
    png = picture.to_png(codes)
    recipe = variant.effective
    level = rung.level if rung is not None else "none"
    pair = bench.native_pair(shot)
    alone = _alone(recipe, ladder, shot)
    stored = bench.stored_pair_of(shot)
    attributes = tuple(_attributes(case, recipe, stored, shot, level, ladder.pattern))
    structures = tuple(_structures(bench, stored))
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
        tier=_tier(case, recipe, shot, alone, attributes, structures),
        tier_rule=TIER_RULE,
        display=DisplayRecord(name=bench.view.display.name, low=bench.view.display.low, high=bench.view.display.high),
        assumed=tuple((shot.scan if shot is not None else bench.healthy).assumed),
        image_sha256=hashlib.sha256(png).hexdigest(),
        synthetic=shot is not None or case.origin != "clinical",
    )
    return Finished(record, png)


def _attributes(case: Case, recipe: Degradation | Mix, pair: Pair, shot: Shot | None, level: Level, pattern: Mapping[str, Any]) -> Iterator[AttributeRecord]:
    """What each quality attribute measures on the stored picture, and the level that it is given.

    No level (never asked) in a gap between bands; at mild or more for an attribute that the recipe does not name, since a measure of one fault may answer to
    another; where the source itself shows as much of it, since labels are relative to the source and questions are absolute; and for the primary attribute of
    the recipe where its own measure and the effect disagree. A kind of another attribute is recorded under the recipes that name it, in place
    of the other. The pattern decides which one is primary where the recipe's words say so. A primary attribute without a measure of its own has the effect's.
    """
    shown, primary = _shown(case), recipe.words.primary(pattern) or recipe.attributes[0]
    known = attribute_measures(case.modality)
    if primary not in known:
        known = {primary: (recipe.effect.measure, recipe.effect), **known}
    kinds = {attribute.name: attribute.kind_of for attribute in ATTRIBUTES if case.modality in attribute.modalities and attribute.kind_of}
    spoken_for = {kinds[name] for name in recipe.attributes if name in kinds and name in known} - set(recipe.attributes)
    for name, (measure, effect) in known.items():
        if name in spoken_for or (name in kinds and name not in recipe.attributes):
            continue
        reading = measure(pair)
        if reading.value is None:
            continue
        found = level_of(effect.u(reading.value))
        if found is not None and found != "none" and name not in recipe.attributes:
            found = None
        if found is not None and measure.name in shown and LEVELS.index(found) <= LEVELS.index(shown[measure.name]):
            found = None
        is_primary = name == primary and shot is not None
        if is_primary and found != level:
            found = None
        place = _place(place_of(pair)) if is_primary and found not in (None, "none") else None
        basis: Basis = "set" if is_primary and found is not None else "measured"
        yield AttributeRecord(name=name, value=reading.value, unit=measure.unit, level=found, basis=basis, place=place)


@cache
def attribute_measures(modality: Modality) -> dict[str, tuple[Measure, Effect]]:
    """The attributes that can be measured on a modality: each with its measure and its own bands."""
    measurable: dict[str, tuple[Measure, Effect]] = {}
    for attribute in ATTRIBUTES:
        if modality not in attribute.modalities or attribute.name not in ATTRIBUTE_MEASURES:
            continue
        name = attribute.name
        measure = ATTRIBUTE_MEASURES.get(f"{modality}/{name}", ATTRIBUTE_MEASURES[name])
        anchors = ATTRIBUTE_ANCHORS.get(f"{modality}/{name}", ATTRIBUTE_ANCHORS[name])
        measurable[name] = measure, Effect(name, measure, anchors)
    return measurable


def _shown(case: Case) -> dict[str, Level]:
    """What the source itself shows, by the name of the measure: attributes that share a measure are one thing to a reader (noise, sensor noise)."""
    shown: dict[str, Level] = {}
    known = attribute_measures(case.modality)
    for name, level in case.shows.items():
        measure = known[name][0].name if name in known else ""
        if level != "none" and LEVELS.index(level) > LEVELS.index(shown.get(measure, "none")):
            shown[measure] = level
    return shown


def _structures(bench: Bench, pair: Pair) -> Iterator[StructureRecord]:
    """How well each structure can be seen that the reference shows for certain. Structures of a still reference are looked for once a case."""
    for name, mask in bench.structures(pair).items():
        seen = visibility(pair, mask)
        if seen is not None:
            yield StructureRecord(name=name, contrast_kept=seen.contrast_kept, fidelity=seen.fidelity, visibility=seen.visibility)


def _alone(recipe: Degradation | Mix, ladder: Ladder, shot: Shot | None) -> dict[str, float]:
    """The severity of each part of a mix alone; of a plain recipe, nothing."""
    if shot is None or not isinstance(recipe, Mix):
        return {}
    return parts_alone(ladder, recipe, t=float(shot.strength))


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
    case: Case,
    recipe: Degradation | Mix,
    shot: Shot | None,
    alone: dict[str, float],
    attributes: Iterable[AttributeRecord],
    structures: Iterable[StructureRecord],
) -> Tier:
    """The tier: what the source shows, what the recipe did (a mix: each part), and whether anything is asserted or a structure lost."""
    findings = [Finding(SOURCE_IMPACT, u_of_level(level)) for level in _shown(case).values()]
    if shot is not None and isinstance(recipe, Mix):
        findings += [Finding(part.recipe.words.impact, alone[part.name]) for part in recipe.parts]
    elif shot is not None:
        findings.append(Finding(recipe.words.impact, shot.u))
    asserted = any(row.level not in (None, "none") for row in attributes) or (shot is not None and level_of(shot.u) not in (None, "none"))
    return tier_of(findings, asserted=asserted, structure_lost=any(row.visibility == "reject" for row in structures))
