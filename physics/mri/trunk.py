"""Whether a slice goes across a trunk: what a breathing wall needs, told by the protocol where it says so, and by the outline."""

from __future__ import annotations

import numpy as np

from physics.mri.scan import MRIScan

TRUNK_MM = 260.0  # from side to side; no head is that wide (99th percentile of heads: 17 cm wide, 22 cm long), few adult trunks are narrower
ACROSS = 1.2  # a trunk is wider than deep; heads, and trunks cut lengthwise, are not


def no_trunk(scan: MRIScan) -> str | None:
    """Why a slice is not one across a trunk with its front upwards and inside the picture; None where it is.

    Model
        The protocol names no other region than a trunk, and neither a coronal nor a sagittal plane. The body's outline (largest piece above the air) is at
        least 260 mm wide, 1.2 times as wide as deep, and its skin towards row 0 lies inside the picture over the middle half of its width.
    Parameters
        scan : the acquisition; its body at rest.
    Returns
        A reason, or None.
    Assumes
        The spacing is right; the picture is turned as readers turn it.
    Not modelled
        Small children; slices lengthwise, in which breathing shows as well.
    References
        Gordon et al. 2014, Anthropometric survey of U.S. Army personnel (breadth of head, chest and waist).
    Oracle
        Drawn trunks and heads of stated size, and what is said of them (tests/physics/mri/test_respiration.py).
    """
    said = scan.protocol
    if said.region not in (None, "trunk"):
        return f"breathing moves the wall of a trunk; the source is said to show {'a head' if said.region == 'head' else 'another part of the body'}"
    if said.plane in ("coronal", "sagittal"):
        return f"the wall of a trunk is moved in slices across it; the source is said to be {said.plane}"
    rows, columns = np.nonzero(scan.body.support.cpu().numpy())
    if len(rows) == 0:
        return "the picture is empty"
    depth = float(np.ptp(rows) + 1) * scan.spacing_mm[0]
    width = float(np.ptp(columns) + 1) * scan.spacing_mm[1]
    if width < TRUNK_MM or width < ACROSS * depth:
        return f"breathing moves the wall of a trunk; this body is {width:.0f} mm wide and {depth:.0f} mm deep, not a slice across a trunk"
    middle = np.abs(columns - (columns.min() + columns.max()) / 2) <= np.ptp(columns) / 4
    if int(rows[middle].min()) == 0:
        return "the front of the trunk lies outside the picture"
    return None
