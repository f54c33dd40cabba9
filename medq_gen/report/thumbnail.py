"""Pictures for the page: the stored codes, reduced only where they are larger than the page shows, embedded without loss."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

LONG_EDGE = 512
NICE_SCALES = (8, 16, 32, 64, 128, 255)


def opened(png: bytes) -> Image.Image:
    """A stored picture."""
    picture = Image.open(io.BytesIO(png))
    return picture if picture.mode in {"L", "RGB"} else picture.convert("RGB")


def reduced(picture: Image.Image, long_edge: int = LONG_EDGE) -> Image.Image:
    """Area averaging to the long edge; a picture that is small enough stays as it is."""
    if max(picture.size) <= long_edge:
        return picture
    scale = long_edge / max(picture.size)
    return picture.resize((max(round(picture.size[0] * scale), 1), max(round(picture.size[1] * scale), 1)), Image.Resampling.BOX)


def data_uri(picture: Image.Image) -> str:
    """The picture inside the page, every code kept (WebP without loss)."""
    stream = io.BytesIO()
    picture.save(stream, format="WEBP", lossless=True, quality=60, method=2)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def luma(picture: Image.Image) -> np.ndarray:
    """Grey codes as numbers (Rec. 601 weights for colour)."""
    codes = np.asarray(picture, dtype=np.float64)
    return codes if codes.ndim == 2 else codes @ np.array([0.299, 0.587, 0.114])


def difference(degraded: Image.Image, clean: Image.Image) -> np.ndarray | None:
    """Degraded minus clean, in codes of grey; None where the sizes differ."""
    return luma(degraded) - luma(clean) if degraded.size == clean.size else None


def scale_of(differences: list[np.ndarray]) -> int:
    """The smallest round scale that holds 99.5 % of the strongest difference."""
    most = max((float(np.quantile(np.abs(found), 0.995)) for found in differences), default=0.0)
    return next((scale for scale in NICE_SCALES if most <= scale), NICE_SCALES[-1])


def signed(found: np.ndarray, scale: float) -> Image.Image:
    """A signed difference in colours that diverge from black: darker than clean runs through blue to pale cyan, brighter through red to pale yellow. Full
    colour at ± scale."""
    share = np.clip(found / scale, -1, 1)
    strength = np.abs(share)
    first, second = np.minimum(2 * strength, 1.0), np.maximum(2 * strength - 1, 0.0)
    warm = np.stack([first * 0.9 + second * 0.1, first * 0.25 + second * 0.7, first * 0.05 + second * 0.55], axis=-1)
    cold = np.stack([first * 0.05 + second * 0.65, first * 0.35 + second * 0.6, first * 0.95 + second * 0.05], axis=-1)
    return Image.fromarray(np.rint(255 * np.where(share[..., None] >= 0, warm, cold)).astype(np.uint8))


def kept_by_jpeg(degraded: Image.Image, clean: Image.Image, quality: int = 75) -> tuple[float, float] | None:
    """What JPEG leaves of the change from clean to degraded: (share kept, correlation).

    With d the change of the stored pictures and e the change after both went through JPEG: share <e, d> / <d, d>, and the correlation of e and d. None
    where nothing changes.
    """
    if degraded.size != clean.size:
        return None
    change, after = difference(degraded, clean), difference(_jpeg(degraded, quality), _jpeg(clean, quality))
    if change is None or after is None or not change.any() or not after.any():
        return None
    product = float((change * after).sum())
    return product / float((change**2).sum()), product / float(np.sqrt((change**2).sum() * (after**2).sum()))


def _jpeg(picture: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    picture.save(stream, format="JPEG", quality=quality)
    return Image.open(stream)
