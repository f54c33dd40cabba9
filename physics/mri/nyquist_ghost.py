"""The N/2 ghost: odd and even echoes of an echo-planar train that disagree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import radians, sqrt
from typing import ClassVar

import torch
from torch import Tensor

from physics.fourier import frequencies, positions, to_kspace, to_picture
from physics.measure.pair import Pair, Reading, measure
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage


@dataclass(frozen=True, slots=True)
class EchoMismatch:
    """Even lines gain the phase phi(x), odd ones lose it: phi(x) = constant + slope x, x along the readout in half fields of view from the centre pixel."""

    constant_deg: float
    slope_deg: float
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = 50  # the phase of an echo: after what happens to its samples, before samples that no encoding touched

    def phase(self, n_samples: int) -> Tensor:
        """(readout) radians."""
        return radians(self.constant_deg) + radians(self.slope_deg) * positions(n_samples) / (n_samples / 2)

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: noiseless k-space (coil, row, column)."""
        line_axis, readout_axis = 1 + scan.phase_axis, 2 - scan.phase_axis
        phi = self.phase(data.shape[readout_axis])[: 1 if self.slope_deg == 0 else None]
        even_and_odd = torch.polar(torch.ones_like(phi).expand(2, -1), torch.stack([phi, -phi])).to(data)
        factor = even_and_odd[(frequencies(data.shape[line_axis]) % 2).long()]
        factor = factor if scan.phase_axis == 0 else factor.T
        if self.slope_deg == 0:
            return data * factor
        return to_kspace(to_picture(data, axes=(readout_axis,)) * factor, axes=(readout_axis,))

    def in_picture(self, pictures: Tensor, scan: MRIScan) -> Tensor:
        """The same in the coil pictures: cos phi of the body and i sin phi of a copy whose odd lines change sign, which lies half a field away."""
        lines = pictures if scan.phase_axis == 0 else pictures.transpose(1, 2)
        n_lines = lines.shape[1]
        phi = self.phase(lines.shape[2])
        body, ghost = phi.cos().to(pictures), torch.complex(torch.zeros_like(phi), phi.sin()).to(pictures)
        seen, half = lines * body, n_lines // 2
        if n_lines % 2 == 0:
            seen[:, :half].addcmul_(lines[:, half:], ghost)
            seen[:, half:].addcmul_(lines[:, :half], ghost)
        else:  # half a field is no whole pixel
            sign = (1 - 2 * (frequencies(n_lines) % 2)).to(pictures)[:, None]
            seen.addcmul_(to_picture(to_kspace(lines, axes=(1,)) * sign, axes=(1,)), ghost)
        return seen if scan.phase_axis == 0 else seen.transpose(1, 2)


def mismatch_echoes(scan: MRIScan, mismatch: EchoMismatch) -> MRIScan:
    """A second copy of the body, half a field of view away along the phase-encode direction.

    Model
        Line n, transformed along the readout, gains exp(i (-1)^n phi(x)), phi = constant + slope 2 x / N_x. Since exp(i (-1)^n phi) = cos phi + i (-1)^n
        sin phi, the picture is cos phi(x) rho(x, y) + i sin phi(x) rho(x, y - N/2): the ghost is tan phi of the body. A slope is a delay between odd and
        even echoes of 4 slope / 360 samples (each is off by half of it); where the phase crosses zero the ghost has a gap.
    Parameters
        scan : the acquisition. mismatch : degrees; the slope is the phase at the edge of the field.
    Returns
        The scan with the event added; the scan itself for no phase at all. A second mismatch adds its phase.
    Assumes
        One shot, its lines in order, so that odd lines are read backwards.
    Not modelled
        Several shots or every R-th line (ghosts at other fractions of the field); blurring by T2*; distortion, which has an event of its own; phase that
        changes along the train.
    Raises
        EditConflict: a readout that has no lines.
    References
        Buonocore and Gao 1997, 10.1002/mrm.1910380114; Reeder et al. 1999, Magn Reson Med 41, 87 (interleaved trains).
    Oracle
        The identity in cos and i sin, odd sizes included, where half a field is no whole pixel (tests/physics/mri/test_nyquist_ghost.py).
    """
    return scan if mismatch.constant_deg == mismatch.slope_deg == 0 else scan.with_event(mismatch)


@measure("% of tissue")
def half_field_ghost(pair: Pair) -> Reading:
    """The N/2 ghost over its parent: root-mean-square of sin phi over that of cos phi, along the readout where the body lies."""
    scan = pair.scan
    if not isinstance(scan, MRIScan):
        return NO_SCAN
    phases = [event.phase(scan.matrix[1 - scan.phase_axis]) for event in scan.events if isinstance(event, EchoMismatch)]
    where = scan.body.support.any(dim=scan.phase_axis).cpu()
    if not phases or not bool(where.any()):
        return Reading(0.0) if bool(where.any()) else Reading(None, "the object is empty")
    phi = torch.stack(phases).sum(dim=0)[where]
    ghost, body = float(phi.sin().square().mean()), float(phi.cos().square().mean())
    return Reading(100 * sqrt(ghost / body)) if body > 0 else Reading(None, "nothing is left of the body at its own place")
