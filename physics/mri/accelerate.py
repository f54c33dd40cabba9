"""A scan made shorter by parallel imaging: regular lines, calibration lines and the noise that it costs."""

from __future__ import annotations

import torch
from torch import Tensor

from physics.fourier import frequencies
from physics.mri.regular_sense import RegularSense, rows_of
from physics.mri.sampling import every_rth
from physics.mri.scan import MRIScan
from physics.mri.thermal import ThermalNoise
from physics.noise import missing_sigma

N_COILS = 8  # of the array where an unfolding reconstruction meets a scan of one channel


def accelerated_lines(n_lines: int, *, step: int, n_centre: int) -> Tensor:
    """(line,) bool: every step-th line and the calibration lines about the centre, as many to either side: one fewer than an even n_centre."""
    return every_rth(n_lines, step=step) | (frequencies(n_lines).abs() <= (n_centre - 1) / 2)


def add_sense_noise(scan: MRIScan, *, sigma: float, step: int, n_centre: int, seed: int) -> MRIScan:
    """Grain that gathers in the middle of the body, where the parts that fold onto one another look alike to the coils.

    Model
        Every R-th line is taken and unfolded (`RegularSense`, maps from n_centre calibration lines). A sample has noise of deviation sigma per part in each
        channel, with the array's covariance; the picture's is R^(1/2) g(r) that of a full scan. The source holds sigma_source as if it were anatomy,
        which unfolds without loss, so (sigma^2 - sigma_source^2 / R)^(1/2) is added: at g = 1 the picture then has sigma R^(1/2) in all.
    Parameters
        scan : the acquisition; one channel becomes eight. sigma : deviation of a sample, in the unit of the picture, as in a full scan with g = 1.
        step : R, 2 or more. n_centre : calibration lines, 8 or more; one fewer where that is even. seed : of the unit draw.
    Returns
        The scan with lines, reconstruction and noise; the scan itself where the source is as noisy as that already.
    Assumes
        The covariance is known to the scanner.
    Not modelled
        Acceleration along two axes; coils of other makes (eight loops around the field of view unless the scan brings its own).
    Raises
        ValueError: a step below 2 or fewer than 8 calibration lines. EditConflict: another reconstruction or a readout.
    References
        Pruessmann et al. 1999, 10.1002/(SICI)1522-2594(199911)42:5<952::AID-MRM16>3.0.CO;2-S; Robson et al. 2008, 10.1002/mrm.21728.
    Oracle
        Deviation of replicas is R^(1/2) g that of the full scan (tests/physics/mri/test_g_factor.py).
    """
    added = missing_sigma(sigma, present=scan.source_sigma / step**0.5)
    if added == 0:
        return scan
    return regular_sense(scan, step=step, n_centre=n_centre).with_event(ThermalNoise(added, seed))


def regular_sense(scan: MRIScan, *, step: int, n_centre: int) -> MRIScan:
    """The scan with every step-th line and calibration lines, received by an array and unfolded."""
    if step < 2 or n_centre < 8:
        raise ValueError(f"step {step}, n_centre {n_centre}: at least 2 and 8 are needed")
    with_array = scan.with_array(N_COILS)
    covariance = torch.eye(with_array.n_coils, dtype=torch.complex128).numpy() if with_array.array is None else with_array.array.covariance()
    kept = with_array.with_lines(accelerated_lines(scan.n_lines, step=step, n_centre=n_centre))
    return kept.with_reconstruction(RegularSense(step, rows_of(covariance)))
