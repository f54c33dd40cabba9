"""`python -m benchmarks.ct_peers`: our fan projector against two that are not from this project's dependencies, where they are at hand.

* ASTRA's CPU projector (GPL-3, so never a dependency): `pip install astra-toolbox`, in an environment made for the benchmark.
* The distance-driven projector of XCIST, in C (BSD-3): unpack its source distribution (`pip download --no-binary :all: --no-deps gecatsim`), compile one file
  of it, `gcc -O3 -march=native -ffast-math -shared -fPIC gecatsim/clib_build/src/DD2Proj.c -o libdd2.so -lm`, and set MEDQ_GEN_DD2 to the library's path.

Picture, views and channels are ours (512 x 512, 984 x 888); ASTRA's detector is flat, of the same pitch. Errors are of the line integrals of the Gaussian
phantom.
"""

from __future__ import annotations

import ctypes
import math
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.ct_projector import GRID, N_PX, Array, error, picture, rays, rays_of
from benchmarks.timing import Row, interleave, table
from physics.ct.geometry import FAN
from physics.ct.projector import project

Call = Callable[[], Any]  # Any: peers return arrays of their own


def astra_flat() -> tuple[Call, Array] | None:
    """ASTRA's line projector on a flat detector, and the line integrals that it should find; None where it is not installed."""
    try:
        import astra
    except ImportError:
        return None
    beta = FAN.theta()
    flat = astra.create_proj_geom("fanflat", FAN.channel_mm, FAN.n_channels, -beta, FAN.source_mm, FAN.detector_mm - FAN.source_mm)
    projector = astra.create_projector("line_fanflat", flat, astra.create_vol_geom(N_PX, N_PX))
    image = picture().astype(np.float32)

    def call() -> Any:
        name, found = astra.create_sino(image, projector)
        astra.data2d.delete(name)
        return found

    gamma = np.arctan((np.arange(FAN.n_channels) - (FAN.n_channels - 1) / 2) * FAN.channel_mm / FAN.detector_mm)
    return call, rays(beta[:, None] + gamma[None], FAN.source_mm * np.sin(gamma)[None])


def distance_driven() -> tuple[Call, Array] | None:
    """XCIST's projector on our equiangular detector, and the line integrals along its channels; None where MEDQ_GEN_DD2 names no library."""
    path = os.environ.get("MEDQ_GEN_DD2")
    if not path:
        return None
    library, gamma = ctypes.CDLL(path), FAN.gamma()
    image, views = picture().astype(np.float32), (-FAN.theta()).astype(np.float32)
    channels = (FAN.detector_mm * np.sin(gamma)).astype(np.float32), (FAN.detector_mm * np.cos(gamma) - FAN.source_mm).astype(np.float32)  # x, and y upwards
    number, pointer = ctypes.c_float, np.ctypeslib.ndpointer(np.float32, flags="C_CONTIGUOUS")
    whole = ctypes.c_int
    library.DD2FanProj.argtypes = [whole, number, number, pointer, pointer, number, number, pointer, whole, pointer, whole, whole, pointer]

    def call() -> Any:
        found = np.zeros((FAN.n_views, FAN.n_channels), np.float32)
        library.DD2FanProj(FAN.n_channels, 0.0, -FAN.source_mm, *channels, 0.0, 0.0, views, FAN.n_views, found, N_PX, N_PX, image)
        return found

    return call, rays_of(FAN)


def rows(*, rounds: int = 7) -> list[Row]:
    """A line for each peer at hand; errors go to stderr, and a peer that is more accurate is an error."""
    single = torch.tensor(picture(), dtype=torch.float32)
    calls: dict[str, Call] = {"ours": lambda: project(single, FAN, grid=GRID)}
    ours = error(np.asarray(calls["ours"]()), rays_of(FAN))
    goals = {"ASTRA line_fanflat": (astra_flat(), 20.0), "XCIST distance-driven (C)": (distance_driven(), 8.0)}
    errors = {}
    for name, (peer, _) in goals.items():
        if peer is None:
            print(f"{name}: not at hand (see the head of benchmarks/ct_peers.py)", file=sys.stderr)
            continue
        calls[name], errors[name] = peer[0], error(peer[0](), peer[1])
    print(f"relative error on Gaussians: ours {ours:.1e}, " + ", ".join(f"{name} {value:.1e}" for name, value in errors.items()), file=sys.stderr)
    if any(not math.isfinite(value) or value < ours for value in errors.values()):
        raise RuntimeError(f"speed must not cost accuracy: ours {ours}, peers {errors}")
    times = interleave(calls, rounds=rounds)
    size = f"{N_PX}², {FAN.n_views} x {FAN.n_channels}"
    return [
        Row(f"CT line integrals, fan, {size} (error {ours:.0e}; peer {value:.0e})", "project", name, times["ours"], times[name], goals[name][1])
        for name, value in errors.items()
    ]


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(table(rows()))
