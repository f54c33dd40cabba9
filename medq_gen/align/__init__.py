"""How far judges agree with people and with each other: task=sheet draws what people rate, task=align compares. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medq_gen import files
from medq_gen.align import sheet as sheets
from medq_gen.align.figures import alphas, notes, pair_row, pairs_of, rater_row
from medq_gen.align.pages import as_csv, as_html, as_markdown
from medq_gen.align.raters import consensus, judges_in, refuse_other_texts
from medq_gen.align.ratings import Key, read_ratings
from medq_gen.align.sample import draw
from medq_gen.align.sheet import Sheet
from medq_gen.errors import ConfigError, StoreError
from medq_gen.export.content import Content
from medq_gen.judge.described import models_of, rows_of, texts_beside
from medq_gen.judge.items import TASKS, Item, items_of
from medq_gen.score import cases_needed
from medq_gen.score.predictions import SUFFIXES
from medq_gen.store import Store

ALIGN_VERSION = 1
CASES = 200
WIDTH = 0.2
PLANNED_KAPPA = (0.6, 0.8)


@dataclass(frozen=True, slots=True)
class DrawnSheet:
    """A sheet that was written: where, how many texts about how many cases and strata."""

    sheet: Sheet
    texts: int
    cases: int
    models: int
    strata: int

    def lines(self, width: float = WIDTH) -> Iterator[str]:
        """For people."""
        yield f"{self.texts} descriptions of {self.models} models about {self.cases} cases, from {self.strata} strata of model, modality, kind and level"
        for kappa in PLANNED_KAPPA:
            yield f"an interval of kappa {width:g} wide takes about {cases_needed.planned(width, kappa)} cases if kappa is {kappa:g}"
        size = self.sheet.page.stat().st_size / 2**20
        yield f"hand out {self.sheet.page} ({size:.1f} MiB, works offline), or {self.sheet.table} with its pictures; keep {self.sheet.key}"


def draw_sheet(
    run: Path | str | Store,
    predictions: Path,
    *,
    number: int = CASES,
    seed: int = 0,
    split: str | None = None,
    tasks: Sequence[str] = TASKS,
    reference: bool = True,
    out: Path | str | None = None,
) -> DrawnSheet:
    """Draw the descriptions that people rate blind, and write the sheet.

    predictions : as for task=judge, the models of a folder together. out : <run>/align by default. reference : whether raters see the reference, as judges do.

    Raises
        ConfigError: predictions that cannot be read or describe nothing, a task or split without items, the key of another sheet in that folder. StoreError:
            no store, or nothing drafted.
    """
    store, items = _opened(run, tasks=tasks, split=split)
    content = Content.of(store)
    texts: list[tuple[str, Item, str]] = []
    for paths in models_of(predictions):
        rows, told = rows_of(paths)
        beside = texts_beside(items, rows, others=set(), digest=content.digest)
        if beside.strays["other_data_set"]:
            raise ConfigError(f"{told['name']}: {beside.strays['other_data_set'][0]!r} is of another data set than {content.digest}: answer this run first")
        texts += [(told["name"], item, beside.texts[item.id]) for item in items if beside.texts.get(item.id, "").strip()]
    drawn = draw(texts, number=number, seed=seed, data_set=content.digest)
    sheet = sheets.write(drawn, content, Path(out) if out is not None else store.path / "align", seed=seed, reference=reference)
    cases, models, strata = ({one.item.case for one in drawn}, {one.model for one in drawn}, {one.stratum for one in drawn})
    return DrawnSheet(sheet, len(drawn), len(cases), len(models), len(strata))


@dataclass(frozen=True, slots=True)
class Aligned:
    """A finished comparison: its figures and the files that hold them."""

    figures: dict[str, Any]  # Any: plain JSON
    json_path: Path
    markdown_path: Path
    csv_path: Path
    page_path: Path

    def lines(self) -> Iterator[str]:
        """For people."""
        yield from (f"{row['name']} ({row['kind']}): {row['texts']} texts" for row in self.figures["raters"])
        yield f"{len(self.figures['pairs'])} pairs of raters; {self.page_path}"
        yield from self.figures["notes"]


def align(
    run: Path | str | Store,
    *,
    ratings: Sequence[Path] = (),
    judges: Sequence[Path] | None = None,
    width: float = WIDTH,
    out: Path | str | None = None,
) -> Aligned:
    """Compare every two raters of a run: judges as their results lie in the run, people as they sent them back.

    ratings : files or folders of files; <out>/ratings where it is there and none are named. judges : folders of results, <run>/judge and <run>/judge_lm by
    default. width : of the interval for which the number of cases is worked out. out : <run>/align by default, which holds the key of the sheet.

    Raises
        ConfigError: fewer than two raters; ratings that cannot be taken, each problem named; results of another data set or about other texts. StoreError: no
            store, or nothing drafted.
    """
    if not 0 < width < 1:
        raise ConfigError(f"task.width={width}: a number between 0 and 1")
    store, items = _opened(run)
    folder = Path(out) if out is not None else store.path / "align"
    data_set = Content.of(store).digest
    named = _files(ratings, folder)
    people = read_ratings(named, _key(folder, data_set)) if named else []
    raters = [*people, *judges_in(store.path, data_set=data_set, folders=judges)]
    if len(raters) < 2:
        there = raters[0].name if raters else "nobody"
        raise ConfigError(
            f"{there} has scored this run: two raters are needed. Judge with task=judge or task=judge_lm, or rate with task=sheet and task.ratings=[...]"
        )
    refuse_other_texts(raters)
    by_id = {item.id: item for item in items}
    median = consensus(people)
    figures: dict[str, Any] = {
        "version": ALIGN_VERSION,
        "plan": store.plan.get("digest"),
        "data_set": data_set,
        "width": width,
        "ratings": [{"file": path.name, "sha256": files.sha256(path)} for path in named],
        "raters": [rater_row(rater) for rater in (*raters, *([median] if median else []))],
        "pairs": [pair_row(first, second, by_id, width=width) for first, second in pairs_of(raters, median)],
        "alphas": alphas(raters, by_id),
        "planned": {f"{kappa:g}": cases_needed.planned(width, kappa) for kappa in PLANNED_KAPPA},
    }
    figures["notes"] = list(notes(figures))
    found = Aligned(figures, *(folder / f"align.{suffix}" for suffix in ("json", "md", "csv", "html")))
    files.write_text(found.json_path, files.to_page(figures))
    files.write_text(found.markdown_path, as_markdown(figures))
    files.write_text(found.csv_path, as_csv(figures))
    files.write_text(found.page_path, as_html(figures, title=store.path.name))
    return found


def _opened(run: Path | str | Store, *, tasks: Sequence[str] = TASKS, split: str | None = None) -> tuple[Store, list[Item]]:
    store = run if isinstance(run, Store) else Store.open(run)
    items = items_of(store, tasks=tasks, split=split)
    if not items:
        raise StoreError(f"{store.path} holds no drafted descriptions: draft them first with python -m medq_gen task=draft run={store.path}")
    return store, items


def _key(folder: Path, data_set: str) -> Key:
    key = Key.read(Sheet(folder).key)
    if key.data_set != data_set:
        raise ConfigError(
            f"{Sheet(folder).key} belongs to the data set {key.data_set}, the run holds {data_set}: it was drafted anew since the sheet was drawn"
        )
    return key


def _files(ratings: Sequence[Path], folder: Path) -> list[Path]:
    """The files that are meant, those of folders one by one."""
    usual = folder / "ratings"
    found: list[Path] = []
    for path in ratings or ([usual] if usual.is_dir() else []):
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        if not inside:
            raise ConfigError(f"task.ratings: {path} holds no {', '.join(SUFFIXES)} file")
        found += inside
    return found


__all__ = ["Aligned", "DrawnSheet", "align", "draw_sheet"]
