"""Aliases on a sheared lattice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from physics.display import Display
from physics.fourier import frequencies, to_kspace, to_picture
from physics.measure.pair import Pair, View
from physics.mri import MRIScan
from physics.mri.acquire import acquire_complex
from physics.mri.caipi import Lattice, partitions, samples_left_out, skip
from physics.mri.chain import Slab
from physics.mri.slice_profile import SliceProfile
from physics.mri.spin_history import MultiSlice
from physics.mri.thick_slice import thicken
from physics.mri.through_plane import OutOfPlane, move_through
from physics.scan import EditConflict, acquire

LATTICES = [Lattice(2, 2, 1, 0.1), Lattice(3, 2, 1, 0.1), Lattice(2, 3, 1, 0.3), Lattice(3, 2, 2, 0.02), Lattice(2, 2, 0, 0.1)]


@pytest.fixture(autouse=True)
def _all_tissue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything counts as tissue: the identities hold pixel by pixel."""
    monkeypatch.setattr("physics.mri.caipi.slab_share", lambda slab: torch.ones(slab.density.shape[1:], dtype=torch.float64))


def scan_of(volume: torch.Tensor, *, index: int, phase_axis: int = 0) -> MRIScan:
    """The scan of one slice of a complex volume."""
    scan = MRIScan.of(volume[index].abs(), phase_axis=phase_axis, phase=False)
    return replace(scan, body=replace(scan.body, density=volume[index]), slab=Slab(volume, index, (1.0, 1.0, 1.0)))


def noise(n: int, shape: tuple[int, int], *, seed: int = 1) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.standard_normal((n, *shape)) + 1j * rng.standard_normal((n, *shape)))


@pytest.mark.parametrize("lattice", LATTICES)
@pytest.mark.parametrize("phase_axis", [0, 1])
def test_the_whole_transform_with_masked_samples(oracle, lattice: Lattice, phase_axis: int) -> None:
    """Any volume on odd and even sizes: the slice of the three-dimensional inverse transform of the samples that were taken, weighted by density."""
    volume = noise(14, (30, 37))
    scan = scan_of(volume, index=8, phase_axis=phase_axis)
    first, count = partitions(scan, lattice)
    assert count == 14 // lattice.step * lattice.step
    part = volume[first : first + count]
    spectrum = to_kspace(part, axes=(0, 1, 2)).movedim(1 + phase_axis, 1)
    n = spectrum.shape[1]
    ky, kz = frequencies(n)[None, :], frequencies(count)[:, None]
    taken = (kz % lattice.across == 0) & ((ky + lattice.shift * torch.div(kz, lattice.across, rounding_mode="floor")) % lattice.along == 0)
    whole = ky.abs() <= lattice.centre * n / 2
    weight = torch.where(whole, torch.ones(()), taken * lattice.along * lattice.across).to(spectrum)
    exact = to_picture((spectrum * weight[:, :, None]).movedim(1, 1 + phase_axis), axes=(0, 1, 2))[8 - first]
    residual = float((acquire_complex(skip(scan, lattice)) - exact).norm() / exact.norm())
    oracle("mri_caipi", "the three-dimensional transform with masked samples", residual, below=1e-9)


@pytest.mark.parametrize(
    ("lattice", "away", "moved"),
    [
        (Lattice(2, 2, 1, 1e-9), 6, 0),  # the dual lattice of one sample in four: half the slab in place, a quarter of it half the field of view away
        (Lattice(2, 2, 1, 1e-9), 3, 18),
        (Lattice(2, 2, 1, 1e-9), -3, 18),
        (Lattice(2, 2, 0, 1e-9), 6, 0),
        (Lattice(2, 2, 0, 1e-9), 3, None),
        (Lattice(3, 2, 1, 1e-9), 2, 24),  # the direction of the shear: 3 dy / N and 2 dz / Nz - dy / N are whole
        (Lattice(3, 2, 1, 1e-9), -2, 12),
        (Lattice(3, 2, 2, 1e-9), 2, 12),
        (Lattice(3, 2, 1, 1e-9), 1, None),
    ],
)
def test_aliases_of_a_point_lie_on_a_sheared_lattice(oracle, lattice: Lattice, away: int, moved: int | None) -> None:
    """A point some partitions above the slice appears in it as bright as it is, moved by its own part of the field of view, or not at all."""
    volume = torch.zeros((12, 36, 20), dtype=torch.complex128)
    volume[5 + away, 8, 7] = 1.0
    shown = acquire_complex(skip(scan_of(volume, index=5), lattice)).abs()
    if moved is None:
        assert float(shown[:, 7].sort().values[-2:].max()) < 0.6 if lattice.shift else float(shown.max()) < 0.1
        return
    bright = torch.nonzero(shown > 0.5)[:, 0].tolist()
    assert (8 + moved) % 36 in bright
    assert set(bright) <= {(8 + moved + turn * 36 // lattice.along) % 36 for turn in range(lattice.along if lattice.shift == 0 else 1)}
    lost = (2 if lattice.shift == 0 else 1) / 36  # the central line is taken whole: it folds nothing
    oracle("mri_caipi", "aliases are as bright as what they copy", float(shown[(8 + moved) % 36, 7]) - (1 - lost), below=1e-9)


def test_what_the_centre_holds_does_not_fold() -> None:
    """A volume smooth along the lines keeps its slice: its energy lies in the centre that is taken whole."""
    y = torch.arange(48, dtype=torch.float64)[:, None]
    volume = (100 + torch.arange(12.0)[:, None, None] * torch.cos(2 * torch.pi * 3 * y / 48)).expand(-1, -1, 40).to(torch.complex128).contiguous()
    scan = scan_of(volume, index=5)
    torch.testing.assert_close(acquire(skip(scan, Lattice(2, 2, 1, 0.2))), acquire(scan), atol=1e-9, rtol=0)
    assert float((acquire(skip(scan, Lattice(2, 2, 1, 0.05))) - acquire(scan)).abs().max()) > 1.0


def test_neutral_refused_and_conflicting() -> None:
    """All lines whole is the same scan; no slab, odd steps and too few slices are refused; one slice's profile or movement excludes a scan of the slab."""
    scan = scan_of(noise(14, (30, 37)), index=8)
    lattice = LATTICES[0]
    assert skip(scan, replace(lattice, centre=1.0)) is scan
    with pytest.raises(ValueError, match="single picture"):
        skip(replace(scan, slab=None), lattice)
    with pytest.raises(ValueError, match="fewer slices"):
        skip(scan_of(noise(3, (30, 37)), index=1), lattice)
    with pytest.raises(ValueError, match="steps must"):
        skip(scan, Lattice(2, 2, 2, 0.1))
    motion = OutOfPlane(np.full(30, 1.0), np.zeros(30), np.arange(30) / 30)
    thick = SliceProfile(3.0)
    for first, second in (
        (lambda s: skip(s, lattice), lambda s: thicken(s, thick)),
        (lambda s: skip(s, lattice), lambda s: move_through(s, motion, MultiSlice(1.0, 90.0, 4.0))),
        (lambda s: skip(s, lattice), lambda s: skip(s, LATTICES[1])),
    ):
        for one, other in ((first, second), (second, first)):
            with pytest.raises(EditConflict, match="slice"):
                other(one(scan))


def test_the_share_left_out_is_measured() -> None:
    """Three samples in four outside a tenth of the lines."""
    scan = scan_of(noise(12, (40, 37)), index=6)
    view = View("mri", "head", Display("window", 0.0, 3.0), torch.ones(40, 37, dtype=torch.bool), (1.0, 1.0))
    skipped = skip(scan, Lattice(2, 2, 1, 0.1))
    found = samples_left_out(Pair(acquire(scan), acquire(scan), view, scan, skipped)).value
    assert found == pytest.approx(100 * 0.75 * 35 / 40)
    assert samples_left_out(Pair(acquire(scan), acquire(scan), view, scan, scan)).value == 0.0


@pytest.mark.parametrize(("n", "index", "first", "count"), [(15, 7, 1, 12), (15, 6, 0, 12), (15, 8, 2, 12), (15, 0, 0, 12), (15, 14, 3, 12), (3, 1, 1, 0)])
def test_the_slab_lies_about_the_picture(n: int, index: int, first: int, count: int) -> None:
    """As many slices as the lattice divides, half of them below the picture where the stack allows it, and never beyond the stack."""
    assert partitions(scan_of(noise(n, (30, 37)), index=index), Lattice(2, 2, 1, 0.1)) == (first, count)
