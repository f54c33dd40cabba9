"""Channel aliasing: a detector whose channels are too far apart for what they see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physics.ct.dose import kernel_matched
from physics.ct.geometry import Array
from physics.ct.scan import CTScan, Stage
from physics.ct.slab import between
from physics.scan import EditConflict


@lru_cache(maxsize=16)
def coarse_rows(n_channels: int, centre: float, pitch: float, offset: float) -> Array:
    """(channel, channel) what a detector with channels `pitch` times as far apart makes of a view, read back on the channels of the fine one.

    Its channels lie at centre + (j + offset) pitch; between them the computer goes straight from one to the next.
    """
    first = int(np.ceil(-centre / pitch - offset)) - 1
    places = centre + (np.arange(first, first + int(np.ceil(n_channels / pitch)) + 3) + offset) * pitch
    straight = np.maximum(1.0 - np.abs(np.arange(n_channels)[:, None] - places) / pitch, 0.0)
    return straight @ between(places[:, None] - np.arange(n_channels))


@dataclass(frozen=True, slots=True)
class CoarseChannels:
    """Channels `pitch` times as far apart as those of the scanner, each as narrow as before; offset : of the one next to the centre, in the coarse pitch."""

    pitch: float
    offset: float
    stage: ClassVar[IntEnum] = Stage.LOG
    rank: ClassVar[int] = 7  # where channels are comes before what becomes of their readings

    def apply(self, measured: Tensor, scan: CTScan) -> Tensor:
        """measured : (view, ray) line integrals."""
        n = measured.shape[1]
        centre = (n - 1) / 2 - getattr(scan.geometry, "offset", 0.0)
        return measured @ torch.from_numpy(coarse_rows(n, centre, self.pitch, self.offset)).to(measured.dtype).T


def space_channels(scan: CTScan, pitch: float, *, offset: float) -> CTScan:
    """Fine parallel lines that fan out from sharp edges into a herring-bone.

    Model
        A view is read at places `pitch` channels apart by channels as narrow as before, and joined by straight lines: frequencies above 1 / (2 pitch) fold
        down to 1 / pitch - nu before anything can take them out. At an offset of a quarter the views of opposite sides read between each other's places and
        their first aliases cancel; at 0 or a half they read the same places and all of it stays.
    Parameters
        pitch : distance of the channels over that of the scanner's own, 1 to 10. offset : of the channel next to the central ray, in the coarse pitch.
    Returns
        The scan with the event added; a pitch of 1 leaves it as it was.
    Assumes
        An aperture smaller than the pitch, and a focal spot that is not moved between views.
    Not modelled
        A coarse aperture, which blurs before it samples.
    References
        Brooks, Glover, Talbert, Eisner and DiBianca 1979; Peters and Lewitt 1977 (quarter offset).
    Oracle
        A wave of frequency nu comes back at 1 / pitch - nu; smooth objects stay; a quarter offset takes the first alias out
        (tests/physics/ct/test_ct_channel_aliasing.py).
    Raises
        ValueError: a pitch below 1 or above 10. EditConflict: the channels were spaced already.
    """
    if not 1.0 <= pitch <= 10.0:
        raise ValueError(f"pitch {pitch}: 1 to 10 times the scanner's own")
    if pitch == 1.0:
        return scan
    if any(isinstance(event, CoarseChannels) for event in scan.events):
        raise EditConflict(f"channels: spaced already, a pitch of {pitch} was asked; space them once")
    return kernel_matched(scan).with_events(CoarseChannels(pitch, offset))
