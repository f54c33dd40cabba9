"""Synthetic records: plausible combinations of levels, places, structures and tiers, drawn from a seeded generator or by hypothesis."""

from __future__ import annotations

import hashlib
import json

import numpy as np
from hypothesis import strategies as st

from medq_gen.ontology.levels import BANDS, LEVELS, Level
from medq_gen.ontology.places import REGIONS
from medq_gen.ontology.terms import Attribute
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.records import AttributeRecord, DisplayRecord, PlaceRecord, Record, StructureRecord

ANATOMY = {
    "mri": ("head", "abdomen", "limb", "unstated"),
    "ct": ("head", "abdomen", "lung"),
    "endoscopy": ("colon", "stomach", "bowel"),
    "histopathology": ("tissue",),
    "fundus": ("retina",),
}
VIEW = {"mri": ("axial", "coronal", "unstated"), "ct": ("axial",), "endoscopy": ("luminal",), "histopathology": ("section",), "fundus": ("en face",)}
TIERS = {"none": "good", "mild": "usable", "moderate": "usable", "severe": "reject"}


def _u(rng: np.random.Generator, level: Level) -> float:
    low, high = BANDS[level]
    return round(float(rng.uniform(low, high)), 4)


def _attribute(rng: np.random.Generator, attribute: Attribute, level: Level | None) -> AttributeRecord:
    place = None
    if level not in (None, "none") and rng.random() < 0.4:
        place = PlaceRecord(box=(0.1, 0.1, 0.4, 0.4), region=str(rng.choice(REGIONS)), share=round(float(rng.uniform(0.5, 1.0)), 3))
    return AttributeRecord(name=attribute.name, value=round(float(rng.random()), 4), unit=attribute.unit, level=level, basis="measured", place=place)


def record_of(
    rng: np.random.Generator, vocabulary: Vocabulary, recipe: str, *, case: str, level: Level, repeat: int = 0, touched: bool = True, bare: bool = False
) -> Record:
    """One record of a recipe at a level. bare : without attributes and structures, as a thin source may leave it."""
    artefact = vocabulary.artefacts[recipe]
    modality = artefact.modality
    known = [attribute for attribute in vocabulary.attributes if modality in attribute.modalities and attribute.asked]
    own = [found for name in artefact.attributes if (found := vocabulary.attribute(name, modality))]
    others = [attribute for attribute in known if attribute not in own and not attribute.kind_of]
    chosen = [others[index] for index in rng.choice(len(others), size=3, replace=False)]
    anatomy = str(rng.choice(ANATOMY[modality]))
    rows: dict[str, AttributeRecord] = {}
    for number, attribute in enumerate(own):
        # the primary attribute agrees with the artefact; the others may lie one level lower or in a gap
        below = LEVELS[max(LEVELS.index(level) - 1, 0)]
        rows[attribute.name] = _attribute(rng, attribute, level if number == 0 else rng.choice([level, below, None]))  # type: ignore[arg-type]
    for attribute in chosen:
        rows.setdefault(attribute.name, _attribute(rng, attribute, "none"))
    structures = [
        StructureRecord(name=structure.name, contrast_kept=0.9, fidelity=0.96, visibility=rng.choice(["good", "usable", "reject", None]))  # type: ignore[arg-type]
        for structure in vocabulary.structures
        if structure.modality == modality and (not structure.anatomies or anatomy in structure.anatomies) and rng.random() < 0.7
    ]
    untouched = level == "none" and not touched
    # a pattern that calls for one of the artefact's wordings, or for none of them; a tier that the source itself lowers
    wordings = [None, *artefact.wordings]
    drawn = wordings[int(rng.integers(len(wordings)))]
    pattern = dict([drawn.split("=")]) if drawn and not untouched else {}
    tier = TIERS[level] if rng.random() < 0.8 else {"good": "usable"}.get(TIERS[level], "reject")
    key = f"{case}/{recipe}/{repeat}/{'reference' if untouched else level}"
    low, high = BANDS[level]
    return Record(
        key=key,
        case=case,
        group=case,
        split="train",
        modality=modality,
        anatomy=anatomy,
        view=str(rng.choice(VIEW[modality])),
        spacing_mm=(1.0, 1.0),
        origin="clinical",
        licence="CC0",
        recipe=recipe,
        recipe_version=1,
        variant="",
        bands_version=1,
        level=level,
        strength=None if untouched else 1.0,
        target=None,
        effect=None if untouched else _u(rng, level),
        band_low=low,
        band_high=high,
        pattern=json.dumps({"noise_seed": 1, **pattern}),
        attributes=() if bare else tuple(rows.values()),
        structures=() if bare else tuple(structures),
        measures=(),
        tier=tier,  # type: ignore[arg-type]
        tier_rule=1,
        display=DisplayRecord(name="srgb", low=0, high=255),
        assumed=(),
        image_sha256=hashlib.sha256(f"{case}/{repeat if not untouched else ''}{level}{untouched}{recipe if not untouched else ''}".encode()).hexdigest(),
        synthetic=not untouched,
    )


def ladders(vocabulary: Vocabulary, *, seed: int, cases: int, recipes: tuple[str, ...], bare_share: float = 0.05) -> list[Record]:
    """Whole ladders: for each case and recipe the untouched reference, and the levels, some missing."""
    rng = np.random.Generator(np.random.PCG64(seed))
    out: list[Record] = []
    for number in range(cases):
        case = hashlib.sha256(f"{seed}-{number}".encode()).hexdigest()[:32]
        for recipe in recipes:
            anatomy, view = None, None
            for level, touched in (("none", False), ("none", True), ("mild", True), ("moderate", True), ("severe", True)):
                if touched and rng.random() < 0.1:
                    continue
                record = record_of(rng, vocabulary, recipe, case=case, level=level, touched=touched, bare=bool(rng.random() < bare_share))  # type: ignore[arg-type]
                anatomy, view = anatomy or record.anatomy, view or record.view
                out.append(record.model_copy(update={"anatomy": anatomy, "view": view}))
    return out


@st.composite
def records(draw: st.DrawFn, vocabulary: Vocabulary) -> Record:
    """Any record of any artefact that the vocabulary knows."""
    recipe = draw(st.sampled_from(sorted(vocabulary.artefacts)))
    level = draw(st.sampled_from(LEVELS))
    rng = np.random.Generator(np.random.PCG64(draw(st.integers(0, 2**32 - 1))))
    return record_of(
        rng,
        vocabulary,
        recipe,
        case=f"{draw(st.integers(0, 10**6)):032d}",
        level=level,
        touched=level != "none" or draw(st.booleans()),
        bare=draw(st.booleans()),
    )
