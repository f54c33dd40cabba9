"""Another reconstruction kernel: the source filtered from the kernel that made it to the one that was chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.ct.acquire import beam_of, shared
from physics.ct.dose import counted, kernel_matched, unit_normals
from physics.ct.fbp import reconstruct
from physics.ct.geometry import Array
from physics.ct.kernel import STANDARD, Kernel
from physics.ct.scan import CTScan, Stage
from physics.ct.spectrum import hu_change
from physics.scan import EditConflict

FLOOR = 0.05  # of the source's kernel: what it passed more weakly than this is not brought back
MOST_OVERSHOOT = 0.8  # of any kernel that is sold
_MARGIN_MM = 25.0  # mirrored about the picture, wider than any kernel's ringing
_OVERSHOOT_AT = 0.57  # of the 50 % frequency lies the overshoot of sharp kernels


def frequency_at_per_mm(kernel: Kernel, share: float) -> float:
    """The highest frequency that a kernel passes with a share: 0.5 gives f50, 0.1 gives f10."""
    nu = np.linspace(0.0, kernel.cutoff_per_mm, 4001)
    passed = np.flatnonzero(kernel(nu) >= share)[-1]
    low, high = float(nu[passed]), float(nu[min(passed + 1, 4000)])
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if float(kernel(np.asarray(middle))) >= share else (low, middle)
    return low


def with_resolution(kernel: Kernel, ratio: float, *, overshoot: float = 0.5, roll_off: float = 1.0) -> Kernel:
    """The kernel of the same maker whose 50 % frequency is `ratio` times as high.

    Model
        The frequencies of the kernel are stretched, so that f50 comes out right. Above 1 an overshoot of `overshoot` (log2 ratio)^2 at 0.57 f50 comes on top:
        0.5 joins the standard, sharp and bone kernels; it ends at 0.8. Below 1 the power of the cosine moves towards roll_off times its own, which it
        reaches at 1/2.
    Parameters
        kernel : of the source. ratio : wanted f50 over the kernel's own. overshoot : of a kernel twice as sharp, 0.5 for bone kernels. roll_off : above 1 a
        bell, below 1 an abrupt end.
    Returns
        A kernel; at ratio 1 the same.
    Assumes
        A family of kernels between any two that a maker sells.
    Not modelled
        Kernels that look at the data.
    References
        Samei and Richard 2015 (kernels by their f50 and f10).
    Oracle
        f50 of the result over that of the source is the ratio (tests/physics/ct/test_ct_kernel_change.py).
    Raises
        ValueError: a ratio outside 0.1 to 4.
    """
    if not 0.1 <= ratio <= 4.0:
        raise ValueError(f"resolution {ratio} times the source's: 0.1 to 4")
    if ratio == 1.0:
        return kernel
    wanted = ratio * frequency_at_per_mm(kernel, 0.5)
    octaves = math.log2(ratio)
    if ratio > 1.0:
        name, power, boost, boost_at = (
            "sharper",
            kernel.power,
            min(kernel.boost + overshoot * octaves**2, max(MOST_OVERSHOOT, kernel.boost)),
            _OVERSHOOT_AT * wanted,
        )
    else:
        name, power, boost, boost_at = "smoother", kernel.power * roll_off ** min(-octaves, 1.0), kernel.boost, kernel.boost_per_mm * ratio
    low, high = kernel.cutoff_per_mm * ratio * 0.2, kernel.cutoff_per_mm * ratio * 3.0
    for _ in range(60):
        made = Kernel(name, (low + high) / 2, power, boost, boost_at)
        low, high = (made.cutoff_per_mm, high) if frequency_at_per_mm(made, 0.5) < wanted else (low, made.cutoff_per_mm)
    return made


@dataclass(frozen=True, slots=True)
class LostGrain(Kernel):
    """What the grain of one kernel's picture, filtered to another kernel, lacks beside grain that was made with the other: roots of differences of power."""

    source: Kernel = STANDARD
    target: Kernel = STANDARD

    def __call__(self, frequency_per_mm: Array) -> Array:
        """The apodisation of the grain to add."""
        wanted, has = self.target(frequency_per_mm), ratio_of(self.source, self.target, frequency_per_mm) * self.source(frequency_per_mm)
        return np.asarray(np.sqrt(np.maximum(wanted**2 - has**2, 0.0)))


def ratio_of(source: Kernel, target: Kernel, frequency_per_mm: Array) -> Array:
    """A_target / A_source; where the source's kernel is below 5 %, what is left of it is raised no further, but falls with it."""
    passed = source(frequency_per_mm)
    return np.asarray(target(frequency_per_mm) * passed / np.maximum(passed, FLOOR) ** 2)


@dataclass(frozen=True, slots=True)
class KernelChange:
    """The picture filtered from one kernel to another, with the grain that the first one had taken away; seed None: there is none to bring back."""

    source: Kernel
    target: Kernel
    seed: int | None = None
    stage: ClassVar[IntEnum] = Stage.RECONSTRUCTION
    rank: ClassVar[int] = 10  # part of the reconstruction itself: before whatever is done to its picture

    def apply(self, change: Tensor, scan: CTScan) -> Tensor:
        """change : (row, column) HU. The whole picture is filtered, with whatever noise it gained: its grain was made with the source's kernel too."""
        shown = scan.attenuating_hu()
        filtered: Tensor = self._filtered(shown + change, scan.spacing_mm) - shown
        return filtered if self.seed is None else filtered + self._lost_grain(scan, self.seed)

    def _lost_grain(self, scan: CTScan, seed: int) -> Tensor:
        """Noise of the quanta at the dose of the scan, in the frequencies that its own picture does not show."""
        known = counted(scan)
        assert known.n0 is not None  # counted
        quanta = beam_of(scan).expected * (known.n0 * scan.dose)
        normals = (torch.from_numpy(unit_normals(seed, stream, (quanta.shape[0], quanta.shape[1]))).to(quanta.dtype) for stream in (0, 1))
        noise = shared(quanta.sqrt() * next(normals), crosstalk=scan.crosstalk) + scan.electronic_noise * next(normals)
        kernel = LostGrain("lost grain", self.target.cutoff_per_mm, self.target.power, source=self.source, target=self.target)
        grain: Tensor = hu_change(reconstruct(noise / quanta, scan.geometry, grid=scan.grid, kernel=kernel), mu_water=scan.mu_water)
        return grain

    def _filtered(self, hu: Tensor, spacing_mm: tuple[float, float]) -> Tensor:
        margins = [min(round(_MARGIN_MM / spacing), size - 1) for spacing, size in zip(spacing_mm, hu.shape, strict=True)]
        wide = torch.nn.functional.pad(hu[None, None], (margins[1], margins[1], margins[0], margins[0]), mode="reflect")[0, 0]
        down = np.fft.fftfreq(wide.shape[0], spacing_mm[0])[:, None]
        right = np.fft.rfftfreq(wide.shape[1], spacing_mm[1])
        factor = torch.from_numpy(ratio_of(self.source, self.target, np.hypot(down, right))).to(hu.dtype)
        out: Tensor = torch.fft.irfft2(torch.fft.rfft2(wide) * factor, s=wide.shape)
        return out[margins[0] : margins[0] + hu.shape[0], margins[1] : margins[1] + hu.shape[1]]


def change_kernel(scan: CTScan, ratio: float, *, overshoot: float = 0.5, roll_off: float = 1.0, seed: int | None = None) -> CTScan:
    """A kernel that is too sharp or too smooth for the question.

    Model
        x' = x filtered by H = A_target / A_source, nu the radial frequency in 1 / mm: reconstruction is linear, so this is the picture that the other
        kernel makes of the same rays, its grain included. A_source is the scan's kernel, matched to the grain of the source where it is not known. Where
        A_source < 0.05, H is A_target A_source / 0.05^2: detail that is gone is not guessed. Grain that is gone is made anew: noise of the quanta of the
        scan, reconstructed with (A_target^2 - H^2 A_source^2)^(1/2).
    Parameters
        ratio : 50 % frequency of the kernel over that of the source's kernel. Below 1 smooth, above 1 sharp. overshoot, roll_off : see `with_resolution`.
        seed : of the grain that a sharp kernel brings back; None: none.
    Returns
        The scan with that kernel; at 1 the scan itself.
    Assumes
        Filtered backprojection. Beyond the picture it goes on as in a mirror.
    Not modelled
        Detail that the pixels, or the kernel of the source, have lost; a smaller field of view that would show more.
    References
        Samei and Richard 2015; Hsieh 2015, Computed Tomography, chapter 3; Boedeker, Cooper and McNitt-Gray 2007 (noise by kernel).
    Oracle
        White noise of the rays reconstructed with the other kernel, in size and spectrum; a plane wave scales by the ratio; water stays
        (tests/physics/ct/test_ct_kernel_change.py).
    Raises
        ValueError: see `with_resolution`. EditConflict: the kernel was changed already.
    """
    if ratio == 1.0:
        return scan
    if any(isinstance(event, KernelChange) for event in scan.events):
        raise EditConflict(f"kernel: changed already, {ratio} times its resolution was asked; choose one kernel")
    scan = kernel_matched(scan)
    target = with_resolution(scan.kernel, ratio, overshoot=overshoot, roll_off=roll_off)
    return scan.with_events(KernelChange(scan.kernel, target, seed if ratio > 1.0 else None))


def kernel_shown(scan: CTScan) -> Kernel:
    """The kernel that a scan's picture is made with."""
    changed = [event.target for event in scan.events if isinstance(event, KernelChange)]
    return changed[0] if changed else kernel_matched(scan).kernel
