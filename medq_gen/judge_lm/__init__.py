"""Reasoning on four axes by a language model behind any chat endpoint: task=judge_lm. Needs no torch."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from filelock import FileLock, Timeout
from rich.console import Console

from medq_gen import files
from medq_gen.answer.answerer import Setting
from medq_gen.answer.over_http import OverHttp
from medq_gen.answer.written import title_of
from medq_gen.errors import ConfigError, StoreError
from medq_gen.export.content import Content
from medq_gen.judge.axes import AXES, Axis
from medq_gen.judge.described import models_of, rows_of, text_digest, texts_beside
from medq_gen.judge.items import TASKS, Item, items_of
from medq_gen.judge_lm import official
from medq_gen.judge_lm.asking import STRUCTURED, Bench, Structured, Verdicts, Wanted
from medq_gen.judge_lm.figures import asked_of, notes, row_of, table
from medq_gen.judge_lm.pages import as_csv, as_markdown
from medq_gen.judge_lm.parity import public_of
from medq_gen.judge_lm.prompts import OwnPrompts, Prompts
from medq_gen.store import Store

JUDGE_LM_VERSION = 1
PROMPTS = ("own", "official")
_OF_ANSWERS = ("picture", "jpeg_quality", "prompt_version")  # settings of a model that sees pictures; a judge reads texts


@dataclass(frozen=True, slots=True)
class How:
    """How a judge is asked. prompts : own, or official (the public tool's, from an installed VLMEvalKit or the checkout that vlmevalkit names).

    rounds : times that everything is asked. asks_again : how often a reply that cannot be read is asked anew. structured : replies held to a JSON schema by the
    server: auto where it takes one. split, tasks : which items.
    """

    prompts: str = "own"
    vlmevalkit: Path | None = None
    rounds: int = 1
    asks_again: int = 2
    structured: str = "auto"
    split: str | None = None
    tasks: tuple[str, ...] = TASKS

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> How:  # Any: plain values of conf/task/judge_lm.yaml
        """From plain values.

        Raises
            ConfigError: one that is not allowed.
        """
        tasks, folder = given.get("tasks", TASKS), given.get("vlmevalkit")
        if isinstance(tasks, str) or not isinstance(tasks, Sequence):
            raise ConfigError(f"task.tasks={tasks}: a list, as in 'task.tasks=[single]'")
        split = given.get("split")
        how = cls(
            str(given.get("prompts", "own")),
            Path(str(folder)) if folder else None,
            given.get("rounds", 1),
            given.get("asks_again", 2),
            str(given.get("structured", "auto")),
            None if split is None else str(split),
            tuple(map(str, tasks)),
        )
        how.check()
        return how

    def check(self) -> None:
        """Refuse what is not allowed.

        Raises
            ConfigError: says what is.
        """
        for name, value, allowed in (("prompts", self.prompts, PROMPTS), ("structured", self.structured, STRUCTURED)):
            if value not in allowed:
                raise ConfigError(f"task.{name}={value} is not known; allowed: {', '.join(allowed)}")
        for name, number, least in (("rounds", self.rounds, 1), ("asks_again", self.asks_again, 0)):
            if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= 100:
                raise ConfigError(f"task.{name}={number}: a whole number from {least} to 100")

    def prompts_of(self) -> Prompts:
        """The prompts that are meant."""
        return OwnPrompts() if self.prompts == "own" else official.load(self.vlmevalkit)


@dataclass(frozen=True, slots=True)
class JudgedByModel:
    """A finished judgement: its figures and the files that hold them."""

    figures: dict[str, Any]  # Any: plain JSON
    json_path: Path
    markdown_path: Path
    csv_path: Path
    rows_path: Path

    @property
    def is_whole(self) -> bool:
        """Every reply came, be it one that cannot be read."""
        return self.figures["stopped"] is None and not self.figures["asked"]["open"]

    def lines(self) -> Iterator[str]:
        """For people."""
        overall, asked = self.figures["overall"], self.figures["asked"]
        axes = ", ".join(f"{axis.replace('_', ' ')} {'–' if (mean := overall['axes'][axis]['mean']) is None else f'{mean:.3f}'}" for axis in AXES)
        counts = ", ".join(f"{overall[status]} {status}" for status in ("judged", "unreadable", "open", "missing"))
        yield f"{self.figures['predictions']['name']}: {axes}; {counts}; figures in {self.markdown_path}"
        if asked["unreadable"]:
            yield f"{asked['unreadable']} of {asked['wanted']} scores could not be read, most often because {asked['problems'][0]['problem']}"
        if self.figures["stopped"]:
            yield f"stopped: {self.figures['stopped']}"
        if not self.is_whole:
            yield "Replies are kept: the same command asks only what is open."


def judge_lm(
    run: Path | str | Store,
    predictions: Path | str | Sequence[Path],
    model: Mapping[str, Any],
    *,
    how: How | None = None,
    out: Path | str | None = None,
    console: Console | None = None,
) -> JudgedByModel:
    """Let a language model judge one model's descriptions, of single pictures and of pairs.

    Model
        One request for each axis of each item in each round: rules, axis, reference and description, each text between tags whose code is a hash of both. A
        score is read where the reply is the form asked for and carries that code. score : lower median over the rounds; mean over items and their rounds.
    Assumes
        The endpoint's model follows the rules. A fence keeps a text from ending itself; it cannot keep a weak judge from obeying what it reads.
    predictions : a file (JSONL, JSON, CSV, TSV or Excel with id or index and prediction), or the files of one model. model : the judge, as
    conf/model/openai_compatible.yaml lists it. out : <run>/judge_lm by default.

    Raises
        ConfigError: a setting that is not allowed, predictions that cannot be read, or results of another judge that would be overwritten. StoreError: no
        store, or nothing drafted. KeyboardInterrupt: after what is known was written.
    """
    store = run if isinstance(run, Store) else Store.open(run)
    how = how or How()
    how.check()
    if model.get("kind") != "openai_compatible":
        raise ConfigError(f"model={model.get('kind')}: a judge is asked over HTTP; allowed: model=openai_compatible")
    chosen, prompts = OverHttp.of(model), how.prompts_of()
    everything = items_of(store)
    if not everything:
        raise StoreError(f"{store.path} holds no drafted descriptions: draft them first with python -m medq_gen task=draft run={store.path}")
    items = items_of(store, tasks=how.tasks, split=how.split)
    content = Content.of(store)
    rows, told = rows_of(predictions)
    others = {row["id"] for row in store.items("questions")} | {item.id for item in everything} - {item.id for item in items}
    beside = texts_beside(items, rows, others=others, digest=content.digest)
    settings = {name: value for name, value in chosen.settings().items() if name not in _OF_ANSWERS}
    judge = {
        "title": chosen.title,
        **settings,
        "prompts": prompts.about(),
        "rounds": how.rounds,
        "asks_again": how.asks_again,
        "structured_asked": how.structured,
    }
    place = _Place(Path(out) if out is not None else store.path / "judge_lm", told["name"], chosen.title + ("" if how.prompts == "own" else f"-{how.prompts}"))
    with place.locked():
        place.refuse_others(judge)
        setting = Setting(content, place.folder, console or Console(stderr=True, soft_wrap=True))
        bench = Bench(chosen, prompts, setting, how.rounds, how.asks_again, cast("Structured", how.structured))
        about = {"predictions": told, "plan": store.plan.get("digest"), "data_set": content.digest, "split": how.split, "tasks": list(how.tasks)}
        return _judged(bench, items, beside.texts, place, judge, {**about, "strays": beside.strays})


def _judged(bench: Bench, items: Sequence[Item], texts: Mapping[str, str], place: _Place, judge: Mapping[str, Any], about: Mapping[str, Any]) -> JudgedByModel:
    """Ask, and write what is known however the asking ends."""
    wanted: dict[str, dict[Axis, Wanted]] = {}
    cut: dict[str, int] = {}
    for item in items:
        shown = bench.prompts.shown(texts.get(item.id, ""))
        cut[item.id] = shown.cut
        wanted[item.id] = {axis: Wanted(item, axis, shown.text) for axis in AXES} if shown.text.strip() else {}
    verdicts = Verdicts(bench.asks_again + 1)
    started, stopped = time.monotonic(), "interrupted"
    try:
        stopped = bench.hear([one for axes in wanted.values() for one in axes.values()], verdicts) or ""
    finally:
        rows = [row_of(item, wanted[item.id], verdicts, cut=cut[item.id], text=text_digest(texts.get(item.id))) for item in items]
        figures: dict[str, Any] = {
            "version": JUDGE_LM_VERSION,
            "judge": {**judge, "structured": verdicts.structured},
            **about,
            **table(rows),
            "asked": asked_of(rows),
            "public_scorer": public_of(rows),
            "tokens_in": verdicts.tokens_in,
            "tokens_out": verdicts.tokens_out,
            "seconds": round(time.monotonic() - started, 1),
            "stopped": stopped or None,
            "cut": [name for name, characters in cut.items() if characters],
        }
        figures["notes"] = list(notes(figures))
        written = place.write(figures, rows)
    return written


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one judge's scores of one model lie: <model>.by-<judge>.{json,md,csv,jsonl}; cache/ holds the raw replies of all judges."""

    folder: Path
    name: str
    judge: str

    def path(self, suffix: str) -> Path:
        return self.folder / f"{self.name}.by-{title_of(self.judge)}{suffix}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer for one judge's scores of one model."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path(".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise StoreError(f"{self.path('.json')} is being written: wait for the other start, stop it, or choose another model.title=...") from error
        try:
            yield
        finally:
            lock.release()

    def refuse_others(self, judge: Mapping[str, Any]) -> None:
        """Scores of another judge, or of the same with other settings or prompts, are not overwritten.

        Raises
            ConfigError: names what differs.
        """
        try:
            before = json.loads(self.path(".json").read_text(encoding="utf-8"))["judge"]
        except (OSError, ValueError, KeyError, TypeError):
            return  # nothing that could be protected
        now = json.loads(files.to_json(judge))
        differ = sorted(name for name in now if before.get(name) != now[name])
        if differ:
            told = "; ".join(f"{name} was {before.get(name)!r}, now {now[name]!r}" for name in differ)
            raise ConfigError(f"{self.path('.json')} tells of scores under other settings ({told}): give these another name with model.title=...")

    def write(self, figures: dict[str, Any], rows: Sequence[Mapping[str, Any]]) -> JudgedByModel:
        """The figures, and one JSON line an item."""
        files.write_text(self.path(".jsonl"), "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows))
        files.write_text(self.path(".csv"), as_csv(rows))
        files.write_text(self.path(".md"), as_markdown(figures, self.name))
        files.write_text(self.path(".json"), json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        return JudgedByModel(figures, self.path(".json"), self.path(".md"), self.path(".csv"), self.path(".jsonl"))


__all__ = ["AXES", "TASKS", "How", "JudgedByModel", "judge_lm", "models_of"]
