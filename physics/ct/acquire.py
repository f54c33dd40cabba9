"""The CT scanner: from a scan to a slice in HU. Only what differs from the source is reconstructed, and added to it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from physics.ct.beam import bowtie, tube_current
from physics.ct.fbp import reconstruct
from physics.ct.geometry import FAN
from physics.ct.memory import Memory
from physics.ct.projector import project
from physics.ct.scan import STORED_LOW_HU, CTScan, Stage
from physics.ct.spectrum import hu_change, mu_of
from physics.scan import acquire, of_stage, run_stage

FLOOR_QUANTA = 0.5  # the logarithm needs a positive signal
STORED_HU = (STORED_LOW_HU, 3071.0)  # what 12 bits hold
PLENTY = 1e12  # quanta of a scan in which nobody counts them
_TINY = 1e-30


@dataclass(frozen=True, eq=False)
class Beam:
    """What the source's own scan looks like before any noise, per quantum of N0.

    rays : (view, ray) line integrals p. air : (view, ray) m(view) b(ray). expected : air exp(-p). logged : what the detector with its crosstalk makes of p.
    """

    rays: Tensor
    air: Tensor
    expected: Tensor
    logged: Tensor


_RAYS: Memory[Tensor] = Memory(size=2)
_BEAMS: Memory[Beam] = Memory(size=2)


def origin_of(scan: CTScan) -> Tensor:
    """What the rays of the source follow from, and what is kept with: measured rays where they are of the scan's geometry, else the picture."""
    return scan.measured_rays if scan.measured_rays is not None and scan.geometry == FAN else scan.hu


def rays_of(scan: CTScan) -> Tensor:
    """The line integrals of the source: measured ones where the scan has them, else those of its picture, without noise and computed once."""
    if (origin := origin_of(scan)) is not scan.hu:
        return origin
    return _RAYS.get(scan.hu, (scan.grid, scan.geometry, scan.kvp), make=lambda: through(mu_of(scan.attenuating_hu(), mu_water=scan.mu_water), scan))


def through(mu: Tensor, scan: CTScan) -> Tensor:
    """Line integrals; the ringing of sharp edges may not make matter that amplifies."""
    return project(mu, scan.geometry, grid=scan.grid).clamp_min(0.0)


def beam_of(scan: CTScan) -> Beam:
    """The source's own scan without noise, computed once for each picture and scanner."""

    def make() -> Beam:
        rays = rays_of(scan)
        filter_ = bowtie(scan.geometry, diameter_mm=scan.bowtie_mm, mu_water=scan.mu_water).to(rays.dtype)
        air = tube_current(rays, modulation=scan.modulation) * filter_
        expected = (air * torch.exp(-rays)).clamp_min(_TINY)
        return Beam(rays, air, expected, -torch.log(shared(expected, crosstalk=scan.crosstalk) / air))

    return _BEAMS.get(origin_of(scan), (scan.grid, scan.geometry, scan.kvp, scan.bowtie_mm, scan.modulation, scan.crosstalk), make=make)


def shared(quanta: Tensor, *, crosstalk: float) -> Tensor:
    """Neighbouring channels share light: each gives a part to both neighbours (the outermost keep what would leave the detector).

    quanta : (view, ray). Sums are kept. Applied to quanta, before the electronics and the logarithm, so it makes noise coarser and hardly blurs the signal.
    """
    if crosstalk == 0:
        return quanta
    out = (1 - 2 * crosstalk) * quanta
    out[:, 1:] += crosstalk * quanta[:, :-1]
    out[:, :-1] += crosstalk * quanta[:, 1:]
    out[:, 0] += crosstalk * quanta[:, 0]
    out[:, -1] += crosstalk * quanta[:, -1]
    return out


def _quanta_of(scan: CTScan) -> float:
    """N0; where nothing counts quanta or disturbs the detector, so many that the floor of the logarithm is out of reach."""
    if scan.n0 is not None:
        return scan.n0
    if of_stage(scan, Stage.QUANTA) or of_stage(scan, Stage.DETECTOR):
        raise ValueError("n0 is None: give the scan its quanta (physics.ct.dose.counted) before quanta are counted")
    return PLENTY


def _seen(rays: Tensor, scan: CTScan) -> tuple[Tensor, Tensor | None]:
    """The rays after their stage, and how far they differ because the source's own picture was seen otherwise (moved, blurred).

    Events say so by `of_source`. The picture bears its kernel already: what it gains and loses there is reconstructed without one, or the kernel would count
    twice, and fine detail would stay where it was.
    """
    own = None
    for event in of_stage(scan, Stage.RAYS):
        after = event.apply(rays, scan)
        if getattr(event, "of_source", False):
            own = after - rays if own is None else own + (after - rays)
        rays = after
    return rays, own


@acquire.register
def acquire_ct(scan: CTScan) -> Tensor:
    """The slice of a scan.

    Model
        x = x_source + (1000 / mu_water) R(p' - p): p is what the rays of the source give without noise, p' what they give with all events in their stages, R
        the linear reconstruction with the scan's kernel, or without one for what RAYS events change of the source's own picture (`of_source`).
        p' = -ln(max(y, 1/2) / (dose N0 air)), y the signal of the detector.
    Parameters
        scan : a CTScan; n0 must be known where quanta or the detector have events.
    Returns
        (row, column), HU, dtype of the source. Without events the source itself, bit for bit. Padding comes back as it was; the rest is held within what 12
        bits store (or the source's own range where that is wider).
    Assumes
        A linear reconstruction.
    Not modelled
        Iterative reconstruction; filters that look at the data.
    References
        Yu et al. 2012 (insertion); Hsieh 2015, Computed Tomography (the chain).
    Oracle
        Identity without events, padding, and the oracles of each event (tests/physics/ct/test_ct_scan.py).
    Raises
        ValueError: events need quanta, and n0 is None.
    """
    if not scan.events:
        return scan.hu.clone()
    n0 = _quanta_of(scan)
    beam = beam_of(scan)
    rays, quanta, own = beam.rays, beam.expected * n0, None
    if any(of_stage(scan, stage) for stage in (Stage.MATERIALS, Stage.RAYS, Stage.SPECTRUM)):
        if of_stage(scan, Stage.MATERIALS):
            mu = run_stage(mu_of(scan.attenuating_hu(), mu_water=scan.mu_water), scan, Stage.MATERIALS)
            rays = through(mu, scan)
        rays, own = _seen(rays, scan)
        rays = run_stage(rays, scan, Stage.SPECTRUM)
        quanta = beam.air * torch.exp(-rays) * n0
    signal = run_stage(shared(run_stage(quanta, scan, Stage.QUANTA), crosstalk=scan.crosstalk), scan, Stage.DETECTOR)
    measured = -torch.log(signal.clamp_min(FLOOR_QUANTA) / (beam.air * (scan.dose * n0)))
    residual = run_stage(measured, scan, Stage.LOG) - beam.logged
    reconstructed = reconstruct(residual if own is None else residual - own, scan.geometry, grid=scan.grid, kernel=scan.kernel)
    if own is not None:
        reconstructed = reconstructed + reconstruct(own, scan.geometry, grid=scan.grid)
    change = hu_change(reconstructed, mu_water=scan.mu_water)
    change = run_stage(change, scan, Stage.RECONSTRUCTION)
    low, high = min(STORED_HU[0], float(scan.hu.min())), max(STORED_HU[1], float(scan.hu.max()))
    picture = (scan.hu + change).clamp(low, high)
    return picture if scan.padding is None else torch.where(scan.padding, scan.hu, picture)
