"""Motion of an endoscope while a frame is exposed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from physics.optics.convolution import Transfer, convolved, frequencies
from physics.optics.light import Light
from physics.optics.scan import Capture, Stage
from physics.optics.spread import spread_exposure
from physics.scan import EditConflict

Path = tuple[tuple[float, float], ...]  # vertices (row, column) in pixels, equally spaced in time
ARC_PIECES = 8
ROLL_OFF = 0.3  # cycles per pixel


def focal_px(scan: Capture) -> float:
    """Focal length of the equidistant lens in pixels per radian."""
    return scan.px_per_deg * math.degrees(1)


def smear_px(speed_mm_s: float, *, exposure_s: float, distance_mm: float, focal: float) -> float:
    """How far the picture of a wall at a distance moves in one exposure: f v T / d."""
    return focal * speed_mm_s * exposure_s / distance_mm


def arc(length_px: float, *, direction_deg: float, bend: float = 0.0) -> Path:
    """A path of uniform speed with its centroid at zero.

    direction_deg : of the chord, from axis 1 (right) towards axis 0 (down). bend : rise of the arc over its chord, signed, 0 = straight.
    """
    pieces = ARC_PIECES if bend else 1
    along = np.linspace(-0.5, 0.5, pieces + 1)
    across = bend * (1 - 4 * along**2)
    angle = math.radians(direction_deg)
    row = length_px * (along * math.sin(angle) + across * math.cos(angle))
    column = length_px * (along * math.cos(angle) - across * math.sin(angle))
    vertices = np.stack([row, column], axis=1)
    vertices -= ((vertices[1:] + vertices[:-1]) / 2).mean(axis=0)
    return tuple((float(r), float(c)) for r, c in vertices)


def path_transfer(path: Path, shape: tuple[int, int]) -> Transfer:
    """What an exposure along a path does to a grating.

    Model
        H(f) = (1/T) int exp(-2 pi i f . p(t)) dt, exactly, for a path of straight pieces passed in equal times: the mean over the pieces of
        exp(-2 pi i f . m) sinc(f . d), m the middle and d the span of a piece. One centred piece gives sinc(f . L).
    Parameters
        path : two or more vertices in pixels. shape : of the padded picture.
    Returns
        H on the half plane; real for a straight centred path.
    Assumes
        Constant speed on each piece, a shutter that opens and closes at once.
    Not modelled
        Rolling shutter.
    References
        Goodman, Introduction to Fourier Optics.
    Oracle
        |sinc(f L)|; impulse centroid 0; a bent path against 4,000 sub-frames.
    """
    along_rows, along_columns = frequencies(shape)
    vertices = np.asarray(path)
    spans, middles = np.diff(vertices, axis=0), (vertices[1:] + vertices[:-1]) / 2
    total: NDArray[np.float32] | NDArray[np.complex64] = np.zeros(1, dtype=np.float32)
    for (d_row, d_column), (m_row, m_column) in zip(spans.astype(np.float32), middles.astype(np.float32), strict=True):
        phase = np.pi * (d_row * along_rows + d_column * along_columns)
        phase[np.abs(phase) < 1e-6] = 1e-6
        piece = np.sin(phase) / phase
        if abs(m_row) + abs(m_column) > 1e-6:
            piece = piece * np.exp(-2j * np.pi * m_row * along_rows).astype(np.complex64) * np.exp(-2j * np.pi * m_column * along_columns).astype(np.complex64)
        total = total + piece
    return np.asarray(total / np.float32(len(spans)))


def path_contrast(path: Path, frequency: NDArray[np.float64], *, direction_deg: float) -> NDArray[np.float64]:
    """Contrast that gratings keep along one direction: the modulus of the path's transfer at those frequencies (cycles per pixel)."""
    unit = np.array([math.sin(math.radians(direction_deg)), math.cos(math.radians(direction_deg))])
    vertices = np.asarray(path) @ unit
    spans, middles = np.diff(vertices), (vertices[1:] + vertices[:-1]) / 2
    total = (np.exp(-2j * np.pi * frequency[:, None] * middles) * np.sinc(frequency[:, None] * spans)).mean(axis=1)
    return np.asarray(np.abs(total))


def without_ringing(path: Path, shape: tuple[int, int]) -> Transfer:
    """A roll-off from 0.3 cycles per pixel to the end of the plane, for oblique paths only.

    There the transfer does not join up at the ends of the frequency plane, and a highlight twelve times white would ring along rows and columns.
    """
    extent = np.ptp(np.asarray(path), axis=0)
    share = np.float32(min(1.0, 2 * float(extent.min())))
    window = [np.cos(np.pi / 2 * np.clip((np.abs(f) - ROLL_OFF) / (0.5 - ROLL_OFF), 0, 1)) ** 2 for f in frequencies(shape)]
    return np.asarray(1 - share * (1 - window[0] * window[1]), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Sweep:
    """The tip swings sideways: the whole picture runs along one path during the exposure."""

    path: Path
    stage: ClassVar[IntEnum] = Stage.SENSOR
    rank: ClassVar[int] = 10  # integration in time, before any noise of the sensor

    def apply(self, light: Light, scan: Capture) -> Light:
        """Integrate the exposure."""
        reach = max(math.hypot(*vertex) for vertex in self.path) + 2

        def transfers(shape: tuple[int, int]) -> list[Transfer]:
            return [path_transfer(self.path, shape) * without_ringing(self.path, shape)] * 3

        return convolved(light, transfers, reach_px=reach)


@dataclass(frozen=True, slots=True)
class Spread:
    """The tip turns about its axis ("roll", clockwise on the screen) or moves along it ("advance"): the smear grows with the distance from the centre.

    amount : angle of the turn in radians, or natural logarithm of the magnification, over the exposure.
    """

    kind: Literal["roll", "advance"]
    amount: float
    stage: ClassVar[IntEnum] = Stage.SENSOR
    rank: ClassVar[int] = 10

    def apply(self, light: Light, scan: Capture) -> Light:
        """Integrate the exposure."""
        return spread_exposure(light, self.kind, centre=scan.scene.centre, amount=self.amount, radius_px=scan.scene.diameter_px / 2)


def moved(scan: Capture, event: Sweep | Spread) -> Capture:
    """The same scene, the tip moving while the frame is exposed.

    Model
        O = (1/T) int I(g_t x) dt in linear light above white, so that highlights become white streaks; the field mask is electronic and stays sharp.
    Parameters
        event : a Sweep (path in pixels) or a Spread (roll, advance).
    Returns
        The scan with the event.
    Assumes
        A wall at one working distance.
    Not modelled
        Parallax between near folds and the lumen; rolling shutter; peristalsis.
    Raises
        EditConflict: the frame already moves. Two motions in one exposure are one path, not a blur of a blur.
    References
        None beyond the exposure integral.
    Oracle
        tests/physics/optics/test_motion.py: |sinc|, centroid, streak of a highlight.
    """
    if any(isinstance(held, Sweep | Spread) for held in scan.events):
        raise EditConflict("the frame already moves during its exposure; describe both motions as one path")
    return scan.with_event(event)
