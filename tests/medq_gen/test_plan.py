"""The plan: jobs by arithmetic, an index in parts, a digest that names what differs."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from medq_gen import plan as plans
from medq_gen.errors import ConfigError, PlanMismatch, SourceError, StoreError
from medq_gen.plan import Job, Plan
from medq_gen.records import Case


def case(number: int, modality: str = "mri") -> Case:
    name = f"{number:032x}"[::-1]
    facts = {"anatomy": "head", "view": "axial", "spacing_mm": (1.0, 1.0), "licence": "CC0", "group": name, "split": "train"}
    return Case.model_validate({"id": name, "entry": f"{number}.png", "source": "images", "modality": modality, **facts})


def cases(count: int, modality: str = "mri") -> Iterator[Case]:
    return (case(number, modality) for number in range(1, count + 1))


def written(found: Any, folder: Path, *, mixed: bool = False) -> plans.Indexed:
    return plans.write_index(found, folder, modality="mri", recipe="mri_noise", mixed=mixed)


def plan_of(n_cases: int, repeats: int = 1) -> Plan:
    return Plan({"index": {"cases": n_cases, "digest": "x"}, "repeats": repeats}, {})


@pytest.mark.parametrize(("ladders", "size", "shards"), [(1, 1, 1), (255, 1, 255), (256, 1, 256), (257, 2, 129), (10_000, 40, 250), (1_000_000, 64, 15_625)])
def test_shards_are_cut_by_the_number_of_ladders_alone(ladders: int, size: int, shards: int) -> None:
    """1 to 256 shards while shards hold at most 64 ladders; beyond, 64 each."""
    plan = plan_of(ladders)
    assert (plan.shard_size, plan.n_shards) == (size, shards)
    assert sum(1 for _ in plan.shard(shards - 1)) == ladders - (shards - 1) * size


def test_every_ladder_is_in_one_shard() -> None:
    """The shards together hold each pair of case and repeat once, the repeats of a case side by side."""
    plan = plan_of(100, repeats=7)
    jobs = [job for number in range(plan.n_shards) for job in plan.shard(number)]
    assert jobs == [Job(7 * case + repeat, case, repeat) for case in range(100) for repeat in range(7)]


def test_a_plan_of_a_hundred_million_costs_no_memory() -> None:
    """Layout and last shard of 10^8 ladders need less than 100 kB."""
    tracemalloc.start()
    plan = plan_of(25_000_000, repeats=4)
    last = list(plan.shard(plan.n_shards - 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert last[-1] == Job(99_999_999, 24_999_999, 3)
    assert peak < 100_000


def test_indexing_keeps_memory_flat(tmp_path: Path) -> None:
    """From 2,000 to 20,000 cases the peak of memory grows by less than 4 MB: one part is held, and eight bytes a case against doubles."""
    written(cases(1100), tmp_path / "warm")  # imports and caches, once
    peaks = []
    for count in (2_000, 20_000):
        tracemalloc.start()
        assert written(cases(count), tmp_path / str(count)).cases == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 4_000_000
    assert len(list((tmp_path / "20000").glob("cases-*.parquet"))) == 20


def test_a_case_is_found_by_its_number(tmp_path: Path) -> None:
    """Any case comes back as it was, from whichever part."""
    written(cases(2500), tmp_path)
    for number in (0, 1023, 1024, 2499):
        assert plans.case_at(tmp_path, number) == case(number + 1)


def test_the_same_pixels_twice_are_one_case(tmp_path: Path) -> None:
    """A picture under two names would give two records of one key: the second is left out and counted."""
    found = written([case(1), case(2), case(1)], tmp_path)
    assert (found.cases, found.duplicates, found.refused) == (2, 1, 0)


def test_refused_inputs_are_kept_for_the_summary(tmp_path: Path) -> None:
    """A SourceError of the source is stored with file, field, problem and remedy; the other cases stay."""
    found = written([SourceError("a.dcm", "PixelSpacing", "absent", "Give source.spacing_mm"), case(1)], tmp_path)
    assert (found.cases, found.refused) == (1, 1)
    line = (tmp_path / "refused.jsonl").read_text()
    assert line == '{"field":"PixelSpacing","file":"a.dcm","problem":"absent","remedy":"Give source.spacing_mm"}\n'


def test_pictures_of_another_modality_are_refused_one_by_one(tmp_path: Path) -> None:
    """In a folder of the user's each is listed; in a collection that is mixed on purpose they are only counted."""
    assert written([case(1), case(2, "ct")], tmp_path / "own").refused == 1
    assert "the picture is ct, the recipe mri_noise degrades mri" in (tmp_path / "own" / "refused.jsonl").read_text()
    mixed = written([case(1), case(2, "ct")], tmp_path / "mixed", mixed=True)
    assert (mixed.refused, mixed.other) == (0, {"ct": 1})


def test_nothing_left_is_said_before_a_folder_is_made(tmp_path: Path) -> None:
    """A folder of CT for an MRI recipe: the message says how many of what were found, and nothing is written."""
    with pytest.raises(ConfigError, match=r"no picture that mri_noise can use \(mri\); it holds 3 of ct: choose a recipe of that modality"):
        written(cases(3, "ct"), tmp_path / "out")
    with pytest.raises(ConfigError, match=r"it holds no picture of the kind at all, or none that may be read: check source.path"):
        written([], tmp_path / "out")
    with pytest.raises(ConfigError, match=r"1 refused, first: a.png: header: truncated. Copy it again"):
        written([SourceError("a.png", "header", "truncated", "Copy it again")], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_difference_of_plans_is_named() -> None:
    """Every key that differs is named with both values, nested ones by their path."""
    old = {"seed": 0, "levels": ["mild"], "recipe": {"name": "mri_noise", "pattern": {"kind": "a"}}}
    new = {"seed": 0, "levels": ["severe"], "recipe": {"name": "mri_noise", "pattern": {"kind": "b"}}}
    with pytest.raises(
        PlanMismatch, match=r"levels: the folder has \['mild'\], this run asks \['severe'\]; recipe.pattern.kind: the folder has 'a', this run asks 'b'"
    ):
        plans.must_agree(old, new, folder=Path("out"))
    plans.must_agree(old, dict(old), folder=Path("out"))


def test_an_edited_plan_is_noticed(tmp_path: Path) -> None:
    """A plan.json whose digest is not that of its content is refused; paths are no part of the digest."""
    plan = plan_of(3)
    assert Plan(plan.content, {"source": "elsewhere"}).digest == plan.digest
    page = {"content": {**plan.content, "repeats": 2}, "digest": plan.digest, "where": {}}
    with pytest.raises(StoreError, match="edited by hand"):
        Plan.of(page)
