"""The one transform convention: centred and orthonormal; k-space is stored uncentred, pictures are not shifted by anybody else."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

PLANE = (-2, -1)


def frequencies(n_samples: int, *, dtype: torch.dtype = torch.float64, device: torch.device | None = None) -> Tensor:
    """Frequency of each stored sample in whole cycles per field of view: 0, 1, ..., -1 (zero frequency first)."""
    index = torch.arange(n_samples, device=device)
    return torch.where(index < n_samples - n_samples // 2, index, index - n_samples).to(dtype)


def positions(n_pixels: int, *, dtype: torch.dtype = torch.float64, device: torch.device | None = None) -> Tensor:
    """Distance of each pixel from the centre pixel N//2, in pixels."""
    return torch.arange(n_pixels, dtype=dtype, device=device) - n_pixels // 2


def centred_grid(shape: Sequence[int], *, dtype: torch.dtype = torch.float64) -> tuple[Tensor, ...]:
    """Distance from the centre pixel along each axis, broadcast to the whole grid, in pixels."""
    return torch.meshgrid(*(positions(n, dtype=dtype) for n in shape), indexing="ij")


def to_kspace(picture: Tensor, *, axes: Sequence[int] = PLANE) -> Tensor:
    """From a picture to its spatial frequencies.

    Model
        K[n] = N^(-1/2) sum_r x[r] exp(-2 pi i n (r - N//2) / N), along each axis. Entry i of the result holds frequency `frequencies(N)[i]`.
    Parameters
        picture : (..., row, column), real or complex. axes : which axes to transform, the last two by default.
    Returns
        Complex, same shape, zero frequency first. Energy is kept, so white noise has the same deviation on both sides.
    Assumes
        A periodic grid.
    Not modelled
        Anything of a scanner.
    References
        Briggs and Henson 1995, The DFT, section 2.4 (centred forms).
    Oracle
        The double sum itself on odd and even sizes; the transform of a Gaussian (tests/physics/test_fourier.py).
    """
    return transform(rolled(picture, axes=axes), axes=axes)


def to_picture(kspace: Tensor, *, axes: Sequence[int] = PLANE) -> Tensor:
    """From spatial frequencies back to the picture: the inverse, and the adjoint, of `to_kspace`.

    Model
        x[r] = N^(-1/2) sum_n K[n] exp(+2 pi i n (r - N//2) / N), along each axis.
    Parameters
        kspace : (..., row, column), complex, zero frequency first. axes : which axes to transform, the last two by default.
    Returns
        Complex picture of the same shape, centre pixel N//2.
    Assumes
        A periodic grid.
    Not modelled
        Anything of a scanner.
    References
        Briggs and Henson 1995, The DFT, section 2.4.
    Oracle
        Inverse and adjoint of to_kspace; a single sample is a plane wave of known direction (tests/physics/test_fourier.py).
    """
    return unrolled(inverse_transform(kspace, axes=axes), axes=axes)


def rolled(picture: Tensor, *, axes: Sequence[int] = PLANE) -> Tensor:
    """The centre pixel N//2 brought to index 0, where `transform` expects it: once before an iteration instead of twice in each step."""
    out: Tensor = torch.fft.ifftshift(picture, dim=tuple(axes))
    return out


def unrolled(picture: Tensor, *, axes: Sequence[int] = PLANE) -> Tensor:
    """The inverse of `rolled`."""
    out: Tensor = torch.fft.fftshift(picture, dim=tuple(axes))
    return out


def transform(picture: Tensor, *, axes: Sequence[int] = PLANE) -> Tensor:
    """`to_kspace` of a picture that is rolled already."""
    out: Tensor = torch.fft.fftn(picture, dim=tuple(axes), norm="ortho")
    return out


def inverse_transform(kspace: Tensor, *, axes: Sequence[int] = PLANE) -> Tensor:
    """`to_picture`, still rolled."""
    out: Tensor = torch.fft.ifftn(kspace, dim=tuple(axes), norm="ortho")
    return out
