"""Families of effect: closed forms, golden values, an independent implementation."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from independent.families import remeasure, u_of
from skimage.color import deltaE_ciede2000, rgb2lab

from medq_gen.declare.families import FAMILIES
from physics.display import Display, display_of, object_mask, to_png8
from physics.measure import extent, families
from physics.measure.colour import delta_e_2000, lab_of_codes
from physics.measure.haar import block_harm, block_sums, haar_bands
from physics.measure.pair import Pair, View

CODES = Display("codes", 0.0, 255.0)


def pair_of(reference, degraded, *, mask=None, modality="mri", spacing_mm=(1.0, 1.0), scan=None):
    reference, degraded = (torch.as_tensor(np.asarray(x, np.float32)) for x in (reference, degraded))
    mask = torch.ones(reference.shape[:2], dtype=torch.bool) if mask is None else torch.as_tensor(mask)
    return Pair(reference, degraded, View(modality, "head", CODES, mask, spacing_mm), scan=scan)


def texture(seed: int = 0, shape: tuple[int, int] = (512, 512)) -> np.ndarray:
    """A smooth random picture about 128 with edges of all directions."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal(shape), (0, 0), 4)
    return (128 + 50 * np.tanh(3 * noise / noise.std())).astype(np.float32)


def test_equal_pictures_have_no_effect():
    """Every family reads zero where nothing changed."""
    pair = pair_of(texture(), texture())
    for measure in (families.contrast_lost, families.disturbance, families.shading, families.exposure, families.colour_difference, families.covered_share):
        assert measure(pair).value == pytest.approx(0.0, abs=1e-5), measure.name


@pytest.mark.parametrize("kept", [0.9, 0.4, 1.2])
def test_lost_contrast_is_what_was_taken(kept):
    """deg = c ref + constant loses exactly 1 - c; enhanced edges read negative."""
    assert families.contrast_lost(pair_of(texture(), 128 + kept * (texture() - 128))).value == pytest.approx(1 - kept, abs=1e-5)


@pytest.mark.parametrize("frequency", [0.06, 0.11])
def test_a_blurred_grating_loses_what_gauss_takes(frequency):
    """A sinusoid of 0.06 cycles/px under a blur of 2 px keeps exp(-2 pi^2 4 f^2), up to the high-pass that both share."""
    x = np.arange(512)[None] * np.ones((512, 1))
    wave = 128 + 60 * np.sin(2 * np.pi * frequency * x)
    blurred = 128 + (wave - 128) * np.exp(-2 * np.pi**2 * 4 * frequency**2)
    measured = families.contrast_lost(pair_of(wave, cv2.GaussianBlur(wave, (0, 0), 2.0, borderType=cv2.BORDER_REFLECT))).value
    assert measured == pytest.approx(families.contrast_lost(pair_of(wave, blurred)).value, abs=0.01)
    assert measured == pytest.approx(1 - np.exp(-2 * np.pi**2 * 4 * frequency**2), abs=0.01)


def test_detail_is_read_at_steep_places_inside_the_object_only():
    """A loss beyond the object, or within 8 px of its rim, is not seen; the same loss inside is."""
    reference = texture()
    mask = np.zeros((512, 512), bool)
    mask[100:400, 100:400] = True
    outside, inside = reference.copy(), reference.copy()
    outside[:92], inside[150:350, 150:350] = 128, 128
    assert families.contrast_lost(pair_of(reference, outside, mask=mask)).value == pytest.approx(0.0, abs=0.01)
    assert families.contrast_lost(pair_of(reference, inside, mask=mask)).value > 0.3


def test_the_stop_of_a_field_is_no_detail():
    """A field whose every structure is gone has lost all, though its rim is as sharp as ever; in an MRI the outline of the head is an edge that is kept."""
    field = np.hypot(*(np.mgrid[:512, :512] - 256)) < 180
    reference, flat = np.where(field, texture(), 0.0), np.where(field, 128.0, 0.0)
    for modality in ("fundus", "endoscopy"):
        assert families.contrast_lost(pair_of(reference, flat, mask=field, modality=modality)).value == pytest.approx(1.0, abs=1e-4)
    assert families.contrast_lost(pair_of(reference, flat, mask=field, modality="mri")).value < 0.995


@pytest.mark.parametrize("modality", ["fundus", "mri"])
def test_a_field_that_fills_the_picture_has_no_rim(modality):
    """Away from the frame the average within the field is the average."""
    reference, blurred = texture(2), cv2.GaussianBlur(texture(2), (0, 0), 2.0)
    mask = np.zeros((512, 512), bool)
    mask[60:-60, 60:-60] = True
    whole = families.contrast_lost(pair_of(reference, blurred, modality=modality)).value
    assert whole == pytest.approx(families.contrast_lost(pair_of(reference, blurred, mask=mask, modality=modality)).value, abs=0.02)


def test_haar_coefficients_of_a_step():
    """A step of one code down the rows gives 2^(j-1) at scale j in orientation 0 and nothing in orientation 1."""
    step = np.zeros((64, 64))
    step[32:] = 1.0
    bands = haar_bands(step)
    assert bands.fine[0, 0].max() == pytest.approx(1.0)
    assert bands.fine[0, 1].max() == pytest.approx(2.0)
    assert bands.weight[0].max() == pytest.approx(4.0)
    assert bands.fine[1].max() == bands.weight[1].max() == 0.0
    assert haar_bands(np.full((32, 32), 9.0)).weight.max() == pytest.approx(0.0, abs=1e-12)  # symmetric padding: no edge at the frame


def test_harm_by_a_loop_over_pixels():
    """Vectorised block harm equals sums over pixels written out, object pixels only."""
    rng = np.random.default_rng(3)
    first, second = (haar_bands(rng.uniform(0, 60, (40, 70))) for _ in range(2))
    mask = rng.uniform(size=(40, 70)) < 0.7
    harm, counted = block_harm(first, second, mask)
    for i, j in ((0, 0), (0, 2), (1, 1)):
        top = bottom = 0.0
        for r in range(32 * i, min(32 * i + 32, 40)):
            for c in range(32 * j, min(32 * j + 32, 70)):
                for k in range(2):
                    a, b = first.fine[k, :, r, c], second.fine[k, :, r, c]
                    s = np.mean((2 * a * b + 5.0) / (a**2 + b**2 + 5.0))
                    w = max(first.weight[k, r, c], second.weight[k, r, c]) * mask[r, c]
                    top, bottom = top + w / (1 + np.exp(-4.9 * s)), bottom + w
        p = top / bottom
        assert harm[i, j] == pytest.approx(1 - (np.log(p / (1 - p)) / 4.9) ** 2, abs=1e-9)
    assert counted.tolist() == [[True, True, False], [False, False, False]]  # 6 columns and 8 rows are less than a fifth


def test_block_sums_keep_partial_blocks():
    """Blocks start at the upper left; the last ones are what is left."""
    assert block_sums(np.ones((40, 70))).tolist() == [[1024, 1024, 192], [256, 256, 48]]


def test_golden_disturbance():
    """Pinned values: zero padding, a squared constant, another colour space or a missing mask change them by more than one percent."""
    reference = texture(5)
    noisy = reference + 8 * np.random.default_rng(6).standard_normal((512, 512)).astype(np.float32)
    mask = np.hypot(*(np.mgrid[:512, :512] - 256)) < 200
    assert families.disturbance(pair_of(reference, noisy)).value == pytest.approx(GOLDEN_FULL, abs=2e-4)
    assert families.disturbance(pair_of(reference, noisy, mask=mask)).value == pytest.approx(GOLDEN_DISC, abs=2e-4)
    half = np.where(np.arange(512)[:, None] < 200, noisy, reference)
    assert families.disturbance(pair_of(reference, half)).value == pytest.approx(GOLDEN_HALF, abs=2e-4)


def test_disturbance_does_not_care_which_picture_came_first():
    """The similarity is symmetric; harm grows with noise."""
    a, b = texture(1), texture(1) + 10 * np.random.default_rng(2).standard_normal((512, 512))
    assert families.disturbance(pair_of(a, b)).value == pytest.approx(families.disturbance(pair_of(b, a)).value, abs=1e-6)
    assert families.disturbance(pair_of(a, b)).value < families.disturbance(pair_of(a, a + 2 * (b - a))).value


def test_grain_is_the_deviation_of_what_was_added():
    """White noise of 12 codes reads 12 whatever grain the reference had, where P halves; a constant shift reads nothing; what clips in CT is not judged."""
    noise = np.random.default_rng(8).standard_normal((512, 512)).astype(np.float32)
    smooth = np.full((512, 512), 120.0, np.float32)
    grainy = smooth + 18 * np.random.default_rng(9).standard_normal((512, 512)).astype(np.float32)
    for reference in (smooth, grainy):
        assert families.grain(pair_of(reference, reference + 12 * noise)).value == pytest.approx(12, rel=0.01)
    assert families.disturbance(pair_of(grainy, grainy + 12 * noise)).value < 0.6 * families.disturbance(pair_of(smooth, smooth + 12 * noise)).value
    assert families.grain(pair_of(smooth, smooth + 20)).value == pytest.approx(0.0, abs=1e-4)
    smooth[:, 256:] = 255.0
    in_bone = smooth + np.where(np.arange(512) < 256, 0, -40) * np.abs(noise)
    assert families.grain(pair_of(smooth, in_bone, modality="ct")).value == pytest.approx(0.0, abs=1e-4)


def test_ct_is_judged_where_the_window_shows_tissue():
    """A change in clipped bone or within 2 px of it is no harm in CT; the same change in an MRI is."""
    reference = texture()
    reference[:, 200:320] = 255.0
    degraded = reference.copy()
    degraded[:, 201:319:2] = 100.0
    ct, mri = (families.disturbance(pair_of(reference, degraded, modality=modality)).value for modality in ("ct", "mri"))
    assert mri > 0.3
    assert ct < 0.5 * mri
    shown = families.judged_mask(pair_of(reference, degraded, modality="ct"))
    assert not shown[:, 198:322].any()
    assert shown[100, 197]
    assert not shown[100, 1]


@pytest.mark.parametrize("axis", [0, 1])
def test_a_linear_ramp_of_gain_has_its_closed_form(axis):
    """Gain 1 +- a over a field: variation a / sqrt(3), less what 26 px of smoothing takes at the rim; a constant gain has none."""
    ramp = 1 + 0.3 * np.linspace(-1, 1, 512)
    field = ramp[:, None] if axis == 0 else ramp[None]
    reference = np.full((512, 512), 120.0)
    assert families.shading(pair_of(reference, reference * field)).value == pytest.approx(0.3 / np.sqrt(3), rel=0.03)
    assert families.shading(pair_of(reference, 0.7 * reference)).value == pytest.approx(0.0, abs=1e-6)


def test_shading_ignores_what_lies_outside_the_object():
    """Bright air that the degraded picture gained does not shade the head."""
    mask = np.hypot(*(np.mgrid[:512, :512] - 256)) < 150
    reference = np.where(mask, 100.0, 0.0)
    assert families.shading(pair_of(reference, np.where(mask, 100.0, 200.0), mask=mask)).value == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("stops", [-1.3, -0.4, 0.6])
def test_exposure_reads_stops_of_light(stops):
    """A gain of 2^EV in linear light reads |EV|; its sign is kept apart."""
    light = families.linear_light(texture().astype(np.float64))
    codes = np.interp(np.minimum(light * 2.0**stops, 1.0), families.linear_light(np.linspace(0, 255, 5001)), np.linspace(0, 255, 5001))
    pair = pair_of(texture(), codes)
    assert families.exposure(pair).value == pytest.approx(abs(stops), abs=0.01)
    assert families.exposure_stops(pair) == pytest.approx(stops, abs=0.01)


SHARMA = (  # pairs of Sharma, Wu and Dalal 2005, table 1
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0009), 7.1792),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.441), (91.1528, -1.6435, 0.0447), 1.4441),
    ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
)


@pytest.mark.parametrize(("first", "second", "expected"), SHARMA)
def test_published_colour_differences(first, second, expected):
    """The published pairs, to their four digits, in either order."""
    a, b = np.array(first), np.array(second)
    assert float(delta_e_2000(a, b)) == pytest.approx(expected, abs=6e-5)
    assert float(delta_e_2000(b, a)) == pytest.approx(expected, abs=6e-5)


def test_colour_differences_agree_with_scikit_image():
    """Random codes through Lab and dE00: another implementation agrees to 0.02."""
    rng = np.random.default_rng(0)
    first, second = (rng.uniform(0, 255, (500, 3)).astype(np.float32) for _ in range(2))
    ours = delta_e_2000(lab_of_codes(first).astype(np.float64), lab_of_codes(second).astype(np.float64))
    assert np.abs(ours - deltaE_ciede2000(rgb2lab(first / 255), rgb2lab(second / 255))).max() < 0.02


@pytest.mark.parametrize(("lost", "as_bad"), [(0.41, 16.0), (0.545, 22.25), (0.8, 28.5 + 0.12 * 12.5 / 0.27)])
def test_a_stain_that_pales_is_judged_by_the_contrast_it_takes(lost, as_bad):
    """Contrast taken about a constant mean reads its equivalent; a darker stain, which takes none, reads its colour difference."""
    slide = np.repeat(texture()[..., None], 3, axis=2)
    pale = pair_of(slide, 128 + (1 - lost) * (slide - 128), modality="histopathology")
    assert families.colour_difference(pale).value < as_bad
    assert families.stain_change(pale).value == pytest.approx(as_bad, rel=1e-4)
    darker = pair_of(slide, 0.6 * slide + 2 * (slide - 128) * 0.25, modality="histopathology")
    assert families.stain_change(darker).value == families.colour_difference(darker).value > 10


def test_covered_share_is_an_area():
    """A pasted square of a tenth of the object reads a tenth; a change below 2 % of white reads nothing."""
    reference = np.full((512, 512, 3), 120.0)
    covered = reference.copy()
    covered[100:200, 50:312, 1] = 20.0
    mask = np.zeros((512, 512), bool)
    mask[:, :400] = True
    assert families.covered_share(pair_of(reference, covered, mask=mask, modality="fundus")).value == pytest.approx(100 * 262 / (512 * 400), rel=1e-6)
    assert families.covered_share(pair_of(reference, reference + 5.0, modality="fundus")).value == 0.0


def test_displacement_is_in_canonical_pixels():
    """3 mm down and 4 mm right on pixels of 1.5 by 2 mm are hypot(2, 2) pixels, twice that when 256 rows become 512."""

    class Warped:
        def displacement_mm(self):
            return torch.stack([torch.full((256, 128), 3.0), torch.full((256, 128), 4.0)])

    flat = np.full((256, 128), 100.0)
    assert families.displacement(pair_of(flat, flat, spacing_mm=(1.5, 2.0), scan=Warped())).value == pytest.approx(2 * np.hypot(2, 2), rel=1e-6)
    stored = np.full((128, 64), 100.0)  # of a scan of twice as many pixels
    assert families.displacement(pair_of(stored, stored, spacing_mm=(3.0, 4.0), scan=Warped())).value == pytest.approx(4 * np.hypot(1, 1), rel=1e-6)
    assert "field" in families.displacement(pair_of(flat, flat)).reason
    assert "spacing" in families.displacement(pair_of(flat, flat, spacing_mm=None, scan=Warped())).reason


def test_piled_up_signal_is_an_area_of_half_as_bright_again():
    """A square twice as bright counts whole; one that gained a third, or a faint one that doubled, does not."""
    reference = np.full((512, 512), 80.0)
    reference[300:400] = 8.0
    degraded = reference.copy()
    degraded[100:200, 50:150] *= 2.0
    degraded[200:300, 50:150] *= 1.33
    degraded[300:400, 50:150] *= 2.0
    mask = np.zeros((512, 512), bool)
    mask[:, :256] = True
    assert extent.piled_up_share(pair_of(reference, degraded, mask=mask)).value == pytest.approx(10000 / (512 * 256))
    assert extent.piled_up_share(pair_of(reference, reference)).value == 0.0


@pytest.mark.parametrize(("share", "told"), [(0.0005, 0.0), (0.01, None), (0.2, 10.0)])
def test_a_warp_of_a_small_part_is_no_absence_of_warp(share, told):
    """Ten pixels over a twentieth of the object and more are ten pixels; over a hundredth they are neither that nor nothing; below a thousandth nothing."""

    class Dragged:
        def displacement_mm(self):
            field = torch.zeros((2, 512, 512))
            field[0].view(-1)[: round(share * 512**2)] = 10.0
            return field

    flat = np.full((512, 512), 100.0)
    reading = families.displacement(pair_of(flat, flat, spacing_mm=(1.0, 1.0), scan=Dragged()))
    assert reading.value == (pytest.approx(told) if told else told)
    assert (reading.reason is None) == (told is not None)


def test_a_picture_without_object_has_a_reason():
    """No family raises or invents a number where the object is empty."""
    nothing = np.zeros((512, 512), bool)
    for measure in (families.contrast_lost, families.disturbance, families.shading, families.exposure, families.colour_difference, families.covered_share):
        reading = measure(pair_of(texture(), texture(1), mask=nothing))
        assert reading.value is None, measure.name
        assert reading.reason


def test_a_ladder_pays_for_its_reference_once():
    """A second degraded picture shares the reference side and reads what a fresh pair reads."""
    first = pair_of(texture(), texture(1))
    second = first.against(torch.as_tensor(texture(2)))
    assert second.canonical_reference is first.canonical_reference
    assert families.disturbance(second).value == families.disturbance(pair_of(texture(), texture(2))).value


def _real(name: str) -> tuple[torch.Tensor, str, str]:
    if name == "mri":
        from matplotlib import cbook

        with cbook.get_sample_data("s1045.ima.gz") as file:
            return torch.from_numpy(np.frombuffer(file.read(), np.uint16).reshape(256, 256).astype(np.float32)), "mri", "head"
    if name == "fundus":
        return torch.from_numpy(skimage.data.retina()[::2, ::2].astype(np.float32)), "fundus", "retina"
    return torch.from_numpy(skimage.data.immunohistochemistry().astype(np.float32)), "histopathology", "tissue"


@pytest.mark.parametrize("name", ["mri", "fundus", "tissue"])
@pytest.mark.parametrize("change", ["noise", "blur", "shade", "gain"])
def test_the_stored_picture_tells_the_same(name, change):
    """Every family, measured again from 8-bit codes by an implementation of its own, agrees within 0.03 u (covers, which count pixels, to 6 %)"""
    native, modality, anatomy = _real(name)
    mask = object_mask(native, modality=modality)
    view = View(modality, anatomy, display_of(native, modality=modality, anatomy=anatomy), mask, (1.0, 1.0))
    picture, top = native.numpy(), view.display.high
    ramp = np.linspace(0.75, 1.25, picture.shape[1], dtype=np.float32)
    made = {
        "noise": picture + 0.04 * top * np.random.default_rng(0).standard_normal(picture.shape).astype(np.float32),
        "blur": cv2.GaussianBlur(picture, (0, 0), 1.5 * max(picture.shape) / 512),
        "shade": picture * (ramp if picture.ndim == 2 else ramp[:, None]),
        "gain": 0.75 * picture,
    }[change]
    pair = Pair(native, torch.from_numpy(made), view)
    reference_png, degraded_png = to_png8(native, view.display), to_png8(pair.degraded, view.display)
    for family, effect in FAMILIES.items():
        if family == "geometry":
            continue
        again = remeasure(family, reference_png, degraded_png, mask=mask.numpy(), modality=modality)
        rel = 0.06 if family in ("cover", "specular") else 0.0
        assert effect.u(effect.measure(pair).value) == pytest.approx(u_of(again, effect.anchors), abs=0.03, rel=rel), family


GOLDEN_FULL = 0.58358
GOLDEN_DISC = 0.58334
GOLDEN_HALF = 0.45253
