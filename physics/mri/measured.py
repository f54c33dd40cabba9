"""From measured k-space to a scan: true phase, true coils, true noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from physics.fourier import frequencies, to_picture
from physics.mri.body import Body
from physics.mri.calibration import estimated_maps
from physics.mri.coils import Sensitivity
from physics.mri.coverage import Coverage, coverage, cropped_kspace, filled, sampled_of
from physics.mri.encoding import encode
from physics.mri.scan import MRIScan, Stage
from physics.mri.smooth_maps import smooth_sensitivity
from physics.mri.whitening import LEAST_SAMPLES, compressed, covariance_of, estimated_covariance, whitened

RAYLEIGH_QUARTILE = 0.7585  # sqrt(-2 ln 0.75)
LEAST_CENTRE = 12  # width of the gapless centre that coil maps can be taken from


@dataclass(frozen=True, slots=True, eq=False)
class Remainder:
    """What the receivers measured beyond the body under its coil maps: noise, and the little that smooth maps do not explain. It does not move.

    kspace : (coil, row, column), stored order.
    """

    kspace: Tensor
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = -1000
    any_path: ClassVar[bool] = True

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column)."""
        return data + self.kspace.to(data)


def measured_scan(
    kspace: Tensor,
    *,
    spacing_mm: tuple[float, float],
    phase_axis: int = 0,
    noise: Tensor | None = None,
    max_coils: int | None = None,
    undersampled: Literal["refuse", "reconstruct"] = "refuse",
    crop: bool = True,
    field_strength_t: float | None = None,
) -> MRIScan:
    """The healthy scan of measured k-space.

    Model
        1. Empty channels are dropped; empty margins of k-space are cut off, both axes by one factor, so that pixels keep their form. 2. Prewhitening:
        s' = sigma L^-1 s with the covariance of the noise samples, else of the outermost k-space or the corners of the pictures. 3. At most max_coils
        virtual channels. 4. Coil maps C from the gapless centre (calibration.estimated_maps) as smooth functions (smooth_maps). 5. Body
        rho = sum_c conj(C_c) x_c, with the phase that was measured. 6. What is left, s - F C rho, stays in the scan as an event that does not move, so that
        acquire gives the root sum of squares of the whitened data. With gaps in k-space rho is reconstructed (coverage.filled) and nothing is left over.
    Parameters
        kspace : (coil, row, column) complex, zero frequency first, orthonormal, readout oversampling removed. spacing_mm : of the pixels that its whole matrix
        makes. phase_axis : array axis of the lines. noise : (coil, sample) complex, in the unit and bandwidth of kspace. max_coils : of the scan, None
        for all. undersampled : what to do with gaps. crop : whether empty margins are cut off.
    Returns
        The scan: matrix and spacing as acquired, coils measured, source_sigma per part and channel.
    Assumes
        One slice at rest; gaps are exact zeros. The phase holds what the sequence left in it.
    Not modelled
        Drift, eddy currents, correction of gradient warp, the intensity correction of the scanner: shading stays.
    Raises
        ValueError: not finite complex data of three dimensions, nothing measured, gaps that are to be refused or cannot be filled, singular noise.
    References
        Pruessmann et al. 2001, 10.1002/mrm.1241; Walsh et al. 2000 (maps); Shimron et al. 2022, 10.1073/pnas.2117203119 (why gaps are refused).
    Oracle
        acquire gives the root sum of squares of the whitened data to 1e-6; noise, maps and phase of a phantom of known ones come back
        (tests/physics/mri/test_measured.py).
    """
    data, spacing, covered, notes = _measured_part(kspace, spacing_mm, phase_axis, undersampled, crop)
    sampled = sampled_of(data)
    alive = (kspace != 0).flatten(1).any(dim=1)
    if noise is None:
        covariance, where = estimated_covariance(data, sampled, folded=covered.has_gaps)
        notes.append(f"noise of the receivers: read from {where}")
    elif noise.ndim != 2 or len(noise) != len(alive) or noise.shape[1] < LEAST_SAMPLES * len(alive):
        raise ValueError(f"noise {tuple(noise.shape)}: (coil, sample) of the {len(alive)} coils is needed, at least {LEAST_SAMPLES * len(alive)} samples")
    else:
        covariance = covariance_of(noise[alive].to(data.dtype))
    data, sigma = whitened(data, covariance)
    n_measured = len(data)
    if max_coils is not None and max_coils < n_measured:
        data, kept = compressed(data, max_coils)
        notes.append(f"{n_measured} receive channels as {max_coils} virtual ones, which hold {100 * kept:.2f} % of the energy")
    sensitivity = _sensitivity(data, covered, phase_axis) if len(data) > 1 else None
    maps = torch.ones_like(data) if sensitivity is None else sensitivity.maps((data.shape[1], data.shape[2])).to(data)
    scan = MRIScan(Body(data[0], spacing), phase_axis, coils=sensitivity, field_strength_t=field_strength_t, source_sigma=sigma, assumed=tuple(notes))
    if covered.has_gaps:
        density = filled(data, sampled, maps)
        scan = replace(scan, body=Body(density, spacing))
        air = density.abs()[~scan.body.support]
        quiet = float(np.percentile(air.cpu().numpy(), 25)) / RAYLEIGH_QUARTILE if air.numel() > 500 else 0.0
        return replace(scan, source_sigma=min(quiet, sigma))
    density = (maps.conj() * to_picture(data)).sum(dim=0)
    scan = replace(scan, body=Body(density, spacing))
    return scan if sensitivity is None else scan.with_event(Remainder(data - encode(density, maps)))


def _measured_part(
    kspace: Tensor, spacing_mm: tuple[float, float], phase_axis: int, undersampled: str, crop: bool
) -> tuple[Tensor, tuple[float, float], Coverage, list[str]]:
    """The channels and the centre of k-space that hold something; what was cut and filled, in words."""
    if kspace.ndim != 3 or not kspace.is_complex() or not bool(torch.isfinite(torch.view_as_real(kspace.resolve_conj())).all()):
        raise ValueError(f"k-space {tuple(kspace.shape)} {kspace.dtype}: finite complex data (coil, row, column) are needed")
    if min(spacing_mm) <= 0 or phase_axis not in (0, 1):
        raise ValueError(f"spacing_mm {spacing_mm} must be > 0 and phase_axis {phase_axis} 0 or 1")
    sampled = sampled_of(kspace)
    if not bool(sampled.any()):
        raise ValueError("every sample is zero: nothing was measured")
    covered = coverage(sampled)
    notes = []
    if covered.has_gaps:
        if undersampled == "refuse":
            raise ValueError(f"only one in {covered.acceleration:.1f} samples was measured: a picture without artefacts cannot be had from it, only guessed")
        if covered.centre < LEAST_CENTRE:
            raise ValueError(f"the gapless centre is {covered.centre} samples wide: coil maps need {LEAST_CENTRE}")
        notes.append(f"picture filled in by compressed sensing from one in {covered.acceleration:.1f} samples: smoother than a full scan")
    elif any(covered.one_sided):
        notes.append("one side of k-space reaches less far (partial Fourier): filled with zeros")
    stored = (kspace.shape[1], kspace.shape[2])
    kept = max(m / n for m, n in zip(covered.matrix, stored, strict=True)) if crop else 1.0
    matrix = (max(covered.matrix[0], round(kept * stored[0])), max(covered.matrix[1], round(kept * stored[1])))
    if matrix != stored:
        notes.append(f"k-space cut to the acquired {matrix[0]} x {matrix[1]} of {stored[0]} x {stored[1]}")
    spacing = tuple(step * n / m for step, n, m in zip(spacing_mm, stored, matrix, strict=True))
    alive = (kspace != 0).flatten(1).any(dim=1)
    return cropped_kspace(kspace[alive], matrix), (spacing[0], spacing[1]), covered, notes


def _sensitivity(data: Tensor, covered: Coverage, phase_axis: int) -> Sensitivity:
    """Smooth maps from the gapless centre, weighted by what was received there."""
    n = data.shape[1 + phase_axis]
    lines = frequencies(n).abs() < covered.centre / 2
    maps = estimated_maps(data, lines=lines, phase_axis=phase_axis)
    k0, k1 = (frequencies(size).abs() < covered.centre / 2 for size in data.shape[1:])
    centre = data * (k0[:, None] & k1[None, :])
    received = torch.view_as_real(to_picture(centre)).square().sum(dim=(0, -1))
    return smooth_sensitivity(maps, received)
