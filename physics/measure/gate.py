"""How far a share speaks for one cause."""

from __future__ import annotations

import numpy as np


def gate(share: float, bounds: tuple[float, float]) -> float:
    """0 below the lower bound, 1 above the upper, linear between."""
    return float(np.clip((share - bounds[0]) / (bounds[1] - bounds[0]), 0.0, 1.0))
