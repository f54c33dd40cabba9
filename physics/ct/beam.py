"""What the tube sends: bowtie filter and tube current along the turn."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from physics.ct.geometry import Geometry

LEAST_TRANSMISSION = 0.10  # the thick end of a bowtie filter lets 5 to 15 % through


def bowtie(geometry: Geometry, *, diameter_mm: float, mu_water: float) -> Tensor:
    """The filter that spares the rim of the patient.

    Model
        b(s) = exp(-mu (D - 2 sqrt(D^2/4 - s^2))): behind a centred water cylinder of diameter D each channel receives the same; never below 10 %.
    Parameters
        geometry : gives s of each channel. diameter_mm : D, 200 for heads, 320 for bodies. mu_water : 1/mm.
    Returns
        (ray,), float64, 1 on the central ray.
    Assumes
        A filter that hardens the beam no more than the patient does.
    Not modelled
        Its spectrum, its scatter.
    References
        Whiting, Massoumzadeh et al. 2006; Zabic et al. 2013.
    Oracle
        b exp(-p of the cylinder) is constant (tests/physics/ct/test_ct_beam.py).
    """
    chord = 2 * np.sqrt(np.maximum((diameter_mm / 2) ** 2 - geometry.s_mm() ** 2, 0.0))
    return torch.from_numpy(np.maximum(np.exp(-mu_water * (diameter_mm - chord)), LEAST_TRANSMISSION))


def tube_current(rays: Tensor, *, modulation: float) -> Tensor:
    """The tube current follows the patient's width along the turn.

    Model
        m(view) = exp(alpha p_max(view)) / its mean over the views, p_max the thickest ray of the view.
    Parameters
        rays : (view, ray), line integrals of the patient. modulation : alpha from 0 (constant current) to 1 (constant signal behind the thickest ray); 0.5
        gives the least noise for a given load.
    Returns
        (view, 1), mean 1: the load of a turn is kept.
    Assumes
        The width of each view is known from the scout view.
    Not modelled
        Limits and inertia of the generator; modulation along the patient.
    References
        Gies, Kalender, Wolf and Suess 1999.
    Oracle
        Closed form for two widths (tests/physics/ct/test_ct_beam.py).
    """
    widest = rays.amax(dim=1, keepdim=True)
    return torch.softmax(modulation * widest, dim=0) * rays.shape[0]
