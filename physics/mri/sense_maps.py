"""Unfolding with coil maps that were measured on another body or array position."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from physics.fourier import frequencies, to_picture
from physics.mri.accelerate import N_COILS
from physics.mri.calibration import estimated_maps
from physics.mri.encoding import encode
from physics.mri.folding import divisible, resized, with_size
from physics.mri.regular_sense import AIR_PENALTY, Rows, air_penalty, rows_of, unfold_regular
from physics.mri.sampling import every_rth
from physics.mri.scan import MRIScan

KINDS = ("body", "array")
N_CENTRE = 23  # lines of the calibration scan, as many to either side of the central one: coarse, so that the rim it sees is wide
REACH_MM = 8.0  # beyond the outline that the calibration saw, maps are carried on and trusted less and less
FAR_MM, FAR_SHARE = 50.0, 1e-4  # what maps are carried on from where nothing nearer is known


@dataclass(frozen=True, eq=False)
class MappedSense:
    """SENSE from every step-th line with maps of a scan of its own.

    step : R. covariance : of the channels' noise. maps : (coil, row, column), penalty : (row, column), of a number of lines that the step divides.
    shift_mm : how far what it was calibrated on lay from where it lies in the scan.
    """

    step: int
    covariance: Rows
    maps: Tensor
    penalty: Tensor
    shift_mm: tuple[float, float]

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """kspace (coil, row, column) to a complex picture (row, column)."""
        n_lines, size = kspace.shape[phase_axis + 1], divisible(kspace.shape[phase_axis + 1], step=self.step)
        whole = with_size(kspace, n_lines=size, phase_axis=phase_axis)
        maps, penalty = self.maps.to(whole), self.penalty.to(whole.real)
        picture = unfold_regular(whole, maps, step=self.step, phase_axis=phase_axis, covariance=np.asarray(self.covariance), penalty=penalty)
        return resized(picture, n_lines=n_lines, phase_axis=phase_axis)


def calibration_scan(scan: MRIScan, *, shift_mm: tuple[float, float], kind: str) -> Tensor:
    """k-space (coil, row, column) of the body under the array while one of them lay shift_mm away; without noise beyond the source's."""
    sensitivity = scan.sensitivity if scan.receive is None else replace(scan, receive=None).sensitivity
    if sensitivity is None:
        raise ValueError("a calibration scan needs an array of coils")
    shift_px = [shift / d for shift, d in zip(shift_mm, scan.spacing_mm, strict=True)]
    density = scan.body.density
    if kind == "array":
        pixels = np.stack(np.meshgrid(*(np.arange(n) - by for n, by in zip(scan.matrix, shift_px, strict=True)), indexing="ij"))
        return encode(density, torch.from_numpy(sensitivity.at(pixels)).to(density))
    ramps = [torch.exp(-2j * torch.pi * frequencies(n) * by / n) for n, by in zip(scan.matrix, shift_px, strict=True)]
    moved = to_picture(scan.body.spectrum * (ramps[0][:, None] * ramps[1][None]).to(density))
    return encode(moved, sensitivity.maps(scan.matrix, like=density))


def beyond_the_outline(maps: Tensor, penalty: Tensor, *, spacing_mm: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Maps carried on into air, and a penalty that rises over REACH_MM from the outline: no scanner trusts a border of its calibration to the pixel.

    maps : (coil, row, column), penalty : `air_penalty`. Air takes the mean of the maps of the body about it, Gaussian weights, norm 1 as before.
    """
    body = 1 - penalty / AIR_PENALTY
    weight = torch.zeros_like(body)
    for reach, share in ((REACH_MM, 1.0), (FAR_MM, FAR_SHARE)):
        fall = [torch.exp(-2 * (torch.pi * frequencies(n).to(body) * reach / (n * d)) ** 2) for n, d in zip(body.shape, spacing_mm, strict=True)]
        weight = weight + share * fall[0][:, None] * fall[1]
    about = torch.fft.ifft2(torch.fft.fft2(maps * body) * weight)
    known = body * maps + (1 - body) * about / torch.linalg.vector_norm(about, dim=0).clamp(min=torch.finfo(body.dtype).tiny)
    distance = torch.from_numpy(ndimage.distance_transform_edt((body < 0.5).cpu().numpy(), sampling=spacing_mm)).to(body)
    way = (distance / REACH_MM).clamp(max=1)
    return known / torch.linalg.vector_norm(known, dim=0).clamp(min=torch.finfo(body.dtype).tiny), AIR_PENALTY * way**2 * (3 - 2 * way)


def coarse_maps(seen: Tensor, *, phase_axis: int, spacing_mm: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Coil maps (coil, row, column) and penalty (row, column) from the central lines of a calibration scan, carried on `beyond_the_outline`."""
    centre = frequencies(seen.shape[phase_axis + 1]).abs() <= N_CENTRE // 2
    width = int(centre.sum())
    maps, penalty = estimated_maps(seen, lines=centre, phase_axis=phase_axis), air_penalty(seen, width=width, phase_axis=phase_axis)
    return beyond_the_outline(maps, penalty, spacing_mm=spacing_mm)


def noise_covariance(received: MRIScan) -> NDArray[np.complex128]:
    """(coil, coil) of a scan's channels; coils that were measured are white already."""
    return np.eye(received.n_coils, dtype=np.complex128) if received.array is None else received.array.covariance()


def unfold_with_old_maps(scan: MRIScan, *, shift_mm: tuple[float, float], step: int, kind: str) -> MRIScan:
    """Copies of the body's rim at field of view over R, and signal lost where the calibration saw only air.

    Model
        A coarse calibration scan (23 lines) sees the body or the array away from where it lies in the scan: "body": the body lay shift_mm away under fixed
        coils, so that maps and the outline of the body are known for the wrong place, and beyond it less and less (`beyond_the_outline`); "array": the
        coils lay away, so that the maps are shifted. Every R-th line is then unfolded with these maps (`unfold_regular`). What they do not explain stays
        folded: copies m N / R lines away.
    Parameters
        scan : the acquisition; one channel becomes eight. shift_mm : along array axis 0 and 1. step : R, 2 or more. kind : as above.
    Returns
        The scan with lines and reconstruction; the scan itself where nothing was shifted.
    Assumes
        A shift in the plane between the two scans, none during either. As many averages as steps, so that noise stays that of the source.
    Not modelled
        The noise that unfolding amplifies (`accelerate.add_sense_noise`); a turn of the body, coils that load otherwise; a field of view
        smaller than the body (`small_field`).
    Raises
        ValueError: an unknown kind, a step below 2. EditConflict: another reconstruction or a readout.
    References
        Pruessmann et al. 1999, 10.1002/(SICI)1522-2594(199911)42:5<952::AID-MRM16>3.0.CO;2-S; Blaimer et al. 2004, Top. Magn. Reson. Imaging 15, 223.
    Oracle
        A point that the calibration did not see stays folded at m N / R; exact maps leave nothing (tests/physics/mri/test_sense_maps.py).
    """
    if kind not in KINDS or step < 2:
        raise ValueError(f"kind {kind!r}, step {step}; allowed: {', '.join(KINDS)}, and 2 or more")
    if shift_mm == (0.0, 0.0):
        return scan
    received = scan.with_array(N_COILS)
    axis, size = scan.phase_axis, divisible(scan.n_lines, step=step)
    seen = with_size(calibration_scan(received, shift_mm=shift_mm, kind=kind), n_lines=size, phase_axis=axis)
    spacing_mm = [d * n / m for d, n, m in zip(scan.spacing_mm, scan.matrix, seen.shape[1:], strict=True)]
    maps, penalty = coarse_maps(seen, phase_axis=axis, spacing_mm=(spacing_mm[0], spacing_mm[1]))
    unfolding = MappedSense(step, rows_of(noise_covariance(received)), maps, penalty, shift_mm)
    return received.with_lines(every_rth(scan.n_lines, step=step)).with_reconstruction(unfolding)
