"""Fourier sums at arbitrary frequencies, by FINUFFT on one thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import ceil, pi, prod, sqrt
from typing import Any

import finufft
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from torch import Tensor

# (accuracy, upsampling): 1.25 is 7 times faster than 2 on a 256 matrix but reaches 1e-5 at best in single precision and about 1e-9 in double.
SINGLE = (2e-5, 1.25)
DOUBLE = (1e-12, 2.0)

_FORWARD = {1: finufft.nufft1d2, 2: finufft.nufft2d2, 3: finufft.nufft3d2}
_ADJOINT = {1: finufft.nufft1d1, 2: finufft.nufft2d1, 3: finufft.nufft3d1}


def _setting(is_double: bool, eps: float | None) -> dict[str, Any]:
    accuracy, upsampling = DOUBLE if is_double else SINGLE
    if eps is not None:
        if not is_double and eps < SINGLE[0]:
            raise ValueError(f"eps {eps} is out of reach in single precision; allowed: >= {SINGLE[0]}, or pass complex128")
        accuracy, upsampling = eps, 1.25 if eps >= 1e-8 else 2.0
    # More than one thread changes the bytes of type 1 between two runs.
    return {"eps": accuracy, "upsampfac": upsampling, "nthreads": 1, "modeord": 0}


def _angles(omega: Tensor, is_double: bool) -> list[NDArray[Any]]:
    return [np.ascontiguousarray(axis, dtype=np.float64 if is_double else np.float32) for axis in omega.detach().cpu().numpy()]


def at_frequencies(picture: Tensor, omega: Tensor, *, eps: float | None = None) -> Tensor:
    """Fourier samples of pictures anywhere in k-space.

    Model
        s_j = N^(-1/2) sum_r x[r] exp(-i omega_j . (r - N//2)), N the number of pixels: on the grid omega = 2 pi n / N it equals fourier.to_kspace.
    Parameters
        picture : (..., *grid), complex, one to three grid axes. omega : (grid axes, samples), radians per pixel, any range (periodic in 2 pi).
        eps : accuracy; 1e-5 in single and 1e-12 in double precision unless told.
    Returns
        (..., samples), complex, of the precision of the picture.
    Assumes
        One thread, so that equal input gives equal bytes.
    Not modelled
        Anything of a scanner.
    Raises
        ValueError: an accuracy that single precision does not reach.
    References
        Barnett, Magland and af Klinteberg 2019, SIAM J. Sci. Comput. 41, C479.
    Oracle
        The sum itself; the adjoint below (tests/physics/test_nufft.py).
    """
    n_axes = omega.shape[0]
    grid, lead = picture.shape[-n_axes:], picture.shape[:-n_axes]
    is_double = picture.dtype == torch.complex128
    data = np.ascontiguousarray(picture.detach().cpu().numpy()).reshape(-1, *grid)
    angles = _angles(omega, is_double)
    found = _FORWARD[n_axes](*angles, data if len(data) > 1 else data[0], isign=-1, **_setting(is_double, eps))
    # multiplied: a division of complex numbers takes twice as long
    return torch.from_numpy(np.asarray(found)).reshape(*lead, -1).to(picture.device).mul_(1 / sqrt(prod(grid)))


def from_frequencies(samples: Tensor, omega: Tensor, *, grid: Sequence[int], eps: float | None = None) -> Tensor:
    """The adjoint of `at_frequencies`: samples spread back onto the grid.

    Model
        x[r] = N^(-1/2) sum_j s_j exp(+i omega_j . (r - N//2)). No density compensation.
    Parameters
        samples : (..., samples), complex. omega : (grid axes, samples), radians per pixel. grid : shape of the picture. eps : accuracy.
    Returns
        (..., *grid), complex.
    Assumes
        One thread.
    Not modelled
        Gridding density.
    Raises
        ValueError: an accuracy that single precision does not reach.
    References
        Barnett, Magland and af Klinteberg 2019, SIAM J. Sci. Comput. 41, C479.
    Oracle
        Inner products agree with the forward sum (tests/physics/test_nufft.py).
    """
    lead = samples.shape[:-1]
    is_double = samples.dtype == torch.complex128
    data = np.ascontiguousarray(samples.detach().cpu().numpy()).reshape(-1, samples.shape[-1])
    angles = _angles(omega, is_double)
    found = _ADJOINT[len(grid)](*angles, data if len(data) > 1 else data[0], tuple(grid), isign=1, **_setting(is_double, eps))
    return torch.from_numpy(np.asarray(found)).reshape(*lead, *grid).to(samples.device).mul_(1 / sqrt(prod(grid)))


def kept(picture: Tensor, *, n_axes: int, eps: float | None = None) -> Callable[[Tensor], Tensor]:
    """`at_frequencies` of one picture that is asked again and again at other places: its oversampled spectrum is made once.

    Model
        The spectrum of x / phi_hat on a grid that is 1.25 (2) times as fine as the picture asks for, interpolated with FINUFFT's kernel phi; phi_hat is
        the transform of that kernel, summed over points that FINUFFT is asked for.
    Parameters
        picture : (*grid), complex or real. n_axes : of the grid, one to three. eps : accuracy, as in `at_frequencies`.
    Returns
        A function of omega (grid axes, samples), radians per pixel, that gives (samples), complex.
    Assumes
        One thread.
    Not modelled
        Anything of a scanner.
    Raises
        ValueError: an accuracy that single precision does not reach; axes that are not those of the picture.
    References
        Barnett, Magland and af Klinteberg 2019, SIAM J. Sci. Comput. 41, C479, section 3.2 (the three steps of type 2).
    Oracle
        `at_frequencies` and the sum itself (tests/physics/test_nufft.py).
    """
    if picture.ndim != n_axes:
        raise ValueError(f"picture {tuple(picture.shape)}: {n_axes} axes are needed")
    is_double = picture.dtype in (torch.complex128, torch.float64)
    setting = {**_setting(is_double, eps), "spreadinterponly": 1, "showwarn": 0}
    fine = [_fine(n, float(setting["upsampfac"])) for n in picture.shape]
    kernel, weights = _kernel(n_axes, setting, is_double), []
    for n, n_fine in zip(picture.shape, fine, strict=True):
        place = torch.arange(n, dtype=torch.float64) - n // 2
        # The sign brings zero frequency to the middle of the fine grid, where FINUFFT has it.
        weights.append(((1 - 2 * (place % 2)) / sqrt(n) / _transform(kernel, place / n_fine)).to(picture.cpu()))
    wide = torch.zeros(fine, dtype=picture.dtype)  # the centre pixel at index 0
    halves = [
        ((slice(n // 2, n), slice(0, n - n // 2)), (slice(0, n // 2), slice(n_fine - n // 2, n_fine))) for n, n_fine in zip(picture.shape, fine, strict=True)
    ]
    for corner in product(*halves):
        part = wide[tuple(to for _, to in corner)].copy_(picture[tuple(of for of, _ in corner)])
        for axis, (of, _) in enumerate(corner):
            part *= weights[axis][of].reshape([-1 if other == axis else 1 for other in range(n_axes)])
    grid = np.ascontiguousarray(torch.fft.fftn(wide).numpy())
    plan = finufft.Plan(2, tuple(fine), 1, isign=-1, dtype="complex128" if is_double else "complex64", **setting)

    def samples(omega: Tensor) -> Tensor:
        plan.setpts(*_angles(omega, is_double))
        return torch.from_numpy(plan.execute(grid)).to(picture.device)

    return samples


def _fine(n: int, upsampling: float) -> int:
    """An even number of points of which a fast transform exists, wide enough for every kernel."""
    n_fine = next_fast_len(max(ceil(upsampling * n), 32))
    return n_fine if n_fine % 2 == 0 else _fine(n_fine + 1, 1.0)


def _kernel(n_axes: int, setting: dict[str, Any], is_double: bool) -> Tensor:
    """FINUFFT's interpolation kernel along one of its axes, 128 values to a step of the fine grid, out to 8 steps: what it makes of a single sample."""
    n, at = 32, torch.arange(-1024, 1025, dtype=torch.float64) / 128
    omega = torch.zeros((n_axes, len(at)), dtype=torch.float64)
    omega[-1] = 2 * pi / n * at
    plan = finufft.Plan(2, (n,) * n_axes, 1, isign=-1, dtype="complex128" if is_double else "complex64", **setting)
    plan.setpts(*_angles(omega, is_double))
    one = np.zeros((n,) * n_axes, dtype=np.complex128 if is_double else np.complex64)
    one[(n // 2,) * n_axes] = 1
    values = torch.from_numpy(plan.execute(one).real).double()
    return values / values[1024] ** (1 - 1 / n_axes)  # along the other axes it stands at its peak


def _transform(kernel: Tensor, cycles: Tensor) -> Tensor:
    """Transform of the kernel at frequencies in cycles per fine grid step, by the trapezoidal rule."""
    at = torch.arange(-1024, 1025, dtype=torch.float64) / 128
    return torch.cos(2 * pi * cycles[:, None] * at) @ kernel / 128


def planned(omega: Tensor, *, grid: Sequence[int], adjoint: bool = False) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """The sums at fixed frequencies, for callers that repeat them: frequencies are sorted once, which is a fifth of the time of a transform.

    Model
        `at_frequencies`, or with adjoint=True `from_frequencies`, of one picture and without the factor N^(-1/2).
    Parameters
        omega : (grid axes, samples), radians per pixel, float32 or float64: decides the precision. grid : shape of the picture.
    Returns
        A function of a contiguous complex array, (*grid) or (samples), that gives the samples or the picture.
    Assumes
        One thread; not called from two threads at once.
    Not modelled
        Gridding density.
    References
        Barnett, Magland and af Klinteberg 2019, SIAM J. Sci. Comput. 41, C479 (plan, set points, execute).
    Oracle
        The two functions above (tests/physics/test_nufft.py).
    """
    is_double = omega.dtype == torch.float64
    name = "complex128" if is_double else "complex64"
    plan = finufft.Plan(1 if adjoint else 2, tuple(grid), 1, isign=1 if adjoint else -1, dtype=name, showwarn=0, **_setting(is_double, None))
    plan.setpts(*_angles(omega, is_double))
    execute: Callable[[NDArray[Any]], NDArray[Any]] = plan.execute
    return execute
