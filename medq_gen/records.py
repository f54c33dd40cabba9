"""Cases and records: what is known of a source picture, and of one finished picture. JSON and Parquet round trip."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from medq_gen.ontology.levels import Level
from physics.modality import Modality

SCHEMA_VERSION = 1
Split = Literal["train", "dev", "test"]
Origin = Literal["clinical", "phantom", "ai_generated"]
Basis = Literal["set", "measured", "labelled"]
Visibility = Literal["good", "usable", "reject"]
Tier = Literal["good", "usable", "reject"]


def _finite(value: Any) -> Any:  # Any: whatever a caller hands in; pydantic checks the type afterwards
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]


class Frozen(BaseModel):
    """A value: unknown fields are errors, nothing changes after it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Case(Frozen):
    """What is known of one source picture. Nothing here names a patient: see sources.headers for the allow-list.

    id : SHA-256 of decoded pixels, spacing and modality (32 hex digits). entry : where the source finds it again, relative to the source's root. group : what
    a split may not cut (subject, eye, slide, video), made of case ids. shows : levels of attributes measured on the source itself, without a reference.
    acquisition : allow-listed facts that the physics needs (kvp, mas, kernel, phase_encode_axis, field_strength_t, window, ...). withheld : names of header
    fields that were left out.
    """

    id: str
    entry: str
    source: str
    modality: Modality
    anatomy: str
    view: str
    spacing_mm: tuple[float, float] | None
    licence: str
    origin: Origin = "clinical"
    group: str
    split: Split
    shows: dict[str, Level] = Field(default_factory=dict)
    acquisition: dict[str, Any] = Field(default_factory=dict)
    withheld: tuple[str, ...] = ()


class PlaceRecord(Frozen):
    """Where something lies: box in shares of the picture (row0, column0, row1, column1), words, share of the effect that lies there."""

    box: tuple[float, float, float, float]
    region: str
    share: float


class AttributeRecord(Frozen):
    """What one quality attribute measures on this picture. level None: in a gap between bands, never asked."""

    name: str
    value: Number
    unit: str
    level: Level | None
    basis: Basis
    place: PlaceRecord | None = None


class MeasureRecord(Frozen):
    """A number with a unit; value None has a reason."""

    name: str
    value: Number
    unit: str
    reason: str | None = None


class StructureRecord(Frozen):
    """How well one anatomical structure can be seen: contrast kept, fidelity, and the word for both; None within 0.05 of a bound."""

    name: str
    contrast_kept: Number
    fidelity: Number
    visibility: Visibility | None


class DisplayRecord(Frozen):
    """The named window that made codes of native values."""

    name: str
    low: float
    high: float


class Record(Frozen):
    """One finished picture and everything that is known of it.

    key : "<case>/<recipe>/<repeat>/<level>". strength, target, effect : knob, requested u and achieved u; None on an untouched picture.
    band_low, band_high : the band of the level in u. pattern : JSON text, holds the noise seed. measures include the raw value of the effect's family and
    the registration. native : path of the native array inside the store, where asked for.
    """

    schema_version: int = Field(default=SCHEMA_VERSION, alias="schema")
    key: str
    case: str
    group: str
    split: Split
    modality: Modality
    anatomy: str
    view: str
    spacing_mm: tuple[float, float] | None
    origin: Origin
    licence: str
    recipe: str
    recipe_version: int
    variant: str
    bands_version: int
    level: Level
    strength: float | str | None
    target: Number
    effect: Number
    band_low: float
    band_high: float
    pattern: str
    attributes: tuple[AttributeRecord, ...]
    structures: tuple[StructureRecord, ...]
    measures: tuple[MeasureRecord, ...]
    tier: Tier
    tier_rule: int
    display: DisplayRecord
    assumed: tuple[str, ...]
    image_sha256: str
    native: str | None = None
    synthetic: bool

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    def attribute(self, name: str) -> AttributeRecord | None:
        """What is known of an attribute, None where nothing is."""
        return next((found for found in self.attributes if found.name == name), None)

    def measured(self, name: str) -> float | None:
        """The value of a measure, None where it was not taken or is not defined."""
        return next((found.value for found in self.measures if found.name == name), None)

    @property
    def is_untouched(self) -> bool:
        """Whether the picture is the reference itself."""
        return self.strength is None

    @property
    def pattern_values(self) -> dict[str, Any]:
        """The pattern as it was drawn."""
        return dict(json.loads(self.pattern))
