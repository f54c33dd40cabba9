"""Compressed sensing: fifty steps of sparse reconstruction from eight coils against sigpy at the same weight, maps and samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sigpy
import torch
from sigpy.mri.app import L1WaveletRecon

from benchmarks.timing import Row, interleave
from physics.mri import MRIScan
from physics.mri.acquire import acquire_kspace
from physics.mri.l1_wavelet import sparsest
from physics.mri.sampling import keep_lines, line_priority
from physics.mri.wavelet import Wavelet

N, N_COILS, N_STEPS, SHARE, WEIGHT = 320, 8, 50, 0.25, 0.004


def _object() -> torch.Tensor:
    """A head-sized object with edges and texture."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, N),) * 2, indexing="ij")
    head = (y / 0.85) ** 2 + (x / 0.65) ** 2 < 1
    skull = head & ((y / 0.8) ** 2 + (x / 0.6) ** 2 > 1)
    return torch.from_numpy((head * (600 + 120 * np.cos(9 * x) * np.sin(7 * y)) + 300 * skull).astype(np.float32))


def _contestants() -> tuple[Callable[[], torch.Tensor], Callable[[], object], torch.Tensor]:
    source = _object()
    scan = MRIScan.of(source, n_coils=N_COILS)
    scan = keep_lines(scan, line_priority(N, n_centre=24, power=1.5, rng=np.random.default_rng(0)), share=SHARE)
    lines, sensitivity = scan.lines, scan.sensitivity
    assert lines is not None
    assert sensitivity is not None
    kspace = acquire_kspace(scan)
    maps = sensitivity.maps((N, N)).to(kspace)
    zero_filled = (maps.conj() * torch.fft.fftshift(torch.fft.ifftn(kspace, dim=(-2, -1), norm="ortho"), dim=(-2, -1))).sum(dim=0)
    weight = WEIGHT * float(Wavelet.of((N, N)).analyse(zero_filled).abs().max())
    centred, coils = torch.fft.fftshift(kspace, dim=(-2, -1)).numpy(), maps.numpy()

    def ours() -> torch.Tensor:
        return sparsest(kspace, maps, lines=lines, phase_axis=0, weight=WEIGHT, n_steps=N_STEPS)

    def theirs() -> object:
        return L1WaveletRecon(centred, coils, weight, wave_name="db4", max_iter=N_STEPS, show_pbar=False).run()

    return ours, theirs, source


def rows() -> list[Row]:
    """Ours against sigpy's L1WaveletRecon.

    Raises
        RuntimeError: our picture is farther from the object than theirs.
    """
    torch.set_num_threads(1)
    ours, theirs, source = _contestants()
    error = [float((torch.as_tensor(np.asarray(call())).abs() - source).norm() / source.norm()) for call in (ours, theirs)]
    if error[0] > 1.02 * error[1]:
        raise RuntimeError(f"sparse reconstruction: our error {error[0]:.4f} exceeds that of sigpy, {error[1]:.4f}")
    times = interleave({"ours": ours, "theirs": theirs}, rounds=5)
    task = f"l1-wavelet, {N}², eight coils, {N_STEPS} steps (errors {error[0]:.4f} and {error[1]:.4f})"
    return [Row(task, "medq_gen", f"sigpy {sigpy.__version__} L1WaveletRecon", times["ours"], times["theirs"], goal=2.5)]
