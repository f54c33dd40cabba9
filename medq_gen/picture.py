"""From a native picture to the PNG of a record, and back to what was measured on it: the one path that touched and untouched pictures share."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor

from physics.display import Display, to_codes, to_png8
from physics.measure.pair import View

LONG_EDGE = 1024  # of a stored picture, at most
_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 4, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT)


def stored_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the stored picture: long edge at most 1024, never enlarged."""
    scale = min(1.0, LONG_EDGE / max(shape[:2]))
    return max(round(shape[0] * scale), 1), max(round(shape[1] * scale), 1)


def stored_codes(native: Tensor, display: Display) -> np.ndarray:
    """The 8-bit codes that are stored: the display transfer, then area averaging where the picture is too large, then rounding, once."""
    rows, columns = stored_shape(tuple(native.shape))
    if (rows, columns) == tuple(native.shape[:2]):
        return to_png8(native, display)
    codes = np.ascontiguousarray(to_codes(native, display).detach().cpu().numpy(), dtype=np.float32)
    small = cv2.resize(codes, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def stored_view(view: View, shape: tuple[int, ...]) -> View:
    """The view of the stored picture: codes shown as they are, the mask and the spacing on its grid."""
    rows, columns = stored_shape(shape)
    display = Display(view.display.name, 0.0, 255.0)
    if (rows, columns) == tuple(shape[:2]):
        return replace(view, display=display)
    mask = cv2.resize(view.mask.cpu().numpy().astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA) > 0.5
    spacing = view.spacing_mm and (view.spacing_mm[0] * shape[0] / rows, view.spacing_mm[1] * shape[1] / columns)
    return replace(view, display=display, mask=torch.from_numpy(mask), spacing_mm=spacing)


def as_tensor(codes: np.ndarray) -> Tensor:
    """Stored codes as the floating picture that a measure reads."""
    return torch.from_numpy(codes.astype(np.float32))


def to_png(codes: np.ndarray) -> bytes:
    """PNG of 8-bit codes, grey or RGB; no date, no comment."""
    picture = codes if codes.ndim == 2 else cv2.cvtColor(codes, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", picture, list(_PNG))
    if not done:
        raise ValueError(f"a picture of shape {codes.shape} cannot be written as PNG")
    return bytes(data.tobytes())
