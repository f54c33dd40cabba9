"""How different the colours of a picture are from its reference's, and what a change of stain does to a slide."""

from __future__ import annotations

import numpy as np

from physics.measure.canonical_codes import canonical_codes
from physics.measure.colour import delta_e_2000, lab_of_codes
from physics.measure.pair import Pair, Reading, array, measure


@measure("dE00")
def colour_difference(pair: Pair) -> float | Reading:
    """Mean colour difference CIEDE2000 over the object.

    Model
        sRGB codes -> CIE Lab (D65, 2 degrees) on the canonical grid, every second row and column; mean of dE00 in the object.
    Parameters
        pair : registered colour pictures; grey pictures have their grey as colour.
    Returns
        Mean dE00.
    Assumes
        sRGB.
    Not modelled
        Spatial filtering of colour by the eye.
    References
        Sharma, Wu, Dalal 2005, 10.1002/col.20070.
    Oracle
        The published table of pairs; scikit-image.
    """
    mask = array(pair.canonical_reference.mask)[::2, ::2]
    if not mask.any():
        return Reading(None, "the object is empty")
    first, second = (lab_of_codes(canonical_codes(native, pair)[::2, ::2][mask]) for native in (pair.reference, pair.degraded))
    return float(np.mean(delta_e_2000(first, second)))
