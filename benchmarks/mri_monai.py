"""Artefacts that MONAI has too: spike, Gibbs ringing, Rician noise and bias field, on one slice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from monai.transforms import GibbsNoise, KSpaceSpikeNoise, RandBiasField, RandRicianNoise

from benchmarks.mri_motion import N, _slice
from benchmarks.timing import Row, interleave
from physics.mri import MRIScan
from physics.mri.receive import loops_around, shade
from physics.mri.spike import Spike, add_spike
from physics.mri.thermal import add_noise
from physics.mri.truncation import truncate_lines
from physics.scan import acquire

ROUNDS = 41


def rows() -> list[Row]:
    """Our whole chain from body to magnitude against MONAI's transform of the same pixels. Not the same work: MONAI's spike is a factor on the logarithm of
    k-space, its Gibbs noise a ball that leaves most of a slice as it was, its bias field a random polynomial; ours draws a new grain each time."""
    torch.set_num_threads(1)
    image = _slice()
    healthy, picture = MRIScan.of(image), image[None].contiguous()
    tissue = healthy.mean_tissue
    spiked = add_spike(healthy, Spike(20, 31, 0.1 * tissue))
    truncated = truncate_lines(healthy, share=0.5)
    shaded = shade(healthy, loops_around(healthy, directions_deg=(20.0,), gap_mm=40.0, radius_mm=60.0))
    seeds = iter(range(10**6))
    ours: dict[str, Callable[[], object]] = {
        "spike": lambda: acquire(spiked),
        "Gibbs ringing": lambda: acquire(truncated),
        "noise, new grain": lambda: acquire(add_noise(healthy, sigma=0.05 * tissue, seed=next(seeds))),
        "bias field": lambda: acquire(shaded),
    }
    peers: dict[str, Callable[[torch.Tensor], object]] = {
        "spike": KSpaceSpikeNoise(loc=(N // 2 + 20, N // 2 + 31), k_intensity=12.0),
        "Gibbs ringing": GibbsNoise(alpha=0.5),
        "noise, new grain": RandRicianNoise(prob=1.0, std=0.05 * tissue),
        "bias field": RandBiasField(prob=1.0),
    }
    found = []
    for name, peer in peers.items():
        times = interleave({"ours": ours[name], "MONAI": partial(peer, picture)}, rounds=ROUNDS)
        found.append(Row(f"{name}, {N}²", "medq_gen", f"MONAI {type(peer).__name__}", times["ours"], times["MONAI"]))
    return found
