"""Noise of a receive array: how channels share it, and how to make it alike and independent."""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor

from physics.fourier import frequencies, to_picture

OUTER_SHARE = 0.04  # of the samples, those farthest from the centre: noise, and what edges still send there
CORNER_SHARE = 1 / 8  # of each side: patches in the corners of the picture, where a body seldom reaches
LEAST_SAMPLES = 4  # for each entry of a covariance


def covariance_of(samples: Tensor) -> Tensor:
    """How the noise of receive channels hangs together.

    Model
        Psi = sum n n^H / (2 N): of one part of complex noise, so that the diagonal holds squared deviations of the real part.
    Parameters
        samples : (coil, sample) complex, noise alone.
    Returns
        (coil, coil), Hermitian.
    Assumes
        Noise of zero mean, alike in both parts.
    Not modelled
        Drift.
    References
        Hansen and Kellman 2015, 10.1002/jmri.24687.
    Oracle
        A known mixing of unit noise: A A^H (tests/physics/mri/test_whitening.py).
    """
    return samples @ samples.conj().T / (2 * samples.shape[1])


def estimated_covariance(kspace: Tensor, sampled: Tensor, *, folded: bool = False) -> tuple[Tensor, str]:
    """Noise of a scan that brought no noise samples.

    Model
        Two guesses, each noise plus a little signal, so the smaller one is nearer: the 4 % of sampled k-space farthest from its centre, and, unless gaps
        fold the body over them, the calmest two of the four corners (an eighth of each side) of the coil pictures, over the share that was sampled.
    Parameters
        kspace : (coil, row, column), complex. sampled : (row, column) bool, stored order. folded : whether k-space has gaps.
    Returns
        Covariance of one part (coil, coil), and where it was read.
    Assumes
        White noise; a body that leaves two corners of the picture or the outer k-space.
    Not modelled
        Filters of the receiver, noise that grows with the signal.
    Raises
        ValueError: too few samples for so many coils.
    References
        Hansen and Kellman 2015, 10.1002/jmri.24687 (prewhitening); Kellman and McVeigh 2005, 10.1002/mrm.20713.
    Oracle
        The covariance that a phantom was given, within 10 % (tests/physics/mri/test_measured.py).
    """
    n_coils, shape = kspace.shape[0], kspace.shape[1:]
    radius = torch.stack(torch.meshgrid(*((frequencies(n) / (n / 2)).square() for n in shape), indexing="ij")).sum(dim=0)[sampled]
    count = max(ceil(OUTER_SHARE * len(radius)), LEAST_SAMPLES * n_coils**2)
    if count > len(radius) // 4:
        raise ValueError(f"{len(radius)} samples of {n_coils} coils are too few to read their noise from; give noise samples")
    outer = torch.topk(radius, count, sorted=False).indices.sort().values
    found, where = covariance_of(kspace[:, sampled][:, outer]), "the outermost k-space"
    if not folded:
        patches = _corners(to_picture(kspace))
        calm = sorted((covariance_of(patch) for patch in patches), key=_power)[:2]
        inside = (calm[0] + calm[1]) / (2 * float(sampled.double().mean()))
        if patches[0].shape[1] >= LEAST_SAMPLES * n_coils and _power(inside) < _power(found):
            return inside, "the corners of the coil pictures"
    return found, where


def _power(covariance: Tensor) -> float:
    return float(torch.diagonal(covariance).real.sum())


def _corners(pictures: Tensor) -> list[Tensor]:
    """The four corner patches of coil pictures, each (coil, pixel)."""
    down, right = (max(2, int(CORNER_SHARE * n)) for n in pictures.shape[1:])
    rows, columns = (slice(None, down), slice(-down, None)), (slice(None, right), slice(-right, None))
    return [pictures[:, row, column].flatten(1) for row in rows for column in columns]


def whitened(kspace: Tensor, covariance: Tensor) -> tuple[Tensor, float]:
    """Coils whose noise is independent and alike.

    Model
        s' = sigma L^-1 s with C = L L^H the covariance of one part and sigma = det(C)^(1 / 2 n_coils): noise of covariance C becomes sigma^2 I, and volumes
        are kept, so that the unit of the picture stays what it was where coils are alike.
    Parameters
        kspace : (coil, ...) complex. covariance : (coil, coil) Hermitian, of one part.
    Returns
        The whitened data, same shape and type, and sigma, the deviation of each part.
    Assumes
        White noise in time.
    Not modelled
        Loss of receiver channels.
    Raises
        ValueError: the covariance is singular: a channel without noise, or one that copies others.
    References
        Pruessmann et al. 2001, 10.1002/mrm.1241, appendix A.
    Oracle
        Whitened noise has covariance sigma^2 I; coils that are white already stay (tests/physics/mri/test_measured.py).
    """
    matrix = covariance.to(torch.complex128)
    values = torch.linalg.eigvalsh(matrix)
    if not float(values.min()) > 1e-10 * float(values.max()):
        raise ValueError("the noise of the coils is not independent: a channel is empty, without noise or a copy of others")
    sigma = float(values.log().mean().div(2).exp())
    mixing = sigma * torch.linalg.inv(torch.linalg.cholesky(matrix))
    return torch.tensordot(mixing.to(kspace.dtype), kspace, dims=1), sigma


def compressed(kspace: Tensor, n_coils: int) -> tuple[Tensor, float]:
    """White coils as fewer virtual ones.

    Model
        The strongest principal components over all samples.
    Parameters
        kspace : (coil, ...), white. n_coils : to keep.
    Returns
        (n_coils, ...) and the share of the energy that they keep.
    Assumes
        Noise that is white already, which an orthonormal mixing leaves so.
    Not modelled
        Compression that differs along the readout.
    References
        Buehrer et al. 2007, 10.1002/mrm.21237.
    Oracle
        Orthonormal mixing, strongest first, and the share that is told (tests/physics/mri/test_measured.py).
    """
    if n_coils >= len(kspace):
        return kspace, 1.0
    flat = kspace.flatten(1)
    values, vectors = torch.linalg.eigh((flat @ flat.conj().T).to(torch.complex128))
    kept = vectors[:, -n_coils:].flip(dims=(1,))
    return torch.tensordot(kept.conj().T.to(kspace.dtype), kspace, dims=1), float(values[-n_coils:].sum() / values.sum())
