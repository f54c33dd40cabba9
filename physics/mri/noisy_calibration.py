"""GRAPPA learnt from calibration lines that are few or noisy."""

from __future__ import annotations

import torch
from torch import Tensor

from physics.fourier import frequencies
from physics.measure.pair import Pair, Reading, measure
from physics.mri.accelerate import N_COILS
from physics.mri.grappa import READOUT, Grappa
from physics.mri.measures import NO_SCAN
from physics.mri.sampling import every_rth
from physics.mri.scan import MRIScan
from physics.mri.sense_maps import calibration_scan
from physics.noise import unit_complex

N_SAMPLES = 64  # of a calibration line


def calibration_lines(scan: MRIScan, *, n_lines: int, sigma: float, seed: int) -> Tensor:
    """(coil, line, sample) about the centre of k-space, frequencies rising, with white noise of deviation sigma per part."""
    whole = calibration_scan(scan, shift_mm=(0.0, 0.0), kind="body")
    lined = whole if scan.phase_axis == 0 else whole.transpose(1, 2)
    for dim, wanted in ((1, n_lines), (2, N_SAMPLES)):
        n = frequencies(lined.shape[dim])
        kept = torch.argsort(n)
        centre = int((n < 0).sum())
        first = max(centre - wanted // 2, 0)
        lined = lined.index_select(dim, kept[first : first + wanted].to(lined.device))
    return lined + (sigma * unit_complex(tuple(lined.shape), seed=seed, dtype=torch.complex128)).to(lined)


def fill_from_noisy_lines(scan: MRIScan, *, sigma: float, step: int, n_calibration: int, seed: int) -> MRIScan:
    """Copies of the body at field of view over R that GRAPPA could not take out.

    Model
        Every R-th line is taken; the others are filled (`grappa.with_missing_lines`) with weights learnt from n_calibration lines of a scan of their own,
        whose samples have noise of deviation sigma per part. Noise draws the weights towards zero: from a clean picture to one of R equal copies.
    Parameters
        scan : the acquisition; one channel becomes eight. sigma : in the unit of the picture, above 0; a sample at the centre of k-space is as large
        as the mean of the body times the root of its pixels. step : R, 2 or more. n_calibration : lines, R + 1 or more. seed : of the noise.
    Returns
        The scan with lines and reconstruction; the scan itself at sigma 0.
    Assumes
        As many averages as steps, so that noise of the picture stays that of the source. White noise, alike in all coils.
    Not modelled
        Contrast or phase of the calibration that differs from the scan's; movement between them.
    Raises
        ValueError: a negative sigma, a step below 2, too few lines. EditConflict: another reconstruction or a readout.
    References
        Griswold et al. 2002, 10.1002/mrm.10171; Chang, Liang and Ying 2012, Magn. Reson. Med. 68, 730.
    Oracle
        Clean lines of smooth coils leave 1e-3, infinite noise leaves R equal copies (tests/physics/mri/test_grappa.py).
    """
    if sigma < 0 or step < 2 or n_calibration <= step:
        raise ValueError(f"sigma {sigma}, step {step}, n_calibration {n_calibration}: at least 0, 2 and step + 1 are needed")
    if sigma == 0:
        return scan
    received = scan.with_array(N_COILS)
    learnt = calibration_lines(received, n_lines=n_calibration, sigma=sigma, seed=seed)
    return received.with_lines(every_rth(scan.n_lines, step=step)).with_reconstruction(Grappa(step, learnt))


@measure("1")
def kernel_equations(pair: Pair) -> Reading:
    """Equations of the calibration over unknown weights of the kernel: near 1 noise is learnt as if it were coils."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    made = pair.scan.reconstruction
    if not isinstance(made, Grappa):
        return Reading(None, "nothing was learnt from calibration lines")
    n_coils, n_lines, n_samples = made.calibration.shape
    span = 3 * made.step
    return Reading(max(n_lines - span, 0) * (n_samples - READOUT + 1) / (n_coils * 4 * READOUT))
