"""Which phase-encode lines are taken."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from physics.mri.scan import MRIScan


def line_priority(n_lines: int, *, n_centre: int, power: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """The order in which lines are given up last: a nested family of variable-density masks.

    Model
        The n_centre lowest frequencies come first (the calibration lines). The others are drawn one after another without replacement, the
        chance of frequency n being proportional to (1 - |n| / (N/2 + 1))^power; a mask of m lines is the first m of this order, so that masks are nested.
    Parameters
        n_lines : of the full matrix. n_centre : calibration lines. power : 0 uniform, 2 to 4 usual. rng : of the draw.
    Returns
        (line,) stored line numbers, most precious first.
    Assumes
        One phase-encode axis: lines, not points, are skipped in a two-dimensional scan.
    Not modelled
        Regular patterns (`every_rth`), elliptic corners.
    References
        Lustig, Donoho and Pauly 2007, 10.1002/mrm.21391; Efraimidis and Spirakis 2006, 10.1016/j.ipl.2005.11.003 (weighted draw by exponential keys).
    Oracle
        Nested, complete, centre first; the mean density follows the law (tests/physics/mri/test_sampling.py).
    """
    n = np.fft.ifftshift(np.arange(n_lines) - n_lines // 2)
    weight = (1 - np.abs(n) / (n_lines / 2 + 1)) ** power
    keys = rng.exponential(size=n_lines) / weight
    by_frequency = np.argsort(np.where(n < 0, -2 * n - 1, 2 * n), kind="stable")  # 0, -1, 1, -2, ...
    keys[by_frequency[:n_centre]] = np.arange(-n_centre, 0)
    return np.argsort(keys, kind="stable")


def every_rth(n_lines: int, *, step: int, offset: int = 0) -> torch.Tensor:
    """(line,) bool: every step-th frequency, those with (n - offset) divisible by the step."""
    n = np.fft.ifftshift(np.arange(n_lines) - n_lines // 2)
    return torch.from_numpy((n - offset) % step == 0)


def keep_lines(scan: MRIScan, priority: NDArray[np.int64], *, share: float) -> MRIScan:
    """Stop the scan early: only the most precious lines are taken.

    Model
        The first round(share N) lines of a priority are sampled, at least one; the others are never acquired.
    Parameters
        scan : the acquisition. priority : all stored lines, most precious first, line 0 (the centre) at the head. share : of lines kept, above 0, up to 1.
    Returns
        The scan with its lines; the scan itself where all are kept.
    Assumes
        Full readouts: nothing folds along the readout axis.
    Not modelled
        The shorter time in which the patient can move.
    Raises
        ValueError: the share is not in (0, 1], or the priority is no order of all lines.
    References
        Lustig, Donoho and Pauly 2007, 10.1002/mrm.21391.
    Oracle
        Line counts; nested masks; replicas of regular masks (tests/physics/mri/test_sampling.py).
    """
    if not 0 < share <= 1:
        raise ValueError(f"share {share} of lines kept; allowed: above 0, up to 1")
    if not np.array_equal(np.sort(priority), np.arange(scan.n_lines)):
        raise ValueError(f"the priority must name each of {scan.n_lines} stored lines once")
    n_kept = max(round(share * scan.n_lines), 1)
    if n_kept == scan.n_lines:
        return scan
    lines = torch.zeros(scan.n_lines, dtype=torch.bool)
    lines[torch.from_numpy(priority[:n_kept].copy())] = True
    return scan.with_lines(lines)
