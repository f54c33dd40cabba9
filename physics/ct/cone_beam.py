"""Cone beam: rays of a circular scan that cross the slices aslant, and the slice that is made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from scipy.fft import next_fast_len

from physics.ct.geometry import Array
from physics.ct.kernel import ramp_per_mm
from physics.ct.slab import Slab, between, layer_weights

_N_VIEWS = 432
_AT_A_TIME = 8  # views


@dataclass(frozen=True, slots=True)
class Cone:
    """A circular scan on the pixels of a work grid, square and about the isocentre.

    distance_mm : of the slice from the mid-plane, signed. source_mm : source to isocentre. n_px, pixel_mm : of the work grid. row_mm : height of the
    detector's rows at the isocentre; they are read twice as densely. n_views : in the turn.
    """

    distance_mm: float
    source_mm: float
    n_px: int
    pixel_mm: float
    row_mm: float
    n_views: int = _N_VIEWS

    @property
    def across_mm(self) -> Array:
        """Distance of each pixel of a line from the isocentre."""
        return (np.arange(self.n_px) - (self.n_px - 1) / 2) * self.pixel_mm

    @property
    def from_source_mm(self) -> Array:
        """(s, u) horizontal distance from the source, L: rays of a view lie at s and run along u."""
        s, u = self.across_mm[:, None], self.across_mm[None]
        return np.asarray(np.sqrt(self.source_mm**2 - s**2) + u)

    @property
    def rows_mm(self) -> Array:
        """Heights at the isocentre of the detector rows that see the slice, and of one more to either side."""
        lowest, highest = (self.distance_mm * self.source_mm / (self.source_mm + side * float(self.across_mm[-1])) for side in (1, -1))
        n_steps = max(math.ceil(abs(highest - lowest) / (self.row_mm / 2)), 1)  # as with a focal spot that flies along z
        return lowest + (highest - lowest) / n_steps * np.arange(-1, n_steps + 2)

    def turned(self, angle: float, *, back: bool) -> Array:
        """The affine map of cv2 from the picture (y, x) to a view's frame (s, u): x = s cos + u sin, y = s sin - u cos; or back."""
        c, s, middle = math.cos(angle), math.sin(angle), (self.n_px - 1) / 2
        matrix = np.array([[s, -c], [c, s]]) if back else np.array([[s, c], [-c, s]])
        return np.column_stack((matrix, middle - matrix.sum(axis=1) * middle))


def oblique_weights(cone: Cone, slab: Slab) -> Array:
    """Which slices an oblique ray meets, place by place, less the slice itself.

    Model
        The ray of row q runs at the height q L / source above the mid-plane, L the horizontal distance from the source; between slices by cubic convolution.
    Parameters
        cone : the scan. slab : layers about the slice at cone.distance_mm.
    Returns
        (s, u, slice, row) float32; each ray's weights add up to 0.
    Assumes
        Beyond the slab the body goes on as its outermost slices are.
    Not modelled
        The height of a detector row, but for the thickness of the layers.
    References
        Feldkamp, Davis and Kress 1984.
    Oracle
        Gaussian lenses along oblique rays in closed form (tests/physics/ct/test_ct_cone_beam.py).
    """
    height = cone.rows_mm[None, None] * (cone.from_source_mm[..., None] / cone.source_mm) - cone.distance_mm
    lowest, fine = float(height.min()), slab.step_mm / 512
    table = layer_weights(slab, lowest + fine * np.arange(math.ceil((float(height.max()) - lowest) / fine) + 2)).astype(np.float32)
    weights = table.T[np.rint((height - lowest) / fine).astype(np.int32)].transpose(0, 1, 3, 2)
    weights[:, :, slab.index] -= 1.0
    return np.ascontiguousarray(weights)


def oblique_rays(volume: Array, cone: Cone, weights: Array) -> Array:
    """Line integrals of oblique rays, less those of the rays that stay in the slice.

    Model
        p(view, q, s) = integral over u of mu(s, u, q L / source), by horizontal length: the cosine that weights a ray of a cone makes its length horizontal.
    Parameters
        volume : (y, x, slice), 1/mm, on the work grid; 0 beyond its circle. cone : the scan. weights : `oblique_weights`.
    Returns
        (view, row, s) float32; rays of equal views are parallel in projection, as after rebinning of each row.
    Assumes
        Bodies that the work grid resolves; it is turned by linear interpolation.
    Not modelled
        Widths of focal spot and detector.
    References
        Grass, Koehler and Proksa 2000, Phys Med Biol 45, 329 (parallel rebinning of cones); Turbell 2001.
    Oracle
        Gaussian lenses along oblique rays in closed form (tests/physics/ct/test_ct_cone_beam.py).
    """
    n, n_slices, n_rows = cone.n_px, volume.shape[2], weights.shape[3]
    matrices = torch.from_numpy(weights.reshape(n, n * n_slices, n_rows))
    out, views = np.empty((cone.n_views, n_rows, n), dtype=np.float32), np.empty((n, _AT_A_TIME, n * n_slices), dtype=np.float32)
    for first in range(0, cone.n_views, _AT_A_TIME):
        many = min(_AT_A_TIME, cone.n_views - first)
        for j in range(many):
            matrix = cone.turned(2 * math.pi * (first + j) / cone.n_views, back=False)
            views[:, j] = cv2.warpAffine(volume, matrix, (n, n), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP).reshape(n, -1)
        out[first : first + many] = torch.bmm(torch.from_numpy(views[:, :many]), matrices).permute(1, 2, 0).numpy()
    return out * np.float32(cone.pixel_mm)


def slice_of_rows(rays: Array, cone: Cone) -> Array:
    """The slice that a circular scan makes of oblique rays.

    Model
        mu(x, y) = (pi / n_views) sum over views of the filtered p at s and at the row q = distance source / L, whose ray meets the pixel in the slice; cubic
        between rows. The ramp ends as a cosine at the Nyquist frequency of the work grid, which rays along its pixels would let through unblurred.
    Parameters
        rays : (view, row, s) without unit. cone : the scan.
    Returns
        (y, x), 1/mm, float64.
    Assumes
        A full turn.
    Not modelled
        Corrections for what a circle does not measure; short scans.
    References
        Feldkamp, Davis and Kress 1984, J Opt Soc Am A 1, 612; Grass, Koehler and Proksa 2000.
    Oracle
        Gaussian lenses, pixel by pixel from closed projections without rows or work grid (tests/physics/ct/test_ct_cone_beam.py).
    """
    n, rows = cone.n_px, cone.rows_mm
    length = int(next_fast_len(2 * n, real=True))
    ramp = ramp_per_mm(length, cone.pixel_mm) * np.cos(math.pi / 2 * np.linspace(0.0, 1.0, length // 2 + 1))
    filtered = np.fft.irfft(np.fft.rfft(rays, n=length, axis=2) * ramp, n=length, axis=2)[..., :n].astype(np.float32)
    place = (cone.distance_mm * cone.source_mm / cone.from_source_mm - rows[0]) / (rows[1] - rows[0])
    first = np.clip(np.floor(place), 1, len(rows) - 3).astype(np.intp) - 1
    shares = [between(place - first - k).astype(np.float32) for k in range(4)]
    total = np.zeros((n, n), dtype=np.float64)
    for view, lines in enumerate(filtered.transpose(0, 2, 1)):
        seen = sum(share * np.take_along_axis(lines, first + k, axis=1) for k, share in enumerate(shares))
        matrix = cone.turned(2 * math.pi * view / cone.n_views, back=True)
        total += cv2.warpAffine(np.asarray(seen), matrix, (n, n), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(total * (math.pi / cone.n_views))
