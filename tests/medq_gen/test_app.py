"""The command line: what is asked is checked before anything is made, and every mistake is answered with what is allowed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_cases import RECIPE, command, install_plugin, overrides, pictures, plugin_importable

from medq_gen import registry
from medq_gen.app import run_command
from medq_gen.composition import composed, conf_dir, expanded, node
from medq_gen.errors import ConfigError
from medq_gen.store import Store


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = install_plugin(tmp_path_factory.mktemp("site"))
    with plugin_importable(folder):
        yield folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pictures(tmp_path_factory.mktemp("pictures"), 1)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_nothing_asked_lists_the_recipes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Every recipe on a line with its sentence; exit 0; nothing made."""
    assert run_command([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{len(registry.names())} recipes")
    for name in registry.names():
        assert any(line.split()[:1] == [name] and registry.summary(name) in line for line in lines)
    assert not list(tmp_path.iterdir())


WRONG = [
    (["recipe=mri_nois"], r"unknown recipe 'mri_nois'. Did you mean 'mri_noise'"),
    (["recipe=mri_noise", "level=[mild]"], r"unknown key 'level' (command line). Did you mean 'levels'? Keys: recipe, source, levels"),
    (["recipe=mri_noise", "levels=[mild,sever]"], r"unknown level 'sever'. Did you mean 'severe'? Allowed: none, mild, moderate, severe"),
    (["recipe=mri_noise", "levels=mild"], r"levels=mild: a list, as in 'levels=[mild,severe]'"),
    (["recipe=mri_noise", "levels=[mild,mild]"], r"name each level once"),
    (["recipe=mri_noise", "repeats=0"], r"repeats=0: at least 1"),
    (["recipe=mri_noise", "repeats=two"], r"repeats=two: a whole number"),
    (["recipe=mri_noise", "seed=-1"], r"seed=-1: a whole number from 0"),
    (["recipe=mri_noise", "executor=dusk"], r"executor=dusk (command line): unknown executor 'dusk'. Allowed: process, serial"),
    (["recipe=mri_noise", "executor.workers=0"], r"executor.workers=0: at least 1"),
    (["recipe=mri_noise", "source=dycom"], r"unknown source 'dycom'. Did you mean 'dicom'?"),
    (["recipe=mri_noise", "source=dicom", "source.path=/nowhere/at/all"], r"no such file or folder"),
    (["recipe=mri_noise", "recipe.pattern.colour=red"], r"unknown key 'recipe.pattern.colour'"),
    (["recipe=mri_noise", "recipe.effect.anchors=[0.5,0.4,0.6]"], r"the three must be positive and rise"),
    (["recipe=mri_noise", "recipe.effect.anchors=[0.5,0.6]"], r"three rising numbers"),
    (["recipe=mri_noise", "recipe.strength.limit=far"], r"recipe.strength.limit=far: a number"),
    (["recipe=[mri_noise,mri_motion]"], r"For several, a folder each: -m 'recipe=mri_noise,mri_motion'; to join finished runs into one set: task=assemble"),
    (["recipe=mri_noise,mri_motion"], r"a run simulates one recipe"),
    (["-m", "recipe=glob(xray_*)"], r"fits no recipe. Recipes:"),
    (["mri_noise"], r"'mri_noise' is not key=value. Did you mean recipe=mri_noise?"),
    (["--recipe", "mri_noise"], r"unknown option '--recipe'"),
    (["levels=[mild]"], r"no recipe was chosen"),
    (["task=draft"], r"task=draft needs run="),
    (["task=report", "run=nowhere"], r"nowhere does not exist: run=... takes the folder of a finished run"),
    (["task=replay", "run=nowhere"], r"task=replay needs key="),
    (["task=asemble"], r"unknown task 'asemble'"),
    (["+color=1", "recipe=mri_noise"], r"unknown key 'color'"),
    (["recipe=mri_noise", "recipe=mri_motion"], r"recipe is given twice on the command line: 'recipe=mri_noise' and 'recipe=mri_motion'"),
    (["recipe=mri_noise", "levels=[mild"], r"'levels=[mild' (command line) cannot be read: brackets and quotes must close"),
    (["recipe=mri_noise", "out=[a,b]"], r"out=['a', 'b']: one path"),
    (["recipe=mri_noise", "run=x"], r"run=x: names a finished run for the other tasks"),
    (["recipe=mri_noise", "source.path=x"], r"Name the kind of source too: source=dicom, nifti, images, kspace or manifest"),
    (["recipe=mri_noise", "recipe.strength.limit=-1"], r"give a limit above 0 (declared: 1)"),
    (["recipe=mri_motion", "recipe.pattern.kind=jumpy"], r"recipe.pattern.kind='jumpy' is not known; allowed: any, sudden, periodic, drift"),
    (["task=score", "run=nowhere"], r"task=score needs predictions="),
    (["task=export", "run=nowhere"], r"task=export needs format=vlmevalkit"),
]


@pytest.mark.parametrize(("arguments", "answer"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_a_mistake_is_answered_before_anything_is_made(arguments: list[str], answer: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit 2, a message with what was given and what is allowed, and no folder."""
    assert run_command(arguments) == 2
    assert answer in said(capsys)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_another_modality_is_refused(source: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """MR pictures for a CT recipe: exit 2, how many of what were found, no folder."""
    arguments = overrides(source, tmp_path / "out", "executor=serial", recipe="ct_low_dose")
    assert run_command(arguments) == 2
    assert "it holds 1 of mri: choose a recipe of that modality" in said(capsys)
    assert not (tmp_path / "out").exists()


def test_a_foreign_folder_is_not_written_to(source: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, site: Path) -> None:
    """A folder that holds other things, and a file, are refused as out."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("x")
    file = tmp_path / "home" / "thesis.tex"
    for out, answer in ((tmp_path / "home", "holds other things (thesis.tex)"), (file, "is a file"), (file / "under", "cannot be written")):
        assert run_command(overrides(source, out, "executor=serial")) == 2
        assert answer in said(capsys)
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.tex"]


def test_hydra_leaves_nothing_behind(source: Path, tmp_path: Path, site: Path) -> None:
    """A run writes its own folder only: no .hydra, no outputs/date, no log, no multirun.yaml, and stays in the working directory."""
    before = Path.cwd()
    assert run_command([*overrides(source, tmp_path / "out", "executor=serial", "levels=[severe]")]) == 0
    assert Path.cwd() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not [path for path in (tmp_path / "out").rglob("*") if path.name in (".hydra", "multirun.yaml") or path.suffix == ".log"]


def test_each_recipe_of_a_multirun_gets_a_folder(source: Path, tmp_path: Path, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under -m each recipe gets out/<recipe>; one that fails stops no other, and the worst code is the exit code."""
    arguments = overrides(source, tmp_path / "out", "executor=serial", "levels=[severe]", recipe=f"ct_low_dose,{RECIPE}")
    assert run_command(["-m", *arguments]) == 2
    assert "choose a recipe of that modality" in said(capsys)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [RECIPE]
    assert list(Store.open(tmp_path / "out" / RECIPE).records())


def test_a_glob_is_every_recipe_that_fits(site: Path) -> None:
    """recipe=glob(mri_*) is the list of MRI recipes, plugins included, times what else is swept."""
    jobs = expanded(["recipe=glob(mri_*)", "seed=1,2", "levels=[mild,severe]"])
    names = [name for name in registry.names() if name.startswith("mri_")]
    assert RECIPE in names
    assert jobs == [[f"recipe={name}", f"seed={seed}", "levels=[mild,severe]"] for name in names for seed in (1, 2)]


def test_every_shipped_configuration_composes(site: Path) -> None:
    """Each recipe, source, executor, task and experiment composes, and unknown keys are errors everywhere."""
    for name in registry.names():
        values = composed([f"recipe={name}"])
        assert values["recipe"] == node(name)
    for group in ("source", "executor", "task"):
        for path in sorted((conf_dir() / group).glob("*.yaml")):
            assert composed([f"{group}={path.stem}"])[group]["name"] == path.stem
    for path in sorted((conf_dir() / "experiment").glob("*.yaml")):
        composed(["recipe=mri_noise", f"experiment={path.stem}"])
    assert composed(["recipe=mri_noise", "experiment=opposites"])["levels"] == ["none", "severe"]
    with pytest.raises(ConfigError, match=r"unknown key 'executor\.threads'"):
        composed(["recipe=mri_noise", "executor.threads=4"])


def test_an_overridden_recipe_never_passes_for_the_original(source: Path, tmp_path: Path, site: Path) -> None:
    """Anchors, limit or pattern changed: the records carry a variant of name and digest, another for another change; equal to the default is no change."""
    labels = {}
    for name, change in {
        "plain": [],
        "same": ["recipe.pattern.reach=0.6"],
        "reach": ["recipe.pattern.reach=0.5"],
        "limit": ["recipe.strength.limit=1.5"],
    }.items():
        out = tmp_path / name
        assert run_command(overrides(source, out, "executor=serial", "levels=[mild]", *change)) == 0
        labels[name] = {record.variant for record in Store.open(out).records()}.pop()
    assert labels["plain"] == labels["same"] == "original"
    assert labels["reach"].startswith(f"{RECIPE}+")
    assert len(set(labels.values())) == 3


def test_an_own_yaml_inherits_a_recipe(source: Path, tmp_path: Path, site: Path) -> None:
    """--config-dir with recipe/gentle.yaml: the recipe's own values, the user's anchors, and a variant under the user's name."""
    (tmp_path / "mine" / "recipe").mkdir(parents=True)
    (tmp_path / "mine" / "recipe" / "gentle.yaml").write_text(f"defaults: [{RECIPE}]\neffect:\n  anchors: [0.06, 0.17, 0.25]\n")
    arguments = [*overrides(source, tmp_path / "out", "executor=serial", "levels=[moderate]", recipe="gentle"), "--config-dir", str(tmp_path / "mine")]
    assert run_command(arguments) == 0
    records = list(Store.open(tmp_path / "out").records())
    assert all(record.variant.startswith("gentle+") and record.recipe == RECIPE for record in records)
    touched = [record for record in records if record.effect is not None]
    assert all(0.17 < (record.measured("disturbance") or 0) < 0.25 for record in touched)


def test_an_empty_folder_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A source folder without a picture: exit 2, the folder is named, nothing is made."""
    (tmp_path / "empty").mkdir()
    assert run_command(overrides(tmp_path / "empty", tmp_path / "out", "executor=serial", recipe="mri_noise")) == 2
    assert f"{tmp_path / 'empty'} holds no picture of the kind at all" in said(capsys)
    assert not (tmp_path / "out").exists()


def test_a_run_is_exported_and_scored(source: Path, tmp_path: Path, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the command line: every format of a real run, then predictions of two models, one all right and one all wrong, as a folder and as a file."""
    out = tmp_path / "out"
    assert run_command(overrides(source, out, "executor=serial")) == 0
    for name in ("vlmevalkit", "jsonl", "imagefolder"):
        assert run_command(["task=export", f"run={out}", f"format={name}"]) == 0
        assert any((out / "export" / name).iterdir())
    questions = Store.open(out).items("questions")
    assert questions
    models = tmp_path / "models"
    models.mkdir()
    for model, right in (("good", True), ("bad", False)):
        rows = [{"id": row["id"], "prediction": _letter(row, right)} for row in questions]
        (models / f"{model}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    capsys.readouterr()
    assert run_command(["task=score", f"run={out}", f"predictions={models}"]) == 0
    answers = said(capsys)
    assert "bad.jsonl: accuracy 0.0000" in answers
    assert "good.jsonl: accuracy 1.0000" in answers
    assert (out / "score" / "good.score.md").is_file()
    assert run_command(["task=score", f"run={out}", f"predictions={models / 'good.jsonl'}", f"out={tmp_path / 'figures'}"]) == 0
    assert (tmp_path / "figures" / "good.score.json").is_file()
    (models / "good.csv").write_text("id,prediction\n")
    assert run_command(["task=score", f"run={out}", f"predictions={models}"]) == 2
    assert "'good' is there in two formats" in said(capsys)


def _letter(question: dict[str, Any], right: bool) -> str:
    """The letter of the right option, or of the one after it."""
    return "ABCD"[(question["answer"] + (not right)) % len(question["options"])]


@pytest.mark.slow
def test_foreign_folders_do_no_harm(site: Path, tmp_path: Path) -> None:
    """From a folder with physics.py, conf/ and recipes/__init__.py that all raise, the listing and a composition still are ours."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "conf").mkdir()
    for path in (tmp_path / "physics.py", tmp_path / "recipes" / "__init__.py"):
        path.write_text("raise RuntimeError('a foreign module')\n")
    (tmp_path / "conf" / "config.yaml").write_text("recipe: [")
    found = command([], cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert "mri_noise" in found.stdout
    shown = command(["recipe=mri_noise", "--cfg", "job"], cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "name: mri_noise" in shown.stdout
    assert sorted(os.listdir(tmp_path)) == ["conf", "physics.py", "recipes"]


@pytest.mark.slow
def test_help_imports_no_torch(site: Path, tmp_path: Path) -> None:
    """--help lists the groups and all recipes, with torch absent."""
    found = command(["--help"], site=site, cwd=tmp_path, code="import sys; sys.modules['torch'] = None")
    assert found.returncode == 0, found.stderr
    assert RECIPE in found.stdout
    assert "levels" in found.stdout
    assert not list(tmp_path.iterdir())
