"""What every model can do, where it does it, and how its settings are read: plain values, checked before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from medq_gen.answer.asked import Asked
from medq_gen.answer.reply import Reply
from medq_gen.errors import ConfigError
from medq_gen.export.content import Content


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a model answers: the run, with pictures where the model sees them; the folder of the answers; the console."""

    content: Content
    folder: Path
    console: Console


class Answerer(Protocol):
    """A model. title : names its files. sees : whether it needs pictures."""

    @property
    def title(self) -> str: ...
    @property
    def sees(self) -> bool: ...
    def settings(self) -> dict[str, Any]:
        """What decides its answers, as plain JSON without secrets."""
        ...

    def answers(self, items: Sequence[Asked]) -> list[Asked]:
        """Those of the items that it answers.

        Raises
            ConfigError: none of them.
        """
        ...

    def reply_to(self, items: Sequence[Asked], setting: Setting, replies: dict[str, Reply]) -> str | None:
        """Fill the replies (id of the item -> reply); why it ended early, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Values:
    """Settings as they were given, each read once and checked; `done` refuses what nobody reads."""

    given: Mapping[str, Any]

    def text(self, name: str) -> str | None:
        """A text, None where empty."""
        value = self.given.get(name)
        if value is not None and not isinstance(value, str | int | float):
            raise ConfigError(f"model.{name}: a text")
        return str(value) if value not in (None, "") else None

    def number(self, name: str, least: float, *, most: float = float("inf"), optional: bool = False) -> float | None:
        """A number between two bounds."""
        value = self.given.get(name)
        if value is None and optional:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
            bounds = f"from {least:g}" if most == float("inf") else f"from {least:g} to {most:g}"
            raise ConfigError(f"model.{name}={value}: a number {bounds}{', or null' if optional else ''}")
        return float(value)

    def whole(self, name: str, least: int, *, optional: bool = False) -> int | None:
        """A whole number from a bound on."""
        value = self.given.get(name)
        if value is None and optional:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ConfigError(f"model.{name}={value}: a whole number from {least}{', or null' if optional else ''}")
        return value

    def only(self, *names: str) -> None:
        """Refuse every other setting. Values are not shown: a key may be among them."""
        unknown = sorted(set(self.given) - {"kind", "title", *names})
        if unknown:
            raise ConfigError(
                f"unknown key 'model.{unknown[0]}' of model={self.given['kind']}. Allowed: {', '.join(f'model.{name}' for name in ('title', *names))}"
            )
