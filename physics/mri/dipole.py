"""Fields of magnetised matter: sheets over and under a slice, and balls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, pi
from typing import Literal

import torch
from torch import Tensor

Axis = Literal["slice", "rows", "columns"]  # where the main field points: through the slice, along array axis 0, along array axis 1


@dataclass(frozen=True, eq=False)
class Layer:
    """A sheet of material between two heights over the slice (mm; negative below it). ppm : (row, column) susceptibility against that far away."""

    ppm: Tensor
    low_mm: float
    high_mm: float


def dipole_field_ppm(layers: Sequence[Layer], *, spacing_mm: tuple[float, float], along: Axis = "slice") -> tuple[Tensor, Tensor]:
    """The field that sheets of material make in the plane of the slice.

    Model
        DB/B0 = F^-1[(1/3 - (b.k)^2 / k^2) F chi], b the unit vector of the main field. Along the slice axis the inverse transform is done in closed form:
        a sheet chi(x, y) between z1 and z2 adds, at height 0, b through the slice: q (e1 - e2) / 2 with e = exp(-2 pi q |z|), q the in-plane wave number over
        itself; b in the plane: -(b.q)^2 / q^2 (e1 - e2) / 2; and the sheet that holds the slice adds the local term -2/3 chi or +1/3 chi.
        In the plane the transform is zero-padded to twice the size.
    Parameters
        layers : sheets that touch or not; one that crosses height 0 is split there. spacing_mm : pixel spacing. along : direction of the main field.
    Returns
        The field in ppm and its slope through the slice in ppm per mm, (row, column) float64 each.
    Assumes
        Susceptibilities far below 1 (first order), the sphere of Lorentz around each proton.
    Not modelled
        Main fields oblique to the slice.
    References
        Salomir, de Senneville and Moonen 2003, Concepts Magn. Reson. B 19B, 26; Marques and Bowtell 2005, 10.1002/cmr.b.20034.
    Oracle
        Sphere: (Dchi/3)(a/r)^3 (3 cos^2 - 1) outside, 0 inside, for all three directions; cylinder across the field; superposition
        (tests/physics/mri/test_susceptibility.py).
    """
    rows, columns = layers[0].ppm.shape
    padded = (2 * rows, 2 * columns)
    k0 = torch.fft.fftfreq(padded[0], spacing_mm[0], dtype=torch.float64)[:, None]
    k1 = torch.fft.rfftfreq(padded[1], spacing_mm[1], dtype=torch.float64)[None, :]
    q = torch.sqrt(k0**2 + k1**2)
    share = torch.ones_like(q) if along == "slice" else -((k0 if along == "rows" else k1) ** 2) / torch.clamp(q**2, min=1e-30)
    field, slope = (torch.zeros(q.shape, dtype=torch.complex128) for _ in range(2))
    local = torch.zeros((rows, columns), dtype=torch.float64)
    for layer in _split(layers):
        spectrum = torch.fft.rfft2(layer.ppm.double(), s=padded)
        near, far = (abs(z) for z in (layer.low_mm, layer.high_mm)) if layer.low_mm >= 0 else (abs(layer.high_mm), abs(layer.low_mm))
        e_near, e_far = torch.exp(-2 * pi * q * near), torch.exp(-2 * pi * q * far) if far < inf else torch.zeros_like(q)
        field += spectrum * share * (e_near - e_far) / 2
        # Moving the plane up brings a sheet above it nearer: d/dz exp(-2 pi q (z1 - z)) = +2 pi q exp(...), and the other way below.
        slope += spectrum * share * (e_near - e_far) * (pi * q if layer.low_mm >= 0 else -pi * q)
        if near == 0:
            local += layer.ppm.double() * (-1 / 3 if along == "slice" else 1 / 6)  # half of the plane's own term from either side
    plane, rate = (torch.fft.irfft2(part, s=padded)[:rows, :columns] for part in (field, slope))
    return plane + local, rate


def _split(layers: Sequence[Layer]) -> list[Layer]:
    """The same sheets, none of which crosses the plane of the slice."""
    out: list[Layer] = []
    for layer in layers:
        if layer.low_mm < 0 < layer.high_mm:
            out += [Layer(layer.ppm, layer.low_mm, 0.0), Layer(layer.ppm, 0.0, layer.high_mm)]
        else:
            out.append(layer)
    return out


def ball_field_ppm(
    places_mm: tuple[Tensor, Tensor], *, centre_mm: tuple[float, float, float], radius_mm: float, contrast_ppm: float, along: Axis
) -> tuple[Tensor, Tensor]:
    """The field of a ball of other material, in closed form.

    Model
        (Dchi / 3) (a / r)^3 (3 cos^2 - 1) outside and 0 inside, with the sphere of Lorentz; its slope through the slice is the derivative.
    Parameters
        places_mm : (row, column) along axis 0 and 1, in the slice. centre_mm : of the ball, along both axes and through the slice. radius_mm : a. contrast_ppm
        : Dchi. along : the main field.
    Returns
        The field in ppm and its slope through the slice in ppm per mm, (row, column) each.
    Assumes
        |Dchi| much less than 1.
    Not modelled
        Other bodies near by, whose fields add.
    References
        Schenck 1996, 10.1118/1.597854.
    Oracle
        Hand-worked places for each direction of the field; the slope is the difference of two heights (tests/physics/mri/test_susceptibility.py).
    """
    d0, d1 = places_mm[0] - centre_mm[0], places_mm[1] - centre_mm[1]
    dz = torch.full_like(d0, -centre_mm[2])
    r2 = d0**2 + d1**2 + dz**2
    outside = r2 >= radius_mm**2
    r2 = torch.clamp(r2, min=radius_mm**2)
    p = {"slice": dz, "rows": d0, "columns": d1}[along]
    moment = contrast_ppm / 3 * radius_mm**3
    field = moment * (3 * p**2 / r2 - 1) / r2**1.5
    slope = moment * ((6 * p / r2**2.5 if along == "slice" else 0.0) - 15 * p**2 * dz / r2**3.5 + 3 * dz / r2**2.5)
    return field * outside, slope * outside
