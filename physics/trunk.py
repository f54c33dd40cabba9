"""The trunk and its breathing wall: what slices across it have in common, whichever scanner takes them."""

from __future__ import annotations

from math import pi

import numpy as np
import torch
from torch import Tensor

TRUNK_MM = 260.0  # from side to side; no head is that wide (99th percentile of heads: 17 cm wide, 22 cm long), few adult trunks are narrower
ACROSS = 1.2  # a trunk is wider than deep; heads, and trunks cut lengthwise, are not


def wall_share(support: Tensor) -> Tensor:
    """How much of the displacement of a breathing wall each place shares, in a slice across the trunk with its front towards row 0.

    Model
        w = cos^2(pi d / 2) (1 - x^4). d : depth below the highest skin over the depth of the front of the spine, six tenths of the body's, held within 0 and
        1; x : distance from the middle over half the width, held within 0 and 1.
    Parameters
        support : (row, column) bool, the body.
    Returns
        (row, column) float64: 1 at the highest skin and in the air before it, 0 from the spine on and beside the flanks.
    Assumes
        The back lies on a table.
    Not modelled
        Sliding of organs along the wall, movement along the body, breathing with the ribs alone.
    References
        Lujan et al. 1999, Med. Phys. 26, 715 (the course in time; the share is a smooth choice between a free wall and a resting spine).
    Oracle
        A block of stated rows and columns, value by value (tests/physics/test_trunk.py).
    Raises
        ValueError: an empty body.
    """
    rows, columns = np.nonzero(support.cpu().numpy())
    if len(rows) == 0:
        raise ValueError("the picture is empty: there is no wall to move")
    top, depth = int(rows.min()), max(0.6 * float(rows.max() - rows.min()), 1.0)
    middle, half = (columns.min() + columns.max()) / 2, max((columns.max() - columns.min()) / 2, 1.0)
    down = np.clip((np.arange(support.shape[0]) - top) / depth, 0, 1)
    across = np.clip(np.abs(np.arange(support.shape[1]) - middle) / half, 0, 1)
    return torch.from_numpy(np.cos(pi / 2 * down[:, None]) ** 2 * (1 - across[None, :] ** 4))


def no_outline_of_trunk(support: Tensor, *, spacing_mm: tuple[float, float]) -> str | None:
    """Why an outline is not that of a slice across a trunk with its front inside the picture; None where it is.

    Model
        At least 260 mm wide, 1.2 times as wide as deep, and the skin towards row 0 lies inside the picture over the middle half of its width.
    Parameters
        support : (row, column) bool, the body. spacing_mm : axis 0, axis 1.
    Returns
        A reason, or None.
    Assumes
        The spacing is right; the picture is turned as readers turn it.
    Not modelled
        Small children; slices lengthwise, in which breathing shows as well.
    References
        Gordon et al. 2014, Anthropometric survey of U.S. Army personnel (breadth of head, chest and waist).
    Oracle
        Drawn outlines of stated size (tests/physics/test_trunk.py).
    """
    rows, columns = np.nonzero(support.cpu().numpy())
    if len(rows) == 0:
        return "the picture is empty"
    depth, width = float(np.ptp(rows) + 1) * spacing_mm[0], float(np.ptp(columns) + 1) * spacing_mm[1]
    if width < TRUNK_MM or width < ACROSS * depth:
        return f"breathing moves the wall of a trunk; this body is {width:.0f} mm wide and {depth:.0f} mm deep, not a slice across a trunk"
    middle = np.abs(columns - (columns.min() + columns.max()) / 2) <= np.ptp(columns) / 4
    return "the front of the trunk lies outside the picture" if int(rows[middle].min()) == 0 else None
