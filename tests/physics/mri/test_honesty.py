"""What a picture went through: found where it was done, not found where it was not."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import lru_cache

import nibabel
import numpy as np
import pydicom
import pytest
import torch
from PIL import Image
from real_data import real_data

from physics.mri.body import smooth_phase
from physics.mri.honesty import LARGEST, Honesty, block_excess, honesty, is_doubled, masked_share, on_matrix, support_share
from physics.phantoms import ellipses

Oracle = Callable[..., None]


@lru_cache(maxsize=64)
def head(shape: tuple[int, int] = (192, 160), snr: float = 40.0, seed: int = 0) -> np.ndarray:
    """A complex head with a smooth phase and white noise."""
    picture = ellipses(shape, torch.float64)
    clean = (picture * torch.polar(torch.ones_like(picture), smooth_phase(shape, seed=seed + 1))).numpy()
    rng = np.random.default_rng(seed)
    return clean + (rng.normal(size=shape) + 1j * rng.normal(size=shape)) / snr


def padded(picture: np.ndarray, factors: tuple[float, float], *, hamming: bool = False) -> np.ndarray:
    """The magnitude after zero padding in k-space, with a filter or without."""
    n, size = picture.shape, tuple(round(side * factor) for side, factor in zip(picture.shape, factors, strict=True))
    spectrum = np.fft.fftshift(np.fft.fft2(picture))
    if hamming:
        spectrum = spectrum * np.hamming(n[0])[:, None] * np.hamming(n[1])[None]
    wide = np.zeros(size, complex)
    start = [m // 2 - side // 2 for m, side in zip(size, n, strict=True)]
    wide[start[0] : start[0] + n[0], start[1] : start[1] + n[1]] = spectrum
    return np.abs(np.fft.ifft2(np.fft.ifftshift(wide)))


def jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """8-bit codes after JPEG."""
    codes = np.clip(picture / np.percentile(picture, 99.5) * 230, 0, 255).astype(np.uint8)
    stored = io.BytesIO()
    Image.fromarray(codes).save(stored, "JPEG", quality=quality)
    return np.asarray(Image.open(stored), dtype=np.float64)


def real_heads() -> Iterator[np.ndarray]:
    """Slices of two real heads that were stored as acquired, or averaged."""
    volume = np.asarray(nibabel.load(real_data("mri", "colin27_t1_1mm.nii.gz")).dataobj, dtype=np.float64)
    yield from (volume[:, :, 70], volume[:, :, 100], volume[80], volume[:, 110])
    for number in ("0252", "0256"):
        yield pydicom.dcmread(real_data("mri", "studyforrest_t1w", f"N2D_{number}.dcm")).pixel_array.astype(np.float64)


@pytest.mark.parametrize("hamming", [False, True])
@pytest.mark.parametrize("snr", [100.0, 20.0])
@pytest.mark.parametrize("factor", [1.25, 1.5, 2.0])
def test_the_acquired_share_is_found(oracle: Oracle, factor: float, snr: float, hamming: bool) -> None:
    """Padding by a factor leaves 1 / factor of the frequencies, filtered or not, along both axes."""
    picture = padded(head(snr=snr), (factor, factor), hamming=hamming)
    for axis in (0, 1):
        share = support_share(picture, axis=axis)
        oracle("mri_honesty", "share of acquired frequencies", share - 1 / factor, below=0.03)
        assert (share == 0.5) == (factor == 2.0)  # what is near a half is one: consoles offer it


@pytest.mark.parametrize("axis", [0, 1])
def test_axes_are_told_apart(axis: int) -> None:
    """Padded along one axis only, the other one is whole; the grid stays, since pixels would lose their form."""
    picture = padded(head(), (1.5, 1.0) if axis == 0 else (1.0, 1.5))
    assert support_share(picture, axis=axis) == pytest.approx(2 / 3, abs=0.03)
    assert support_share(picture, axis=1 - axis) == 1.0
    assert honesty(picture).matrix(picture.shape) == picture.shape


def test_clean_phantoms_raise_no_alarm(oracle: Oracle) -> None:
    """Sixty pictures as acquired, of four noise levels and odd, even and prime sides: nothing is found on any."""
    shapes = ((192, 160), (256, 256), (181, 217), (128, 131), (320, 200))
    found = [honesty(np.abs(head(shape, snr, seed))) for shape in shapes for snr in (1e6, 100.0, 30.0, 10.0) for seed in range(3)]
    alarms = sum(one.share != (1.0, 1.0) or any(one.doubled) or one.blocks > 0 or one.masked > 0 for one in found)
    oracle("mri_honesty", "false alarms on 60 clean phantoms", alarms / len(found), below=0.0)


def test_real_heads_as_stored_raise_no_alarm() -> None:
    """Six slices of two heads: whole support, no doubling, no blocks; the de-faced one is masked."""
    found = [honesty(picture) for picture in real_heads()]
    assert all(one.share == (1.0, 1.0) and not any(one.doubled) and one.blocks == 0 for one in found)
    assert found[-1].masked > 0.5


@pytest.mark.parametrize("quality", [50, 75, 90, 95])
def test_jpeg_is_found(quality: int) -> None:
    """On phantoms with noise and on real heads, also where the grid was cut off the multiple of eight; more at lower quality."""
    pictures = [np.abs(head()), *real_heads()]
    for picture in pictures:
        stored = jpeg(picture, quality)
        assert block_excess(stored) > 0
        assert block_excess(stored[3:, 5:]) > 0
        assert block_excess(jpeg(picture, 50)) >= block_excess(stored)
        assert block_excess(np.clip(picture / np.percentile(picture, 99.5) * 230, 0, 255).astype(np.uint8).astype(float)) == 0


def test_doubling_is_found() -> None:
    """Repeated pixels and means of two, along the axis that they were made on."""
    picture = np.abs(head())
    assert is_doubled(np.repeat(picture, 2, axis=0), axis=0)
    assert not is_doubled(np.repeat(picture, 2, axis=0), axis=1)
    between = np.zeros((picture.shape[0], 2 * picture.shape[1] - 1))
    between[:, ::2] = picture
    between[:, 1::2] = (picture[:, 1:] + picture[:, :-1]) / 2
    assert is_doubled(between, axis=1)
    assert honesty(between).share == (1.0, 0.5)
    assert honesty(np.repeat(np.repeat(picture, 2, 0), 2, 1)).matrix((384, 320)) == (192, 160)


def test_masked_air() -> None:
    """The share of exact zeros in air, of a picture whose left half was masked."""
    picture = np.abs(head())
    assert masked_share(picture) == 0
    half = picture.copy()
    half[:, :80][picture[:, :80] < 0.25] = 0
    assert masked_share(half) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("small", "large"), [((9, 7), (20, 17)), ((8, 7), (21, 16)), ((7, 10), (15, 24))])
def test_the_true_matrix_of_a_padded_picture_is_its_centre(small, large):
    """Odd and even sizes either way: all frequencies come back, those at the ends of the matrix too, and brightness is that of the picture."""
    picture = 1 + 0.2 * np.random.default_rng(3).uniform(-1, 1, small)
    spectrum = np.fft.fftshift(np.fft.fft2(picture))
    for axis in (0, 1):
        if small[axis] % 2 == 0:
            spectrum[(0,) if axis == 0 else (slice(None), 0)] = 0.0  # -n/2 has no partner, and the larger picture would not be real
    wide = np.zeros(large, complex)
    corner = [n // 2 - m // 2 for n, m in zip(large, small, strict=True)]
    wide[corner[0] : corner[0] + small[0], corner[1] : corner[1] + small[1]] = spectrum
    padded = np.fft.ifft2(np.fft.ifftshift(wide)).real * np.prod(large) / np.prod(small)
    wanted = np.fft.ifft2(np.fft.ifftshift(spectrum)).real
    np.testing.assert_allclose(on_matrix(padded, small), wanted, atol=1e-6)


def test_the_acquired_grid_comes_back(oracle: Oracle) -> None:
    """A padded picture on its acquired matrix is the magnitude as acquired, inside the body; centre and brightness stay, zeros stay."""
    clean = head(snr=200.0)
    stored = padded(clean, (1.5, 1.5))
    found = on_matrix(stored, (192, 160))
    true = np.abs(clean) * (192 * 160) / stored.size
    inside = ellipses((192, 160), torch.float64).numpy() > 0
    oracle("mri_honesty", "padding taken off a magnitude picture", np.linalg.norm((found - true)[inside]) / np.linalg.norm(true[inside]), below=0.04)
    assert np.linalg.norm((np.roll(found, 1, axis=1) - true)[inside]) / np.linalg.norm(true[inside]) > 0.1
    stored[60:90, 150:180] = 0
    zero = on_matrix(stored, (192, 160)) == 0
    assert zero[41:59, 101:119].all()  # rows 60 to 90 of 288, columns 150 to 180 of 240
    assert zero.sum() <= 21**2


def test_the_grid_keeps_the_form_of_pixels() -> None:
    """The axis that holds more decides for both; sides are even; nearly whole stays whole."""
    assert Honesty((0.5, 0.6), (False, False), 0.0, 0.0).matrix((301, 200)) == (182, 120)
    assert Honesty((0.5, 0.96), (False, False), 0.0, 0.0).matrix((301, 200)) == (301, 200)
    assert Honesty((0.5, 0.5), (False, False), 0.0, 0.0).matrix((512, 512)) == (256, 256)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("more", [200, 201])
def test_a_large_picture_is_judged_by_its_middle(axis: int, more: int) -> None:
    """Beyond the largest side that is looked at, the rim does not count: zeros in its air are not masked air, but one line of them inside is."""
    side = LARGEST + more
    picture = np.hypot(*np.random.default_rng(1).normal(size=(2, 80, side)))
    picture[30:50, side // 2 - 150 : side // 2 + 150] += 100.0
    picture[:, :100] = picture[:, 100 + LARGEST :] = 0.0
    assert honesty(picture if axis == 1 else picture.T).masked == 0.0
    for line in (100, 100 + LARGEST - 1):
        other = picture.copy()
        other[:, line] = 0.0
        assert honesty(other if axis == 1 else other.T).masked > 0.0


def strip(n: int, size: int, *, level: np.ndarray | float = 1.0, rough: float = 0.1) -> np.ndarray:
    """Sixty rows of white texture about a level, n samples each, padded to a size in k-space."""
    spectrum = np.fft.fftshift(np.fft.fft(1 + rough * np.random.default_rng(0).normal(size=(60, n)), axis=1), axes=1)
    if n % 2 == 0:
        spectrum[:, 0] = 0.0
    wide = np.zeros((60, size), complex)
    wide[:, size // 2 - n // 2 : size // 2 - n // 2 + n] = spectrum
    return level * np.fft.ifft(np.fft.ifftshift(wide, axes=1), axis=1).real * size / n


@pytest.mark.parametrize(("n", "size"), [(16, 32), (24, 32), (32, 64), (64, 128), (96, 128)])
def test_a_picture_as_long_as_one_piece_is_enough(n: int, size: int) -> None:
    """Texture that fills the shortest sides that are looked at: the share that was acquired is found along the padded axis."""
    for axis, picture in ((1, strip(n, size)), (0, strip(n, size).T)):
        assert support_share(picture, axis=axis) == pytest.approx(n / size, abs=0.02)


def test_faint_texture_on_rows_of_unequal_brightness_shows_its_padding() -> None:
    """A thousandth of texture on rows twice as bright as others: their own level, ten million times the texture's power, does not leak over the edge."""
    level = np.where(np.arange(60) < 30, 100.0, 50.0)[:, None]
    assert support_share(strip(85, 128, level=level, rough=1e-3), axis=1) == pytest.approx(85 / 128, abs=0.02)


def test_nothing_is_read_into_a_flat_picture() -> None:
    """Without any texture there is neither padding nor doubling nor JPEG."""
    assert honesty(np.full((128, 140), 7.0)) == Honesty((1.0, 1.0), (False, False), 0.0, 0.0)


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_the_unit_of_the_picture_does_not_matter(unit: float) -> None:
    """Padding, JPEG and masks are found alike in whatever unit the magnitude is."""
    half = np.abs(head())
    half[:, :80][half[:, :80] < 0.25] = 0
    for picture in (padded(head(), (1.5, 1.5)), jpeg(np.abs(head()), 90), half):
        plain, scaled = honesty(picture), honesty(unit * picture)
        assert scaled.share == pytest.approx(plain.share)
        assert scaled.blocks == pytest.approx(plain.blocks)
        assert scaled.masked == plain.masked


@pytest.mark.parametrize("axis", [0, 1])
def test_pixels_that_repeat_in_air_are_no_doubling(axis: int) -> None:
    """A narrow body whose pixels are all its own, in wide air of faint repeated ones."""
    rng = np.random.default_rng(2)
    picture = np.repeat(0.05 * rng.uniform(size=(120, 100)), 2, axis=1)
    picture[20:100, 91:110] = 1 + 0.003 * rng.normal(size=(80, 19))
    assert not is_doubled(picture if axis == 1 else picture.T, axis=axis)
    picture[20:100, 90:110] = np.repeat(1 + 0.003 * rng.normal(size=(80, 10)), 2, axis=1)
    assert is_doubled(picture if axis == 1 else picture.T, axis=axis)


@pytest.mark.parametrize("n", [28, 30])
def test_what_the_taper_hides_is_not_named(n: int) -> None:
    """In pieces of 32 the taper smears an edge over 2.5 of 16 frequencies: of 28 and more that were acquired nothing is left beyond it, and none is told."""
    assert support_share(strip(n, 32), axis=1) == 1.0


def test_jpeg_of_the_best_quality_is_told_by_its_step() -> None:
    """Quality 98 rounds to about the step of 8-bit codes, whose own rounding, a twelfth of the squared step, is the floor of all grids: 0.3 is what is left."""
    assert block_excess(jpeg(np.abs(head(snr=100.0, seed=2)), 98)) == pytest.approx(0.3, abs=0.1)
    assert block_excess(jpeg(np.abs(head()), 97)) > 0


@pytest.mark.parametrize("shape", [(20, 18), (21, 17)])
@pytest.mark.parametrize("matrix", [(8, 6), (7, 10)])
def test_the_central_part_is_written_out(shape: tuple[int, int], matrix: tuple[int, int]) -> None:
    """Frequencies -n/2 to n/2 - 1 of either axis, -(n - 1)/2 to (n - 1)/2 of odd ones, summed one by one, of a picture that has them all."""
    picture = np.random.default_rng(5).uniform(1, 2, shape)
    found, there, back = on_matrix(picture, matrix), [], []
    for n, m in zip(shape, matrix, strict=True):
        k = np.arange(m) - m // 2
        there.append(np.exp(-2j * np.pi * np.outer(k, np.arange(n)) / n))
        back.append(np.exp(2j * np.pi * np.outer(np.arange(m), k) / m))
    told = np.abs(back[0] @ there[0] @ picture @ there[1].T @ back[1].T) / picture.size
    np.testing.assert_allclose(found, told, rtol=1e-6)
