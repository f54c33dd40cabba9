"""Files for the tests of sources: DICOM written by pydicom, as wrong as a test wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.sources import Source

SYNTAX = {"explicit": ExplicitVRLittleEndian, "implicit": ImplicitVRLittleEndian, "deflated": DeflatedExplicitVRLittleEndian}


def head(rows: int = 64, columns: int = 48, *, seed: int = 1) -> np.ndarray:
    """A bright, textured ellipse off the centre, before air: uint16 codes 0..~1200, no symmetry."""
    y, x = np.mgrid[:rows, :columns]
    inside = ((y - 0.45 * rows) / (0.36 * rows)) ** 2 + ((x - 0.55 * columns) / (0.36 * columns)) ** 2 < 1
    texture = np.random.default_rng(seed).integers(0, 60, (rows, columns))
    return np.where(inside, 700 + 6 * y + 3 * x + texture, texture // 4).astype(np.uint16)


@pytest.fixture
def write_dicom(tmp_path: Path) -> Callable[..., Path]:
    """write_dicom(name, pixels, syntax="explicit", drop=(...), **elements) -> path. An MRI slice unless told otherwise."""

    def write(name: str = "slice.dcm", pixels: np.ndarray | None = None, *, syntax: str = "explicit", drop: tuple[str, ...] = (), **elements: Any) -> Path:
        pixels = head() if pixels is None else pixels
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", "1.2.3"
        meta.TransferSyntaxUID = SYNTAX[syntax]
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
        bits = pixels.dtype.itemsize * 8
        defaults: Mapping[str, Any] = {
            "Modality": "MR",
            "PatientID": "P1",
            "StudyInstanceUID": "1.2.3.4",
            "SeriesInstanceUID": "1.2.3.5",
            "Rows": pixels.shape[0],
            "Columns": pixels.shape[1],
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "BitsAllocated": bits,
            "BitsStored": bits,
            "HighBit": bits - 1,
            "PixelRepresentation": int(pixels.dtype.kind == "i"),
            "PixelSpacing": [0.8, 1.25],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "ImagePositionPatient": [0, 0, 0],
        }
        if elements.get("Modality") == "CT":
            defaults = {**defaults, "RescaleSlope": 1, "RescaleIntercept": -1024}
        for keyword, value in {**defaults, **elements}.items():
            if keyword not in drop:
                setattr(dataset, keyword, value)
        if "PixelData" not in drop:
            dataset.PixelData = pixels.tobytes()
            dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
        dataset.save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.fixture
def sorted_out() -> Callable[[Source], tuple[list[Case], list[SourceError]]]:
    """Index a source: its cases and its errors."""

    def index(source: Source) -> tuple[list[Case], list[SourceError]]:
        found = list(source.index())
        return [item for item in found if isinstance(item, Case)], [item for item in found if isinstance(item, SourceError)]

    return index


@pytest.fixture
def nested() -> Callable[[int], Dataset]:
    """A data set with sequences inside each other."""

    def make(depth: int) -> Dataset:
        inner = Dataset()
        inner.PatientComments = "SECRETNESTED"
        for _ in range(depth):
            outer = Dataset()
            outer.RequestAttributesSequence = [inner]
            inner = outer
        return inner

    return make
