"""Where a body holds air and bone: seen in the picture, or just outside the slice."""

from __future__ import annotations

from collections.abc import Sequence
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
from physics.mri.scan import MRIScan

DARK_SHARE = 0.10  # of the 99th percentile of the smoothed picture: darker is air or cortical bone
HALF_SHARE = 0.35  # of the same: half way between air and dark tissue
SKULL_MM, WALL_MM = 20.0, 6.0  # how deep under the skin, or how near to air, what is dark and thin is bone: deeper it is fluid
WIDEST_BONE_MM = 3.5  # inscribed radius: a dark piece that holds a larger disc is air
PIECE_SHARE = 0.05  # of the largest bright piece: smaller ones are not of the body
HEAD_MM = (100.0, 300.0)  # shortest and longest edge of a body that may be a head or larger; a smaller one is a limb, in which there is no air
SHOWN_CM2 = 0.5  # of air in the slice: enough to make its field without help
MIRRORED = 0.83  # least overlap of an outline with its mirror image in a view from above; of a head from the side it is below 0.8


@dataclass(frozen=True, slots=True)
class Pocket:
    """A ball of air beside the slice. centre_mm : along axis 0 and 1 from the centre pixel, and over the slice (negative: below it)."""

    centre_mm: tuple[float, float, float]
    radius_mm: float

    @property
    def values(self) -> list[float]:
        """Plain numbers, as a pattern keeps them: the centre, then the radius."""
        return [*self.centre_mm, self.radius_mm]


def pockets_of(rows: Sequence[Sequence[float]]) -> tuple[Pocket, ...]:
    """The inverse of `Pocket.values`, for several."""
    return tuple(Pocket((float(a), float(b), float(c)), float(radius)) for a, b, c, radius in rows)


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
        after a blur of one pixel. A dark piece opened by a disc of 3.5 mm is air; what remains is
        bone within 20 mm of the outside or 6 mm of air, and fluid deeper inside.
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
    air = dark & (_distance_mm(inner, body) < WIDEST_BONE_MM)
    air = ndimage.binary_dilation(air, iterations=2, mask=outline & (magnitude < HALF_SHARE * top)) if air.any() else air  # what the blur took off the rim
    bone = dark & ~air & ((_distance_mm(~outline, body) < SKULL_MM) | (_distance_mm(air, body) < WALL_MM))
    return Materials(*(torch.from_numpy(mask).to(body.density.device) for mask in (outline, air, bone)))


def _distance_mm(mask: NDArray[np.bool_], body: Body) -> NDArray[np.float64]:
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


def draw_pockets(scan: MRIScan, *, seed: int) -> tuple[Pocket, ...]:
    """Air that the slice does not show but lies near it: sinuses in front and ear canals beside an axial slice of a head, bowel gas in a trunk.

    Model
        No pockets where the slice shows air itself (more than half a square centimetre), nor in a body that is too small for a head or is said to be neither
        head nor trunk. A head (said to be one, or both edges up to 300 mm): a cluster of three to five balls of 5 to 12 mm under the front, 2 to 13 mm below
        the slice; in seven of ten draws two to four small ones on either side.
        A trunk: one to three balls of 10 to 25 mm anywhere under it.
    Parameters
        scan : the acquisition. seed : of the draw.
    Returns
        The balls; empty where none may be there.
    Assumes
        A head is shown with its front up where the main field goes through the slice; elsewhere the side is drawn.
    Not modelled
        Septa, mucosa.
    References
        Emirzeoglu et al. 2007, Surg. Radiol. Anat. 29 (sizes of sinuses).
    Oracle
        None touches the slice; equal seeds give equal balls (tests/physics/mri/test_susceptibility.py).
    """
    found = materials(scan.body)
    box = np.argwhere(found.body.cpu().numpy())
    if len(box) == 0 or float(found.air.sum()) * scan.spacing_mm[0] * scan.spacing_mm[1] > 100 * SHOWN_CM2:
        return ()
    spacing, centre = np.asarray(scan.spacing_mm), np.array([n // 2 for n in scan.matrix])
    low, high = (box.min(axis=0) - centre) * spacing, (box.max(axis=0) + 1 - centre) * spacing
    size = high - low
    region = scan.protocol.region
    if size.min() < HEAD_MM[0] or region == "other":
        return ()
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0xA1])))
    middle, balls = (low + high) / 2, []

    def ball(place: NDArray[np.float64], radius: float, gap: float) -> None:
        balls.append(Pocket((round(float(place[0]), 2), round(float(place[1]), 2), round(-radius - gap, 2)), round(radius, 2)))

    if region == "trunk" or (region is None and size.max() > HEAD_MM[1]):
        for _ in range(int(rng.integers(1, 4))):
            at = box[int(rng.integers(len(box)))]
            ball((at - centre) * spacing, float(rng.uniform(10, 25)), float(rng.uniform(2, 12)))
        return tuple(balls)
    front = 0 if main_field_axis(scan.body) == "slice" else 1
    end = 0 if front == 0 or rng.random() < 0.5 else 1
    inset, gap = float(rng.uniform(16, 30)), float(rng.uniform(2, 8))
    for _ in range(int(rng.integers(3, 6))):
        place = middle + rng.uniform(-16, 16, size=2)
        depth = inset + float(rng.uniform(-7, 7))
        place[front] = low[front] + depth if end == 0 else high[front] - depth
        ball(place, float(rng.uniform(5, 12)), gap + float(rng.uniform(0, 5)))
    if front == 0 and rng.random() < 0.7:
        for side in (low[1] + rng.uniform(14, 24), high[1] - rng.uniform(14, 24)):
            ear, gap = np.array([low[0] + float(rng.uniform(0.5, 0.62)) * size[0], side]), float(rng.uniform(3, 9))
            for _ in range(int(rng.integers(2, 5))):
                ball(ear + rng.uniform(-7, 7, size=2), float(rng.uniform(2.5, 6)), gap + float(rng.uniform(0, 3)))
    return tuple(balls)
