"""The healthy scan, its padding, and the scanner without events."""

from __future__ import annotations

import pickle
import weakref
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import ClassVar

import numpy as np
import pytest
import torch
from ct_phantoms import disc

from physics.ct import CTScan, Stage, lower_dose
from physics.ct.acquire import beam_of, rays_of, shared
from physics.ct.geometry import FAN, Fan, Grid
from physics.ct.kernel import BONE, STANDARD
from physics.ct.memory import Memory
from physics.pose import Pose
from physics.scan import EditConflict, acquire

GRID = Grid((120, 128), (2.0, 1.9))
COARSE = Fan(n_views=360, n_channels=260, channel_mm=2.5)


def water(radius_mm=80.0, centre_mm=(0.0, 0.0), dtype=torch.float32):
    return torch.tensor(1000 * disc(GRID, radius_mm=radius_mm, centre_mm=centre_mm) - 1000, dtype=dtype)


def scan_of(hu=None, **options):
    return CTScan.of(water() if hu is None else hu, spacing_mm=GRID.spacing_mm, **{"n0": 1e5, "kernel": STANDARD, **options})


@dataclass(frozen=True)
class Added:
    """Adds a constant at a stage."""

    stage: IntEnum
    value: float
    rank: ClassVar[int] = 10

    def apply(self, data, scan):
        return data + self.value


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_healthy_scan_gives_the_source_bit_for_bit(dtype):
    """acquire(healthy) is the source, dtype kept, and not the same memory."""
    hu = water(dtype=dtype) + 0.123
    found = acquire(scan_of(hu))
    assert found.dtype == dtype
    assert torch.equal(found, hu)
    assert found.data_ptr() != hu.data_ptr()


def test_full_dose_is_the_source_bit_for_bit():
    """The neutral dose, asked for by name, changes nothing."""
    scan = scan_of()
    assert torch.equal(acquire(lower_dose(scan, 1.0, seed=3)), scan.hu)


def test_an_event_that_adds_nothing_changes_nothing():
    """The residual of an unchanged detector is nothing: the scanner's two ways agree, also with crosstalk, bowtie and current."""
    scan = replace(scan_of(), modulation=0.4)
    for stage in Stage:
        found = acquire(scan.with_events(Added(stage, 0.0)))
        assert float((found - scan.hu).abs().max()) < 0.02, stage


def test_attenuation_added_in_the_picture_arrives_in_the_picture():
    """The first stage: 50 HU more in a small insert are 50 HU more, there and nowhere else (materials, rays, log and reconstruction in one chain)."""
    insert = torch.tensor(disc(GRID, radius_mm=25.0, centre_mm=(-30.0, 20.0)), dtype=torch.float64)
    scan = replace(scan_of(water(dtype=torch.float64)), crosstalk=0.0)

    @dataclass(frozen=True)
    class Insert:
        stage: IntEnum = Stage.MATERIALS
        rank: int = 10

        def apply(self, data, scan):
            return data + 0.05 * scan.mu_water * insert

    change = acquire(scan.with_events(Insert())) - scan.hu
    core = insert.numpy() > 0
    y, x = GRID.centred_mm()
    distance = np.hypot(y[:, None] - 20, x[None] + 30)
    assert change.numpy()[distance < 15].mean() == pytest.approx(50.0, abs=1.0)
    assert abs(change.numpy()[(distance > 35) & (distance < 60)].mean()) < 1.0
    assert core.any()


def test_a_bias_of_every_ray_is_the_same_at_the_stages_before_and_after_the_logarithm():
    """Adding d to the line integrals before Beer and Lambert equals adding it after the logarithm."""
    scan = replace(scan_of(water(dtype=torch.float64)), crosstalk=0.0, geometry=COARSE)
    change = [acquire(scan.with_events(Added(stage, 0.01))) - scan.hu for stage in (Stage.RAYS, Stage.SPECTRUM, Stage.LOG)]
    assert float(change[0].abs().max()) > 0.05
    torch.testing.assert_close(change[0], change[1], atol=1e-6, rtol=0)
    torch.testing.assert_close(change[0], change[2], atol=1e-6, rtol=0)
    after = acquire(scan.with_events(Added(Stage.RECONSTRUCTION, 7.0))) - scan.hu
    torch.testing.assert_close(after, torch.full_like(after, 7.0))


def test_half_the_quanta_at_the_detector_are_ln_2_in_every_ray():
    """A signal halved at the detector while the dose is not: p' - p = ln 2, whatever the geometry's scale."""

    @dataclass(frozen=True)
    class Halved:
        stage: IntEnum
        rank: int = 10

        def apply(self, data, scan):
            return data / 2

    scan = replace(scan_of(water(dtype=torch.float64)), geometry=COARSE)
    found = [acquire(scan.with_events(event)) for event in (Halved(Stage.QUANTA), Halved(Stage.DETECTOR), Added(Stage.LOG, float(np.log(2))))]
    torch.testing.assert_close(found[0], found[2], atol=1e-5, rtol=0)
    torch.testing.assert_close(found[1], found[2], atol=1e-5, rtol=0)


def test_quanta_must_be_known_before_they_are_counted():
    """Events of quanta and detector without n0 are an error that says what to do; all others need none, and give what they give with many quanta."""
    for stage in (Stage.QUANTA, Stage.DETECTOR):
        with pytest.raises(ValueError, match=r"dose\.counted"):
            acquire(replace(scan_of(), n0=None).with_events(Added(stage, 0.0)))
    without, with_many = (acquire(replace(scan_of(), n0=n0).with_events(Added(Stage.LOG, 0.01))) for n0 in (None, 1e9))
    torch.testing.assert_close(without, with_many, atol=0.02, rtol=0)


def test_padding_comes_back_and_is_air_to_the_rays():
    """-2000 HU outside of the circle neither attenuates negatively nor changes."""
    hu = water()
    y, x = GRID.centred_mm()
    outside = torch.tensor(np.hypot(y[:, None], x[None]) > 112)
    padded = torch.where(outside, torch.full_like(hu, -2000.0), hu)
    named = torch.where(outside, torch.full_like(hu, -1000.0) + 17.0, hu)
    plain, scan = scan_of(hu), scan_of(padded)
    torch.testing.assert_close(rays_of(scan), rays_of(plain))
    found = acquire(lower_dose(scan, 0.1, seed=1))
    assert (found[outside] == -2000.0).all()
    assert (found[~outside] != padded[~outside]).float().mean() > 0.5
    assert (acquire(lower_dose(scan_of(named, padding_value=-983.0), 0.1, seed=1))[outside] == -983.0).all()
    assert plain.padding is None


def test_twelve_bits_hold_the_result():
    """Noise does not leave -1024 to 3071 HU."""
    found = acquire(lower_dose(scan_of(n0=300.0), 0.05, seed=1))
    assert float(found.min()) >= -1024.0
    assert float(found.max()) <= 3071.0


def test_a_cut_body_is_recorded():
    """A body that reaches the rim of the picture, or of the padding, is truncated; one within is not; the record's list says so."""
    inside, cut = scan_of(), scan_of(water(centre_mm=(70.0, 0.0)))
    assert not inside.truncated
    assert cut.truncated
    assert any("cut by the field of view" in text for text in cut.assumed)
    assert not any("cut by the field of view" in text for text in inside.assumed)
    y, x = GRID.centred_mm()
    circle = torch.tensor(np.hypot(y[:, None], x[None]) > 70)
    assert scan_of(torch.where(circle, torch.full_like(inside.hu, -2000.0), inside.hu)).truncated


def test_a_table_that_leaves_the_picture_does_not_cut_the_body():
    """A thin table across the whole field is no truncation; a slab as thick as a body is."""
    hu = water(radius_mm=60.0)
    thin, thick = hu.clone(), hu.clone()
    thin[100:102, :] = 100.0
    thick[100:112, :] = 100.0
    assert not scan_of(thin).truncated
    assert scan_of(thick).truncated


def test_the_filter_fits_the_patient():
    """Narrower than 280 mm: head filter; wider: body filter."""
    assert scan_of(water(70.0)).bowtie_mm == 200.0
    wide = CTScan.of(water(115.0), spacing_mm=(3.0, 3.0), n0=1e5)
    assert wide.bowtie_mm == 320.0


@pytest.mark.parametrize(("rows", "columns", "filter_mm"), [(139, 90, 200.0), (140, 90, 320.0), (75, 93, 200.0), (75, 94, 320.0), (0, 0, 320.0)])
def test_the_filter_is_chosen_by_the_larger_extent_in_millimetres(rows, columns, filter_mm):
    """Rows of 2 mm and columns of 3 mm: 280 mm on either axis is the limit; an empty slice gets the body filter."""
    hu = torch.full((320, 140), -1000.0)
    hu[20 : 20 + rows, 11 : 11 + columns] = 0.0
    assert CTScan.of(hu, spacing_mm=(2.0, 3.0), n0=1e5).bowtie_mm == filter_mm


@pytest.mark.parametrize(("rows", "columns", "cut"), [(8, 40, False), (9, 40, True), (200, 4, False), (200, 5, True)])
def test_thin_is_what_is_below_eight_millimetres_on_either_axis(rows, columns, cut):
    """At 1 mm by 2.5 mm a plate of 8 rows or 4 columns across the field is a table, 9 rows or 5 columns are a body that the field cuts."""
    hu = torch.full((200, 40), -1000.0)
    hu[70 : 70 + rows if rows < 200 else None, 15 : 15 + columns if columns < 40 else None] = 50.0
    if rows == 200:
        hu[:70, 15 : 15 + columns] = 50.0
    if columns == 40:
        hu[70 : 70 + rows, :15] = 50.0
    assert CTScan.of(hu, spacing_mm=(1.0, 2.5), n0=1e5).truncated == cut


def test_two_percent_of_the_rim_make_a_cut():
    """Of a rim of 396 pixels 6 of body are none, 10 are a cut; a rim of padding counts as the picture's own."""
    hu = torch.full((100, 100), -1000.0)
    few, more, inside = hu.clone(), hu.clone(), hu.clone()
    few[80:, 40:46], more[80:, 40:50], inside[78:98, 40:50] = 50.0, 50.0, 50.0
    inside[98:] = -2000.0
    truncated = [CTScan.of(picture, spacing_mm=(2.0, 2.0), n0=1e5).truncated for picture in (few, more, inside)]
    assert truncated == [False, True, True]


def test_what_was_invented_is_listed():
    """Known kernel and quanta are not listed as assumed; unknown ones are; metal is declared."""
    known = " ".join(scan_of().assumed)
    assert "kernel" not in known
    assert "quanta" not in known
    assert "metal" not in known
    unknown = " ".join(CTScan.of(water(), spacing_mm=(2.0, 2.0), kernel="B31f").assumed)
    assert "kernel" in unknown
    assert "quanta" in unknown
    assert CTScan.of(water(), spacing_mm=(2.0, 2.0), kernel="B70f").kernel is BONE
    metal = water()
    metal[60, 60] = 3000.0
    assert any("metal" in text for text in scan_of(metal).assumed)


def test_a_slice_can_be_held_elsewhere_unless_the_field_cuts_it():
    """No mean pose at rest; the neutral pose is the same scan; another pose is the mean pose then; a body that the field cuts stays."""
    scan, pose = scan_of(), Pose(shift_mm=(1.0, -2.0), angle_deg=3.0)
    assert scan.mean_pose() is None
    assert scan.at(Pose()) is scan
    found = scan.at(pose).mean_pose()
    assert (*found.shift_mm, found.angle_deg) == pytest.approx((1.0, -2.0, 3.0))
    with pytest.raises(EditConflict, match="cuts"):
        replace(scan, truncated=True).at(pose)


@pytest.mark.parametrize("bad", [torch.zeros(3, 8, 8), torch.zeros(8, 8, dtype=torch.int32), torch.full((8, 8), float("nan"))])
def test_what_is_not_a_slice_is_refused(bad):
    """Volumes, integers and NaN."""
    with pytest.raises(ValueError, match="slice"):
        CTScan.of(bad, spacing_mm=(1.0, 1.0))


def test_unknown_geometry_is_refused():
    """The message lists what is allowed."""
    with pytest.raises(ValueError, match="fan"):
        CTScan.of(water(), spacing_mm=(1.0, 1.0), geometry="helical")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="degrees"):
        Fan(n_channels=5000)


def test_a_scan_travels():
    """A pickled scan, with events, gives the same picture, byte for byte."""
    scan = lower_dose(scan_of(), 0.2, seed=9)
    assert torch.equal(acquire(pickle.loads(pickle.dumps(scan))), acquire(scan))


def test_line_integrals_are_water_times_chord():
    """The central ray of a 160 mm cylinder of water: p = 160 mu, at every view; never negative."""
    scan = scan_of()
    rays = rays_of(scan)
    assert rays.shape == (FAN.n_views, FAN.n_channels)
    middle = rays[:, FAN.n_channels // 2].mean()
    assert float(middle) == pytest.approx(160 * scan.mu_water, rel=3e-3)
    assert float(rays.min()) >= 0


def test_the_noise_of_air_is_no_matter():
    """White noise of 60 HU over body and air leaves the mean path behind the body as it was, within 0.004; cut off at -1000 HU it would add 0.04."""
    clean = water()
    noisy = clean + 60 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(2))
    behind = slice(FAN.n_channels // 2 - 100, FAN.n_channels // 2 + 100)
    assert float((rays_of(replace(scan_of(clean), hu=noisy)) - rays_of(scan_of(clean)))[:, behind].mean()) == pytest.approx(0.0, abs=4e-3)


def test_crosstalk_shares_quanta_with_both_neighbours():
    """A single channel's quanta become c, 1 - 2c, c along the detector, not along the views; sums are kept at the ends too; nothing is written in place."""
    quanta = torch.zeros(5, 7)
    quanta[2, 3] = 100.0
    found = shared(quanta, crosstalk=0.03)
    assert found[2].tolist() == pytest.approx([0, 0, 3, 94, 3, 0, 0])
    assert float(found[[0, 1, 3, 4]].abs().max()) == 0
    assert float(quanta.sum()) == 100.0
    ends = torch.zeros(1, 4)
    ends[0, 0], ends[0, 3] = 10.0, 20.0
    assert shared(ends, crosstalk=0.1)[0].tolist() == pytest.approx([9.0, 1.0, 2.0, 18.0])


def test_the_beam_is_computed_once_for_a_picture_and_anew_for_another():
    """Same picture and scanner: the same object; a changed modulation or picture: another."""
    scan = scan_of()
    assert beam_of(scan) is beam_of(lower_dose(scan, 0.3, seed=1))
    assert beam_of(scan) is not beam_of(replace(scan, modulation=0.3))
    assert beam_of(scan) is not beam_of(scan_of(scan.hu.clone()))


def test_memory_is_bounded_and_knows_pictures_by_identity():
    """The oldest entry goes first; equal pictures are not the same picture."""
    memory: Memory[int] = Memory(size=2)
    a, b = torch.zeros(2), torch.zeros(2)
    made = []

    def make(value):
        made.append(value)
        return value

    assert memory.get(a, "k", make=lambda: make(1)) == 1
    assert memory.get(a, "k", make=lambda: make(2)) == 1
    assert memory.get(b, "k", make=lambda: make(3)) == 3
    assert memory.get(a, "l", make=lambda: make(4)) == 4
    assert memory.get(a, "k", make=lambda: make(5)) == 5
    assert made == [1, 3, 4, 5]


def test_memory_lets_go_of_what_belongs_to_pictures_that_are_gone():
    """A value is freed with the next one that is made after its picture."""
    memory: Memory[torch.Tensor] = Memory(size=8)
    a, b = torch.zeros(2), torch.zeros(2)
    held = [weakref.ref(memory.get(picture, "k", make=lambda: torch.ones(3))) for picture in (a, b)]
    del b
    memory.get(a, "l", make=lambda: torch.ones(3))
    assert held[0]() is not None
    assert held[1]() is None
