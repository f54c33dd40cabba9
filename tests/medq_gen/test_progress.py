"""Progress: what was done before counts as done, not as speed."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from medq_gen.progress import LINE_EVERY_S, Watch


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rate_and_time_left_count_new_ladders_only() -> None:
    """10 of 50 ladders lay there; 8 more with 32 pictures in 20 s: 1.6 pictures a second, and 32 ladders at 2.5 s each are 80 s."""
    clock = Clock()
    with Watch(50, 10, console=Console(file=io.StringIO()), clock=clock) as watch:
        clock.now += 20
        watch.advance(8, 32)
        assert watch.rate == pytest.approx(1.6)
        assert watch.line() == "18/50 ladders, 1.6 pictures/s, about 80 s left"


def test_plain_lines_come_now_and_then() -> None:
    """Without a terminal: no line before ten seconds, one after, none again before the next ten."""
    out, clock = io.StringIO(), Clock()
    with Watch(100, 0, console=Console(file=out, width=200), clock=clock) as watch:
        for seconds, lines in ((LINE_EVERY_S - 1, 0), (1, 1), (LINE_EVERY_S / 2, 1), (LINE_EVERY_S / 2, 2)):
            clock.now += seconds
            watch.advance(1, 4)
            assert len(out.getvalue().splitlines()) == lines
    assert out.getvalue().splitlines()[0] == "2/100 ladders, 0.8 pictures/s, about 490 s left"


def test_nothing_new_is_no_division_by_zero() -> None:
    """A run that finds everything made has a rate of 0."""
    watch = Watch(5, 5, console=Console(file=io.StringIO()), clock=Clock())
    assert watch.rate == 0.0
    assert watch.line().startswith("5/5 ladders, 0.0 pictures/s")


def test_a_terminal_has_a_bar() -> None:
    """On a terminal the bar says how many ladders and how fast, and vanishes at the end."""
    out, clock = io.StringIO(), Clock()
    with Watch(4, 1, console=Console(file=out, force_terminal=True, width=120), clock=clock) as watch:
        clock.now += 2
        watch.advance(1, 4)
        watch._bar.refresh()  # type: ignore[union-attr]
        assert "2/4" in out.getvalue()
        assert "2.0 pictures/s" in out.getvalue()
