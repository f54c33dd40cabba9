"""Imports point down only: read off the syntax trees, so that no module needs to be imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A part may import from parts on lower rows, and from itself; parts of one row do not know each other.
ROWS: tuple[tuple[str, ...], ...] = (
    ("physics",),
    ("medq_gen.errors", "medq_gen.seeds", "medq_gen.files"),
    ("medq_gen.ontology",),
    ("medq_gen.parquet", "medq_gen.records"),
    ("medq_gen.store", "medq_gen.claims", "medq_gen.tier", "medq_gen.picture", "medq_gen.progress"),
    ("medq_gen.declare",),
    ("recipes",),
    ("medq_gen.registry",),
    ("medq_gen.variant", "medq_gen.edits", "medq_gen.solve", "medq_gen.plan", "medq_gen.executors", "medq_gen.sources", "medq_gen.assemble"),
    ("medq_gen.ladder", "medq_gen.scan_of", "medq_gen.draft", "medq_gen.export", "medq_gen.score", "medq_gen.report"),
    ("medq_gen.answer", "medq_gen.judge"),  # models are asked what is exported
    ("medq_gen.judge_lm",),  # and judge what others answered
    ("medq_gen.align",),  # and judges are compared with people
    ("medq_gen.leaderboard",),
    ("medq_gen.truth", "medq_gen.tasks"),
    ("medq_gen.work",),
    ("medq_gen.run", "medq_gen.replay"),
    ("medq_gen.composition",),
    ("medq_gen.app",),
    ("medq_gen.__main__",),
)
RANK = {part: rank for rank, row in enumerate(ROWS) for part in row}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str | None:
    while module:
        if module in RANK or module == "medq_gen":
            return module
        module = module.rpartition(".")[0]
    return None


def imported(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


HOUSE = sorted(path for package in ("physics", "recipes", "medq_gen") for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", HOUSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down_only(path: Path) -> None:
    """No module imports from a part above or beside its own."""
    mine = part_of(module_of(path))
    for target, line in imported(path):
        theirs = part_of(target)
        if theirs in (None, mine, "medq_gen") or mine in (None, "medq_gen"):
            continue
        assert RANK[theirs] < RANK[mine], f"{path.relative_to(ROOT)}:{line} imports {target}, which is not below {mine}"


@pytest.mark.parametrize("path", HOUSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_one_noun_and_short(path: Path) -> None:
    """Modules stay readable: 200 lines in physics and recipes, 400 elsewhere, at most two folders deep, no catch-all names."""
    relative = path.relative_to(ROOT)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= (200 if relative.parts[0] in {"physics", "recipes"} else 400)
    assert len(relative.parts) <= 4
    assert not {"utils", "helpers", "common", "misc", "util", "helper"} & set(relative.with_suffix("").parts)


def test_every_part_has_a_row() -> None:
    """A new module of the engine is given its place here, or this test says so."""
    parts = {module_of(path) for path in HOUSE if path.parent == ROOT / "medq_gen"} | {
        f"medq_gen.{path.parent.name}" for path in HOUSE if path.parent.parent == ROOT / "medq_gen"
    }
    assert parts - {"medq_gen"} <= set(RANK)


def test_the_rule_sees_an_upward_import() -> None:
    """The check is awake: physics may not import the engine."""
    assert RANK["physics"] < RANK["medq_gen.work"]
    assert part_of("medq_gen.work.ladder") == "medq_gen.work"
    assert part_of("numpy") is None
