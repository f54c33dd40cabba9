"""Encoding in a field that is not flat: along one axis every place answers as if it lay elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from math import pi, sqrt

import torch
from torch import Tensor

from physics.fourier import positions, to_picture
from physics.nufft import from_frequencies
from physics.scan import EditConflict, Event

FINER = 4  # points a pixel along the bent axis: tissue that is stretched by less stays whole
EPS = 1e-6  # of the sum over places


def bent(kspace: Tensor, shift_px: Tensor, *, axis: int, finer: int = FINER) -> Tensor:
    """What is received when off-resonance adds to a gradient.

    Model
        K'[n, m] = sum over places of x(y, x) exp(-2 pi i (n (y + d(y, x)) / N + m x / M)), n along the bent axis: the encoding matrix of each column
        (or row) with its own displacement d = df N t_line (or df / BW), no interpolation: tissue pushed together adds up, tissue pulled apart thins out.
        Places are `finer` points a pixel of the band-limited picture; d is linear between pixel centres.
    Parameters
        kspace : (coil, row, column) in a flat field, uncentred. shift_px : d (row, column), in pixels, positive towards higher indices. axis : 0 or 1, the
        bent one. finer : points a pixel along it.
    Returns
        (coil, row, column) k-space, of the precision given.
    Assumes
        Decay is the same at all places.
    Not modelled
        Displacement along the other axis, variation of d within a pixel across the bent axis.
    References
        Jezzard and Balaban 1995, 10.1002/mrm.1910340111; Munger et al. 2000, IEEE Trans. Med. Imaging 19, 681 (the encoding matrix per column).
    Oracle
        Constant d is a shift; the double sum itself; total signal is kept; density is 1 / |1 + d'| (tests/physics/mri/test_epi.py).
    """
    size, other = kspace.shape[1 + axis], kspace.shape[2 - axis]
    n_fine = size * finer
    if kspace.shape[1:] != shift_px.shape:
        raise ValueError(f"shift_px {tuple(shift_px.shape)} is not on the matrix {tuple(kspace.shape[1:])}")
    wide = torch.zeros((len(kspace), n_fine, other), dtype=torch.complex128, device=kspace.device)
    columns = kspace.to(torch.complex128).movedim(1 + axis, 1)
    low, high = size - size // 2, size // 2  # stored frequencies 0 .. low - 1, then -high .. -1
    wide[:, :low], wide[:, n_fine - high :] = columns[:, :low], columns[:, size - high :]
    places = to_picture(wide)  # (coil, fine place, column)
    at = positions(n_fine) / finer
    moved = at[:, None] + _between(shift_px.double().cpu().movedim(axis, 0), at + size // 2)
    turns = torch.stack([-2 * pi * moved / size, (-2 * pi * positions(other) / other).expand(n_fine, -1)])
    # from_frequencies divides by (N M)^(1/2), to_picture by (finer N M)^(1/2); places are counted `finer` times
    found = from_frequencies(places.flatten(1), turns.flatten(1), grid=(size, other), eps=EPS) / sqrt(finer)
    stored: Tensor = torch.fft.ifftshift(found, dim=(-2, -1)).movedim(1, 1 + axis).to(kspace)
    return stored


def along_axis(shift_px: Tensor, *, axis: int, spacing_mm: tuple[float, float]) -> Tensor:
    """(2, row, column) in mm of a displacement in pixels along one array axis."""
    parts = [torch.zeros_like(shift_px), torch.zeros_like(shift_px)]
    parts[axis] = shift_px * spacing_mm[axis]
    return torch.stack(parts)


def require_timing(events: Iterable[Event], timing: str) -> None:
    """Refuse a field that acts within each line beside one that acts from line to line: each stands for a sequence of its own (their `timing`)."""
    for event in events:
        held = getattr(event, "timing", timing)
        if held != timing:
            raise EditConflict(f"sequence: {type(event).__name__} belongs to lines taken {held}, and lines taken {timing} were asked for")


def _between(values: Tensor, at: Tensor) -> Tensor:
    """Rows of a picture at fractional row numbers, straight between rows, the outer rows kept beyond."""
    at = at.clamp(0, len(values) - 1)
    low = at.floor().long().clamp(max=max(len(values) - 2, 0))
    share = (at - low)[:, None]
    between: Tensor = values[low] * (1 - share) + values[(low + 1).clamp(max=len(values) - 1)] * share
    return between
