"""Fat comes back where the field carries it out of the pulse, and water goes where the field carries it in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from fat_phantoms import HEAD, body_of

from physics.display import Display
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex
from physics.mri.body import Body
from physics.mri.fat import offset_hz, suppressed_share
from physics.mri.fat_saturation import MissedSaturation, fat_spared, miss_fat, refuse_unsuppressed, saturated, unsuppressed, water_suppressed
from physics.mri.shim import ShimError, field_shape, tissue_mask
from physics.scan import acquire

Oracle = Callable[..., None]
DIM = ((56.4, 60.0), (54.9, 30.0), (52.7, 100.0))  # skin, suppressed fat, tissue
SLOPE = ShimError((0.0, 1.0), (0.0, 0.0, 0.0), 0.0)


def dim_scan(dtype: torch.dtype = torch.float64) -> MRIScan:
    return MRIScan.of(body_of(DIM)[0].density.real.to(dtype), spacing_mm=(1.4, 1.4), seed=3, field_strength_t=1.5)


def test_the_pulse_takes_half_98_hertz_off_its_centre_and_spares_water(oracle: Oracle) -> None:
    """All of fat on resonance, half of it 0.45 times 217 Hz away on either side, nothing of water."""
    hz = torch.tensor([0.0, 97.7, -97.7, 217.1], dtype=torch.float64)
    took = saturated(hz / (offset_hz(1.5) / 3.4))
    assert float(took[0]) == 1.0
    oracle("mri_fat_suppression_failure", "half of fat is spared 0.45 of its offset away", float((took[1:3] - 0.5).abs().max()), below=1e-3)
    assert float(took[3]) < 1e-6


def test_every_pixel_follows_the_closed_form(oracle: Oracle) -> None:
    """Under a linear field S = W [1 - s(df + 3.4)] + F [s(0) - s(df)] on top of what the source shows: sign and axis of the field included."""
    scan = dim_scan()
    degraded = miss_fat(scan, range_ppm=6.0, error=SLOPE)
    share, fat = suppressed_share(scan.body), unsuppressed(scan.body)
    df = 6.0 * field_shape(scan, SLOPE)
    kept = 1 + scan.body.tissue_share * ((1 - saturated(df + 3.4)) / (1 - saturated(torch.tensor(3.4, dtype=torch.float64))) - 1)
    phase = torch.angle(scan.body.density)
    wanted = scan.body.density * (share + (1 - share) * kept) + torch.polar(fat * (1 - saturated(df)), phase)
    residual = (acquire_complex(degraded) - wanted).abs().max() / scan.mean_tissue
    oracle("mri_fat_suppression_failure", "W [1 - s(df + 3.4 ppm)] + F [1 - s(df)] in every pixel", float(residual), below=1e-5)
    before, after = acquire(scan), acquire(degraded)
    left, right = (slice(None), slice(0, 40)), (slice(None), slice(100, None))
    layer = share > 0.8
    gain = after - before
    assert float(gain[left][layer[left]].mean()) > 30
    assert float(gain[right][layer[right]].mean()) > 30
    row = 65
    assert float(after[row, 26] / before[row, 26]) < 0.6  # water goes where the field is low (left), at -2.6 ppm and less
    assert float(after[row, 110] / before[row, 110]) > 0.99  # and stays where it is high


def test_on_resonance_the_source_stays() -> None:
    """No range of the field leaves the scan as it was, and a small one changes nothing to speak of."""
    scan = dim_scan(torch.float32)
    assert miss_fat(scan, range_ppm=0.0, error=SLOPE) is scan
    assert float((acquire(miss_fat(scan, range_ppm=0.2, error=SLOPE)) - acquire(scan)).abs().max()) < 1e-3 * scan.mean_tissue


def test_water_on_resonance_is_kept_to_the_last_digits() -> None:
    """What the pulse takes of water without any field is in the source already: the share that is kept is 1, nearer than the pulse's own tail of 5e-8."""
    scan = dim_scan()
    kept = MissedSaturation(0.0, SLOPE).kept(scan)
    torch.testing.assert_close(kept, torch.ones_like(kept), atol=1e-12, rtol=0)
    assert float(saturated(torch.tensor([3.4], dtype=torch.float64))) > 1e-8


def test_spared_fat_and_lost_water_are_measured() -> None:
    """Fat is spared more than 1.53 ppm from resonance on either side; water is lost within 1.53 ppm of -3.4 ppm, and nowhere in a narrow range."""
    scan = dim_scan(torch.float32)
    reference = acquire(scan)
    view = View("mri", "head", Display("window", 0.0, 120.0), reference > 10, (1.4, 1.4))
    degraded = miss_fat(scan, range_ppm=8.0, error=SLOPE)
    event = next(event for event in degraded.events if isinstance(event, MissedSaturation))
    share, df = suppressed_share(scan.body), event.field_ppm(scan)
    away = 100 * float((share * (df.abs() > 0.45 * 3.4)).sum() / share.sum())
    pair = Pair(reference, acquire(degraded), view, scan, degraded)
    assert fat_spared(pair).value == pytest.approx(away)
    assert 50 < away < 90
    hit = ((df + 3.4).abs() < 0.45 * 3.4)[tissue_mask(scan.body)]
    assert water_suppressed(pair).value == pytest.approx(100 * float(hit.double().mean()), abs=0.3)
    assert 15 < 100 * float(hit.double().mean()) < 30
    assert fat_spared(Pair(reference, reference, view, scan, scan)).value == 0.0
    narrow = miss_fat(scan, range_ppm=3.0, error=SLOPE)
    assert water_suppressed(Pair(reference, acquire(narrow), view, scan, narrow)).value == 0.0


def test_bright_fat_and_stripped_brains_are_refused() -> None:
    """There must be suppressed fat whose suppression can fail."""
    bright = MRIScan.of(body_of(HEAD)[0].density.real.float(), spacing_mm=(1.4, 1.4), seed=3)
    plain = MRIScan.of(body_of(((50.0, 100.0),))[0].density.real.float(), spacing_mm=(1.4, 1.4), seed=3)
    for scan in (bright, plain):
        assert refuse_unsuppressed(scan) is not None
        with pytest.raises(ValueError, match="no dim layer"):
            miss_fat(scan, range_ppm=2.0, error=SLOPE)
    assert refuse_unsuppressed(dim_scan()) is None
    with pytest.raises(ValueError, match="range_ppm"):
        miss_fat(dim_scan(), range_ppm=-1.0, error=SLOPE)
    assert np.isfinite(acquire(miss_fat(dim_scan(), range_ppm=10.0, error=ShimError((0.3, 0.3), (1.0, 0.0, 0.0), 0.5))).numpy()).all()


def test_unsuppressed_fat_is_bright_with_the_texture_of_the_layer(monkeypatch: pytest.MonkeyPatch, oracle: Oracle) -> None:
    """1.6 times mean tissue in an even layer, at its share of the pixel; a ripple of the layer is kept as two blurs leave it, within 0.7 to 1.3."""
    share = torch.zeros(80, 90, dtype=torch.float64)
    share[30:50] = 0.6
    monkeypatch.setattr("physics.mri.fat_saturation.suppressed_share", lambda body: share)
    wave = torch.cos(2 * torch.pi * torch.arange(90, dtype=torch.float64) / 10)
    for size in (0.0, 0.2, 0.9):
        body = Body((torch.full((80, 90), 100.0, dtype=torch.float64) * torch.where(share > 0, 0.3 * (1 + size * wave), 1.0)).to(torch.complex128), (1.0, 1.0))
        near, fine = (1 + size * np.exp(-2 * (np.pi * sigma / 10) ** 2) * wave for sigma in (4.0, 0.8))
        wanted = 1.6 * body.mean_tissue * share * (fine / near).clamp(0.7, 1.3)
        found = unsuppressed(body)
        residual = float(((found - wanted)[:, 20:-20] / body.mean_tissue).abs().max())
        oracle("mri_fat_suppression_failure", "signal of fat without the pulse: 1.6 times tissue, with its texture", residual, below=0.01)
