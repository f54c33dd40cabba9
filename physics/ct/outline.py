"""The patient's outline in a slice: how wide it is, and whether the measured field holds all of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from physics.ct.geometry import Grid

_THIN_MM = 8.0


def bowtie_mm(body: Tensor, grid: Grid) -> float:
    """The head filter (a 200 mm cylinder) for what is narrower than 280 mm, the body filter (320 mm) for the rest."""
    columns, rows = torch.nonzero(body.any(dim=0)), torch.nonzero(body.any(dim=1))
    if not len(columns):
        return 320.0
    width_mm = float(columns.max() - columns.min() + 1) * grid.spacing_mm[1]
    height_mm = float(rows.max() - rows.min() + 1) * grid.spacing_mm[0]
    return 200.0 if max(width_mm, height_mm) < 280.0 else 320.0


def thick(body: Tensor, grid: Grid) -> Tensor:
    """What is thicker than 8 mm: the patient, but neither the table's top nor its rails."""
    rows, columns = (2 * round(_THIN_MM / 2 / spacing) + 1 for spacing in grid.spacing_mm)

    def grown(mask: Tensor) -> Tensor:
        return torch.nn.functional.max_pool2d(mask.float()[None, None], (rows, columns), stride=1, padding=(rows // 2, columns // 2))[0, 0] > 0

    return grown(~grown(~body))


def is_cut(body: Tensor, padding: Tensor) -> bool:
    """Whether more than 2 % of the rim of the measured field is body."""
    measured = torch.nn.functional.pad(~padding, (1, 1, 1, 1)).float()[None, None]
    inner = torch.nn.functional.avg_pool2d(measured, 3, stride=1)[0, 0] > 1 - 1e-6
    rim = ~padding & ~inner
    share = float(body[rim].float().mean()) if bool(rim.any()) else 0.0
    return math.isfinite(share) and share > 0.02
