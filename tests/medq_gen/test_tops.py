"""The top of a part of a mix: how harmful it is alone at t = 1."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from medq_gen.declare import Strength
from medq_gen.ladder import TOP_TRIES, TOP_WIDTH, _top
from medq_gen.solve import Curve

LOG = Strength("dose of harm", "1", neutral=0.0, limit=20.0, scale="log")
LINEAR = Strength("share", "1", neutral=0.0, limit=12.0)


@pytest.mark.parametrize("top", [1.6, 2.6, 3.0])
def test_a_top_at_its_usual_place_costs_one_acquisition(top: float) -> None:
    """Harm in proportion to a logarithmic knob, or to the position of a linear one, that is 2.6 at the usual place: the first look is the top itself."""
    for knob, usual in ((LOG, LOG.at(0.73)), (LINEAR, 6.0)):
        curve = Curve(lambda s, usual=usual: 2.6 * float(s) / usual, knob)
        found = curve.at(_top(curve, top))
        assert curve.count == 1
        assert found.u == pytest.approx(top)


@pytest.mark.parametrize("top", [1.6, 2.6, 3.0])
@pytest.mark.parametrize("harm", [lambda s: 0.4 * s, lambda s: 2.0 * s, lambda s: 4.2 * (1 - math.exp(-s / 1.7))], ids=["late", "early", "saturating"])
def test_a_top_elsewhere_is_found_within_half_a_u(harm: Callable[[float], float], top: float) -> None:
    """Where the first look fails the knob is solved, within the tries that a top may cost."""
    curve = Curve(lambda s: harm(float(s)), LOG)
    assert abs(curve.at(_top(curve, top)).u - top) <= TOP_WIDTH / 2
    assert curve.count <= TOP_TRIES + 1


def test_a_top_out_of_reach_is_the_most_there_is() -> None:
    """A part that never gets so harmful goes to where it does most."""
    curve = Curve(lambda s: 1.2 * (1 - math.exp(-float(s) / 0.5)), LOG)
    assert curve.at(_top(curve, 2.6)).position == 1.0
    assert curve.count <= TOP_TRIES + 1
