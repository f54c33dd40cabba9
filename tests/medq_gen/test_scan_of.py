"""From a case to a scan: dither, noise floor, padding, and what is told of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from medq_gen.records import Case
from medq_gen.scan_of import air_sigma, dither, healthy_scan, masked_air, source_step, tissue_sigma
from medq_gen.sources import LoadedCase, make
from medq_gen.sources.identity import case_id
from medq_gen.sources.sample import SAMPLES
from physics.display import to_png8
from physics.scan import acquire


@cache
def sample(name: str) -> LoadedCase:
    """A sample picture, read when the first test asks for it."""
    source = make("sample", {"names": [name]})
    return source.load(next(item for item in source.index() if isinstance(item, Case)))


def loaded(pixels: np.ndarray, modality: Any, **facts: Any) -> LoadedCase:
    """A case of given pixels."""
    spacing = (0.9, 1.1)
    own = case_id(pixels, spacing_mm=spacing, modality=modality)
    case = Case(
        id=own, entry="a#0", source="images", modality=modality, anatomy="head", view="axial", spacing_mm=spacing, licence="x", group=own, split="train",
        acquisition=facts,
    )  # fmt: skip
    return LoadedCase(case, pixels)


def body(rows: int = 120, columns: int = 100) -> np.ndarray:
    """An ellipse of tissue around 100, air of exactly 0."""
    y, x = np.mgrid[:rows, :columns]
    inside = ((y - 55) / 45) ** 2 + ((x - 52) / 36) ** 2 < 1
    return np.where(inside, 100 + 20 * np.sin(y / 9.0) * np.cos(x / 11.0), 0.0)


@pytest.mark.parametrize("name", [each.name for each in SAMPLES])
def test_same_seed_same_bytes(name: str) -> None:
    """A scan is decided by case and seed; the reference is finite and shows the object."""
    first, view = healthy_scan(sample(name), seed=5)
    second, _ = healthy_scan(sample(name), seed=5)
    reference = acquire(first)
    assert torch.equal(reference, acquire(second))
    assert bool(torch.isfinite(reference).all())
    assert 0.2 < float(view.mask.float().mean()) <= 1.0
    assert reference.shape[:2] == view.mask.shape


def test_dither_closes_the_comb_of_a_narrow_window() -> None:
    """A head CT of whole HU shows 81 of 256 codes at 80 HU; after the dither every code of the brain is used, and no value moved by more than half a HU."""
    case = sample("pydicom_j2k_pixelrep_mismatch")
    scan, view = healthy_scan(case, seed=3)
    reference = acquire(scan)
    plain = to_png8(torch.from_numpy(case.pixels), view.display)
    shown = to_png8(reference, view.display)
    assert np.unique(plain).size == 81
    assert np.unique(shown).size > 250
    measured = case.pixels > -1024
    moved = np.abs(reference.numpy() - case.pixels)[measured]
    assert moved.max() <= 0.5 + 1e-3
    assert np.sqrt((moved**2).mean()) == pytest.approx(1 / np.sqrt(12), rel=0.03)
    assert "dither of half a source step" in scan.assumed


def test_padding_is_neither_dithered_nor_made() -> None:
    """Padding comes back to the value, and no air falls below -1024, where it would count as padding."""
    case = sample("pydicom_j2k_pixelrep_mismatch")
    reference = acquire(healthy_scan(case, seed=3)[0]).numpy()
    np.testing.assert_array_equal(reference == -2000.0, case.pixels == -2000.0)
    assert reference[case.pixels >= -1024].min() >= -1024.0


def test_a_wide_window_needs_no_dither() -> None:
    """One HU is a sixth of a code in a lung window: the source stays as it is."""
    pixels = (body() * 5 - 1000).round().astype(np.float32)
    pixels += np.random.default_rng(2).integers(-30, 30, pixels.shape)
    case = loaded(np.maximum(pixels, -1020), "ct", kvp=120.0)
    case = LoadedCase(case.case.model_copy(update={"anatomy": "lung"}), case.pixels)
    scan, _ = healthy_scan(case, seed=1)
    np.testing.assert_array_equal(acquire(scan).numpy(), case.pixels)
    assert not any("dither" in text for text in scan.assumed)


def test_masked_air_gets_a_rayleigh_floor() -> None:
    """Air of exactly 0 becomes noise with the mean of a Rayleigh law (1.2533 sigma) and its deviation (0.6551 sigma); tissue is not made noisier."""
    sigma = 2.5
    clean = body()
    noisy = np.where(clean > 0, clean + np.random.default_rng(3).normal(0, sigma, clean.shape), 0.0).astype(np.float32)
    scan, view = healthy_scan(loaded(noisy, "mri"), seed=9)
    assert "noise floor of masked air" in scan.assumed
    assert scan.source_sigma == pytest.approx(sigma, rel=0.15)  # type: ignore[attr-defined]
    reference = acquire(scan).numpy()
    air = reference[~view.mask.numpy() & (noisy == 0)]
    assert air.mean() == pytest.approx(1.2533 * scan.source_sigma, rel=0.05)  # type: ignore[attr-defined]
    assert air.std() == pytest.approx(0.6551 * scan.source_sigma, rel=0.06)  # type: ignore[attr-defined]
    np.testing.assert_allclose(reference[noisy > 0], noisy[noisy > 0], rtol=1e-4, atol=1e-3)
    assert not scan.masked_air  # type: ignore[attr-defined]


def test_noisy_air_is_left_alone_and_measured() -> None:
    """A source with its own noise gets no floor; its sigma is read off the air, off the Rayleigh law, not off its mean."""
    rng = np.random.default_rng(4)
    clean = body()
    noisy = np.abs(clean + rng.normal(0, 3.0, clean.shape) + 1j * rng.normal(0, 3.0, clean.shape)).astype(np.float32)
    scan, _ = healthy_scan(loaded(noisy, "mri"), seed=9)
    assert not any("floor" in text for text in scan.assumed)
    assert scan.source_sigma == pytest.approx(3.0, rel=0.1)  # type: ignore[attr-defined]
    np.testing.assert_allclose(acquire(scan).numpy(), noisy, rtol=1e-4, atol=1e-3)


def test_facts_reach_the_scan() -> None:
    """Spacing, phase-encode axis and field strength of the case are those of the scan; what was not stated is listed as assumed."""
    pixels = (body() + np.random.default_rng(5).random((120, 100))).astype(np.float32)
    scan, view = healthy_scan(loaded(pixels, "mri", phase_encode_axis=1, field_strength_t=3.0), seed=1)
    assert (scan.phase_axis, scan.field_strength_t, scan.spacing_mm) == (1, 3.0, (0.9, 1.1))  # type: ignore[attr-defined]
    assert view.spacing_mm == (0.9, 1.1)
    assert not any("phase-encode" in text for text in scan.assumed)
    scan, _ = healthy_scan(loaded(pixels, "mri"), seed=1)
    assert any("phase-encode" in text for text in scan.assumed)


def test_colour_is_not_touched() -> None:
    """Colour codes come back as they are; the stains of the sample reach the scan."""
    case = sample("skimage_immunohistochemistry")
    scan, _ = healthy_scan(case, seed=1)
    np.testing.assert_array_equal(acquire(scan).numpy(), case.pixels)
    assert scan.stains == "hdab"  # type: ignore[attr-defined]


def test_source_step() -> None:
    """The step of whole numbers is 1, of scaled ones their slope, of gapped ones the smallest gap; continuous values have none."""
    rng = np.random.default_rng(6)
    whole = rng.integers(0, 200, (64, 64)).astype(float)
    assert source_step(whole) == 1.0
    assert source_step(whole * 2.5 - 1000) == pytest.approx(2.5)
    assert source_step(rng.random((64, 64))) is None


def test_dither_keeps_the_mean_and_spans_one_step() -> None:
    """Uniform over one step around each value, drawn anew for another seed."""
    whole = np.random.default_rng(6).integers(0, 20, (200, 200)).astype(float) * 3.0
    spread, done = dither(whole, codes_per_unit=1.0, seed=1)
    assert done
    assert np.abs(spread - whole).max() <= 1.5
    assert np.abs(spread - whole).max() > 1.49
    assert abs((spread - whole).mean()) < 0.02
    assert not np.array_equal(spread, dither(whole, codes_per_unit=1.0, seed=2)[0])
    assert not dither(whole, codes_per_unit=0.05, seed=1)[1]


def test_noise_estimates() -> None:
    """Tissue noise from mixed second differences ignores slopes; masked air is exact zeros only."""
    rng = np.random.default_rng(7)
    clean = body()
    inside = clean > 0
    y = np.mgrid[:120, :100][0]
    assert tissue_sigma(clean + 0.5 * y + rng.normal(0, 2.0, clean.shape), inside) == pytest.approx(2.0, rel=0.15)
    assert tissue_sigma(clean + 0.5 * y, inside) < 0.25
    assert masked_air(clean, inside).sum() == (clean == 0).sum()
    assert not masked_air(clean + rng.random(clean.shape), inside).any()
    rayleigh = np.abs(rng.normal(0, 4.0, clean.shape) + 1j * rng.normal(0, 4.0, clean.shape))
    assert air_sigma(np.where(inside, clean, rayleigh), inside, otherwise=4.0) == pytest.approx(4.0, rel=0.05)
