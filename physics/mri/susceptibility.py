"""The main field inside a body: tissue, bone and air magnetise differently, and each bends the field of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from physics.fourier import centred_grid
from physics.mri.body import Body
from physics.mri.cavities import SHOWN_CM2, main_field_axis, materials, rounded_height_mm
from physics.mri.chain import Slab
from physics.mri.dipole import Axis, Layer, ball_field_ppm, dipole_field_ppm
from physics.mri.pockets import Pocket, draw_pockets
from physics.mri.scan import MRIScan

GYROMAGNETIC_HZ_PER_PPM_T = 42.577  # of protons: 42.577 MHz/T
TISSUE_PPM, AIR_PPM, BONE_PPM = -9.05, 0.36, -11.4
ASSUMED_T = 3.0  # field strength where the scan states none
BORDER_MM = 1.5  # deviation of the blur of a mask's border, a pixel at least
N_LAYERS = 20  # of a rounded body above its slice, each 1.3 times as thick as the one below


@dataclass(frozen=True, eq=False)
class FieldMap:
    """hz : (row, column) offset of the precession. through_hz_per_mm : (row, column) its slope along the slice axis. Both float64 and shimmed."""

    hz: Tensor
    through_hz_per_mm: Tensor

    def slopes(self, spacing_mm: tuple[float, float]) -> tuple[Tensor, Tensor, Tensor]:
        """Hz per mm along the rows' axis 0, axis 1 and through the slice."""
        down, right = torch.gradient(self.hz, spacing=(spacing_mm[0], spacing_mm[1]))
        return down, right, self.through_hz_per_mm


def layers_of(body: Body, slab: Slab | None) -> list[Layer]:
    """What lies over and under a slice: the slices of a slab where there is one, and beyond them the last slice rounded off.

    Model
        Materials are found in each slice (cavities.materials). A slice alone, and the last of a slab, is rounded: at a distance d from the border of a
        piece whose widest place is R from it, the piece is (d (2 R - d))^(1/2) high on either side, so that a disc becomes a ball.
    Parameters
        body : the slice. slab : its neighbours, or None.
    Returns
        Sheets of susceptibility against tissue's surroundings, air: 0 outside the body.
    Assumes
        The body and its cavities are about as deep as they are wide.
    Not modelled
        Neck and shoulders under an axial slice.
    References
        None: a convention of this project.
    Oracle
        A disc gives the field of a ball (tests/physics/mri/test_susceptibility.py).
    """
    if slab is None:
        return [*_rounded(body, start_mm=0.0, sign=1), *_rounded(body, start_mm=0.0, sign=-1)]
    thick, plane = slab.spacing_mm[0], slab.spacing_mm[1:]
    bodies = [Body(density, (plane[0], plane[1])) for density in slab.density]
    ppm = _soft(torch.stack([slice_ppm(each) for each in bodies]), slab.spacing_mm)
    sheets = [Layer(each, (i - slab.index - 0.5) * thick, (i - slab.index + 0.5) * thick) for i, each in enumerate(ppm)]
    return [*sheets, *_rounded(bodies[-1], start_mm=sheets[-1].high_mm, sign=1), *_rounded(bodies[0], start_mm=sheets[0].low_mm, sign=-1)]


def slice_ppm(body: Body) -> Tensor:
    """Susceptibility of a slice against air."""
    found = materials(body)
    return torch.where(found.bone, BONE_PPM - AIR_PPM, TISSUE_PPM - AIR_PPM) * (found.body & ~found.air)


def _soft(ppm: Tensor, spacing_mm: Sequence[float]) -> Tensor:
    """Borders some two millimetres wide in place of the steps of a mask: steps would bend the field at every pixel of a rim and between slices."""
    values = ppm.double().cpu().numpy()
    return torch.from_numpy(ndimage.gaussian_filter(values, [max(BORDER_MM / step, 1.0) for step in spacing_mm], mode="nearest"))


def _rounded(body: Body, *, start_mm: float, sign: int) -> list[Layer]:
    found = materials(body)
    height, hollow = rounded_height_mm(found.body, body.spacing_mm), rounded_height_mm(found.air, body.spacing_mm)
    edges = float(height.max()) * (1.3 ** np.arange(N_LAYERS + 1) - 1) / (1.3**N_LAYERS - 1)
    inside = torch.where(found.bone, BONE_PPM, TISSUE_PPM) - AIR_PPM

    def filled(heights: Tensor, low: float, high: float) -> Tensor:
        return ((heights - low) / max(high - low, 1e-9)).clamp(0.0, 1.0)

    out = []
    for low, high in pairwise(edges):
        ppm = inside * (filled(height, low, high) - filled(hollow, low, high)).clamp(min=0.0)
        bounds = sorted((start_mm + sign * float(low), start_mm + sign * float(high)))
        out.append(Layer(_soft(ppm, body.spacing_mm), bounds[0], bounds[1]))
    return out


@lru_cache(maxsize=8)
def _unshimmed_ppm(body: Body, slab: Slab | None, along: Axis) -> tuple[Tensor, Tensor]:
    layers = layers_of(body, slab)
    field, slope = dipole_field_ppm(layers, spacing_mm=body.spacing_mm, along=along)
    # The sphere of Lorentz about a proton is filled with tissue, whatever share of its pixel a blurred border leaves to air.
    held = sum(layer.ppm.double() * ((layer.low_mm < 0) + (layer.high_mm > 0)) / 2 for layer in layers if layer.low_mm <= 0 <= layer.high_mm)
    return field + (TISSUE_PPM - AIR_PPM - held) / 3, slope


def field_map(
    scan: MRIScan,
    *,
    seed: int,
    pockets: tuple[Pocket, ...] | None = None,
    field_strength_t: float | None = None,
    along: Axis | None = None,
    shimmed: bool = True,
) -> FieldMap:
    """Offset of the precession that air, bone and tissue make in a slice.

    Model
        df = 42.577 Hz/(ppm T) B0 DB/B0 of the body's own sheets (dipole_field_ppm of layers_of) and of balls of air beside the slice. The shim takes away
        the constant and both linear terms in the plane and the mean slope through the slice, by least squares over tissue weighted by signal.
    Parameters
        seed : of the pockets, where none are given (pockets.draw_pockets). field_strength_t : in place of the scan's own, 3 T where it states none.
        along : direction of the main field, found from the picture where None.
    Returns
        Hz, and Hz per mm through the slice; worked out once per body.
    Assumes
        The field stays with the picture while the head moves.
    Not modelled
        Second-order shims, concomitant fields, oxygenation.
    References
        Schenck 1996, 10.1118/1.597854 (susceptibilities); Salomir et al. 2003, Concepts Magn. Reson. B 19B, 26; Koch, Rothman and de Graaf 2009 (shimming).
    Oracle
        Ball, cylinder, superposition, linear in field strength; no linear term is left (tests/physics/mri/test_susceptibility.py).
    """
    axis = main_field_axis(scan.body) if along is None else along
    found = draw_pockets(scan, seed=seed) if pockets is None else pockets
    return _field_map(scan.body, scan.slab, axis, found, field_strength_t or scan.field_strength_t or ASSUMED_T, shimmed)


@lru_cache(maxsize=16)
def _field_map(body: Body, slab: Slab | None, axis: Axis, pockets: tuple[Pocket, ...], strength_t: float, shimmed: bool) -> FieldMap:
    ppm, slope = _unshimmed_ppm(body, slab, axis)
    places = centred_mm(body)
    for pocket in pockets:
        more = ball_field_ppm(places, centre_mm=pocket.centre_mm, radius_mm=pocket.radius_mm, contrast_ppm=AIR_PPM - TISSUE_PPM, along=axis)
        ppm, slope = ppm + more[0], slope + more[1]
    gain = GYROMAGNETIC_HZ_PER_PPM_T * strength_t
    made = FieldMap(gain * ppm, gain * slope)
    return shim(made, body) if shimmed else made


def field_hz(scan: MRIScan, *, seed: int, pockets: tuple[Pocket, ...] | None = None, field_strength_t: float | None = None) -> Tensor:
    """The offset alone: (row, column) float64, Hz, shimmed. See `field_map`."""
    return field_map(scan, seed=seed, pockets=pockets, field_strength_t=field_strength_t).hz


def shim(field: FieldMap, body: Body) -> FieldMap:
    """The field without its constant and linear terms over tissue, weighted by signal, and without its mean slope through the slice."""
    weight = (body.density.abs().double() * materials(body).tissue).cpu()
    if not bool(weight.any()):
        return field
    places = centred_mm(body)
    terms = torch.stack([torch.ones_like(places[0]), *places], dim=-1).reshape(-1, 3)
    weighted = terms.T * weight.flatten()  # normal equations: what LAPACK's least squares give hangs on where the arrays lie in memory
    fit = torch.linalg.solve(weighted @ terms, weighted @ field.hz.reshape(-1, 1))
    slope = float((field.through_hz_per_mm * weight).sum() / weight.sum())
    return FieldMap(field.hz - (terms @ fit).reshape(field.hz.shape), field.through_hz_per_mm - slope)


def centred_mm(body: Body) -> tuple[Tensor, Tensor]:
    """Distance of each pixel from the centre pixel along axis 0 and 1, in mm."""
    down, right = centred_grid(body.density.shape)
    return down * body.spacing_mm[0], right * body.spacing_mm[1]


def makes_a_field(scan: MRIScan, *, seed: int = 0) -> bool:
    """Whether there is air in the picture, or may be beside it: without any the body has no field of its own worth the name."""
    found = materials(scan.body)
    return bool(found.tissue.any()) and (
        float(found.air.sum()) * scan.spacing_mm[0] * scan.spacing_mm[1] > 100 * SHOWN_CM2 or bool(draw_pockets(scan, seed=seed))
    )


def field_note(scan: MRIScan, pockets: Sequence[object]) -> tuple[str, ...]:
    """What a field had to assume, in words for the record; nothing that the scan says already."""
    notes = ["main field of air, bone and tissue as seen in the picture, shimmed over tissue"]
    if scan.field_strength_t is None:
        notes.append(f"field strength of {ASSUMED_T:g} T")
    if len(pockets):
        notes.append("air-filled spaces below the slice")
    return tuple(note for note in notes if note not in scan.assumed)
