"""Every MRI recipe on volumes that nobody would draw: prime sides, pixels that are not square, a lone slice."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch
from sample_benches import pattern_of, strength_at
from scipy import ndimage

from medq_gen import scan_of, sources
from medq_gen.declare import Strength
from medq_gen.edits import edited
from medq_gen.errors import SourceError
from medq_gen.ladder import Bench
from physics.scan import acquire

SHAPE, SPACING_MM = (97, 113, 11), (1.7, 1.3, 2.9)  # columns, rows and slices of the file


@cache
def _volume() -> np.ndarray:
    """The echo-planar head that ships with NiBabel, on a prime grid."""
    file = Path(nibabel.__file__).parent / "tests" / "data" / "example4d.nii.gz"
    head = np.asarray(nibabel.load(file).dataobj[..., 0], np.float32)  # type: ignore[attr-defined]
    return ndimage.zoom(head, [n / m for n, m in zip(SHAPE, head.shape, strict=True)], order=1).astype(np.float32)


def bench_of_volume(values: np.ndarray, folder: Path) -> Bench:
    """The bench of the middle slice of a volume, through the file and its reader."""
    path = folder / "head.nii.gz"
    nibabel.save(nibabel.Nifti1Image(values, np.diag([*SPACING_MM, 1.0])), path)  # type: ignore[no-untyped-call,attr-defined]
    source = sources.make("nifti", {"path": str(path), "anatomy": "head", "modality": "mri"})
    cases = list(source.index())
    errors = [case for case in cases if isinstance(case, SourceError)]
    assert not errors, errors
    return Bench(*scan_of.healthy_scan(source.load(cases[len(cases) // 2]), seed=7))


def shot(named: Any, bench: Bench, position: float) -> torch.Tensor:
    """The picture at a place of the knob."""
    pattern = pattern_of(named, bench, key="case/awkward/0")
    return acquire(edited(named.recipe, bench.healthy, strength=strength_at(named, position), pattern=pattern))


def test_prime_sides_and_oblong_pixels(named: Any, tmp_path: Path) -> None:
    """Neutral is the reference bit for bit, half of the knob gives a finite picture of the same shape that is another one; or the recipe refuses in words."""
    if named.modality != "mri":
        pytest.skip("MRI only")
    bench = bench_of_volume(_volume(), tmp_path)
    assert bench.healthy.matrix == (SHAPE[1], SHAPE[0]) or bench.healthy.matrix == SHAPE[:2]
    if reason := named.recipe.refuse(bench.healthy):
        assert len(reason) > 10
        return
    reference = bench.reference
    if isinstance(named.recipe.strength, Strength):
        assert torch.equal(shot(named, bench, 0.0), reference)
    picture = shot(named, bench, 0.6)
    assert picture.shape == reference.shape
    assert bool(torch.isfinite(picture).all())
    assert not torch.equal(picture, reference)


def test_a_volume_of_one_slice(named: Any, tmp_path: Path) -> None:
    """What needs neighbouring slices says so; everything else takes the slice as it takes a picture."""
    if named.modality != "mri":
        pytest.skip("MRI only")
    bench = bench_of_volume(_volume()[..., 5:6], tmp_path)
    assert bench.healthy.slab is None
    if reason := named.recipe.refuse(bench.healthy):
        assert len(reason) > 10
        return
    assert bool(torch.isfinite(shot(named, bench, 0.6)).all())
