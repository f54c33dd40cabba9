"""Structures: drawn ones are found, absent ones are not, visibility has its closed forms."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from physics.display import Display, display_of, object_mask
from physics.measure.pair import Pair, View
from physics.measure.structures import structures_of, visibility, word_of

CODES = Display("codes", 0.0, 255.0)


def pair_of(reference, degraded):
    view = View("mri", "head", CODES, torch.ones(reference.shape, dtype=torch.bool), None)
    return Pair(torch.from_numpy(reference.astype(np.float32)), torch.from_numpy(degraded.astype(np.float32)), view)


def texture(seed=0):
    picture = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal((512, 512)), (0, 0), 2)
    return 128 + 20 * picture / picture.std()


@pytest.mark.parametrize("kept", [1.0, 0.6, 0.2])
def test_contrast_kept_is_a_factor_and_fidelity_stays(kept):
    """deg = c ref + d: beta is c, rho is 1."""
    seen = visibility(pair_of(texture(), 30 + kept * texture()), torch.ones(512, 512, dtype=torch.bool))
    assert seen.contrast_kept == pytest.approx(kept, abs=1e-3)
    assert seen.fidelity == pytest.approx(1.0, abs=1e-4)
    assert seen.visibility == {1.0: "good", 0.6: "usable", 0.2: "reject"}[kept]


def test_equal_energy_of_noise_has_fidelity_of_root_a_half():
    """Foreign texture as strong as the structure keeps beta at 1 and brings rho to 0.707."""
    seen = visibility(pair_of(texture(), texture() + texture(1) - 128), torch.ones(512, 512, dtype=torch.bool))
    assert seen.contrast_kept == pytest.approx(1.0, abs=0.03)
    assert seen.fidelity == pytest.approx(0.7071, abs=0.02)
    assert seen.visibility is None  # within 0.05 of the bound of 0.70


@pytest.mark.parametrize(
    ("kept", "fidelity", "word"),
    [
        *((0.9, 1.0, "good"), (0.6, 0.85, "usable"), (0.2, 0.9, "reject"), (0.9, 0.6, "reject")),
        *((0.82, 1.0, None), (0.9, 0.93, None), (0.33, 0.9, None), (0.38, 0.9, None), (0.6, 0.67, None), (0.6, 0.73, None), (0.77, 1.0, None)),
        *((0.9, 0.98, "good"), (0.9, 0.97, None), (0.82, 0.98, None)),  # no fidelity passes 1: half a margin above 0.95 is enough
    ],
)
def test_nothing_is_asked_near_a_bound(kept, fidelity, word):
    """Within 0.05 of a bound of either number there is no word."""
    assert word_of(kept, fidelity) == word


def test_only_the_mask_counts():
    """What is lost elsewhere does not change how a structure is seen."""
    mask = torch.zeros(512, 512, dtype=torch.bool)
    mask[:200] = True
    spoilt = texture()
    spoilt[260:] = 128
    assert visibility(pair_of(texture(), spoilt), mask).contrast_kept == pytest.approx(1.0, abs=0.01)
    assert visibility(pair_of(np.full((512, 512), 9.0), texture()), mask) is None


def head(*, fluid_column=0.0, skull=True):
    y, x = np.mgrid[:400, :320] - np.array([200, 160])[:, None, None]
    radius = np.hypot(y / 180, x / 140)
    picture = np.where(radius < 1, 140.0, 0.0)
    picture[(radius < 0.95) & (radius > 0.88)] = 15.0 if skull else 140.0
    folds = 0.62 + 0.05 * np.sin(14 * np.arctan2(y, x))
    picture[radius < 0.88] = 90.0
    picture[radius < folds * 0.88] = 150.0
    for side in (-1, 1):
        picture[np.hypot((y + 5) / 45, (x - side * 16 - fluid_column) / 9) < 1] = 20.0
    return picture + np.random.default_rng(0).standard_normal(picture.shape) * 2 * (radius < 1)


def found_in(picture, modality="mri", anatomy="head"):
    native = torch.from_numpy(np.asarray(picture, np.float32))
    mask = object_mask(native, modality=modality)
    return structures_of(native, View(modality, anatomy, display_of(native, modality=modality, anatomy=anatomy), mask, None))


def test_a_drawn_head_shows_its_structures_where_they_are():
    """Ventricles lie at the drawn ellipses, the grey-white seam along the drawn border, the skull ring at the rim."""
    found = found_in(head())
    assert set(found) == {"grey–white boundary", "ventricles", "skull line"}
    scale = 512 / 400
    y, x = np.mgrid[:512, :410] - np.array([200 * scale, 160 * scale])[:, None, None]
    near = np.min([np.abs(np.hypot((y + 5 * scale) / 45, (x - s * 16 * scale) / 9) / scale - 1) for s in (-1, 1)], axis=0)
    assert near[found["ventricles"].numpy()].max() < 0.75
    seam = np.hypot(y / 180, x / 140)[found["grey–white boundary"].numpy()] / scale
    assert 0.46 < np.percentile(seam, 10) < np.percentile(seam, 90) < 0.62


def test_unsure_is_not_found():
    """Fluid far off the middle is no ventricle, a head without a dark bone has no skull line, another anatomy has none of either."""
    assert "ventricles" not in found_in(head(fluid_column=60.0))
    assert "skull line" not in found_in(head(skull=False))
    assert found_in(head(), anatomy="knee") == {}


def test_the_retina_has_its_disc_and_vessels():
    """The optic disc of the sample lies left of the middle; vessels cover some percent of the field, and none of it is the fovea."""
    found = found_in(skimage.data.retina()[::2, ::2], "fundus", "retina")
    rows, columns = np.nonzero(found["optic disc"].numpy())
    assert (rows.mean() / 512, columns.mean() / 512) == pytest.approx((0.47, 0.18), abs=0.04)
    vessels = found["vessel branching"].numpy()
    assert 0.03 < vessels.mean() < 0.2
    assert not vessels[235:275, 235:275].any()


def test_a_blank_field_shows_nothing():
    """Even retina, mucosa and glass have no structure that is sure."""
    for modality in ("fundus", "endoscopy", "histopathology"):
        assert found_in(np.full((300, 300, 3), 140.0), modality, "any") == {}


def test_a_lumen_is_a_dark_hole_within_lit_mucosa():
    """A dark disc in the middle is a lumen with its rim marked; a dark corner is not."""
    y, x = np.mgrid[:300, :300]
    mucosa = np.full((300, 300, 3), 1.0) * np.array([180.0, 110.0, 90.0])
    hole, corner = mucosa.copy(), mucosa.copy()
    hole[np.hypot(y - 130, x - 170) < 30] = 12
    corner[np.hypot(y, x) < 90] = 12
    marked = found_in(hole, "endoscopy", "colon")["lumen"].numpy()
    radius = np.hypot(*(np.argwhere(marked).T - np.array([[130], [170]]) * 512 / 300))
    assert 38 < radius.min() < 51 < radius.max() < 66
    assert found_in(corner, "endoscopy", "colon") == {}


def test_nuclei_are_compact_and_blue():
    """Forty blue discs on pink are nuclei, their borders marked; the same discs in pink only are not."""
    rng = np.random.default_rng(1)
    density = np.full((512, 512), 0.35)[..., None] * np.array([0.072, 0.990, 0.105])
    blue = density.copy()
    y, x = np.mgrid[:512, :512]
    for r, c in rng.uniform(30, 480, (40, 2)):
        blue[np.hypot(y - r, x - c) < 7] += 0.9 * np.array([0.65, 0.704, 0.286])
    codes = [255 * (10.0**-d) ** (1 / 2.2) for d in (blue, density)]
    assert found_in(codes[0], "histopathology", "tissue")["nuclear border"].sum() > 40 * 2 * 3.14 * 7
    assert found_in(codes[1], "histopathology", "tissue") == {}
