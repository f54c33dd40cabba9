"""What can be put into the chain of an MRI scanner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class Reconstruction(Protocol):
    """From what the receiver delivers to one complex picture (row, column); must not look at the body or the simulating coils."""

    def __call__(self, kspace: Tensor, *, lines: Tensor | None, phase_axis: int) -> Tensor:
        """kspace: (coil, row, column), zero where not sampled, or (coil, shot, sample) of a readout; lines: bool per stored phase-encode line, None: all."""
        ...


class Readout(Protocol):
    """A path through k-space that is not line by line: radial, spiral. It knows its trajectory and how to make a picture of its samples."""

    def sample(self, kspace: Tensor) -> Tensor:
        """The spectrum of the coil pictures, (coil, row, column) uncentred and orthonormal, at the points of the path: (coil, shot, sample)."""
        ...

    def picture(self, samples: Tensor) -> Tensor:
        """One complex picture (row, column) of samples (coil, shot, sample)."""
        ...


@dataclass(frozen=True, eq=False)
class Slab:
    """The slices about the one that is shown, where the source is a volume.

    density : (slice, row, column) complex; entry `index` is the body of the scan. spacing_mm : along slice, row and column.
    """

    density: Tensor
    index: int
    spacing_mm: tuple[float, float, float]
