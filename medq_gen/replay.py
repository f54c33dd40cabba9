"""A record made again from its stored strength and pattern: the same picture, byte for byte, or the difference is named."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from medq_gen import picture
from medq_gen.edits import edited
from medq_gen.errors import ConfigError, SampleError
from medq_gen.executors import one_thread
from medq_gen.plan import Job, Plan
from medq_gen.records import Case, Record
from medq_gen.store import REFERENCE, Store, ladder_of
from medq_gen.work import Maker
from physics.scan import acquire


@dataclass(frozen=True, slots=True)
class Replayed:
    """The picture again. same : byte for byte. most : largest difference of a code value, None where the shape differs."""

    key: str
    png: bytes
    same: bool
    most: int | None


def replay(folder: Path, key: str) -> Replayed:
    """Make one record's picture again.

    Raises
        ConfigError: the run has no such key.
        SampleError: the key failed in the run, and fails again: the error in full is its cause.
    """
    one_thread()
    store = Store.open(folder)
    if "runs" in store.plan["content"]:
        return replay(_home(store, key), key)
    plan = Plan.of(store.plan)
    maker = Maker(store.path, plan)
    failed = next((row for row in store.failures() if row.key == key), None)
    if failed is not None:
        _climb_again(maker, key)
        raise SampleError(f"{key} failed in the run ({failed.error}) but can be made now: start the run again in a new folder")
    record = store.record(key)
    case = _case(maker, record.case)
    png = again(maker, case, record)
    stored = store.image(key)
    return Replayed(key, png, png == stored, _difference(png, stored))


def _home(store: Store, key: str) -> Path:
    """The run that a picture of a set was copied from."""
    store.record(key)  # says so where the set has no such picture
    runs = [Path(run) for run in store.plan["where"]["runs"]]
    for run in runs:
        if Store(run).plan_path.is_file() and any(key in shard.keys for shard in Store(run).each_shard()):
            return run
    raise ConfigError(f"{store.path} is a set, and a picture is replayed in the run that made it: none of {', '.join(map(str, runs))} is there and holds {key}")


def again(maker: Maker, case: Case, record: Record) -> bytes:
    """The PNG of a record from what the record states: strength and pattern, nothing solved."""
    bench = maker.bench(case)
    if record.is_untouched:
        return picture.to_png(bench.reference_codes)
    assert record.strength is not None
    scan = edited(maker.recipe, bench.healthy, strength=record.strength, pattern=record.pattern_values)
    return picture.to_png(picture.stored_codes(acquire(scan), bench.view.display))


def _case(maker: Maker, case_id: str) -> Case:
    for number in range(int(maker.plan.content["index"]["cases"])):
        case = maker.case(Job(0, number, 0))
        if case.id == case_id:
            return case
    raise ConfigError(f"the run has no case {case_id!r}")


def _climb_again(maker: Maker, key: str) -> None:
    """Repeat what failed, so that its error is seen in full."""
    levels = {"none", "mild", "moderate", "severe", REFERENCE}
    ladder = ladder_of(key) if key.rpartition("/")[2] in levels else key
    case_id, _, repeat = ladder.split("/")
    try:
        climbed = maker.climb(_case(maker, case_id), int(repeat))
    except Exception as error:
        raise SampleError(f"{key} fails again: {type(error).__name__}: {error}") from error
    for rung in climbed.rungs:
        if rung.error is not None and f"{ladder}/{rung.level}" == key:
            raise SampleError(f"{key} fails again: {type(rung.error).__name__}: {rung.error}") from rung.error


def _difference(png: bytes, stored: bytes) -> int | None:
    first, second = (np.asarray(Image.open(io.BytesIO(data)), dtype=np.int16) for data in (png, stored))
    return int(np.abs(first - second).max()) if first.shape == second.shape else None
