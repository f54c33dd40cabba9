"""Whether a source is clean enough to be blurred: a blur would also take away the noise that it holds."""

from __future__ import annotations

from physics.optics.scan import Capture

MOST_NOISE_CODES = 6.0  # in the canonical picture


def too_noisy_to_blur(scan: Capture) -> str | None:
    """Why a blur of this source would be a lie, or None."""
    noise = scan.scene.noise_codes
    if noise <= MOST_NOISE_CODES:
        return None
    return (
        f"the source holds noise of {noise:.1f} codes (at most {MOST_NOISE_CODES:g}): a blur would remove it, which no blurred picture of a noisy camera shows"
    )
