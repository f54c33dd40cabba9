"""Metal in the patient as ellipses, whose chords along the rays are known in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from physics.ct.geometry import Array, Fan, Geometry, Grid


@dataclass(frozen=True, slots=True)
class Ellipse:
    """A solid ellipse of one metal. x_mm, y_mm : its centre from the isocentre, y down. a_mm, b_mm : half axes; angle_deg : of the first, from x towards y.

    hole : share of the half axes that is hollow, 0 for a solid one: a socket or a crown is a shell.
    """

    material: str
    x_mm: float
    y_mm: float
    a_mm: float
    b_mm: float
    angle_deg: float = 0.0
    hole: float = 0.0

    def chord_mm(self, theta: Array, s_mm: Array) -> Array:
        """Length of the ray x cos(theta) + y sin(theta) = s within the ellipse.

        Model
            2 a b sqrt(r^2 - d^2) / r^2 with r^2 = a^2 cos^2(theta - angle) + b^2 sin^2(theta - angle) and d the ray's distance from the centre; less the
            chord of the hole.
        Oracle
            The length through a finely sampled picture; area as the integral over s (tests/physics/ct/test_ct_metal.py).
        """
        across = theta - math.radians(self.angle_deg)
        squared = (self.a_mm * np.cos(across)) ** 2 + (self.b_mm * np.sin(across)) ** 2
        apart = (s_mm - self.x_mm * np.cos(theta) - self.y_mm * np.sin(theta)) ** 2
        solid = np.sqrt(np.maximum(squared - apart, 0.0))
        hollow = np.sqrt(np.maximum(self.hole**2 * squared - apart, 0.0))
        chord: Array = 2 * self.a_mm * self.b_mm * (solid - hollow) / squared
        return chord

    def inside(self, grid: Grid) -> Array:
        """Which pixels have their centre in the outline, its hole included."""
        y, x = grid.centred_mm()
        dx, dy = x[None] - self.x_mm, y[:, None] - self.y_mm
        cosine, sine = math.cos(math.radians(self.angle_deg)), math.sin(math.radians(self.angle_deg))
        along, across = dx * cosine + dy * sine, dy * cosine - dx * sine
        found: Array = (along / self.a_mm) ** 2 + (across / self.b_mm) ** 2 <= 1.0
        return found


def touched_rays(implants: tuple[Ellipse, ...], geometry: Geometry, *, n_sub: int) -> tuple[Array, list[Array]]:
    """The rays that meet an implant, as flat places of (view, channel), and the chords (sub-ray, touched ray) of each implant across the width of a channel."""
    offsets = (np.arange(n_sub) - (n_sub - 1) / 2) / n_sub
    views, pitch = geometry.theta(), geometry.pitch_mm()
    theta, s = (views[:, None] + geometry.gamma(), geometry.s_mm()) if isinstance(geometry, Fan) else (views[:, None], geometry.s_mm())
    near = np.zeros((geometry.n_views, geometry.n_channels), dtype=bool)
    for implant in implants:
        reach = max(implant.a_mm, implant.b_mm) + pitch
        near |= np.abs(s - implant.x_mm * np.cos(theta) - implant.y_mm * np.sin(theta)) <= reach
    touched = np.flatnonzero(near)
    view, channel = np.unravel_index(touched, near.shape)
    if isinstance(geometry, Fan):
        gamma = geometry.gamma()[channel] + offsets[:, None] * geometry.step
        fine_theta, fine_s = views[view] + gamma, geometry.source_mm * np.sin(gamma)
    else:
        fine_theta, fine_s = np.broadcast_to(views[view], (n_sub, len(view))), geometry.s_mm()[channel] + offsets[:, None] * geometry.channel_mm
    return touched, [implant.chord_mm(fine_theta, fine_s) for implant in implants]
