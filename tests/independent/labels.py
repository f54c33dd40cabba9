"""`python tests/independent/labels.py outputs/mri_motion ...`: every label of finished runs, measured again from the stored PNG by another implementation."""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # a test run has these already
    sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

import cv2
import numpy as np
from independent.families import beside_fat, fat_borders, remeasure, u_of
from PIL import Image

from medq_gen import picture
from medq_gen.declare import BANDS
from medq_gen.edits import edited
from medq_gen.plan import Plan
from medq_gen.records import Record
from medq_gen.store import Store
from medq_gen.work import Maker
from physics.measure.registration import register
from physics.mri.fat import fat_share
from physics.scan import acquire

SLACK = 0.03  # in u: what two implementations of a family may differ by (resampling, float32)
PARTS = {"detail beside fat": beside_fat, "fat outline": fat_borders}  # families that look at a part of the object
UNTOLD = {"geometry", "vanes"}  # a displacement, and what the turning of rows adds, are read off the scan; a PNG alone does not tell them


def codes(png: bytes) -> np.ndarray:
    """The pixels of a stored picture."""
    return np.asarray(Image.open(io.BytesIO(png)))


def case_of(maker: Maker, record: Record) -> Any:
    """The case of a record."""
    return next(maker.case(job) for number in range(maker.plan.n_shards) for job in maker.plan.shard(number) if maker.case(job).id == record.case)


def registered_reference(maker: Maker, record: Record) -> np.ndarray:
    """The reference of a record as it would be stored, re-rendered at the pose that registration finds."""
    bench = maker.bench(case_of(maker, record))
    assert record.strength is not None
    scan = edited(maker.recipe, bench.healthy, strength=record.strength, pattern=record.pattern_values)
    if scan.mean_pose() is None:
        return bench.reference_codes
    return picture.stored_codes(register(bench.healthy, scan, acquire(scan), bench.view).reference, bench.view.display)


def mask_of(maker: Maker, record: Record, shape: tuple[int, ...]) -> np.ndarray:
    """The object on the grid of the stored picture, or the part of it that the family looks at."""
    bench = maker.bench(case_of(maker, record))
    mask = bench.view.mask.numpy()
    part = PARTS.get(maker.recipe.effect.name)
    if part is not None:
        return part(fat_share(bench.healthy.body).numpy(), mask)
    return cv2.resize(mask.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA) > 0.5 if mask.shape != shape[:2] else mask


def measured_again(store: Store) -> Iterator[tuple[Record, float]]:
    """Each touched record of a store and its severity, read off the stored PNG."""
    maker = Maker(store.path, Plan.of(store.plan))
    effect = maker.recipe.effect  # with the anchors of the run's variant
    if effect.name in UNTOLD:
        return
    for record in store.records():
        png = store.image(record.key)
        if hashlib.sha256(png).hexdigest() != record.image_sha256:
            raise ValueError(f"{record.key}: the stored picture is not the one that was recorded")
        if record.is_untouched:
            continue
        reference = registered_reference(maker, record)
        again = remeasure(effect.name, reference, codes(png), mask=mask_of(maker, record, reference.shape), modality=record.modality)
        yield record, u_of(again, effect.anchors)


def is_inside(level: str, u: float, *, slack: float = 0.0) -> bool:
    """Whether a severity lies in the band of its level; the last one has no top."""
    low, high = BANDS[level]  # type: ignore[index]
    return low - slack <= u and (level == "severe" or u <= high + slack)


def main() -> int:
    """A line a store and the total; exit 1 where a label lies outside its band."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    total = inside = 0
    worst = 0.0
    for folder in parser.parse_args().folders:
        store = Store.open(folder)
        found = [(record, u, abs(u - record.effect)) for record, u in measured_again(store) if record.effect is not None]
        good = sum(is_inside(record.level, u) for record, u, _ in found)
        largest = max((off for *_, off in found), default=0.0)
        total, inside, worst = total + len(found), inside + good, max(worst, largest)
        print(f"{folder}: {good} of {len(found)} in their band, largest difference {largest:.4f} u", flush=True)
        for record, u, _ in found:
            if not is_inside(record.level, u):
                print(f"    {record.key}: u = {u:.3f}, recorded {record.effect:.3f}", flush=True)
    print(f"{inside} of {total} labels in their band, largest difference {worst:.4f} u")
    return 0 if inside == total else 1


if __name__ == "__main__":
    sys.exit(main())
