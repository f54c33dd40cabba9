"""Where ghosts lie: what a factor per phase-encode line does to a picture."""

from __future__ import annotations

import torch
from torch import Tensor

DISCRETE = 0.25  # share of the ghosts' energy that the strongest pair must hold for a distance to be named


def ghost_weights(factor: Tensor) -> Tensor:
    """The copies that a factor per stored line makes.

    Model
        K[n] -> c[n] K[n] gives x'[y] = sum_d g[d] x[y - d] with g[d] = N^-1 sum_n c[n] exp(+2 pi i n d / N): a copy at each distance d along phase encoding.
    Parameters
        factor : (line,) in stored order, zero frequency first.
    Returns
        (distance,) complex weight at 0, 1, ..., -1 pixels.
    Assumes
        The whole matrix is sampled.
    Not modelled
        Factors that vary along the readout.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 1.1 (shift theorem).
    Oracle
        A cosine gives two copies of a half (tests/physics/mri/test_pulsation.py).
    """
    weights: Tensor = torch.fft.ifft(factor)
    return weights


def ghost_distance(course: Tensor) -> int | None:
    """How far a ghost lies from its object.

    Model
        The distance at which ghost_weights of the course are largest, the shorter way round; named only where that pair of copies and their neighbours hold a
        quarter of what is copied.
    Parameters
        course : (line,) of a periodic change, stored order.
    Returns
        Pixels along phase encoding, or None.
    Assumes
        The whole matrix is sampled.
    Not modelled
        Copies of higher order, which are fainter.
    References
        Wood and Henkelman 1985, Med. Phys. 12, 143.
    Oracle
        f TR N pixels, twice as far at twice the TR (tests/physics/mri/test_respiration.py, test_pulsation.py).
    """
    n = len(course)
    energy = ghost_weights(course).abs().square()
    energy[0] = 0.0
    strongest = int(energy.argmax())
    near = {(side * strongest + off) % n for side in (-1, 1) for off in (-1, 0, 1)}
    total = float(energy.sum())
    if total == 0 or float(energy[sorted(near)].sum()) < DISCRETE * total:
        return None
    return min(strongest, n - strongest)
