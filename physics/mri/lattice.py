"""Lattices of samples over lines and partitions, and what folds onto what under them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physics.fourier import frequencies


@dataclass(frozen=True, slots=True)
class Lattice:
    """Which samples (line, partition) are taken: partitions that `across` divides, and of those every `along`-th line, moved by `shift` lines from one taken
    partition to the next.

    (4, 1, 2) is every second line, of which every second partition, moved by one partition from line to line: 2 x 2 with a shift of 1 along the partitions.
    """

    along: int
    across: int
    shift: int

    @property
    def step(self) -> int:
        """One sample in so many is taken."""
        return self.along * self.across

    def taken(self, n_lines: int, n_partitions: int) -> NDArray[np.bool_]:
        """(line, partition), both stored uncentred."""
        line, partition = (frequencies(n).numpy().astype(np.int64) for n in (n_lines, n_partitions))
        on: NDArray[np.bool_] = (partition[None] % self.across == 0) & ((line[:, None] + self.shift * (partition[None] // self.across)) % self.along == 0)
        return on

    def spread(self, n_lines: int, n_partitions: int) -> NDArray[np.complex128]:
        """(line, distance) how much of a slice `distance` partitions above (modulo the slab) enters each line of a slice; a slice enters its own by the share
        of partitions that are taken there."""
        k, d = frequencies(n_partitions).numpy(), np.arange(n_partitions, dtype=np.float64)
        turn = np.exp(-2j * np.pi * np.outer(k, d) / n_partitions)
        return np.asarray(self.taken(n_lines, n_partitions) @ turn / n_partitions, dtype=np.complex128)

    def share(self, n_lines: int, n_partitions: int) -> NDArray[np.float64]:
        """(line,) share of the partitions that are taken."""
        each: NDArray[np.float64] = self.taken(n_lines, n_partitions).mean(axis=1)
        return each

    def aliases(self, n_partitions: int) -> tuple[tuple[int, int], ...]:
        """What folds onto a place: so many parts N / along of the lines and so many partitions away, the place itself first. The dual of the lattice."""
        unit = n_partitions // self.step
        pairs = [(turn, unit * ((part * self.along + self.shift * turn) % self.step)) for turn in range(self.along) for part in range(self.across)]
        return tuple(pairs)
