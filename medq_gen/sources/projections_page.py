"""What a file of bare projections does not say: a JSON or YAML page beside it, or options of the source. A closed list of keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from medq_gen.errors import SourceError
from medq_gen.sources.anatomy import ANATOMIES
from medq_gen.sources.page import page_beside, validated

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
    beside, page = page_beside(path, shown=shown)
    name = beside or "page"
    whole = {**held, **page, **{key: value for key, value in said.items() if value is not None}}
    missing = [key for key in NEEDED if key not in whole]
    if missing:
        raise SourceError(shown, f"{name}: {missing[0]}", f"the geometry is not stated: {', '.join(missing)}", "Write them in a page beside it, NAME.json")
    return validated(Page, whole, shown=shown, name=name)
