"""Gradient coils whose fields are not straight: every place answers as if it lay elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import hypot, isfinite, pi
from typing import Any, ClassVar, get_args

import torch
from torch import Tensor

from physics.fourier import centred_grid, frequencies, to_kspace, to_picture
from physics.measure.pair import Pair, Reading, measure
from physics.mri.dipole import Axis
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage
from physics.nufft import from_frequencies
from physics.scan import EditConflict

BORES: tuple[Axis, ...] = get_args(Axis)
NOISE_ONLY = 4.0  # deviations: what is fainter is taken for noise
FINER = 2  # points a pixel along each axis: what is stretched by less stays whole


@dataclass(frozen=True, slots=True)
class GradientField:
    """The shape of the error of a set of gradient coils. bore : what the bore runs along. isocentre_mm : where the isocentre lies from the centre pixel,
    along array axis 0, axis 1 and through the slice. transverse, longitudinal : weights of the third and of the fifth order in the coils across the bore
    and along it; positive ones of the third pull inwards across and along the bore."""

    bore: Axis
    isocentre_mm: tuple[float, float, float]
    transverse: tuple[float, float]
    longitudinal: tuple[float, float]

    def shape(self, matrix: tuple[int, int], spacing_mm: tuple[float, float]) -> Tensor:
        """(2, row, column): displacement along array axis 0 and 1, without a scale; lengths are in half diagonals of the field of view."""
        reach = hypot(*(n * d for n, d in zip(matrix, spacing_mm, strict=True))) / 2
        at = [grid * d for grid, d in zip(centred_grid(matrix), spacing_mm, strict=True)]
        down, right = ((place - centre) / reach for place, centre in zip(at, self.isocentre_mm[:2], strict=True))
        through = torch.full_like(down, -self.isocentre_mm[2] / reach)
        if self.bore == "slice":
            return torch.stack([across(down, right, through, self.transverse), across(right, down, through, self.transverse)])
        if self.bore == "rows":
            return torch.stack([along(down, right, through, self.longitudinal), across(right, through, down, self.transverse)])
        return torch.stack([across(down, through, right, self.transverse), along(right, down, through, self.longitudinal)])


def across(x: Tensor, y: Tensor, z: Tensor, weights: tuple[float, float]) -> Tensor:
    """Error of a coil across the bore: solid harmonics r^3 P_3^1 and r^5 P_5^1, -1 and +1 at x = 1: x (4 z^2 - x^2 - y^2) and x (8 z^4 - 12 z^2 q + q^2)."""
    q = x**2 + y**2
    return x * (weights[0] * (4 * z**2 - q) + weights[1] * (8 * z**4 - 12 * z**2 * q + q**2))


def along(z: Tensor, x: Tensor, y: Tensor, weights: tuple[float, float]) -> Tensor:
    """Error of the coil along the bore: solid harmonics r^3 P_3 and r^5 P_5, -1 and +1 at z = 1: -z (2 z^2 - 3 q) / 2 and z (8 z^4 - 40 z^2 q + 15 q^2) / 8."""
    q = x**2 + y**2
    return z * (-weights[0] * (2 * z**2 - 3 * q) / 2 + weights[1] * (8 * z**4 - 40 * z**2 * q + 15 * q**2) / 8)


@dataclass(frozen=True, slots=True)
class GradientWarp:
    """A displacement in the frame of the scanner. scale_mm : what one unit of the field's shape is."""

    field: GradientField
    scale_mm: float
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = 14  # after what bends one axis by off-resonance, before what happens to echoes and samples
    any_path: ClassVar[bool] = True

    def displacement_mm(self, scan: MRIScan) -> Tensor:
        """(2, row, column) along array axis 0 and 1: what lies at r is shown at r + d(r)."""
        return self.scale_mm * self.field.shape(scan.matrix, scan.spacing_mm)

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column)."""
        shift_px = self.displacement_mm(scan) / torch.tensor(scan.spacing_mm, dtype=torch.float64)[:, None, None]
        bent = warped(data, shift_px)
        if scan.source_sigma == 0:
            return bent
        # Noise is not encoded: where air was pulled apart, or out of the field, the source's own noise of that place makes up what is missing.
        dense = to_picture(warped(to_kspace(torch.ones_like(data[:1].real)), shift_px))[0].real.clamp(0, 1)
        air = (1 - scan.body.tissue_share) * (scan.body.density.abs() < NOISE_ONLY * scan.source_sigma)  # no arm at the edge of the field
        return bent + to_kspace(to_picture(data) * ((1 - dense).sqrt() * air))


def warped(kspace: Tensor, shift_px: Tensor) -> Tensor:
    """What gradients receive that encode each place as another.

    Model
        K'[n] = N^(-1/2) sum over places of x(r) exp(-2 pi i n . (r + d(r)) / N): the encoding itself at moved places, one non-uniform transform a coil and no
        interpolation. Signal that is pushed together adds up: density 1 / |det(1 + grad d)|. Places are 2 x 2 points a pixel of the band-limited picture.
    Parameters
        kspace : (coil, row, column) under straight gradients, uncentred, orthonormal. shift_px : d, (2, row, column), pixels, smooth.
    Returns
        (coil, row, column), of the precision given. What is moved out of the field of view folds back.
    Assumes
        Displacement that changes little from pixel to pixel: it is straight between pixel centres.
    Not modelled
        Displacement through the slice; the anti-alias filter of a readout.
    References
        Janke et al. 2004, 10.1002/mrm.20122; Doran et al. 2005, Phys. Med. Biol. 50, 1343.
    Oracle
        The sum itself on a Gaussian; total signal; 1 / |J| (tests/physics/mri/test_gradient_warp.py).
    """
    matrix = (kspace.shape[1], kspace.shape[2])
    wide = kspace.new_zeros((len(kspace), *(FINER * n for n in matrix)))
    rows, columns = (frequencies(n).long() % (FINER * n) for n in matrix)
    wide[:, rows[:, None], columns[None]] = kspace
    places = to_picture(wide)
    shift = torch.stack([_finer(part) for part in shift_px.double().cpu()])
    turns = [-2 * pi / n * (at / FINER + moved) for n, at, moved in zip(matrix, centred_grid(wide.shape[1:]), shift, strict=True)]
    # to_picture divides by FINER more than on the grid of pixels, and places are counted FINER^2 times.
    found = from_frequencies(places.flatten(1), torch.stack(turns).flatten(1), grid=matrix) / FINER
    stored: Tensor = torch.fft.ifftshift(found, dim=(-2, -1)).to(kspace)
    return stored


def _finer(values: Tensor) -> Tensor:
    """A smooth map on the finer grid: straight between pixel centres, and on beyond the last."""
    for axis in (0, 1):
        n = values.shape[axis]
        at = (torch.arange(FINER * n, dtype=torch.float64) - (FINER * n) // 2) / FINER + n // 2
        low = at.floor().long().clamp(0, max(n - 2, 0))
        share = (at - low).reshape(-1, 1) if axis == 0 else (at - low)
        after = (low + 1).clamp(max=n - 1)
        values = values.index_select(axis, low) * (1 - share) + values.index_select(axis, after) * share
    return values


def bend_gradients(scan: MRIScan, field: GradientField, *, largest_mm: float) -> MRIScan:
    """A picture bent like a barrel or a cushion, brighter where it is pushed together.

    Model
        r' = r + d(r), d = s sum of solid harmonics of order 3 and 5 per gradient coil, in the frame of the scanner about its isocentre; s is such that the
        body is moved by largest_mm at most. Coil pictures, not the body, are encoded at r' (`warped`), so the array stays where it is; the shading is
        1 / |det(1 + grad d)|.
    Parameters
        scan : the acquisition, by lines or along a readout: all use the same coils. field : the shape of the error. largest_mm : >= 0.
    Returns
        The scan with the event added; a displacement of 0 leaves it as it was.
    Assumes
        No correction of the scanner. Noise of the source is bent with the anatomy; air that is thinned out is topped up with its own. Where grad d < -1 the
        picture folds onto itself, as it does in a bore.
    Not modelled
        Bent slices; a body that moves through the field pose by pose (the picture of the whole scan is bent); b-values.
    Raises
        ValueError: not a finite displacement >= 0, a shape without any displacement. EditConflict: the gradients are bent otherwise already.
    References
        Schmitt 1985, Proc. SMRM 4, 1066 (spherical harmonics of gradient coils); Janke et al. 2004, 10.1002/mrm.20122; Doran et al. 2005,
        Phys. Med. Biol. 50, 1343.
    Oracle
        Harmonics obey Laplace's equation; places within 0.05 px; total signal; density 1 / |J| (tests/physics/mri/test_gradient_warp.py).
    """
    if not isfinite(largest_mm) or largest_mm < 0 or field.bore not in BORES:
        raise ValueError(f"largest_mm {largest_mm} must be finite and >= 0, bore {field.bore!r} one of {', '.join(BORES)}")
    if largest_mm == 0:
        return scan
    if any(isinstance(event, GradientWarp) for event in scan.events):
        raise EditConflict("gradient warp: the scan has one set of gradient coils, and its error is set already")
    size = torch.linalg.vector_norm(field.shape(scan.matrix, scan.spacing_mm), dim=0)
    body = scan.body.support.cpu()
    most = float(size[body].max() if bool(body.any()) else size.max())
    if most == 0:
        raise ValueError(f"{field}: the shape of the error is 0 over the body")
    return scan.with_event(GradientWarp(field, largest_mm / most))


def _event(scan: Any) -> GradientWarp | None:
    return next((event for event in scan.events if isinstance(event, GradientWarp)), None)


@measure("mm")
def largest_displacement(pair: Pair) -> Reading:
    """Largest displacement of the body by its gradient coils, from the field."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    event, body = _event(pair.scan), pair.scan.body.support.cpu()
    moved = None if event is None else torch.linalg.vector_norm(event.displacement_mm(pair.scan), dim=0)
    return Reading(0.0 if moved is None or not bool(body.any()) else float(moved[body].max()))


@measure("%")
def density_change(pair: Pair) -> Reading:
    """95th percentile over the body of the change of brightness that stretching and compression make, |1 / |J| - 1|, from the field."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    event, body = _event(pair.scan), pair.scan.body.support.cpu()
    if event is None or not bool(body.any()):
        return Reading(0.0)
    determinant = jacobian(event.displacement_mm(pair.scan), pair.scan.spacing_mm)
    return Reading(100 * float(torch.quantile((1 / determinant.abs().clamp(min=1e-6) - 1).abs()[body], 0.95)))


def jacobian(displacement_mm: Tensor, spacing_mm: tuple[float, float]) -> Tensor:
    """(row, column): det(1 + grad d), how many times its area a place takes up; negative where the picture is folded."""
    (d00, d01), (d10, d11) = (torch.gradient(part, spacing=spacing_mm) for part in displacement_mm)
    return (1 + d00) * (1 + d11) - d01 * d10
