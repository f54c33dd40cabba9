"""Rays that have a width: a large focal spot, wide channels, a gantry that turns while it measures."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor

from physics.ct.acquire import beam_of, shared
from physics.ct.dose import counted, kernel_matched, unit_normals
from physics.ct.geometry import Array, Fan
from physics.ct.scan import CTScan, Stage
from physics.scan import EditConflict

SUB_RAYS = 3  # a channel; a multiple of it, odd, so that the middle one is the channel's own


@dataclass(frozen=True, slots=True)
class Widths:
    """What a ray averages over.

    detector_mm : width of the channel, as seen at the isocentre. focal_spot_mm : width of the focal spot itself. arc_deg : how far the gantry turns within a
    view. All beside what the source's own scanner had.
    """

    detector_mm: float = 0.0
    focal_spot_mm: float = 0.0
    arc_deg: float = 0.0

    @property
    def none(self) -> bool:
        """Whether rays stay thin."""
        return self.detector_mm == 0 and self.focal_spot_mm == 0 and self.arc_deg == 0


def kept(widths: Widths, fan: Fan, *, per_turn: Array, per_rad: Array) -> Array:
    """What averaging leaves of a wave in the fan's sinogram.

    Model
        A wave of m cycles a turn and kappa cycles a radian of fan angle keeps sinc(kappa w_d / R) of a detector box w_d, sinc(m a / 2 pi) of an arc a, and
        sinc(f (kappa (1 / R - 1 / D) - m / (2 pi R))) of a focal spot f: a point of the spot beside its middle by x sees, through the same channel, the
        ray of the view at -x / R and the fan angle further by x (1 / R - 1 / D). R : source to isocentre, D : source to detector.
    Parameters
        widths : of the boxes. fan : the geometry. per_turn, per_rad : m and kappa, broadcast against each other.
    Returns
        The product of the three, real.
    Assumes
        A flat spot of even brightness, across the central ray; fan angles whose cosine is near 1.
    Not modelled
        The spot's length along the axis, its two humps, its wobble.
    References
        Hsieh 2015, Computed Tomography, chapter 5 (focal spot and azimuthal blur).
    Oracle
        Rays averaged one by one from closed line integrals (tests/physics/ct/test_ct_ray_blur.py).
    """
    near, far = fan.source_mm, fan.detector_mm
    spot = widths.focal_spot_mm * (per_rad * (1 / near - 1 / far) - per_turn / (2 * math.pi * near))
    return np.asarray(np.sinc(per_rad * widths.detector_mm / near) * np.sinc(per_turn * math.radians(widths.arc_deg) / (2 * math.pi)) * np.sinc(spot))


@lru_cache(maxsize=4)
def _waves(fan: Fan, sub_rays: int) -> tuple[Array, Array, int]:
    """m of each view harmonic, kappa of each channel harmonic, and the padded number of fine rays."""
    length = sub_rays * next_fast_len(math.ceil(1.25 * fan.n_channels), real=True)
    per_turn = np.rint(np.fft.fftfreq(fan.n_views) * fan.n_views)[:, None]
    return per_turn, np.fft.rfftfreq(length, fan.step / sub_rays)[None], length


def _finer(rays: Tensor, fan: Fan, *, sub_rays: int, length: int) -> Tensor:
    """Rays between the channels, by the channels' own band; padded with air. The first of each channel's lies on the channel."""
    spectrum = torch.fft.rfft(rays, n=length // sub_rays, dim=1)
    out: Tensor = torch.fft.irfft(spectrum, n=length, dim=1) * sub_rays
    return out


@dataclass(frozen=True, slots=True)
class RayBlur:
    """Sub-rays averaged as intensities."""

    widths: Widths
    stage: ClassVar[IntEnum] = Stage.RAYS
    rank: ClassVar[int] = 60  # after what moves: a moving object is seen through wide rays
    of_source: ClassVar[bool] = True

    def apply(self, rays: Tensor, scan: CTScan) -> Tensor:
        """rays : (view, ray) line integrals of thin rays."""
        fan = fan_of(scan)
        per_turn, per_rad, length = _waves(fan, SUB_RAYS)
        stopped = torch.fft.rfft2(-torch.expm1(-_finer(rays, fan, sub_rays=SUB_RAYS, length=length)))  # nothing in air, so that padding is air
        factor = torch.from_numpy(kept(self.widths, fan, per_turn=per_turn, per_rad=per_rad)).to(rays.dtype)
        averaged = torch.fft.irfft2(stopped * factor, s=(fan.n_views, length))[:, : fan.n_channels * SUB_RAYS : SUB_RAYS]
        least = float(torch.exp(-rays.max())) / 2
        return -torch.log((1 - averaged).clamp_min(least))


@dataclass(frozen=True, slots=True)
class KeptGrain:
    """The grain that a wide spot does not take away: quanta scatter about whatever signal arrives, but the source's picture was blurred with its grain."""

    widths: Widths
    seed: int
    stage: ClassVar[IntEnum] = Stage.LOG
    rank: ClassVar[int] = 60

    def apply(self, measured: Tensor, scan: CTScan) -> Tensor:
        """measured : (view, ray). Noise of the source's own quanta, with the power that the spot took from it."""
        fan, known = fan_of(scan), counted(scan)
        assert known.n0 is not None  # counted
        quanta = beam_of(scan).expected * known.n0
        normals = (torch.from_numpy(unit_normals(self.seed, stream, (fan.n_views, fan.n_channels))).to(quanta.dtype) for stream in (0, 1))
        noise = (shared(quanta.sqrt() * next(normals), crosstalk=scan.crosstalk) + scan.electronic_noise * next(normals)) / quanta
        per_turn, per_rad, length = _waves(fan, 1)
        spot = kept(Widths(focal_spot_mm=self.widths.focal_spot_mm), fan, per_turn=per_turn, per_rad=per_rad)
        averaged = kept(replace(self.widths, focal_spot_mm=0.0), fan, per_turn=per_turn, per_rad=per_rad)
        lost = torch.from_numpy(averaged * np.sqrt(1 - spot**2)).to(noise.dtype)
        grain: Tensor = torch.fft.irfft2(torch.fft.rfft2(noise, s=(fan.n_views, length)) * lost, s=(fan.n_views, length))[:, : fan.n_channels]
        return measured + grain


def fan_of(scan: CTScan) -> Fan:
    """The fan of a scan.

    Raises EditConflict in parallel beam, which has neither focal spot nor a turn.
    """
    if not isinstance(scan.geometry, Fan):
        raise EditConflict("geometry: parallel beam over 180 degrees; wide rays and movement need the fan of a full turn")
    return scan.geometry


def blur_rays(scan: CTScan, widths: Widths, *, seed: int | None = None) -> CTScan:
    """Rays of a width.

    Model
        p' = -ln of the mean of exp(-p) over the sub-rays between every point of the focal spot, of the channel and of the gantry's way within a view: averaged
        as intensities, before the logarithm. Three sub-rays a channel from the channels' own band; the boxes are factors (`kept`) on the waves of the
        transmission, so that the blur is exact for them. The spot's blur grows from the isocentre towards the tube and fades towards the
        detector; that of the gantry grows with the distance from the isocentre, along circles. A spot blurs the signal and not the noise: the grain that the
        picture loses with it is made anew from the source's quanta; wide channels and long views do average grain.
    Parameters
        widths : beside those of the source's scanner. seed : of the grain that a wide spot leaves; None: it is lost.
    Returns
        The scan; widths of 0 leave it as it was.
    Assumes
        A body within the field; one energy.
    Not modelled
        Length of the spot along the axis; aliasing of wide steps between channels.
    References
        Hsieh 2015, Computed Tomography, chapter 5; Kak and Slaney 1988, chapter 5.
    Oracle
        Sub-rays averaged one by one; the transfer at the isocentre is the product of sincs; the azimuthal blur grows with the radius; grain stays
        (tests/physics/ct/test_ct_ray_blur.py).
    Raises
        ValueError: negative widths. EditConflict: parallel beam, or rays that are wide already.
    """
    if min(widths.detector_mm, widths.focal_spot_mm, widths.arc_deg) < 0:
        raise ValueError(f"{widths}: widths are 0 or more")
    if widths.none:
        return scan
    fan_of(scan)
    if any(isinstance(event, RayBlur) for event in scan.events):
        raise EditConflict(f"width of the rays: set already, {widths} was asked; set it once")
    if seed is None or widths.focal_spot_mm == 0:
        return scan.with_events(RayBlur(widths))
    return kernel_matched(scan).with_events(RayBlur(widths), KeptGrain(widths, seed))  # the grain is reconstructed with the source's own kernel
