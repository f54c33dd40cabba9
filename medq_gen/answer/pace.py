"""When a request may start: at most so many a minute, none while the server asks for patience, and longer waits the more often one failed."""

from __future__ import annotations

import asyncio
import email.utils
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Bounds of trying again. tries : of one item. first_s, most_s : the waits between them, doubling. longest_s : what a server may ask for."""

    tries: int = 6
    first_s: float = 1.0
    most_s: float = 60.0
    longest_s: float = 600.0

    def wait_s(self, attempt: int, *, jitter: Callable[[], float] = random.random) -> float:
        """Seconds after the given failed try (1, 2, …): doubling from first_s to most_s, less up to a quarter so that workers do not come back as one."""
        return float(min(self.first_s * 2.0 ** min(attempt - 1, 30), self.most_s) * (1 - 0.25 * jitter()))


def asked_for_s(headers: Mapping[str, str], *, now: Callable[[], float] = time.time) -> float | None:
    """Seconds that a server asks to wait: `retry-after-ms`, or `Retry-After` as seconds or as a date (RFC 9110, 10.2.3); None where it asks for nothing."""
    milliseconds, seconds = headers.get("retry-after-ms"), headers.get("retry-after")
    for value, unit in ((milliseconds, 1e-3), (seconds, 1.0)):
        try:
            found = float(value) * unit if value is not None else math.nan
        except ValueError:
            continue
        if math.isfinite(found):
            return max(found, 0.0)
    try:
        return max(email.utils.parsedate_to_datetime(seconds).timestamp() - now(), 0.0) if seconds else None
    except (TypeError, ValueError, OverflowError):
        return None


class Pace:
    """Deals the starts of requests to all workers of one event loop."""

    def __init__(self, per_minute: float | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap_s = 60.0 / per_minute if per_minute else 0.0
        self._clock = clock
        self._next = self._closed_until = clock()

    async def turn(self) -> None:
        """Wait for this request's turn. After a pause, one that begins meanwhile too, turns are dealt anew, so that the rate is kept."""
        while True:
            while (closed := self._closed_until - self._clock()) > 0:
                await asyncio.sleep(closed)
            start = max(self._next, self._clock())
            self._next = start + self._gap_s
            while (wait := start - self._clock()) > 0:
                await asyncio.sleep(wait)
            if self._closed_until <= self._clock():
                return

    def pause(self, seconds: float) -> None:
        """No request starts for so long: the server asked for it."""
        self._closed_until = max(self._closed_until, self._clock() + seconds)
