"""Models × tasks of one run on one page: task=leaderboard. Rebuilt from what scoring and judging left in the run's folder; needs no torch."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from medq_gen import files
from medq_gen.errors import ConfigError
from medq_gen.export.content import Content
from medq_gen.judge import NOT_FOR_USE
from medq_gen.judge.axes import AXES
from medq_gen.judge.items import items_of as described_items
from medq_gen.leaderboard import plot, published
from medq_gen.leaderboard.descriptions import worst_described
from medq_gen.leaderboard.figures import TYPES, Cell, by_level, mean_by, perception, reasoning, spent, worst
from medq_gen.leaderboard.results import answered_in, perceived_in, reasoned_in
from medq_gen.report import thumbnail
from medq_gen.report.pictures import Pictures
from medq_gen.score.items import items_of
from medq_gen.store import Store

LEADERBOARD_VERSION = 1
IN_CHARTS = 6  # models in a radar or a line chart: more cannot be told apart
EDGE = 384  # long edge of the pictures of the worst items
NAMES = {"yes_no": "Yes/No", "what": "What", "how": "How"}


@dataclass(frozen=True, slots=True)
class Board:
    """A finished page: its figures and the files that hold them."""

    figures: dict[str, Any]  # Any: plain JSON
    page_path: Path
    csv_path: Path
    json_path: Path

    def lines(self) -> Iterator[str]:
        """For people."""
        for row in self.figures["perception"]:
            low, high = row["all"]["interval"]
            yield f"{row['rank']}. {row['model']}: {100 * row['all']['accuracy']:.1f} % ({100 * low:.1f} to {100 * high:.1f}) of {row['all']['items']}"
        yield f"leaderboard: {self.page_path}"


def leaderboard(run: Path | str | Store, *, split: str | None = None, out: Path | str | None = None) -> Board:
    """Write leaderboard.html, .csv and .json from <run>/score, <run>/judge, <run>/judge_lm, <run>/align and <run>/answer, as far as they are there.

    split : show models that were scored over one split; without it all must be scored alike. out : folder, the run by default.

    Raises
        ConfigError: nothing scored or judged, results over different or other questions. StoreError: no store.
    """
    store = run if isinstance(run, Store) else Store.open(run)
    items, data_set = items_of(store), Content.of(store).digest
    perceived, reasoned = perceived_in(store.path / "score", items, split=split), reasoned_in(store.path, data_set=data_set)
    if not perceived and not reasoned:
        where = f" over split={split}" if split else ""
        raise ConfigError(f"{store.path} holds no scores{where}: score answers with task=score, or judge descriptions with task=judge or task=judge_lm")
    about = answered_in(store.path / "answer", data_set=data_set)
    kinds = {title: str(found["model"]["kind"]) for title, found in about.items()}
    rows = perception(perceived, items, kinds)
    levels = by_level(rows)
    figures: dict[str, Any] = {
        "version": LEADERBOARD_VERSION,
        "plan": store.plan.get("digest"),
        "data_set": data_set,
        "split": split if split is not None else next((one.figures.get("split") for one in perceived), None),
        "perception": rows,
        "levels": levels,
        "mean_by_modality_and_level": mean_by(rows, levels) if rows else [],
        "reasoning": reasoning(reasoned),
        "worst": worst(perceived, items, {row["model"] for row in rows if row["baseline"]}),
        "worst_described": worst_described(store.path, described_items(store), data_set=data_set) if reasoned else [],
        "spent": spent(about, reasoned),
        "agreement": _agreement(store.path / "align" / "align.json", data_set),
    }
    figures["notes"] = list(_notes(figures))
    folder = Path(out) if out is not None else store.path
    board = Board(figures, *(folder / f"leaderboard.{suffix}" for suffix in ("html", "csv", "json")))
    files.write_text(board.json_path, files.to_page(figures))
    files.write_text(board.csv_path, as_csv(figures))
    files.write_text(board.page_path, _page(store, figures))
    return board


def _agreement(page: Path, data_set: str) -> list[Cell]:
    """Of each judge beside people (their median where several rated), kappa by axis; nothing where no comparison of this data set is there."""
    try:
        found = json.loads(page.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    if found.get("data_set") != data_set:
        return []
    beside = [pair for pair in found["pairs"] if pair["kinds"][1] == "judge" and pair["kinds"][0] != "judge"]
    chosen = [pair for pair in beside if pair["kinds"][0] == "consensus"] or beside
    return [{"people": pair["first"], "judge": pair["second"], "axes": {axis: pair["axes"][axis]["overall"] for axis in AXES}} for pair in chosen]


def _notes(figures: Mapping[str, Any]) -> Iterator[str]:
    """What a reader must know before believing a rank."""
    for row in figures["perception"]:
        lost = row["all"]["missing"] + row["all"]["unreadable"]
        if lost:
            yield f"{row['model']}: {lost} of {row['all']['items']} answers are missing or cannot be read, and count as wrong."
    if any(row["all"]["over"] == "items" for row in figures["perception"]):
        yield "There are too few cases for intervals over cases: those shown take items as independent, which they are not, and are too narrow."
    if len(figures["perception"]) > 1 and {row["rank"] for row in figures["perception"]} == {1}:
        yield "No model is better than another beyond doubt."
    if any(judge.startswith("deterministic") for judge in figures["reasoning"]):
        axes = ", ".join(axis.replace("_", " ") for axis in NOT_FOR_USE)
        yield f"The deterministic judge does not rank models on {axes} (docs/judge.md): its figures there are shown in grey."
    if figures["reasoning"] and not figures["agreement"]:
        yield "No judge was held against people on this data set (task=sheet, task=align)."


def as_csv(figures: Mapping[str, Any]) -> str:
    """One row for each figure: model, task, judge, cut, value, metric, mean, interval, items, missing, without a reading or score."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["model", "rank", "task", "judge", "cut", "value", "metric", "mean", "low", "high", "items", "missing", "without"])
    for row in figures["perception"]:
        cells = [("all", "", row["all"]), *((cut, value, cell) for cut in ("type", "scope", "modality", "level") for value, cell in row[cut].items())]
        cells += [("modality × level", f"{modality} × {level}", cell) for modality, found in row["modality_level"].items() for level, cell in found.items()]
        for cut, value, cell in cells:
            counts = cell["items"], cell["missing"], cell["unreadable"]
            writer.writerow([row["model"], row["rank"], "perception", "", cut, value, "accuracy", cell["accuracy"], *cell["interval"], *counts])
    for judge, rows in figures["reasoning"].items():
        for row in rows:
            left = row["left_out"]
            counts = row["items"], left.get("missing", 0), sum(left.values()) - left.get("missing", 0)
            for axis, cell in row["axes"].items():
                writer.writerow([row["model"], "", row["task"], judge, "all", "", axis, cell["mean"], *(cell["interval"] or ("", "")), *counts])
            writer.writerow([row["model"], "", row["task"], judge, "all", "", "sum", row["sum"], "", "", *counts])
    return stream.getvalue()


def _page(store: Store, figures: Mapping[str, Any]) -> str:
    rows: Sequence[Cell] = figures["perception"]
    charted = rows[:IN_CHARTS]
    modalities = sorted({modality for row in rows for modality in row["modality"]})
    kinds = [
        ("type", [name for name in TYPES if any(name in row["type"] for row in rows)]),
        ("scope", sorted({scope for row in rows for scope in row["scope"]})),
    ]
    spokes = [(cut, name) for cut, names in kinds for name in names]
    pictures = Pictures(store)
    keys = {item["record"] for item in figures["worst"]} | {key for item in figures["worst_described"] for key in item["records"]}
    shown = {key: thumbnail.data_uri(thumbnail.reduced(thumbnail.opened(pictures.png(key)), EDGE)) for key in sorted(keys)}
    environment = Environment(
        loader=PackageLoader("medq_gen.leaderboard", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        title=store.path.name, figures=figures, types=[name for name in TYPES if any(name in row["type"] for row in rows)], names=NAMES, axes=AXES,
        not_for_use=NOT_FOR_USE, pictures=shown, published=published, modalities=modalities,
        legend_of=[(row["model"], *plot.style_of(number)) for number, row in enumerate(charted)],
        bars=plot.bars(rows) if rows else "",
        lines=plot.lines(figures["levels"], [(row["model"], row["level"]) for row in charted]) if rows else "",
        radar_kinds=_radar(spokes, charted) if len(spokes) > 2 else "",
        radar_modalities=_radar([("modality", modality) for modality in modalities], charted) if len(modalities) > 2 else "",
        radars=_radars_of_judges(figures["reasoning"]),
    )  # fmt: skip


def _radar(spokes: Sequence[tuple[str, str]], rows: Sequence[Cell]) -> Markup:
    values = [(row["model"], [row[cut][name]["accuracy"] if name in row[cut] else None for cut, name in spokes]) for row in rows]
    return plot.radar([NAMES.get(name, name) for _, name in spokes], values)


def _radars_of_judges(reasoning: Mapping[str, Sequence[Cell]]) -> list[tuple[str, str, list[tuple[str, str, str]], Markup]]:
    """(judge, task, legend, radar) of each judge that may be used on all axes, and task."""
    found = []
    for judge, rows in reasoning.items():
        if judge.startswith("deterministic"):
            continue
        for task in ("single", "pair"):
            mine = [row for row in rows if row["task"] == task and row["sum"] is not None][:IN_CHARTS]
            if mine:
                values = [(row["model"], [row["axes"][axis]["mean"] for axis in AXES]) for row in mine]
                legend = [(row["model"], *plot.style_of(number)) for number, row in enumerate(mine)]
                found.append((judge, task, legend, plot.radar([axis.replace("_", " ") for axis in AXES], values, most=2.0, labels=("1", "2"))))
    return found


__all__ = ["Board", "leaderboard"]
