"""Closed forms of the receiver and of sampling against torchio: spike, ghost, noise and bias field, on one slice and on a stack of slices."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torchio

from benchmarks.mri_motion import N, _slice
from benchmarks.timing import Row, interleave
from physics.mri import MRIScan
from physics.mri.coils import ReceiveField
from physics.mri.nyquist_ghost import EchoMismatch, mismatch_echoes
from physics.mri.receive import loops_around, shade
from physics.mri.spike import Spike, add_spike
from physics.mri.thermal import add_noise
from physics.scan import acquire

SLICES = 32  # a volume of torchio's with as many of ours one after another


def _ours(scans: list[MRIScan]) -> Callable[[], object]:
    return lambda: [acquire(scan) for scan in scans]


def _peer(transform: torchio.Transform, volume: torch.Tensor) -> Callable[[], object]:
    """torchio on a volume (slice, row, column): its last axis is the slice."""
    image = torchio.ScalarImage(tensor=volume.permute(1, 2, 0)[None].contiguous())  # type: ignore[no-untyped-call]
    subject = torchio.Subject(image=image)
    return lambda: transform(subject)


def _edits(scan: MRIScan, receive: ReceiveField) -> dict[str, MRIScan]:
    """The same artefact as each peer makes: one spike, a ghost half a field away, receiver noise, the field of one surface loop."""
    return {
        "spike": add_spike(scan, Spike(20, 31, 0.1 * scan.mean_tissue)),
        "ghost": mismatch_echoes(scan, EchoMismatch(10.0, 5.0)),
        "noise": add_noise(scan, sigma=0.05 * scan.mean_tissue, seed=1),
        "bias field": scan.with_receive(receive),  # one coil receives all slices
    }


def rows() -> list[Row]:
    """Each artefact: our whole chain from body to magnitude against torchio's transform of the same pixels. Coil fields are cached, as in a ladder. Not the
    same work: torchio's ghost scales planes of k-space, its noise is real and added to the magnitude, its bias field multiplies the picture."""
    torch.set_num_threads(1)
    torch.manual_seed(0)  # torchio draws from torch's global generator
    image = _slice()
    volume = torch.stack([image * (1 + 0.01 * number) for number in range(SLICES)])
    peers = {
        "spike": ("RandomSpike", torchio.RandomSpike(num_spikes=1)),
        "ghost": ("RandomGhosting", torchio.RandomGhosting(num_ghosts=(2, 2), axes=(0,), intensity=(0.5, 0.5))),
        "noise": ("RandomNoise", torchio.RandomNoise(std=30.0)),
        "bias field": ("RandomBiasField", torchio.RandomBiasField()),
    }
    healthy = MRIScan.of(image)
    receive = shade(healthy, loops_around(healthy, directions_deg=(20.0,), gap_mm=40.0, radius_mm=60.0)).receive
    assert receive is not None
    one = _edits(healthy, receive)
    stack = [_edits(MRIScan.of(part), receive) for part in volume]
    found = []
    for name, (peer, transform) in peers.items():
        goal = 30.0 if name == "bias field" else 5.0
        for what, ours, pixels, rounds in ((f"{N}²", [one[name]], image[None], 15), (f"{SLICES} × {N}²", [edits[name] for edits in stack], volume, 5)):
            times = interleave({"ours": _ours(ours), "torchio": _peer(transform, pixels)}, rounds=rounds)
            found.append(Row(f"{name}, {what}", "medq_gen", f"torchio {peer}", times["ours"], times["torchio"], goal=goal))
    return found
