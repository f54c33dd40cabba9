"""Fat is told from water where the picture shows it, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from fat_phantoms import HEAD, TRUNK, body_of, rings

from physics.mri.body import Body
from physics.mri.fat import bright_layer, depth_mm, fat_share, offset_hz, refuse_without_fat, suppressed_share

Oracle = Callable[..., None]


@pytest.mark.parametrize("parts", [HEAD, TRUNK], ids=["head", "trunk"])
def test_known_fat_is_found_with_its_borders(parts: tuple[tuple[float, float], ...], oracle: Oracle) -> None:
    """A ring of fat is found whole and alone, and mixed pixels hold the share of the signal that they were made with."""
    body, truth = body_of(parts)
    found = fat_share(body).numpy()
    signal = body.density.abs().numpy()
    oracle(
        "mri_chemical_shift",
        "fat found against a phantom's, share of all fat signal",
        (np.abs(found - truth) * signal).sum() / (truth * signal).sum(),
        below=0.03,
    )
    mixed = (truth > 0.2) & (truth < 0.98) & (signal > 40)
    assert mixed.sum() > 200
    oracle("mri_india_ink", "share of fat in mixed pixels of a phantom, root mean square", np.sqrt(np.mean((found - truth)[mixed] ** 2)), below=0.1)
    assert np.abs(found[(truth < 0.01) & (signal > 1)]).max() < 0.15


def test_a_brain_without_its_skull_has_no_fat() -> None:
    """White matter is bright and comes near the border, but it is no layer."""
    stripped, _ = body_of(((50.0, 70.0), (46.5, 120.0)))
    assert not bright_layer(stripped).any()
    assert refuse_without_fat(stripped) is not None
    assert float(suppressed_share(stripped).sum()) == 0


def test_a_dark_layer_is_suppressed_fat_and_no_bright_one() -> None:
    """A dim ring beneath the skin reads as suppressed fat; a bright one does not; neither does a uniform disc."""
    dim, truth = body_of(((56.4, 60.0), (54.9, 30.0), (52.7, 100.0)))
    found = suppressed_share(dim).numpy()
    assert not bright_layer(dim).any()
    ring = (truth > 0.9) & (depth_mm(dim) > 3)
    assert found[ring].mean() > 0.6
    assert (found * (truth == 0) * (depth_mm(dim) > 8)).sum() < 0.02 * found.sum()
    assert float(suppressed_share(body_of(HEAD)[0]).sum()) == 0
    assert float(suppressed_share(body_of(((56.4, 100.0),))[0]).sum()) == 0


def test_depth_counts_in_millimetres_from_the_skin_only() -> None:
    """Depth follows the spacing of each axis, and where the picture cuts the body there is no skin."""
    picture = torch.zeros(60, 80, dtype=torch.complex128)
    picture[:, 20:60] = 100.0  # cut at the upper and the lower edge
    depth = depth_mm(Body(picture, (3.0, 0.5)))
    assert depth[30, 39] == pytest.approx(0.5 * 20, abs=1e-9)
    np.testing.assert_allclose(depth[0], depth[30])


def test_the_offset_of_fat_is_217_hertz_at_one_and_a_half_tesla() -> None:
    """3.4 ppm of the Larmor frequency."""
    assert offset_hz(1.5) == pytest.approx(217, abs=0.3)
    assert offset_hz(3.0) == pytest.approx(434, abs=0.5)


def test_suppressed_fat_of_a_large_body_reaches_deeper() -> None:
    """A dim layer of 12 mm under the skin of a body of 340 mm is found down to 3.5 % of the diameter, 11.8 mm, and no deeper."""
    body, _ = body_of(((56.4, 60.0), (55.4, 30.0), (51.4, 100.0)), spacing_mm=(3.0, 3.0))
    found, depth = suppressed_share(body).numpy(), depth_mm(body)
    assert found[(depth > 5) & (depth < 11)].mean() > 0.75
    assert found[depth > 15].max(initial=0.0) < 0.1
    body, _ = body_of(((56.4, 60.0), (55.4, 30.0), (49.4, 100.0)), spacing_mm=(3.0, 3.0))
    found, depth = suppressed_share(body).numpy(), depth_mm(body)  # the same, where what is dim goes on to 21 mm
    assert found[(depth > 5) & (depth < 11)].mean() > 0.75
    assert found[depth > 15].max(initial=0.0) < 0.1


def test_the_dim_rim_of_a_brain_in_air_is_no_fat() -> None:
    """What covers suppressed fat is brighter than it: a dim cortex with nothing over it is none."""
    for rim in (35.0, 45.0):
        body, _ = body_of(((56.4, rim), (53.0, 100.0)))
        assert float(suppressed_share(body).sum()) == 0


def test_the_cover_of_a_slanting_layer_is_two_rows_deep() -> None:
    """The second row of a slope of 45 degrees lies a diagonal of a pixel deep, 1.98 mm where one row is 1.68: it belongs to what covers the fat, and where it
    is as bright as skin the dim layer beneath it is fat, though the row above is mixed with air."""
    away = sum(np.abs(grid) for grid in np.mgrid[-70:71, -70:71])
    for second, found in ((75.0, True), (30.0, False)):
        picture = np.select([away <= 54, away <= 58, away == 59, away == 60], [100.0, 30.0, second, 30.0], 0.0)
        assert bool(suppressed_share(Body(torch.from_numpy(picture).to(torch.complex128), (1.4, 1.4))).any()) is found


def test_suppressed_fat_of_a_small_body_is_two_pixels_deep_at_least() -> None:
    """A limb of 90 mm on pixels of 1.4 mm: its dim layer is found down to 2.5 times what is taken for skin, 4.2 mm."""
    body, _ = body_of(((32.0, 60.0), (31.0, 30.0), (28.0, 100.0)), shape=(81, 84))
    found, depth = suppressed_share(body).numpy(), depth_mm(body)
    assert found[(depth > 3.2) & (depth < 4.2)].mean() > 0.5


def test_only_glaring_fat_reaches_deep() -> None:
    """A bar that hangs on the layer counts down to 30 mm; beyond, down to 60 mm, only where it outshines water."""
    head, _ = body_of(HEAD)
    depth = depth_mm(head)
    bar = np.zeros(depth.shape, dtype=bool)
    bar[60:70, :70] = (depth[60:70, :70] > 3) & (depth[60:70, :70] < 50)
    inner = bar & (np.arange(129) == 65)[:, None]
    for brightness, deep in ((1.45, False), (2.2, True)):
        painted = torch.where(torch.from_numpy(bar), brightness * head.mean_tissue, head.density.real)
        layer = bright_layer(Body(painted.to(torch.complex128), head.spacing_mm))
        assert layer[inner & (depth > 20) & (depth < 28)].all()
        assert layer[inner & (depth > 33) & (depth < 45)].any() == deep
        if not deep:  # the bar goes on where it is no longer taken for fat: beside it is nothing fainter, and its next pixels are fat as well
            share = fat_share(Body(painted.to(torch.complex128), head.spacing_mm)).numpy()
            beyond = inner & (depth > 30) & (depth < 31.5)
            assert beyond.any()
            assert share[beyond].min() > 0.99


def layered(rows: dict[int, float]) -> np.ndarray:
    """A body of 100 that the picture cuts on both sides: rows 10 to 109 of 120, with other values from a row on until the next."""
    picture = np.zeros((120, 90))
    picture[10:110] = 100.0
    for first, value in rows.items():
        picture[first:60] = value
    return picture


def test_a_mixed_pixel_is_measured_by_the_fat_and_the_water_beside_it() -> None:
    """A row of 115 under a layer over tissue of 100: p F / 115 of its signal is fat, p = 15 / (F - 100). F is 180 where the layer is even and, weighted by
    brightness itself, (150^2 + 250^2) / 400 where columns of 150 and 250 take turns: what is half water counts less."""
    picture = layered({16: 180.0, 26: 115.0, 27: 100.0})
    picture[16:26, 0:45:2], picture[16:26, 1:45:2] = 150.0, 250.0
    share = fat_share(Body(torch.from_numpy(picture).to(torch.complex128), (1.0, 1.0))).numpy()
    for columns, fat in ((slice(10, 35), (150.0**2 + 250.0**2) / 400), (slice(55, 80), 180.0)):
        p = 15 / (fat - 100)
        np.testing.assert_allclose(share[26, columns], p * fat / 115, atol=0.004)
    assert share[17:25, 5:-5].min() == 1.0
    assert share[29:100].max() == 0.0


def test_far_from_any_water_the_mean_of_all_water_counts() -> None:
    """A darker pixel where the picture cuts a thick layer: 160 of 200, water of 100 too far off to be the one beside it: 0.6 of fat, 0.75 of its signal."""
    picture = layered({14: 200.0, 32: 100.0})
    picture[22, 0] = 160.0
    share = fat_share(Body(torch.from_numpy(picture).to(torch.complex128), (1.0, 1.0))).numpy()
    assert share[22, 0] == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize(("length", "found"), [(34, False), (54, True)])
def test_fat_lies_under_fifteen_percent_of_the_skin(length: int, found: bool) -> None:
    """A block of 84 rows of 1 mm and 60 columns of 1.4 mm: skin is what lies within 1.5 of the longer side of a pixel, two rows above and below, one column
    left and right, 404 pixels. Fat beside the left column has as many of them within 10 mm as it is long and nine more at either end."""
    picture = np.zeros((110, 90))
    picture[13:97, 15:75] = 100.0
    picture[55 - length // 2 : 55 + length // 2, 17:23] = 200.0
    body = Body(torch.from_numpy(picture).to(torch.complex128), (1.0, 1.4))
    assert ((length + 18) / 404 >= 0.15) is found
    assert bool(bright_layer(body).any()) is found


@pytest.mark.parametrize(("degrees", "rest", "found"), [(8, 70.0, False), (20, 70.0, True), (20, 91.0, False)])
def test_a_dim_layer_fills_a_fifth_of_its_zone_and_little_else_of_it_is_bright(degrees: int, rest: float, found: bool) -> None:
    """Eight arcs beneath the skin, as wide as 8 of 45 degrees are too little, as wide as 20 are a layer, though not where what lies between them is as bright
    as tissue; all of them are near more than 15 % of the skin."""
    parts = ((56.4, 90.0), (54.9, 30.0), (52.7, 100.0))
    skin, ring, inner = rings((129, 140), signal=parts)
    y, x = np.mgrid[:129, :140]
    angle = np.degrees(np.arctan2(y - 65.3, x - 66.9)) % 45
    picture = 90.0 * skin + np.where(angle < degrees, 30.0, rest) * ring + 100.0 * inner
    assert bool(suppressed_share(Body(torch.from_numpy(picture).to(torch.complex128), (1.4, 1.4))).any()) is found
