"""What can be done with finished runs: assemble several to a set; and with a run or a set draft, report, export, answer, score, judge, judge_lm.

Each reads the folder only, not a recipe.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from rich.console import Console

from medq_gen import align as aligning
from medq_gen import answer as answering
from medq_gen import assemble as assembling
from medq_gen import draft as drafting
from medq_gen import export as exporting
from medq_gen import files, registry
from medq_gen import judge as judging
from medq_gen import judge_lm as judging_lm
from medq_gen import leaderboard as ranking
from medq_gen import report as reporting
from medq_gen import score as scoring
from medq_gen.answer.leaks import Stratum, leaks
from medq_gen.draft.items import ImagePair, Question, Reasoning
from medq_gen.errors import ConfigError
from medq_gen.ontology.vocabulary import Vocabulary
from medq_gen.score.predictions import SUFFIXES
from medq_gen.store import Store

ITEMS: dict[str, type[BaseModel]] = {"questions": Question, "reasoning": Reasoning, "pairs": ImagePair}


def vocabulary() -> Vocabulary:
    """The words of every recipe there is, plugins included: a text may name any of them."""
    return Vocabulary.build({name: registry.get(name).recipe for name in registry.names()})


def draft(run: Path) -> dict[str, int]:
    """Draft the items of a run from its records; how many of each kind."""
    store = Store.open(run)
    words = vocabulary()
    files.write_text(store.path / "vocabulary.json", words.model_dump_json(indent=1) + "\n")
    drafted = drafting.draft(store.records(), words, seed=int(store.plan["content"]["seed"]))
    counts = {}
    for name, model in ITEMS.items():
        items = getattr(drafted, name)
        store.write_items(name, items, model)
        counts[name] = len(items)
    return counts


def assemble(
    runs: Sequence[Path], out: Path, *, per_level: int | None, seed: int, console: Console
) -> tuple[assembling.Assembled, dict[str, int], Path, tuple[Stratum, ...]]:
    """A balanced set of several runs, with its items drafted over all of them, its card, its report, and what a reader without pictures gets right."""
    assembled = assembling.assemble(runs, out, per_level=per_level, seed=seed, console=console)
    try:
        counts, page = closing(out)
        strata = leaks(Store.open(out).items("questions"))
    except BaseException:
        console.print(f"{out} holds the pictures of the set, but not all of its items: the same command goes on from there", highlight=False, markup=False)
        raise
    files.write_text(out / assembling.FINISHED, files.to_page([dataclasses.asdict(stratum) for stratum in strata]))
    return assembled, counts, page, strata


def closing(run: Path) -> tuple[dict[str, int], Path]:
    """What follows a simulation: the items, the card that counts them, the report that shows some of them."""
    counts = draft(run)
    write_card(run)
    return counts, report(run)


def report(run: Path) -> Path:
    """Write a run's report."""
    return reporting.build(Store.open(run))


def export(run: Path, *, format: str | None, out: Path | None) -> Any:
    """Write a run in another format."""
    if not format:
        raise ConfigError("task=export needs format=vlmevalkit, format=jsonl or format=imagefolder")
    return exporting.export(Store.open(run), format, out)


def answer(run: Path, *, model: Mapping[str, Any] | None, out: Path | None, split: str | None, tasks: Sequence[str], console: Console) -> answering.Answered:
    """Ask a model every item of a run.

    Raises
        ConfigError: no model was named, or one of its settings is not allowed.
    """
    if not model:
        raise ConfigError(f"task=answer needs model=<kind of model>; allowed: {', '.join(answering.KINDS)}")
    if isinstance(tasks, str) or not tasks:
        raise ConfigError(f"task.tasks={tasks}: a list, as in 'task.tasks=[perception]'")
    return answering.answer(run, model, out=out, split=split, tasks=tasks, console=console)


def score(run: Path, *, predictions: Path | None, out: Path | None, split: str | None = None) -> list[scoring.Scored]:
    """Score predictions against a run: a file, or each file of a folder (a model a file), which are then compared in pairs.

    Raises
        ConfigError: no predictions were named, there are none, or two files of a folder would write the same results.
    """
    found, store = _prediction_files(predictions), Store.open(run)
    scored = {file.stem: scoring.score(store, file, out=out, split=split) for file in found}
    if len(scored) > 1:
        scoring.compare(scored, next(iter(scored.values())).json_path.parent)
    return list(scored.values())


def judge(run: Path, *, predictions: Path | None, out: Path | None) -> list[judging.JudgedRun]:
    """Judge descriptions against a run on four axes: of a file, or of each model in a folder (of files, or of the answers of task=answer).

    Raises
        ConfigError: as score.
    """
    if not predictions:
        raise ConfigError("task=judge needs predictions=<file or folder of files, one a model; or the folder of answers of task=answer>")
    store = Store.open(run)
    return [judging.judge(store, paths, out=out) for paths in judging.models_of(predictions)]


def _prediction_files(predictions: Path | None) -> list[Path]:
    if not predictions:
        raise ConfigError("task=score needs predictions=<file or folder of files, one a model>")
    if not predictions.is_dir():
        return [predictions]
    found = sorted(file for file in predictions.iterdir() if file.is_file() and file.suffix.lower() in SUFFIXES)
    if not found:
        raise ConfigError(f"predictions={predictions}: the folder holds no {', '.join(SUFFIXES)} file")
    twice = [name for name, count in Counter(file.stem for file in found).items() if count > 1]
    if twice:
        raise ConfigError(f"predictions={predictions}: {twice[0]!r} is there in two formats, and their results would have one name: keep one of them")
    return found


def judge_lm(
    run: Path, *, predictions: Path | None, model: Mapping[str, Any] | None, how: Mapping[str, Any], out: Path | None, console: Console
) -> Iterator[judging_lm.JudgedByModel]:
    """Let a language model judge descriptions: of a file, or of each model in a folder (of files, or of the answers of task=answer), one after another.

    Raises
        ConfigError: no predictions or no judge were named, or one of the settings is not allowed.
    """
    if not predictions:
        raise ConfigError("task=judge_lm needs predictions=<file or folder of files, one a model; or the folder of answers of task=answer>")
    if not model:
        raise ConfigError("task=judge_lm needs model=openai_compatible: the judge, with model.base_url=... and model.name=...")
    store, chosen = Store.open(run), judging_lm.How.of(how)
    for paths in judging.models_of(predictions):
        yield judging_lm.judge_lm(store, paths, model, how=chosen, out=out, console=console)


def sheet(run: Path, *, predictions: Path | None, how: Mapping[str, Any], seed: int, out: Path | None) -> aligning.DrawnSheet:
    """Draw the descriptions that people rate blind.

    Raises
        ConfigError: no predictions were named, or one of the settings is not allowed.
    """
    if not predictions:
        raise ConfigError("task=sheet needs predictions=<file or folder of files, one a model; or the folder of answers of task=answer>")
    number, reference, tasks = how["cases"], how["reference"], how["tasks"]
    if not isinstance(number, int) or isinstance(number, bool):
        raise ConfigError(f"task.cases={number}: a whole number")
    if not isinstance(reference, bool):
        raise ConfigError(f"task.reference={reference}: true or false")
    if isinstance(tasks, str) or not tasks:
        raise ConfigError(f"task.tasks={tasks}: a list, as in 'task.tasks=[single]'")
    return aligning.draw_sheet(run, predictions, number=number, seed=seed, split=how["split"], tasks=tasks, reference=reference, out=out)


def align(run: Path, *, how: Mapping[str, Any], out: Path | None) -> aligning.Aligned:
    """Compare judges with people and with each other.

    Raises
        ConfigError: one of the settings is not allowed, or as medq_gen.align.
    """
    ratings, judges, width = how["ratings"], how["judges"], how["width"]
    for name, value in (("ratings", ratings), ("judges", judges)):
        if isinstance(value, str) or (value is None and name == "ratings"):
            raise ConfigError(f"task.{name}={value}: a list, as in 'task.{name}=[outputs/set/align/ratings]'")
    if not isinstance(width, int | float) or isinstance(width, bool):
        raise ConfigError(f"task.width={width}: a number between 0 and 1")
    folders = None if judges is None else [Path(str(folder)) for folder in judges]
    return aligning.align(run, ratings=[Path(str(path)) for path in ratings], judges=folders, width=float(width), out=out)


def leaderboard(run: Path, *, split: str | None, out: Path | None) -> ranking.Board:
    """Models × tasks of a run on one page."""
    return ranking.leaderboard(run, split=split, out=out)


def write_card(run: Path) -> None:
    """Write README.md: the data set card."""
    store = Store.open(run)
    files.write_text(store.path / "README.md", card(store, {name: len(store.items(name)) for name in ITEMS}))


def card(store: Store, counts: Mapping[str, int]) -> str:
    """The data set card. Its `configs:` make datasets.load_dataset(folder) find pictures and items."""
    content = store.plan["content"]
    shards = store.shards()
    licences: dict[str, int] = {}
    for row in store.rows(columns=["licence"]):
        licences[row["licence"]] = licences.get(row["licence"], 0) + 1
    configs = [{"config_name": "samples", "default": True, "data_files": [{"split": "data", "path": "samples/*.parquet"}]}]
    configs += [{"config_name": name, "data_files": [{"split": "data", "path": f"items/{name}.parquet"}]} for name in counts if counts[name]]
    head = yaml.safe_dump({"configs": configs, "tags": ["medical", "image-quality", "synthetic"]}, sort_keys=True)
    return f"---\n{head}---\n" + "\n".join(_card_lines(content, sum(shard.rows for shard in shards), counts, licences)) + "\n"


def _card_lines(content: Mapping[str, Any], rows: int, counts: Mapping[str, int], licences: Mapping[str, int]) -> Iterator[str]:
    made = [run["recipe"] for run in content["runs"]] if "runs" in content else [content["recipe"]]
    names = [f"{recipe['name']} ({recipe['variant']}, version {recipe['version']})" for recipe in made]
    yield f"# {names[0]}" if "recipe" in content else f"# A set of {len(names)} runs"
    yield ""
    if "runs" in content:
        yield f"Joined from {', '.join(names)}, with as many pictures of each level of a recipe as of the others."
        yield ""
    levels = ", ".join(content["levels"])
    yield f"{rows} pictures, degraded by simulation from {content['index']['cases']} source pictures at the levels {levels}; every label is measured."
    yield "Simulated pictures are no clinical evidence. The columns are described in docs/store.md of medq_gen."
    yield ""
    yield "| items | count |"
    yield "| --- | --- |"
    yield from (f"| {name} | {count} |" for name, count in counts.items())
    yield ""
    yield "| licence of the source | pictures |"
    yield "| --- | --- |"
    yield from (f"| {name} | {count} |" for name, count in sorted(licences.items()))
