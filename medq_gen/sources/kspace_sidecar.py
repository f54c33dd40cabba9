"""What a file of bare numbers does not say: a YAML or JSON page beside it, or options of the source. A closed list of keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from medq_gen.sources.anatomy import ANATOMIES, PLANES
from medq_gen.sources.kspace_raw import RawKspace
from medq_gen.sources.page import page_beside, validated

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
    name, page = page_beside(path, shown=shown)
    return validated(Sidecar, {**page, **{key: value for key, value in said.items() if value is not None}}, shown=shown, name=name or "options")
