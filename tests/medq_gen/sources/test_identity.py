"""Identity, groups and splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from medq_gen.seeds import digest
from medq_gen.sources import SOURCES, make
from medq_gen.sources.identity import case_id, split_of
from medq_gen.sources.source import Shares

PIXELS = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_identity_is_pixels_spacing_and_modality() -> None:
    """Each of the three changes the id; memory layout and byte order do not. The value is pinned: it must never change."""
    own = case_id(PIXELS, spacing_mm=(1.0, 2.0), modality="mri")
    assert own == "af67f0904c4951ceeeff0667850df4bb"
    others = [
        case_id(PIXELS + 1, spacing_mm=(1.0, 2.0), modality="mri"),
        case_id(PIXELS, spacing_mm=(2.0, 1.0), modality="mri"),
        case_id(PIXELS, spacing_mm=None, modality="mri"),
        case_id(PIXELS, spacing_mm=(1.0, 2.0), modality="ct"),
        case_id(PIXELS.T, spacing_mm=(1.0, 2.0), modality="mri"),
        case_id(PIXELS.reshape(4, 3), spacing_mm=(1.0, 2.0), modality="mri"),
    ]
    assert len({own, *others}) == 7
    assert case_id(np.asfortranarray(PIXELS), spacing_mm=(1.0, 2.0), modality="mri") == own
    assert case_id(PIXELS.astype(">f4"), spacing_mm=(1.0, 2.0), modality="mri") == own


def test_split_hangs_on_the_group_alone() -> None:
    """Shares are met over many groups; raising the share of train moves groups into train only."""
    groups = [digest(str(number)).hex()[:32] for number in range(4000)]
    usual = [split_of(group, Shares()) for group in groups]
    assert abs(usual.count("train") / 4000 - 0.8) < 0.02
    assert abs(usual.count("test") / 4000 - 0.1) < 0.015
    more = [split_of(group, Shares(train=0.9, dev=0.05, test=0.05)) for group in groups]
    assert all(later == "train" for before, later in zip(usual, more, strict=True) if before == "train")
    assert usual == [split_of(group, Shares()) for group in groups]


@pytest.mark.parametrize("name", SOURCES)
def test_shipped_configuration_is_what_the_source_takes(name: str, tmp_path: Path) -> None:
    """Each key of conf/source is an option, each option stands there, and the values are the defaults."""
    page = yaml.safe_load((Path(__file__).resolve().parents[3] / "conf" / "source" / f"{name}.yaml").read_text())
    assert page.pop("name") == name
    from medq_gen.sources import dicom, images, kspace, manifest, projections, sample, volumes

    kinds = {
        "sample": sample.SampleSource,
        "dicom": dicom.DicomSource,
        "nifti": volumes.VolumeSource,
        "images": images.ImageSource,
        "kspace": kspace.KspaceSource,
        "projections": projections.ProjectionSource,
        "manifest": manifest.ManifestSource,
    }
    model = kinds[name].options_model
    assert set(page) == set(model.model_fields)
    needed = {"path": tmp_path} | ({"modality": "mri"} if name == "images" else {})
    defaults = model.model_validate({key: value for key, value in needed.items() if key in page} | ({"modality": "mri"} if name == "nifti" else {}))
    given = model.model_validate({**page, **{key: value for key, value in needed.items() if key in page}})
    assert given == defaults


def test_a_name_among_the_options_is_ignored() -> None:
    """The composed group holds its own name."""
    assert list(make("sample", {"name": "sample", "modality": "ct"}).index())
