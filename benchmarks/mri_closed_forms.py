"""Closed forms of the receiver and of sampling against torchio, on one slice and on a stack of slices."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import torch
import torchio

from benchmarks.mri_motion import N, _slice
from benchmarks.timing import Row, interleave
from physics.mri import MRIScan
from physics.mri.coils import ReceiveField
from physics.mri.dc_offset import Offset, offset_receiver
from physics.mri.nyquist_ghost import EchoMismatch, mismatch_echoes
from physics.mri.receive import loops_around, shade
from physics.mri.spike import Spike, add_spike
from physics.mri.thermal import add_noise
from physics.mri.wrap import fold
from physics.mri.zipper import Interference, Station, add_interference
from physics.scan import acquire

SLICES = 160  # a volume of torchio's with as many of ours one after another


def _ours(scans: list[MRIScan]) -> Callable[[], object]:
    return lambda: [acquire(scan) for scan in scans]


def _new_grain(scans: list[MRIScan]) -> Callable[[], object]:
    """Noise of a seed that was never drawn before, in every slice."""
    seeds = count(1000)
    return lambda: [acquire(add_noise(scan, sigma=0.05 * scan.mean_tissue, seed=next(seeds))) for scan in scans]


def _peer(transform: torchio.Transform, volume: torch.Tensor) -> Callable[[], object]:
    """torchio on a volume (slice, row, column): its last axis is the slice."""
    image = torchio.ScalarImage(tensor=volume.permute(1, 2, 0)[None].contiguous())  # type: ignore[no-untyped-call]
    subject = torchio.Subject(image=image)
    return lambda: transform(subject)


def _edits(scan: MRIScan, receive: ReceiveField) -> dict[str, MRIScan]:
    """The same artefact as each peer makes (one spike, a ghost half a field away, receiver noise, the field of one surface loop), and three without a peer."""
    return {
        "spike": add_spike(scan, Spike(20, 31, 0.1 * scan.mean_tissue)),
        "ghost": mismatch_echoes(scan, EchoMismatch(10.0, 5.0)),
        "zipper": add_interference(scan, Interference((Station(30.3, 0.5 * scan.mean_tissue),), seed=1)),
        "DC offset": offset_receiver(scan, Offset(scan.mean_tissue)),
        "wrap": fold(scan, share=0.8),
        "noise, grain of the ladder": add_noise(scan, sigma=0.05 * scan.mean_tissue, seed=1),
        "bias field": scan.with_receive(receive),  # one coil receives all slices
    }


def rows() -> list[Row]:
    """Each artefact: our whole chain from body to magnitude against torchio's transform of the same pixels. Coil fields, and the phases of a zipper, are
    cached, as in a ladder; so is the grain, where it says so. Not the same work: torchio's ghost scales planes of k-space, its noise is real and added to the
    magnitude, its bias field multiplies the picture. Zipper, DC offset and wrap have no peer there and stand against its spike."""
    torch.set_num_threads(1)
    torch.manual_seed(0)  # torchio draws from torch's global generator
    image = _slice()
    volume = torch.stack([image * (1 + 0.01 * number) for number in range(SLICES)])
    # num_spikes=1 means none or one there: half of its calls would do nothing.
    spike, noise = torchio.RandomSpike(num_spikes=(1, 1)), torchio.RandomNoise(std=30.0)
    peers = {
        "spike": ("RandomSpike", spike),
        "ghost": ("RandomGhosting", torchio.RandomGhosting(num_ghosts=(2, 2), axes=(0,), intensity=(0.5, 0.5))),
        "zipper": ("RandomSpike", spike),
        "DC offset": ("RandomSpike", spike),
        "wrap": ("RandomSpike", spike),
        "noise, grain of the ladder": ("RandomNoise", noise),
        "noise, new grain": ("RandomNoise", noise),
        "bias field": ("RandomBiasField", torchio.RandomBiasField()),
    }
    healthy = MRIScan.of(image)
    receive = shade(healthy, loops_around(healthy, directions_deg=(20.0,), gap_mm=40.0, radius_mm=60.0)).receive
    assert receive is not None
    one = _edits(healthy, receive)
    slices = [MRIScan.of(part) for part in volume]
    stack = [_edits(scan, receive) for scan in slices]
    found = []
    for name, (peer, transform) in peers.items():
        goal = 30.0 if name == "bias field" else 5.0
        for what, chosen, scans, pixels, rounds in ((f"{N}²", [one], [healthy], image[None], 41), (f"{SLICES} × {N}²", stack, slices, volume, 3)):
            ours = _new_grain(scans) if name == "noise, new grain" else _ours([edits[name] for edits in chosen])
            times = interleave({"ours": ours, "torchio": _peer(transform, pixels)}, rounds=rounds)
            found.append(Row(f"{name}, {what}", "medq_gen", f"torchio {peer}", times["ours"], times["torchio"], goal=goal))
    return found
