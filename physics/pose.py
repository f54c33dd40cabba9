"""The pose of a rigid body in the plane of a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a rigid body stands: rotated about the centre pixel N//2, then shifted.

    shift_mm : shift along array axis 0 (down) and axis 1 (right), in millimetres.
    angle_deg : rotation from axis 1 towards axis 0 (clockwise on a screen whose rows run down), in degrees.
    """

    shift_mm: tuple[float, float] = (0.0, 0.0)
    angle_deg: float = 0.0

    @property
    def is_neutral(self) -> bool:
        """Whether the body stands where it stood."""
        return self.shift_mm == (0.0, 0.0) and self.angle_deg == 0.0
