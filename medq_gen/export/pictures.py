"""Pictures as every loader takes them: 8-bit PNG in grey or colour, no edge shorter than 224 px."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image

MIN_EDGE = 224  # the public tool's API path re-samples shorter edges; common vision encoders start at 224
_KEPT = ("L", "RGB")


def for_loaders(png: bytes) -> bytes:
    """The same picture for a loader. A picture that needs nothing keeps its bytes.

    Short edges are enlarged by repeating every pixel a whole number of times. Interpolation would blur noise and soften edges, which are what is asked
    about; padding would
    add a frame that no scanner makes, shrink the share of the object and show the picture's original size. Repetition changes neither a grey value nor the
    framing. All pictures
    of a ladder have one size, so all are enlarged alike.
    """
    picture = Image.open(io.BytesIO(png))
    factor = math.ceil(MIN_EDGE / min(picture.size)) if min(picture.size) < MIN_EDGE else 1
    if picture.format == "PNG" and picture.mode in _KEPT and factor == 1:
        return png
    codes = np.asarray(_eight_bit(picture))
    if factor > 1:
        codes = codes.repeat(factor, axis=0).repeat(factor, axis=1)
    stream = io.BytesIO()
    Image.fromarray(codes).save(stream, format="PNG", compress_level=6)
    return stream.getvalue()


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Grey or colour with 8 bits. 16-bit grey keeps its upper byte: the store's 16-bit pictures span the display window already."""
    if picture.mode in _KEPT:
        return picture
    if picture.mode.startswith("I") or picture.mode == "F":
        return Image.fromarray((np.clip(np.asarray(picture, dtype=np.float64), 0, 65535) / 257).round().astype(np.uint8))
    return picture.convert("L" if picture.mode in {"1", "LA"} else "RGB")
