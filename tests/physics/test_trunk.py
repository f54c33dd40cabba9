"""The breathing wall of a trunk: its share value by value, and which outlines are taken for one."""

from __future__ import annotations

import math

import pytest
import torch

from physics.trunk import no_outline_of_trunk, wall_share


def block(shape: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]) -> torch.Tensor:
    """A support that holds the rows and columns from first to last, both included."""
    found = torch.zeros(shape, dtype=torch.bool)
    found[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1] = True
    return found


def test_the_share_is_written_out() -> None:
    """Skin in row 12, back in row 52: the spine 24 rows below the skin. Columns 9 to 40: the middle between two pixels, the flanks 15.5 away."""
    share = wall_share(block((60, 55), (12, 52), (9, 40)))
    assert share.dtype == torch.float64
    for row, column in ((5, 20), (12, 24), (12, 30), (18, 24), (24, 11), (30, 40), (35, 25), (36, 24), (50, 24), (20, 3), (20, 50)):
        depth, across = min(max((row - 12) / 24, 0), 1), min(abs(column - 24.5) / 15.5, 1)
        assert float(share[row, column]) == pytest.approx(math.cos(math.pi / 2 * depth) ** 2 * (1 - across**4), abs=1e-12)
    assert float(share[12, 24]) > 0.99999
    assert float(share[12, 9]) == float(share[12, 40]) == 0.0


def test_a_single_pixel_has_a_wall_of_its_own() -> None:
    """Less than a row deep and a column wide count as one: the spine lies one row below, the flanks one column beside."""
    share = wall_share(block((7, 7), (3, 3), (2, 2)))
    assert float(share[3, 2]) == 1.0
    assert float(share[4].abs().max()) < 1e-12
    assert float(share[3, 1]) == float(share[3, 3]) == 0.0


@pytest.mark.parametrize(
    ("rows", "columns", "spacing_mm", "reason"),
    [
        ((5, 54), (10, 74), (4.0, 4.0), None),  # 200 deep, 260 wide: exactly the least
        ((5, 54), (10, 73), (4.0, 4.0), "256 mm wide"),
        ((5, 69), (10, 87), (4.0, 4.0), None),  # 260 deep, 312 wide: exactly 1.2 times
        ((5, 69), (10, 86), (4.0, 4.0), "308 mm wide and 260 mm deep"),
        ((5, 54), (10, 74), (4.3, 4.0), None),  # 215 deep
        ((5, 54), (10, 74), (4.0, 3.9), "254 mm wide and 200 mm deep"),
        ((5, 54), (10, 74), (5.0, 4.0), "260 mm wide and 250 mm deep"),
        ((0, 49), (10, 74), (4.0, 4.0), "outside the picture"),
    ],
)
def test_outlines_of_stated_size(rows: tuple[int, int], columns: tuple[int, int], spacing_mm: tuple[float, float], reason: str | None) -> None:
    """At least 260 mm wide, 1.2 times as wide as deep, the front inside the picture; the spacing of each axis counts for itself."""
    found = no_outline_of_trunk(block((100, 100), rows, columns), spacing_mm=spacing_mm)
    assert found == reason if reason is None else reason in (found or "")


@pytest.mark.parametrize(("column", "cut"), [(25, False), (26, True), (58, True), (59, False)])
def test_only_the_middle_of_the_front_must_lie_inside(column: int, cut: bool) -> None:
    """An arm that leaves the picture is no front: columns up to a quarter of the width from the middle count, 26 to 58 of 10 to 74."""
    support = block((100, 100), (5, 49), (10, 74))
    support[:5, column] = True
    assert (no_outline_of_trunk(support, spacing_mm=(4.0, 4.0)) is not None) is cut


def test_nothing_is_no_trunk() -> None:
    """An empty picture has no wall: an error for its share, a reason for its outline."""
    empty = torch.zeros((8, 9), dtype=torch.bool)
    with pytest.raises(ValueError, match="no wall to move"):
        wall_share(empty)
    assert no_outline_of_trunk(empty, spacing_mm=(1.0, 1.0)) == "the picture is empty"
