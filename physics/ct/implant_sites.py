"""Where metal is found in patients: in bone, in teeth, in joints, as clips in soft tissue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from physics.ct.geometry import Array
from physics.ct.memory import Memory
from physics.ct.scan import CTScan
from physics.ct.source_noise import Mask

BODY_HU, MARROW_HU, BONE_HU, CORTEX_HU, ENAMEL_HU, METAL_HU = -300.0, 60.0, 130.0, 350.0, 1800.0, 2500.0
_GAP_MM = 2.5
_JOINT_MM = 26.0  # heads of femur and humerus are wider
_SCREW_MM = 10.0  # a bone that holds a screw
_METAL_MM2, _TOOTH_MM2 = 12.0, 10.0


@dataclass(frozen=True, eq=False)
class Sites:
    """Places of a slice, (x, y) in mm from the isocentre.

    screws : thick parts of bones. teeth : enamel and dentine. joints : centres of round bones with their diameter in mm. soft : soft tissue away from bone
    and skin. centre : of the body. metal_mm2 : metal that the source holds.
    """

    screws: Array
    teeth: Array
    joints: tuple[tuple[float, float, float], ...]
    soft: Array
    centre: tuple[float, float]
    metal_mm2: float


_SITES: Memory[Sites] = Memory(size=4)


def sites_of(scan: CTScan) -> Sites:
    """Where metal may lie in a slice, found once for each picture.

    Model
        Body: the largest part above -300 HU that is thicker than 8 mm, cavities filled. Bone: above 130 HU after a Gaussian of 1.5 mm, with cortex above
        350 HU, marrow filled; a screw fits where bone is 10 mm wide, a joint is a bone of 26 mm and more at 50 mm beside the middle of a trunk. Teeth: 10
        mm2 and more above 1800 HU after a Gaussian of 0.7 mm.
    Parameters
        scan : a slice in HU.
    Returns
        Sites; empty arrays where the slice has none of a kind.
    Assumes
        A lying patient, bones without contrast medium in their neighbourhood.
    Not modelled
        Which bone or tooth it is.
    References
        None: geometry of bones in HU.
    Oracle
        A phantom with a spine, two femoral heads and a tooth (tests/physics/ct/test_ct_metal.py).
    """
    return _SITES.get(scan.hu, scan.grid, make=lambda: _find(scan))


def _find(scan: CTScan) -> Sites:
    hu, spacing = scan.attenuating_hu().double().numpy(), scan.spacing_mm
    body = _body(hu, spacing)
    y, x = scan.grid.centred_mm()

    def places(mask: Mask) -> Array:
        rows, columns = np.nonzero(mask)
        return np.stack((x[columns], y[rows]), axis=1)

    depth = ndimage.distance_transform_edt(np.pad(body, 1), sampling=spacing)[1:-1, 1:-1]
    inner = body & (depth > 4.0)
    closed = _bones(inner, hu, spacing)
    width = ndimage.distance_transform_edt(closed, sampling=spacing)
    enamel = inner & (ndimage.gaussian_filter(hu, [0.7 / s for s in spacing]) > ENAMEL_HU)
    soft = body & (depth > 15.0) & (ndimage.distance_transform_edt(~closed, sampling=spacing) > 8.0) & (hu > -100) & (hu < 200)
    area_mm2 = spacing[0] * spacing[1]
    middle = places(body).mean(axis=0) if body.any() else np.zeros(2)
    return Sites(
        screws=places(width > _SCREW_MM / 2),
        teeth=places(enamel if float(enamel.sum()) * area_mm2 > _TOOTH_MM2 else np.zeros_like(enamel)),
        joints=_joints(closed, width, places, centre_x=float(middle[0]), trunk=float(body.sum()) * area_mm2 > 4.5e4),
        soft=places(soft),
        centre=(float(middle[0]), float(middle[1])),
        metal_mm2=float((hu > METAL_HU).sum()) * area_mm2,
    )


def _bones(inner: Mask, hu: Array, spacing: tuple[float, float]) -> Mask:
    """Bones with their marrow: parts above 130 HU with cortex above 350 HU, gaps of 5 mm and holes closed; a vessel with contrast medium has no cortex."""
    smooth = ndimage.gaussian_filter(hu, [1.5 / s for s in spacing])
    labels, count = ndimage.label(inner & (smooth > BONE_HU))
    if not count:
        return np.zeros(hu.shape, dtype=bool)
    cortex = ndimage.gaussian_filter(hu, [1.0 / s for s in spacing]) > CORTEX_HU
    area_mm2 = spacing[0] * spacing[1] * np.bincount(labels.ravel(), weights=cortex.ravel(), minlength=count + 1)
    bone = (area_mm2[labels] > 20.0) & (labels > 0)
    grown = ndimage.distance_transform_edt(~bone, sampling=spacing) <= _GAP_MM
    closed = ndimage.binary_fill_holes(ndimage.distance_transform_edt(grown, sampling=spacing) > _GAP_MM)
    return np.asarray(closed & (smooth > MARROW_HU))


def _joints(closed: Mask, width: Array, places: Callable[[Mask], Array], *, centre_x: float, trunk: bool) -> tuple[tuple[float, float, float], ...]:
    if not trunk:
        return ()
    labels, count = ndimage.label(closed)
    found = []
    for label in range(1, count + 1):
        part = labels == label
        widest = float(2 * width[part].max())
        if widest >= _JOINT_MM:
            px, py = places(part & (width > 0.9 * widest / 2)).mean(axis=0)
            if abs(px - centre_x) > 50.0:
                found.append((round(float(px), 2), round(float(py), 2), round(widest, 2)))
    return tuple(sorted(found))


def _body(hu: Array, spacing: tuple[float, float]) -> Mask:
    """The largest thick part, cavities filled; the table is thin."""
    thick = ndimage.distance_transform_edt(np.pad(hu > BODY_HU, 1), sampling=spacing)[1:-1, 1:-1] > 4.0
    labels, count = ndimage.label(thick)
    if not count:
        return np.zeros(hu.shape, dtype=bool)
    largest = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    grown = ndimage.distance_transform_edt(~largest, sampling=spacing) <= 4.0
    return np.asarray(ndimage.binary_fill_holes(grown))


def why_no_metal(scan: CTScan) -> str | None:
    """Why metal cannot be put into a slice: it holds metal, or shows no body."""
    sites = sites_of(scan)
    if sites.metal_mm2 > _METAL_MM2:
        return f"the source holds {sites.metal_mm2:.0f} mm2 of metal of its own"
    if not len(sites.soft) and not len(sites.screws):
        return "the slice shows no body that an implant could lie in"
    return None
