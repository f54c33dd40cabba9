"""What every source shares: the protocol, a decoded picture, a loaded case, options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from medq_gen.errors import ConfigError, SourceError
from medq_gen.records import Case, Origin, Split
from physics.modality import Modality

Pixels = np.ndarray[Any, np.dtype[Any]]  # Any: shape and type differ by modality
Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class Measured:
    """k-space behind a picture, as physics.mri.measured takes it.

    kspace : (coil, row, column) complex64, zero frequency first. noise : (coil, sample). spacing_mm : of the pixels of its whole matrix. phase_axis : None
    where nobody says. max_coils : of the scan. reconstructs : whether gaps are filled. crops : whether empty margins are cut. identity : the samples
    as stored, which the case's id is made of.
    """

    kspace: Pixels
    noise: Pixels | None
    spacing_mm: tuple[float, float]
    phase_axis: int | None
    max_coils: int
    reconstructs: bool
    crops: bool
    field_strength_t: float | None
    identity: Pixels


@dataclass(frozen=True, eq=False)
class MeasuredRays:
    """Projections behind a CT picture, as physics.ct.projections takes them.

    rays : (view, channel) float32, as stored. about : geometry, start, sense, kvp, mas, n0 and the kernel's name. matrix, spacing_mm : of the picture.
    """

    rays: Pixels
    about: dict[str, Any]  # Any: plain JSON
    matrix: tuple[int, int]
    spacing_mm: tuple[float, float]

    @property
    def identity(self) -> Pixels:
        """What the case's id is made of."""
        return self.rays


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded picture before it has an identity.

    part : which picture of its file ("0", "axial-12"). pixels : native values (MRI float32, CT float32 HU, colour uint8 with three channels).
    acquisition, withheld : see records.Case. measured : the k-space or the rays that the picture was made of.
    """

    part: str
    pixels: Pixels
    modality: Modality
    anatomy: str
    view: str
    spacing_mm: tuple[float, float] | None
    acquisition: dict[str, Any] = field(default_factory=dict)  # Any: plain JSON
    withheld: tuple[str, ...] = ()
    field_mask: Mask | None = None
    measured: Measured | MeasuredRays | None = None

    def noted(self, **facts: Any) -> Picture:  # Any: plain JSON
        """The same picture with more facts of its acquisition."""
        return replace(self, acquisition={**self.acquisition, **facts})


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The slices about a picture that was cut from a volume, evenly spaced.

    pixels : (slice, row, column) float32, native values; entry `index` is the picture. step_mm : from slice to slice, along their normal.
    """

    pixels: Pixels
    index: int
    step_mm: float


@dataclass(frozen=True, eq=False)
class LoadedCase:
    """A case with its pixels: MRI float32, CT float32 HU, colour uint8 (rows, columns, 3).

    field_mask : where the source knows the lit field. neighbours : of a slice of MRI or CT, where the source is a volume or a series.
    measured : the k-space or the rays, where these are the source.
    """

    case: Case
    pixels: Pixels
    field_mask: Mask | None = None
    neighbours: Neighbours | None = None
    measured: Measured | MeasuredRays | None = None


class Source(Protocol):
    """Where cases come from."""

    def index(self) -> Iterator[Case | SourceError]:
        """Every picture as a case, every unusable input as an error, in an order that does not depend on the file system. Decodes each picture once."""
        ...

    def load(self, case: Case) -> LoadedCase:
        """The pixels of a case that this source indexed.

        Raises
            SourceError: the file is gone or is no longer what it was.
        """
        ...


class Shares(BaseModel):
    """How much of all groups each split gets."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    train: float = Field(default=0.8, ge=0, le=1)
    dev: float = Field(default=0.1, ge=0, le=1)
    test: float = Field(default=0.1, ge=0, le=1)

    def model_post_init(self, context: Any) -> None:  # Any: pydantic's own
        if abs(self.train + self.dev + self.test - 1.0) > 1e-6:
            raise ValueError("train, dev and test must add up to 1")


class Options(BaseModel):
    """Options that every source has."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    modality: Modality | None = None
    shares: Shares = Shares()


class FileOptions(Options):
    """Options of sources that read files. grid: of MRI pictures that were interpolated, go on with the matrix that was acquired, or with the one stored."""

    path: Path
    anatomy: str | None = None
    licence: str = Field(default="unstated", max_length=200)
    origin: Origin = "clinical"
    grid: Literal["acquired", "stored"] = "acquired"
    max_megapixels: float = Field(default=36.0, gt=0, le=400)
    max_file_mb: float = Field(default=512.0, gt=0)

    @field_validator("path")
    @classmethod
    def _there(cls, path: Path) -> Path:
        if not path.exists():
            raise ValueError("no such file or folder")
        return path


@dataclass(frozen=True)
class Declared:
    """What the user says of a file; what is None is read from the file or refused.

    axis, volume, every, min_content : which slices of a volume. stains : "he" or "hdab".
    """

    modality: Modality | None = None
    anatomy: str | None = None
    spacing_mm: tuple[float, float] | None = None
    window: tuple[float, float] | None = None
    stains: str | None = None
    axis: str = "axial"
    volume: int | None = None
    every: int = 1
    min_content: float = 0.1
    max_pixels: int = 36_000_000
    max_bytes: int = 512_000_000


class Configured:
    """A source that is made of options."""

    name: ClassVar[str]
    options_model: ClassVar[type[Options]]

    @classmethod
    def read_options(cls, options: Mapping[str, Any]) -> Options:  # Any: as YAML gave them
        """Options checked.

        Raises
            ConfigError: names what was given, what is allowed and where it came from.
        """
        allowed = sorted(cls.options_model.model_fields)
        for key in options:
            if key not in allowed:
                raise ConfigError(f"source.{key}: source={cls.name} has no such option; allowed: {', '.join(allowed)}. See conf/source/{cls.name}.yaml")
        try:
            return cls.options_model.model_validate(dict(options))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(str(part) for part in first["loc"]) or "options"
            given = options.get(str(first["loc"][0])) if first["loc"] else dict(options)
            if key == "path" and given is None:
                raise ConfigError(f"source.path: source={cls.name} needs a path; give source.path=<file or folder>") from None
            raise ConfigError(
                f"source.{key}={given!r}: {first['msg'].removeprefix('Value error, ')} (source={cls.name}, conf/source/{cls.name}.yaml)"
            ) from None

    def __init__(self, options: Options) -> None:
        self._shares = options.shares

    @classmethod
    def of(cls, **options: Any) -> Self:
        """A source from keyword options."""
        return cls(cls.read_options(options))


@dataclass(frozen=True)
class Provenance:
    """What a case says of its origin, beside the picture itself."""

    source: str
    entry: str
    licence: str
    origin: Origin
    split: Split | None = None
    grid: Literal["acquired", "stored"] = "acquired"
