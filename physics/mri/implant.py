"""Metal in a body: what it is made of, where it lies, and the field that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, pi, radians, sin

import torch
from torch import Tensor

from physics.mri.body import Body
from physics.mri.dipole import Axis, ball_field_ppm
from physics.mri.susceptibility import TISSUE_PPM, FieldMap, centred_mm

METALS_PPM = {"titanium": 180.0, "cobalt-chromium": 900.0, "steel": 3500.0}
BEADS_A_RADIUS = 2.0  # of the chain that stands for a rod


@dataclass(frozen=True, slots=True)
class Implant:
    """A ball, or a rod in the plane of the slice.

    metal : key of METALS_PPM. centre_mm : along axis 0 and 1 from the centre pixel, and over the slice. radius_mm : of ball or rod. length_mm : of the rod,
    0 for a ball. angle_deg : of the rod, 0 along axis 1, 90 along axis 0.
    """

    metal: str
    centre_mm: tuple[float, float, float]
    radius_mm: float
    length_mm: float = 0.0
    angle_deg: float = 0.0

    def inside(self, body: Body) -> Tensor:
        """(row, column) bool: where the slice cuts the metal, which holds no protons."""
        down, right = (place - at for place, at in zip(centred_mm(body), self.centre_mm, strict=False))
        reach2 = self.radius_mm**2 - self.centre_mm[2] ** 2
        half = self.length_mm / 2
        along = down * sin(radians(self.angle_deg)) + right * cos(radians(self.angle_deg))
        across2 = down**2 + right**2 - along**2
        beyond = (along.abs() - half).clamp(min=0)
        return across2 + (beyond**2 if self.length_mm == 0 else 1e9 * beyond) < reach2


def implant_field(implant: Implant, body: Body, *, strength_t: float, along: Axis) -> FieldMap:
    """How metal bends the main field about it.

    Model
        A ball: the dipole (Dchi/3)(a/r)^3 (3 cos^2 - 1), nothing inside. A rod: a chain of balls whose volumes together are the rod's, two to a radius, so that
        near its middle the field is that of a cylinder, (Dchi/2)(a/r)^2 cos 2 phi across the field, and far away that of its volume.
    Parameters
        implant : metal, place and size. body : for grid and spacing. strength_t : main field. along : its direction.
    Returns
        Hz and Hz per mm through the slice, not shimmed; 0 within a bead.
    Assumes
        Susceptibilities far below 1; no saturation; the scanner does not shim for the metal.
    Not modelled
        Currents that the radio frequency makes in metal (dark bands beside long wires).
    Raises
        KeyError: a metal that is not listed.
    References
        Schenck 1996, 10.1118/1.597854 (susceptibilities); Koch et al. 2010, 10.1002/jmri.22313 (fields of implants).
    Oracle
        The closed dipole; a long rod across the field against the cylinder; moment of a short rod far away (tests/physics/mri/test_metal.py).
    """
    contrast = METALS_PPM[implant.metal] - TISSUE_PPM
    beads = max(ceil(implant.length_mm / implant.radius_mm * BEADS_A_RADIUS), 1) if implant.length_mm > 0 else 1
    share = 1.0
    if implant.length_mm > 0:
        share = pi * implant.radius_mm**2 * (implant.length_mm / beads) / (4 / 3 * pi * implant.radius_mm**3)
    places = centred_mm(body)
    hz = slope = torch.zeros_like(places[0])
    for bead in range(beads):
        at = (bead + 0.5) / beads - 0.5 if beads > 1 else 0.0
        down, right = (at * implant.length_mm * turn for turn in (sin(radians(implant.angle_deg)), cos(radians(implant.angle_deg))))
        centre = (implant.centre_mm[0] + down, implant.centre_mm[1] + right, implant.centre_mm[2])
        more = ball_field_ppm(places, centre_mm=centre, radius_mm=implant.radius_mm, contrast_ppm=share * contrast, along=along)
        hz, slope = hz + more[0], slope + more[1]
    gain = 42.577 * strength_t
    return FieldMap(gain * hz, gain * slope)
