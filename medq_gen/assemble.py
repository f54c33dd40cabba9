"""Many runs to one set: which of their pictures it takes, so that levels are balanced and no picture is there twice, copied as they are."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console

from medq_gen import files
from medq_gen.errors import ConfigError, StoreError
from medq_gen.ontology.levels import LEVELS
from medq_gen.progress import Watch
from medq_gen.store import REFERENCE, Finished, Store, ladder_of

ASSEMBLE_VERSION = 1
PER_SHARD = 256  # pictures; a set is cut as it is copied, whatever the shards of its runs were
FINISHED = "leaks.json"  # written last of all that belongs to a set
_COLUMNS = ["key", "case", "group", "split", "recipe", "level", "strength", "strength_choice", "image_sha256"]
_EQUAL = ("schema", "bands_version", "tier_rule", "long_edge")  # of all runs of a set: their labels mean the same


@dataclass(frozen=True, slots=True)
class Picture:
    """What decides whether a set takes a picture. run : its place among the runs."""

    run: int
    key: str
    group: str
    split: str
    recipe: str
    level: str
    untouched: bool
    image_sha256: str

    @property
    def ladder(self) -> str:
        """The ladder that it is a rung of."""
        return ladder_of(self.key)


@dataclass(frozen=True, slots=True)
class Assembled:
    """A set that was written. notes : what it lacks or left out, in sentences. repeated : pictures that several runs hold, taken once."""

    path: Path
    counts: Mapping[tuple[str, str], int]  # (split, level)
    recipes: int
    repeated: int
    notes: tuple[str, ...] = field(default=())

    def lines(self) -> Iterator[str]:
        """For the console."""
        for split in sorted({split for split, _ in self.counts}):
            levels = ", ".join(f"{self.counts[split, level]} {level}" for level in LEVELS if (split, level) in self.counts)
            yield f"{split}: {levels}"
        yield f"{sum(self.counts.values())} pictures of {self.recipes} recipes in {self.path}"
        if self.repeated:
            yield f"{self.repeated} pictures are in several runs and were taken once"
        yield from self.notes


def assemble(runs: Sequence[Path | str], out: Path, *, per_level: int | None, seed: int, console: Console) -> Assembled:
    """Write the pictures and records of a balanced set; items are drafted from them afterwards, as of a run.

    runs : folders of finished runs. out : a new folder. per_level : at most so many pictures of a recipe, level and split; as many as the scarcest touched
    level has where None. seed : of the choice among ladders.
    Within a recipe and a split each touched level that is there at all has the same number of pictures, from whole ladders first, so that pairs stay
    together. An untouched picture is taken once, for one recipe, however many runs show it. What is copied is copied bit for bit; a set whose pictures are
    there, but not what follows from them, is not copied again.

    Raises
        ConfigError: fewer than one run, a run named twice, runs whose labels mean different things, one key with two pictures, one group in two splits,
            an `out` that holds something else, nothing to take.
        StoreError: a folder that is no run, or that is itself a set; a damaged picture.
    """
    stores = _opened(runs)
    if per_level is not None and per_level < 1:
        raise ConfigError(f"task.per_level={per_level}: at least 1, or null for as many as the scarcest level has")
    known, repeated = _known(stores)
    chosen, notes = choose(known, per_level=per_level, seed=seed)
    if not chosen:
        raise ConfigError("runs: they hold no touched picture, so there is nothing to balance. Let them finish, or name others")
    content = _content(stores, chosen, per_level=per_level, seed=seed)
    if not _is_there(out, content):
        _written(stores, chosen, content, out, console=console)
    counts = Counter((picture.split, picture.level) for picture in chosen)
    return Assembled(out, counts, len({picture.recipe for picture in chosen}), repeated, tuple(notes))


def choose(pictures: Iterable[Picture], *, per_level: int | None, seed: int) -> tuple[list[Picture], list[str]]:
    """The pictures of a set, in the order of their keys, and what has to be said about them. Depends on the pictures and the seed, not on their order."""
    cells: dict[tuple[str, str], list[Picture]] = defaultdict(list)
    for picture in sorted(pictures, key=lambda picture: picture.key):
        cells[picture.split, picture.recipe].append(picture)
    chosen: list[Picture] = []
    notes: list[str] = []
    shown: set[str] = set()  # untouched pictures that the set has
    order = sorted(cells, key=lambda cell: (cell[0], len({one.ladder for one in cells[cell]}), _lot(seed, cell[1])))  # scarce recipes take theirs first
    for split, recipe in order:
        taken, lacking = _of_recipe(cells[split, recipe], shown, per_level=per_level, seed=seed)
        shown |= {picture.image_sha256 for picture in taken if picture.untouched}
        chosen += taken
        notes += [f"{recipe} has {what} in {split}" for what in lacking]
    return sorted(chosen, key=lambda picture: picture.key), sorted(notes)


def _of_recipe(pictures: Sequence[Picture], shown: set[str], *, per_level: int | None, seed: int) -> tuple[list[Picture], Iterator[str]]:
    """What one recipe gives to one split, and what it lacks."""
    levels: dict[str, list[Picture]] = {level: [one for one in pictures if one.level == level] for level in LEVELS}
    touched = {level: found for level, found in levels.items() if level != "none" and found}
    wanted = min((len(found) for found in touched.values()), default=0)
    wanted = wanted if per_level is None else min(per_level, wanted)
    rungs = Counter(one.ladder for found in touched.values() for one in found)
    taken: list[Picture] = []
    for found in touched.values():
        taken += sorted(found, key=lambda one: (-rungs[one.ladder], _lot(seed, one.ladder)))[:wanted]
    kept = Counter(one.ladder for one in taken)
    clean: list[Picture] = []
    seen = set(shown)
    for one in sorted(levels["none"], key=lambda one: (-kept[one.ladder], one.untouched, _lot(seed, one.ladder))):
        if len(clean) < wanted and not (one.untouched and one.image_sha256 in seen):
            clean.append(one)
            seen.add(one.image_sha256)
    return [*taken, *clean], _lacking(touched, len(clean), wanted, per_level)


def _lacking(touched: Mapping[str, Sequence[Picture]], clean: int, wanted: int, per_level: int | None) -> Iterator[str]:
    absent = [level for level in LEVELS if level != "none" and level not in touched]
    if absent:
        yield f"no {' and no '.join(absent)}"
    if clean < wanted:
        yield f"{clean} untouched or unharmed pictures for {wanted} of each other level"
    if per_level is not None and wanted < per_level:
        yield f"{wanted} pictures of a level where task.per_level={per_level} were asked"


def _lot(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}/{name}".encode()).digest()


def _opened(runs: Sequence[Path | str]) -> list[Store]:
    if not runs:
        raise ConfigError("task=assemble needs runs=[...]: folders of finished runs, as in 'runs=[outputs/mri_motion,outputs/ct_low_dose]'")
    stores = sorted((Store.open(run) for run in runs), key=lambda store: store.plan.get("digest", ""))  # so that a set does not hang on the order of its runs
    places = [store.path.resolve() for store in stores]
    twice = [str(store.path) for place, store in zip(places, stores, strict=True) if places.count(place) > 1]
    if twice:
        raise ConfigError(f"runs: {twice[0]} is named twice")
    for store in stores:
        if "runs" in store.plan["content"]:
            raise StoreError(f"{store.path} is itself a set: name the runs that it was made of")
    first = stores[0].plan["content"]
    for store in stores[1:]:
        for name in _EQUAL:
            here, there = first.get(name), store.plan["content"].get(name)
            if here != there:
                raise ConfigError(
                    f"runs: {name} is {here} in {stores[0].path} and {there} in {store.path}: their labels mean different things. Run one of them again"
                )
    return stores


def _known(stores: Sequence[Store]) -> tuple[list[Picture], int]:
    """Every picture that a set may hold, once; and how many were there more than once."""
    known: dict[str, Picture] = {}
    splits: dict[str, Picture] = {}
    repeated = 0
    for number, store in enumerate(stores):
        for row in store.rows(columns=_COLUMNS):
            if row["key"].endswith(f"/{REFERENCE}"):
                continue
            untouched = row["strength"] is None and not row["strength_choice"]
            picture = Picture(
                number, row["key"], row["group"], row["split"], row["recipe"], row["level"], untouched=untouched, image_sha256=row["image_sha256"]
            )
            other = known.setdefault(picture.key, picture)
            if other is not picture:
                if other.image_sha256 != picture.image_sha256:
                    raise ConfigError(
                        f"runs: {stores[other.run].path} and {store.path} hold different pictures under the key {picture.key} (other seed, variant or "
                        "version). One set takes one of them; for more pictures of one recipe use repeats=..., not another seed"
                    )
                repeated += 1
            held = splits.setdefault(picture.group, picture)
            if held.split != picture.split:
                raise ConfigError(
                    f"runs: a patient, slide or video (group {picture.group}) is in {held.split} in {stores[held.run].path} and in {picture.split} "
                    f"in {store.path}, so one split would know the other. Give both runs the same split"
                )
    return list(known.values()), repeated


def _content(stores: Sequence[Store], chosen: Sequence[Picture], *, per_level: int | None, seed: int) -> dict[str, Any]:  # Any: plain JSON
    first = stores[0].plan["content"]
    told = [
        {"recipe": {name: store.plan["content"]["recipe"][name] for name in ("name", "version", "variant")}, "plan": store.plan["digest"]} for store in stores
    ]
    keys = hashlib.sha256("\n".join(f"{one.key} {one.image_sha256}" for one in chosen).encode()).hexdigest()
    return {
        "assemble_version": ASSEMBLE_VERSION,
        **{name: first.get(name) for name in _EQUAL},
        "runs": sorted(told, key=lambda run: (run["recipe"]["name"], run["plan"])),
        "levels": [level for level in LEVELS if any(one.level == level for one in chosen)],
        "per_level": per_level,
        "seed": seed,
        "index": {"cases": len({one.key.partition("/")[0] for one in chosen}), "digest": keys},
    }


def _is_there(out: Path, content: Mapping[str, Any]) -> bool:
    """Whether the pictures of this very set were written before, and what follows them broke off.

    Raises
        ConfigError: the folder holds anything else, or a set that is finished.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    plan = Store(out).plan_path
    if plan.is_file() and not (out / FINISHED).exists() and Store(out).plan.get("content") == json.loads(files.to_json(content)):
        return True
    raise ConfigError(f"out={out}: is there already. A set is written whole into a new folder: choose another one, or remove it")


def _written(stores: Sequence[Store], chosen: Sequence[Picture], content: Mapping[str, Any], out: Path, *, console: Console) -> None:
    """Everything under another name first: a set is there whole or not at all. Each run is read once, from its first picture to its last."""
    fresh = out.with_name(f".assembling-{out.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    store, copied = Store(fresh), _copied(stores, chosen)
    summary = {"missing": [], "failures": [], "acquisitions": 0, "levels": 0, "died": False}
    with Watch(len(chosen), 0, console=console, counted="pictures", made="pictures") as watch:
        for number in range(-(-len(chosen) // PER_SHARD)):
            shard = store.commit(number, islice(copied, PER_SHARD), summary=lambda: summary)
            watch.advance(shard.rows, pictures=shard.rows)
    page = {
        "content": content,
        "digest": hashlib.sha256(files.to_json(content).encode()).hexdigest(),
        "where": {"runs": [str(one.path.resolve()) for one in stores]},
    }
    files.write_text(store.plan_path, files.to_page(page))
    if out.is_dir():
        out.rmdir()  # it is empty
    os.replace(fresh, out)


def _copied(stores: Sequence[Store], chosen: Sequence[Picture]) -> Iterator[Finished]:
    for number, store in enumerate(stores):
        mine = {one.key for one in chosen if one.run == number}
        for item in store.finished() if mine else ():
            if item.record.key not in mine:
                continue
            if hashlib.sha256(item.png).hexdigest() != item.record.image_sha256:
                raise StoreError(f"{store.path}: the picture of {item.record.key} is not the one that its record names: the file is damaged. Run it again")
            yield item


__all__ = ["ASSEMBLE_VERSION", "FINISHED", "Assembled", "Picture", "assemble", "choose"]
