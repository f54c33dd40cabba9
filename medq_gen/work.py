"""One shard: its ladders made, measured and committed. Runs in a worker; takes and returns plain values."""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from medq_gen import plan as plans
from medq_gen import scan_of, sources, truth
from medq_gen.errors import SampleError
from medq_gen.executors import one_thread
from medq_gen.ladder import Bench, Ladder, climb, touches_none
from medq_gen.plan import Job, Plan
from medq_gen.records import Case
from medq_gen.seeds import Purpose, generator, noise_seed
from medq_gen.store import Failure, Finished, Missing, Store
from medq_gen.variant import Variant
from physics.scan import moved_to


@dataclass(frozen=True, slots=True)
class ShardTask:
    """Which shard of which plan. Everything else is read from the folder."""

    folder: str
    digest: str
    number: int
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class ShardDone:
    """What came of it, for the progress line and run.jsonl."""

    number: int
    ladders: int
    pictures: int
    seconds: float


class Maker:
    """Makes the ladders of one plan. Keeps the last case's healthy scan: the repeats of a case follow each other."""

    def __init__(self, folder: Path, plan: Plan, *, device: str = "cpu") -> None:
        self.folder, self.plan, self.content, self.device = folder, plan, plan.content, device
        self.variant = Variant.of_content(self.content["recipe"])
        self.recipe = self.variant.effective
        where = plan.where["source"]
        self.source = sources.make(where["name"], where["options"])
        self._kept: tuple[str, Bench] | None = None

    def case(self, job: Job) -> Case:
        """The case of a ladder."""
        return plans.case_at(self.folder / "index", job.case)

    def ladder_key(self, case: Case, repeat: int) -> str:
        """ "<case>/<recipe>/<repeat>"."""
        return f"{case.id}/{self.content['recipe']['name']}/{repeat}"

    def bench(self, case: Case) -> Bench:
        """The healthy scan of a case and its view."""
        if self._kept is None or self._kept[0] != case.id:
            seed = noise_seed(generator(int(self.content["seed"]), case.id, Purpose.DITHER))
            self._kept = None  # frees the last one before the next is made
            healthy, view = scan_of.healthy_scan(self.source.load(case), seed=seed)
            self._kept = case.id, Bench(healthy if self.device == "cpu" else moved_to(healthy, torch.device(self.device)), view)
        return self._kept[1]

    def climb(self, case: Case, repeat: int) -> Ladder:
        """Solve a ladder."""
        bench, content = self.bench(case), self.content
        _ = bench.reference
        bench.acquisitions = 1  # the reference counts once a ladder, whichever worker happened to keep it from the last one
        touched = touches_none(case.id, content["recipe"]["name"], repeat, self.recipe.effect)
        key = self.ladder_key(case, repeat)
        levels = tuple(content["levels"])
        return climb(bench, self.recipe, root=int(content["seed"]), key=key, levels=levels, options=self.variant.options, touched_none=touched)


@dataclass(slots=True)
class Tally:
    """What a shard's marker says beside its keys."""

    missing: list[Missing]
    failures: list[Failure]
    acquisitions: int = 0
    levels: int = 0

    def summary(self) -> dict[str, Any]:
        """For the marker."""
        rows = {"missing": [asdict(row) for row in self.missing], "failures": [asdict(row) for row in self.failures]}
        return {**rows, "acquisitions": self.acquisitions, "levels": self.levels, "died": False}


@lru_cache(maxsize=1)
def maker_of(folder: str, digest: str, device: str) -> Maker:
    """The maker of a folder's plan, one a process."""
    plan = Plan.of(Store.open(folder).plan)
    if plan.digest != digest:
        raise SampleError(f"{folder}: the plan changed while it was worked on")
    return Maker(Path(folder), plan, device=device)


def make_shard(task: ShardTask) -> ShardDone:
    """Make a shard and commit it."""
    one_thread()
    started = time.monotonic()
    maker = maker_of(task.folder, task.digest, task.device)
    tally = Tally([], [])
    jobs = list(maker.plan.shard(task.number))
    shard = Store(task.folder).commit(task.number, _finished(maker, jobs, tally), summary=tally.summary)
    return ShardDone(task.number, len(jobs), shard.rows, time.monotonic() - started)


def _finished(maker: Maker, jobs: list[Job], tally: Tally) -> Iterator[Finished]:
    """The records of a shard, ladder by ladder. One sample's failure never stops the others."""
    for job in jobs:
        _stop_if_orphaned()
        key = f"case {job.case}"
        try:
            case = maker.case(job)
            key = maker.ladder_key(case, job.repeat)
            ladder = maker.climb(case, job.repeat)
        except Exception as error:  # whatever one sample raises becomes its failure row
            tally.failures.append(failure(key, error))
            continue
        tally.acquisitions += ladder.acquisitions
        yield from _records(maker, case, ladder, tally)


def _records(maker: Maker, case: Case, ladder: Ladder, tally: Tally) -> Iterator[Finished]:
    if all(rung.shot is not None or rung.level != "none" for rung in ladder.rungs):
        yield from _attempt(maker, case, ladder, None, tally)  # the ladder's reference is always there, whatever levels were asked for
    for number, rung in enumerate(ladder.rungs):
        if rung.error is not None:
            tally.failures.append(failure(f"{ladder.key}/{rung.level}", rung.error))
        elif rung.reason:
            tally.missing.append(Missing(f"{ladder.key}/{rung.level}", rung.level, rung.reason))
        else:
            before = len(tally.failures)
            yield from _attempt(maker, case, ladder, number, tally)
            tally.levels += len(tally.failures) == before


def _attempt(maker: Maker, case: Case, ladder: Ladder, number: int | None, tally: Tally) -> Iterator[Finished]:
    """One record; a failure of measuring or writing is this record's own."""
    rung = None if number is None else ladder.rungs[number]
    try:
        before = ladder.bench.acquisitions
        finished = truth.finished(case, ladder, rung, variant=maker.variant)
        tally.acquisitions += ladder.bench.acquisitions - before
    except Exception as error:
        tally.failures.append(failure(f"{ladder.key}/{rung.level if rung else 'reference'}", error))
        return
    yield finished


def failure(key: str, error: BaseException) -> Failure:
    """A failure row: the error, and the innermost place in our code, without any path."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    return Failure(key, f"{type(error).__name__}: {error}", place)


def died(task: ShardTask, code: str) -> None:
    """Commit a shard whose worker died twice: no rows, one failure a ladder; the next start tries it again."""
    plan = Plan.of(Store.open(task.folder).plan)
    name = plan.content["recipe"]["name"]
    keys = [f"{plans.case_at(Path(task.folder) / 'index', job.case).id}/{name}/{job.repeat}" for job in plan.shard(task.number)]
    failures = [asdict(Failure(key, f"WorkerDied: {code}, twice", "")) for key in keys]
    Store(task.folder).commit(task.number, (), summary=lambda: {"missing": [], "failures": failures, "acquisitions": 0, "levels": 0, "died": True})


def _stop_if_orphaned() -> None:
    """A worker whose main process was killed must not go on writing."""
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise SystemExit(1)
