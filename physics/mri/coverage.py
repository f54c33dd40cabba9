"""Which samples of k-space were measured, and what to do where some were not."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from physics.fourier import frequencies, inverse_transform, rolled, transform, unrolled
from physics.mri.l1_wavelet import shrunk, thresholds
from physics.mri.wavelet import Wavelet

GAP_SHARE = 1e-3  # of the covered part of k-space: fewer zeros than this are chance
MARGIN_SHARE = 0.03  # of a side: a thinner empty margin is an odd line that was left out, not another matrix
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a k-space was measured.

    matrix : rows and columns of the smallest centred matrix that holds every sample. acceleration : samples of the covered part, gaps included, over samples
    measured; 1 without gaps. centre : width of the gapless square about zero frequency. one_sided : along which axes one side reaches less far (partial
    Fourier). clipped : share of the matrix that lies outside of the covered part (corners left out, partial Fourier).
    """

    matrix: tuple[int, int]
    acceleration: float
    centre: int
    one_sided: tuple[bool, bool]
    clipped: float

    @property
    def has_gaps(self) -> bool:
        """Whether samples between others are missing, so that a plain transform folds the picture."""
        return self.acceleration > 1 + GAP_SHARE


def sampled_of(kspace: Tensor) -> Tensor:
    """(row, column) bool: where any coil holds anything but exact zero."""
    return (kspace != 0).any(dim=0)


def coverage(sampled: Tensor) -> Coverage:
    """The extent and the gaps of a k-space.

    Model
        Extent: the farthest sampled frequency on either side of each axis. Gaps: unsampled places with samples on both sides in their own row or column.
    Parameters
        sampled : (row, column) bool, zero frequency first.
    Returns
        As above.
    Assumes
        What was not measured is stored as exact zero in all coils.
    Not modelled
        Zeros that were filled with a guess (POCS, GRAPPA): they look measured.
    Raises
        ValueError: nothing was sampled, or not the centre.
    References
        Shimron et al. 2022, 10.1073/pnas.2117203119.
    Oracle
        Boxes, ellipses, partial Fourier and gaps of known size on even and odd matrices (tests/physics/mri/test_coverage.py).
    """
    mask = np.fft.fftshift(sampled.cpu().numpy())
    centre = (mask.shape[0] // 2, mask.shape[1] // 2)
    if not mask[centre]:
        raise ValueError("the centre of k-space is empty: not sampled, or the data are not stored as declared (centred or not)")
    reach = [_reach(np.flatnonzero(mask.sum(axis=1 - axis)), centre[axis]) for axis in (0, 1)]
    matrix = [_least(below, above, n) for (below, above), n in zip(reach, mask.shape, strict=True)]
    one_sided = [min(sides) + 1 < 0.9 * max(sides) for sides in reach]
    covered = _between(mask, 0) | _between(mask, 1)
    return Coverage(
        matrix=(matrix[0], matrix[1]),
        acceleration=float(covered.sum() / mask.sum()),
        centre=_square(mask, centre),
        one_sided=(one_sided[0], one_sided[1]),
        clipped=1.0 - float(covered.sum()) / (matrix[0] * matrix[1]),
    )


def _reach(places: NDArray[np.int64], centre: int) -> tuple[int, int]:
    return int(centre - places[0]), int(places[-1] - centre)


def _least(below: int, above: int, n: int) -> int:
    """The smallest matrix whose frequencies hold -below to above; the whole one where the margin is hardly worth a cut."""
    least = min(2 * max(below, above + 1), 2 * max(below, above) + 1)
    return least if least < (1 - MARGIN_SHARE) * n else n


def _between(mask: Mask, axis: int) -> Mask:
    """Places with a sample at or before, and one at or after them, along an axis."""
    before = np.maximum.accumulate(mask, axis=axis)
    after = np.flip(np.maximum.accumulate(np.flip(mask, axis), axis=axis), axis)
    between: Mask = before & after
    return between


def _square(mask: Mask, centre: tuple[int, int]) -> int:
    reach = 0
    while reach + 1 <= min(*centre, mask.shape[0] - 1 - centre[0], mask.shape[1] - 1 - centre[1]):
        down, right = (slice(at - reach - 1, at + reach + 2) for at in centre)
        if not mask[down, right].all():
            break
        reach += 1
    return 2 * reach + 1


def cropped_kspace(kspace: Tensor, matrix: tuple[int, int]) -> Tensor:
    """The centre of k-space (..., row, column), stored order; an axis that is no longer than its part of the matrix stays."""
    for axis, n in ((-2, matrix[0]), (-1, matrix[1])):
        size = kspace.shape[axis]
        if n < size:
            kept = frequencies(n).long() % size
            kspace = kspace.index_select(axis, kept.to(kspace.device))
    return kspace


def filled(kspace: Tensor, sampled: Tensor, maps: Tensor, *, weight: float = 0.002, n_steps: int = 50) -> Tensor:
    """A picture of k-space with gaps anywhere in the plane: the sparsest that agrees with the samples.

    Model
        x = argmin 1/2 |M F S x - y|^2 + weight max|W S^H F^H y| |W x|_1, db4 wavelets, FISTA with restart (as l1_wavelet.sparsest, with a mask of two
        dimensions: both axes were phase-encoded).
    Parameters
        kspace : y, (coil, row, column). sampled : M, (row, column) bool. maps : S, sum of squares 1. weight, n_steps : as above.
    Returns
        (row, column) complex.
    Assumes
        White noise, alike in all coils.
    Not modelled
        Errors of the maps.
    References
        Lustig, Donoho and Pauly 2007, 10.1002/mrm.21391; Beck and Teboulle 2009, 10.1137/080716542.
    Oracle
        A piecewise-constant phantom of eight coils sampled fourfold, within 5 % (tests/physics/mri/test_coverage.py).
    """
    mask = sampled.to(kspace.real.dtype)
    wavelet = Wavelet.of((kspace.shape[1], kspace.shape[2]), dtype=kspace.real.dtype, device=kspace.device)
    coils = rolled(maps)
    received = coils.conj().resolve_conj()

    def adjoint(samples: Tensor) -> Tensor:
        return unrolled((received * inverse_transform(samples)).sum(dim=0))

    start = adjoint(kspace * mask)
    threshold = thresholds(wavelet, weight * wavelet.analyse(wavelet.padded(start)).abs().max(), coarse=True)
    picture = ahead = wavelet.extended(start)
    momentum = 1.0
    for _ in range(n_steps):
        gradient = wavelet.padded(adjoint(mask * transform(coils * rolled(wavelet.cut(ahead))) - kspace * mask))
        following = wavelet.synthesise(shrunk(wavelet.analyse(ahead - gradient), threshold))
        change = following - picture
        uphill = float(((ahead - following).conj() * change).sum().real) > 0
        momentum, before = (1.0, 1.0) if uphill else ((1 + sqrt(1 + 4 * momentum**2)) / 2, momentum)
        ahead = following + ((before - 1) / momentum) * change
        picture = following
    return wavelet.cut(picture)
