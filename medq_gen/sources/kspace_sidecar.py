"""What a file of bare numbers does not say: a YAML or JSON page beside it, or options of the source. A closed list of keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from medq_gen.errors import SourceError
from medq_gen.sources.anatomy import ANATOMIES, PLANES
from medq_gen.sources.kspace_raw import RawKspace

SUFFIXES = (".yaml", ".yml", ".json")
_LONGEST = 1 << 16
Axis = Literal["slice", "partition", "coil", "row", "column", "part"]


class Sidecar(BaseModel):
    """axes : of the array, in order (partition: a second phase encoding; part: real and imaginary). spacing_mm : of the pixels of the whole matrix.
    phase_encode_axis : 0 where lines are rows, 1 where they are columns. readout_samples : how many of the readout belong to the field of view,
    where it was oversampled. centred : zero frequency in the middle; else as numpy.fft.fft2 makes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    axes: tuple[Axis, ...] | None = None
    spacing_mm: tuple[float, float] | None = None
    phase_encode_axis: Literal[0, 1] | None = None
    readout_samples: int | None = Field(default=None, ge=32, le=16384)
    centred: bool = True
    anatomy: str | None = None
    view: str | None = None
    field_strength_t: float | None = Field(default=None, ge=0.005, le=30.0)
    licence: str | None = Field(default=None, max_length=200)

    @field_validator("anatomy")
    @classmethod
    def _listed(cls, word: str | None) -> str | None:
        if word is not None and word not in ANATOMIES:
            raise ValueError(f"allowed: {', '.join(ANATOMIES)}")
        return word

    @field_validator("view")
    @classmethod
    def _plane(cls, word: str | None) -> str | None:
        if word is not None and word not in (*PLANES, "oblique"):
            raise ValueError(f"allowed: {', '.join(PLANES)}, oblique")
        return word

    @field_validator("axes")
    @classmethod
    def _once(cls, axes: tuple[Axis, ...] | None) -> tuple[Axis, ...] | None:
        if axes is not None and (len(set(axes)) != len(axes) or not {"row", "column"} <= set(axes)):
            raise ValueError("each axis once, row and column among them")
        return axes

    def applied(self, samples: NDArray[Any], *, part: str, phase_axis: int | None) -> RawKspace:
        """Samples (coil, row, column) with what is said here."""
        axis = self.phase_encode_axis if self.phase_encode_axis is not None else phase_axis
        return RawKspace(
            part=part,
            samples=samples,
            spacing_mm=self.spacing_mm,
            phase_axis=axis,
            readout=self.readout_samples,
            centred=self.centred,
            anatomy=self.anatomy,
            view=self.view,
            licence=self.licence,
            facts={} if self.field_strength_t is None else {"field_strength_t": self.field_strength_t},
        )


def sidecar_of(path: Path, *, shown: str, said: dict[str, Any]) -> Sidecar:
    """The page beside a file (NAME.yaml, NAME.yml or NAME.json), what the options say wins.

    Raises
        SourceError: the page cannot be read, or holds a wrong key or value.
    """
    found = [beside for suffix in SUFFIXES if (beside := path.with_suffix(suffix)).is_file()]
    if len(found) > 1:
        raise SourceError(shown, found[1].name, "there are two pages beside it", "Keep one of them")
    page: Any = {}
    name = found[0].name if found else "options"
    if found:
        if found[0].is_symlink() or found[0].stat().st_size > _LONGEST:
            raise SourceError(shown, name, "the page beside it is a link or far too long", "Write a short page of its own")
        try:
            text = found[0].read_text(encoding="utf-8")
            page = json.loads(text) if found[0].suffix == ".json" else yaml.safe_load(text)
        except (OSError, ValueError, RecursionError, yaml.YAMLError):
            raise SourceError(shown, name, "the page beside it is not valid YAML or JSON", "Correct it; docs/sources.md shows one") from None
        if not isinstance(page, dict) or not all(isinstance(key, str) for key in page):
            raise SourceError(shown, name, "the page beside it is not a list of keys with values", "Correct it; docs/sources.md shows one")
    try:
        return Sidecar.model_validate({**page, **{key: value for key, value in said.items() if value is not None}})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])[:40] if first["loc"] else "keys"
        wrong = "there is no such key" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")[:200]
        raise SourceError(shown, f"{name}: {key}", wrong, f"Allowed keys: {', '.join(Sidecar.model_fields)}") from None
