"""From native values to what a reader sees: named windows, 8-bit codes, the canonical picture."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Display:
    """A named linear window: native `low` shows as code 0, `high` as code 255. Colour pictures are codes already: low 0, high 255."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Canonical:
    """The canonical picture: luma in codes 0..255 (float, not rounded), long edge 512; mask of the object on the same grid."""

    luma: Tensor
    mask: Tensor


def canonical(native: Tensor, display: Display, mask: Tensor) -> Canonical:
    raise NotImplementedError
