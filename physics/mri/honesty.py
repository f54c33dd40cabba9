"""What a magnitude picture went through before it came here: interpolation, JPEG, a mask. Read off the picture alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.fft import dct
from scipy.signal.windows import dpss

Array = NDArray[np.float64]

BODY_SHARE = 0.12  # of the 99th percentile: what is brighter counts as body
LENGTHS, LEAST_PIECES = (128, 64, 32), 40  # of the pieces of a row that spectra are taken of
LARGEST = 1024  # rows and columns about the centre that are examined: shares do not hang on the size
BANDWIDTH = 2.5  # of the taper: its leakage lies 50 dB below
DROP, EDGE_DROP = 4.0, 1.5  # of log power over three bins: clean pictures fall by 2.6 at most, padded ones by 5 and more; where the fall begins
WHOLE, DOUBLED = 0.95, 10.0  # of Nyquist; power of differences at even against odd places: clean pictures up to 1.1, JPEG up to 1.3
BLOCK_EXCESS, BLOCK_SCORE = 0.15, 4.0  # log power that the block grid lacks, and in deviations of the other 63 grids


@dataclass(frozen=True, slots=True)
class Honesty:
    """share : of the frequencies along each axis that hold signal; 1 where the matrix is what was acquired. doubled : axes on which every second pixel is
    made of its neighbours. blocks : log power that JPEG's blocks lack, 0 where nothing tells of JPEG. masked : share of the air that is exactly 0."""

    share: tuple[float, float]
    doubled: tuple[bool, bool]
    blocks: float
    masked: float

    def matrix(self, shape: tuple[int, int]) -> tuple[int, int]:
        """The grid to go on with: smaller by one factor for both axes, that of the axis that holds more, so that pixels keep their form; even sides."""
        kept = max(self.share)
        if kept >= WHOLE:
            return shape
        return 2 * int(np.ceil(kept * shape[0] / 2 - 1e-9)), 2 * int(np.ceil(kept * shape[1] / 2 - 1e-9))


def honesty(image: NDArray[Any]) -> Honesty:
    """All of it at once.

    Model
        support_share and is_doubled along both axes, block_excess, masked_share.
    Parameters
        image : (row, column) magnitude, any unit.
    Returns
        As above; an axis that was doubled holds half of its frequencies.
    Assumes
        One object before air, or one that fills the picture.
    Not modelled
        Gradient-warp and bias corrections, denoising, partial Fourier, registration.
    References
        Shimron et al. 2022, 10.1073/pnas.2117203119.
    Oracle
        Known padding, filters, JPEG qualities and masks; none found on clean phantoms and real heads (tests/physics/mri/test_honesty.py).
    """
    middle = tuple(slice(max(n - LARGEST, 0) // 2, max(n - LARGEST, 0) // 2 + LARGEST) for n in image.shape)
    values = np.asarray(image[middle], dtype=np.float64)
    doubled = (is_doubled(values, axis=0), is_doubled(values, axis=1))
    shares = [0.5 if twice else support_share(values, axis=axis) for axis, twice in enumerate(doubled)]
    return Honesty((shares[0], shares[1]), doubled, block_excess(values), masked_share(values))


def support_share(image: Array, *, axis: int) -> float:
    """How much of the frequencies along an axis was acquired.

    Model
        Mean log power of tapered pieces of rows inside the body, where the magnitude is as band-limited as the complex picture (in air it is not). Zero
        padding ends it by a fall of more than e^4 within some bins; anatomy, noise and usual filters do not. The edge lies where the fall begins.
    Parameters
        image : (row, column). axis : to look along.
    Returns
        0.3 to 1; 1 where nothing falls, or where the body is too small to tell.
    Assumes
        Values finer than the signal beyond the edge: 8-bit codes hide the padding of smooth pictures under their own step.
    Not modelled
        Supports that differ from row to row (elliptical k-space).
    References
        Thomson 1982, 10.1109/PROC.1982.12433 (the taper).
    Oracle
        Padding by 1.25, 1.5 and 2 with and without a Hamming filter: the share within 0.03 (tests/physics/mri/test_honesty.py).
    """
    power = _log_power(image, axis)
    if power is None:
        return 1.0
    n, gap = len(power) - 1, 3
    width = max(2, n // 16)
    falls = [
        (float(power[max(1, at - gap - width) : at - gap + 1].mean() - power[at + gap : at + gap + width].mean()), at)
        for at in range(int(0.3 * n), n - gap - 1)
    ]
    fall, at = max(falls)
    if fall < DROP:
        return 1.0
    level = power[max(1, at - gap - width) : at - gap + 1].mean() - EDGE_DROP
    after = at - gap + int(np.argmax(power[at - gap :] <= level))  # there is one, since what follows lies lower by more than what the edge begins with
    before = power[after - 1]
    share = (after - 1 + (before - level) / max(before - power[after], 1e-9)) / n
    if abs(share - 0.5) < 0.025:  # factors of two are what consoles offer
        share = 0.5
    return float(share) if share < WHOLE else 1.0


def _inside(lines: Array) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = ndimage.uniform_filter(lines, 5) > BODY_SHARE * np.percentile(lines, 99)
    return inside


def _log_power(image: Array, axis: int) -> Array | None:
    """Mean log power over frequency of pieces along an axis that lie in the body; None where there are too few."""
    lines = np.ascontiguousarray(np.moveaxis(image, axis, 1))
    inside = _inside(lines)
    for length in LENGTHS:
        if lines.shape[1] < length:
            continue
        starts = range(0, lines.shape[1] - length + 1, length // 4)
        chosen = [lines[inside[:, start : start + length].mean(axis=1) > 0.98, start : start + length] for start in starts]
        pieces = np.concatenate(chosen)
        if len(pieces) >= LEAST_PIECES:
            power = np.abs(np.fft.rfft((pieces - pieces.mean(axis=1, keepdims=True)) * dpss(length, BANDWIDTH), axis=1)) ** 2
            logs: Array = np.log(power + 1e-9 * power.mean() + 1e-300).mean(axis=0)
            return logs
    return None


def is_doubled(image: Array, *, axis: int) -> bool:
    """Whether every second pixel along an axis repeats its neighbour or is the mean of two: their first or second differences vanish."""
    lines = np.moveaxis(image, axis, 1)
    inside = _inside(lines)
    for order in (1, 2):
        squares = np.diff(lines, order, axis=1) ** 2
        weight = inside[:, 1 : 1 + squares.shape[1]]
        if weight.sum() < 100:
            return False
        squares = np.minimum(squares, np.percentile(squares[weight], 95))
        means = [float(half.mean()) if half.size else 0.0 for half in (squares[:, part::2][weight[:, part::2]] for part in (0, 1))]
        if max(means) > DOUBLED * min(means) and max(means) > 0:
            return True
    return False


def block_excess(image: Array) -> float:
    """How much JPEG shows.

    Model
        Mean log energy of the high coefficients (u + v >= 5) of 8 x 8 blocks of the body, on each of the 64 grids; quantised coefficients are 0 on the
        coder's own grid only. The excess is the median of the other grids less the lowest one.
    Parameters
        image : (row, column).
    Returns
        The excess where it is above 0.15 and above four deviations of the other grids, else 0. About 0.3 at quality 98, 1.7 at 90, 3 at 50.
    Assumes
        The grid was not resampled after compression.
    Not modelled
        JPEG 2000, chroma.
    References
        Fan and de Queiroz 2003, 10.1109/TIP.2002.807361 (identification of bitmap compression history).
    Oracle
        Qualities 50 to 95 are found, also on a shifted crop; clean pictures give 0 (tests/physics/mri/test_honesty.py).
    """
    values = np.unique(image)
    step = float(np.diff(values).min()) if 1 < values.size <= 70_000 else 0.0
    floor = max(step**2 / 12, 1e-6 * float(image.var()), 1e-300)
    basis: Array = dct(np.eye(8), axis=0, norm="ortho")
    high = np.add.outer(np.arange(8), np.arange(8)) >= 5
    bright = BODY_SHARE * float(np.percentile(image, 99))
    energy = np.full((8, 8), np.nan)
    for row, column in np.ndindex(8, 8):
        down, right = (image.shape[0] - row) // 8, (image.shape[1] - column) // 8
        blocks = image[row : row + 8 * down, column : column + 8 * right].reshape(down, 8, right, 8).transpose(0, 2, 1, 3).reshape(-1, 8, 8)
        blocks = blocks[(blocks > bright).mean(axis=(1, 2)) > 0.9]
        if len(blocks) < 20:
            return 0.0
        energy[row, column] = np.log((basis @ blocks @ basis.T)[:, high] ** 2 + floor).mean()
    others = np.delete(energy.ravel(), int(energy.argmin()))
    excess = float(np.median(others) - energy.min())
    return excess if excess > max(BLOCK_EXCESS, BLOCK_SCORE * float(others.std())) else 0.0


def masked_share(image: Array) -> float:
    """Share of the air (darker than a body, 3 pixels from it) that is exactly 0; 0 where there is no air."""
    air = ~ndimage.binary_dilation(_inside(image), iterations=3)
    return float((image[air] == 0).mean()) if air.mean() > 0.01 else 0.0


def on_matrix(image: NDArray[Any], matrix: tuple[int, int]) -> NDArray[np.float32]:
    """The magnitude of the central part of k-space, at equal brightness: a picture on the grid that was acquired. What was masked to exact 0 stays 0."""
    rows, columns = matrix
    spectrum = np.fft.fftshift(np.fft.fft2(image.astype(np.float64)))
    top, left = image.shape[0] // 2 - rows // 2, image.shape[1] // 2 - columns // 2
    kept = np.fft.ifft2(np.fft.ifftshift(spectrum[top : top + rows, left : left + columns]))
    picture = np.asarray(np.abs(kept) * (rows * columns / image.size), dtype=np.float32)
    if float((image == 0).mean()) > 0.01:
        nearest = [np.rint(np.arange(m) * n / m).astype(int) for m, n in zip(matrix, image.shape, strict=True)]
        picture[(image == 0)[np.ix_(*nearest)]] = 0.0
    return picture
