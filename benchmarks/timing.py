"""Interleaved timing: every contestant once a round, so that a machine whose speed drifts is fair to all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians over the rounds, in milliseconds, of one call."""

    cpu_ms: float
    wall_ms: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: ours against one peer at one task. goal: the ratio peer / ours that we ask of ourselves, in CPU time."""

    task: str
    ours: str
    peer: str
    ours_ms: Timing
    peer_ms: Timing
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """CPU time of the peer over ours: above 1 we are faster."""
        return self.peer_ms.cpu_ms / self.ours_ms.cpu_ms


def interleave(contestants: Mapping[str, Callable[[], object]], *, rounds: int = 7, warm_up: int = 1) -> dict[str, Timing]:
    """Time all contestants in turn, `rounds` times after a warm-up.

    Returns the medians of CPU time (all threads of this process) and wall time per contestant.
    """
    cpu: dict[str, list[float]] = {name: [] for name in contestants}
    wall: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(warm_up + rounds):
        for name, call in contestants.items():
            wall_start, cpu_start = time.perf_counter(), time.process_time()
            call()
            cpu_end, wall_end = time.process_time(), time.perf_counter()
            if turn >= warm_up:
                cpu[name].append(1e3 * (cpu_end - cpu_start))
                wall[name].append(1e3 * (wall_end - wall_start))
    return {name: Timing(statistics.median(cpu[name]), statistics.median(wall[name])) for name in contestants}


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| task | ours, CPU / wall ms | peer | peer, CPU / wall ms | peer : ours (CPU) | goal |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        goal = "" if row.goal is None else f"≥ {row.goal:g}"
        lines.append(
            f"| {row.task} | {row.ours_ms.cpu_ms:.1f} / {row.ours_ms.wall_ms:.1f} | {row.peer} | {row.peer_ms.cpu_ms:.1f} / {row.peer_ms.wall_ms:.1f} "
            f"| {row.ratio:.2f} | {goal} |"
        )
    return "\n".join(lines)
