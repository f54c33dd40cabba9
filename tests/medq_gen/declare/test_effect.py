"""The severity scale: anchors, inverse, bands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medq_gen.declare import BANDS, LEVELS, level_of
from medq_gen.declare.families import FAMILIES
from medq_gen.errors import DeclarationError

TABLE = {  # the bands of design 4, in the unit of each measure: none below, mild, moderate, severe above
    "detail": (0.09, 0.24, 0.35, 0.48, 0.61, 0.79),
    "disturbance": (0.15, 0.36, 0.45, 0.55, 0.61, 0.71),
    "grain": (7, 18.25, 26.75, 38.25, 53, 71.6),
    "line": (0.06, 0.18, 0.28, 0.39, 0.46, 0.58),
    "shading": (0.04, 0.12, 0.19, 0.30, 0.43, 0.61),
    "exposure": (0.2, 0.6, 0.9, 1.4, 1.9, 2.6),
    "colour": (2.5, 8, 13, 19, 25, 33),
    "stain": (2, 5.6, 8.9, 12.75, 17.25, 23.1),
    "cover": (0.0025, 0.015, 0.04, 0.08, 0.15, 0.23),
    "specular": (0.0005, 0.004, 0.009, 0.025, 0.05, 0.086),
    "geometry": (1, 3, 6, 9, 15, 24),
}


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_the_bands_are_those_of_the_severity_scale(name: str) -> None:
    """The anchors give the published bands of every family, to the rounding of the published table."""
    family = FAMILIES[name]
    bounds = (BANDS["none"][1], *BANDS["mild"], *BANDS["moderate"], BANDS["severe"][0])
    for u, printed in zip(bounds, TABLE[name], strict=True):
        assert family.value(u) == pytest.approx(printed, rel=0.13), (name, u)


@pytest.mark.parametrize("name", sorted(FAMILIES))
@given(u=st.floats(1e-3, 6.0))
def test_u_inverts_value(name: str, u: float) -> None:
    """u(value(u)) = u, below the first anchor, between anchors and beyond the last."""
    assert FAMILIES[name].u(FAMILIES[name].value(u)) == pytest.approx(u, rel=1e-9)


def test_the_anchors_sit_at_their_severities() -> None:
    """The three anchors are u = 0.5, 1.5 and 2.5; nothing is 0; the last slope goes on."""
    family = FAMILIES["colour"]
    assert [family.u(c) for c in family.anchors] == [0.5, 1.5, 2.5]
    assert family.u(0.0) == family.u(-3.0) == 0.0
    assert family.u(28.5 + 12.5) == pytest.approx(3.5)


def test_levels_have_gaps() -> None:
    """Between two bands no level is given; beyond the finite top it stays severe."""
    assert [level_of(sum(BANDS[level]) / 2) for level in LEVELS] == list(LEVELS)
    assert [level_of(u) for u in (0.5, 1.5, 2.5)] == [None, None, None]
    assert level_of(9.0) == "severe"


def test_anchors_must_rise() -> None:
    """Anchors that fall or start at zero cannot be declared."""
    with pytest.raises(DeclarationError, match="anchors"):
        FAMILIES["detail"].with_anchors((0.4, 0.3, 0.6))
    with pytest.raises(DeclarationError, match="anchors"):
        FAMILIES["detail"].with_anchors((0.0, 0.3, 0.6))
