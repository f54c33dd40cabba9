"""The page of a run, rebuilt from its folder alone: report.html opens anywhere, offline."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from medq_gen import files
from medq_gen.ontology.levels import LEVELS
from medq_gen.report import thumbnail
from medq_gen.report.pictures import Pictures
from medq_gen.report.plot import MAX_DOTS, strip
from medq_gen.report.rows import Ladder, Overview, Row, by_level, chosen, knob_of, overview
from medq_gen.report.samples import Samples
from medq_gen.store import Store

MAX_LADDERS = 48  # shown with pictures
MAX_EMBEDDED = 24 * 2**20  # characters of pictures in the page; ladders beyond it are listed without
MAX_LISTED = 2000  # rows of the table of effects
MAX_NOTES = 200  # missing levels, failures and refused files that are listed one by one
ITEM_EDGE = 320  # long edge of the pictures beside questions


def build(run: Path | str | Store) -> Path:
    """Write <run>/report.html.

    Raises
        StoreError: no store.
    """
    store = run if isinstance(run, Store) else Store.open(run)
    found = overview(store)
    environment = Environment(loader=PackageLoader("medq_gen.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page = environment.get_template("page.html.j2").render(**_values(store, found))
    path = store.path / "report.html"
    files.write_text(path, page)
    return path


def _values(store: Store, found: Overview) -> dict[str, Any]:  # Any: what a template takes
    content = store.plan.get("content", {})
    recipe, missing = content.get("recipe", {}), store.missing()
    sheet = _Sheet(store, recipe.get("strength", {}).get("unit", ""))
    ladders = list(found.ladders.values())
    shown = sheet.ladders(chosen(ladders, MAX_LADDERS))
    counts = Counter(row.level for row in missing)
    rows = found.rows
    samples = Samples(store)
    return {
        "title": recipe.get("name", store.path.name),
        "recipe": recipe,
        "digest": store.plan.get("digest", ""),
        "facts": {name: counted for name, counted in found.facts.items() if counted},
        "assumed": found.assumed,
        "n_pictures": sum(found.facts["modality"].values()),
        "n_ladders": len(ladders),
        "columns": sheet.columns(shown),
        "with_clean": int(any(entry["clean"] for entry in shown)),
        "shown": shown,
        "reduced": sheet.reduced,
        "jpeg": sheet.jpeg(),
        "levels": by_level(rows, missing=counts),
        "level_names": [level for level in LEVELS if level in content.get("levels", LEVELS)],
        "unit": sheet.unit,
        "plot": strip(rows),
        "max_dots": MAX_DOTS,
        "listed": [(row, knob_of(row, sheet.unit)) for row in rows[:MAX_LISTED]],
        "n_rows": len(rows),
        "missing": missing[:MAX_NOTES],
        "n_missing": len(missing),
        "reasons": _reasons([(row.level, row.reason) for row in missing]),
        "failures": [(row, row.command(store.path)) for row in store.failures()[:MAX_NOTES]],
        "n_failures": len(store.failures()),
        "refused": store.refused()[:MAX_NOTES],
        "n_refused": len(store.refused()),
        "speed": _speed(store),
        "has_leaderboard": (store.path / "leaderboard.html").exists(),
        "samples": samples,
        "item_pictures": {key: sheet.small(key) for key in sorted(samples.keys)},
    }


def _reasons(missing: Sequence[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """Level, kind of reason (its numbers left out), count; the most frequent first."""
    counts = Counter((level, reason.partition(" at u")[0].partition(": u")[0]) for level, reason in missing)
    return [(level, reason, count) for (level, reason), count in counts.most_common()]


def _speed(store: Store) -> dict[str, Any]:
    """Starts, pictures and seconds over all starts, and where the last one ran."""
    runs = store.runs()
    starts, ends = [run for run in runs if run.get("event") == "start"], [run for run in runs if run.get("event") == "end"]
    pictures, seconds = sum(run.get("pictures", 0) for run in ends), sum(run.get("seconds", 0.0) for run in ends)
    shards = store.shards()
    levels, acquisitions = sum(shard.levels for shard in shards), sum(shard.acquisitions for shard in shards)
    return {
        "starts": len(starts),
        "pictures": pictures,
        "seconds": seconds,
        "rate": pictures / seconds if seconds else None,
        "per_level": acquisitions / levels if levels else None,
        "last": starts[-1] if starts else {},
    }


class _Sheet:
    """The pictures of the page, within its size."""

    def __init__(self, store: Store, unit: str) -> None:
        self.pictures, self.unit = Pictures(store), "" if unit == "1" else unit
        self.embedded, self.reduced = 0, False
        self._kept: list[tuple[float, float]] = []

    def ladders(self, ladders: Sequence[Ladder]) -> list[dict[str, Any]]:
        """Ladders with their pictures, until the page is full."""
        shown = []
        for ladder in ladders:
            if self.embedded > MAX_EMBEDDED:
                break
            shown.append(self._ladder(ladder))
        return shown

    def columns(self, shown: Sequence[dict[str, Any]]) -> list[str]:
        """The levels that any ladder shows or misses; a solved `none` has a column of its own beside the clean picture."""
        return [level for level in LEVELS if any(level in ladder["cells"] for ladder in shown)]

    def _ladder(self, ladder: Ladder) -> dict[str, Any]:
        clean = thumbnail.opened(self.pictures.png(ladder.clean)) if ladder.clean else None
        cells: dict[str, dict[str, Any]] = {name: {"reason": reason} for name, reason in ladder.missing.items()}
        changes: dict[str, Any] = {}
        for level, row in ladder.rungs.items():
            if row.key == ladder.clean:
                continue
            picture = thumbnail.opened(self.pictures.png(row.key))
            cells[level] = {"row": row, "knob": knob_of(row, self.unit), "picture": self._embed(picture), "moved": self._moved(row)}
            if clean is not None:
                change = thumbnail.difference(picture, clean)
                changes |= {level: change} if change is not None else {}
                kept = thumbnail.kept_by_jpeg(picture, clean) if level == "mild" else None
                self._kept += [kept] if kept else []
        scale = thumbnail.scale_of(list(changes.values()))
        for name, change in changes.items():
            cells[name]["difference"] = self._embed(thumbnail.signed(change, scale))
        size = clean.size if clean is not None else None
        return {"ladder": ladder, "clean": self._embed(clean) if clean else None, "cells": cells, "scale": scale, "size": size, "shape": ladder.shape(size)}

    def _embed(self, picture: Image.Image, edge: int = thumbnail.LONG_EDGE) -> str:
        small = thumbnail.reduced(picture, edge)
        self.reduced |= small.size != picture.size and edge == thumbnail.LONG_EDGE
        uri = thumbnail.data_uri(small)
        self.embedded += len(uri)
        return uri

    def small(self, key: str) -> str:
        """A picture beside an item."""
        return self._embed(thumbnail.opened(self.pictures.png(key)), ITEM_EDGE)

    @staticmethod
    def _moved(row: Row) -> str:
        """The rigid pose that was taken out before measuring, where it is worth a word."""
        found = {name.removeprefix("registration "): value for name, (value, _) in row.measures.items() if name.startswith("registration ")}
        down, right, turn = (found.get(name) or 0.0 for name in ("shift down", "shift right", "rotation"))
        if max(abs(down), abs(right)) < 0.1 and abs(turn) < 0.1:
            return ""
        return f"mean pose {down:+.1f} mm down, {right:+.1f} mm right, {turn:+.1f}°"

    def jpeg(self) -> dict[str, float] | None:
        """What JPEG at quality 75 leaves of `mild`, over the ladders shown."""
        if not self._kept:
            return None
        shares, correlations = zip(*self._kept, strict=True)
        known = {"kept": statistics.median(shares), "least": min(shares), "correlation": statistics.median(correlations)}
        return {**known, "lowest": min(correlations), "pictures": len(shares)}


__all__ = ["build"]
