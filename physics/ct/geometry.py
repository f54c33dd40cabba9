"""Where the rays run: third-generation fan beam and parallel beam, in millimetres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # Any: of whichever precision the caller's picture has
Beam = Literal["fan", "parallel"]


@dataclass(frozen=True, slots=True)
class Grid:
    """The pixels of a slice. The isocentre is the middle of the picture, (N - 1) / 2 on both axes; x runs along axis 1, y down along axis 0."""

    shape: tuple[int, int]
    spacing_mm: tuple[float, float]

    def __post_init__(self) -> None:
        if min(self.shape) < 2 or min(self.spacing_mm) <= 0:
            raise ValueError(f"grid {self.shape} at {self.spacing_mm} mm: at least 2 x 2 pixels and positive spacings (axis 0, axis 1) in mm")

    def centred_mm(self) -> tuple[Array, Array]:
        """y of each row and x of each column from the isocentre."""
        (n_rows, n_columns), (row_mm, column_mm) = self.shape, self.spacing_mm
        return (np.arange(n_rows) - (n_rows - 1) / 2) * row_mm, (np.arange(n_columns) - (n_columns - 1) / 2) * column_mm

    @property
    def radius_mm(self) -> float:
        """Distance of the furthest corner from the isocentre."""
        return math.hypot(self.shape[0] * self.spacing_mm[0], self.shape[1] * self.spacing_mm[1]) / 2


@dataclass(frozen=True, slots=True)
class Parallel:
    """Parallel beam over 180 degrees: view j at theta = pi j / n_views, ray k at s = (k - (n_channels - 1) / 2) channel_mm.

    A ray holds the points with x cos(theta) + y sin(theta) = s.
    """

    n_views: int = 984
    n_channels: int = 900
    channel_mm: float = 0.6
    beam: ClassVar[Beam] = "parallel"
    turn: ClassVar[float] = math.pi

    def theta(self) -> Array:
        """Angle of each view."""
        return np.arange(self.n_views) * (self.turn / self.n_views)

    def s_mm(self) -> Array:
        """Distance of each ray from the isocentre, signed."""
        return (np.arange(self.n_channels) - (self.n_channels - 1) / 2) * self.channel_mm

    def pitch_mm(self) -> Array:
        """Width of each ray at the isocentre, the weight ds of its sample."""
        return np.full(self.n_channels, self.channel_mm)

    @property
    def reach_mm(self) -> float:
        """Largest |s| that is measured."""
        return self.n_channels * self.channel_mm / 2


@dataclass(frozen=True, slots=True)
class Fan:
    """Third-generation fan beam over 360 degrees with an equiangular detector; the numbers of a 64-row scanner.

    View j at beta = 2 pi j / n_views, channel k at gamma = (k - (n_channels - 1) / 2 + offset) channel_mm / detector_mm. Its ray is the line
    theta = beta + gamma, s = source_mm sin(gamma). offset : the quarter-channel shift of the detector, which lets opposite views interleave.
    source_mm : source to isocentre;
    detector_mm : source to detector; channel_mm : channel pitch at the detector.
    """

    source_mm: float = 541.0
    detector_mm: float = 949.0
    n_views: int = 984
    n_channels: int = 888
    channel_mm: float = 1.0239
    offset: float = 0.25
    beam: ClassVar[Beam] = "fan"
    turn: ClassVar[float] = 2 * math.pi

    def __post_init__(self) -> None:
        if self.n_channels * self.step >= 0.9 * math.pi:
            raise ValueError(
                f"fan of {math.degrees(self.n_channels * self.step):.0f} degrees: channel_mm is the pitch at the detector, below 160 degrees in all"
            )

    @property
    def step(self) -> float:
        """Angle between channels."""
        return self.channel_mm / self.detector_mm

    def theta(self) -> Array:
        """Angle of each view's central ray; also the angles of the parallel views after rebinning."""
        return np.arange(self.n_views) * (self.turn / self.n_views)

    def gamma(self) -> Array:
        """Fan angle of each channel."""
        return (np.arange(self.n_channels) - (self.n_channels - 1) / 2 + self.offset) * self.step

    def s_mm(self) -> Array:
        """Distance of each channel's ray from the isocentre, signed."""
        return self.source_mm * np.sin(self.gamma())

    def pitch_mm(self) -> Array:
        """Width of each ray at the isocentre: ds = source cos(gamma) d gamma."""
        return self.source_mm * np.cos(self.gamma()) * self.step

    @property
    def reach_mm(self) -> float:
        """Largest |s| that is measured."""
        return float(np.abs(self.s_mm()).max() + self.pitch_mm().min() / 2)


Geometry = Fan | Parallel
FAN = Fan()
PARALLEL = Parallel()
