"""Cross-talk: pulses of other slices excite part of a slice a second time in each repetition."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from math import cos, isfinite, radians, sin
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.fourier import centred_grid
from physics.measure.pair import Pair, Reading, measure
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage
from physics.mri.slice_group import OtherSlice, touches
from physics.mri.slice_profile import SliceProfile
from physics.mri.tissue import Relaxation, classes_note, relaxation, reweighted

ACROSS = 96  # nodes across the slice, midpoints
TABLE_MM = 0.25  # of the table along the picture; between its nodes the signal is linear
OWN_ASSUMED = "slice cross-talk: repetition time, flip angle and the times of the other slices"

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SaturatedSlice:
    """A slice whose spins other slices excite too. direction_deg : along which crossing lines are counted from the centre pixel, from axis 1 to axis 0."""

    profile: SliceProfile
    others: tuple[OtherSlice, ...]
    tr_s: float
    flip_deg: float
    direction_deg: float = 90.0
    stage: ClassVar[IntEnum] = Stage.OBJECT
    rank: ClassVar[int] = 20  # one of the factors of the signal

    def ratios(self, scan: MRIScan) -> Tensor:
        """(class, row, column) float64: signal of each tissue over the signal without other slices."""
        table = relaxation(scan.field_strength_t)
        down, right = centred_grid(scan.matrix)
        angle = radians(self.direction_deg)
        x = (right * (scan.spacing_mm[1] * cos(angle)) + down * (scan.spacing_mm[0] * sin(angle))).numpy()
        if all(other.angle_deg == 0 for other in self.others):
            return torch.tensor([float(signal_kept(np.zeros(1), self, each)[0]) for each in table], dtype=torch.float64)[:, None, None].expand(-1, *x.shape)
        nodes = np.arange(x.min(), x.max() + TABLE_MM, TABLE_MM)
        return torch.from_numpy(np.stack([np.interp(x, nodes, signal_kept(nodes, self, each)) for each in table]))

    def factor(self, scan: MRIScan) -> Tensor:
        """(row, column) float64: signal over the signal without other slices, of the tissue that lies there."""
        return reweighted(scan, self.ratios(scan))

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: density (row, column)."""
        return data * self.factor(scan).to(data)


def signal_kept(x_mm: Array, state: SaturatedSlice, tissue: Relaxation) -> Array:
    """Signal of a slice in the steady state of all pulses, over that of its own pulses alone.

    Model
        At depth z each pulse k turns by a p_k(z) and leaves M -> M cos(a p_k); between pulses M -> 1 - (1 - M) exp(-dt / T1). The period of all pulses is an
        affine map M -> A M + B, its fixed point B / (1 - A) the magnetisation that the own pulse meets; the signal is the mean of M sin(a p) over z.
    Parameters
        x_mm : places along the picture. state : own profile, other slices, TR and flip angle. tissue : its T1.
    Returns
        (place,) in (0, 1].
    Assumes
        One tissue through the depth of the slice; transverse magnetisation is spoiled between pulses.
    Not modelled
        Refocusing pulses, magnetisation transfer, blood that flows in.
    References
        Kneeland, Shimakawa and Wehrli 1986, Radiology 158:819; Kucharczyk et al. 1988, AJNR 9:443.
    Oracle
        Two slices in closed form; pulses simulated one by one (tests/physics/mri/test_cross_talk.py).
    """
    half = state.profile.half_extent_mm
    z = ((np.arange(ACROSS) + 0.5) / ACROSS * 2 - 1) * half
    flip = radians(state.flip_deg)
    own = flip * state.profile.at(z)[None, :]
    slope, level, time = np.cos(own), np.zeros((len(x_mm), ACROSS)), 0.0  # M after the own pulse = slope * M before it

    def recovered(duration: float) -> None:
        nonlocal slope, level
        decay = np.exp(-duration * state.tr_s / tissue.t1_s)
        slope, level = slope * decay, 1 - (1 - level) * decay

    for other in sorted(state.others, key=lambda other: other.delay):
        recovered(other.delay - time)
        time = other.delay
        turned = np.cos(flip * SliceProfile(other.thickness_mm, state.profile.transition).at(other.distance_mm(x_mm[:, None], z[None, :])))
        slope, level = slope * turned, level * turned
    recovered(1.0 - time)
    decay = np.exp(-state.tr_s / tissue.t1_s)
    alone = (1 - decay) / (1 - np.cos(own) * decay)
    kept: Array = (np.sin(own) * level / (1 - slope)).sum(axis=1) / float((np.sin(own) * alone).sum())
    return kept


def saturate(scan: MRIScan, state: SaturatedSlice) -> MRIScan:
    """A slice darker by what other slices excite in it: all of it beside a neighbour, a strip where a slice of another direction crosses.

    Model
        rho <- rho sum_c w_c S_c(r), with S_c of signal_kept and w_c the share of a tissue (tissue.tissue_shares). Long T1 loses most.
    Parameters
        state : own profile, the other slices and when they are excited, TR and flip angle.
    Returns
        The scan with the event; slices that do not touch ours leave it as it was. A second group of slices joins the first.
    Assumes
        The source shows the contrast of the same sequence without other slices; air keeps the noise of the source. Strips lie still in the scanner and the
        body does not move through them.
    Not modelled
        What signal_kept leaves out; the profile that saturation leaves (the slice is thin for what lies in it).
    Raises
        ValueError: times, TR, flip angle or thickness out of range.
    References
        Kneeland et al. 1986, Radiology 158:819; Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 11.5.2.
    Oracle
        See signal_kept; the strip has the place, direction and width of the crossing (tests/physics/mri/test_cross_talk.py).
    """
    if not 0 < state.tr_s < 20 or not 0 < state.flip_deg <= 180 or not state.profile.thickness_mm > 0:
        raise ValueError(f"TR {state.tr_s} s, flip angle {state.flip_deg} degrees and thickness {state.profile.thickness_mm} mm must be positive and usual")
    if any(not 0 < other.delay < 1 or other.thickness_mm < 0 or not isfinite(other.offset_mm) for other in state.others):
        raise ValueError(f"other slices {state.others}: delays must lie within 0 to 1 repetition, thicknesses must be >= 0")
    if not any(touches(state.profile, other) for other in state.others):
        return scan
    notes = tuple(note for note in (classes_note(scan), OWN_ASSUMED) if note not in scan.assumed)
    return replace(scan.with_event(state), assumed=(*scan.assumed, *notes))


@measure("% of tissue signal")
def saturated_signal(pair: Pair) -> Reading:
    """Signal of tissue that is lost to the pulses of other slices."""
    scan = pair.scan
    if not isinstance(scan, MRIScan):
        return NO_SCAN
    factor = torch.ones(scan.matrix, dtype=torch.float64)
    for event in scan.events:
        if isinstance(event, SaturatedSlice):
            factor = factor * event.factor(scan)
    signal = (scan.body.density.abs().double().cpu() * scan.body.support.cpu()).sum()
    if not bool(signal):
        return Reading(None, "the object is empty")
    return Reading(100 * (1 - float((scan.body.density.abs().double().cpu() * scan.body.support.cpu() * factor).sum() / signal)))
