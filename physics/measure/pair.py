"""What a measure looks at: a degraded picture beside its registered reference, and how both are shown."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from physics.display import Canonical, Display, canonical
from physics.modality import Modality

Array: TypeAlias = NDArray[Any]  # Any: float32 or float64 as the picture is, bool for masks


def array(values: Tensor) -> Array:
    """The values as NumPy sees them, without a copy where they lie in memory already."""
    return np.asarray(values.detach().cpu().numpy())


@dataclass(frozen=True, slots=True)
class View:
    """How a case is shown and where its object lies.

    modality, anatomy : "mri", "head". display : the named transfer from native values to codes. mask : (row, column) bool, the object (body,
    tissue, field of view) on the native grid. spacing_mm : pixel spacing along axis 0 and 1, None where the source states none.
    """

    modality: Modality
    anatomy: str
    display: Display
    mask: Tensor
    spacing_mm: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Pair:
    """A degraded picture beside its reference, both native (MRI magnitude, HU, codes 0..255), already registered.

    healthy, scan : the scans that made them, for measures that need the physics (a displacement field); None in an independent re-measurement.
    """

    reference: Tensor
    degraded: Tensor
    view: View
    healthy: Any = None  # Any: a Scan of whatever modality
    scan: Any = None

    @cached_property
    def canonical_reference(self) -> Canonical:
        """The reference on the canonical picture: luma codes, long edge 512."""
        return canonical(self.reference, self.view.display, self.view.mask)

    @cached_property
    def canonical_degraded(self) -> Canonical:
        """The degraded picture on the canonical picture."""
        return canonical(self.degraded, self.view.display, self.view.mask)

    def against(self, degraded: Tensor, *, scan: Any = None) -> Pair:
        """Another degraded picture beside the same reference. What was worked out on the reference is kept, so a ladder pays for it once."""
        other = replace(self, degraded=degraded, scan=scan)
        other.__dict__["canonical_reference"] = self.canonical_reference
        return other


@dataclass(frozen=True, slots=True)
class Place:
    """Where an effect lies. All shares and boxes are of the object.

    box : row0, column0, row1, column1 as shares of the picture's height and width. region : words of the closed list in physics.measure.place
    ("upper left", "centre", "periphery", "along the columns", ...). share : the share of the effect that lies in that region.
    """

    box: tuple[float, float, float, float]
    region: str
    share: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a measure found. value None: the measure is not defined here, and reason says why."""

    value: float | None
    reason: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A named number with a unit, read off a pair."""

    name: str
    unit: str
    about: str
    function: Callable[[Pair], float | Reading]

    def __reduce__(self) -> tuple[Callable[[str, str], Measure], tuple[str, str]]:
        """Travels by the place where it is declared: the name there is that of the measure, no longer of the bare function."""
        return _declared, (self.function.__module__, self.function.__qualname__)

    def __call__(self, pair: Pair) -> Reading:
        """The reading; never raises for a picture on which the measure is not defined."""
        found = self.function(pair)
        if isinstance(found, Reading):
            return found
        return Reading(float(found)) if found == found and abs(found) != float("inf") else Reading(None, f"{self.name} is not finite here")


def _declared(module: str, name: str) -> Measure:
    found = getattr(importlib.import_module(module), name)
    assert isinstance(found, Measure)
    return found


def measure(unit: str) -> Callable[[Callable[[Pair], float | Reading]], Measure]:
    """Make a function of a pair a named measure: its name, and the first line of its docstring, are the measure's."""

    def declared(function: Callable[[Pair], float | Reading]) -> Measure:
        about = (function.__doc__ or "").strip().splitlines()[0]
        return Measure(name=function.__name__, unit=unit, about=about, function=function)

    return declared
