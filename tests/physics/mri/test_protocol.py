"""What is known of an acquisition decides what may be done to its picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from physics.mri import MRIScan
from physics.mri.body import Body
from physics.mri.pockets import draw_pockets
from physics.mri.protocol import Echo, Protocol, Region, Weighting, refuse_spin_echo, weighting_of
from physics.mri.tissue import classes_note, reweighted, tissue_shares
from physics.mri.trunk import no_trunk


@pytest.mark.parametrize(
    ("echo", "te_ms", "tr_ms", "flip_deg", "inverted", "wanted"),
    [
        ("spin", 12, 550, 90, False, "T1"),
        ("spin", 100, 4500, 90, False, "T2"),
        ("spin", 25, 3000, 90, False, "PD"),
        ("spin", 50, 3000, 90, False, None),  # neither short nor long
        ("spin", 100, 600, 90, False, None),
        ("spin", 120, 9000, 90, True, None),  # FLAIR: long T2 bright, but fluid black
        ("spoiled", 2.8, 5.5, 10, False, "T1"),  # VIBE
        ("spoiled", 4.8, 20, 5, False, "PD"),  # Ernst's angle is 12 degrees
        ("spoiled", 4.8, 20, 12, False, None),
        ("spoiled", 4.8, 20, None, False, None),
        ("gradient", 20, 600, 20, False, "T2*"),
        ("gradient", 3, 2300, 9, True, "T1"),  # MPRAGE
        ("gradient", 3, 2300, 9, False, "PD"),
    ],
)
def test_times_and_angle_weight(echo: Echo, te_ms: float, tr_ms: float, flip_deg: float | None, inverted: bool, wanted: Weighting | None) -> None:
    """Protocols of known contrast; what times do not decide stays open."""
    assert weighting_of(echo=echo, te_ms=te_ms, tr_ms=tr_ms, flip_deg=flip_deg, inverted=inverted) == wanted


def test_the_angle_is_judged_by_ernst() -> None:
    """arccos exp(-20 / 900) is 12.03 degrees: a quarter more is T1, a quarter less density, up to the bound itself."""
    ernst = float(np.degrees(np.arccos(np.exp(-20 / 900))))
    assert ernst == pytest.approx(12.03, abs=0.01)
    found = [weighting_of(echo="spoiled", te_ms=4, tr_ms=20, flip_deg=share * ernst, inverted=False) for share in (0.79, 0.81, 1.24, 1.26)]
    assert found == ["PD", None, None, "T1"]


def test_only_a_spin_echo_refocuses() -> None:
    """What nobody states refuses nothing."""
    assert "spin echo" in str(refuse_spin_echo(Protocol(echo="spin")))
    assert [refuse_spin_echo(Protocol(echo=echo)) for echo in (None, "gradient", "spoiled")] == [None, None, None]


def ellipse(rows_mm: float, columns_mm: float, protocol: Protocol) -> MRIScan:
    """A body without air in it, on pixels of 4 mm, 20 mm of air about it."""
    shape = (int(rows_mm / 4) + 10, int(columns_mm / 4) + 10)
    y, x = (np.arange(n) - n / 2 + 0.5 for n in shape)
    inside = (y[:, None] / (rows_mm / 8)) ** 2 + (x[None] / (columns_mm / 8)) ** 2 < 1
    return replace(MRIScan.of(torch.from_numpy(100.0 * inside), spacing_mm=(4.0, 4.0)), protocol=protocol)


def test_a_trunk_is_one_where_it_is_said_to_be() -> None:
    """Head, limb, coronal and sagittal slices are refused whatever their outline; axial and unsaid ones are judged by it."""
    for region, plane, word in (("head", None, "a head"), ("other", "axial", "another part"), ("trunk", "coronal", "coronal"), (None, "sagittal", "sagittal")):
        said: Region | None = region  # type: ignore[assignment]
        assert word in str(no_trunk(ellipse(220, 340, Protocol(region=said, plane=plane))))
    for protocol in (Protocol(), Protocol(region="trunk", plane="axial"), Protocol(plane="oblique")):
        assert no_trunk(ellipse(220, 340, protocol)) is None
        assert "mm wide" in str(no_trunk(ellipse(200, 160, protocol)))


@pytest.mark.parametrize(("region", "most_mm"), [("head", 12.0), ("trunk", 25.0)])
def test_air_beside_a_slice_is_that_of_its_region(region: Region, most_mm: float) -> None:
    """Sinuses (up to 12 mm, three to five in front) belong to heads and bowel gas (10 to 25 mm) to trunks, whatever their size; a knee has neither."""
    for size in ((200, 180), (220, 340)):
        radii = [[ball.radius_mm for ball in draw_pockets(ellipse(*size, Protocol(region=region)), seed=seed)] for seed in range(12)]
        assert all(radii)
        assert max(max(each) for each in radii) <= most_mm
        assert (min(min(each) for each in radii) >= 10) == (region == "trunk")
        assert draw_pockets(ellipse(*size, Protocol(region="other")), seed=1) == ()
    by_size = [draw_pockets(ellipse(220, 340, Protocol()), seed=seed) for seed in range(12)]
    assert by_size == [draw_pockets(ellipse(220, 340, Protocol(region="trunk")), seed=seed) for seed in range(12)]


def test_bright_fluid_turns_the_order_of_tissues() -> None:
    """By T1 the brightest water is white matter, by T2 it is fluid; the middle stays, and a ratio lands on the class that is meant."""
    picture = np.zeros((60, 60))
    for number, (level, columns) in enumerate(((60.0, slice(6, 22)), (76.0, slice(22, 38)), (90.0, slice(38, 54)))):
        picture[6:54, columns] = level + 0.5 * np.random.default_rng(number).standard_normal((48, 16))
    body = Body(torch.from_numpy(picture).to(torch.complex128), (1.0, 1.0))
    by_t1, by_t2 = tissue_shares(body)[:3, 30], tissue_shares(body, fluid_is_bright=True)[:3, 30]
    torch.testing.assert_close(by_t2, by_t1.flip(0))
    assert int(by_t1[:, 46].argmax()) == 2
    assert int(by_t2[:, 46].argmax()) == 0
    scan = MRIScan.of(torch.from_numpy(np.abs(picture)))
    ratios = torch.tensor([0.5, 1.0, 1.0, 1.0], dtype=torch.float64)
    for protocol, column in ((Protocol(), 14), (Protocol(weighting="T1"), 14), (Protocol(weighting="T2"), 46), (Protocol(weighting="T2*"), 46)):
        known = replace(scan, protocol=protocol)
        assert float(reweighted(known, ratios)[30, column]) == pytest.approx(0.5, abs=0.02)
        assert classes_note(known).startswith(f"tissue classes: {protocol.weighting or 'T1'}-weighted")


def test_a_spin_echo_between_short_and_long_repetition_is_mixed() -> None:
    """Up to a second between excitations weights by T1, from a second and a half on by T2 or density; between them nobody would say."""
    found = [weighting_of(echo="spin", te_ms=te, tr_ms=tr, flip_deg=90.0, inverted=False) for tr in (1000, 1200, 1499, 1500) for te in (15, 90)]
    assert found == ["T1", None, None, None, None, None, "PD", "T2"]
