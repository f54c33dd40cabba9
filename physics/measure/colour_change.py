"""How different the colours of a picture are from its reference's, and what a change of stain does to a slide."""

from __future__ import annotations

import numpy as np

from physics.measure.canonical_codes import canonical_codes
from physics.measure.colour import delta_e_2000, lab_of_codes
from physics.measure.detail import contrast_lost
from physics.measure.pair import Pair, Reading, array, measure

# Contrast of fine structures lost, and the colour difference that is as bad: pairs of equal severity in the families detail and colour.
PALE_CONTRAST = (0.0, 0.18, 0.41, 0.68)
PALE_COLOUR = (0.0, 5.5, 16.0, 28.5)


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


@measure("dE00")
def stain_change(pair: Pair) -> float | Reading:
    """How much another amount of dye changed a slide: the colour difference, or what the paling took of its contrast, whichever is worse.

    Model
        max(mean dE00, e(1 - beta)); e takes contrast lost to the colour difference that is as bad, straight through (0, 0), (0.18, 5.5), (0.41, 16),
        (0.68, 28.5) and on with the last slope. A section that pales ends at the white of glass, after some 25 dE00 however much of it can still be seen:
        its contrast tells.
    Parameters
        pair : registered colour pictures.
    Returns
        dE00, or its equivalent.
    Assumes
        A slide with edges: without them the colour difference alone.
    Not modelled
        Which dye is concerned.
    References
        As `colour_difference`; the equivalence is the project's own.
    Oracle
        Contrast taken at constant mean colour reads e of its share; a darker stain reads mean dE00; another implementation.
    """
    change, lost = colour_difference(pair), contrast_lost(pair)
    if change.value is None or lost.value is None:
        return change
    return max(change.value, _as_bad_as(lost.value))


def _as_bad_as(lost: float) -> float:
    """The colour difference that is as bad as a loss of contrast."""
    if lost > PALE_CONTRAST[-1]:
        slope = (PALE_COLOUR[-1] - PALE_COLOUR[-2]) / (PALE_CONTRAST[-1] - PALE_CONTRAST[-2])
        return PALE_COLOUR[-1] + (lost - PALE_CONTRAST[-1]) * slope
    return float(np.interp(lost, PALE_CONTRAST, PALE_COLOUR))
