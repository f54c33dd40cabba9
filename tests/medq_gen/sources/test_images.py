"""Pictures: modes, orientation, alpha, 16 bit, and HU through a window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from real_data import real_data

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.sources import Source, make
from medq_gen.sources.images import windowed_hu

Index = Callable[[Source], tuple[list[Case], list[SourceError]]]
RGB = np.random.default_rng(3).integers(0, 250, (40, 64, 3)).astype(np.uint8)


def only(path: Path, **options: Any) -> tuple[Case, np.ndarray]:
    """The one case of a file."""
    source = make("images", {"path": path, **options})
    (case,) = source.index()
    assert isinstance(case, Case), case
    return case, source.load(case).pixels


def test_colour_is_kept_to_the_code(tmp_path: Path) -> None:
    """RGB comes back as it was written; alpha is dropped, not blended, and said."""
    Image.fromarray(RGB).save(tmp_path / "a.png")
    np.testing.assert_array_equal(only(tmp_path / "a.png", modality="endoscopy")[1], RGB)
    alpha = np.dstack([RGB, np.full(RGB.shape[:2], 7, np.uint8)])
    Image.fromarray(alpha).save(tmp_path / "b.png")
    case, pixels = only(tmp_path / "b.png", modality="endoscopy")
    np.testing.assert_array_equal(pixels, RGB)
    assert case.acquisition["alpha"] == "dropped"


def test_palette_and_cmyk(tmp_path: Path) -> None:
    """A palette is looked up; CMYK becomes RGB: full cyan ink is no red light."""
    few = (RGB // 64) * 64
    Image.fromarray(few).quantize(256, method=Image.Quantize.FASTOCTREE).save(tmp_path / "p.png")
    case, pixels = only(tmp_path / "p.png", modality="fundus")
    assert pixels.shape == few.shape
    assert np.abs(pixels.astype(int) - few).mean() < 12
    assert case.acquisition["converted_from"] == "palette"
    ink = np.zeros((40, 64, 4), np.uint8)
    ink[:, :32, 0] = 255
    Image.fromarray(ink, mode="CMYK").save(tmp_path / "c.tif")
    _, pixels = only(tmp_path / "c.tif", modality="fundus")
    assert (pixels[:, :32] == [0, 255, 255]).all()
    assert (pixels[:, 32:] == 255).all()


def test_exif_orientation(tmp_path: Path) -> None:
    """Orientation 6 says: turn clockwise by a quarter; the picture is read upright and its spacing is that of the upright rows."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).save(tmp_path / "a.png", exif=exif)
    _, pixels = only(tmp_path / "a.png", modality="endoscopy")
    np.testing.assert_array_equal(pixels, np.rot90(RGB, -1))


def test_sixteen_bit_mri(tmp_path: Path) -> None:
    """16-bit grey values keep all their bits, in PNG and TIFF."""
    codes = (np.arange(64 * 48).reshape(64, 48) * 21).astype(np.uint16)
    for name in ("a.png", "a.tif"):
        Image.fromarray(codes).save(tmp_path / name)
        _, pixels = only(tmp_path / name, modality="mri", spacing_mm=[1, 1])
        np.testing.assert_array_equal(pixels, codes)
        assert pixels.dtype == np.float32


def test_pages_of_a_tiff(tmp_path: Path) -> None:
    """Each page is a case; pages of one file share a group."""
    pages = [Image.fromarray(np.roll(RGB, 7 * n, axis=0)) for n in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    source = make("images", {"path": tmp_path, "modality": "endoscopy"})
    cases = [item for item in source.index() if isinstance(item, Case)]
    assert [case.entry for case in cases] == ["a.tif#0", "a.tif#1", "a.tif#2"]
    assert len({case.group for case in cases}) == 1
    np.testing.assert_array_equal(source.load(cases[2]).pixels, np.roll(RGB, 14, axis=0))


def test_window_remap() -> None:
    """HU = low + code / 255 x width; black outside the body is air, black inside it is lung, white is bone."""
    codes = np.zeros((64, 64), np.uint8)
    codes[10:50, 8:40] = 100
    codes[20:30, 15:25] = 0
    codes[40, 20] = 255
    hu = windowed_hu(codes, 255, -160.0, 240.0)
    assert hu[45, 30] == pytest.approx(-160 + 100 / 255 * 400)
    assert hu[0, 0] == -1000.0
    assert hu[25, 20] == -800.0
    assert hu[40, 20] == 700.0
    wide = windowed_hu(codes, 255, -1350.0, 1000.0)
    assert wide[25, 20] == -1350.0
    assert wide[40, 20] == 1000.0


def test_ct_needs_a_window_and_says_that_hu_are_not_exact(tmp_path: Path, sorted_out: Index) -> None:
    """Without window an error; with it HU, marked as not exact, and shown in that window."""
    from medq_gen.sources.identity import view_of

    codes = np.zeros((64, 64), np.uint8)
    codes[10:50, 8:40] = np.random.default_rng(1).integers(60, 200, (40, 32))
    Image.fromarray(codes).save(tmp_path / "a.png")
    options = {"path": tmp_path / "a.png", "modality": "ct", "spacing_mm": [0.8, 0.8], "anatomy": "head"}
    assert [error.field for error in sorted_out(make("images", options))[1]] == ["window"]
    case, pixels = only(window=[-160, 240], **options)  # type: ignore[arg-type]
    assert case.acquisition["hu_exact"] is False
    view = view_of(pixels, case)
    assert (view.display.low, view.display.high) == (-160.0, 240.0)


@pytest.mark.parametrize(
    ("mode", "options", "field"),
    [
        ("L", {"modality": "endoscopy"}, "modality"),
        ("RGB", {"modality": "mri", "spacing_mm": [1, 1]}, "modality"),
        ("L", {"modality": "mri"}, "PixelSpacing"),
        ("1", {"modality": "mri", "spacing_mm": [1, 1]}, "mode"),
    ],
)
def test_refusals(tmp_path: Path, sorted_out: Index, mode: str, options: dict[str, Any], field: str) -> None:
    """Grey endoscopy, coloured MRI, MRI without millimetres and one-bit pictures are refused with the field at fault."""
    Image.fromarray(RGB).convert(mode).save(tmp_path / "a.png")
    cases, errors = sorted_out(make("images", {"path": tmp_path, **options}))
    assert not cases
    assert [error.field for error in errors] == [field]


def test_gif_is_refused_and_others_go_on(tmp_path: Path, sorted_out: Index) -> None:
    """A format that is not on the list is an error even under the name of one that is."""
    Image.fromarray(RGB).convert("P").save(tmp_path / "a.gif")
    (tmp_path / "a.gif").rename(tmp_path / "a.png")
    Image.fromarray(RGB).save(tmp_path / "b.png")
    cases, errors = sorted_out(make("images", {"path": tmp_path, "modality": "endoscopy"}))
    assert [case.entry for case in cases] == ["b.png#0"]
    assert [error.field for error in errors] == ["type"]


def test_real_slide_is_refused() -> None:
    """A scanned slide holds a label that may name a person."""
    (error,) = make("images", {"path": real_data("histopathology", "cmu_small_region.svs"), "modality": "histopathology"}).index()
    assert isinstance(error, SourceError)
    assert "label" in error.problem
