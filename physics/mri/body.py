"""What lies in the scanner: a complex picture made from a magnitude source, and what can be read off it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import pi, sqrt

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from physics.fourier import frequencies, positions, to_kspace

AIR_SHARE = 0.08  # of the 99th percentile: below it a pixel is taken for air
COMPLEX = {torch.float32: torch.complex64, torch.float64: torch.complex128}


@dataclass(frozen=True, eq=False)
class Body:
    """The object as a band-limited complex picture.

    density : (row, column) complex, in the unit of the source. spacing_mm : pixel spacing along axis 0 and 1.
    """

    density: Tensor
    spacing_mm: tuple[float, float]

    @cached_property
    def support(self) -> Tensor:
        """(row, column) bool: the largest piece above the air threshold, holes filled, grown by three pixels."""
        magnitude = self.density.abs().cpu().numpy()
        above = magnitude > AIR_SHARE * float(np.percentile(magnitude, 99))
        labels, n_pieces = ndimage.label(above)
        if n_pieces > 1:
            above = labels == 1 + int(np.argmax(ndimage.sum_labels(above, labels, np.arange(1, n_pieces + 1))))
        return torch.from_numpy(ndimage.binary_dilation(ndimage.binary_fill_holes(above), iterations=3)).to(self.density.device)

    @cached_property
    def mean_tissue(self) -> float:
        """Mean magnitude of what is not air; 0 for an empty picture."""
        magnitude = self.density.abs().double()
        tissue = self.support & (magnitude > AIR_SHARE * torch.quantile(magnitude.flatten(), 0.99))
        return float(magnitude[tissue].mean()) if bool(tissue.any()) else 0.0

    @cached_property
    def spectrum(self) -> Tensor:
        """The spatial frequencies of the body at rest, without coils."""
        return to_kspace(self.density)

    @cached_property
    def tissue_share(self) -> Tensor:
        """(row, column) real in [0, 1]: 1 over the body and its rim, falling to 0 in air, where the source holds receiver noise and no signal."""
        rim = ndimage.binary_dilation(self.support.cpu().numpy(), iterations=4)
        distance = ndimage.distance_transform_edt(~rim)
        return torch.from_numpy(np.exp(-((distance / 2.0) ** 2))).to(self.density.real)

    def line_energy(self, phase_axis: int, *, power: int) -> Tensor:
        """Per stored phase-encode line: sum over the readout of |k|^power |K|^2, k in cycles per millimetre."""
        k0, k1 = (frequencies(n) / (n * d) for n, d in zip(self.density.shape, self.spacing_mm, strict=True))
        weight = (k0[:, None] ** 2 + k1[None, :] ** 2) ** (power / 2)
        return (weight * self.spectrum.abs().double().cpu().square()).sum(dim=1 - phase_axis)


def smooth_phase(shape: tuple[int, int], *, seed: int) -> Tensor:
    """The phase that a magnitude picture has lost.

    Model
        phi = phi_0 + 2 pi (a . r / N) + g(r): a constant, an echo off the centre by a (each within 2 samples), and a Gaussian random field g
        of deviation 0.5 to 1.5 rad and correlation length FOV/6 to FOV/2.
    Parameters
        shape : of the picture. seed : of the draw.
    Returns
        Phase in radians, float64.
    Assumes
        Nothing about the anatomy; it is invented, and the scan says so.
    Not modelled
        Susceptibility at air-tissue borders, flow, phase of single coils.
    References
        Robinson et al. 2017, 10.1002/nbm.3601 (phase of coils and of tissue); Shimron et al. 2022, 10.1073/pnas.2117203119.
    Oracle
        Hermitian index >= 0.1 for every seed tried; deviation and echo position as drawn (tests/physics/mri/test_body.py).
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0x9A5E])))
    constant, echo = rng.uniform(-pi, pi), rng.uniform(-2, 2, size=2)
    correlation, deviation = rng.uniform(1 / 6, 1 / 2), rng.uniform(0.5, 1.5)
    white = torch.fft.fft2(torch.from_numpy(rng.standard_normal(shape)))
    n0, n1 = (frequencies(n)[:, None] if axis == 0 else frequencies(n)[None, :] for axis, n in enumerate(shape))
    field = torch.fft.ifft2(white * torch.exp(-(pi**2) * correlation**2 * (n0**2 + n1**2) / 2)).real
    field = (field - field.mean()) / field.std().clamp(min=1e-12) * deviation
    ramp = echo[0] * positions(shape[0])[:, None] / shape[0] + echo[1] * positions(shape[1])[None, :] / shape[1]
    phase: Tensor = constant + 2 * pi * ramp + field
    return phase


def hermitian_index(kspace: Tensor) -> float:
    """How far a source is from a picture without phase, whose k-space says everything twice.

    Model
        h = min over c of |K(n) - e^(ic) conj K(-n)| / |K| = (2 - 2 |sum K(n) K(-n)| / |K|^2)^(1/2).
    Parameters
        kspace : (..., row, column), zero frequency first.
    Returns
        0 for a real picture under any one phase, up to 2^(1/2).
    Assumes
        One phase for the whole picture counts as none.
    Not modelled
        Noise, which raises it.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 13.4 (conjugate symmetry).
    Oracle
        0 under any global phase on odd and even sizes; 2^(1/2) for a single sample (tests/physics/mri/test_body.py).
    """
    mirrored = torch.roll(torch.flip(kspace, dims=(-2, -1)), shifts=(1, 1), dims=(-2, -1)).conj()
    energy = float(kspace.abs().square().sum())
    overlap = float((mirrored.conj() * kspace).sum().abs())
    return sqrt(max(2 - 2 * overlap / energy, 0.0)) if energy else 0.0
