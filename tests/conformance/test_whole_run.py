"""What a run of every recipe leaves on disk: labels that hold on the stored picture, levels reached or explained, questions decided by their evidence."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from independent.families import beside_fat, fat_borders, remeasure, u_of
from PIL import Image
from rich.console import Console

from medq_gen import registry, work
from medq_gen.declare import BANDS, LEVELS
from medq_gen.edits import edited
from medq_gen.picture import stored_codes
from medq_gen.plan import Plan
from medq_gen.replay import replay
from medq_gen.run import Outcome, Request, run
from medq_gen.store import Store
from medq_gen.variant import Variant
from physics.measure.registration import register
from physics.mri.fat import fat_share
from physics.scan import acquire

pytestmark = pytest.mark.slow
PARTS = {"detail beside fat": beside_fat, "fat outline": fat_borders}
SLACK = 0.03  # in u: what two implementations of a family may differ by (resampling, float32)


@pytest.fixture(scope="module")
def made(recipe_name: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Store, Outcome]:
    """A run of the recipe over the sample cases of its modality, two ladders each."""
    out = tmp_path_factory.mktemp("runs") / recipe_name
    variant = Variant(recipe_name)
    options = {"modality": registry.get(recipe_name).modality}
    outcome = run(Request(variant, "sample", options, out, repeats=2, executor="serial"), console=Console(file=io.StringIO()))
    return recipe_name, Store.open(out), outcome


def codes(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def case_of(maker: work.Maker, record: Any) -> Any:
    return next(maker.case(job) for number in range(maker.plan.n_shards) for job in maker.plan.shard(number) if maker.case(job).id == record.case)


def registered_reference(maker: work.Maker, record: Any) -> np.ndarray:
    """The reference of a record as it would be stored, re-rendered at the pose that registration finds."""
    bench = maker.bench(case_of(maker, record))
    scan = edited(maker.recipe, bench.healthy, strength=record.strength, pattern=record.pattern_values)
    if scan.mean_pose() is None:
        return bench.reference_codes
    return stored_codes(register(bench.healthy, scan, acquire(scan), bench.view).reference, bench.view.display)


def mask_of(maker: work.Maker, record: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The object on the grid of the stored picture, or the part of it that the family looks at."""
    bench = maker.bench(case_of(maker, record))
    mask = bench.view.mask.numpy()
    part = PARTS.get(maker.recipe.effect.name)
    if part is not None:
        return part(fat_share(bench.healthy.body).numpy(), mask)
    return cv2.resize(mask.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA) > 0.5 if mask.shape != shape[:2] else mask


def test_every_level_is_there_or_its_absence_explained(made: tuple[str, Store, Outcome]) -> None:
    """Each ladder has each level once; a level that it lacks is listed with a reason; nothing failed."""
    _, store, outcome = made
    assert outcome.exit_code == 0
    assert store.failures() == []
    missing = {row.key: row.reason for row in store.missing()}
    keys = {record.key for record in store.records()}
    ladders = {key.rpartition("/")[0] for key in keys}
    assert ladders
    for key in (f"{ladder}/{level}" for ladder in ladders for level in LEVELS):
        assert (key in keys) != (key in missing), key
        assert key in keys or missing[key]


def test_labels_hold_on_the_stored_picture(made: tuple[str, Store, Outcome]) -> None:
    """The family, measured again by another implementation on the stored PNG, lies in the band of the level and agrees with the stored effect."""
    name, store, _ = made
    maker = work.Maker(store.path, Plan.of(store.plan))
    effect = registry.get(name).recipe.effect
    if effect.name == "geometry":
        pytest.skip("a displacement is read off the scan; a PNG alone does not tell it")
    checked = 0
    for record in store.records():
        png = store.image(record.key)
        assert hashlib.sha256(png).hexdigest() == record.image_sha256
        if record.is_untouched:
            continue
        reference = registered_reference(maker, record)
        u = u_of(remeasure(effect.name, reference, codes(png), mask=mask_of(maker, record, reference.shape), modality=record.modality), effect.anchors)
        low, high = BANDS[record.level]
        assert low - SLACK <= u <= (high + SLACK if record.level != "severe" else 99), (record.key, u)
        assert u == pytest.approx(record.effect, abs=SLACK), record.key
        checked += 1
    assert checked >= 3


def test_replay_gives_the_same_bytes(made: tuple[str, Store, Outcome]) -> None:
    """Any record's picture is made again from its stored strength and pattern, byte for byte."""
    _, store, _ = made
    records = list(store.records())
    for record in (records[0], records[-1]):
        assert replay(store.path, record.key).same, record.key


def test_questions_are_decided_by_their_evidence(made: tuple[str, Store, Outcome]) -> None:
    """Every question names evidence of its own record, has one right option among unique ones, and never an option that reads as missing."""
    _, store, _ = made
    records = {record.key: record for record in store.records()}
    questions = store.items("questions")
    assert questions
    for question in questions:
        assert question["record"] in records
        assert question["evidence"], question["id"]
        options = question["options"]
        assert len(set(options)) == len(options) >= 2
        assert 0 <= question["answer"] < len(options)
        assert not {"none", "na", "n/a", "null", "nan", ""} & {option.strip().lower() for option in options}
    assert {row["record"] for row in store.items("reasoning")} <= set(records)


def test_every_picture_is_eight_bit_and_small_enough(made: tuple[str, Store, Outcome]) -> None:
    """Stored pictures are 8-bit grey or RGB with a long edge of at most 1024."""
    _, store, _ = made
    for record in store.records():
        picture = Image.open(io.BytesIO(store.image(record.key)))
        assert picture.mode in ("L", "RGB")
        assert max(picture.size) <= 1024
        assert not picture.info.keys() - {"gamma", "dpi"}


def test_the_store_opens_as_a_data_set(made: tuple[str, Store, Outcome]) -> None:
    """datasets.load_dataset(folder) opens the store, pictures decoded."""
    datasets = pytest.importorskip("datasets")
    name, store, _ = made
    if name != "mri_noise":
        pytest.skip("one recipe is enough for the format")
    loaded = datasets.load_dataset(str(store.path), "samples", cache_dir=str(Path(store.path) / ".." / "cache"))
    rows = next(iter(loaded.values()))
    assert len(rows) == sum(1 for _ in store.records())
    assert isinstance(rows[0]["image"], Image.Image)
