"""Helical scan: a slice put together from rows that pass it at other heights, view by view."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from physics.ct.geometry import Array, Fan
from physics.ct.memory import Memory
from physics.ct.ray_blur import fan_of
from physics.ct.scan import CTScan, Stage
from physics.ct.slab import layer_weights, missing_slab, require_own_slice, slab_of, slice_rays

MOST_PITCH = {"360": 1.0, "180": 1.75}  # beyond, rows further apart than one row must be joined
_TABLE = 256  # heights per step of the slab


@dataclass(frozen=True, slots=True)
class Helix:
    """How the rows of the detector wind about the patient.

    row_mm : height of a row at the isocentre, its collimation. n_rows : of the detector. pitch : table feed per turn over the height of all rows. start_deg :
    angle of the tube at which the middle of the detector passes the slice. interpolation : "360" joins rows of equal views, "180" also those of opposite rays.
    """

    row_mm: float
    n_rows: int = 4
    pitch: float = 1.0
    start_deg: float = 0.0
    interpolation: str = "360"

    def __post_init__(self) -> None:
        if self.interpolation not in MOST_PITCH:
            raise ValueError(f"interpolation {self.interpolation!r}; allowed: {sorted(MOST_PITCH)}")
        if not (0.0 <= self.row_mm <= 20.0 and self.n_rows >= 1 and 0.2 <= self.pitch <= MOST_PITCH[self.interpolation]):
            raise ValueError(
                f"{self}: rows of 0 to 20 mm, one or more; a pitch of 0.2 to {MOST_PITCH[self.interpolation]} for {self.interpolation}-degree data"
            )

    @property
    def feed_mm(self) -> float:
        """Table feed per turn."""
        return self.pitch * self.n_rows * self.row_mm

    def readings_mm(self, fan: Fan, gamma: Array) -> Iterator[Array]:
        """(view, ray or 1) the least height at or above the slice at which a row reads each ray, 0 up to the feed: row by row, those of the views themselves
        before those of opposite rays. gamma : fan angles of the rays."""
        turns = [fan.theta()[:, None] / (2 * math.pi) - self.start_deg / 360.0]
        if self.interpolation == "180":
            turns.append(turns[0] + 0.5 + gamma[None] / math.pi)  # the opposite ray is read at beta + pi + 2 gamma
        for turn in turns:
            for row in range(self.n_rows):
                height = self.feed_mm * turn + (row - (self.n_rows - 1) / 2) * self.row_mm
                height -= self.feed_mm * np.floor(height / self.feed_mm)
                height[height > (1 - 1e-9) * self.feed_mm] = 0.0  # a reading in the slice itself is not one a turn above it
                yield height

    def joined(self, fan: Fan, gamma: Array) -> tuple[Array, Array, Array]:
        """(view, ray or 1) height of the nearest reading below the slice, of the nearest at or above it, and the share of the latter."""
        shape = (fan.n_views, len(gamma) if self.interpolation == "180" else 1)
        above, below = np.full(shape, np.inf), np.full(shape, -np.inf)
        for height in self.readings_mm(fan, gamma):
            np.minimum(above, height, out=above)
            np.maximum(below, height, out=below)
        below -= self.feed_mm
        return below, above, -below / (above - below)

    def changes_of_rows(self, fan: Fan) -> int:
        """How often in a turn another row becomes the nearest below the slice, on the central ray: as many vanes the windmill of equal views has."""
        below = self.joined(fan, np.zeros(1))[0]
        return int(np.count_nonzero(below < np.roll(below, 1)))  # a reading rises with the table until the next one, which lies lower, takes over


@dataclass(frozen=True, slots=True)
class HelicalSlice:
    """The slice is interpolated from the rows of a helix instead of being read in its own plane."""

    helix: Helix
    stage: ClassVar[IntEnum] = Stage.RAYS
    makes_slice: ClassVar[bool] = True
    rank: ClassVar[int] = 10  # what the rays pass comes before how they are aimed and what moves in them
    of_source: ClassVar[bool] = True

    def apply(self, rays: Tensor, scan: CTScan) -> Tensor:
        """rays : (view, ray)."""
        return (rays + ray_change(scan, self.helix)).clamp_min(0.0)


def ray_change(scan: CTScan, helix: Helix) -> Tensor:
    """(view, ray) how the interpolated line integrals differ from those of the slice's own plane."""
    return _joined(scan, helix).change


def vane_rays(scan: CTScan, helix: Helix) -> Tensor:
    """(view, ray) the part of it that comes and goes as rows change: less what rows that weigh alike in every view would read, which is a thick slice."""
    return _joined(scan, helix).vanes


class Joined(NamedTuple):
    """What the rows of a helix read, less the slice's own rays; and less what they read on average over the turn. (view, ray) both."""

    change: Tensor
    vanes: Tensor


_JOINED: Memory[Joined] = Memory(size=1)


def _joined(scan: CTScan, helix: Helix) -> Joined:
    return _JOINED.get(slab_of(scan).hu, (helix, scan.grid, scan.geometry, scan.kvp), make=lambda: _join(scan, helix))


def _join(scan: CTScan, helix: Helix) -> Joined:
    fan = fan_of(scan)
    slab, (below, above, share) = slab_of(scan), helix.joined(fan, fan.gamma())
    lowest, fine = float(below.min()), slab.step_mm / _TABLE
    table = layer_weights(slab, lowest + fine * np.arange(math.ceil((float(above.max()) - lowest) / fine) + 1), width_mm=helix.row_mm)
    own = slice_rays(scan, slab.index)
    low, high = (torch.from_numpy(np.rint((at - lowest) / fine).astype(np.int64)) for at in (below, above))
    upper, change, vanes = torch.from_numpy(share).to(own.dtype), torch.zeros_like(own), torch.zeros_like(own)
    for place in np.flatnonzero(np.abs(table).max(axis=1)).tolist():
        if place != slab.index:
            values = torch.from_numpy(table[place]).to(own.dtype)
            weights, difference = torch.lerp(values[low], values[high], upper), slice_rays(scan, place) - own
            change.addcmul_(weights, difference)
            vanes.addcmul_(weights - weights.mean(), difference)
    return Joined(change, vanes)


def scan_helically(scan: CTScan, helix: Helix) -> CTScan:
    """Vanes of a windmill about whatever changes from slice to slice: ribs, spine, the base of the skull.

    Model
        While the table moves by `feed` a turn, row r reads view beta at the height z = feed (beta - start) / 2 pi + (r - (n - 1) / 2) row. For each ray the
        slice is interpolated linearly between the nearest readings below and above it: p = (1 - w) p(z_low) + w p(z_high), each the mean over the height of a
        row. 180-degree data add the opposite ray, read at beta + pi + 2 gamma. As the gantry turns the slice drifts through the gap between two rows, over and
        over: where the body is not linear in z, interpolation errs by a share that comes and goes as often as rows change, and sharply where they do.
    Parameters
        helix : rows, pitch, start and interpolation. The slab must reach as far as a row is high.
    Returns
        The scan with the event; rows of 0 mm leave it as it was. What changes bears the kernel of the source already and is reconstructed without one.
    Assumes
        Rays in the plane of their row's height (single-slice rebinning): few rows. Beyond the slab the body goes on as its outermost slices are.
    Not modelled
        Cone angle, z-filters wider than two readings, a focal spot that flies in z.
    References
        Crawford and King 1990, Med Phys 17, 967; Hu 1999, Med Phys 26, 5; Silver, Taguchi, Hein et al. 2003 (windmills).
    Oracle
        Interpolated line integrals of Gaussian balls from a list of all readings; upright and linear bodies are kept; vanes as often as rows change; the
        pattern turns with the start (tests/physics/ct/test_ct_helical.py).
    Raises
        ValueError: no slab, or one that ends within a row. EditConflict: parallel beam, or a slice that is made otherwise already.
    """
    if helix.row_mm == 0:
        return scan
    fan_of(scan)
    if reason := missing_slab(scan, helix.row_mm):
        raise ValueError(reason)
    require_own_slice(scan, helix)
    return scan.with_events(HelicalSlice(helix))
