"""Where a slice holds air and bone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from physics.mri.body import Body
from physics.mri.dipole import Axis

DARK_SHARE = 0.10  # of the 99th percentile of the smoothed picture: darker is air or cortical bone
HALF_SHARE = 0.35  # of the same: half way between air and dark tissue
SKULL_MM, WALL_MM = 20.0, 6.0  # how deep under the skin, or how near to air, what is dark and thin is bone: deeper it is fluid
WIDEST_BONE_MM = 3.5  # inscribed radius: a dark piece that holds a larger disc is air
PIECE_SHARE = 0.05  # of the largest bright piece: smaller ones are not of the body
HEAD_MM = (100.0, 300.0)  # shortest and longest edge of a body that may be a head or larger; a smaller one is a limb, in which there is no air
SHOWN_CM2 = 0.5  # of air in the slice: enough to make its field without help
FRONT_SHARE, LUNG_CM2 = 0.55, 40.0  # of the depth of a trunk: where gas rises to in a patient on the back; least area of a lung
MIRRORED = 0.83  # least overlap of an outline with its mirror image in a view from above; of a head from the side it is below 0.8


@dataclass(frozen=True, eq=False)
class Materials:
    """What a slice is made of, (row, column) bool each: body: everything within its outline; air and bone: parts of it."""

    body: Tensor
    air: Tensor
    bone: Tensor

    @property
    def tissue(self) -> Tensor:
        """What holds protons."""
        return self.body & ~self.air & ~self.bone


@lru_cache(maxsize=16)
def materials(body: Body) -> Materials:
    """Air, bone and tissue of a slice.

    Model
        Outline: bright pieces of at least a twentieth of the largest, holes filled. Dark: below a tenth of the 99th percentile
        after a blur of one pixel. A dark piece opened by a disc of 3.5 mm is air, but not in the back of a trunk (wider than deep, longest edge over 300 mm)
        unless it is as large as a lung: gas rises, and what is dark about kidneys and spine is suppressed fat. What remains is bone within 20 mm of
        the outside or 6 mm of air, and fluid deeper inside.
    Parameters
        body : the slice.
    Returns
        Masks on its grid.
    Assumes
        Cortical bone is thinner than 7 mm, and fluid is not as dark as air.
    Not modelled
        Partial volume, bone marrow.
    References
        None: a convention of this project.
    Oracle
        A drawn head with a hole of 6 mm radius (air) and a dark ring of 4 mm (bone) (tests/physics/mri/test_susceptibility.py).
    """
    magnitude = body.density.abs().double().cpu().numpy()
    smooth = cv2.GaussianBlur(magnitude, (0, 0), 1.0)
    top = float(np.percentile(smooth, 99))
    pieces, n = ndimage.label(smooth >= DARK_SHARE * top)
    sizes = ndimage.sum_labels(pieces > 0, pieces, np.arange(1, n + 1)) if n and top > 0 else np.zeros(1)
    outline = ndimage.binary_fill_holes(np.isin(pieces, 1 + np.flatnonzero(sizes >= PIECE_SHARE * max(float(sizes.max()), 1.0))))
    dark = outline & (smooth < DARK_SHARE * top)
    inner = ndimage.distance_transform_edt(np.pad(dark, 1, mode="edge"), sampling=body.spacing_mm)[1:-1, 1:-1] >= WIDEST_BONE_MM
    air = _gas(dark & (distance_mm(inner, body) < WIDEST_BONE_MM), outline, body)
    air = ndimage.binary_dilation(air, iterations=2, mask=outline & (magnitude < HALF_SHARE * top)) if air.any() else air  # what the blur took off the rim
    bone = dark & ~air & ((distance_mm(~outline, body) < SKULL_MM) | (distance_mm(air, body) < WALL_MM))
    return Materials(*(torch.from_numpy(mask).to(body.density.device) for mask in (outline, air, bone)))


def _gas(air: NDArray[np.bool_], outline: NDArray[np.bool_], body: Body) -> NDArray[np.bool_]:
    """Without small pieces in the back of a trunk."""
    rows, columns = np.nonzero(outline)
    if not air.any() or len(rows) == 0:
        return air
    depth_mm, width_mm = np.ptp(rows) * body.spacing_mm[0], np.ptp(columns) * body.spacing_mm[1]
    if width_mm <= HEAD_MM[1] or width_mm < depth_mm:
        return air
    pieces, n = ndimage.label(air)
    middle = np.array(ndimage.center_of_mass(air, pieces, np.arange(1, n + 1)))[:, 0] - rows.min()
    area_cm2 = ndimage.sum_labels(air, pieces, np.arange(1, n + 1)) * body.spacing_mm[0] * body.spacing_mm[1] / 100
    kept = (middle * body.spacing_mm[0] <= FRONT_SHARE * depth_mm) | (area_cm2 >= LUNG_CM2)
    return np.asarray(np.isin(pieces, 1 + np.flatnonzero(kept)))


def distance_mm(mask: NDArray[np.bool_], body: Body) -> NDArray[np.float64]:
    """Distance of each pixel from a mask, far where the mask is empty."""
    far: NDArray[np.float64] = ndimage.distance_transform_edt(~mask, sampling=body.spacing_mm) if mask.any() else np.full(mask.shape, np.inf)
    return far


def rounded_height_mm(mask: Tensor, spacing_mm: tuple[float, float]) -> Tensor:
    """How far a piece that is seen in one slice reaches above it, if it is as deep as wide.

    Model
        h = (d (2 R - d))^(1/2), d the distance to the border, R its largest value in the piece: a disc becomes a ball.
    Returns
        (row, column) millimetres, 0 outside the mask.
    Assumes
        The slice cuts each piece at its middle; the edge of the picture is no border.
    Oracle
        A disc of 20 mm: (400 - r^2)^(1/2) to a pixel (tests/physics/mri/test_susceptibility.py).
    """
    inside = mask.cpu().numpy()
    # to the border between pixels, half a pixel beyond the nearest centre outside; the picture's own edge is no border
    far = ndimage.distance_transform_edt(np.pad(inside, 1, mode="edge"), sampling=spacing_mm)[1:-1, 1:-1]
    distance = np.clip(far - min(spacing_mm) / 2, 0.0, None)
    if bool(inside.all()):
        return torch.full(inside.shape, float(max(inside.shape)) * max(spacing_mm) / 2, dtype=torch.float64, device=mask.device)
    labels, n = ndimage.label(inside)
    widest = np.zeros(n + 1)
    if n:
        widest[1:] = ndimage.maximum(distance, labels, np.arange(1, n + 1))
    radius: NDArray[np.float64] = widest[labels]
    return torch.from_numpy(np.sqrt(np.clip(distance * (2 * radius - distance), 0.0, None))).to(mask.device)


def main_field_axis(body: Body) -> Axis:
    """Through the slice where the outline is its own mirror image (axial views); along axis 0 where it is not (a head from the side).

    A coronal view counts as axial: there the direction must be given.
    """
    outline = materials(body).body.cpu().numpy()
    columns = np.flatnonzero(outline.any(axis=0))
    if len(columns) == 0:
        return "slice"
    shape = outline[:, columns[0] : columns[-1] + 1]
    mirrored = shape[:, ::-1]
    return "slice" if float((shape & mirrored).sum()) >= MIRRORED * float((shape | mirrored).sum()) else "rows"
