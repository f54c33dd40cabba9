"""Afterglow: a scintillator that still shines with the views before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from physics.ct.dose import counted
from physics.ct.geometry import Array, Parallel
from physics.ct.scan import CTScan, Stage
from physics.scan import EditConflict


@lru_cache(maxsize=16)
def lag_transfer(n_views: int, parts: tuple[tuple[float, float], ...], view_ms: float) -> Array:
    """What the afterglow makes of each harmonic of a turn: 1 - sum a_i + sum a_i (1 - q_i) / (1 - q_i exp(-i omega)), q_i = exp(-view / tau_i)."""
    turned = np.exp(-2j * np.pi * np.arange(n_views // 2 + 1) / n_views)
    out = np.full(turned.shape, 1.0 - sum(share for share, _ in parts), dtype=np.complex128)
    for share, tau_ms in parts:
        kept = np.exp(-view_ms / tau_ms)
        out += share * (1 - kept) / (1 - kept * turned)
    return out


@dataclass(frozen=True, slots=True)
class Afterglow:
    """Parts of each view's light that come late, and how late.

    parts : (share, time constant in ms) of each. view_ms : time from view to view. sense : 1 where the gantry turns towards higher views, -1 where it turns the
    other way.
    """

    parts: tuple[tuple[float, float], ...]
    view_ms: float
    sense: Literal[1, -1]
    stage: ClassVar[IntEnum] = Stage.DETECTOR
    rank: ClassVar[int] = 20  # light, before gains and electronics

    def apply(self, signal: Tensor, scan: CTScan) -> Tensor:
        """signal : (view, ray), quanta."""
        transfer = lag_transfer(signal.shape[0], self.parts, self.view_ms)
        transfer = transfer if self.sense == 1 else transfer.conj()
        harmonics = torch.fft.rfft(signal, dim=0)
        late: Tensor = torch.fft.irfft(harmonics * torch.from_numpy(transfer).to(harmonics.dtype)[:, None], n=signal.shape[0], dim=0)
        return late


def add_afterglow(scan: CTScan, glow: Afterglow) -> CTScan:
    """Shades that lean with the turn of the gantry beside high contrast, most at the skin and far from the isocentre.

    Model
        y_n = (1 - sum a_i) x_n + sum a_i (1 - q_i) sum over m of q_i^m x_{n-m}, q_i = exp(-view / tau_i): of each view's light a share a_i comes late, with the
        time constant tau_i; none is lost. The tube has been on for turns, so the turn is periodic. Light is mixed before the logarithm: a ray behind the
        body that saw air a moment ago reads far too bright.
    Parameters
        glow : parts of it, time from view to view, sense of the turn.
    Returns
        The scan with the event added; shares of 0 leave it as it was.
    Assumes
        The same scintillator in all channels; no correction for lag.
    Not modelled
        The first turn after the tube was switched on; channels that differ (they make arcs of rings).
    References
        Hsieh, Gurmen and King 2000 (recursive correction of afterglow); Siewerdsen and Jaffray 1999 (flat panels).
    Oracle
        Step response in closed form, sum of the light, nothing for a centred cylinder, mirrored by the sense (tests/physics/ct/test_ct_afterglow.py).
    Raises
        ValueError: shares outside of 0 to 1 in all, times that are not positive. EditConflict: a parallel beam, which has no order in time over a turn, or
        afterglow twice: give all its parts at once.
    """
    shares = [share for share, _ in glow.parts]
    if min(shares, default=0.0) < 0 or sum(shares) >= 1 or min([tau for _, tau in glow.parts] + [glow.view_ms]) <= 0 or glow.sense not in (1, -1):
        raise ValueError(f"{glow}: shares of 0 to below 1 in all, positive times, sense 1 or -1")
    if isinstance(scan.geometry, Parallel):
        raise EditConflict("geometry: afterglow needs the views of a full turn in the order of time")
    if not any(shares):
        return scan
    if any(isinstance(event, Afterglow) for event in scan.events):
        raise EditConflict("afterglow: there is some already; give all its parts at once")
    return counted(scan).with_events(glow)
