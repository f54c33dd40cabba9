"""Metal: a dense body that hardens the beam, starves the detector and has edges finer than a channel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.ct.acquire import beam_of, origin_of, rays_of
from physics.ct.dose import counted
from physics.ct.geometry import Array
from physics.ct.hardening import attenuated, contents_of, require_own_spectrum, water_corrected_mm
from physics.ct.implant import Ellipse, touched_rays
from physics.ct.matter import METALS, bone_over_water, bone_share, spectrum_of
from physics.ct.memory import Memory
from physics.ct.quanta_lost import noisier_behind
from physics.ct.scan import CTScan, Stage
from physics.ct.scatter import scatter_factor, scatter_shape

SUB_RAYS = 5
SCATTER_MM = 80.0
_TINY = 1e-30


@dataclass(frozen=True, eq=False)
class Shadow:
    """The rays that meet metal: their flat places, what a scanner measures without the metal and with it, in its own beam."""

    touched: Array
    without: Array
    with_metal: Array


_SHADOWS: Memory[Shadow] = Memory(size=4)


def shadow_of(scan: CTScan, implants: tuple[Ellipse, ...], *, kvp: int, scatter: float) -> Shadow:
    """What a beam of many energies measures on the rays that meet metal, averaged over the width of each channel in intensity."""
    contents = contents_of(scan)

    def make() -> Shadow:
        touched, chords = touched_rays(implants, scan.geometry, n_sub=SUB_RAYS)
        spectrum = spectrum_of(kvp)
        water, bone = contents.water_mm.ravel()[touched], contents.bone_mm.ravel()[touched]
        tissue = [_tissue(scan, implant) for implant in implants]
        ratio = bone_over_water(scan.kvp)
        signal = np.zeros_like(water)
        for sub in range(SUB_RAYS):
            through = [chord[sub].astype(water.dtype) for chord in chords]
            layers = {"water": water.copy(), "bone": bone.copy()}
            for implant, length, (soft, hard) in zip(implants, through, tissue, strict=True):
                layers["water"] -= soft * length
                layers["bone"] -= hard * length
                layers[implant.material] = layers.get(implant.material, 0.0) + length
            short = np.minimum(layers["bone"], 0.0)  # more was cut out than the ray holds: the mean of the place is not that of the ray
            layers["bone"] = layers["bone"] - short
            layers["water"] = np.maximum(layers["water"] + ratio * short, 0.0)
            signal += attenuated(layers, spectrum) / SUB_RAYS
        alone = attenuated({"water": water, "bone": bone}, spectrum)
        if scatter > 0:
            floor = _scatter(scan).ravel()[touched] * scatter
            alone, signal = alone + floor, signal + floor
        return Shadow(touched, -np.log(alone.clip(_TINY)), -np.log(signal.clip(_TINY)))

    return _SHADOWS.get(origin_of(scan), (scan.grid, scan.geometry, scan.kvp, scan.bowtie_mm, scan.modulation, implants, kvp, scatter), make=make)


def _tissue(scan: CTScan, implant: Ellipse) -> tuple[float, float]:
    """Water and bone, per mm, of what lies where the metal will be."""
    place = implant.inside(scan.grid)
    if not place.any():  # smaller than a pixel: what the nearest one holds
        y, x = scan.grid.centred_mm()
        place[np.abs(y - implant.y_mm).argmin(), np.abs(x - implant.x_mm).argmin()] = True
    hu = scan.attenuating_hu()[torch.from_numpy(place)]
    bone = float(bone_share(hu, kvp=scan.kvp).mean())
    return max(1.0 + float(hu.mean()) / 1000.0 - bone_over_water(scan.kvp) * bone, 0.0), bone


_FLOORS: Memory[Array] = Memory(size=2)


def _scatter(scan: CTScan) -> Array:
    """Scatter that stays behind when metal shadows the primary, over the signal in air, for a ratio of 1."""

    def make() -> Array:
        beam = beam_of(scan)
        shape = scatter_shape(beam.expected, beam.air, geometry=scan.geometry, width_mm=SCATTER_MM)
        return np.asarray((shape / beam.air).numpy() * scatter_factor(scan, width_mm=SCATTER_MM))

    return _FLOORS.get(origin_of(scan), (scan.grid, scan.geometry, scan.kvp, scan.bowtie_mm, scan.modulation), make=make)


@dataclass(frozen=True, slots=True)
class Metal:
    """Implants in the beam: their shadow in effective line integrals."""

    implants: tuple[Ellipse, ...]
    kvp: int
    scatter: float
    stage: ClassVar[IntEnum] = Stage.SPECTRUM
    rank: ClassVar[int] = 50

    def apply(self, rays: Tensor, scan: CTScan) -> Tensor:
        """rays : (view, ray) line integrals. Every event of this stage adds what is its own."""
        shadow = shadow_of(scan, self.implants, kvp=self.kvp, scatter=self.scatter)
        out = rays.clone(memory_format=torch.contiguous_format)
        out.view(-1)[torch.from_numpy(shadow.touched)] += torch.from_numpy(shadow.with_metal - shadow.without).to(rays.dtype)
        return out


@dataclass(frozen=True, slots=True)
class WaterCorrection:
    """The water correction of the scanner, on what it measures behind metal."""

    implants: tuple[Ellipse, ...]
    kvp: int
    scatter: float
    stage: ClassVar[IntEnum] = Stage.LOG
    rank: ClassVar[int] = 14  # of what channels read with their gains, before views are weighted or mended

    def apply(self, measured: Tensor, scan: CTScan) -> Tensor:
        """measured : (view, ray). The difference that metal makes to a ray is taken through the curve of water at the ray's own place on it."""
        shadow = shadow_of(scan, self.implants, kvp=self.kvp, scatter=self.scatter)
        touched = torch.from_numpy(shadow.touched)
        own = rays_of(scan).reshape(-1)[touched].numpy()
        raw = measured.reshape(-1)[touched].numpy() - own + shadow.without
        gain = water_corrected_mm(raw, kvp=self.kvp) - water_corrected_mm(shadow.without, kvp=self.kvp)
        out = measured.clone(memory_format=torch.contiguous_format)
        out.view(-1)[touched] = torch.from_numpy(own + gain * scan.mu_water).to(measured.dtype)
        return out


def insert_metal(scan: CTScan, implants: tuple[Ellipse, ...], *, kvp: int = 120, scatter: float = 0.02, seed: int = 0, noise: bool = True) -> CTScan:
    """Streaks, voids and blooming about metal.

    Model
        p_raw = -ln (mean over sub-rays of sum over E of w(E) exp(-water - bone - metal) + S) on the rays that meet metal, chords in closed form, tissue taken
        out where the metal lies; the signal gains p_raw(with) - p_raw(without), its quanta their noise (`physics.ct.quanta_lost`), the logarithm its floor,
        then P_water(p_raw(with)) - P_water(p_raw(without)) is reconstructed, and 12 bits clip.
    Parameters
        implants : ellipses, each of one of titanium, steel, cobalt_chromium, amalgam, gold. kvp : 80, 100, 120 or 140. scatter : S over primary behind
        the thickest part of the patient, 0 to 0.1. seed, noise : of the quanta behind the metal.
    Returns
        The scan with its events added; without implants as it was.
    Assumes
        The source holds no metal. Tissue under an implant is its mean.
    Not modelled
        Parts above and below the section; focal spot; an extended HU scale.
    References
        De Man, Nuyts, Dupont, Marchal and Suetens 1999; Joseph and Spital 1981 (edges finer than a channel); Barrett and Keat 2004.
    Oracle
        Chords of an ellipse; one energy, no scatter, no noise: exactly the metal and no streak; the dark streak between two discs lies on the line of
        their centres within 2 degrees; shares of starved rays are those of the Poisson law (tests/physics/ct/test_ct_metal.py).
    Raises
        ValueError: an unknown metal, an ellipse without area, a negative scatter. EditConflict: the spectrum was edited before.
    """
    for implant in implants:
        if implant.material not in METALS or min(implant.a_mm, implant.b_mm) <= 0 or not 0 <= implant.hole < 1:
            raise ValueError(f"implant {implant}: materials {METALS}, half axes above 0, hole from 0 to below 1")
    if not 0 <= scatter <= 1:
        raise ValueError(f"scatter {scatter}: a share of the primary, 0 to 1")
    spectrum_of(kvp)
    if not implants:
        return scan
    require_own_spectrum(scan)
    scan = counted(scan).with_events(Metal(implants, kvp, scatter), WaterCorrection(implants, kvp, scatter))
    return noisier_behind(scan, seed=seed) if noise else scan
