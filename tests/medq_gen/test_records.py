"""Records: values that survive JSON, refuse what they do not know, and never hold a number that JSON cannot say."""

from __future__ import annotations

import json
import math

import pytest
from pydantic import ValidationError

from medq_gen.records import AttributeRecord, DisplayRecord, MeasureRecord, PlaceRecord, Record


def record(**changes: object) -> Record:
    fields: dict[str, object] = {
        "key": "c0/mri_noise/0/mild",
        "case": "c0",
        "group": "g0",
        "split": "test",
        "modality": "mri",
        "anatomy": "head",
        "view": "axial",
        "spacing_mm": (1.0, 0.5),
        "origin": "clinical",
        "licence": "CC0-1.0",
        "recipe": "mri_noise",
        "recipe_version": 1,
        "variant": "",
        "bands_version": 1,
        "level": "mild",
        "strength": 0.07,
        "target": 1.0,
        "effect": 1.02,
        "band_low": 0.75,
        "band_high": 1.25,
        "pattern": '{"noise_seed": 9007199254740991}',
        "attributes": (
            AttributeRecord(
                name="noise", value=4.5, unit="codes", level="mild", basis="measured", place=PlaceRecord(box=(0, 0, 0.5, 1), region="upper half", share=0.8)
            ),
        ),
        "structures": (),
        "measures": (MeasureRecord(name="psnr", value=math.inf, unit="dB", reason="identical pictures"),),
        "tier": "usable",
        "tier_rule": 1,
        "display": DisplayRecord(name="mri p99.5", low=0.0, high=900.0),
        "assumed": ("phase",),
        "image_sha256": "00",
        "synthetic": True,
    }
    return Record(**{**fields, **changes})  # type: ignore[arg-type]


def test_json_round_trip_keeps_every_field() -> None:
    """A record read back from its JSON equals the record, big seeds included, and is valid strict JSON."""
    text = record().model_dump_json()
    assert Record.model_validate_json(text) == record()
    assert json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))["schema"] == 1
    assert record().pattern_values["noise_seed"] == 9007199254740991


def test_a_number_that_is_not_finite_is_null_with_a_reason() -> None:
    """Infinity and NaN become null; the reason stays."""
    found = record().measures[0]
    assert found.value is None
    assert found.reason == "identical pictures"
    assert record().measured("psnr") is None
    assert AttributeRecord(name="noise", value=math.nan, unit="codes", level=None, basis="measured").value is None


def test_records_are_values() -> None:
    """Unknown fields and changes are refused, and an unknown level is no level."""
    with pytest.raises(ValidationError, match="extra"):
        record(patient_name="x")
    with pytest.raises(ValidationError, match="level"):
        record(level="awful")
    with pytest.raises(ValidationError, match="frozen"):
        record().level = "severe"


def test_an_untouched_picture_has_no_strength() -> None:
    """The reference is the row without a strength; attributes are found by name."""
    assert record(strength=None).is_untouched
    assert not record().is_untouched
    assert record().attribute("noise") is not None
    assert record().attribute("blur") is None
