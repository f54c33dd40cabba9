"""When each phase-encode line is taken."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Order = Literal["linear", "centric", "interleaved"]
ORDERS: tuple[Order, ...] = get_args(Order)


def line_times(n_lines: int, order: Order, *, n_shots: int = 8) -> NDArray[np.float64]:
    """The time of every stored line.

    Model
        Lines are taken at equal intervals, at times 0, 1/N, ..., (N-1)/N of the scan. linear: n = -N/2 ... N/2 - 1. centric: 0, -1, 1, -2, 2, ...
        interleaved: shot s of S takes every S-th line, s, s + S, s + 2S, ... from the edge (a segmented or multi-shot scan).
    Parameters
        n_lines : of the full matrix. order : as above. n_shots : of the interleaved order.
    Returns
        (line,) in stored order (zero frequency first).
    Assumes
        No dummy lines, no averages.
    Not modelled
        Elliptic and random orders.
    Raises
        ValueError: an order that is not known.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, sections 8.1 and 16.1.
    Oracle
        The written-out sequence for six to nine lines (tests/physics/mri/test_motion.py).
    """
    n = np.fft.ifftshift(np.arange(n_lines) - n_lines // 2)
    if order == "linear":
        rank = n
    elif order == "centric":
        rank = np.where(n < 0, -2 * n - 1, 2 * n)
    elif order == "interleaved":
        row = n + n_lines // 2
        rank = (row % n_shots) * n_lines + row // n_shots
    else:
        raise ValueError(f"order {order!r} is not known; allowed: {', '.join(ORDERS)}")
    times: NDArray[np.float64] = np.argsort(np.argsort(rank)) / n_lines
    return times
