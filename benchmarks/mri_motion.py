"""Rigid motion: a pose per phase-encode line against torchio's composite of a few resampled copies."""

from __future__ import annotations

import numpy as np
import torch
import torchio

from benchmarks.timing import Row, interleave
from physics.mri import MRIScan
from physics.mri.motion import Motion
from physics.mri.volume import KeptVolume, SpatialMotion, move_volume
from physics.scan import acquire

N = 256


def _slice() -> torch.Tensor:
    """A smooth head-sized object on 256 x 256: the cost of either tool does not depend on what is in the picture."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, N),) * 2, indexing="ij")
    head = (y / 0.85) ** 2 + (x / 0.65) ** 2 < 1
    return torch.from_numpy((head * (600 + 200 * np.cos(9 * x) * np.sin(7 * y))).astype(np.float32))


def _poses(n_lines: int, n_moved: int) -> Motion:
    """A different pose for each of n_moved lines."""
    time = np.arange(n_lines) / n_lines
    moved = np.arange(n_lines) < n_moved
    shift = np.stack([3 * np.sin(11 * time), 2 * np.cos(7 * time)], axis=1) * moved[:, None]
    return Motion(shift, 4 * np.sin(5 * time + 1) * moved, time)


def _torchio(image: torch.Tensor, n_transforms: int):  # type: ignore[no-untyped-def]
    subject = torchio.Subject(image=torchio.ScalarImage(tensor=image))
    transform = torchio.RandomMotion(num_transforms=n_transforms)
    return lambda: transform(subject)


def rows() -> list[Row]:
    """Ours against torchio at equal poses, at its default of two, in a plane and in a volume."""
    torch.set_num_threads(1)
    torch.manual_seed(0)  # torchio draws its poses from torch's global generator
    image = _slice()
    volume = image[None, None]
    one, eight = MRIScan.of(image), MRIScan.of(image, n_coils=8)
    motion = _poses(N, N - 1)
    two = _torchio(volume, 2)
    plane = interleave({"ours": lambda: acquire(one.with_motion(motion)), "torchio 255": _torchio(volume, N - 1), "torchio 2": two}, rounds=7)
    # Apart from one channel: what a large contestant gives back to the system, the small one after it would have to fetch again.
    coils = interleave({"ours": lambda: acquire(eight.with_motion(motion)), "torchio 2": two}, rounds=7)
    ours = "medq_gen"
    return [
        Row("motion, 256², 255 poses, one channel, against 255 poses", ours, "torchio RandomMotion, 255", plane["ours"], plane["torchio 255"], goal=50),
        Row("motion, 256², 255 poses, one channel, against 2 poses", ours, "torchio RandomMotion, 2", plane["ours"], plane["torchio 2"], goal=1 / 1.5),
        Row("motion, 256², 255 poses, eight fixed coils (goal 100 ms)", ours, "torchio RandomMotion, 2, one channel", coils["ours"], coils["torchio 2"]),
        *_volume_rows(),
    ]


def _volume_rows() -> list[Row]:
    volume = _slice()[None].expand(160, N, N).contiguous()
    course = np.stack([np.sin(np.arange(N) * f) for f in (0.11, 0.07, 0.05)], axis=1)
    motion = SpatialMotion(2 * course, 3 * course)
    of = {"spacing_mm": (1.0, 1.0, 1.0), "phase_axis": 1}
    kept = KeptVolume.of(volume)
    calls = {
        "ours": lambda: move_volume(volume, motion, **of),
        "kept": lambda: move_volume(kept, motion, **of),
        "torchio 2": _torchio(volume[None], 2),
    }
    times, what = interleave(calls, rounds=5), "motion, 160 × 256 × 256, 256 poses, against 2 poses"
    return [
        Row(what, "medq_gen", "torchio RandomMotion, 2", times["ours"], times["torchio 2"], goal=1),
        Row(f"{what}; a further level of the volume", "medq_gen", "torchio RandomMotion, 2", times["kept"], times["torchio 2"], goal=1),
    ]
