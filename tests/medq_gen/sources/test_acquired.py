"""Pictures that were interpolated or compressed: what the case says of them, and the grid that their scan has."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.scan_of import healthy_scan, tissue_sigma
from medq_gen.sources import LoadedCase, Source, make
from physics.mri.body import smooth_phase
from physics.mri.honesty import on_matrix
from physics.phantoms import ellipses
from physics.scan import acquire

Index = Callable[[Source], tuple[list[Case], list[SourceError]]]
TRUE, STORED = (128, 112), (256, 224)


def stored(seed: int = 1, *, factor: int = 2) -> np.ndarray:
    """A head of 128 x 112, zero-padded by a factor, as float32 magnitude of some hundreds."""
    head = ellipses(TRUE, torch.float64)
    rng = np.random.default_rng(seed)
    picture = (head * torch.polar(torch.ones_like(head), smooth_phase(TRUE, seed=seed))).numpy() + (rng.normal(size=TRUE) + 1j * rng.normal(size=TRUE)) / 40
    spectrum = np.fft.fftshift(np.fft.fft2(picture))
    margin = [(n * factor - n) // 2 for n in TRUE]
    wide = np.pad(spectrum, [(m, n * factor - n - m) for m, n in zip(margin, TRUE, strict=True)])
    return np.asarray(np.abs(np.fft.ifft2(np.fft.ifftshift(wide))) * 800 * factor**2, np.float32)


def only(source: Source) -> LoadedCase:
    """The one case of a source, loaded."""
    (case,) = source.index()
    assert isinstance(case, Case), case
    return source.load(case)


def written(path: Path, slices: list[np.ndarray]) -> Path:
    """Axial slices as a NIfTI volume of 0.5 x 0.5 x 3 mm, hung as they are."""
    volume = np.stack([one.T[::-1, ::-1] for one in slices], axis=-1)
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([0.5, 0.5, 3.0, 1.0])), path)
    return path


def test_an_interpolated_picture_is_simulated_as_acquired(tmp_path: Path) -> None:
    """Zero-padded by two: the case tells it, the scan has the acquired matrix and twice the spacing, view and reference agree, and the record is told."""
    Image.fromarray(stored().clip(0, 65535).astype(np.uint16)).save(tmp_path / "p.png")
    loaded = only(make("images", {"path": tmp_path, "modality": "mri", "spacing_mm": (0.5, 0.5)}))
    assert loaded.pixels.shape == STORED
    facts = loaded.case.acquisition
    assert facts["acquired_share"] == [0.5, 0.5]
    assert (facts["cropped_to_matrix"], facts["stored_matrix"]) == (list(TRUE), list(STORED))
    scan, view = healthy_scan(loaded, seed=1)
    assert scan.matrix == TRUE  # type: ignore[attr-defined]
    assert scan.spacing_mm == view.spacing_mm == (1.0, 1.0)  # type: ignore[attr-defined]
    assert view.mask.shape == acquire(scan).shape == TRUE
    assert any("cut to the acquired 128 x 112: the stored 256 x 224 was interpolated" in note for note in scan.assumed)


def test_the_noise_is_that_of_the_receiver(tmp_path: Path) -> None:
    """Padding smooths the noise from pixel to pixel: on the stored grid tissue shows too little of it, on the acquired one what was put in."""
    Image.fromarray(stored().clip(0, 65535).astype(np.uint16)).save(tmp_path / "p.png")
    options = {"path": tmp_path, "modality": "mri", "spacing_mm": (0.5, 0.5)}
    scan, _ = healthy_scan(only(make("images", options)), seed=1)
    assert scan.source_sigma == pytest.approx(800 / 40, rel=0.2)  # type: ignore[attr-defined]
    inside = ellipses(STORED, torch.float64).numpy() > 0
    assert tissue_sigma(stored().astype(float), inside) < 0.5 * 800 / 40
    assert tissue_sigma(on_matrix(stored(), TRUE).astype(float), inside[::2, ::2]) == pytest.approx(800 / 40, rel=0.1)
    kept = only(make("images", {**options, "grid": "stored"}))
    assert "cropped_to_matrix" not in kept.case.acquisition
    scan, _ = healthy_scan(kept, seed=1)
    assert scan.matrix == STORED  # type: ignore[attr-defined]
    assert any("rows and columns interpolated before (share of acquired frequencies 0.50): stored grid kept" in note for note in scan.assumed)


def test_neighbours_come_along(tmp_path: Path) -> None:
    """A slice of a volume has its neighbours on the same grid, the body in its place among them."""
    source = make("nifti", {"path": written(tmp_path / "v.nii.gz", [stored(seed) for seed in range(5)]), "modality": "mri"})
    case = [item for item in source.index() if isinstance(item, Case)][2]
    scan, _ = healthy_scan(source.load(case), seed=1)
    slab = scan.slab  # type: ignore[attr-defined]
    assert slab.density.shape == (5, *TRUE)
    assert slab.spacing_mm == pytest.approx((3.0, 1.0, 1.0))
    assert torch.equal(slab.density[slab.index], scan.body.density)  # type: ignore[attr-defined]


def test_as_acquired_stays(tmp_path: Path) -> None:
    """A picture that was not interpolated has no such fact, and its grid is its own."""
    Image.fromarray(stored(factor=1).clip(0, 65535).astype(np.uint16)).save(tmp_path / "p.png")
    loaded = only(make("images", {"path": tmp_path, "modality": "mri", "spacing_mm": (1.0, 1.0)}))
    assert not {"acquired_share", "cropped_to_matrix", "jpeg_blocks", "masked_air"} & set(loaded.case.acquisition)
    assert healthy_scan(loaded, seed=1)[0].matrix == TRUE  # type: ignore[attr-defined]


def test_jpeg_is_told(tmp_path: Path) -> None:
    """A JPEG says so in its facts, also when it was saved as PNG afterwards."""
    codes = (stored(factor=1) / 4).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(codes).save(file, "JPEG", quality=80)
    Image.open(file).save(tmp_path / "p.png")
    loaded = only(make("images", {"path": tmp_path, "modality": "mri", "spacing_mm": (1.0, 1.0)}))
    assert loaded.case.acquisition["jpeg_blocks"] > 1
    assert "source compressed by JPEG before" in healthy_scan(loaded, seed=1)[0].assumed


def test_one_axis_alone_is_told_and_kept() -> None:
    """The columns of the sagittal sample were interpolated from half as many: told, and kept, since its pixels would lose their form."""
    source = make("sample", {"modality": "mri"})
    case = next(item for item in source.index() if isinstance(item, Case))
    assert case.acquisition["acquired_share"] == [1.0, 0.5]
    scan, _ = healthy_scan(source.load(case), seed=1)
    assert scan.matrix == (256, 256)  # type: ignore[attr-defined]
    assert any("columns interpolated before" in note for note in scan.assumed)
