"""The description of a colour picture and the camera that takes it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from optics_shapes import disc

from physics.optics import Capture, Stage
from physics.optics.defocus import defocused
from physics.optics.highlights import PEAK, clipped_regions, lifted
from physics.optics.light import light_of
from physics.optics.motion import Sweep, arc, moved
from physics.optics.scene import _quiet_level
from physics.optics.source_noise import too_noisy_to_blur
from physics.optics.stain import stained
from physics.pose import Pose
from physics.scan import acquire


@dataclass(frozen=True)
class Nothing:
    """An event that leaves light as it is."""

    stage: ClassVar[IntEnum] = Stage.LIGHT
    rank: ClassVar[int] = 0

    def apply(self, data: Any, scan: Any) -> Any:
        return data


@dataclass(frozen=True)
class Note:
    """An event that writes down its name where it came in the order."""

    name: str
    stage: IntEnum  # type: ignore[misc]
    log: list[str]
    rank: ClassVar[int] = 0

    def apply(self, data: Any, scan: Any) -> Any:
        self.log.append(f"{self.name} {data.dtype}")
        return data


def picture(rows: int = 90, columns: int = 121, *, seed: int = 0, black: bool = True) -> np.ndarray:
    rng = np.random.default_rng(seed)
    codes = rng.integers(40, 230, (rows, columns, 3))
    return np.where(disc(rows, columns, radius=0.47 * rows)[:, :, None] if black else True, codes, rng.integers(0, 4, (rows, columns, 3))).astype(np.uint8)


@pytest.mark.parametrize("kind", ["fundus", "endoscopy", "histopathology"])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_a_healthy_capture_is_its_source(kind: str, dtype: torch.dtype) -> None:
    """Code by code, with and without going through light, in the precision that came in."""
    codes = torch.from_numpy(picture()).to(dtype)
    scan = Capture.of(codes, kind=kind)  # type: ignore[arg-type]
    for taken in (acquire(scan), acquire(scan.with_event(Nothing()))):
        assert taken.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
        np.testing.assert_array_equal(taken.numpy(), picture())


def test_stages_run_in_the_order_of_light() -> None:
    """However they were added: scene first, codec last, linear light up to colour and codes from storage on."""
    log: list[str] = []
    scan = Capture.of(picture(), kind="endoscopy")
    for stage in (Stage.CODEC, Stage.SENSOR, Stage.SCENE, Stage.STORAGE, Stage.OPTICS, Stage.COLOUR):
        scan = scan.with_event(Note(stage.name, stage, log))
    acquire(scan)
    assert log == ["SCENE float32", "OPTICS float32", "SENSOR float32", "COLOUR float32", "STORAGE uint8", "CODEC uint8"]
    assert [s.name for s in Stage] == [
        "SCENE",
        "LIGHT",
        "MEDIUM",
        "SURFACE",
        "OPTICS",
        "STRAY",
        "FIELD_STOP",
        "EXPOSURE",
        "SENSOR",
        "COLOUR",
        "STORAGE",
        "CODEC",
    ]


def test_the_field_gives_the_sampling() -> None:
    """Pixels per degree are the longer side of the field's box over the field angle; what was not told is listed as assumed."""
    scan = Capture.of(picture(100, 140), kind="fundus")
    assert scan.px_per_deg == pytest.approx(95 / 45, abs=0.03)
    assert "field of 45 degrees" in scan.assumed
    assert "tissue beyond the field mask (reflected)" in scan.assumed
    told = Capture.of(picture(100, 140, black=False), kind="endoscopy", field_deg=70.0)
    assert told.px_per_deg == 2.0
    assert told.scene.centre == (49.5, 69.5)
    assert told.assumed == ("sRGB transfer curve",)
    with pytest.raises(ValueError, match="field_deg"):
        _ = Capture.of(picture(), kind="histopathology").px_per_deg


def test_wrong_captures_are_refused_with_what_is_allowed() -> None:
    """Kind, stains, shape, range, fractions and masks."""
    codes = picture()
    with pytest.raises(ValueError, match="fundus"):
        Capture.of(codes, kind="xray")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="hdab"):
        Capture.of(codes, kind="histopathology", stains="pas")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="row, column, 3"):
        Capture.of(codes[:, :, 0], kind="fundus")
    for wrong in (codes + 0.5, codes.astype(float) * 2, codes.astype(float) - 50, codes * np.nan):
        with pytest.raises(ValueError, match="whole"):
            Capture.of(wrong, kind="fundus")
    with pytest.raises(ValueError, match="field_mask"):
        Capture.of(codes, kind="fundus", field_mask=np.zeros(codes.shape[:2], bool))
    with pytest.raises(ValueError, match="field_mask"):
        Capture.of(codes, kind="fundus", field_mask=np.ones((3, 3), bool))


def test_a_picture_has_no_pose_but_its_own() -> None:
    """Blur kernels are centred: the mean pose is None, the neutral pose is the capture itself, any other is refused."""
    scan = Capture.of(picture(), kind="endoscopy")
    assert scan.mean_pose() is None
    assert scan.at(Pose()) is scan
    with pytest.raises(ValueError, match="neutral"):
        scan.at(Pose((1.0, 0.0), 0.0))


def test_defocus_and_motion_commute() -> None:
    """One chain, whatever the order of the edits, byte for byte; and the source is not touched."""
    codes = picture()
    kept = codes.copy()
    scan = Capture.of(codes, kind="endoscopy", field_deg=45.0)
    sweep = Sweep(arc(6.0, direction_deg=20.0))
    first, second = acquire(moved(defocused(scan, 4.0), sweep)), acquire(defocused(moved(scan, sweep), 4.0))
    assert torch.equal(first, second)
    assert not torch.equal(first, acquire(defocused(scan, 4.0)))
    np.testing.assert_array_equal(codes, kept)
    assert scan.events == ()


def test_a_capture_travels_between_processes() -> None:
    """Pickled after use, it takes the same picture."""
    scan = defocused(Capture.of(picture(), kind="fundus"), 3.0)
    taken = acquire(scan)
    assert torch.equal(acquire(pickle.loads(pickle.dumps(scan))), taken)
    assert replace(scan, events=()).scene is scan.scene


def test_clipped_regions_are_lifted_from_the_edge_inwards() -> None:
    """Light rises with depth up to 12 times white in a compact region, less in a broad one, and nothing else changes, in any channel."""
    codes = np.full((300, 300, 3), 90, np.uint8)
    codes[50:57, 60:67] = 255
    codes[150:250, 100:220] = 253
    codes[20:30, 200:210, 0] = 255  # red alone is tissue
    clipped = clipped_regions(codes)
    assert clipped.sum() == 49 + 100 * 120
    light = light_of(codes)
    up = lifted(light, clipped, diameter_px=300.0)
    np.testing.assert_array_equal(up[~clipped], light[~clipped])
    along = up[53, 60:64, 1]
    assert np.all(np.diff(along) > 0)
    assert along[0] > 1
    assert 0.9 * PEAK < along[-1] <= PEAK
    assert 1 < up[200, 160, 1] < 1.5
    np.testing.assert_allclose(up[53, 63], up[53, 63, 0])


def test_glass_is_not_a_highlight() -> None:
    """White of a slide is the lamp: nothing is lifted under a microscope."""
    codes = np.full((60, 60, 3), 255, np.uint8)
    codes[20:40, 20:40] = 120
    assert Capture.of(codes, kind="histopathology").scene.radiance.max() == 1
    assert Capture.of(codes, kind="endoscopy").scene.radiance.max() > 1


def test_the_rim_of_the_field_stays_as_soft_as_it_was() -> None:
    """A mask with a soft edge of 2 px keeps that edge after a blur: the dark rim is neither smeared inwards nor sharpened."""
    y, x = np.mgrid[:200, :200] - 99.5
    soft = np.clip((90 - np.hypot(x, y)) / 2, 0, 1)
    codes = np.rint(140 * soft)[:, :, None].repeat(3, axis=2)
    scan = Capture.of(codes, kind="fundus")
    picture_after = acquire(defocused(scan, 12.0)).numpy()
    np.testing.assert_allclose(picture_after, codes, atol=3)


def test_noise_is_measured_in_the_canonical_picture() -> None:
    """White noise of 8 codes in three equal channels reads 8 within 15 % at 512; a clean gradient reads 0; above 6 a blur is refused."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(60, 180, 512)[None, :, None] * np.ones((512, 1, 3))
    noisy = np.clip(np.rint(ramp + rng.normal(0, 8, (512, 512, 1))), 0, 255)
    loud, clean = (Capture.of(p, kind="endoscopy", field_mask=np.ones((512, 512), bool)) for p in (noisy, np.rint(ramp)))
    assert loud.scene.noise_codes == pytest.approx(8, rel=0.15)
    assert clean.scene.noise_codes < 0.5
    assert too_noisy_to_blur(clean) is None
    assert "codes" in (too_noisy_to_blur(loud) or "")
    finer = np.clip(np.rint(np.linspace(60, 180, 1024)[None, :, None] + rng.normal(0, 8, (1024, 1024, 1)) * np.ones(3)), 0, 255)
    assert Capture.of(finer, kind="endoscopy", field_mask=np.ones((1024, 1024), bool)).scene.noise_codes == pytest.approx(4, rel=0.15)


def test_only_a_slide_is_stained() -> None:
    """A stain on an endoscopic picture is a mistake and says so."""
    with pytest.raises(ValueError, match="endoscopy"):
        stained(Capture.of(picture(), kind="endoscopy"), first=2.0)


def test_an_oblong_field_has_its_own_middle_and_longer_side() -> None:
    """A field of 30 rows by 60 columns off the middle: diameter 60, centre between its pixels; and turned, of 60 by 30; the shape is rows by columns."""
    for rows, columns, centre in ((slice(10, 40), slice(50, 110), (24.5, 79.5)), (slice(5, 65), slice(90, 120), (34.5, 104.5))):
        mask = np.zeros((80, 130), bool)
        mask[rows, columns] = True
        scan = Capture.of(picture(80, 130), kind="endoscopy", field_mask=mask)
        assert scan.scene.diameter_px == 60
        assert scan.scene.centre == centre
        assert scan.shape == (80, 130)


def test_a_highlight_is_lifted_by_the_law_of_its_depth_and_area() -> None:
    """In a stripe the gain is 1 + (P - 1)(1 - exp(-(d / d0)^2)) with d0 = 1 / 200 of the field and P - 1 = 11 times 0.15 % of its disc over the area."""
    clipped = np.zeros((200, 260), bool)
    clipped[80:87, 50:210] = True
    gain = lifted(np.ones((200, 260, 3)), clipped, diameter_px=520.0)[:, 130, 0]
    peak = 11 * 0.0015 * np.pi / 4 * 520**2 / (7 * 160)
    for row, depth in ((80, 1), (81, 2), (83, 4), (86, 1)):
        assert gain[row] == pytest.approx(1 + peak * (1 - np.exp(-((depth / 2.6) ** 2))), rel=2e-3)
    assert gain[79] == gain[87] == 1


@pytest.mark.parametrize(("levels", "quiet"), [([7.0, 1.0, 4.0], 1.0), ([7.0, 1.0, 4.0, 2.0], 1.5), ([6.0], 6.0)])
@pytest.mark.parametrize("upright", [False, True])
def test_the_quieter_half_of_blocks_tells_the_noise(levels, quiet, upright):
    """Blocks of 16 px: of three the quietest one, of four the two quietest, of one that one."""
    response = np.repeat(np.repeat(np.array([levels]), 16, axis=0), 16, axis=1)
    response = response.T if upright else response
    assert _quiet_level(response, np.ones(response.shape, bool)) == quiet
