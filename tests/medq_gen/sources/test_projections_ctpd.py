"""DICOM-CT-PD: a helix written file by file as its description says, read back as slices, and wrong in every way that was thought of."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from ct_phantoms import gaussian_picture
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.scan_of import healthy_scan
from medq_gen.sources import make
from physics.ct.geometry import Grid

MU = 0.0195  # of the scanner's water; the project's is 0.01929
BODY = ((0.0, 0.0, 30.0, MU), (-25.0, 20.0, 9.0, 0.6 * MU), (28.0, -22.0, 8.0, 0.8 * MU))
ROWS, COLUMNS, PER_TURN = 8, 160, 400
CENTRAL = (79.25, 4.1)  # counted from 1
SOURCE, DETECTOR, WIDE, HIGH = 595.0, 1085.6, 3.2, 1.5
pytestmark = pytest.mark.slow  # hundreds of files each
GRID = {"matrix": [100, 100], "spacing_mm": [2.0, 2.0]}


def at(phi: float, z: float, *, off: tuple[float, float, float]) -> np.ndarray:
    """(channel, row) rays of one view: bodies whose density rises with height by 5 % a millimetre about 45 mm."""
    gamma = (np.arange(COLUMNS) + 1 - CENTRAL[0]) * WIDE / DETECTOR
    focal = np.array([-SOURCE * math.sin(phi), SOURCE * math.cos(phi)])
    spot = np.array([-(SOURCE + off[2]) * math.sin(phi + off[0]), (SOURCE + off[2]) * math.cos(phi + off[0])])
    element = focal[:, None] + DETECTOR * np.array([np.sin(phi + gamma), -np.cos(phi + gamma)])
    way = (element - spot[:, None]) / np.hypot(*(element - spot[:, None]))
    s = spot[0] * -way[1] + spot[1] * way[0]  # x cos(theta) + y sin(theta), the ray along (sin, -cos)
    theta = np.arctan2(way[0], -way[1])
    lines = sum(a * math.sqrt(2 * math.pi) * w * np.exp(-((s - x * np.cos(theta) - y * np.sin(theta)) ** 2) / (2 * w * w)) for x, y, w, a in BODY)
    heights = (z + off[1]) + ((CENTRAL[1] - np.arange(ROWS) - 1) * HIGH - off[1]) * SOURCE / DETECTOR
    return np.asarray(lines[:, None] * (1 + 0.05 * (heights - 45.0)))


def helix(folder: Path, *, sense: int = 1, pitch: float = 0.7, turns: float = 2.2, flies: bool = False, raw: bool = True, person: str = "SECRET") -> Path:
    """Files in an order of names that is not that of the views; private elements as bytes without their types, or with them."""
    folder.mkdir(exist_ok=True)
    feed = pitch * ROWS * HIGH * SOURCE / DETECTOR
    count = round(turns * PER_TURN)
    for view in range(count):
        phi, z = 0.7 + sense * 2 * math.pi * view / PER_TURN, 45.0 + feed * (view - count / 2) / PER_TURN
        off = (0.001 * (view % 2 - 0.5), 0.4 * (view % 2), -3.0 * (view % 2)) if flies else (0.0, 0.0, 0.0)
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = (
            "1.2.840.10008.5.1.4.1.1.2",
            f"1.2.{view + 1}",
            ExplicitVRLittleEndian,
        )
        one = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        one.PatientID, one.SeriesInstanceUID, one.InstanceNumber, one.KVP = person, f"1.9.{folder.name[-1:].encode().hex()}", view + 1, "120"
        one.Rows, one.Columns, one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = COLUMNS, ROWS, 16, 16, 15, 0
        one.SamplesPerPixel, one.PhotometricInterpretation, one.RescaleSlope, one.RescaleIntercept = 1, "MONOCHROME2", "0.0001", "-0.1"
        one.PixelData = np.rint((at(phi, z, off=off) + 0.1) / 0.0001).astype("<u2").tobytes()
        private: dict[tuple[int, int], tuple[Any, str]] = {
            (0x7029, 0x1010): (ROWS, "US"),
            (0x7029, 0x1011): (COLUMNS, "US"),
            (0x7029, 0x1002): (WIDE, "FL"),
            (0x7029, 0x1006): (HIGH, "FL"),
            (0x7029, 0x100B): ("CYLINDRICAL", "LO"),
            (0x7031, 0x1001): (phi % (2 * math.pi), "FL"),
            (0x7031, 0x1002): (z, "FL"),
            (0x7031, 0x1003): (SOURCE, "FL"),
            (0x7031, 0x1031): (DETECTOR, "FL"),
            (0x7031, 0x1033): (list(CENTRAL), "FL"),
            (0x7033, 0x100B): (off[0], "FL"),
            (0x7033, 0x100C): (off[1], "FL"),
            (0x7033, 0x100D): (off[2], "FL"),
            (0x7033, 0x1013): (PER_TURN, "US"),
            (0x7033, 0x1065): ([1e3, 2.5e5, 1e3], "FL"),
            (0x7041, 0x1001): (str(MU), "DS"),
        }
        for tag, (value, kind) in private.items():
            if raw and kind in ("FL", "US"):
                one.add_new(tag, "UN", np.atleast_1d(value).astype("<f4" if kind == "FL" else "<u2").tobytes())
            else:
                one.add_new(tag, kind, value)
        one.save_as(folder / f"{(view * 37) % count:05d}.dcm", enforce_file_format=True)
    return folder


@pytest.mark.parametrize(("sense", "flies", "raw"), [(1, False, True), (-1, False, False), (1, True, True)], ids=["as bytes", "the other way round", "flying"])
def test_a_slice_of_a_helix_is_that_of_its_height(tmp_path: Path, sense: int, flies: bool, raw: bool) -> None:
    """At 45 mm the bodies as drawn, in HU of the scanner's own water; voltage and quanta from the header; nobody's name in the case."""
    source = make("projections", {"path": helix(tmp_path / "a", sense=sense, flies=flies, raw=raw), "anatomy": "abdomen", **GRID})
    found = list(source.index())
    cases = [item for item in found if isinstance(item, Case)]
    assert [case.entry.partition("#")[2] for case in cases] == ["45.00"], found
    assert "SECRET" not in cases[0].model_dump_json()
    scan, _ = healthy_scan(source.load(cases[0]), seed=1)
    assert (scan.kvp, scan.n0) == (120.0, 2.5e5)  # type: ignore[attr-defined]
    drawn = 1000 * gaussian_picture(Grid((100, 100), (2.0, 2.0)), BODY) / MU - 1000
    off = np.abs(scan.hu.numpy() - drawn)[5:-5, 5:-5]  # type: ignore[attr-defined]
    assert off.max() < 25.0, off.max()
    assert off.mean() < 3.0


def test_what_no_row_passes_is_refused(tmp_path: Path) -> None:
    """A pitch of 1.6, and a scan shorter than a turn: a reason for each."""
    for name, about, problem in (("b", {"pitch": 1.6}, "no height"), ("c", {"turns": 0.95}, "380 views, 400 a turn")):
        (error,) = make("projections", {"path": helix(tmp_path / name, **about), **GRID}).index()  # type: ignore[arg-type]
        assert isinstance(error, SourceError)
        assert problem in error.problem


def spoilt(folder: Path, change: Callable[[pydicom.Dataset], None], *, every: int = 1) -> list[Case | SourceError]:
    for path in sorted(folder.iterdir())[::every]:
        one = pydicom.dcmread(path)
        change(one)
        one.save_as(path)
    return list(make("projections", {"path": folder, **GRID}).index())


def test_series_that_cannot_be_used(tmp_path: Path) -> None:
    """Views that are missing, elements that are absent, detectors that differ or are flat, files that are cut or gone: told, and nothing else lost."""
    folder = helix(tmp_path / "d", turns=1.6)
    source = make("projections", {"path": folder, **GRID})
    (case,) = source.index()
    assert isinstance(case, Case)
    assert source.load(case).case == case
    victim = folder / "00320.dcm"  # the view in the middle
    kept = {path: path.read_bytes() for path in folder.iterdir()}

    def again() -> None:
        for path, content in kept.items():
            path.write_bytes(content)

    checks: tuple[tuple[Callable[[pydicom.Dataset], None], int, str, str], ...] = (
        (lambda one: one.__delitem__((0x7031, 0x1033)), 1, "central", "absent"),
        (lambda one: one.__delitem__((0x7029, 0x1002)), 1, "channel_mm", "absent"),
        (lambda one: one.__setitem__((0x7029, 0x100B), pydicom.DataElement((0x7029, 0x100B), "LO", "FLAT")), 1, "shape", "not an arc"),
        (lambda one: setattr(one, "KVP", "140"), 3, "geometry", "different"),
    )
    for change, every, field, problem in checks:
        found = spoilt(folder, change, every=every)
        assert all(isinstance(item, SourceError) for item in found)
        assert field in {item.field for item in found if isinstance(item, SourceError)}
        assert problem in " ".join(item.problem for item in found if isinstance(item, SourceError))
        again()
    for path in sorted(folder.iterdir())[5:400:3]:
        path.unlink()
    (error,) = make("projections", {"path": folder, **GRID}).index()
    assert isinstance(error, SourceError)
    assert error.field in ("angle_rad", "views")
    again()
    victim.write_bytes(kept[victim][:-300])
    found = list(make("projections", {"path": folder, **GRID}).index())
    assert [item.field for item in found if isinstance(item, SourceError)] == ["pixels"]
    with pytest.raises(SourceError):
        source.load(case)
