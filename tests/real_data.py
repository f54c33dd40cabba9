"""Where tests find real images, and how they skip without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def real_data(*parts: str) -> Path:
    """A file or folder of the real samples: $MEDQ_GEN_DATA or ../shared/data. The test is skipped where it is absent."""
    root = Path(os.environ.get("MEDQ_GEN_DATA", _BESIDE))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real samples are absent: {'/'.join(parts)} (set MEDQ_GEN_DATA to their folder)")
    return path
