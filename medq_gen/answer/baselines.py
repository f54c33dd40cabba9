"""Baselines that are models of their own: chance, blind (words alone) and classical (words and image measures). They answer perception items."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from medq_gen.answer import words
from medq_gen.answer.answerer import Setting, Values
from medq_gen.answer.asked import Asked
from medq_gen.answer.choice import Array, Example, drawn, fit
from medq_gen.answer.reply import Reply
from medq_gen.answer.written import title_of
from medq_gen.errors import ConfigError
from medq_gen.export.content import LETTERS, Content
from medq_gen.progress import Watch
from medq_gen.store import Store

BASELINE_VERSION = 1
TRAINING = "train"
FAR = 4.0  # standard deviations; beyond, a measure says no more


@dataclass(frozen=True, slots=True)
class Chance:
    """One of the options, each as likely as any other: the draw is fixed for an item and a seed."""

    title: str
    seed: int
    sees: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Chance:
        """From plain values.

        Raises
            ConfigError: one that is unknown or not allowed.
        """
        values = Values(given)
        values.only("seed")
        return cls(title_of(values.text("title") or "chance"), cast("int", values.whole("seed", 0)))

    def settings(self) -> dict[str, Any]:
        """Its seed."""
        return {"kind": "chance", "version": BASELINE_VERSION, "seed": self.seed}

    def answers(self, items: Sequence[Asked]) -> list[Asked]:
        """Perception."""
        return _perception(items, "chance")

    def reply_to(self, items: Sequence[Asked], setting: Setting, replies: dict[str, Reply]) -> str | None:
        """Draw."""
        for item in items:
            replies[item.id] = _letter(drawn(item.id, len(item.options), seed=self.seed))
        return None


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that learns from the training split and answers the other splits.

    kind : "blind" reads words alone, "classical" measures the picture too. train_runs : runs whose training split is learnt from; the answered run's own where
    none is named. Of a record it reads the split and the group, of an item the words and, in training, the key: no label, no reference, no measure of a record.
    """

    title: str
    kind: Literal["blind", "classical"]
    train_runs: tuple[str, ...]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Trained:
        """From plain values.

        Raises
            ConfigError: one that is unknown or not allowed.
        """
        values = Values(given)
        values.only("train_runs")
        runs = given.get("train_runs") or ()
        if isinstance(runs, str) or not all(isinstance(run, str) for run in runs):
            raise ConfigError(f"model.train_runs={runs}: a list of folders, as in 'model.train_runs=[outputs/a,outputs/b]'")
        kind = cast('Literal["blind", "classical"]', given["kind"])
        return cls(title_of(values.text("title") or kind), kind, tuple(runs))

    @property
    def sees(self) -> bool:
        """Words need no pictures."""
        return self.kind == "classical"

    def settings(self) -> dict[str, Any]:
        """Its kind and what it learnt from, by name."""
        return {"kind": self.kind, "version": BASELINE_VERSION, "train_runs": sorted(Path(run).name for run in self.train_runs)}

    def answers(self, items: Sequence[Asked]) -> list[Asked]:
        """Perception, outside of the training split."""
        found = [item for item in _perception(items, self.kind) if item.split != TRAINING]
        if not found:
            raise ConfigError(f"model={self.kind} learns from the split {TRAINING} and never answers it: choose task.split=test or dev, or leave it out")
        return found

    def reply_to(self, items: Sequence[Asked], setting: Setting, replies: dict[str, Reply]) -> str | None:
        """Learn, then answer."""
        stores = [Content.of(Store.open(run)) for run in self.train_runs] or [setting.content]
        lessons = [(content, lesson) for content in stores for lesson in _lessons(content)]
        if not lessons:
            there = ", ".join(str(content.store.path) for content in stores)
            raise ConfigError(f"model={self.kind} finds no questions of the split {TRAINING} in {there}: name runs that have some with model.train_runs=[...]")
        shared = {lesson.group for _, lesson in lessons} & {item.group for item in items}
        if shared:
            raise ConfigError(f"model.train_runs: {len(shared)} groups (patients, slides) are in training and are asked, for example {sorted(shared)[0]}")
        with Watch(len(lessons) + len(items), 0, console=setting.console, counted="items", made="items") as shown:
            reader = _Reader(_measured if self.kind == "classical" else _nothing, shown, {})
            taken = [reader.seen(content, lesson.picture) for content, lesson in lessons]
            scale = _Scale.of(taken)
            choice = fit([lesson.example(scale.of_picture(seen)) for (_, lesson), seen in zip(lessons, taken, strict=True)])
            told = f"log loss {choice.loss:.3f} in cross-validation, {choice.chance_loss:.3f} by guessing"
            setting.console.print(f"{self.title}: learnt from {len(lessons)} questions; {told}", highlight=False)
            for item in items:
                seen = scale.of_picture(reader.seen(setting.content, item.pictures[0]))
                replies[item.id] = _letter(choice.choose(_features(item.question, item.options, seen), item=item.id))
        return None


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question of the training split with its key."""

    id: str
    question: str
    options: tuple[str, ...]
    right: int
    picture: str
    group: str

    def example(self, seen: Array) -> Example:
        """What is learnt from."""
        return Example(_features(self.question, self.options, seen), self.right, self.group)


def _lessons(content: Content) -> Iterator[Lesson]:
    for item in content.questions:
        record = content.records[item.record]
        if record.split == TRAINING:
            yield Lesson(item.id, item.stem, item.options, LETTERS.index(item.answer), record.key, record.group)


def _perception(items: Sequence[Asked], kind: str) -> list[Asked]:
    found = [item for item in items if item.task == "perception"]
    if not found:
        raise ConfigError(f"model={kind} answers perception alone: leave task.tasks out, or give 'task.tasks=[perception]'")
    return found


def _letter(place: int) -> Reply:
    return Reply(LETTERS[place], "answered", "chosen")


def _measured(png: bytes) -> Array:
    """What who sees measures."""
    from medq_gen.answer.image_measures import measures  # late: it needs torch, and no other model does

    return measures(png)


def _nothing(png: bytes) -> Array:
    """What who does not see measures."""
    return np.zeros(0)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Measures of pictures as they are exported, each taken once."""

    take: Callable[[bytes], Array]
    shown: Watch
    known: dict[tuple[str, str], Array]

    def seen(self, content: Content, key: str) -> Array:
        """The measures of a record's picture."""
        place = (str(content.store.path), key)
        if place not in self.known:
            self.known[place] = self.take(content.picture(key) if self.take is not _nothing else b"")
        self.shown.advance(1, 1)
        return self.known[place]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Mean and deviation of each measure over the training pictures."""

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, taken: Sequence[Array]) -> _Scale:
        table = np.array(taken)
        return cls(table.mean(axis=0), np.maximum(table.std(axis=0), 1e-6))

    def of_picture(self, taken: Array) -> Array:
        """Deviations from the mean, within FAR."""
        return np.clip((taken - self.mean) / self.deviation, -FAR, FAR)


def _features(question: str, options: Sequence[str], seen: Array) -> list[dict[Hashable, float]]:
    """Words, and each measure beside what an option says: alone, squared (a middle grade), and under each word of the question."""
    found = words.features(question, options)
    if not len(seen):
        return found
    from medq_gen.answer.image_measures import NAMES

    asked = words.content(question)
    for option, text in zip(found, options, strict=True):
        says = words.meant(question, text)
        for name, value in zip(NAMES, seen.tolist(), strict=True):
            option["seen", name, says] = value / 2
            option["seen, squared", name, says] = (value * value - 1) / 4
            for word in asked:
                option["seen, asked", name, word, says] = value / 4
    return found
