"""What a run of every recipe leaves on disk: labels that hold on the stored picture, levels reached or explained, questions decided by their evidence."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from independent.labels import SLACK, UNTOLD, is_inside, measured_again
from PIL import Image
from rich.console import Console
from sample_benches import name_of

from medq_gen import registry
from medq_gen.declare import LEVELS
from medq_gen.draft.facts import Facts
from medq_gen.replay import replay
from medq_gen.run import Outcome, Request, run
from medq_gen.store import Store
from medq_gen.variant import Variant

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(recipe_name: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Store, Outcome]:
    """A run of the recipe over the first sample case that it accepts, two ladders."""
    out = tmp_path_factory.mktemp("runs") / recipe_name
    variant, recipe = Variant(recipe_name), registry.get(recipe_name)
    options = {"modality": recipe.modality, "names": [name_of(recipe.modality, recipe.recipe)]}
    outcome = run(Request(variant, "sample", options, out, repeats=2, executor="serial"), console=Console(file=io.StringIO()))
    return recipe_name, Store.open(out), outcome


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
    if registry.get(name).recipe.effect.name in UNTOLD:
        pytest.skip("what is read off the scan a PNG alone does not tell")
    if len({record.level for record in store.records()}) == 1 and all(row.reason.startswith("refused") for row in store.missing()):
        pytest.skip("no sample case can have it")
    found = list(measured_again(store))
    for record, u in found:
        assert is_inside(record.level, u, slack=SLACK), (record.key, u)
        assert u == pytest.approx(record.effect, abs=SLACK), record.key
    assert len(found) >= 3


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
    if not any(Facts(record, store.vocabulary).shown_alone for record in records.values()):
        assert questions == store.items("reasoning") == []  # a change of values is drafted in pairs only
        assert store.items("pairs")
        return
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
