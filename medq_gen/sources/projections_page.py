"""What a file of bare projections does not say: a JSON or YAML page beside it, or options of the source. A closed list of keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from medq_gen.errors import SourceError
from medq_gen.sources.anatomy import ANATOMIES

SUFFIXES = (".json", ".yaml", ".yml")
_LONGEST = 1 << 16
KernelName = Literal["smooth", "standard", "sharp", "bone"]
NEEDED = ("source_mm", "detector_mm", "channel_mm")


class Page(BaseModel):
    """source_mm : source to isocentre. detector_mm : source to detector, an arc about the source. channel_mm : channel pitch at the detector. offset : of the
    channels, in channels: the middle of the detector less where the central ray meets it. start_deg, clockwise, mirrored : see
    physics.ct.projections.measured_scan. n0 : quanta a ray and view in air on the central ray. matrix, spacing_mm : of the picture.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    source_mm: float = Field(gt=50.0, le=3000.0)
    detector_mm: float = Field(gt=50.0, le=6000.0)
    channel_mm: float = Field(gt=0.01, le=50.0)
    offset: float = Field(default=0.0, ge=-2000.0, le=2000.0)
    start_deg: float = Field(default=0.0, ge=-360.0, le=360.0)
    clockwise: bool = True
    mirrored: bool = False
    kvp: float | None = Field(default=None, ge=70.0, le=150.0)
    mas: float | None = Field(default=None, gt=0.0, le=5000.0)
    n0: float | None = Field(default=None, ge=100.0, le=1e9)
    kernel: KernelName = "standard"
    matrix: tuple[int, int] = (512, 512)
    spacing_mm: tuple[float, float] | None = None
    anatomy: str | None = None
    licence: str | None = Field(default=None, max_length=200)

    @field_validator("anatomy")
    @classmethod
    def _listed(cls, word: str | None) -> str | None:
        if word is not None and word not in ANATOMIES:
            raise ValueError(f"allowed: {', '.join(ANATOMIES)}")
        return word

    @model_validator(mode="after")
    def _behind(self) -> Page:
        if self.detector_mm <= self.source_mm:
            raise ValueError("the detector lies behind the isocentre: detector_mm, from the source, is larger than source_mm")
        return self


def page_of(path: Path, *, shown: str, said: dict[str, Any], held: dict[str, Any]) -> Page:
    """The page beside a file (NAME.json, NAME.yaml or NAME.yml) with what the file itself holds; what the options say wins.

    Raises
        SourceError: the page cannot be read, or lacks a key that is needed, or holds a wrong key or value.
    """
    found = [beside for suffix in SUFFIXES if (beside := path.with_suffix(suffix)).is_file()]
    if len(found) > 1:
        raise SourceError(shown, found[1].name, "there are two pages beside it", "Keep one of them")
    page: Any = {}
    name = found[0].name if found else "page"
    if found:
        if found[0].is_symlink() or found[0].stat().st_size > _LONGEST:
            raise SourceError(shown, name, "the page beside it is a link or far too long", "Write a short page of its own")
        try:
            text = found[0].read_text(encoding="utf-8")
            page = json.loads(text) if found[0].suffix == ".json" else yaml.safe_load(text)
        except (OSError, ValueError, RecursionError, yaml.YAMLError):
            raise SourceError(shown, name, "the page beside it is not valid JSON or YAML", "Correct it; docs/sources.md shows one") from None
        if not isinstance(page, dict) or not all(isinstance(key, str) for key in page):
            raise SourceError(shown, name, "the page beside it is not a list of keys with values", "Correct it; docs/sources.md shows one")
    whole = {**held, **page, **{key: value for key, value in said.items() if value is not None}}
    missing = [key for key in NEEDED if key not in whole]
    if missing:
        raise SourceError(shown, f"{name}: {missing[0]}", f"the geometry is not stated: {', '.join(missing)}", "Write them in a page beside it, NAME.json")
    try:
        return Page.model_validate(whole)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])[:40] if first["loc"] else "keys"
        wrong = "there is no such key" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")[:200]
        raise SourceError(shown, f"{name}: {key}", wrong, f"Allowed keys: {', '.join(Page.model_fields)}") from None
