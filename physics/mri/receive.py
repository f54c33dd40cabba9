"""Receive bias: loops near the skin hear what is near them."""

from __future__ import annotations

from dataclasses import replace
from math import cos, radians, sin

import numpy as np

from physics.mri.coils import ReceiveField, receive_sensitivity
from physics.mri.loop import Loop
from physics.mri.scan import MRIScan


def loops_around(scan: MRIScan, *, directions_deg: tuple[float, ...], gap_mm: float, radius_mm: float) -> tuple[Loop, ...]:
    """Surface coils laid on the body.

    Model
        Each loop faces the body from its direction, its axis through the centroid; it lies at the gap from the farthest skin that it covers.
    Parameters
        scan : its body counts. directions_deg : 0 is right, 90 down. gap_mm : from the skin. radius_mm : of a loop.
    Returns
        The loops, in the plane of the slice.
    Assumes
        Flat loops.
    Not modelled
        Arrays that bend about the body.
    Raises
        ValueError: an empty picture.
    References
        Roemer et al. 1990, 10.1002/mrm.1910160203.
    Oracle
        Gap and skin on oblong pixels and off-centre bodies, straight and oblique (tests/physics/mri/test_receive.py).
    """
    rows, columns = np.nonzero(scan.body.support.cpu().numpy())
    if len(rows) == 0:
        raise ValueError("the picture is empty: there is no skin to place a coil at")
    centre = np.array([rows.mean(), columns.mean()])
    places = (np.stack([rows, columns], axis=1) - centre) * scan.spacing_mm
    origin = (centre - [n // 2 for n in scan.matrix]) * scan.spacing_mm
    loops = []
    for direction in directions_deg:
        outwards = np.array([sin(radians(direction)), cos(radians(direction))])
        under = np.abs(places @ [-outwards[1], outwards[0]]) <= radius_mm  # what the loop covers: it may not cut into a shoulder
        skin_mm = float((places[under] @ outwards).max())
        at = origin + (skin_mm + gap_mm) * outwards
        loops.append(Loop((float(at[0]), float(at[1]), 0.0), (float(-outwards[0]), float(-outwards[1]), 0.0), radius_mm))
    return tuple(loops)


def free_directions(scan: MRIScan, *, radius_mm: float, step_deg: float = 5.0) -> tuple[float, ...]:
    """Directions in which the body ends inside the picture, so that there is skin to lay a loop on; all of them where it ends nowhere."""
    support = scan.body.support.cpu().numpy()
    rows, columns = np.nonzero(support)
    every = tuple(float(direction) for direction in np.arange(0, 360, step_deg))
    if len(rows) == 0:
        return every
    centre = np.array([rows.mean(), columns.mean()])
    border = (rows == 0) | (rows == support.shape[0] - 1) | (columns == 0) | (columns == support.shape[1] - 1)
    cut = (np.stack([rows[border], columns[border]], axis=1) - centre) * scan.spacing_mm
    free = []
    for direction in every:
        outwards = np.array([sin(radians(direction)), cos(radians(direction))])
        if not bool(((np.abs(cut @ [-outwards[1], outwards[0]]) <= radius_mm) & (cut @ outwards > 0)).any()):
            free.append(direction)
    return tuple(free) or every


def shade(scan: MRIScan, loops: tuple[Loop, ...]) -> MRIScan:
    """Bright near the coil, dark far from it.

    Model
        x(r) -> b(r) x(r), b = (sum_l |C_l(r)|^2)^(1/2) / level, C_l the sensitivity of each loop by reciprocity (coils.receive_sensitivity). The level is
        the gain that the prescan finds: mean of b over tissue, weighted by signal, is 1. Noise comes after the coils and is not shaded.
    Parameters
        scan : the acquisition. loops : in scanner coordinates; axis 2 is through the slice.
    Returns
        The scan with its receive field; the coils stay where they are when the body moves.
    Assumes
        One combined picture whose brightness is not corrected; single channels keep their shapes.
    Not modelled
        Transmit field, dielectric effects.
    Raises
        EditConflict: the scan has another receive field. ValueError: nothing to receive.
    References
        Roemer et al. 1990, 10.1002/mrm.1910160203; Hoult 2000 (reciprocity).
    Oracle
        degraded / reference is the root sum of squares of the loops' fields, Biot-Savart segment by segment (tests/physics/mri/test_receive.py).
    """
    rows, columns = np.nonzero(scan.body.support.cpu().numpy())
    signal = scan.body.density.abs().double().cpu().numpy()[rows, columns]
    if signal.sum() == 0:
        raise ValueError("the picture is empty: nothing is received")
    places = np.stack([(at - n // 2) * d for at, n, d in zip((rows, columns), scan.matrix, scan.spacing_mm, strict=True)])
    combined = np.sqrt((np.abs(receive_sensitivity(loops, places)) ** 2).sum(axis=0))
    return scan.with_receive(ReceiveField(loops, level=float((combined * signal).sum() / signal.sum())))


def approach(scan: MRIScan, *, nearness_per_m: float, directions_deg: tuple[float, ...], radius_mm: float) -> MRIScan:
    """A side of the body that is bright because the coil is near.

    Model
        Loops at 1 / nearness from the skin; 0 is a loop at infinity, which hears everything alike. The field is that of `shade`.
    Parameters
        scan : the acquisition. nearness_per_m : >= 0. directions_deg, radius_mm : of the loops.
    Returns
        The scan with its receive field; the scan itself for 0.
    Assumes
        No intensity correction by the scanner.
    Not modelled
        Coupling between loops.
    Raises
        ValueError: a negative nearness, an empty picture.
    References
        Roemer et al. 1990, 10.1002/mrm.1910160203.
    Oracle
        Shading rises from infinity to 10 mm, bright towards the coil (tests/physics/mri/test_receive.py).
    """
    if nearness_per_m < 0:
        raise ValueError(f"nearness {nearness_per_m} per metre: a distance is > 0")
    if nearness_per_m == 0:
        return scan
    loops = loops_around(scan, directions_deg=directions_deg, gap_mm=1e3 / nearness_per_m, radius_mm=radius_mm)
    shaded = shade(scan, loops)
    return replace(shaded, assumed=(*scan.assumed, f"{len(loops)} receive loop(s) of {radius_mm:.0f} mm radius"))
