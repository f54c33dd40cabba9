"""Levels as bands of a measured effect: the severity scale u."""

from __future__ import annotations

from dataclasses import dataclass, replace

from medq_gen.errors import DeclarationError
from physics.measure.pair import Measure

ANCHORED = (0.5, 1.5, 2.5)  # the values of u at the three anchors


@dataclass(frozen=True, slots=True)
class Effect:
    """A family of effect: one measure and the three anchors that map it to u.

    anchors : values of the measure at u = 0.5, 1.5, 2.5; u is linear between them, 0 at 0, and goes on with the last slope beyond.
    none_untouched : whether `none` may only be an untouched picture (covers).
    """

    name: str
    measure: Measure
    anchors: tuple[float, float, float]
    none_untouched: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.anchors[0] < self.anchors[1] < self.anchors[2]:
            raise DeclarationError(f"effect {self.name!r}: anchors {self.anchors} must rise and be positive")

    def u(self, value: float) -> float:
        """The severity of a value of the measure."""
        values, scale = (0.0, *self.anchors), (0.0, *ANCHORED)
        if value <= 0:
            return 0.0
        for low, high, u_low, u_high in zip(values, values[1:], scale, scale[1:], strict=False):
            if value <= high:
                return u_low + (value - low) / (high - low) * (u_high - u_low)
        return scale[-1] + (value - values[-1]) / (values[-1] - values[-2])

    def value(self, u: float) -> float:
        """The value of the measure at a severity, the inverse of `u`."""
        values, scale = (0.0, *self.anchors), (0.0, *ANCHORED)
        if u <= 0:
            return 0.0
        for low, high, u_low, u_high in zip(values, values[1:], scale, scale[1:], strict=False):
            if u <= u_high:
                return low + (u - u_low) / (u_high - u_low) * (high - low)
        return values[-1] + (u - scale[-1]) * (values[-1] - values[-2])

    def with_anchors(self, anchors: tuple[float, float, float]) -> Effect:
        """The same family with other anchors (a recipe's or a user's own)."""
        return replace(self, anchors=anchors)
