"""Memory of the main process does not grow with the number of ladders."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from medq_gen import executors, run, work
from medq_gen import plan as plans
from medq_gen.plan import Plan
from medq_gen.store import Missing, Store
from medq_gen.variant import Variant


def committed(task: work.ShardTask) -> work.ShardDone:
    """A shard whose every level is missing: what the main process reads of a real one, without a picture."""
    plan = Plan.of(Store.open(task.folder).plan)
    keys = [f"{'0' * 32}/mri_noise/{job.number}/severe" for job in plan.shard(task.number)]
    summary = {"missing": [{"key": key, "level": "severe", "reason": "limit reached at u = 2.31"} for key in keys], "failures": []}
    Store(task.folder).commit(task.number, (), summary=lambda: {**summary, "acquisitions": len(keys), "levels": 0, "died": False})
    return work.ShardDone(task.number, len(keys), 0, 0.0)


def simulated(folder: Path, ladders: int) -> tuple[run.Outcome, int]:
    """A whole simulation of so many planned ladders, and the peak of traced memory in bytes."""
    content = {"recipe": {"name": "mri_noise"}, "repeats": ladders, "index": {"cases": 1, "digest": "x"}}
    plan = Plan(content, {})
    folder.mkdir()
    plan.write(folder / "plan.json")
    request = run.Request(Variant("mri_noise"), "images", {}, folder, repeats=ladders, executor="serial")
    tracemalloc.start()
    outcome = run._simulate(request, plan, plans.Indexed(1, "x", 0, {}, 0), executors.make("serial", None), "cpu", Console(file=io.StringIO()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return outcome, peak


def test_ten_thousand_ladders_cost_what_ten_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From 10 to 10,000 planned ladders (250 shards) the peak of the main process grows by less than 1 MB, and nothing is lost."""
    monkeypatch.setattr(work, "make_shard", committed)
    _, _ = simulated(tmp_path / "warm", 2)  # imports and caches, once
    few, peak_of_few = simulated(tmp_path / "few", 10)
    many, peak_of_many = simulated(tmp_path / "many", 10_000)
    assert (few.missing, many.missing) == (10, 10_000)
    assert many.acquisitions == 10_000
    assert peak_of_many - peak_of_few < 1_000_000


def test_missing_levels_are_summed_up_by_kind() -> None:
    """The figures of a reason are no kinds of their own."""

    def shard(*rows: Any) -> Any:
        return type("Shard", (), {"missing": rows})

    rows = [Missing("a", "severe", "limit reached at u = 2.31"), Missing("b", "severe", "limit reached at u = 1.02"), Missing("c", "mild", "refused")]
    assert run._counted(iter([shard(*rows[:1]), shard(*rows[1:])])) == [("severe: limit reached", 2), ("mild: refused", 1)]
