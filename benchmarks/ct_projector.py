"""CT: line integrals and filtered backprojection of 512 x 512 against scikit-image at equal views, and a low-dose re-acquisition."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.transform import iradon, radon

from benchmarks.timing import Row, interleave, table
from physics.ct import CTScan, lower_dose
from physics.ct.fbp import reconstruct
from physics.ct.geometry import FAN, Fan, Geometry, Grid, Parallel
from physics.ct.kernel import STANDARD
from physics.ct.projector import project
from physics.scan import acquire

N_PX, N_VIEWS = 512, 900
GRID = Grid((N_PX, N_PX), (1.0, 1.0))
PARALLEL = Parallel(n_views=N_VIEWS, n_channels=N_PX, channel_mm=1.0)
CENTRE_PX = 0.5  # scikit-image turns about N // 2, we about (N - 1) / 2
# x, y (mm, y down), standard deviation, peak; practically band-limited, so the error is the projector's
GAUSSIANS = tuple((180 * math.cos(2.4 * i) * (i / 22) ** 0.5, 180 * math.sin(2.4 * i) * (i / 22) ** 0.5, 4.0 + 0.4 * i, 0.5 + 0.05 * i) for i in range(22))

Array = NDArray[Any]  # Any: the peer's precision is its own


def picture(centre_mm: float = 0.0) -> Array:
    """The phantom, its origin shifted by half a pixel for the peer's centre."""
    y, x = GRID.centred_mm()
    y, x = y - centre_mm, x - centre_mm
    return np.asarray(sum(a * np.exp(-((x[None] - cx) ** 2 + (y[:, None] - cy) ** 2) / (2 * w * w)) for cx, cy, w, a in GAUSSIANS), dtype=np.float64)


def rays(theta: Array, s: Array) -> Array:
    """Its line integrals."""
    return np.asarray(
        sum(a * math.sqrt(2 * math.pi) * w * np.exp(-((s - cx * np.cos(theta) - cy * np.sin(theta)) ** 2) / (2 * w * w)) for cx, cy, w, a in GAUSSIANS),
        dtype=np.float64,
    )


def rays_of(geometry: Geometry) -> Array:
    """Line integrals along the rays of a geometry."""
    fan_angle = geometry.gamma()[None] if isinstance(geometry, Fan) else np.zeros((1, geometry.n_channels))
    return rays(geometry.theta()[:, None] + fan_angle, geometry.s_mm()[None])


def error(found: Array, expected: Array) -> float:
    """Root mean square error over root mean square."""
    return float(np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2)))


def _contestants() -> tuple[dict[str, Callable[[], object]], dict[str, float]]:
    """What is timed, and the error of each on the phantom."""
    single = torch.tensor(picture(), dtype=torch.float32)
    sinogram = torch.tensor(rays_of(PARALLEL), dtype=torch.float32)
    fan_sinogram = torch.tensor(rays_of(FAN), dtype=torch.float32)
    degrees = np.degrees(PARALLEL.theta())
    # the peer: rows run up against our y, its detector is sampled at k - N // 2
    peer_picture = picture(CENTRE_PX).astype(np.float32)
    s = (np.arange(N_PX) - N_PX // 2).astype(np.float64)
    peer_rays = rays(-PARALLEL.theta()[None], s[:, None]).astype(np.float32)
    scan = CTScan.of(single * 0 - 1000 + 1000 * (single > 0.05), spacing_mm=(0.8, 0.8), n0=3e5, kernel=STANDARD)
    peer_iradon: Callable[..., Array] = iradon  # untyped in scikit-image
    peer_radon: Callable[..., Array] = radon
    seeds = iter(range(10**6))
    calls: dict[str, Callable[[], object]] = {
        "project": lambda: project(single, PARALLEL, grid=GRID),
        "radon": lambda: peer_radon(peer_picture, degrees, circle=True),
        "reconstruct": lambda: reconstruct(sinogram, PARALLEL, grid=GRID),
        "iradon": lambda: peer_iradon(peer_rays, degrees, circle=True, filter_name="ramp"),
        "project, fan": lambda: project(single, FAN, grid=GRID),
        "reconstruct, fan": lambda: reconstruct(fan_sinogram, FAN, grid=GRID),
        "low dose, fan": lambda: acquire(lower_dose(scan, 0.1, seed=next(seeds))),
    }
    y, x = GRID.centred_mm()
    inside = np.hypot(y[:, None], x[None]) < 250
    truth, peer_truth = picture(), picture(CENTRE_PX)
    errors = {
        "project": error(np.asarray(calls["project"]()), rays_of(PARALLEL)),
        "radon": error(np.asarray(calls["radon"]()), peer_rays),
        "reconstruct": error(np.asarray(calls["reconstruct"]())[inside], truth[inside]),
        "iradon": error(np.asarray(calls["iradon"]())[inside], peer_truth[inside]),
        "project, fan": error(np.asarray(calls["project, fan"]()), rays_of(FAN)),
        "reconstruct, fan": error(np.asarray(calls["reconstruct, fan"]())[inside], truth[inside]),
    }
    return calls, errors


def rows(*, rounds: int = 7) -> list[Row]:
    """The table's lines; errors on the phantom go to stderr, and a peer that is more accurate is an error."""
    calls, errors = _contestants()
    print("relative error on Gaussians: " + ", ".join(f"{name} {value:.1e}" for name, value in errors.items()), file=sys.stderr)
    if errors["project"] > errors["radon"] or errors["reconstruct"] > errors["iradon"]:
        raise RuntimeError(f"speed must not cost accuracy: {errors}")
    times = interleave(calls, rounds=rounds)
    size = f"{N_PX}², {N_VIEWS} views"
    return [
        Row(
            f"CT line integrals, {size} (error {errors['project']:.0e}; peer {errors['radon']:.0e})",
            "project",
            "scikit-image radon",
            times["project"],
            times["radon"],
            50,
        ),
        Row(
            f"CT filtered backprojection, {size} (error {errors['reconstruct']:.0e}; peer {errors['iradon']:.0e})",
            "reconstruct",
            "scikit-image iradon",
            times["reconstruct"],
            times["iradon"],
            12,
        ),
        Row(f"CT line integrals, fan {FAN.n_views} x {FAN.n_channels}", "project", "scikit-image radon, 900 x 512", times["project, fan"], times["radon"]),
        Row(
            f"CT filtered backprojection, fan {FAN.n_views} x {FAN.n_channels}",
            "reconstruct",
            "scikit-image iradon, 900 x 512",
            times["reconstruct, fan"],
            times["iradon"],
        ),
        Row("CT low dose, one re-acquisition, 512², fan", "acquire", "scikit-image iradon alone", times["low dose, fan"], times["iradon"]),
    ]


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(table(rows()))
