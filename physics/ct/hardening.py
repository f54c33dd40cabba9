"""Beam hardening: a beam of many energies grows harder on its way, so that its logarithm is no longer a sum along the ray."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from physics.ct.acquire import origin_of, rays_of
from physics.ct.dose import kernel_matched
from physics.ct.geometry import Array
from physics.ct.matter import Spectrum, bone_over_water, bone_share, spectrum_of
from physics.ct.memory import Memory
from physics.ct.projector import project
from physics.ct.scan import CTScan, Stage
from physics.scan import EditConflict, of_stage

Correction = Literal["none", "water"]
CORRECTIONS: tuple[Correction, ...] = ("none", "water")
_ROWS = 1 << 15  # rays at a time: sums over 100 energies stay in the cache
_LONGEST_MM = 900.0


def attenuated(lengths_mm: Mapping[str, Array], spectrum: Spectrum) -> Array:
    """The signal of a beam of many energies behind layers of matter, over that in air.

    Model
        I / I0 = sum over E of w(E) exp(-sum over materials of mu(E) L).
    Parameters
        lengths_mm : material -> length along each ray at the material's own density, all of one shape.
    Returns
        The same shape, in the precision of the lengths.
    Assumes
        Narrow beam.
    Not modelled
        Scatter, see `physics.ct.scatter`.
    References
        Brooks and Di Chiro 1976.
    Oracle
        A sum written out; p of 300 mm of water (tests/physics/ct/test_ct_hardening.py).
    """
    stacked = np.stack([values.ravel() for values in lengths_mm.values()], axis=1)
    mu = np.stack([spectrum.mu_per_mm[name] for name in lengths_mm]).astype(stacked.dtype)
    weight = spectrum.weight.astype(stacked.dtype)
    out = np.empty(stacked.shape[0], dtype=stacked.dtype)
    for first in range(0, len(out), _ROWS):
        exponent = torch.from_numpy(stacked[first : first + _ROWS] @ -mu)
        out[first : first + _ROWS] = (exponent.exp_() @ torch.from_numpy(weight)).numpy()
    return out.reshape(next(iter(lengths_mm.values())).shape)


@lru_cache(maxsize=8)
def water_curve(kvp: int) -> tuple[Array, Array]:
    """Lengths of water in mm, and the p that a beam of this voltage measures behind them; lengths below zero continue the first slope."""
    length = np.concatenate(([-50.0], np.arange(0.0, _LONGEST_MM + 1.0)))
    spectrum = spectrum_of(kvp)
    measured = -np.log(attenuated({"water": length.clip(0.0)}, spectrum))
    measured[0] = length[0] * float(spectrum.weight @ spectrum.mu_per_mm["water"])
    return length, measured


def water_corrected_mm(measured: Array, *, kvp: int) -> Array:
    """The water correction of a scanner: the length of water that gives the measured p.

    Model
        The inverse of p(L) of water, linear between millimetres; beyond 900 mm of water its last slope goes on.
    Returns
        mm of water, dtype of the measured values.
    Assumes
        A scanner calibrated on water of every thickness.
    Not modelled
        The polynomial of degree four or five that stands for the table in a scanner, and its own residual.
    References
        Herman 1979.
    Oracle
        Water of 160 to 400 mm stays within 1 HU (tests/physics/ct/test_ct_hardening.py).
    """
    length, curve = water_curve(kvp)
    found = np.interp(measured, curve, length)
    slope = (length[-1] - length[-2]) / (curve[-1] - curve[-2])
    return np.asarray(np.where(measured > curve[-1], length[-1] + (measured - curve[-1]) * slope, found), dtype=measured.dtype)


@dataclass(frozen=True, eq=False)
class Contents:
    """Water and cortical bone along each ray of the source, mm at their own densities."""

    water_mm: Array
    bone_mm: Array


_CONTENTS: Memory[Contents] = Memory(size=2)


def contents_of(scan: CTScan) -> Contents:
    """Water and bone of the source along each ray, computed once for each picture.

    Raises EditConflict where an edit moves the patient: bone would have to move with it.
    """
    if of_stage(scan, Stage.MATERIALS) or of_stage(scan, Stage.RAYS):
        raise EditConflict("spectrum: bone and water are those of the patient at rest; an edit that moves matter or rays was asked as well")

    def make() -> Contents:
        share = bone_share(scan.attenuating_hu(), kvp=scan.kvp)
        bone = project(share, scan.geometry, grid=scan.grid).clamp_min(0.0)
        water = (rays_of(scan) / scan.mu_water - bone_over_water(scan.kvp) * bone).clamp_min(0.0)
        return Contents(water.numpy(), bone.numpy())

    return _CONTENTS.get(origin_of(scan), (scan.grid, scan.geometry, scan.kvp), make=make)


_DEFECTS: Memory[Tensor] = Memory(size=4)


def defect_of(scan: CTScan, *, kvp: int, correction: Correction) -> Tensor:
    """What hardening makes of the source's rays: mm of water that a scanner with this correction measures, less those of a beam of one energy."""

    def make() -> Tensor:
        contents, spectrum = contents_of(scan), spectrum_of(kvp)
        measured = -np.log(attenuated({"water": contents.water_mm, "bone": contents.bone_mm}, spectrum))
        true_mm = contents.water_mm + contents.bone_mm * np.float32(spectrum.at_reference("bone") / spectrum.at_reference("water"))
        if correction == "water":
            found_mm = water_corrected_mm(measured, kvp=kvp)
        else:
            found_mm = measured * np.float32(scan.bowtie_mm / float(np.interp(scan.bowtie_mm, *water_curve(kvp))))
        return torch.from_numpy(found_mm - true_mm).to(scan.hu.dtype)

    contents_of(scan)
    return _DEFECTS.get(origin_of(scan), (scan.grid, scan.geometry, scan.kvp, scan.bowtie_mm, kvp, correction), make=make)


@dataclass(frozen=True, slots=True)
class Hardening:
    """A share `missing` of a scanner's correction left out, at a tube voltage."""

    kvp: int
    correction: Correction
    missing: float
    stage: ClassVar[IntEnum] = Stage.SPECTRUM
    rank: ClassVar[int] = 50

    def apply(self, rays: Tensor, scan: CTScan) -> Tensor:
        """rays : (view, ray) line integrals. Every event of this stage adds what is its own."""
        return rays + defect_of(scan, kvp=self.kvp, correction=self.correction) * (self.missing * scan.mu_water)


def harden_beam(scan: CTScan, missing: float, *, kvp: int = 120, correction: Correction = "water") -> CTScan:
    """Cupping, and dark bands between dense bones.

    Model
        p' = p + m (P(p_poly) - p): p_poly = -ln sum over E of w(E) exp(-mu_water(E) L_water - mu_bone(E) L_bone), the lengths from the HU of the source
        (`physics.ct.matter.bone_share`), p of a beam of one energy. P = the water correction: bone hardens more than water of its attenuation, which
        leaves bands between bones. P = a scale that is right for water of the bowtie's diameter: cupping as well.
    Parameters
        missing : m, share of the scanner's correction that is left out, 0 (the source) to 1 (none but P). kvp : 80, 100, 120 or 140, of the beam that
        hardens. correction : "water" or "none".
    Returns
        The scan with the event added. m = 0 leaves it as it was.
    Assumes
        A source that was corrected in full. A partial correction leaves a share of the whole defect.
    Not modelled
        Hardening by the bowtie filter; noise of the thinned quanta, below one per cent of the source's.
    References
        Brooks and Di Chiro 1976; Joseph and Spital 1978; Herman 1979.
    Oracle
        Cupping of water from an Abel inverse within 3 %; water stays 0 HU within 1 with the water correction; the darkest point between two bones lies on
        the line of their centres (tests/physics/ct/test_ct_hardening.py).
    Raises
        ValueError: a share outside [0, 1], an unknown correction or voltage. EditConflict: the spectrum was edited before.
    """
    if not 0.0 <= missing <= 1.0:
        raise ValueError(f"missing {missing}: a share of the correction, 0 to 1")
    if correction not in CORRECTIONS:
        raise ValueError(f"correction {correction!r}; allowed: {CORRECTIONS}")
    spectrum_of(kvp)
    if missing == 0.0:
        return scan
    require_own_spectrum(scan)
    return kernel_matched(scan).with_events(Hardening(kvp, correction, missing))


def require_own_spectrum(scan: CTScan) -> None:
    """Raise EditConflict where another edit hardens the beam already: hardening is no sum of two hardenings."""
    held = [type(event).__name__ for event in of_stage(scan, Stage.SPECTRUM) if getattr(event, "hardens", True)]
    if held:
        raise EditConflict(f"spectrum: the beam is hardened already ({held[0]}); hardenings of several edits do not add up")
