"""What can be put into the chain of an MRI scanner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from physics.scan import EditConflict, Event


class Reconstruction(Protocol):
    """From what the receiver delivers to one complex picture (row, column); must not look at the body or the simulating coils."""

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """kspace: (coil, row, column), zero where not sampled, or (coil, shot, sample) of a readout; lines: bool per stored phase-encode line, None: all."""
        ...


class Readout(Protocol):
    """A path through k-space that is not line by line: radial, spiral. It knows its trajectory and how to make a picture of its samples. A value: equal
    readouts are one readout."""

    def sample(self, kspace: Tensor) -> Tensor:
        """The spectrum of the coil pictures, (coil, row, column) uncentred and orthonormal, at the points of the path: (coil, shot, sample).

        Samples come in units of white noise: where the path is read m times as densely as the field of view asks for, the bandwidth is m times as wide,
        and values are divided by m^(1/2), so that the noise of a receiver has one deviation for lines and for every path.
        """
        ...

    def picture(self, samples: Tensor) -> Tensor:
        """One complex picture (row, column) of samples (coil, shot, sample)."""
        ...


@runtime_checkable
class ClosedForm(Event, Protocol):
    """An event between coils and picture that also knows what it makes of the coil pictures, with no transform or a shorter one.

    `apply` on k-space says what the event is; `in_picture` must equal to_picture(apply(to_kspace(pictures), scan), scan) up to rounding.
    """

    def in_picture(self, pictures: Tensor, scan: Any) -> Tensor:  # Any: the scan module imports this one
        """The coil pictures (coil, row, column), complex, after the event. Never in place."""
        ...


def require_any_path(readout: Readout | None, events: tuple[Event, ...]) -> None:
    """Refuse events that know k-space by its lines where it is read along another path.

    Model
        Events of the encoding and of the receiver see lines and columns; those that hold for whatever path say so by a class variable any_path = True.
    Raises
        EditConflict: an event needs lines and the readout has none.
    """
    if readout is not None:
        for event in events:
            if event.stage.name in {"ENCODING", "RECEIVER"} and not getattr(event, "any_path", False):
                raise EditConflict(f"readout: {type(event).__name__} acts on lines of k-space, and {type(readout).__name__} has none")


def moved_by_events(scan: Any) -> Callable[[], Tensor] | None:
    """The warp of a picture, (2, row, column) in mm along array axis 0 and 1: what lies at r is shown at r + d(r).

    Model
        The sum over events that know their displacement, event.displacement_mm(scan); zero where nothing happens and nothing moves.
    Returns
        A function without arguments, or None where something may warp the picture and does not say how far.
    """
    known = [event for event in scan.events if hasattr(event, "displacement_mm")]
    if known:
        return lambda: torch.stack([event.displacement_mm(scan) for event in known]).sum(dim=0)
    return None if scan.events or scan.motion is not None else lambda: torch.zeros((2, *scan.matrix), dtype=torch.float64)


@dataclass(frozen=True, eq=False)
class Slab:
    """The slices about the one that is shown, where the source is a volume.

    density : (slice, row, column) complex; entry `index` is the body of the scan. spacing_mm : along slice, row and column.
    """

    density: Tensor
    index: int
    spacing_mm: tuple[float, float, float]
