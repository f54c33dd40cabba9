"""Vessels in a magnitude picture: bright, compact, round; or a drawn place where none is bright."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from physics.mri.scan import MRIScan

Array = NDArray[np.float64]
RADII_MM = (2.0, 12.0)  # a carotid to an aorta
N_RADII = 9
BRIGHT = 1.6  # over mean tissue
STANDS_OUT = 1.8  # over what lies about it
COMPACT = 0.85  # share of the filled shape that a disc of equal moments has
ROUND = 0.75  # least ratio of the axes
ALONE = 0.85  # share of the ring that is below half way
RIM_PX = 1.0  # of a soft edge


@dataclass(frozen=True, slots=True)
class Vessel:
    """A vessel that runs through the slice. centre_mm : from the centre pixel along array axis 0 and 1. radius_mm : of its lumen. found : whether the
    picture shows it bright; else its lumen is drawn and holds fresh blood as bright as mean tissue."""

    centre_mm: tuple[float, float]
    radius_mm: float
    found: bool = True


def lumen(scan: MRIScan, vessel: Vessel) -> Tensor:
    """(row, column) real in [0, 1]: 1 in the lumen, falling to 0 over one pixel at its rim."""
    where, distance = _near(scan, vessel)
    inside = torch.zeros(scan.matrix, dtype=scan.body.density.real.dtype)
    inside[where] = ((vessel.radius_mm - distance) / (RIM_PX * min(scan.spacing_mm)) + 0.5).clamp(0, 1).to(inside)
    return inside.to(scan.body.density.device)


def blood(scan: MRIScan, density: Tensor, vessel: Vessel) -> Tensor:
    """(row, column) complex: the part of a density that is blood of this vessel; where the vessel is drawn, mean tissue with the phase of the place and the
    blunt profile of arterial flow, 1 - (r / radius)^4."""
    inside = lumen(scan, vessel)
    if vessel.found:
        return density * inside
    mean = (density * inside).sum()
    phase = mean / mean.abs() if float(mean.abs()) > 0 else torch.ones_like(mean)
    where, distance = _near(scan, vessel)
    inside[where] *= (1 - (distance / vessel.radius_mm) ** 4).clamp(min=0).to(inside)
    return scan.mean_tissue * phase * inside


def _near(scan: MRIScan, vessel: Vessel) -> tuple[tuple[slice, slice], Tensor]:
    """Rows and columns about a vessel, and the distance from its axis there in millimetres."""
    places, windows = [], []
    for n, step, centre in zip(scan.matrix, scan.spacing_mm, vessel.centre_mm, strict=True):
        middle, reach = centre / step + n // 2, vessel.radius_mm / step + 2
        first, last = max(int(middle - reach), 0), min(int(middle + reach) + 1, n)
        windows.append(slice(first, max(last, first)))
        places.append((torch.arange(first, max(last, first), dtype=torch.float64) - n // 2) * step - centre)
    return (windows[0], windows[1]), torch.hypot(places[0][:, None], places[1][None, :])


def bright_vessels(scan: MRIScan) -> tuple[Vessel, ...]:
    """Bright compact round spots inside the body: what a vessel with inflow looks like in cross-section.

    Model
        Scale-normalised Laplacian of Gaussians of the magnitude at radii of 2 to 12 mm (sigma = r / sqrt 2), local maxima over place and scale, strongest
        first. A maximum stays if (1) the mean within 0.7 r is at least 1.6 times mean tissue and 1.8 times the mean of the ring from 1.4 r to 2 r; (2) the
        piece above half way between the two, about the maximum, has axes (from its second moments) of ratio 0.75 or more, fills at least 0.85 of the ellipse
        of those moments, and its radius is 0.5 to 1.6 r; 85 % of the ring are below half way; (3) it lies in the body, its ring too; (4) it overlaps no
        stronger one.
    Parameters
        scan : the acquisition; its body at rest.
    Returns
        Vessels, the brightest against its ring first; empty where none is bright. The radius is that of a disc of the piece's area.
    Assumes
        Vessels that run through the slice; a long one in the plane is no spot.
    Not modelled
        Anatomy: a bright round node or cyst passes as well.
    References
        Lindeberg 1998, 10.1023/A:1008045108935 (scale selection).
    Oracle
        Drawn discs are found to half a pixel; bars, rims, dark discs and plain tissue are not (tests/physics/mri/test_vessel.py).
    """
    magnitude = scan.body.density.abs().double().cpu().numpy()
    inside = scan.body.support.cpu().numpy()
    spacing = np.asarray(scan.spacing_mm)
    if scan.mean_tissue <= 0:
        return ()
    radii = np.geomspace(max(RADII_MM[0], 1.2 * float(spacing.max())), RADII_MM[1], N_RADII)
    sigmas = [radius / np.sqrt(2) / spacing for radius in radii]
    response = np.stack([-(radius**2) * laplacian(magnitude, sigma_px=sigma, spacing=spacing) for radius, sigma in zip(radii, sigmas, strict=True)])
    peaks = (response == ndimage.maximum_filter(response, size=3, mode="nearest")) & (response > 0) & inside
    at = np.argwhere(peaks)
    found: list[tuple[float, Vessel]] = []
    for scale, row, column in at[np.argsort(-response[peaks], kind="stable")]:
        spot = _spot(magnitude, inside, (int(row), int(column)), float(radii[scale]), spacing, scan.mean_tissue)
        if spot is None:
            continue
        vessel = spot[1]
        apart = [np.hypot(*np.subtract(vessel.centre_mm, other.centre_mm)) for _, other in found]
        if all(gap > vessel.radius_mm + other.radius_mm for gap, (_, other) in zip(apart, found, strict=True)):
            found.append(spot)
    return tuple(vessel for _, vessel in sorted(found, key=lambda pair: -pair[0]))


def laplacian(magnitude: Array, *, sigma_px: Array, spacing: Array) -> Array:
    """The Laplacian per square millimetre of a picture under a Gaussian; sigma_px, spacing : of each axis, pixels and mm."""
    second = [
        ndimage.gaussian_filter(magnitude, sigma_px, order=order, mode="nearest") / step**2 for order, step in zip(((2, 0), (0, 2)), spacing, strict=True)
    ]
    return np.asarray(second[0] + second[1], dtype=np.float64)


def _spot(magnitude: Array, inside: NDArray[np.bool_], at: tuple[int, int], radius: float, spacing: Array, tissue: float) -> tuple[float, Vessel] | None:
    """The vessel at a maximum and how much it stands out, or None where the shape is none."""
    reach = np.ceil(2.5 * radius / spacing).astype(int) + 1
    low, high = np.maximum(np.subtract(at, reach), 0), np.minimum(np.add(at, reach) + 1, magnitude.shape)
    window = (slice(low[0], high[0]), slice(low[1], high[1]))
    rows, columns = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]), indexing="ij")
    places = np.stack([(rows - at[0]) * spacing[0], (columns - at[1]) * spacing[1]])
    distance = np.hypot(*places)
    values, body = magnitude[window], inside[window]
    core, ring = distance <= 0.7 * radius, (distance >= 1.4 * radius) & (distance <= 2 * radius)
    if not ring.any() or not body[distance <= 2 * radius].all() or (low == 0).any() or (high == magnitude.shape).any():
        return None
    lumen_mean, ring_mean = float(values[core].mean()), float(values[ring].mean())
    if lumen_mean < BRIGHT * tissue or lumen_mean < STANDS_OUT * ring_mean:
        return None
    bright = values > (lumen_mean + ring_mean) / 2
    labels, _ = ndimage.label(bright)
    own = labels[tuple(np.subtract(at, low))]
    if own == 0 or float(bright[ring].mean()) > 1 - ALONE:
        return None
    piece = labels == own
    area = float(piece.sum() * spacing.prod())
    middle = places[:, piece].mean(axis=1)
    moments = np.cov(places[:, piece], bias=True) + np.diag(spacing**2 / 12)
    small, large = np.sqrt(np.linalg.eigvalsh(moments))
    equal = float(np.sqrt(area / pi))
    if small < ROUND * large or area < COMPACT * 4 * pi * small * large or not 0.5 * radius <= equal <= 1.6 * radius:
        return None
    centre = (np.asarray(at) + middle / spacing - [n // 2 for n in magnitude.shape]) * spacing
    return lumen_mean / max(ring_mean, 1e-12), Vessel((round(float(centre[0]), 2), round(float(centre[1]), 2)), round(equal, 2))


def drawn_vessel(scan: MRIScan, rng: np.random.Generator) -> Vessel:
    """A small vessel 8 to 30 mm under the skin, where the sinuses of a head and the great vessels of a limb run; for pictures in which none is bright."""
    support = np.pad(scan.body.support.cpu().numpy(), 1)
    depth = ndimage.distance_transform_edt(support, sampling=scan.spacing_mm)[1:-1, 1:-1]
    deep = np.argwhere((depth >= min(8.0, float(depth.max()))) & (depth <= 30.0))
    row, column = deep[int(rng.integers(len(deep)))]
    radius = round(3.5 * exp(rng.uniform(0.0, 0.8)), 2)  # 3.5 to 8 mm: a carotid, a sinus
    spacing, centre = scan.spacing_mm, [n // 2 for n in scan.matrix]
    return Vessel((round(float(row - centre[0]) * spacing[0], 2), round(float(column - centre[1]) * spacing[1], 2)), radius, found=False)
