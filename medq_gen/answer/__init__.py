"""Any model's answers to the items of a run: task=answer. Endpoints over HTTP, and baselines that are models of their own."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from medq_gen.answer.answerer import Answerer, Setting
from medq_gen.answer.asked import TASKS, Asked, asked_of
from medq_gen.answer.models import KINDS, model_of
from medq_gen.answer.reply import Reply
from medq_gen.answer.written import Folder
from medq_gen.errors import StoreError
from medq_gen.export.content import Content
from medq_gen.store import Store


@dataclass(frozen=True, slots=True)
class Answered:
    """What answering did: how many items of each task ended how ("open": not asked), the files, and why it ended early, if it did."""

    title: str
    counts: dict[str, Counter[str]]
    paths: dict[str, Path]
    about: Path
    stopped: str | None

    @property
    def is_whole(self) -> bool:
        """Every item has a reply of the model, be it a refusal."""
        return self.stopped is None and not any(found["failed"] or found["open"] for found in self.counts.values())

    def lines(self) -> Iterator[str]:
        """For people."""
        for task, found in self.counts.items():
            told = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in sorted(found.items()) if count)
            yield f"{task}: {told}; {self.paths[task]}"
        if self.stopped:
            yield f"stopped: {self.stopped}"
        if not self.is_whole:
            yield "Replies are kept: the same command asks only what is open or failed."


def answer(
    run: Path | str | Store,
    model: Mapping[str, Any],
    *,
    out: Path | str | None = None,
    split: str | None = None,
    tasks: Sequence[str] = TASKS,
    console: Console | None = None,
) -> Answered:
    """Ask a model every item of a run.

    model : its kind and settings, as conf/model/<kind>.yaml lists them. out : <run>/answer by default. split : items of one split only; a model that was
    trained on a split never answers that one.

    Raises
        ConfigError: a setting, split or task that is not allowed, or answers under other settings that would be overwritten. StoreError: no store, or nothing
        drafted. KeyboardInterrupt: after what is known was written.
    """
    store = run if isinstance(run, Store) else Store.open(run)
    console = console or Console(stderr=True, soft_wrap=True)
    chosen = model_of(model)
    content = Content.of(store)
    everything = asked_of(content)
    asked = chosen.answers(asked_of(content, tasks=tasks, split=split))
    folder = Folder(Path(out) if out is not None else store.path / "answer", chosen.title)
    with _locked(folder):
        folder.refuse_others(chosen.settings())
        return _answered(chosen, content, everything, asked, folder, split=split, console=console)


def _answered(
    model: Answerer, content: Content, everything: Sequence[Asked], asked: Sequence[Asked], folder: Folder, *, split: str | None, console: Console
) -> Answered:
    replies: dict[str, Reply] = {}
    counts: dict[str, Counter[str]] = {}
    started, stopped = time.monotonic(), "interrupted"
    try:
        with tempfile.TemporaryDirectory(prefix="medq-gen-") as spool:
            shown = content.spooled(Path(spool) / "pictures") if model.sees else content
            stopped = model.reply_to(asked, Setting(shown, folder.path, console), replies) or ""
    finally:
        about = {
            "title": model.title,
            "model": model.settings(),
            "split": split,
            "plan": content.store.plan.get("digest"),
            "seconds": round(time.monotonic() - started, 1),
            "stopped": stopped or None,
        }
        counts = folder.write(everything, asked, replies, digest=content.digest, about=about)
    return Answered(model.title, counts, {task: folder.predictions(task) for task in counts}, folder.about, stopped or None)


@contextmanager
def _locked(folder: Folder) -> Iterator[None]:
    """One writer for each model's answers."""
    folder.about.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.about.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StoreError(f"{folder.about} is being written: wait for the other start, stop it, or choose another model.title=...") from error
    try:
        yield
    finally:
        lock.release()


__all__ = ["KINDS", "Answered", "answer"]
