"""Truncation: a body that is wider than the measured field."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from physics.ct.acquire import rays_of
from physics.ct.dose import kernel_matched
from physics.ct.geometry import Array
from physics.ct.scan import CTScan, Stage
from physics.scan import EditConflict

Beyond = Literal["nothing", "cosine", "water"]
BEYOND: tuple[Beyond, ...] = ("nothing", "cosine", "water")
LEAST_FIELD_MM = 30.0
_MATTER = 0.02  # of p: a millimetre of water


@dataclass(frozen=True, slots=True)
class NarrowField:
    """Rays are measured up to a distance from the isocentre only.

    field_mm : that distance. beyond : what the computer takes for the rays further out: "nothing" (p = 0), "cosine" (a fall to 0 over fall_mm) or "water" (a
    cylinder of water that goes on from the outermost reading and its slope).
    """

    field_mm: float
    beyond: Beyond
    fall_mm: float = 60.0
    stage: ClassVar[IntEnum] = Stage.LOG
    rank: ClassVar[int] = 40  # after lost views are filled in, before weights of views

    def apply(self, measured: Tensor, scan: CTScan) -> Tensor:
        """measured : (view, ray) line integrals."""
        s, pitch = scan.geometry.s_mm(), scan.geometry.pitch_mm()
        share = torch.from_numpy(np.clip((self.field_mm - np.abs(s)) / pitch + 0.5, 0.0, 1.0)).to(measured.dtype)
        out = measured * share
        if self.beyond == "nothing":
            return out
        for side in (-1.0, 1.0):
            level, slope, at_mm = _edge(measured, s, side * self.field_mm)
            beyond = (side * s > 0) & (share.numpy() < 1)
            outwards = torch.from_numpy(side * s[beyond]).to(measured.dtype)
            if self.beyond == "cosine":
                filled = self._cosine(level + slope * (side * self.field_mm - at_mm), (outwards - self.field_mm).clamp_min(0.0))
            else:
                filled = _water(level, side * slope, outwards - side * at_mm, scan.mu_water)
            out[:, beyond] += (1 - share[beyond]) * filled
        return out

    def _cosine(self, ending: Tensor, away: Tensor) -> Tensor:
        """(view, ray) the last reading, falling to nothing."""
        return ending.clamp_min(0.0)[:, None] * (0.5 + 0.5 * torch.cos(math.pi * (away / self.fall_mm).clamp(0.0, 1.0)))


def _edge(measured: Tensor, s: Array, end_mm: float) -> tuple[Tensor, Tensor, float]:
    """Reading and slope (per mm) of each view just inside the end of the field, and where: the line through the six outermost channels, at their middle."""
    inward = np.argsort(np.abs(s - end_mm) + 1e6 * (np.sign(end_mm) * (s - end_mm) > 0))[:6]
    middle_mm = float(s[inward].mean())
    x = torch.from_numpy(s[inward] - middle_mm).to(measured.dtype)
    y = measured[:, torch.from_numpy(inward)]
    return y.mean(dim=1), (y @ x) / (x @ x), middle_mm


def _water(level: Tensor, slope: Tensor, away: Tensor, mu_water: float) -> Tensor:
    """(view, ray) the chords of the cylinder of water whose chord and slope at away = 0 are those measured.

    2 mu sqrt(r^2 - t^2) = p at t0 and its slope -4 mu^2 t0 / p = p': so t0 = -p p' / (4 mu^2) and r^2 = (p / 2 mu)^2 + t0^2.
    """
    t0 = (-level * slope / (4 * mu_water**2)).clamp_min(0.0)
    square = (level / (2 * mu_water)) ** 2 + t0**2
    return 2 * mu_water * (square[:, None] - (t0[:, None] + away) ** 2).clamp_min(0.0).sqrt()


def reach_of_matter_mm(scan: CTScan) -> float:
    """How far from the isocentre any ray still meets matter, table included."""
    met = rays_of(scan).amax(dim=0).numpy() > _MATTER
    distance = np.abs(scan.geometry.s_mm()) + scan.geometry.pitch_mm() / 2
    return float(distance[met].max()) if met.any() else scan.geometry.reach_mm


def narrow_field(scan: CTScan, field_mm: float, *, beyond: Beyond, fall_mm: float = 60.0) -> CTScan:
    """A bright rim where the measured field ends, a rise of all values towards it, and tissue outside that is smeared or gone.

    Model
        Rays with |s| above the field's radius are not measured; the computer fills in nothing, a cosine fall, or a water cylinder that goes on from the last
        reading. What is wrong lies outside of the field, and the ramp's long tails carry it inside: a smooth positive bias that rises without bound to the edge
        where nothing was filled in, less where something was.
    Parameters
        field_mm : radius of the measured field, at least 30. beyond : what is filled in. fall_mm : length of the cosine.
    Returns
        The scan with the event added; a field that holds all matter leaves it as it was.
    Assumes
        A field centred on the isocentre, the same in all views.
    Not modelled
        Reference channels that are covered by the body.
    References
        Ohnesorge, Flohr, Schwarz, Heiken and Bae 2000; Hsieh et al. 2004 (water cylinders); Natterer 2001 (interior problem).
    Oracle
        The bias of a truncated disc by quadrature of the ramp's kernel; a water cylinder goes on as itself (tests/physics/ct/test_ct_truncation.py).
    Raises
        ValueError: a field below 30 mm, another fill, or a fall of nothing. EditConflict: the field was narrowed already.
    """
    if field_mm < LEAST_FIELD_MM or beyond not in BEYOND or fall_mm <= 0:
        raise ValueError(f"field_mm {field_mm}, beyond {beyond!r}, fall_mm {fall_mm}: at least {LEAST_FIELD_MM:.0f} mm, {', '.join(BEYOND)}, above 0")
    if field_mm >= reach_of_matter_mm(scan):
        return scan
    if any(isinstance(event, NarrowField) for event in scan.events):
        raise EditConflict(f"field: narrowed already, {field_mm} mm were asked; narrow it once")
    return kernel_matched(scan).with_events(NarrowField(field_mm, beyond, fall_mm))
