"""`python -m benchmarks.slices`: acquired and reconstructed MRI slices a second on two processes of one thread each.

From a healthy scan that is ready to its magnitude picture: edit, coils, encoding, noise of a new seed, reconstruction. On a machine that others use too, wall
time says little: two cores take 2 / (CPU seconds a slice) slices a second.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from multiprocessing import get_context

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # before numpy and torch are imported

WORKERS = 2
SECONDS = 4.0  # that each process works at each task, after a warm-up
TASKS = {  # what is acquired, and how many of it a second we ask of two cores
    "one channel, noise": 100.0,
    "one channel, 255 poses and noise": 100.0,
    "eight coils, noise, root sum of squares": 10.0,
    "eight coils, 255 poses and noise, root sum of squares": 10.0,
    "eight coils, every second line, noise, SENSE": 10.0,
}


def spent(task: str) -> tuple[int, float, float, float]:
    """One process: slices taken in SECONDS, their CPU seconds, when it began and when it ended."""
    import numpy as np
    import torch

    from benchmarks.mri_motion import N, _poses, _slice
    from physics.mri import MRIScan
    from physics.mri.sense import Sense
    from physics.mri.thermal import add_noise
    from physics.scan import acquire

    torch.set_num_threads(1)
    healthy = MRIScan.of(_slice(), n_coils=8 if task.startswith("eight") else 1)
    sigma = 0.05 * healthy.mean_tissue
    lines = torch.from_numpy((np.arange(N) % 2 == 0) | (np.abs(np.fft.fftfreq(N, 1 / N)) < 12))

    def take(seed: int) -> object:
        scan = healthy
        if "poses" in task:
            scan = scan.with_motion(_poses(N, N - 1))
        if "SENSE" in task:
            scan = scan.with_lines(lines).with_reconstruction(Sense())
        return acquire(add_noise(scan, sigma=sigma, seed=seed))

    for seed in range(3):
        take(seed)
    taken, began, before = 0, time.monotonic(), time.process_time()
    while time.monotonic() < began + SECONDS or taken < 20:
        take(1000 + taken)
        taken += 1
    return taken, time.process_time() - before, began, time.monotonic()


def main() -> int:
    """Print the table, a row as soon as it is known."""
    print("| 256² slices | CPU ms a slice | slices/s on two free cores | slices/s here, wall | goal |\n| --- | --- | --- | --- | --- |", flush=True)
    with get_context("spawn").Pool(WORKERS) as pool:
        for task, goal in TASKS.items():
            found = pool.map(spent, [task] * WORKERS, chunksize=1)
            cpu_s = statistics.mean(cpu / taken for taken, cpu, _, _ in found)
            here = sum(taken / (end - began) for taken, _, began, end in found)
            print(f"| {task} | {1e3 * cpu_s:.2f} | {WORKERS / cpu_s:.0f} | {here:.0f} | ≥ {goal:g} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
