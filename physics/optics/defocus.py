"""Defocus of an eye: a fundus camera focused before or behind the retina."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from physics.optics.convolution import Transfer, convolved, radial_frequencies, spread
from physics.optics.light import Light
from physics.optics.psf import defocus_transfer
from physics.optics.scan import Capture, Stage
from physics.scan import EditConflict

WAVELENGTHS_UM = (0.610, 0.540, 0.460)
PUPIL_MM = 1.5
LEAST_TRANSFER = 0.05  # below it the source holds no scene that could be blurred further


def eye_refraction(wavelength_um: float) -> float:
    """Refraction of the eye in dioptres at a wavelength, relative to 540 nm: short waves focus in front of the retina (negative)."""

    def chromatic(nm: float) -> float:
        return 1.68524 - 633.46 / (nm - 214.102)

    return chromatic(1000 * wavelength_um) - chromatic(540.0)


def w20_um(dioptres: float, *, pupil_mm: float) -> float:
    """Wavefront error at the rim of the pupil: W20 = D p^2 / 8 (micrometres from dioptres and millimetres)."""
    return dioptres * pupil_mm**2 / 8


def disc_px(dioptres: float, *, pupil_mm: float, px_per_deg: float) -> float:
    """Diameter of the geometric blur disc: the angle D p (milliradians) in pixels."""
    return abs(dioptres) * pupil_mm * 1e-3 * math.degrees(1) * px_per_deg


@dataclass(frozen=True, slots=True)
class Defocus:
    """The camera is focused `dioptres` away from the retina: negative in front of it (myopic), positive behind. pupil_mm: the camera's exit pupil."""

    dioptres: float
    pupil_mm: float
    stage: ClassVar[IntEnum] = Stage.OPTICS
    rank: ClassVar[int] = 10

    def apply(self, light: Light, scan: Capture) -> Light:
        """Blur each channel at its own wavelength."""
        px_per_deg = scan.px_per_deg
        worst = abs(self.dioptres) + max(abs(eye_refraction(w)) for w in WAVELENGTHS_UM)
        reach = disc_px(worst, pupil_mm=self.pupil_mm, px_per_deg=px_per_deg) / 2 + 8

        def transfers(shape: tuple[int, int]) -> list[Transfer]:
            return [spread(relative_transfer(self.dioptres, wavelength_um=w, pupil_mm=self.pupil_mm, px_per_deg=px_per_deg), shape) for w in WAVELENGTHS_UM]

        return convolved(light, transfers, reach_px=reach)


@lru_cache(maxsize=16)
def relative_transfer(dioptres: float, *, wavelength_um: float, pupil_mm: float, px_per_deg: float) -> NDArray[Any]:
    """What defocus does to a picture that was taken in focus.

    Model
        H(D + c) / H(c) over cycles per pixel (the entries of `radial_frequencies`): H the transfer function of a round pupil, c the eye's own chromatic defocus
        at this wavelength, which the source holds already, as it holds the aperture of the pixels: both cancel, so D = 0 is exactly 1 wherever H(c) >= 0.05.
    Parameters
        dioptres : signed defocus. wavelength_um, pupil_mm : of light and exit pupil. px_per_deg : sampling of the retina.
    Returns
        Real values over `radial_frequencies()`, 1 at frequency 0.
    Assumes
        The source is in focus at 540 nm.
    Not modelled
        Astigmatism, the aberrations of the individual eye, the depth of the disc's cup.
    References
        Hopkins 1955; Thibos et al. 1992, Appl. Opt. 31, 3594 (chromatic eye).
    Oracle
        Hopkins's quadrature at W20 = D p^2 / 8; far from focus a disc of diameter D p.
    """
    rim = pupil_mm * 1e3 / 2  # in micrometres: with angles in radians it is the aperture
    s = radial_frequencies() * math.degrees(1) * px_per_deg * wavelength_um / rim
    own = eye_refraction(wavelength_um)
    before = defocus_transfer(s, w20_um(own, pupil_mm=pupil_mm) / wavelength_um)
    after = defocus_transfer(s, w20_um(own + dioptres, pupil_mm=pupil_mm) / wavelength_um)
    return np.asarray(after / np.maximum(before, LEAST_TRANSFER), dtype=np.float32)


def defocused(scan: Capture, dioptres: float, *, pupil_mm: float = PUPIL_MM) -> Capture:
    """The same eye, the camera focused away from the retina.

    Model
        Pupil-plane optics with W20 = D p^2 / 8 at three wavelengths (610, 540, 460 nm), each with the eye's own chromatic defocus, in linear light; the field
        mask stays sharp. Dioptres add: a second defocus moves the focus further.
    Parameters
        dioptres : signed, negative = focus in front of the retina. pupil_mm : exit pupil of the camera, > 0.
    Returns
        The scan with the event; 0 D leaves it as it was.
    Assumes
        One defocus over the whole field.
    Not modelled
        Field curvature, staphyloma, astigmatism.
    Raises
        EditConflict: the scan is already defocused through another pupil. ValueError: no positive pupil.
    References
        Hopkins 1955, 10.1098/rspa.1955.0158; Thibos et al. 1992, 10.1364/AO.31.003594.
    Oracle
        tests/physics/optics/test_defocus.py: quadrature, disc of diameter D p, mean of linear light kept.
    """
    if pupil_mm <= 0:
        raise ValueError(f"pupil_mm {pupil_mm} must be positive")
    if dioptres == 0:
        return scan
    others = tuple(event for event in scan.events if not isinstance(event, Defocus))
    for event in scan.events:
        if isinstance(event, Defocus):
            if event.pupil_mm != pupil_mm:
                raise EditConflict(f"defocus holds a pupil of {event.pupil_mm} mm, asked for {pupil_mm} mm")
            dioptres += event.dioptres
    return replace(scan, events=others if dioptres == 0 else (*others, Defocus(dioptres, pupil_mm)))
