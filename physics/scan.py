"""What every scan shares: stages, events, and the one way from a scan to a picture.

A scan is a frozen description, in physical units, of everything that decides a picture. ``acquire(scan)`` is the scanner: the only place
where a picture is made. New physics adds an event type in a file of its own; ``acquire`` walks the stages and never names one.
"""

from __future__ import annotations

from enum import IntEnum
from functools import singledispatch
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from physics.pose import Pose


class EditConflict(ValueError):
    """Two edits of one scan cannot both hold: the message names the field, what it held and what was asked."""


@runtime_checkable
class Event(Protocol):
    """Something that happens to the data at one stage of the scanner. A frozen value: no state, no global randomness."""

    stage: ClassVar[IntEnum]
    rank: ClassVar[int]

    def apply(self, data: Any, scan: Any) -> Any:  # Any: each scan fixes the type of the data of its own stages
        """The data after the event. Never in place."""
        ...


@singledispatch
def moved_to(scan: Any, device: torch.device) -> Any:
    """The scan with its object on a device, where all that is made of it follows; scanners that compute on the CPU alone keep theirs.

    Assumes
        Randomness is drawn on the CPU whatever the device, so that a picture differs by rounding only.
    Oracle
        Levels and codes of every recipe beside those of the CPU (tests/conformance/test_device.py).
    """
    return scan


class Scan(Protocol):
    """What the engine may ask of any scan."""

    @property
    def events(self) -> tuple[Event, ...]:
        """What happens while the picture is taken, in any order: stage and rank decide."""
        ...

    @property
    def assumed(self) -> tuple[str, ...]:
        """What the healthy scan had to invent (phase, coil maps, depth, dither), in words for the record."""
        ...

    def mean_pose(self) -> Pose | None:
        """The pose that the degraded picture shows on average; None where nothing in this kind of scan moves the picture."""
        ...

    def at(self, pose: Pose) -> Self:
        """The same scan of the same object, held still at another pose for the whole acquisition."""
        ...


def of_stage(scan: Scan, stage: IntEnum) -> list[Event]:
    """The events of a stage by rank; equal ranks commute, so their order is that of the edits."""
    return sorted((event for event in scan.events if event.stage == stage), key=lambda event: event.rank)


def run_stage(data: Any, scan: Scan, stage: IntEnum) -> Any:
    """Walk one stage: every event of it, in the order of rank."""
    for event in of_stage(scan, stage):
        data = event.apply(data, scan)
    return data


@singledispatch
def acquire(scan: Any) -> Tensor:
    """Take the picture: MRI (row, column) magnitude in the unit of the source; CT (row, column) HU; Capture (row, column, 3) codes 0..255.

    Raises
        TypeError: no scanner is known for this kind of scan.
    """
    raise TypeError(f"no scanner takes a {type(scan).__name__}; known: {sorted(kind.__name__ for kind in acquire.registry if kind is not object)}")
