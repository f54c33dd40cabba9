"""A disc of one tissue."""

from __future__ import annotations

import torch

from physics.mri import MRIScan


def disc(shape: tuple[int, int] = (91, 120), *, spacing_mm: tuple[float, float] = (2.0, 1.0)) -> MRIScan:
    """A disc of one tissue, off the centre of the picture."""
    down = (torch.arange(shape[0], dtype=torch.float64) - 40)[:, None] * spacing_mm[0]
    right = (torch.arange(shape[1], dtype=torch.float64) - 66)[None, :] * spacing_mm[1]
    return MRIScan.of(torch.where(down**2 + right**2 < 45**2, 100.0, 0.0), spacing_mm=spacing_mm, seed=2)
