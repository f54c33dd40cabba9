"""A slice out of a measured helix: which row passed it at each view, and where the rays of a flying focal spot ran."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physics.ct.geometry import Array, Fan


@dataclass(frozen=True, slots=True)
class Arc:
    """A detector on an arc about the focal centre: source_mm from the isocentre, detector_mm from the detector; central_channel, central_row : index from 0, of
    the element on the ray through the isocentre. The height of rows falls with their index."""

    source_mm: float
    detector_mm: float
    channel_mm: float
    row_mm: float
    n_channels: int
    n_rows: int
    central_channel: float
    central_row: float

    @property
    def offset(self) -> float:
        """Of the channels, as `Fan` has it."""
        return (self.n_channels - 1) / 2 - self.central_channel


@dataclass(frozen=True, eq=False)
class Course:
    """(view,) angle and height of the focal centre, and how far the focal spot is off it in angle, height and distance from the isocentre."""

    angle_rad: Array
    height_mm: Array
    off_angle_rad: Array
    off_height_mm: Array
    off_radius_mm: Array

    def of(self, views: slice) -> Course:
        """Some of the views."""
        return Course(self.angle_rad[views], self.height_mm[views], self.off_angle_rad[views], self.off_height_mm[views], self.off_radius_mm[views])

    @property
    def flies(self) -> bool:
        """Whether the focal spot leaves the focal centre within the plane."""
        return bool(np.any(self.off_angle_rad != 0) or np.any(self.off_radius_mm != 0))


def rows_at(course: Course, arc: Arc, height_mm: float) -> Array:
    """(view,) the row, fractions included, whose central ray crosses the axis at a height.

    Model
        A ray from the spot at z_s to a row at z_d crosses the axis at z_s + (z_d - z_s) R / D.
    Parameters
        course : of the views. arc : the detector. height_mm : of the slice.
    Returns
        Row indices; below 0 or above n_rows - 1 no row passed the slice.
    Assumes
        Rays as high as on the axis over the whole slice (single-slice rebinning).
    Not modelled
        The cone angle.
    References
        Noo, Defrise and Clackdoyle 1999, Phys Med Biol 44, 561.
    Oracle
        A helix of bodies whose density rises with height (tests/physics/ct/test_ct_measured_helix.py).
    """
    spot = course.height_mm + course.off_height_mm
    at_detector = spot + (height_mm - spot) * (arc.detector_mm / arc.source_mm)
    return np.asarray(arc.central_row - (at_detector - course.height_mm) / arc.row_mm)


def lines_of(course: Course, arc: Arc) -> tuple[Array, Array]:
    """(view, channel) angle theta and distance s of each ray's line, from the spot where it was to the element where it is."""
    gamma = (np.arange(arc.n_channels) - arc.central_channel) * (arc.channel_mm / arc.detector_mm)
    phi, towards = course.angle_rad[:, None], course.angle_rad[:, None] + gamma
    radius, angle = arc.source_mm + course.off_radius_mm[:, None], phi + course.off_angle_rad[:, None]
    x, y = -radius * np.sin(angle), radius * np.cos(angle)
    right = -arc.source_mm * np.sin(phi) + arc.detector_mm * np.sin(towards) - x
    down = arc.source_mm * np.cos(phi) - arc.detector_mm * np.cos(towards) - y
    theta = np.arctan2(right, -down)
    return theta, x * np.cos(theta) + y * np.sin(theta)


def on_regular_fan(values: Array, theta: Array, s_mm: Array, fan: Fan) -> Array:
    """Rays along any lines of a turn, on the views and channels of a fan: along the channels of each view, then along the views of each channel.

    Model
        The line (theta, s) belongs to the fan's angle gamma = asin(s / R) and view beta = theta - gamma; both steps are linear between neighbours.
    Parameters
        values, theta, s_mm : (view, channel), channels in the order of s. fan : what is wanted.
    Returns
        (view, channel) of the fan; what the lines do not reach is air.
    Assumes
        Views closer than the detail at the rim needs.
    Not modelled
        The blur of linear interpolation, less than a channel.
    References
        Kachelriess, Knaup, Penssel and Kalender 2006, IEEE Trans Nucl Sci 53, 1238 (flying focal spot).
    Oracle
        Closed line integrals from a spot that flies (tests/physics/ct/test_ct_measured_helix.py).
    """
    gamma = np.arcsin(np.clip(s_mm / fan.source_mm, -1.0, 1.0))
    beta, wanted = theta - gamma, fan.gamma()
    rows = np.stack([np.interp(wanted, g, v, left=0.0, right=0.0) for g, v in zip(gamma, values, strict=True)])
    # angles of neighbouring channels may differ by a whole turn
    whole = np.stack([np.interp(wanted, g, np.unwrap(b)) for g, b in zip(gamma, beta, strict=True)])
    return np.stack([np.interp(fan.theta(), whole[:, k], rows[:, k], period=2 * np.pi) for k in range(fan.n_channels)], axis=1)
