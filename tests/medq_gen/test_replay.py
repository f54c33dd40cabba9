"""Replay: a record's strength and pattern are enough to make its picture again, byte for byte."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from engine_cases import RECIPE, install_plugin, overrides, pictures, plugin_importable
from PIL import Image

from medq_gen import scan_of
from medq_gen.app import run_command
from medq_gen.replay import replay
from medq_gen.store import Store


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = install_plugin(tmp_path_factory.mktemp("site"))
    with plugin_importable(folder):
        yield folder


@pytest.fixture(scope="module")
def finished(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("run")
    assert run_command(overrides(pictures(base / "pictures", 2), base / "out", "executor=serial")) == 0
    return base / "out"


def test_every_record_replays_to_its_bytes(finished: Path) -> None:
    """Touched and untouched pictures alike."""
    keys = [record.key for record in Store.open(finished).records()]
    assert len(keys) >= 8
    for key in keys:
        replayed = replay(finished, key)
        assert replayed.same, key
        assert replayed.most == 0


def test_the_command_says_so(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """task=replay writes the picture, says that the bytes are the same, exit 0."""
    key = next(record.key for record in Store.open(finished).records() if record.level == "severe")
    assert run_command(["task=replay", f"run={finished}", f"key={key}", f"out={tmp_path}"]) == 0
    assert f"{key}: the same bytes" in " ".join(capsys.readouterr().err.split())
    (picture,) = tmp_path.glob("*.png")
    assert picture.read_bytes() == Store.open(finished).image(key)


def test_other_physics_is_noticed(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the picture comes out differently, exit 1 and the largest difference in code values."""
    original = scan_of.healthy_scan

    def brighter(loaded: object, *, seed: int) -> object:
        scan, view = original(loaded, seed=seed)  # type: ignore[arg-type]
        return scan.at(type(scan.mean_pose())(shift_mm=(2.0, 0.0))), view

    monkeypatch.setattr(scan_of, "healthy_scan", brighter)
    key = next(record.key for record in Store.open(finished).records() if record.level == "mild")
    assert run_command(["task=replay", f"run={finished}", f"key={key}", f"out={tmp_path}"]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "other bytes, largest difference" in said
    stored, again = (
        np.asarray(Image.open(io.BytesIO(data)), dtype=int) for data in (Store.open(finished).image(key), next(tmp_path.glob("*.png")).read_bytes())
    )
    assert f"largest difference {np.abs(stored - again).max()} of 255" in said


def test_an_unknown_key_is_named(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key that the run does not hold: exit 2, with one that it does."""
    assert run_command(["task=replay", f"run={finished}", "key=nobody/0/mild"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "holds no record 'nobody/0/mild'" in said
    assert RECIPE in said


def test_a_failure_row_is_repeated_with_its_error(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command of a failure row makes the sample again and shows the error in full, exit 1."""
    from medq_gen import ladder

    def broken(*given: object, **named: object) -> object:
        raise ArithmeticError("the mask is empty")

    monkeypatch.setattr(ladder, "edited", broken)
    out = tmp_path / "out"
    assert run_command(overrides(pictures(tmp_path / "pictures", 1), out, "executor=serial", "levels=[mild]")) == 1
    (failure,) = Store.open(out).failures()
    assert failure.key.endswith("/mild")
    capsys.readouterr()
    assert run_command(["task=replay", f"run={out}", f"key={failure.key}"]) == 1
    said = capsys.readouterr().err
    assert "fails again: ArithmeticError: the mask is empty" in " ".join(said.split())
    assert "Traceback" in said
