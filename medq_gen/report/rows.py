"""What the report keeps of each record, and the ladders that records form. Light, so that thousands fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from medq_gen.ontology.levels import LEVELS, Level
from medq_gen.records import Record
from medq_gen.store import REFERENCE, Store, ladder_of

SQUARE = 0.02  # pixels whose sides differ by less are shown as they are


@dataclass(frozen=True, slots=True)
class Row:
    """A record without its pattern and attributes."""

    key: str
    case: str
    level: Level
    strength: float | str | None
    target: float | None
    effect: float | None
    band: tuple[float, float]
    tier: str
    measures: Mapping[str, tuple[float | None, str]]

    @property
    def is_inside(self) -> bool:
        """Whether the achieved effect lies in the band of the level; an untouched picture has no effect and does."""
        return self.effect is None or self.band[0] <= self.effect <= self.band[1]

    @classmethod
    def of(cls, record: Record) -> Row:
        """What is kept of a record."""
        measures = {found.name: (found.value, found.unit) for found in record.measures}
        known = (record.key, record.case, record.level, record.strength, record.target, record.effect)
        return cls(*known, (record.band_low, record.band_high), record.tier, measures)


def knob_of(row: Row, unit: str) -> str:
    """The strength with its unit."""
    if row.strength is None:
        return "untouched"
    return row.strength if isinstance(row.strength, str) else f"{row.strength:.3g} {'' if unit == '1' else unit}".strip()


@dataclass(slots=True)
class Ladder:
    """The pictures of one case and repeat. drawn : the kinds that the pattern drew. clean : key of the untouched reference."""

    key: str
    about: str
    spacing_mm: tuple[float, float] | None = None
    drawn: str = ""
    clean: str | None = None
    rungs: dict[Level, Row] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def recipe(self) -> str:
        """What degraded it."""
        return self.key.split("/")[1]

    def shape(self, size: tuple[int, int] | None) -> str:
        """Width to height of the picture as it lies in the body, for CSS; empty where pixels are square."""
        if size is None or self.spacing_mm is None or abs(self.spacing_mm[0] / self.spacing_mm[1] - 1) < SQUARE:
            return ""
        return f"{size[0] * self.spacing_mm[1]:.5g} / {size[1] * self.spacing_mm[0]:.5g}"


@dataclass(slots=True)
class Overview:
    """All records of a store, by ladder, in the order of the plan."""

    ladders: dict[str, Ladder]
    facts: dict[str, dict[str, int]]
    assumed: tuple[str, ...]

    @property
    def rows(self) -> list[Row]:
        """Every picture that has a level."""
        return [row for ladder in self.ladders.values() for row in ladder.rungs.values()]


_COUNTED = ("modality", "anatomy", "split", "tier", "origin", "licence")


def overview(store: Store) -> Overview:
    """Read the records once."""
    ladders: dict[str, Ladder] = {}
    facts: dict[str, dict[str, int]] = {name: {} for name in _COUNTED}
    assumed: dict[str, None] = {}
    for record in store.records():
        key = ladder_of(record.key)
        ladder = ladders.setdefault(key, Ladder(key, _about(record), record.spacing_mm))
        ladder.drawn = ladder.drawn or _drawn(record.pattern_values)
        if record.is_untouched:
            ladder.clean = record.key
        if not record.key.endswith(f"/{REFERENCE}"):
            ladder.rungs[record.level] = Row.of(record)
        for name in _COUNTED:
            value = str(getattr(record, name))
            facts[name][value] = facts[name].get(value, 0) + 1
        assumed |= dict.fromkeys(record.assumed)
    for found in store.missing():
        key = ladder_of(found.key)
        ladders.setdefault(key, Ladder(key, key)).missing[found.level] = found.reason
    return Overview(ladders, facts, tuple(assumed))


def _drawn(pattern: Mapping[str, Any]) -> str:
    """What a pattern says in words ("kind sudden, order linear"), its parts one after the other; its numbers are in the record."""
    words = [f"{name.replace('_', ' ')} {str(value).replace('_', ' ')}" for name, value in pattern.items() if isinstance(value, str)]
    parts = pattern.get("parts")
    words += [_drawn(part) for part in parts.values()] if isinstance(parts, Mapping) else []
    return ", ".join(word for word in words if word)


def _about(record: Record) -> str:
    """A line that says what is shown: modality, anatomy, view, window, grid."""
    _, _, repeat = ladder_of(record.key).rpartition("/")
    shown = f"{record.display.low:.4g} to {record.display.high:.4g}"
    window = {"ct": f"window {record.display.name} ({shown} HU)", "mri": f"signal {shown} shown"}.get(record.modality, "colour as captured")
    parts = [record.modality.upper() if record.modality in {"mri", "ct"} else record.modality, record.anatomy, record.view, window]
    if record.spacing_mm:
        parts.append(f"{record.spacing_mm[0]:.3g} × {record.spacing_mm[1]:.3g} mm")
    return " · ".join([*(part for part in parts if part), f"repeat {int(repeat) + 1}" if repeat.isdigit() else repeat])


def chosen(ladders: Iterable[Ladder], most: int) -> list[Ladder]:
    """At most so many ladders, evenly over the run."""
    whole = list(ladders)
    if len(whole) <= most:
        return whole
    return [whole[round(number * (len(whole) - 1) / max(most - 1, 1))] for number in range(most)]


def _spread(values: list[float]) -> str:
    if not values:
        return "–"
    values = sorted(values)
    middle = values[len(values) // 2]
    return f"{middle:.3g}" if values[0] == values[-1] else f"{middle:.3g} ({values[0]:.3g} to {values[-1]:.3g})"


def by_level(rows: list[Row], *, missing: Mapping[str, int]) -> list[dict[str, Any]]:
    """Per level: how many, what was asked and achieved, the knob, every measure; as texts "median (least to most)"."""
    table = []
    for level in LEVELS:
        mine = [row for row in rows if row.level == level]
        if not mine and not missing.get(level):
            continue
        columns: dict[str, list[float]] = {}
        for row in mine:
            for name, (value, unit) in row.measures.items():
                if value is not None:
                    columns.setdefault(name if unit in {"", "1"} else f"{name} [{unit}]", []).append(value)
        solved = [row for row in mine if row.effect is not None]
        knobs = [row.strength for row in solved if isinstance(row.strength, float | int)]
        table.append(
            {
                "level": level,
                "pictures": len(mine),
                "untouched": len(mine) - len(solved),
                "missing": missing.get(level, 0),
                "inside": sum(row.is_inside for row in mine),
                "target": _spread([row.target for row in solved if row.target is not None]),
                "effect": _spread([row.effect for row in solved if row.effect is not None]),
                "strength": _spread([float(knob) for knob in knobs]) if knobs else ", ".join(sorted({str(row.strength) for row in solved})) or "–",
                "measures": {name: _spread(values) for name, values in columns.items()},
            }
        )
    return table
