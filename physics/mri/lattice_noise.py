"""What unfolding over two axes costs in noise."""

from __future__ import annotations

import torch

from physics.measure.pair import Pair, Reading, measure
from physics.mri.caipi import unfold_lattice
from physics.mri.lattice import Lattice
from physics.mri.lattice_sense import LatticeSense
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan
from physics.mri.thermal import ThermalNoise
from physics.noise import missing_sigma


def add_lattice_noise(scan: MRIScan, lattice: Lattice, *, sigma: float, seed: int) -> MRIScan:
    """Grain over the interior of a three-dimensional scan, heaviest where coils see alike what folds together over lines and slices.

    Model
        One sample in R is taken and unfolded (`caipi.unfold_lattice`, maps of the right place). A sample has noise of deviation sigma per part in each channel,
        with the array's covariance; the picture's is R^(1/2) g(r) that of a full scan (`LatticeSense.geometry_factor`). The source holds sigma_source as if
        it were anatomy, so (sigma^2 - sigma_source^2 / R)^(1/2) is added: at g = 1 the picture then has sigma R^(1/2) in all.
    Parameters
        scan : the acquisition, with its slab. lattice : of the samples. sigma : deviation of a sample as in a full scan, in the picture's unit.
        seed : of the unit draw.
    Returns
        The scan with lines, event, reconstruction and noise; the scan itself where the source is as noisy as that already.
    Assumes
        The covariance is known to the scanner.
    Not modelled
        Noise of the calibration scan.
    Raises
        As `caipi.unfold_lattice`.
    References
        Breuer et al. 2006, 10.1002/mrm.20787; Robson et al. 2008, 10.1002/mrm.21728.
    Oracle
        Replicas of the whole chain within 2 % (tests/physics/mri/test_caipi.py).
    """
    added = missing_sigma(sigma, present=scan.source_sigma / lattice.step**0.5)
    return scan if added == 0 else unfold_lattice(scan, lattice).with_event(ThermalNoise(added, seed))


def _unfolding(pair: Pair) -> tuple[MRIScan | None, LatticeSense | None]:
    scan = pair.scan if isinstance(pair.scan, MRIScan) else None
    made = None if scan is None else scan.reconstruction
    return scan, made if isinstance(made, LatticeSense) else None


@measure("1")
def lattice_acceleration(pair: Pair) -> Reading:
    """Samples (line, partition) of a full three-dimensional scan over those that were taken."""
    scan, made = _unfolding(pair)
    if scan is None:
        return NO_SCAN
    return Reading(1.0 if made is None else 1 / float(made.lattice.taken(scan.n_lines, made.count).mean()))


def _in_body(pair: Pair, share: float | None) -> Reading:
    scan, made = _unfolding(pair)
    if scan is None:
        return NO_SCAN
    if made is None:
        return Reading(1.0)
    factor = made.geometry_factor()
    nearest = (torch.arange(factor.shape[scan.phase_axis]) * scan.n_lines / factor.shape[scan.phase_axis]).long()
    inside = factor[scan.body.support.cpu().index_select(scan.phase_axis, nearest)].double()
    if not len(inside):
        return Reading(None, "the object is empty")
    return Reading(float(inside.mean() if share is None else torch.quantile(inside, share)))


@measure("1")
def lattice_g_mean(pair: Pair) -> Reading:
    """Mean geometry factor of the lattice over the body, by the maps of the reconstruction; 1 where nothing was unfolded over two axes."""
    return _in_body(pair, None)


@measure("1")
def lattice_g_max(pair: Pair) -> Reading:
    """Geometry factor of the lattice that one hundredth of the body exceeds; 1 where nothing was unfolded over two axes."""
    return _in_body(pair, 0.99)
