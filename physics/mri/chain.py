"""What can be put into the chain of an MRI scanner."""

from __future__ import annotations

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


def samples_missing(scan: Any) -> bool:
    """Whether samples were left out that the field of view asks for: lines, arms of a readout, or by an event that says so (`undersamples`)."""
    left_out = scan.lines is not None and not bool(scan.lines.all())
    return left_out or bool(getattr(scan.readout, "undersampled", False)) or any(getattr(event, "undersamples", False) for event in scan.events)


def displacement_of(scan: Any) -> Tensor:
    """Tissue drawn beside its place: the warp of a picture.

    Model
        d(r) = d_1(r) + d_2(r + d_1(r)) + ...: events in the order in which they act, each met where those before it have put the tissue. An event that draws
        tissue elsewhere says so by a method displacement_mm(scan), (2, row, column); one that has none leaves it in its place: it adds copies, weights or
        noise. Fields are straight between pixel centres and keep their outermost value beyond.
    Parameters
        scan : its events are asked, each for the scan.
    Returns
        (2, row, column) float64, mm along array axis 0 and 1: what lies at r in the body at its mean pose is drawn at r + d(r).
    Assumes
        Registration takes the mean pose away (scan.mean_pose); poses and breaths that scatter about their mean make copies and blur, and no warp.
    Not modelled
        Displacement through the slice. Where several tissues share a pixel and come apart (fat), d is that of their common centre.
    References
        None: a composition of maps.
    Oracle
        A spot under two fields, one after the other, within 0.05 px (tests/physics/mri/test_displacement.py).
    """
    total = torch.zeros((2, *scan.matrix), dtype=torch.float64)
    for event in sorted(scan.events, key=lambda event: (event.stage, event.rank)):
        if hasattr(event, "displacement_mm"):
            further = event.displacement_mm(scan).double().cpu()
            total = total + (further if not bool(total.any()) else read_at(further, total, spacing_mm=scan.spacing_mm))
    return total


def read_at(values: Tensor, displacement_mm: Tensor, *, spacing_mm: tuple[float, float]) -> Tensor:
    """A displacement field met where tissue has been moved to.

    Model
        v(r + d(r)), straight between pixel centres, the outermost value beyond.
    Parameters
        values : (2, row, column). displacement_mm : d, likewise. spacing_mm : of the pixels.
    Returns
        (2, row, column).
    Assumes
        Fields that change little from pixel to pixel.
    Not modelled
        Folds: several places that land on one.
    References
        None: linear interpolation.
    Oracle
        A spot under two fields, one after the other, within 0.05 px (tests/physics/mri/test_displacement.py).
    """
    rows, columns = (
        2 * (torch.arange(n, dtype=torch.float64).reshape(shape) + part / step) / max(n - 1, 1) - 1
        for n, shape, part, step in zip(values.shape[1:], ((-1, 1), (1, -1)), displacement_mm, spacing_mm, strict=True)
    )
    at = torch.stack([columns, rows], dim=-1)[None]
    return torch.nn.functional.grid_sample(values[None], at, mode="bilinear", padding_mode="border", align_corners=True)[0]


@dataclass(frozen=True, eq=False)
class Slab:
    """The slices about the one that is shown, where the source is a volume.

    density : (slice, row, column) complex; entry `index` is the body of the scan. spacing_mm : along slice, row and column.
    """

    density: Tensor
    index: int
    spacing_mm: tuple[float, float, float]
