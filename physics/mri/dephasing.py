"""Signal lost within a voxel: in a gradient echo, protons that precess at different rates cancel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import isfinite, pi
from typing import ClassVar

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from physics.measure.pair import Pair, Reading, measure
from physics.mri.cavities import SHOWN_CM2, materials
from physics.mri.measures import NO_SCAN
from physics.mri.pockets import Pocket
from physics.mri.scan import MRIScan, Stage
from physics.mri.susceptibility import FieldMap, field_map
from physics.noise import unit_complex

TRANSITION = 0.4  # of the slice profile: share of the thickness over which its edge falls
NEIGHBOURS_PX = 1.0  # deviation of the mean over neighbours
VOID = 1 / 3  # a pixel with less of its signal is void
SEEN = 0.25  # of the mean of the object: darker pixels had nothing to lose


def kept_share(field: FieldMap, *, echo_s: float, spacing_mm: tuple[float, float], thickness_mm: float, transition: float = TRANSITION) -> Tensor:
    """What is left of a voxel's signal at the echo.

    Model
        1/V integral exp(-2 pi i (df - df_centre) TE) dV for a field that is linear within the voxel: prod over axes of sinc(g_i D_i TE), g the slope in
        Hz per mm, D the voxel's size; the slice has a profile with edges of a share e of its thickness, which adds sinc(e g D TE). g is the
        root mean square over a pixel and its neighbours.
    Parameters
        field : offsets and their slopes. echo_s : TE in seconds. spacing_mm, thickness_mm : size of the voxel. transition : e.
    Returns
        (row, column) float64 in (-0.22, 1]; negative where the sum has turned over.
    Assumes
        A box in the plane.
    Not modelled
        Curvature of the field within a voxel, decay by other causes.
    References
        Reichenbach et al. 1997, J. Magn. Reson. Imaging 7, 266; Deichmann et al. 2003, 10.1016/S1053-8119(03)00073-9.
    Oracle
        The sum over ten thousand points of a voxel; first null at g D TE = 1 (tests/physics/mri/test_dephasing.py).
    """
    down, right, through = (echo_s * _typical(slope) for slope in field.slopes(spacing_mm))
    profile = torch.sinc(through * thickness_mm) * torch.sinc(through * (thickness_mm * transition))
    return torch.sinc(down * spacing_mm[0]) * torch.sinc(right * spacing_mm[1]) * profile


def _typical(slope: Tensor) -> Tensor:
    """Root mean square of a slope over a pixel and its neighbours: where it turns over within a voxel it is 0 in the middle, and the voxel fades."""
    mean_square = ndimage.gaussian_filter(slope.double().cpu().numpy() ** 2, NEIGHBOURS_PX, mode="nearest")
    return torch.from_numpy(np.sqrt(mean_square))


@dataclass(frozen=True, eq=False, slots=True)
class Dephasing:
    """A gradient echo in a bent field.

    field : Hz and slopes. echo_s : echo time. thickness_mm : of the slice. seed : of the noise that stays where signal goes.
    """

    field: FieldMap
    echo_s: float
    thickness_mm: float
    seed: int
    stage: ClassVar[IntEnum] = Stage.OBJECT
    rank: ClassVar[int] = 30  # after what weights tissue by its relaxation

    def kept(self, scan: MRIScan) -> Tensor:
        """(row, column) share of the signal that is left in the body; 1 in the air about it, where there is noise of the source only."""
        share = kept_share(self.field, echo_s=self.echo_s, spacing_mm=scan.spacing_mm, thickness_mm=self.thickness_mm)
        return 1 - scan.body.tissue_share.double().cpu() * (1 - share)

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: complex density (row, column)."""
        kept = self.kept(scan).to(data.device)
        turned = -2 * pi * self.echo_s * self.field.hz.to(data.device) * scan.body.tissue_share.to(data.device)
        lost = (1 - kept.square()).clamp(min=0).sqrt()
        floor = scan.source_sigma * unit_complex(scan.matrix, seed=self.seed, dtype=torch.complex128).to(data.device)
        return data * torch.polar(torch.ones_like(turned), turned).to(data) * kept.to(data.real) + (lost * floor).to(data)


def continued_pockets(scan: MRIScan, *, seed: int) -> tuple[Pocket, ...]:
    """Air of the picture that goes on below the slice, where no neighbouring slice tells.

    Model
        Under each of the four largest pieces of air of an eighth of a square centimetre or more a ball of 0.8 to 1.3 times the radius of a disc of its area,
        held to 5 to 16 mm, 1.2 to 1.7 radii below: a cavity is seldom its own mirror image about the slice.
    Parameters
        scan : its body counts; with a slab there is nothing to invent. seed : of the draw.
    Returns
        The balls.
    Assumes
        Cavities are about as deep as wide.
    Not modelled
        Their true shape.
    References
        None: a convention of this project.
    Oracle
        Holes of known area on oblong pixels (tests/physics/mri/test_dephasing.py).
    """
    if scan.slab is not None:
        return ()
    air, spacing = materials(scan.body).air.cpu().numpy(), np.asarray(scan.spacing_mm)
    labels, n = ndimage.label(air)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0xA2])))
    areas = ndimage.sum_labels(air, labels, np.arange(1, n + 1)) if n else np.zeros(0)
    balls = []
    for piece in np.argsort(-areas)[:4]:
        if areas[piece] * spacing.prod() < 100 * SHOWN_CM2 / 4:
            continue
        middle = np.argwhere(labels == piece + 1).mean(axis=0)
        radius = float(np.clip(np.sqrt(areas[piece] * spacing.prod() / np.pi) * rng.uniform(0.8, 1.3), 5.0, 16.0))
        at = (middle - np.array([size // 2 for size in scan.matrix])) * spacing + rng.uniform(-3, 3, size=2)
        balls.append(Pocket((round(float(at[0]), 2), round(float(at[1]), 2), round(-radius * float(rng.uniform(1.2, 1.7)), 2)), round(radius, 2)))
    return tuple(balls)


def dephase(scan: MRIScan, *, echo_ms: float, thickness_mm: float, pockets: tuple[Pocket, ...], seed: int) -> MRIScan:
    """Dark holes in tissue next to air: a gradient echo whose voxels hold different fields.

    Model
        rho(r) <- rho(r) exp(-2 pi i df TE) K(r), K the share that is left (kept_share), df and its slopes from susceptibility.field_map at the field
        strength of the scan (3 T where it states none). Noise that the source holds is as strong in the hole as elsewhere.
    Parameters
        echo_ms : time by which the echo is later than in the source. thickness_mm : of the slice. pockets : air beside the slice.
        seed : of the noise in the hole.
    Returns
        The scan with the event added; 0 ms leaves it as it was.
    Assumes
        A gradient echo; the source has lost little. Two such edits multiply: the shares of two fields are not those of their sum.
    Not modelled
        Decay of the whole picture by T2*, the change of contrast with TE, gradients that compensate (z-shim).
    Raises
        ValueError: negative or infinite echo time, no thickness.
    References
        Reichenbach et al. 1997, J. Magn. Reson. Imaging 7, 266; Deichmann et al. 2003, 10.1016/S1053-8119(03)00073-9;
        Ojemann et al. 1997, NeuroImage 6, 156.
    Oracle
        Linear slopes: product of sinc; the integral summed directly; noise floor kept (tests/physics/mri/test_dephasing.py).
    """
    if not isfinite(echo_ms) or echo_ms < 0 or not thickness_mm > 0:
        raise ValueError(f"echo_ms {echo_ms} must be >= 0 and finite, thickness_mm {thickness_mm} > 0")
    if echo_ms == 0:
        return scan
    return scan.with_event(Dephasing(field_map(scan, seed=0, pockets=pockets), echo_ms / 1e3, thickness_mm, seed))


def void(reference: Tensor, degraded: Tensor, mask: Tensor) -> Tensor:
    """Pixels of an object that showed tissue and have lost two thirds of it."""
    level = SEEN * float(reference[mask].mean()) if bool(mask.any()) else 0.0
    return mask & (reference > level) & (degraded < VOID * reference)


@measure("cm2")
def void_area(pair: Pair) -> Reading:
    """Area of tissue that has lost two thirds of its signal or more."""
    if pair.view.spacing_mm is None:
        return Reading(None, "the pixel spacing is not known")
    lost = float(void(pair.reference, pair.degraded, pair.view.mask).sum())
    return Reading(lost * pair.view.spacing_mm[0] * pair.view.spacing_mm[1] / 100)


@measure("% of signal")
def signal_lost(pair: Pair) -> Reading:
    """Signal that is missing from the object, over all of it."""
    before = pair.reference.double()[pair.view.mask]
    total = float(before.sum())
    return (
        Reading(100 * float((before - pair.degraded.double()[pair.view.mask]).clamp(min=0).sum()) / total)
        if total > 0
        else Reading(None, "the object is empty")
    )


@measure("cycles")
def dephasing_across_slice(pair: Pair) -> Reading:
    """99th percentile of the turns by which the two faces of the slice differ at the echo, over the object."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    event = next((found for found in pair.scan.events if isinstance(found, Dephasing)), None)
    if event is None:
        return Reading(0.0)
    across = (event.field.through_hz_per_mm * event.thickness_mm * event.echo_s).abs()
    inside = pair.scan.body.support.cpu()
    return Reading(float(torch.quantile(across[inside], 0.99))) if bool(inside.any()) else Reading(None, "the object is empty")
