"""Attributes: each measure rises with its own disturbance and with no other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from physics.display import Display
from physics.measure import attributes, families
from physics.measure.attributes import ATTRIBUTE_ANCHORS, ATTRIBUTE_MEASURES
from physics.measure.blur import blur_of, coarse_gain
from physics.measure.pair import Pair, View
from physics.measure.residual import split_of

N = 256
CODES = Display("codes", 0.0, 255.0)
RNG = np.random.default_rng(11)


def phantom() -> np.ndarray:
    """A head-like disc with smooth blobs: edges of all directions, coarse and fine."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:N, :N] - N // 2
    blobs = sum(
        cv2.GaussianBlur(rng.standard_normal((N, N)), (0, 0), s) / np.std(cv2.GaussianBlur(rng.standard_normal((N, N)), (0, 0), s)) for s in (2.5, 6.0, 14.0)
    )
    return np.where(np.hypot(x, y) < 110, 120 + 22 * np.tanh(blobs), 0.0).astype(np.float32)


MASK = torch.from_numpy(np.hypot(*(np.mgrid[:N, :N] - N // 2)) < 108)


def pair_of(degraded, reference=None, modality="mri"):
    reference = phantom() if reference is None else reference
    return Pair(torch.from_numpy(reference), torch.from_numpy(np.asarray(degraded, np.float32)), View(modality, "head", CODES, MASK, None))


def noise(picture, sigma=9.0):
    return picture + sigma * np.random.default_rng(5).standard_normal(picture.shape)


def ghost(picture, share=0.5):
    copy = np.roll(picture, 40, axis=0)
    return picture + share * (copy - cv2.GaussianBlur(copy, (0, 0), 8))


def blur(picture, sigma=1.6):
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def smear(picture, direction_deg=0.0, length=9):
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
    for t in np.linspace(-length / 2, length / 2, 200):
        kernel[round(length + t * np.sin(np.radians(direction_deg))), round(length + t * np.cos(np.radians(direction_deg)))] += 1 / 200
    return cv2.filter2D(picture, -1, kernel)


def shade(picture, amount=0.35):
    return picture * (1 + amount * np.linspace(-1, 1, N)[None]).astype(np.float32)


def flatten(picture, kept=0.55):
    inside = MASK.numpy()
    return np.where(inside, kept * picture + (1 - kept) * picture[inside].mean(), picture)


def brighten(picture, gain=1.3):
    return gain * picture


CAUSES = {"noise": noise, "ghost": ghost, "blur": blur, "smear": smear, "shade": shade, "flatten": flatten, "brighten": brighten}
MATRIX = {  # attribute -> causes that must raise it
    "noise": {"noise"},
    "motion ghosting": {"ghost"},
    "sharpness": {"blur", "smear"},
    "defocus": {"blur"},
    "motion blur": {"smear"},
    "contrast": {"flatten"},
    "intensity inhomogeneity": {"shade"},
    "brightness": {"brighten"},
}


def u(name: str, value: float) -> float:
    return float(np.interp(value, (0.0, *ATTRIBUTE_ANCHORS[name]), (0.0, 0.5, 1.5, 2.5)))


@pytest.mark.parametrize("attribute", MATRIX)
@pytest.mark.parametrize("cause", CAUSES)
def test_cross_talk(attribute, cause):
    """A disturbance raises its own attribute past mild's lower bound and leaves every other below the first anchor."""
    if (attribute, cause) in {
        ("contrast", "ghost"),
        ("sharpness", "ghost"),
        ("defocus", "ghost"),
        ("brightness", "flatten"),
        ("intensity inhomogeneity", "flatten"),
    }:
        pytest.skip("a copy laid over a picture takes contrast and changes its edges: both are true of it")
    severity = u(attribute, ATTRIBUTE_MEASURES[attribute](pair_of(CAUSES[cause](phantom()))).value)
    if cause in MATRIX[attribute]:
        assert severity > 0.5
    else:
        assert severity < 0.3


@pytest.mark.parametrize(
    ("attribute", "cause", "family"), [("noise", "noise", "disturbance"), ("motion ghosting", "ghost", "disturbance"), ("defocus", "blur", "contrast_lost")]
)
def test_the_primary_attribute_agrees_with_its_family(attribute, cause, family):
    """Where one thing alone went wrong, the attribute reads what the family reads, so that both have one level."""
    pair = pair_of(CAUSES[cause](phantom()))
    assert ATTRIBUTE_MEASURES[attribute](pair).value == pytest.approx(getattr(families, family)(pair).value, rel=0.12)


@pytest.mark.parametrize("direction", [0, 30, 60, 90, 120, 150])
@pytest.mark.parametrize("length", [5, 13])
def test_the_direction_of_a_motion_blur(direction, length):
    """A line kernel at a known angle (rows 0, columns 90) is found within 10 degrees, the short way round."""
    found = attributes.blur_direction(pair_of(smear(phantom(), direction, length))).value
    assert abs((found - direction + 90) % 180 - 90) <= 10


@pytest.mark.parametrize("kind", ["roll", "zoom"])
def test_a_camera_that_rolls_or_advances_smears_about_the_middle(kind):
    """A mean over small turns or zooms about the middle is a motion blur without one direction; seen as an MRI, where no camera moves, it is none."""
    poses = np.linspace(-1, 1, 25)
    middle = ((N - 1) / 2, (N - 1) / 2)
    matrices = [cv2.getRotationMatrix2D(middle, 4.0 * p if kind == "roll" else 0.0, 1.0 if kind == "roll" else float(np.exp(0.07 * p))) for p in poses]
    smeared = np.mean([cv2.warpAffine(phantom(), m, (N, N), flags=cv2.INTER_CUBIC) for m in matrices], axis=0)
    pair = pair_of(smeared, modality="endoscopy")
    found = blur_of(pair)
    assert found.about_centre
    assert abs((found.direction_deg - (90 if kind == "roll" else 0) + 90) % 180 - 90) <= 10
    assert attributes.motion_blur(pair).value == pytest.approx(families.contrast_lost(pair).value, rel=0.12)
    assert "middle" in attributes.blur_direction(pair).reason
    assert attributes.motion_blur(pair_of(smeared)).value < 0.1


@pytest.mark.parametrize(("rows", "columns"), [((56, 251), (5, 200)), ((5, 200), (56, 251))])
def test_a_roll_is_seen_about_the_middle_of_the_field_wherever_it_lies(rows, columns):
    """A field off the centre of the picture: the roll is about its own middle."""
    speckle = 120 + 350 * cv2.GaussianBlur(np.random.default_rng(4).standard_normal((N, N)).astype(np.float32), (0, 0), 2.5)
    mask = np.zeros((N, N), bool)
    mask[slice(*rows), slice(*columns)] = True
    middle = ((columns[0] + columns[1] - 1) / 2, (rows[0] + rows[1] - 1) / 2)
    turns = [cv2.getRotationMatrix2D(middle, 5.0 * p, 1.0) for p in np.linspace(-1, 1, 25)]
    reference = np.where(mask, speckle, 0).astype(np.float32)
    smeared = np.where(mask, np.mean([cv2.warpAffine(speckle, m, (N, N), flags=cv2.INTER_CUBIC) for m in turns], axis=0), 0).astype(np.float32)
    found = blur_of(Pair(torch.from_numpy(reference), torch.from_numpy(smeared), View("endoscopy", "colon", CODES, torch.from_numpy(mask), None)))
    assert found.about_centre
    assert abs(found.direction_deg - 90) <= 10


def test_an_even_blur_has_no_direction():
    """A Gaussian blurs alike along and across; the reason says so."""
    for modality in ("mri", "endoscopy"):
        pair = pair_of(blur(phantom(), 2.5), modality=modality)
        assert blur_of(pair).anisotropy < 0.2
        assert attributes.blur_direction(pair).value is None


def test_coarse_gain_is_the_slope():
    """deg = 0.6 ref + 20 has a coarse gain of 0.6."""
    assert coarse_gain(pair_of(0.6 * phantom() + 20)) == pytest.approx(0.6, abs=2e-3)


@pytest.mark.parametrize("size", [(256, 256), (200, 131), (512, 512), (700, 600)])
def test_white_noise_is_all_noise_at_any_matrix(size):
    """Whatever the native matrix, at least 90 % of added white noise is read as noise and at most 6 % as structure."""
    rng = np.random.default_rng(0)
    reference = cv2.resize(phantom(), size[::-1])
    view = View("mri", "head", CODES, torch.from_numpy(reference > 60), None)
    split = split_of(Pair(torch.from_numpy(reference), torch.from_numpy(reference + 9 * rng.standard_normal(size).astype(np.float32)), view))
    assert split.noise_share > 0.9
    assert split.structure_share < 0.06


def test_a_copy_is_structure_and_energies_are_codes_squared():
    """A ghost is foreign structure; noise of sigma 9 at the canonical size has the energy 81."""
    assert split_of(pair_of(ghost(phantom()))).structure_share > 0.3
    assert split_of(pair_of(ghost(phantom()))).noise_share < 0.2
    reference = cv2.resize(phantom(), (512, 512))
    view = View("mri", "head", CODES, torch.from_numpy(reference > 60), None)
    split = split_of(Pair(torch.from_numpy(reference), torch.from_numpy(noise(reference).astype(np.float32)), view))
    assert split.noise == pytest.approx(81, rel=0.1)
    assert split.change == pytest.approx(81, rel=0.1)


def _slide() -> np.ndarray:
    amounts = np.stack([0.2 + 0.5 * (cv2.GaussianBlur(np.random.default_rng(k).standard_normal((N, N)), (0, 0), 4) > 0) for k in (1, 2)], axis=-1)
    return cv2.GaussianBlur(amounts, (0, 0), 1.0) @ np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11]])


def _codes(density: np.ndarray) -> np.ndarray:
    light = 10.0**-density
    return (255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)).round().astype(np.float32)


@pytest.mark.parametrize("factor", [0.55, 0.8, 1.4])
def test_stain_strength_is_recovered(factor):
    """Densities times a factor: the ratio is the factor, the whole change is stain, and its side is over or under."""
    pair = Pair(
        torch.from_numpy(_codes(_slide())),
        torch.from_numpy(_codes(factor * _slide())),
        View("histopathology", "tissue", CODES, torch.ones(N, N, dtype=torch.bool), None),
    )
    assert attributes.stain_ratio(pair).value == pytest.approx(factor, rel=0.03)
    assert attributes.dye_change(pair).value == pytest.approx(families.stain_change(pair).value, rel=0.02)
    over, under = attributes.over_staining(pair).value, attributes.under_staining(pair).value
    assert (over > 0) == (factor > 1)
    assert (under > 0) == (factor < 1)


def test_brighter_light_is_no_stain():
    """A lamp half as bright adds the same density everywhere: stain reads less than half of the colour difference's severity."""
    darker = Pair(
        torch.from_numpy(_codes(_slide())),
        torch.from_numpy(_codes(_slide() + 0.3)),
        View("histopathology", "tissue", CODES, torch.ones(N, N, dtype=torch.bool), None),
    )
    assert attributes.dye_change(darker).value < 0.1 * families.colour_difference(darker).value
    assert attributes.under_exposure(darker).value == pytest.approx(np.log2(10**0.3), rel=0.05)
    assert attributes.over_exposure(darker).value == 0.0
    assert attributes.brightening(darker).value == pytest.approx(-np.log2(10**0.3), rel=0.05)


def test_a_cast_is_colour_and_grain_is_not():
    """A colour cast keeps its dE at equal lightness; chroma noise of the same size per pixel does not count."""
    slide = _codes(_slide())
    view = View("histopathology", "tissue", CODES, torch.ones(N, N, dtype=torch.bool), None)
    cast = Pair(torch.from_numpy(slide), torch.from_numpy(np.clip(slide + np.array([18, 0, -18]), 0, 255).astype(np.float32)), view)
    grain = Pair(torch.from_numpy(slide), torch.from_numpy(np.clip(slide + 18 * RNG.standard_normal(slide.shape), 0, 255).astype(np.float32)), view)
    assert attributes.colour_shift(cast).value > 5.5
    assert attributes.colour_shift(grain).value < 0.3 * attributes.colour_shift(cast).value


def test_clipping_counts_what_was_not_clipped_before():
    """A tenth of the object burnt out reads a tenth; what the reference had is taken off."""
    flat = np.full((N, N), 120.0, np.float32)
    view = View("fundus", "retina", CODES, torch.ones(N, N, dtype=torch.bool), None)
    burnt, had = flat.copy(), flat.copy()
    burnt[:, :64], had[:, :16] = 255, 255
    assert attributes.clipped_share(Pair(torch.from_numpy(flat), torch.from_numpy(burnt), view)).value == pytest.approx(0.25)
    assert attributes.clipped_share(Pair(torch.from_numpy(had), torch.from_numpy(burnt), view)).value == pytest.approx(0.1875)


def test_every_measured_attribute_has_anchors():
    """Anchors and measures name the same attributes, and anchors rise."""
    assert set(ATTRIBUTE_ANCHORS) == set(ATTRIBUTE_MEASURES)
    assert all(0 < a < b < c for a, b, c in ATTRIBUTE_ANCHORS.values())


@pytest.mark.parametrize("gain", [0.6, 1.3])
def test_contrast_is_relative_to_brightness(gain):
    """All values times a gain keep their contrast; the same structures around half the brightness have twice as much of it."""
    assert ATTRIBUTE_MEASURES["contrast"](pair_of(gain * phantom())).value == pytest.approx(0.0, abs=0.02)
    lowered = np.where(MASK.numpy(), phantom() - 60.0, phantom())
    assert ATTRIBUTE_MEASURES["contrast"](pair_of(lowered)).value == pytest.approx(-1.0, abs=0.1)
