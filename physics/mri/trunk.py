"""Whether a slice goes across a trunk: what a breathing wall needs, told by the protocol where it says so, and by the outline."""

from __future__ import annotations

from physics.mri.scan import MRIScan
from physics.trunk import no_outline_of_trunk


def no_trunk(scan: MRIScan) -> str | None:
    """Why a slice is not one across a trunk with its front upwards and inside the picture; None where it is.

    Model
        The protocol names no other region than a trunk, and neither a coronal nor a sagittal plane, and the body's outline (largest piece above the air) is
        that of a trunk (`physics.trunk.no_outline_of_trunk`).
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
    return no_outline_of_trunk(scan.body.support, spacing_mm=scan.spacing_mm)
