"""Air that a slice does not show but lies just beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physics.mri.cavities import FRONT_SHARE, HEAD_MM, LUNG_CM2, SHOWN_CM2, distance_mm, main_field_axis, materials
from physics.mri.scan import MRIScan

WALL_OF_TRUNK_MM = 20.0  # bowel lies beneath the wall


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


def draw_pockets(scan: MRIScan, *, seed: int) -> tuple[Pocket, ...]:
    """Air that the slice does not show but lies near it: sinuses in front and ear canals beside an axial slice of a head, bowel gas in a trunk.

    Model
        No pockets where the slice shows air itself (more than half a square centimetre, in a trunk the size of a lung), nor in a body that is too small for a
        head or is said to be neither head nor trunk. A head (said to be one, or both edges up to 300 mm): a cluster of three to five balls of 5 to 12 mm under
        the front, 2 to 13 mm below the slice; in seven of ten draws two to four small ones on either side.
        A trunk: two to five balls of 10 to 25 mm; across a trunk 20 mm or more under the skin of its front half, where gas rises to in a patient on his back.
    Parameters
        scan : the acquisition. seed : of the draw.
    Returns
        The balls; empty where none may be there.
    Assumes
        A head or trunk is shown with its front up where the main field goes through the slice; elsewhere the side of a head is drawn.
    Not modelled
        Septa, mucosa.
    References
        Emirzeoglu et al. 2007, Surg. Radiol. Anat. 29 (sizes of sinuses); Levitt 1971, 10.1056/NEJM197106242842502 (100 to 200 ml of gas in a bowel).
    Oracle
        None touches the slice; equal seeds give equal balls (tests/physics/mri/test_susceptibility.py).
    """
    found = materials(scan.body)
    box = np.argwhere(found.body.cpu().numpy())
    if len(box) == 0:
        return ()
    spacing, centre = np.asarray(scan.spacing_mm), np.array([n // 2 for n in scan.matrix])
    low, high = (box.min(axis=0) - centre) * spacing, (box.max(axis=0) + 1 - centre) * spacing
    size = high - low
    region = scan.protocol.region
    trunk = region == "trunk" or (region is None and size.max() > HEAD_MM[1])
    shown_cm2 = float(found.air.sum()) * spacing.prod() / 100
    if size.min() < HEAD_MM[0] or region == "other" or shown_cm2 > (LUNG_CM2 if trunk else SHOWN_CM2):
        return ()
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0xA1])))
    middle, balls = (low + high) / 2, []

    def ball(place: NDArray[np.float64], radius: float, gap: float) -> None:
        balls.append(Pocket((round(float(place[0]), 2), round(float(place[1]), 2), round(-radius - gap, 2)), round(radius, 2)))

    if trunk:
        across = main_field_axis(scan.body) == "slice"
        deep = distance_mm(~found.body.cpu().numpy(), scan.body)[tuple(box.T)] >= WALL_OF_TRUNK_MM
        front = (box[:, 0] - box[:, 0].min()) * spacing[0] <= FRONT_SHARE * size[0]
        places = box[deep & front] if across and (deep & front).any() else box
        for _ in range(int(rng.integers(2, 6))):
            ball((places[int(rng.integers(len(places)))] - centre) * spacing, float(rng.uniform(10, 25)), float(rng.uniform(2, 12)))
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
