"""Lattices of samples and their duals."""

from __future__ import annotations

import numpy as np
import pytest

from physics.mri.lattice import Lattice

LATTICES = [Lattice(2, 1, 1), Lattice(2, 2, 1), Lattice(3, 2, 1), Lattice(3, 2, 2), Lattice(2, 3, 1), Lattice(4, 1, 2), Lattice(4, 1, 1), Lattice(2, 2, 0)]


@pytest.mark.parametrize("lattice", LATTICES)
def test_aliases_are_the_dual_of_the_lattice(lattice: Lattice) -> None:
    """The transform of the samples is 1 / R at the aliases, with their sign, and 0 elsewhere; there are R of them, the place itself first."""
    n_lines, n_partitions = 12, 2 * lattice.step
    point = np.fft.ifft2(lattice.taken(n_lines, n_partitions))  # a sample that is missing hides exp(-2 pi i k d / N) of what lies d away: conjugate, real here
    expected = np.zeros((n_lines, n_partitions))
    for turn, away in lattice.aliases(n_partitions):
        expected[turn * n_lines // lattice.along, away] = 1 / lattice.step
    np.testing.assert_allclose(np.conj(point), expected, atol=1e-12)
    assert lattice.aliases(n_partitions)[0] == (0, 0)
    assert len(set(lattice.aliases(n_partitions))) == lattice.step


def test_the_two_ways_to_shear_two_by_two() -> None:
    """(2, 2, 1) moves lines from partition to partition: what folds half the slab away stays in place. (4, 1, 2) moves partitions from line to line: that half
    lies a quarter of the field away, and what folds half the field away lies in the slice itself."""
    assert set(Lattice(2, 2, 1).aliases(8)) == {(0, 0), (0, 4), (1, 2), (1, 6)}
    assert set(Lattice(4, 1, 2).aliases(8)) == {(0, 0), (1, 4), (2, 0), (3, 4)}
    every_second_line = Lattice(4, 1, 2).taken(8, 8)
    assert every_second_line.any(axis=1).tolist() == [True, False] * 4
    assert every_second_line[0].tolist() == [True, False] * 4
    assert every_second_line[2].tolist() == [False, True] * 4


@pytest.mark.parametrize("lattice", LATTICES)
def test_a_slice_enters_its_lines_by_the_share_taken(lattice: Lattice) -> None:
    """The spread over no distance is the share of the partitions of each line; on average one sample in R is taken, on lines that the step divides."""
    n_partitions = 2 * lattice.step
    np.testing.assert_allclose(lattice.spread(24, n_partitions)[:, 0], lattice.share(24, n_partitions), atol=1e-12)
    assert lattice.share(24, n_partitions).mean() == pytest.approx(1 / lattice.step)


def test_the_direction_of_the_shear() -> None:
    """Of three lines moved by one per taken partition, what lies a sixth of the slab above lies a third of the field along: 2 dz / Nz - dy / N is whole."""
    assert (1, 2) in Lattice(3, 2, 1).aliases(12)
    assert (2, 2) in Lattice(3, 2, 2).aliases(12)
    assert (1, 2) not in Lattice(3, 2, 2).aliases(12)
