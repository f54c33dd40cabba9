"""All channels of a picture on the canonical grid."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from physics.display import resampled, to_codes
from physics.measure.pair import Array, Pair, array


def canonical_codes(native: Tensor, pair: Pair) -> Array:
    """Codes of a picture on the canonical grid, three channels; grey as three equal ones."""
    codes = array(resampled_display(native, pair))
    return codes if codes.ndim == 3 else np.repeat(codes[..., None], 3, axis=2)


def resampled_display(native: Tensor, pair: Pair) -> Tensor:
    """All channels of the display transfer on the canonical grid."""
    return resampled(to_codes(native, pair.view.display)).clamp(0.0, 255.0)
