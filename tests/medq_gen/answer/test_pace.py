"""Waits and turns against a clock of their own."""

from __future__ import annotations

import asyncio

import pytest

from medq_gen.answer.pace import Pace, Patience, asked_for_s
from medq_gen.answer.secret import Secret

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None), ({"retry-after": "7"}, 7.0), ({"retry-after": " 2.5 "}, 2.5), ({"retry-after": "0"}, 0.0), ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250"}, 0.25), ({"retry-after-ms": "250", "retry-after": "9"}, 0.25), ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0), ({"retry-after": "Tue, 14 Nov 2023 22:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None), ({"retry-after": ""}, None), ({"retry-after": "nan"}, None), ({"retry-after": "inf"}, None),
        ({"retry-after": "Tue, 99 Nov 2023"}, None),
    ],
)  # fmt: skip
def test_what_a_server_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds and dates (2023-11-14 22:13:20 is 1,700,000,000); nonsense asks for nothing."""
    found = asked_for_s(headers, now=lambda: NOW)
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_waits_double_to_their_bound_and_never_beyond() -> None:
    """1, 2, 4, … 60 s without jitter; a quarter less at most with it; the thousandth wait is no overflow."""
    patience = Patience(first_s=1, most_s=60)
    assert [patience.wait_s(attempt, jitter=lambda: 0) for attempt in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert patience.wait_s(3, jitter=lambda: 1) == 3
    assert patience.wait_s(1000, jitter=lambda: 0) == 60
    assert all(0.75 <= patience.wait_s(1) <= 1 for _ in range(100))


class Clock:
    """Time that sleeping moves."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_turns_keep_their_distance_and_their_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """120 a minute: starts at 0, 0.5, 1 s; a pause of 10 s holds the next; a shorter pause meanwhile changes nothing; idle time is no credit."""
    clock = Clock()
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    pace = Pace(120, clock=clock)

    async def starts() -> list[float]:
        times = []
        for number in range(6):
            if number == 3:
                pace.pause(10)
                pace.pause(2)
            if number == 5:
                clock.now += 100
            await pace.turn()
            times.append(clock.now - 50)
        return times

    assert asyncio.run(starts()) == pytest.approx([0, 0.5, 1, 11, 11.5, 111.5])


def test_a_key_is_hidden_in_every_spelling_and_fillers_are_not() -> None:
    """As it is, quoted for an address, escaped for JSON; "EMPTY" stays, since it may be a word of an answer; the key shows in no repr."""
    secret = Secret("sk-a/b+c0123")
    assert secret.hidden("x sk-a/b+c0123 sk-a%2Fb%2Bc0123 sk-a\\/b+c0123") == "x [key] [key] [key]"
    assert Secret("EMPTY").hidden("EMPTY") == "EMPTY"
    assert Secret().hidden("text") == "text"
    assert "sk-a" not in repr(secret)
