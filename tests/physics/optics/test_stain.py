"""Slides and their dyes: glass, fit, Beer-Lambert."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from real_data import real_data
from skimage.data import immunohistochemistry

from physics.measure.colour import delta_e_2000, lab_of_codes
from physics.optics import Capture
from physics.optics.acquire import expose
from physics.optics.light import codes_of, density_of, light_of, light_through
from physics.optics.slide import KNOWN, Slide, dye_matrix, glass
from physics.optics.stain import StainGain, stained
from physics.scan import acquire

WHITE = np.array([0.86, 0.82, 0.90])


def mixture(
    stains: str = "he", *, glass_share: float = 0.2, seed: int = 0, rows: int = 120, columns: int = 151, most: float = 0.55
) -> tuple[np.ndarray, np.ndarray]:
    """Codes of a slide that mixes two known dyes on glass, and the amounts of dye."""
    rng = np.random.default_rng(seed)
    dyes = np.array(KNOWN[stains])
    dyes /= np.linalg.norm(dyes, axis=1, keepdims=True)
    amounts = rng.uniform(0.03, most, (rows, columns, 2)) * np.where(rng.random((rows, columns, 1)) < 0.5, [1.0, 0.04], [0.04, 1.0])
    amounts[: int(glass_share * rows)] = 0
    return codes_of(light_through(amounts @ dyes, WHITE)), amounts


@pytest.mark.parametrize("stains", ["he", "hdab"])
def test_the_fit_gives_back_the_dyes_of_a_mixture(stains: str) -> None:
    """Two known dyes on a slide of known white come back within 3 degrees, haematoxylin first, as unit columns beside a perpendicular residual."""
    codes, _ = mixture(stains)
    slide = Slide.of(codes, stains=stains)  # type: ignore[arg-type]
    known = np.array(KNOWN[stains])
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    assert slide.fitted
    assert slide.glass_seen
    off = np.degrees(np.arccos(np.clip((slide.dyes[:, :2].T * known).sum(axis=1), -1, 1)))
    assert off.max() < 3
    np.testing.assert_allclose(np.linalg.norm(slide.dyes, axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(slide.dyes[:, 2] @ slide.dyes[:, :2], 0, atol=1e-12)


def test_white_is_read_off_glass_and_not_invented_without_it() -> None:
    """I0 within half a code where there is glass; none where the tile is full of tissue, and then white is 1 and all is tissue."""
    codes, _ = mixture(glass_share=0.1)
    white, noise = glass(codes)
    assert white is not None
    np.testing.assert_allclose(white, WHITE, rtol=0.01)
    assert 0 <= noise < 0.01
    full, _ = mixture(glass_share=0.0)
    dense = np.minimum(full, 150)
    assert glass(dense) == (None, 0.0)
    slide = Slide.of(dense, stains="he")
    assert not slide.glass_seen
    assert np.all(slide.white == 1)
    assert np.all(slide.tissue == 1)


def test_published_dyes_stand_in_where_a_fit_would_be_nonsense() -> None:
    """Too few stained pixels, one dye alone, or dyes of another kind: Ruifrok's, in order, not called fitted."""
    known = np.array(KNOWN["he"])
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    rng = np.random.default_rng(0)
    few = rng.uniform(0.3, 0.6, (100, 3))
    single = rng.uniform(0.2, 1.0, (4000, 1)) * known[0]
    foreign = np.concatenate([rng.uniform(0.2, 1, (2000, 1)) * [1.0, 0.02, 0.02], rng.uniform(0.2, 1, (2000, 1)) * [0.02, 0.02, 1.0]])
    for density in (few, single, foreign):
        dyes, fitted = dye_matrix(density, stains="he")
        assert not fitted
        np.testing.assert_allclose(dyes[:, :2], known.T, atol=1e-9)


@pytest.mark.parametrize(("first", "second"), [(2.0, 2.0), (0.5, 0.5), (1.7, 1.0), (1.0, 0.4), (0.6, 1.6)])
def test_each_dye_is_scaled_by_its_own_factor(first: float, second: float) -> None:
    """The least-squares slope of a dye's amount after on before is its factor within 1 %, in linear light before rounding; slopes do not mix."""
    codes, _ = mixture()
    scan = Capture.of(codes.astype(np.float64), kind="histopathology", stains="he")
    slide = scan.scene.slide
    tissue = slide.tissue > 0.999
    was, now = (slide.amounts(density_of(expose(s), slide.white))[tissue] for s in (scan, stained(scan, first=first, second=second)))
    for dye, factor in ((0, first), (1, second)):
        held = was[:, dye] > 0.05
        assert (was[held, dye] * now[held, dye]).sum() / (was[held, dye] ** 2).sum() == pytest.approx(factor, rel=0.01)


def test_equal_factors_scale_the_whole_density() -> None:
    """k on both dyes multiplies the density of every channel by k, the residual included: no hue is invented."""
    codes, _ = mixture("hdab")
    scan = Capture.of(codes.astype(np.float64), kind="histopathology", stains="hdab")
    slide = scan.scene.slide
    tissue = slide.tissue > 0.9999
    was, now = (density_of(expose(s), slide.white)[tissue] for s in (scan, stained(scan, first=1.8, second=1.8)))
    clear = was * 1.8 < 3
    np.testing.assert_allclose(now[clear], 1.8 * was[clear], rtol=1e-3, atol=1e-4)
    apart = stained(stained(scan, first=1.8), second=1.8)
    np.testing.assert_allclose(density_of(expose(apart), slide.white)[tissue][clear], 1.8 * was[clear], rtol=2e-3, atol=2e-3)


def test_the_residual_goes_with_the_dye_that_fills_the_pixel() -> None:
    """In a pixel of pure haematoxylin whose colour is off the fit, doubling haematoxylin doubles all of its density; doubling eosin leaves it."""
    codes, amounts = mixture()
    scan = Capture.of(codes.astype(np.float64), kind="histopathology", stains="he")
    slide = scan.scene.slide
    pure = (amounts[:, :, 0] > 0.3) & (amounts[:, :, 1] < 0.03) & (slide.tissue > 0.999)
    assert slide.share[pure].mean() > 0.9
    was, first, second = (density_of(expose(s), slide.white)[pure].sum() for s in (scan, stained(scan, first=2.0), stained(scan, second=2.0)))
    assert first / was == pytest.approx(2, abs=0.12)
    assert second / was == pytest.approx(1, abs=0.12)


@pytest.mark.parametrize("factor", [0.4, 2.5, 6.0])
def test_glass_stays_glass(factor: float) -> None:
    """The background of a noisy slide changes by less than 0.5 dE00, whatever the stain."""
    codes, _ = mixture(glass_share=0.4)
    rng = np.random.default_rng(3)
    noisy = np.clip(codes + np.rint(rng.normal(0, 1.2, codes.shape)), 0, 255)
    scan = Capture.of(noisy, kind="histopathology", stains="he")
    after = acquire(stained(scan, first=factor, second=factor)).numpy()
    background = slice(0, 44)
    change = delta_e_2000(lab_of_codes(noisy[background]), lab_of_codes(after[background]))
    assert change.mean() < 0.5
    assert not np.array_equal(after[60:], noisy[60:])


@pytest.mark.parametrize("factor", [0.5, 1.6])
def test_there_and_back_is_the_source(factor: float) -> None:
    """k, then 1/k on the rounded picture, is the source within a code (two after halving) where nothing clipped; within one scan it is exact to a code."""
    codes, _ = mixture(most=0.5)
    scan = Capture.of(codes, kind="histopathology", stains="he")
    both = acquire(stained(stained(scan, first=factor, second=1 / factor), first=1 / factor, second=factor)).numpy()
    assert np.abs(both - codes).max() <= 1
    there = acquire(stained(scan, first=factor, second=factor)).numpy().astype(np.uint8)
    back = codes_of(StainGain(1 / factor, 1 / factor).apply(light_of(there), scan)).astype(float)
    tissue = (scan.scene.slide.tissue > 0.9999) & (there.min(axis=2) > 10)
    error = (back - codes)[tissue]
    # a code of the picture in between is worth up to two codes of a picture with twice the contrast
    assert np.abs(error).max() <= (1 if factor > 1 else 2)
    assert abs(error.mean()) < (0.1 if factor > 1 else 0.3)


def test_gains_commute_and_one_is_nothing() -> None:
    """Two edits give the same picture in either order; factors of 1 return the scan itself; impossible factors are refused."""
    scan = Capture.of(mixture()[0], kind="histopathology", stains="he")
    a, b = stained(stained(scan, first=2.0), second=0.5), stained(stained(scan, second=0.5), first=2.0)
    assert np.abs((acquire(a) - acquire(b)).numpy()).max() <= 1
    assert stained(scan) is scan
    assert stained(scan, first=2.0).events == (StainGain(2.0, 1.0),)
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="positive"):
            stained(scan, first=wrong)


def test_more_dye_never_brightens_and_nothing_grows_brighter_than_white() -> None:
    """On the real haematoxylin and DAB picture eight times one dye darkens tissue in the mean of every channel and sends no channel above its white."""
    codes = immunohistochemistry()[:256, :256]
    scan = Capture.of(codes, kind="histopathology", stains="hdab")
    white = np.maximum(scan.scene.radiance.reshape(-1, 3).max(axis=0), scan.scene.slide.white)
    for factors in ({"first": 8.0}, {"second": 8.0}):
        light = expose(stained(scan, **factors))
        assert np.all(light.reshape(-1, 3).max(axis=0) <= white + 1e-4)
        assert np.all(light.reshape(-1, 3).mean(axis=0) < scan.scene.radiance.reshape(-1, 3).mean(axis=0))


def test_the_real_slides_have_dyes_of_their_own() -> None:
    """Haematoxylin of the DAB picture absorbs red most, DAB absorbs blue most; on the H&E tile eosin absorbs green most."""
    slide = Slide.of(immunohistochemistry(), stains="hdab")
    assert slide.fitted
    assert slide.glass_seen
    assert slide.dyes[:, 0].argmax() == 0
    assert slide.dyes[:, 1].argmax() == 2
    tile = cv2.cvtColor(cv2.imread(str(real_data("histopathology", "histolab_tcga_medium_nuclei_level0.png"))), cv2.COLOR_BGR2RGB)
    he = Slide.of(tile, stains="he")
    assert he.fitted
    assert he.dyes[:, 1].argmax() == 1
    assert he.dyes[0, 0] > he.dyes[0, 1] + 0.2
    assert torch.from_numpy(he.tissue).mean() > 0.8


def test_between_glass_and_tissue_lies_a_smooth_step_of_density() -> None:
    """Tissue is r^2 (3 - 2 r) of the mean density's share r in 0.03 (glass that is mostly one shade has no noise); on glass the two dyes share alike."""
    codes = np.full((90, 160, 3), 238, np.uint8)
    shades = (237, 236, 235, 234, 233, 231, 225)
    for k, shade in enumerate(shades):
        codes[60:, 20 + 20 * k : 40 + 20 * k] = shade
    slide = Slide.of(codes, stains="he")
    white = float(light_of(codes, dtype="float64")[0, 0, 0])
    for k, shade in enumerate(shades):
        density = -np.log10(float(light_of(np.full((1, 1, 3), shade, np.uint8), dtype="float64")[0, 0, 0]) / white)
        r = min(density / 0.03, 1.0)
        assert slide.tissue[75, 30 + 20 * k] == pytest.approx(r * r * (3 - 2 * r), abs=0.01)
    np.testing.assert_allclose(slide.share[:20], 0.5, atol=1e-3)


def test_the_share_of_a_dye_is_its_part_of_the_amounts() -> None:
    """c1 / (c1 + c2) of the mixture within 0.04 in the mean."""
    codes, amounts = mixture()
    share = Slide.of(codes, stains="he").share
    dense = amounts.sum(axis=2) > 0.2
    assert np.abs(share[dense] - amounts[dense][:, 0] / amounts[dense].sum(axis=1)).mean() < 0.04


def test_the_noise_of_glass_is_that_of_its_mean_density() -> None:
    """Normal noise in the light of three channels: the robust deviation is the standard deviation of their mean density within 6 %, whatever the white."""
    rng = np.random.default_rng(8)
    codes = np.clip(np.rint(rng.normal([215, 225, 220], 3.0, (200, 180, 3))), 0, 255).astype(np.uint8)
    _, noise = glass(codes)
    slope = 2.4 * np.array([215, 225, 220]) ** -1.0 / np.log(10) * 1.035  # of log10 light over codes near white, the offset of the curve included
    assert noise == pytest.approx(3.0 * np.sqrt((slope**2).sum()) / 3, rel=0.08)


@pytest.mark.parametrize("stains", ["he", "hdab"])
def test_each_dye_comes_back_by_the_inverse_of_its_own_factor(stains: str) -> None:
    """In unrounded light 1.6 and 0.7, then 1 / 1.6 and 1 / 0.7, give the density back to 1e-4 where both dyes are present and nothing fell below clear glass;
    exchanged inverses do not."""
    codes, amounts = mixture(stains)
    scan = Capture.of(codes.astype(np.float64), kind="histopathology", stains=stains)  # type: ignore[arg-type]
    slide, light = scan.scene.slide, scan.scene.radiance
    there = StainGain(1.6, 0.7).apply(light, scan)
    back, exchanged = StainGain(1 / 1.6, 1 / 0.7).apply(there, scan), StainGain(1 / 0.7, 1 / 1.6).apply(there, scan)
    density, between = density_of(light, slide.white), density_of(there, slide.white)
    clear = (slide.tissue > 0.9999) & (slide.amounts(density)[:, :, :2].min(axis=2) > 0.005) & (density.min(axis=2) > 0.01) & (between.min(axis=2) > 0.01)
    assert clear.mean() > 0.2
    np.testing.assert_allclose(density_of(back, slide.white)[clear], density[clear], atol=1e-4)
    assert np.abs(density_of(exchanged, slide.white) - density)[clear].mean() > 0.05
    assert amounts[clear].min() > 0
