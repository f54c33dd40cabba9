"""The one knob of a degradation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from medq_gen.errors import DeclarationError

Scale = Literal["linear", "log"]
LOG_RANGE = 1e-3  # on a logarithmic scale with neutral 0 the knob starts at this share of the limit


@dataclass(frozen=True, slots=True)
class Strength:
    """One monotone knob with a unit, from a finite neutral value to a limit on either side of it.

    scale : how the solver moves. "log" needs neutral and limit of one sign, or neutral 0: then the scale starts at limit / 1000.
    The position x runs from 0 (neutral) to 1 (limit).
    """

    name: str
    unit: str
    neutral: float
    limit: float
    scale: Scale = "linear"

    def __post_init__(self) -> None:
        if self.neutral == self.limit or not (math.isfinite(self.neutral) and math.isfinite(self.limit)):
            raise DeclarationError(f"strength {self.name!r}: neutral {self.neutral} and limit {self.limit} must be finite and differ")
        if self.scale == "log" and self.neutral != 0 and self.neutral * self.limit <= 0:
            raise DeclarationError(f"strength {self.name!r}: a log scale needs neutral and limit of one sign, or neutral 0")

    def at(self, position: float) -> float:
        """The strength at a position in [0, 1]; exactly neutral at 0 and exactly the limit at 1."""
        if position <= 0:
            return self.neutral
        if position >= 1:
            return self.limit
        if self.scale == "linear":
            return self.neutral + position * (self.limit - self.neutral)
        start = self.neutral if self.neutral else self.limit * LOG_RANGE
        return float(start * (self.limit / start) ** position)

    def position(self, strength: float) -> float:
        """The position of a strength, the inverse of `at`; clamped to [0, 1]."""
        if self.scale == "linear":
            return min(max((strength - self.neutral) / (self.limit - self.neutral), 0.0), 1.0)
        start = self.neutral if self.neutral else self.limit * LOG_RANGE
        if strength / start <= 0:
            return 0.0
        return min(max(math.log(strength / start) / math.log(self.limit / start), 0.0), 1.0)
