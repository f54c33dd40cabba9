"""What a user sees while a run goes on: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINE_EVERY_S = 10.0


class Watch:
    """Counts ladders and pictures, or what else is counted and made. Everything goes to `console`; `clock` is a test's own."""

    def __init__(
        self,
        total: int,
        done: int,
        *,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
        counted: str = "ladders",
        made: str = "pictures",
    ) -> None:
        self.total, self.done, self.pictures = total, done, 0
        self.counted, self.made = counted, made
        self.console, self.clock = console, clock
        self.started = self.last_line = clock()
        self.first = done
        self._bar: Progress | None = None

    def __enter__(self) -> Watch:
        if self.console.is_terminal:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self.counted, total=self.total, completed=self.done, rate="")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.clock() - self.started

    @property
    def rate(self) -> float:
        """Finished pictures per second."""
        return self.pictures / self.seconds if self.seconds > 0 else 0.0

    def advance(self, ladders: int, pictures: int) -> None:
        """Ladders and pictures that were committed."""
        self.done += ladders
        self.pictures += pictures
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done, rate=f"{self.rate:.1f} {self.made}/s")
        elif self.clock() - self.last_line >= LINE_EVERY_S:
            self.last_line = self.clock()
            self.console.print(self.line(), highlight=False, soft_wrap=True)

    def line(self) -> str:
        """One line of plain progress."""
        new = self.done - self.first
        left = self.seconds / new * (self.total - self.done) if new else float("nan")
        return f"{self.done}/{self.total} {self.counted}, {self.rate:.1f} {self.made}/s, about {left:.0f} s left"
