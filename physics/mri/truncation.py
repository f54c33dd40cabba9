"""A matrix that ends early: ringing where it ends sharply, blur where a filter lets it fade."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import pi
from typing import ClassVar

import torch
from torch import Tensor

from physics.fourier import frequencies
from physics.measure.pair import Pair, Reading, measure
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage


def sharp_window(n: int, share: float, *, offset: float = 0.0) -> Tensor:
    """Which lines of a smaller matrix are kept, without a filter.

    Model
        1 for |f - c| <= (share n - 1) / 2, falling to 0 within one more line, c = offset (1 - share) n / 2: continuous and nested in the share; the sum is
        share n, but for half a line that -n/2 makes up where it has no partner.
    Parameters
        n : of the full matrix. share : kept. offset : -1 to 1, towards one side of k-space.
    Returns
        (frequency) weights, stored order.
    Assumes
        The centre of k-space is kept.
    Not modelled
        Apodisation (faded_window).
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 13.1.
    Oracle
        Nested, continuous, of the right sum and mean frequency (tests/physics/mri/test_truncation.py).
    """
    distance = (frequencies(n) - offset * (1 - share) * n / 2).abs()
    if n % 2 == 0:
        distance[n // 2] -= 0.5
    return ((share * n + 1) / 2 - distance).clamp(0, 1)


def faded_window(n: int, share: float, taper: float) -> Tensor:
    """Which lines of a smaller matrix are kept, under a filter that stops the ringing.

    Model
        A Tukey window over share n samples: 1 up to (1 - taper) share n / 2, falling as half a cosine to 0 at share n / 2.
    Parameters
        n : of the full matrix. share : kept. taper : 0 to 1, of the half window.
    Returns
        (frequency) weights, stored order.
    Assumes
        A filter along one axis.
    Not modelled
        Elliptical filters.
    References
        Harris 1978, 10.1109/PROC.1978.10837.
    Oracle
        1 at rest, falls without rising again, ends at M / 2 (tests/physics/mri/test_truncation.py).
    """
    end = share * n / 2
    position = ((frequencies(n).abs() - (1 - taper) * end) / (taper * end)).clamp(0, 1)
    return 0.5 * (1 + torch.cos(pi * position))


@dataclass(frozen=True, slots=True)
class Truncation:
    """What is left of each frequency along array axis 0 and 1. share : of the matrix, per axis. taper : of the filter, 0 for none. offset : of the middle of
    the lines that are taken from the centre of k-space, as a share of those that are not, -1 to 1."""

    shares: tuple[float, float]
    taper: float = 0.0
    offset: float = 0.0
    stage: ClassVar[IntEnum] = Stage.RECEIVER
    rank: ClassVar[int] = 90  # nothing is received beyond; a filter weights whatever was

    def window(self, scan: MRIScan, axis: int) -> Tensor:
        """(frequency) weights along an axis of the matrix."""
        n, share = scan.matrix[axis], self.shares[axis]
        if self.taper > 0:
            return faded_window(n, share, self.taper)
        return sharp_window(n, share, offset=self.offset if axis == scan.phase_axis else 0.0)

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column)."""
        rows, columns = (self.window(scan, axis).to(data) for axis in (0, 1))
        return data * rows[:, None] * columns[None, :]


def truncate_lines(scan: MRIScan, *, share: float, readout_share: float = 1.0, offset: float = 0.0) -> MRIScan:
    """Lines parallel to every sharp edge that the phase-encode direction crosses.

    Model
        Of N lines the central M = share N are taken and the picture keeps its grid (the others are zero): the point spread along the phase-encode
        direction is sin(pi M y / N) / (N sin(pi y / N)), its first zero N / M pixels away; a step overshoots by 8.95 % of its height, with lobes N / M
        pixels apart that fall as one over the distance. The outermost pair of lines counts with a weight between 0 and 1, so that M need not be whole.
    Parameters
        scan : the acquisition. share : of the lines, above 0, up to 1. readout_share : of the samples of a line, likewise. offset : how far the middle of
        the lines lies off the centre of k-space, as a share of the lines that are not taken, -1 to 1.
    Returns
        The scan with the event added; the scan itself where all is taken.
    Assumes
        No filter. A source that was interpolated itself holds nothing in its outer lines: giving those up changes nothing.
    Not modelled
        Averages in the time that is saved.
    Raises
        ValueError: a share or the offset out of range. EditConflict: a readout that has no lines.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 13.1; Kellner et al. 2016, 10.1002/mrm.26054 (edges between pixels).
    Oracle
        The Dirichlet kernel; overshoot of a step; nested windows; mass (tests/physics/mri/test_truncation.py).
    """
    if not -1 <= offset <= 1:
        raise ValueError(f"offset {offset} of the lines; allowed: -1 to 1")
    return _truncated(scan, Truncation((share, readout_share) if scan.phase_axis == 0 else (readout_share, share), offset=offset))


def lower_resolution(scan: MRIScan, *, shares: tuple[float, float], taper: float) -> MRIScan:
    """A coarse matrix, filtered and interpolated to the grid of the picture: blur without ringing.

    Model
        Along each axis M = share N samples are taken and weighted with a Tukey window: 1 up to (1 - taper) M / 2, falling as half a cosine to 0 at M / 2.
        The point spread is the transform of the window; at a taper of 1 (Hann) a step overshoots by less than 1 %.
    Parameters
        scan : the acquisition. shares : of the matrix, along array axis 0 and 1, above 0, up to 1. taper : above 0, up to 1.
    Returns
        The scan with the event added.
    Assumes
        The scanner interpolates by zero-filling.
    Not modelled
        Thick slices; the higher signal-to-noise ratio of a larger voxel beyond what the filter takes of the noise.
    Raises
        ValueError: share or taper out of range. EditConflict: a readout that has no matrix.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 13.1 (k-space filters); Harris 1978, 10.1109/PROC.1978.10837.
    Oracle
        A plane wave passes with the window's weight; overshoot below 3.5 % from a taper of 0.9 on (tests/physics/mri/test_truncation.py).
    """
    if not 0 < taper <= 1:
        raise ValueError(f"taper {taper} of the filter; allowed: above 0, up to 1")
    return _truncated(scan, Truncation(shares, taper))


def _truncated(scan: MRIScan, truncation: Truncation) -> MRIScan:
    if not all(0 < share <= 1 for share in truncation.shares):
        raise ValueError(f"shares {truncation.shares} of the matrix; allowed: above 0, up to 1")
    return scan if truncation.shares == (1.0, 1.0) and truncation.taper == 0 else scan.with_event(truncation)


def _windows(scan: MRIScan) -> tuple[Tensor, Tensor]:
    """Weights along array axis 0 and 1 of all truncations together."""
    rows, columns = (torch.ones(n, dtype=torch.float64) for n in scan.matrix)
    for event in scan.events:
        if isinstance(event, Truncation):
            rows, columns = rows * event.window(scan, 0), columns * event.window(scan, 1)
    return rows, columns


@measure("%")
def matrix_kept(pair: Pair) -> Reading:
    """Share of the phase-encode lines of the source's matrix that are received: M / N, each line by its weight."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    return Reading(100 * float(_windows(pair.scan)[pair.scan.phase_axis].mean()))


@measure("mm")
def point_spread_mm(pair: Pair) -> Reading:
    """Width of the point spread, the wider of both axes: its area over its peak, that is pixel spacing over the mean weight of the frequencies."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    return Reading(max(d / float(window.mean()) for d, window in zip(pair.scan.spacing_mm, _windows(pair.scan), strict=True)))
