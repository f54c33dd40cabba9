"""A head through the base of the skull, made of ellipsoids: a phantom with slices above and below, where no real series may be shipped."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from physics.ct.geometry import Array
from physics.ct.kernel import STANDARD

SPACING_MM, STEP_MM = 0.92, 1.0
_SIDE, _EACH = 240, 22  # pixels; slices to either side of the middle one
_EDGE_MM = 1.4  # how far an edge is smeared, as by a standard kernel
_NOISE_HU = 4.5
_SEED = 11


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """Centre and half-axes in mm (x to the right of the picture, y down, z up the patient), turned by angle_deg within the slice from x towards y; HU of what
    fills it. mirrored : the other side of the head has one too. inner : only what lies within the skull."""

    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    hu: float
    angle_deg: float = 0.0
    mirrored: bool = False
    inner: bool = False


CAVITY = Ellipsoid((0, 1, 20), (67, 85, 97), 9)
# painted in this order, later ones over earlier ones; about the level of the petrous ridges and the sphenoid sinus
HEAD: tuple[Ellipsoid, ...] = (
    Ellipsoid((0, 0, 20), (80, 99, 112), -85),  # skin and fat
    Ellipsoid((0, 0, 20), (77.5, 96.5, 109), 45),
    Ellipsoid((0, 0, 20), (74, 93, 105), 1100),  # outer table
    Ellipsoid((0, 1, 20), (71.5, 89.5, 102), 650),  # diploe
    Ellipsoid((0, 1, 20), (69.5, 87.5, 100), 1150),  # inner table
    CAVITY,  # fluid over the brain
    Ellipsoid((30, -34, 18), (37, 52, 70), 36, 12, True, True),  # frontal and temporal lobes
    Ellipsoid((37, 2, 18), (29, 44, 60), 36, 0, True, True),
    Ellipsoid((27, 40, 16), (38, 42, 60), 37, -14, True, True),  # cerebellum and occipital lobes
    Ellipsoid((0, 12, 12), (30, 34, 50), 33),  # brain stem and what surrounds it
    Ellipsoid((0, -6, 14), (15, 9, 9), 8, 0),  # suprasellar cistern
    Ellipsoid((17, -13, 14), (16, 3.2, 8), 8, -22, True),  # Sylvian cisterns
    Ellipsoid((18, 10, 12), (14, 3.0, 9), 8, 48, True),  # ambient cisterns
    Ellipsoid((0, 14, 4), (13, 11, 26), 34),  # pons
    Ellipsoid((0, 33, 3), (8, 5.5, 11), 7),  # fourth ventricle
    Ellipsoid((34, 40, 3), (17, 1.1, 12), 18, 24, True),  # folia
    Ellipsoid((32, 52, 1), (17, 1.1, 12), 18, 32, True),
    Ellipsoid((45, -38, 8), (16, 1.4, 14), 14, 62, True),  # sulci of the temporal lobes
    Ellipsoid((38, -60, 17), (14, 1.4, 10), 14, 35, True),
    Ellipsoid((22, -66, 19), (10, 1.3, 10), 14, 78, True),
    Ellipsoid((52, 60, 6), (9, 2.6, 14), 55, 52, True, True),  # sigmoid sinuses
    Ellipsoid((0, -62, -22), (42, 26, 20), 800),  # floor of the anterior fossa, its bone
    Ellipsoid((32, -61, -18), (20, 24, 15.5), -95, -12, True),  # orbits: fat
    Ellipsoid((33, -68, -15), (12.2, 12.2, 12.2), 12, 0, True),  # eyes
    Ellipsoid((29, -48, -16), (2.2, 12, 2.2), 40, 10, True),  # optic nerves
    Ellipsoid((0, -60, -20), (10, 22, 17), -850),  # ethmoid cells
    Ellipsoid((5, -60, -20), (0.8, 22, 17), 600, 0, True),  # and their walls
    Ellipsoid((0, -60, -20), (0.8, 24, 17.5), 700),
    Ellipsoid((0, -70, -20), (10, 0.8, 16), 500),
    Ellipsoid((0, -51, -20), (10, 0.8, 16), 500),
    Ellipsoid((42, -34, -10), (24, 4.0, 10), 900, -28, True),  # wings of the sphenoid
    Ellipsoid((0, -22, -8), (19, 15, 12), 850),  # body of the sphenoid
    Ellipsoid((7.5, -25, -8), (7, 9, 8.5), -900, 0, True),  # its sinus
    Ellipsoid((9, -8, 1), (3.0, 4.0, 5.0), 900, 0, True),  # clinoid processes
    Ellipsoid((0, -4, -10), (12, 6, 13), 950),  # clivus
    Ellipsoid((36, 9, -7), (27, 9.5, 10.5), 1350, 38, True),  # petrous pyramids
    Ellipsoid((43, 14, -4.5), (8.5, 5.5, 6), 1950, 38, True),  # bony labyrinth
    Ellipsoid((44, 15, -4.5), (3.2, 2.0, 2.2), 60, 60, True),
    Ellipsoid((28, 8, -4), (7.5, 2.2, 2.2), 20, 14, True),  # internal auditory canals
    Ellipsoid((57, 28, -12), (12, 17, 19), 520, 22, True),  # mastoids
    *(
        Ellipsoid((x, y, z), (r, 1.15 * r, 1.3 * r), -820, 25, True)  # and their cells
        for x, y, z, r in (
            (52, 20, -7, 2.6),
            (59, 19, -14, 3.0),
            (51, 28, -13, 2.8),
            (58, 26, -5, 2.7),
            (63, 30, -12, 2.4),
            (53, 35, -6, 2.7),
            (60, 36, -13, 2.9),
            (56, 41, -8, 2.2),
            (57, 31, -20, 3.2),
        )
    ),
    Ellipsoid((60, -2, -14), (5, 4, 8), -900, 10, True),  # ear canals
    Ellipsoid((0, 84, 4), (6, 6, 12), 1250),  # occipital protuberance
    Ellipsoid((0, -84, 6), (2.0, 7, 18), 1000),  # frontal crest
    Ellipsoid((79, 14, -8), (4.0, 14, 20), 20, -8, True),  # ears
)


def _share(part: Ellipsoid, x: Array, y: Array, z: Array, side: int) -> Array:
    """How much of each voxel a part fills: from its distance to the surface, to first order."""
    turn = math.radians(part.angle_deg) * side
    right, down, up = x - side * part.centre[0], y - part.centre[1], z - part.centre[2]
    along = (math.cos(turn) * right + math.sin(turn) * down, -math.sin(turn) * right + math.cos(turn) * down, up)
    radius = np.sqrt(sum((v / a) ** 2 for v, a in zip(along, part.axes, strict=True)))
    slope = np.sqrt(sum((v / a**2) ** 2 for v, a in zip(along, part.axes, strict=True))) / np.maximum(radius, 1e-6)
    inside = (1 - radius) / np.maximum(slope, 1e-6)
    share = np.clip(0.5 + inside / _EDGE_MM, 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share))


def box_of(part: Ellipsoid, side: int, axes: tuple[Array, Array, Array]) -> tuple[slice, ...]:
    """The voxels (slice, row, column) of axes (column, row, slice) in mm that a part can touch."""
    turn = math.radians(part.angle_deg)
    a, b, c = part.axes
    half = (math.hypot(a * math.cos(turn), b * math.sin(turn)), math.hypot(a * math.sin(turn), b * math.cos(turn)), c)
    centre = (side * part.centre[0], *part.centre[1:])
    touched = [np.flatnonzero(np.abs(at - middle) <= reach + _EDGE_MM) for at, middle, reach in zip(axes, centre, half, strict=True)]
    return tuple(slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0) for found in touched[::-1])


def _grain(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Noise with the spectrum of a standard kernel, of unit variance: the root of f A(f)^2."""
    frequency = np.hypot(np.fft.fftfreq(shape[0], SPACING_MM)[:, None], np.fft.rfftfreq(shape[1], SPACING_MM))
    made = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * np.sqrt(frequency) * STANDARD(frequency), s=shape)
    return np.asarray(made / made.std())


def head() -> tuple[Array, int]:
    """The slices of the phantom.

    Model
        Ellipsoids painted one over the other, their edges smeared over 1.4 mm; whole HU; grain of a standard kernel, 4.5 HU in the middle and less towards the
        skin, another one in each slice.
    Returns
        (slice, row, column) float32 HU, feet first, and the place of the middle slice; 0.92 mm pixels, slices 1 mm apart.
    Assumes
        Nothing of a patient: half-axes and HU are textbook values.
    Not modelled
        What a scanner would have made of it; muscles, vessels and the face.
    References
        None: a drawing.
    Oracle
        HU of brain, fluid, air cells and petrous bone where they lie, and mirror symmetry but for the grain (tests/physics/ct/test_ct_head.py).
    """
    across = ((np.arange(_SIDE) - (_SIDE - 1) / 2) * SPACING_MM).astype(np.float32)
    axes = across, across, (np.arange(-_EACH, _EACH + 1) * STEP_MM).astype(np.float32)
    hu = np.full((len(axes[2]), _SIDE, _SIDE), -1000.0, dtype=np.float32)
    for part in HEAD:
        for side in (1, -1) if part.mirrored else (1,):
            box = box_of(part, side, axes)
            x, y, z = axes[0][box[2]][None, None], axes[1][box[1]][None, :, None], axes[2][box[0]][:, None, None]
            share = _share(part, x, y, z, side)
            hu[box] += (share * _share(CAVITY, x, y, z, 1) if part.inner else share) * (part.hu - hu[box])
    rng = np.random.default_rng(_SEED)
    middle = 0.55 + 0.45 * np.exp(-(across[None] ** 2 / 70**2 + across[:, None] ** 2 / 85**2))
    for one in hu:
        one += _NOISE_HU * middle * _grain(rng, one.shape)
    return np.maximum(np.rint(hu), -1024.0).astype(np.float32), _EACH
