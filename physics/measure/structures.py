"""Which anatomical structures a reference shows, and how well a degraded picture still shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from physics.display import canonical, resampled, to_codes
from physics.measure import structures_colour as colour
from physics.measure import structures_grey as grey
from physics.measure.detail import MIN_PIXELS, field_of, high_pass
from physics.measure.pair import Array, Pair, View, array

Visibility = Literal["good", "usable", "reject"]
GOOD = (0.80, 0.95)  # contrast kept and fidelity, both at least
REJECT = (0.35, 0.70)  # either below
MARGIN = 0.05

HEADS = ("head", "brain")
ABDOMENS = ("abdomen", "liver")
Finder = Callable[[Array, Array], Array | None]
# modality, anatomies (none: all), structure, finder of (canonical picture, mask)
FINDERS: tuple[tuple[str, tuple[str, ...], str, Finder], ...] = (
    ("mri", HEADS, "grey–white boundary", grey.grey_white_boundary),
    ("mri", HEADS, "ventricles", grey.ventricles),
    ("mri", HEADS, "skull line", grey.skull_line),
    ("ct", (*ABDOMENS, "pelvis"), "fat planes", grey.fat_planes),
    ("ct", HEADS, "skull base", grey.skull_base),
    ("fundus", (), "optic disc", colour.optic_disc),
    ("fundus", (), "vessel branching", colour.retinal_vessels),
    ("endoscopy", (), "lumen", colour.lumen),
    ("histopathology", (), "nuclear border", colour.nuclear_borders),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """How well a structure is seen: contrast kept (beta), fidelity (rho), and the word for both; None within 0.05 of a bound."""

    contrast_kept: float
    fidelity: float
    visibility: Visibility | None


def structures_of(reference: Tensor, view: View) -> dict[str, Tensor]:
    """The structures that a reference shows for certain.

    Model
        Each structure of the modality and anatomy has a finder on the canonical picture (`structures_grey`, `structures_colour`).
    Parameters
        reference : native values. view : display, object, anatomy.
    Returns
        Name -> bool mask on the canonical grid of the pixels by which the structure is known. A name that is missing is not sure.
    Assumes
        A reference without artefacts.
    Not modelled
        Every other structure.
    References
        None.
    Oracle
        Drawn structures; overlays on the sample pictures, looked at.
    """
    picture = canonical(reference, view.display, view.mask)
    shown = array(picture.luma)
    if reference.ndim == 3:
        shown = array(resampled(to_codes(reference, view.display)).clamp(0.0, 255.0))
    found: dict[str, Tensor] = {}
    for modality, anatomies, name, finder in FINDERS:
        if modality != view.modality or (anatomies and view.anatomy not in anatomies):
            continue
        mask = finder(shown.astype(np.float32), array(picture.mask))
        if mask is not None and np.count_nonzero(mask) >= MIN_PIXELS:
            found[name] = torch.from_numpy(np.ascontiguousarray(mask))
    return found


def visibility(pair: Pair, mask: Tensor) -> Seen | None:
    """How well the degraded picture shows a structure of its reference.

    Model
        h = x - Gauss8(x) on the canonical luma; in the mask beta = sum h_ref h_deg / sum h_ref^2 and rho = correlation of both. good: beta >= 0.80 and
        rho >= 0.95; reject: beta < 0.35 or rho < 0.70; usable between.
    Parameters
        pair : registered pictures. mask : bool on the canonical grid, from `structures_of`.
    Returns
        Seen; None where the reference has no contrast in the mask.
    Assumes
        Registration.
    Not modelled
        How large a structure is.
    References
        None: the project's tiers.
    Oracle
        deg = c ref has beta c and rho 1; noise of equal energy has rho 1 / sqrt(2).
    """
    where, field = array(mask), field_of(pair)
    first, second = (high_pass(array(side.luma), field=field)[where].astype(np.float64) for side in (pair.canonical_reference, pair.canonical_degraded))
    energy = float(first @ first)
    if energy <= 1.0:
        return None
    kept = float(first @ second) / energy
    spread = float(np.std(first) * np.std(second))
    fidelity = float(np.mean((first - first.mean()) * (second - second.mean()))) / spread if spread > 0 else 0.0
    return Seen(kept, fidelity, word_of(kept, fidelity))


def word_of(contrast_kept: float, fidelity: float) -> Visibility | None:
    """The word for a contrast kept and a fidelity; None where a step of 0.05 in either would change it."""
    words = {_word(contrast_kept + step_kept, fidelity + step_fidelity) for step_kept in (-MARGIN, 0.0, MARGIN) for step_fidelity in (-MARGIN, 0.0, MARGIN)}
    if fidelity >= 1.0 - 0.5 * MARGIN and contrast_kept >= GOOD[0] + MARGIN:
        return "good"  # fidelity cannot pass 1, so its bound of 0.95 has no full margin above
    return words.pop() if len(words) == 1 else None


def _word(contrast_kept: float, fidelity: float) -> Visibility:
    if contrast_kept < REJECT[0] or fidelity < REJECT[1]:
        return "reject"
    return "good" if contrast_kept >= GOOD[0] and fidelity >= GOOD[1] else "usable"
