"""Projections: written here, read back, and wrong in every way that was thought of."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ct_phantoms import gaussian_picture
from rich.console import Console

from medq_gen import registry
from medq_gen.errors import ConfigError, SourceError
from medq_gen.records import Case
from medq_gen.run import Request, run
from medq_gen.scan_of import healthy_scan
from medq_gen.sources import Source, make
from medq_gen.store import Store
from medq_gen.variant import Variant
from physics.ct.geometry import Grid
from physics.scan import acquire

Index = Callable[[Source], tuple[list[Case], list[SourceError]]]
FAN = {"source_mm": 595.0, "detector_mm": 1085.6, "channel_mm": 1.2858}
PAGE = {**FAN, "offset": 0.25, "start_deg": 30.0, "kvp": 100.0, "mas": 150.0, "n0": 3e5, "matrix": [128, 128], "spacing_mm": [2.0, 2.0], "anatomy": "abdomen"}
MU = 0.01992  # of water at the energy that stands for 100 kVp
BODY = ((0.0, 0.0, 40.0, MU), (-35.0, 30.0, 9.0, 0.6 * MU), (35.0, -22.0, 7.0, 0.8 * MU))
VIEWS, CHANNELS = 720, 736


def rays(*, views: int = VIEWS, channels: int = CHANNELS, scale: float = 1.0) -> np.ndarray:
    """What the scanner of PAGE stores of BODY."""
    beta = math.radians(30.0) + 2 * math.pi * np.arange(views)[:, None] / views
    gamma = (np.arange(channels)[None] - (channels - 1) / 2 + 0.25) * FAN["channel_mm"] / FAN["detector_mm"]
    theta, s = beta + gamma, FAN["source_mm"] * np.sin(gamma)
    lines = sum(a * math.sqrt(2 * math.pi) * w * np.exp(-((s - x * np.cos(theta) - y * np.sin(theta)) ** 2) / (2 * w * w)) for x, y, w, a in BODY)
    return (scale * lines).astype(np.float32)


def write(path: Path, array: np.ndarray, page: dict[str, Any] | None = None) -> Path:
    np.save(path, array)
    if page is not None:
        path.with_suffix(".json").write_text(json.dumps(page))
    return path


def errors_of(path: Path, **options: Any) -> list[SourceError]:
    found = list(make("projections", {"path": path, **options}).index())
    assert all(isinstance(item, SourceError) for item in found), found
    return [item for item in found if isinstance(item, SourceError)]


def only(path: Path, **options: Any) -> tuple[Source, Case]:
    source = make("projections", {"path": path, **options})
    (case,) = source.index()
    assert isinstance(case, Case), case
    return source, case


def check(source: Source, case: Case) -> None:
    """Rays, picture and facts are those of the body."""
    scan, view = healthy_scan(source.load(case), seed=1)
    assert (scan.kvp, scan.mas, scan.n0, scan.kernel.name) == (100.0, 150.0, 3e5, "standard")  # type: ignore[attr-defined]
    drawn = 1000 * gaussian_picture(Grid((128, 128), (2.0, 2.0)), BODY) / scan.mu_water - 1000  # type: ignore[attr-defined]
    assert np.abs(scan.hu.numpy() - drawn)[4:-4, 4:-4].max() < 6.0  # type: ignore[attr-defined]
    assert torch.equal(acquire(scan), scan.hu)  # type: ignore[attr-defined]
    assert (view.anatomy, view.display.name, case.view, case.spacing_mm) == ("abdomen", "abdomen 400/40", "axial", (2.0, 2.0))
    facts = {"measured": "projections", "views": VIEWS, "channels": CHANNELS, "kvp": 100.0, "mas": 150.0, "n0": 3e5, "kernel": "standard"}
    assert {key: case.acquisition[key] for key in facts} == facts
    assert not any("quanta" in note or "kernel" in note or "voltage" in note for note in scan.assumed)


def test_npy_with_a_page(tmp_path: Path) -> None:
    """The page states the geometry; options win over it."""
    path = write(tmp_path / "scan.npy", rays(), PAGE)
    check(*only(path))
    source, case = only(path, anatomy="chest", kvp=120.0)
    assert (case.anatomy, case.acquisition["kvp"]) == ("chest", 120.0)
    assert source.load(case).case is case


def test_npz_that_holds_its_geometry(tmp_path: Path) -> None:
    """Numbers, words and pairs beside the rays, stored or deflated."""
    for save in (np.savez, np.savez_compressed):
        path = tmp_path / f"{save.__name__}.npz"
        save(path, rays=rays(), **PAGE)
        check(*only(path))


def test_slices_are_cases_of_one_group(tmp_path: Path) -> None:
    """(slice, view, channel): a case each, one group; the same slice twice is told."""
    stack = np.stack([rays(), rays(scale=0.9), rays()])
    source = make("projections", {"path": write(tmp_path / "stack.npy", stack, PAGE)})
    found = list(source.index())
    cases = [item for item in found if isinstance(item, Case)]
    assert [case.entry for case in cases] == ["stack.npy#0", "stack.npy#1"]
    assert cases[0].group == cases[1].group
    assert [item.problem for item in found if isinstance(item, SourceError)] == ["the same picture came before in this source"]
    assert len(list(make("projections", {"path": tmp_path / "stack.npy", "every": 2}).index())) == 2


def test_what_is_not_stated_is_assumed(tmp_path: Path) -> None:
    """Without voltage and quanta they are assumed, and told; the picture fills 500 mm."""
    source, case = only(write(tmp_path / "bare.npy", rays(), {**FAN, "offset": 0.25, "start_deg": 30.0, "matrix": [100, 100]}))
    scan, _ = healthy_scan(source.load(case), seed=1)
    assert case.spacing_mm == (5.0, 5.0)
    assert {"tube voltage of 120 kVp", "quanta of the source's dose, from the noise of the source"} <= set(scan.assumed)


@pytest.mark.parametrize(
    ("page", "field", "problem"),
    [
        (None, "page: source_mm", "not stated"),
        ({key: PAGE[key] for key in ("source_mm", "detector_mm")}, "channel_mm", "not stated"),
        ({**PAGE, "sod": 5}, "sod", "no such key"),
        ({**PAGE, "detector_mm": 500.0}, "keys", "behind the isocentre"),
        ({**PAGE, "channel_mm": 0.0}, "channel_mm", "greater than"),
        ({**PAGE, "channel_mm": 20.0}, "geometry", "degrees"),
        ({**PAGE, "kvp": 40}, "kvp", "greater than"),
        ({**PAGE, "n0": float("nan")}, "n0", ""),
        ({**PAGE, "kernel": "crisp"}, "kernel", ""),
        ({**PAGE, "anatomy": "Mr Smith"}, "anatomy", "allowed"),
        ({**PAGE, "matrix": [16, 16]}, "size", "too few"),
        ({**PAGE, "matrix": [100000, 100000]}, "size", "more than"),
        ({**PAGE, "spacing_mm": [0.0, 1.0]}, "spacing_mm", "zero"),
    ],
)
def test_pages_that_are_wrong(tmp_path: Path, page: dict[str, Any] | None, field: str, problem: str) -> None:
    """Missing keys, unknown keys, impossible values: the file, the key and what is allowed."""
    (error,) = errors_of(write(tmp_path / "scan.npy", rays(views=360, channels=200), page))
    assert field in error.field
    assert problem in error.problem
    assert "Smith" not in str(error)


def changed(array: np.ndarray, place: Any, value: float) -> np.ndarray:
    array = array.copy()
    array[place] = value
    return array


@pytest.mark.parametrize(
    ("array", "field", "problem"),
    [
        (rays(views=359), "shape", "359 views"),
        (rays(channels=40), "shape", "40 channels"),
        (np.zeros(5000, np.float32), "shape", "1 axes"),
        (np.zeros((1, 1, 400, 100), np.float32), "shape", "4 axes"),
        (np.zeros((0, 400, 100), np.float32), "shape", "0 slices"),
        (changed(rays(), (5, 7), np.nan), "rays", "NaN"),
        (changed(rays(), (5, 7), -np.inf), "rays", "NaN or infinite"),
        (np.exp(12 - rays()), "rays", "no line integrals"),
        (-rays(), "rays", "no line integrals"),
        (np.zeros((400, 100), np.float32), "rays", "no line integrals"),
        (rays().astype(np.complex64), "dtype", "floating"),
        ((1000 * rays()).astype(np.uint16), "dtype", "floating"),
        (np.array([[{}]] * 400), "dtype", "never loaded"),
    ],
    ids=["few views", "few channels", "one axis", "four axes", "no slice", "nan", "infinite", "counts", "negative", "empty", "complex", "whole", "objects"],
)
def test_arrays_that_are_no_projections(tmp_path: Path, array: np.ndarray, field: str, problem: str) -> None:
    """Wrong shapes, types and values are told before anything is reconstructed."""
    (error,) = errors_of(write(tmp_path / "scan.npy", array, PAGE))
    assert error.field == field
    assert problem in error.problem


def test_files_that_are_broken(tmp_path: Path) -> None:
    """Truncated, another type than their name, archives without rays or with objects, absurd sizes, two pages, pages that are none."""
    whole = write(tmp_path / "a.npy", rays(), PAGE).read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[: len(whole) // 2])
    assert "truncated" in errors_of(tmp_path / "a.npy")[0].remedy
    (tmp_path / "a.npy").write_bytes(b"PK\x03\x04" + whole[:500])
    assert errors_of(tmp_path / "a.npy")[0].field == "structure"
    for name, arrays in (
        ("none", {"sinogram": rays()}),
        ("objects", {"rays": rays(), "kvp": np.array([{}], dtype=object)}),
        ("large", {"rays": rays(), "x": rays()}),
    ):
        np.savez(tmp_path / f"{name}.npz", **arrays)
    assert errors_of(tmp_path / "none.npz")[0].field == "rays"
    assert "objects" in errors_of(tmp_path / "objects.npz")[0].problem
    assert "neither a number" in errors_of(tmp_path / "large.npz")[0].problem
    packed = io.BytesIO()
    np.savez_compressed(packed, rays=np.zeros((400, 100), np.float32), **PAGE)
    (tmp_path / "cut.npz").write_bytes(packed.getvalue()[:-40])
    assert errors_of(tmp_path / "cut.npz")[0].field == "structure"
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (19000, 19000, 19000), }"
    with zipfile.ZipFile(tmp_path / "absurd.npz", "w") as archive:
        archive.writestr("rays.npy", header.ljust(127) + b"\n" + bytes(64))
    assert "more values" in errors_of(tmp_path / "absurd.npz")[0].problem
    path = write(tmp_path / "b.npy", rays(), PAGE)
    path.with_suffix(".yaml").write_text("source_mm: 595\n")
    assert "two pages" in errors_of(path)[0].problem
    path.with_suffix(".yaml").unlink()
    for text in ("[1, 2]", "{", "\x00"):
        path.with_suffix(".json").write_text(text)
        assert "page beside it" in errors_of(path)[0].problem
    (tmp_path / "c.txt").write_text("x")
    assert errors_of(tmp_path / "c.txt")[0].field == "type"


def test_a_changed_file_is_told_and_options_are_checked(tmp_path: Path) -> None:
    """A case whose rays are others by now, parts that are not there, and options that do not exist."""
    path = write(tmp_path / "scan.npy", rays(), PAGE)
    source, case = only(path)
    write(path, rays(scale=0.8))
    with pytest.raises(SourceError, match="changed"):
        source.load(case)
    with pytest.raises(SourceError, match="not in the file"):
        source.load(case.model_copy(update={"entry": "scan.npy#7"}))
    with pytest.raises(ConfigError, match="projections are ct"):
        make("projections", {"path": path, "modality": "mri"})
    with pytest.raises(ConfigError, match="no such option"):
        make("projections", {"path": path, "axes": ["view"]})


@pytest.mark.slow
def test_every_recipe_takes_measured_rays(tmp_path: Path) -> None:
    """Each edits the scan and gives a finite picture, or says why not; a run of low dose reaches its levels."""
    source, case = only(write(tmp_path / "scan.npy", rays(), PAGE))
    scan, _ = healthy_scan(source.load(case), seed=1)
    for name in registry.names():
        named = registry.get(name)
        if named.modality != "ct" or hasattr(named.recipe, "parts") or named.recipe.refuse(scan):
            continue
        knob = named.recipe.strength
        strength = knob.at(0.5) if hasattr(knob, "at") else knob[-1]
        edited = named.recipe.edit(scan, strength=strength, pattern=named.recipe.pattern(np.random.default_rng(2), scan))
        assert bool(torch.isfinite(acquire(edited)).all()), name
        assert not torch.equal(acquire(edited), acquire(replace(scan))), name  # type: ignore[type-var]
    options = {"path": str(tmp_path / "scan.npy")}
    outcome = run(Request(Variant("ct_low_dose"), "projections", options, tmp_path / "run", repeats=1, executor="serial"), console=Console(file=io.StringIO()))
    assert outcome.exit_code == 0
    assert len(list(Store.open(tmp_path / "run").records())) >= 3
