"""Parallel imaging of a field of view that is smaller than the body: unfolding has no place for what lies outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.fourier import to_picture
from physics.measure.pair import Pair, Reading, measure
from physics.mri.accelerate import N_COILS
from physics.mri.measures import NO_SCAN
from physics.mri.regular_sense import Rows, rows_of
from physics.mri.scan import MRIScan, Stage
from physics.mri.sense_maps import calibration_scan, coarse_maps, noise_covariance
from physics.mri.wrap import FieldOfView, Folding
from physics.scan import EditConflict


@dataclass(frozen=True, slots=True)
class SkippedInField:
    """Lines that encode one in `step` of a smaller field of view. share : of the field of the source."""

    share: float
    step: int
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = Folding.rank
    undersamples: ClassVar[bool] = True

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: noiseless k-space (coil, row, column); what comes out has the unit of white noise, as lines of the whole field have."""
        gain: float = (self.share / self.step) ** 0.5
        return Folding(self.share / self.step).apply(data, scan) * gain


@dataclass(frozen=True, eq=False)
class SmallFieldSense:
    """SENSE within a field of view that leaves part of the body out.

    step : R. field : what is reconstructed. covariance : of the channels' noise. maps : (coil, row, column), penalty : (row, column), of the source's grid.
    """

    step: int
    field: FieldOfView
    covariance: Rows
    maps: Tensor
    penalty: Tensor

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """kspace (coil, row, column) of `SkippedInField` to a complex picture (row, column), 0 beyond the field."""
        gain: float = (self.step / self.field.share) ** 0.5
        aliased = (to_picture(kspace) * gain).movedim(1 + phase_axis, 1)
        maps, penalty = self.maps.to(aliased).movedim(1 + phase_axis, 1), self.penalty.to(aliased.real).movedim(phase_axis, 0)
        picture = torch.zeros_like(aliased[0])
        inside = torch.nonzero(self.field.inside(len(picture))).flatten()
        places = self.places(len(picture))[inside]
        root = torch.linalg.cholesky(torch.from_numpy(np.asarray(self.covariance))).to(aliased)
        seen = torch.linalg.inv(root) @ _between(maps, places, dim=1).permute(1, 3, 0, 2)  # (place, readout, coil, alias)
        white = (torch.linalg.inv(root) @ aliased[:, inside].permute(1, 2, 0)[..., None])[..., 0]
        system = seen.mH @ seen + torch.diag_embed(_between(penalty, places, dim=0).permute(0, 2, 1)).to(seen)
        picture[inside] = torch.linalg.solve(system, (seen.mH @ white[..., None])[..., 0])[..., 0]
        return picture if phase_axis == 0 else picture.T

    def places(self, n: int) -> Tensor:
        """(pixel, alias) where in the field, in pixels, what folds onto a pixel lies; the first is the pixel itself."""
        length = self.field.share * n
        start = (n - 1) / 2 + self.field.offset * (1 - self.field.share) * n / 2 - length / 2
        pixel = torch.arange(n, dtype=torch.float64)[:, None]
        moved = pixel + length / self.step * torch.arange(self.step, dtype=torch.float64)
        within = start + torch.remainder(moved - start, length)
        return torch.cat([pixel, within[:, 1:]], dim=1)


def _between(values: Tensor, places: Tensor, *, dim: int) -> Tensor:
    """Values at places (pixel, alias) between pixels along the last dimension but one, linearly; the last value goes on beyond the edge."""
    n = values.shape[dim]
    at = places.to(values.device).clamp(0, n - 1)
    first = at.floor().long().clamp(max=n - 2)
    way = (at - first).to(values.real.dtype)[..., None]
    low, high = (torch.stack([values.index_select(dim, column) for column in index.T], dim=dim + 1) for index in (first, first + 1))
    return low + way * (high - low)


def unfold_small_field(scan: MRIScan, *, share: float, offset: float, step: int) -> MRIScan:
    """An arc of skin or scalp across the middle of the picture: what lies outside the field folds in, and unfolding takes it for something else.

    Model
        Every R-th line of a field of view f L is taken: aliased coil pictures a_c(y) = sum_m (C_c rho)(y + m f L / R), over the whole body. They are unfolded
        onto the R places of each within the field, x = (S^H Psi^-1 S + diag p)^-1 S^H Psi^-1 a, with maps and an outline (penalty p in air) of a calibration
        scan of the whole body (`coarse_maps`). What lies at y_out outside has no place of its own: it is spread over the R places within, by
        (S^H Psi^-1 S + diag p)^-1 S^H Psi^-1 C(y_out), where a full scan would have folded it over the opposite edge alone.
    Parameters
        scan : the acquisition; one channel becomes eight. share : f, above 0.1, up to 1. offset : where the field lies, -1 to 1 (`wrap.FieldOfView`).
        step : R, 2 or more.
    Returns
        The scan with its events and reconstruction; the scan itself for f = 1. Beyond the field nothing is shown.
    Assumes
        Enough oversampling along the readout. As many averages as steps, so that noise stays that of the source.
    Not modelled
        Maps that were folded as the scan is (they would fold the body over the edge, as without acceleration); signal from beyond the field of the source.
    Raises
        ValueError: share, offset or step out of range. EditConflict: a second field of view, another reconstruction or a readout.
    References
        Griswold et al. 2004, 10.1002/mrm.20249; Goldfarb 2004, The SENSE ghost: field-of-view restrictions for SENSE imaging, J. Magn. Reson. Imaging 20.
    Oracle
        A point outside lands on the R places with the least-squares shares of a system written out; a body within the field comes back
        (tests/physics/mri/test_small_field.py).
    """
    if not 0.1 < share <= 1 or not -1 <= offset <= 1 or step < 2:
        raise ValueError(f"share {share}, offset {offset}, step {step}: above 0.1 and up to 1, within -1 and 1, and 2 or more are needed")
    if share == 1:
        return scan
    if any(isinstance(event, FieldOfView) for event in scan.events):
        raise EditConflict("field of view: the scan has a smaller one already")
    received, field = scan.with_array(N_COILS), FieldOfView(share, offset)
    maps, penalty = coarse_maps(calibration_scan(received, shift_mm=(0.0, 0.0), kind="body"), phase_axis=scan.phase_axis, spacing_mm=scan.spacing_mm)
    unfolding = SmallFieldSense(step, field, rows_of(noise_covariance(received)), maps, penalty)
    return received.with_reconstruction(unfolding).with_event(SkippedInField(share, step)).with_event(field)


@measure("1")
def field_acceleration(pair: Pair) -> Reading:
    """Lines that the field of view asks for over lines taken."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    made = pair.scan.reconstruction
    return Reading(float(made.step) if isinstance(made, SmallFieldSense) else 1.0)
