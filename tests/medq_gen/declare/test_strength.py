"""The knob: its ends are exact, its scale inverts, contradictions are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medq_gen.declare import Strength
from medq_gen.errors import DeclarationError

KNOBS = (
    Strength("peak displacement", "mm", neutral=0.0, limit=20.0, scale="log"),
    Strength("dose fraction", "1", neutral=1.0, limit=0.02, scale="log"),
    Strength("defocus", "D", neutral=0.0, limit=-12.0, scale="linear"),
    Strength("defocus", "D", neutral=0.0, limit=-12.0, scale="log"),
)


@pytest.mark.parametrize("knob", KNOBS, ids=lambda k: f"{k.name} {k.scale} to {k.limit}")
def test_the_ends_are_exact(knob: Strength) -> None:
    """Position 0 is neutral and 1 the limit, to the last bit; beyond them nothing changes."""
    assert knob.at(0.0) == knob.at(-1.0) == knob.neutral
    assert knob.at(1.0) == knob.at(2.0) == knob.limit
    assert knob.position(knob.limit) == 1.0


@given(position=st.floats(1e-6, 1 - 1e-6))
@pytest.mark.parametrize("knob", KNOBS, ids=lambda k: f"{k.name} {k.scale} to {k.limit}")
def test_position_inverts_strength(knob: Strength, position: float) -> None:
    """position(at(x)) = x inside the range."""
    assert knob.position(knob.at(position)) == pytest.approx(position, abs=1e-9)


def test_a_log_scale_multiplies() -> None:
    """Equal steps of position are equal ratios of strength; from neutral 0 the scale starts at a thousandth of the limit."""
    dose, shift = KNOBS[1], KNOBS[0]
    assert dose.at(0.5) == pytest.approx((1.0 * 0.02) ** 0.5)
    assert shift.at(1 / 3) == pytest.approx(0.2)
    assert shift.at(1e-9) == pytest.approx(0.02)


@pytest.mark.parametrize(("neutral", "limit", "scale"), [(1.0, 1.0, "linear"), (0.0, float("inf"), "linear"), (-1.0, 2.0, "log")])
def test_a_contradictory_knob_is_refused(neutral: float, limit: float, scale: str) -> None:
    """Equal ends, infinite ends and a log scale through zero cannot be declared."""
    with pytest.raises(DeclarationError, match="neutral"):
        Strength("x", "1", neutral=neutral, limit=limit, scale=scale)  # type: ignore[arg-type]
