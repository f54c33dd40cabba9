"""A run: plan, simulate, draft, report. Knows nothing of Hydra."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from medq_gen import __version__, executors, files, registry, scan_of, sources, tasks, work
from medq_gen import plan as plans
from medq_gen.declare import BANDS_VERSION, LEVELS, Level
from medq_gen.edits import draw_pattern
from medq_gen.errors import ConfigError, MedqError, StoreError
from medq_gen.picture import LONG_EDGE
from medq_gen.plan import Plan
from medq_gen.progress import Watch
from medq_gen.records import SCHEMA_VERSION, Case
from medq_gen.store import Shard, Store
from medq_gen.tier import TIER_RULE
from medq_gen.variant import Variant, default_options

AHEAD = 2  # tasks queued per worker: enough to keep it busy, few enough to keep memory flat
LOCK = ".lock"
MIXED = "sample"  # holds every modality on purpose: a recipe takes its own
_VERSIONS = ("numpy", "scipy", "torch", "finufft", "opencv-python-headless", "pyarrow")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a run, as plain values."""

    variant: Variant
    source: str
    source_options: Mapping[str, Any]
    out: Path
    levels: tuple[Level, ...] = LEVELS
    repeats: int = 1
    seed: int = 0
    executor: str = "process"
    workers: int | None = None
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    out: Path
    made: int
    levels: int
    missing: int
    failed: int
    refused: int
    duplicates: int
    other: Mapping[str, int]
    acquisitions: int
    new_pictures: int
    seconds: float
    report: Path | None = None
    items: Mapping[str, int] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 all made; 1 with failed samples or refused files. Missing levels are listed, they are no error."""
        return 1 if self.failed or self.refused else 0


def validate(request: Request) -> None:
    """Whatever can be wrong before any file is read.

    Raises
        ConfigError: naming the key, what was given and what is allowed.
    """
    wrong = [level for level in request.levels if level not in LEVELS]
    if wrong:
        raise ConfigError(f"levels: {registry.unknown('level', str(wrong[0]), list(LEVELS))}")
    if not request.levels or len(set(request.levels)) != len(request.levels):
        raise ConfigError(f"levels={list(request.levels)}: name each level once, at least one of {', '.join(LEVELS)}")
    if request.repeats < 1:
        raise ConfigError(f"repeats={request.repeats}: at least 1")
    if not 0 <= request.seed < 2**63:
        raise ConfigError(f"seed={request.seed}: a whole number from 0")
    _ = request.variant.effective, request.variant.options
    if request.out.exists() and not request.out.is_dir():
        raise ConfigError(f"out={request.out} is a file: name a folder")
    ours = {"plan.json", "samples", "index", "items", LOCK, "run.jsonl"}
    if request.out.is_dir() and not (request.out / "plan.json").is_file():
        foreign = sorted(path.name for path in request.out.iterdir() if path.name not in ours and not path.name.startswith((plans.PLANNING, files.TEMPORARY)))
        if foreign:
            raise ConfigError(f"out={request.out} holds other things ({', '.join(foreign[:3])}): name an empty folder or one of an earlier run")


def run(request: Request, *, console: Console) -> Outcome:
    """Simulate what the folder does not hold yet, then draft and report.

    Raises
        ConfigError, PlanMismatch, StoreError: nothing was started.
        KeyboardInterrupt: what was committed stays; the same command goes on from there.
    """
    validate(request)
    executor, device = executors.make(request.executor, request.workers), executors.device_of(request.device)
    executors.declare_one_thread()
    existed = request.out.exists()
    source = _source(request)
    held = _lock(request.out) if existed else None
    try:
        plan, indexed, held = _planned(request, source, held, existed)
        outcome = _simulate(request, plan, indexed, executor, device, console)
        items, report = tasks.closing(request.out)
        return replace(outcome, items=items, report=report)
    finally:
        if held is not None:
            held.release()


def _source(request: Request) -> sources.Source:
    """The source; of the built-in samples only those of the recipe's modality are made."""
    options = dict(request.source_options)
    if request.source == MIXED and options.get("modality") is None:
        options["modality"] = registry.place_of(request.variant.recipe).modality
    return sources.make(request.source, options)


def _lock(folder: Path) -> FileLock:
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StoreError(f"{folder} is being written by another run: wait for it, stop it, or choose another folder with out=...") from error
    return lock


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock: one writer at a time."""
    lock = _lock(folder)
    try:
        yield
    finally:
        lock.release()


def _content(request: Request) -> dict[str, Any]:
    """What decides content, but for the index. Paths decide nothing: the pictures that lie there do."""
    options = {name: value for name, value in request.source_options.items() if name != "path"}
    return {
        "schema": SCHEMA_VERSION,
        "recipe": request.variant.content(),
        "bands_version": BANDS_VERSION,
        "tier_rule": TIER_RULE,
        "levels": [level for level in LEVELS if level in request.levels],
        "repeats": request.repeats,
        "seed": request.seed,
        "long_edge": LONG_EDGE,
        "source": {"name": request.source, "options": options},
    }


def _planned(request: Request, source: sources.Source, held: FileLock | None, existed: bool) -> tuple[Plan, plans.Indexed, FileLock]:
    """Index the source and write the plan, or find that the folder holds the same one already."""
    out, content = request.out, _content(request)
    store = Store(out)
    old = Plan.of(store.plan) if store.plan_path.is_file() else None
    if old is not None:
        plans.must_agree({name: value for name, value in old.content.items() if name != "index"}, content, folder=out)
    for leftover in out.glob(f"{plans.PLANNING}*"):
        shutil.rmtree(leftover)
    planning = out / f"{plans.PLANNING}-{os.getpid()}"
    made = [folder for folder in (out, *out.parents) if not folder.exists()]  # innermost first
    name, given = request.variant.recipe, str(request.source_options.get("path") or "")
    try:
        indexed = plans.write_index(
            source.index(), planning, modality=registry.place_of(name).modality, recipe=name, mixed=request.source == MIXED, given=given
        )
        plan = Plan({**content, "index": {"cases": indexed.cases, "digest": indexed.digest}}, _where(request))
        held = held or _lock(out)
        if old is not None:
            plans.must_agree(old.content, plan.content, folder=out)
        _try_options(request.variant, source, plans.case_at(planning, 0))
        plans.replace_index(planning, out / "index")
        plan.write(store.plan_path)
    except BaseException as error:
        shutil.rmtree(planning, ignore_errors=True)
        if held is not None:
            held.release()
        if not existed and out.is_dir():
            (out / LOCK).unlink(missing_ok=True)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        at = Path(str(error.filename)) if isinstance(error, OSError) and error.filename is not None else None
        if isinstance(error, OSError) and at is not None and (at.is_relative_to(out) or out.is_relative_to(at)):
            raise ConfigError(f"out={out} cannot be written ({error.strerror}): choose a folder that can be made, with space left") from error
        raise
    files.sweep(out)
    return plan, indexed, held


def _try_options(variant: Variant, source: sources.Source, case: Case) -> None:
    """Draw one pattern where the user changed its options: what a recipe has to say against their values is said before work starts.

    Raises
        ConfigError: from the recipe, naming the option and what is allowed.
    """
    if variant.options == default_options(variant.declared):
        return
    executors.one_thread()
    try:
        scan, _ = scan_of.healthy_scan(source.load(case), seed=0)
    except Exception:  # the case is at fault, not the options: it becomes its own failure row
        return
    try:
        draw_pattern(variant.effective, scan, root=0, key=case.id, options=variant.options)
    except ConfigError:
        raise
    except (MedqError, ValueError, TypeError) as error:
        raise ConfigError(f"recipe.pattern of {variant.recipe}: {error}") from error


def _where(request: Request) -> dict[str, Any]:
    options = dict(request.source_options)
    if options.get("path"):
        options["path"] = str(Path(str(options["path"])).expanduser().resolve())
    return {"source": {"name": request.source, "options": options}}


def _simulate(request: Request, plan: Plan, indexed: plans.Indexed, executor: executors.Executor, device: str, console: Console) -> Outcome:
    store = Store(request.out)
    done = store.done()
    todo = [number for number in range(plan.n_shards) if number not in done] if done else range(plan.n_shards)
    n_done = plan.n_ladders - sum(min(plan.shard_size, plan.n_ladders - number * plan.shard_size) for number in todo)
    log = _Log(store.path)
    log.add("start", executor=request.executor, workers=executor.workers, device=device, ladders=plan.n_ladders, done=n_done, digest=plan.digest)
    if n_done:
        console.print(f"going on: {n_done} of {plan.n_ladders} ladders lie in {request.out} already", highlight=False, soft_wrap=True)
    with Watch(plan.n_ladders, n_done, console=console) as watch:
        for shard in _shards(store.path, plan, todo, executor, device):
            watch.advance(shard.ladders, shard.pictures)
            log.add("shard", number=shard.number, ladders=shard.ladders, pictures=shard.pictures, seconds=round(shard.seconds, 3))
        seconds, pictures = watch.seconds, watch.pictures
    log.add("end", pictures=pictures, seconds=round(seconds, 3))
    made = levels = missing = failed = acquisitions = 0
    for shard_ in store.each_shard():
        made, levels, acquisitions = made + shard_.rows, levels + shard_.levels, acquisitions + shard_.acquisitions
        missing, failed = missing + len(shard_.missing), failed + len(shard_.failures)
    return Outcome(request.out, made, levels, missing, failed, indexed.refused, indexed.duplicates, indexed.other, acquisitions, pictures, seconds)


def _shards(folder: Path, plan: Plan, todo: Any, executor: executors.Executor, device: str) -> Iterator[work.ShardDone]:
    """Make shards, a few ahead of the workers; one whose worker died is tried once more, alone in the queue, then given up with failure rows."""
    waiting = iter(todo)
    with executor:
        flying: dict[Future[work.ShardDone], tuple[work.ShardTask, int]] = {}

        def launch(task: work.ShardTask, attempt: int) -> None:
            flying[executor.submit(work.make_shard, task)] = (task, attempt)

        def fill() -> None:
            while len(flying) < AHEAD * executor.workers:
                number = next(waiting, None)
                if number is None:
                    return
                launch(work.ShardTask(str(folder), plan.digest, number, device), 1)
                if executor.workers == 1 and isinstance(executor, executors.Serial):
                    return

        fill()
        while flying:
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                task, attempt = flying.pop(future)
                try:
                    yield future.result()
                except executors.WorkerDied as error:
                    Store(folder).sweep_shard(task.number)  # what it was writing; nobody else writes this shard
                    if attempt == 1:
                        launch(task, 2)
                    else:
                        work.died(task, str(error))
                        yield work.ShardDone(task.number, sum(1 for _ in plan.shard(task.number)), 0, 0.0)
            fill()


class _Log:
    """run.jsonl: what happened when and where; not part of the content."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "run.jsonl"

    def add(self, event: str, **values: Any) -> None:
        """Append a line."""
        line = {"event": event, "time": datetime.now(UTC).isoformat(timespec="seconds"), **values}
        if event == "start":
            line |= {"host": platform.node(), "python": platform.python_version(), "medq_gen": __version__, "versions": _versions(), "pid": os.getpid()}
        with open(self.path, "a", encoding="utf-8") as handle:
            handle.write(json.dumps(line, sort_keys=True) + "\n")


def _versions() -> dict[str, str]:
    found = {}
    for name in _VERSIONS:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def summary(outcome: Outcome) -> Iterator[str]:
    """The lines that close a run."""
    store = Store(outcome.out)
    per_level = outcome.acquisitions / outcome.levels if outcome.levels else float("nan")
    rate = outcome.new_pictures / outcome.seconds if outcome.seconds > 0 else 0.0
    yield f"{outcome.made} pictures in {outcome.out} ({outcome.new_pictures} new, {rate:.1f} a second, {per_level:.1f} acquisitions a level)"
    if outcome.items:
        yield "drafted: " + ", ".join(f"{count} {name}" for name, count in outcome.items.items())
    if outcome.missing:
        yield f"{outcome.missing} levels missing:"
        counted = _counted(store.each_shard())
        yield from (f"  {count:4d} x {what}" for what, count in counted)
        if any("limit reached" in what for what, _ in counted):
            yield f"  a pattern that cannot reach a level leaves it out; more repeats draw other patterns: repeats={2 * Plan.of(store.plan).content['repeats']}"
    if outcome.failed:
        yield f"{outcome.failed} samples failed:"
        for failure in store.failures()[:10]:
            yield f"  {failure.error} ({failure.where}); again with: {failure.command(outcome.out)}"
    if outcome.refused:
        yield f"{outcome.refused} inputs refused:"
        yield from (f"  {row['file']}: {row['field']}: {row['problem']}. {row['remedy']}" for row in store.refused()[:10])
        if outcome.refused > 10:
            yield f"  and {outcome.refused - 10} more in {outcome.out / 'index' / 'refused.jsonl'}"
    if outcome.duplicates:
        yield f"{outcome.duplicates} inputs show the pixels of an earlier one and were left out"
    if outcome.report is not None:
        yield f"report: {outcome.report}"


def _counted(shards: Iterable[Shard]) -> list[tuple[str, int]]:
    """Missing levels by level and kind of reason (numbers left out)."""
    counts: dict[str, int] = {}
    for shard in shards:
        for row in shard.missing:
            what = f"{row.level}: {row.reason.partition(' at u')[0].partition(': u')[0]}"
            counts[what] = counts.get(what, 0) + 1
    return sorted(counts.items(), key=lambda item: -item[1])
