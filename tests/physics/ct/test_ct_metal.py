"""Metal: chords in closed form, streaks where physics puts them, none where it does not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ct_phantoms import disc, joseph

from physics.ct import CTScan, hardening, metal
from physics.ct.acquire import beam_of, rays_of
from physics.ct.band_measures import affected_share, dark_band_axis, dark_band_hu, metal_area, streak_hu
from physics.ct.fbp import reconstruct
from physics.ct.geometry import Fan, Grid, Parallel
from physics.ct.hardening import harden_beam, water_curve
from physics.ct.implant import Ellipse, touched_rays
from physics.ct.implant_sites import sites_of, why_no_metal
from physics.ct.kernel import SMOOTH, STANDARD
from physics.ct.matter import Spectrum, bone_over_water, spectrum_of
from physics.ct.metal import insert_metal, shadow_of
from physics.ct.quanta_lost import LostQuanta, LostSignal, noisier_behind
from physics.ct.scatter import scatter_shape
from physics.ct.spectrum import hu_change
from physics.display import Display
from physics.measure.pair import Pair, View
from physics.scan import EditConflict, acquire

GRID = Grid((201, 160), (1.0, 1.25))
FAN = Fan(n_views=360)
PARALLEL = Parallel(n_views=360)


def water(radius_mm=92.0, *, dtype=torch.float32, geometry=FAN, n0=5e5):
    hu = torch.tensor(1000 * disc(GRID, radius_mm=radius_mm) - 1000, dtype=dtype)
    return replace(CTScan.of(hu, spacing_mm=GRID.spacing_mm, n0=n0, kernel=STANDARD), geometry=geometry)


@pytest.fixture
def one_energy(monkeypatch):
    """A beam of 70 keV alone, for everything that asks for a spectrum."""
    real = spectrum_of(120)
    single = Spectrum(120, np.array([70.0]), np.array([1.0]), {name: np.array([real.at_reference(name)]) for name in real.mu_per_mm})
    monkeypatch.setattr(hardening, "spectrum_of", lambda kvp: single)
    monkeypatch.setattr(metal, "spectrum_of", lambda kvp: single)
    water_curve.cache_clear()
    yield
    water_curve.cache_clear()


@pytest.mark.parametrize("ellipse", [Ellipse("steel", 14.0, -23.0, 17.0, 8.0, 35.0), Ellipse("steel", -30.0, 11.0, 12.0, 12.0, hole=0.6)])
def test_chords_are_lengths_through_the_ellipse(ellipse, oracle):
    """Beside many samples of a fine picture along lines in all directions, and the area as their integral."""
    grid = Grid((601, 601), (0.2, 0.2))
    picture = ellipse.inside(grid).astype(float)
    if ellipse.hole:
        picture -= replace(ellipse, a_mm=ellipse.a_mm * ellipse.hole, b_mm=ellipse.b_mm * ellipse.hole).inside(grid)
    theta = np.linspace(0, math.pi, 9)[:, None] + 0 * np.zeros(7)
    s = ellipse.x_mm * np.cos(theta) + ellipse.y_mm * np.sin(theta) + np.linspace(-11, 11, 7)
    points, directions = (s * np.cos(theta), s * np.sin(theta)), (-np.sin(theta), np.cos(theta))
    slow = joseph(picture, grid, points, directions, step_mm=0.05)
    oracle("ct_metal", "chords through an ellipse, mm", float(np.abs(ellipse.chord_mm(theta, s) - slow).max()), below=0.6)
    fine = np.linspace(-80, 80, 64001)
    area = ellipse.chord_mm(np.array([[0.7]]), fine[None]).sum() * (fine[1] - fine[0])
    oracle("ct_metal", "area of an ellipse from its chords", float(area / (math.pi * ellipse.a_mm * ellipse.b_mm * (1 - ellipse.hole**2))) - 1, below=1e-4)


@pytest.mark.parametrize("geometry", [FAN, PARALLEL])
def test_the_trace_is_as_wide_as_the_disc(geometry, oracle):
    """A disc of radius R shadows 2 R of s in every view, and the sub-rays average to its chord; rays that are left out meet none of it."""
    implant = Ellipse("titanium", 22.0, -31.0, 9.0, 9.0)
    touched, (chords,) = touched_rays((implant,), geometry, n_sub=5)
    full = np.zeros((geometry.n_views, geometry.n_channels))
    full.ravel()[touched] = chords.mean(axis=0)
    areas = (full * geometry.pitch_mm()).sum(axis=1)
    if geometry is PARALLEL:
        oracle("ct_metal", "area of a disc in every view", float(np.abs(areas / (math.pi * 81) - 1).max()), below=0.01)
        np.testing.assert_allclose((full > 0).sum(axis=1) * geometry.channel_mm, 18.0, atol=1.3)
    theta = geometry.theta()[:, None] + (geometry.gamma() if geometry is FAN else 0 * geometry.s_mm())
    assert np.all(full[implant.chord_mm(theta, geometry.s_mm()[None] + 0 * theta) > 0] > 0)


def test_one_energy_without_noise_gives_the_metal_and_no_streak(one_energy, monkeypatch, oracle):
    """No scatter, no noise: tissue 6 mm from the metal stays within 5 HU; a single ray in the middle of each channel reads the metal in the place of tissue,
    not on top of it."""
    scan = replace(water(dtype=torch.float64, geometry=Fan()), kernel=SMOOTH, crosstalk=0.0)
    implant = Ellipse("titanium", 25.0, 14.0, 6.0, 6.0)
    edited = insert_metal(scan, (implant,), scatter=0.0, noise=False)
    change = (acquire(edited) - scan.hu).numpy()
    y, x = GRID.centred_mm()
    apart = np.hypot(x[None] - 25.0, y[:, None] - 14.0)
    oracle("ct_metal", "one energy leaves no streak, HU", float(np.abs(change[(apart > 12.0) & (np.hypot(x[None], y[:, None]) < 85)]).max()), below=5.0)
    monkeypatch.setattr(metal, "SUB_RAYS", 1)
    scan, spectrum = water(dtype=torch.float64), spectrum_of(120)
    shadow = shadow_of(scan, (implant,), kvp=120, scatter=0.0)
    theta = FAN.theta()[:, None] + FAN.gamma()
    chord = implant.chord_mm(theta, np.broadcast_to(FAN.s_mm(), theta.shape)).ravel()[shadow.touched]
    expected = chord * (spectrum.at_reference("titanium") - scan.mu_water)
    assert np.abs(shadow.with_metal - shadow.without - expected).max() < 2e-3 * expected.max()


def test_tissue_gives_way_to_metal_whatever_its_size():
    """In bone of 1000 HU, also where the implant is smaller than a pixel: what is taken out is the water and bone of that place."""
    hu = torch.tensor(1000 * disc(GRID, radius_mm=92.0) - 1000 + 1000 * disc(GRID, radius_mm=30.0), dtype=torch.float64)
    scan = CTScan.of(hu, spacing_mm=GRID.spacing_mm, n0=5e5, kernel=STANDARD)
    for radius in (0.2, 5.0):
        soft, hard = metal._tissue(scan, Ellipse("steel", 3.3, -2.2, radius, radius))
        assert 0.4 < hard < 0.9
        assert soft + hard * bone_over_water(120.0) == pytest.approx(2.0, abs=1e-6)


def test_a_small_implant_replaces_what_lies_there():
    """Marrow, fat and bone in three places off the middle: an implant smaller than a pixel takes out what is there, on either side of both axes."""
    hu = 1000 * disc(GRID, radius_mm=92.0) - 1000
    places = {(40.0, -25.0): 1000.0, (-40.0, 25.0): -100.0, (25.0, 40.0): 200.0, (-25.0, -40.0): 600.0}
    for centre, value in places.items():
        hu = np.where(disc(GRID, radius_mm=8.0, centre_mm=centre) > 0, value, hu)
    scan = CTScan.of(torch.tensor(hu), spacing_mm=GRID.spacing_mm, n0=5e5, kernel=STANDARD)
    for (x, y), value in places.items():
        soft, hard = metal._tissue(scan, Ellipse("steel", x + 0.3, y - 0.2, 0.1, 0.1))
        assert soft + hard * bone_over_water(120.0) == pytest.approx(1 + value / 1000, abs=1e-6)


@pytest.mark.parametrize("x_mm", [18.0, 36.0], ids=["in bone", "at the rim of bone"])
def test_bone_gives_way_to_metal_ray_by_ray(one_energy, monkeypatch, x_mm):
    """One energy, single rays: a ray gains its chord times mu of titanium less the mean mu of the place, of water and bone together, also where it holds less
    bone than that place does."""
    monkeypatch.setattr(metal, "SUB_RAYS", 1)
    hu = 1000 * disc(GRID, radius_mm=92.0) - 1000 + 1000 * disc(GRID, radius_mm=30.0, centre_mm=(10.0, -5.0))
    scan = replace(CTScan.of(torch.tensor(hu), spacing_mm=GRID.spacing_mm, n0=5e5, kernel=STANDARD), geometry=FAN)
    implant = Ellipse("titanium", x_mm, -5.0, 7.0, 7.0)
    shadow = shadow_of(scan, (implant,), kvp=120, scatter=0.0)
    theta = FAN.theta()[:, None] + FAN.gamma()
    chord = implant.chord_mm(theta, np.broadcast_to(FAN.s_mm(), theta.shape)).ravel()[shadow.touched]
    place = scan.mu_water * (1 + hu[implant.inside(GRID)].mean() / 1000)
    expected = chord * (spectrum_of(120).at_reference("titanium") - place)
    assert np.abs(shadow.with_metal - shadow.without - expected).max() < 2e-3 * expected.max()


def test_scatter_lies_under_both_readings_as_strong_as_told():
    """Behind metal and without it the same light is added: on the thickest ray 0.05 of its own signal at the reference energy, and where the filter lets less
    through it weighs more beside the signal in air."""
    scan, implants = replace(water(dtype=torch.float64), modulation=0.0), (Ellipse("steel", 0.0, 0.0, 9.0, 9.0),)
    plain, scattered = (shadow_of(scan, implants, kvp=120, scatter=scatter) for scatter in (0.0, 0.05))
    floors = [np.exp(-getattr(scattered, name)) - np.exp(-getattr(plain, name)) for name in ("without", "with_metal")]
    np.testing.assert_allclose(floors[0], floors[1], rtol=1e-6)
    beam = beam_of(scan)
    primary = (beam.expected / beam.air).numpy().ravel()[plain.touched]
    thickest = beam.rays.numpy().ravel()[plain.touched].argsort()[-FAN.n_views :]
    assert np.median((floors[0] / primary)[thickest]) == pytest.approx(0.05, rel=0.01)
    spread = scatter_shape(beam.expected, beam.air, geometry=FAN, width_mm=80.0) / beam.air
    np.testing.assert_allclose(floors[0] / floors[0].mean(), (spread.numpy().ravel()[plain.touched]) / spread.numpy().ravel()[plain.touched].mean(), rtol=1e-6)


def pair_of(scan, picture):
    return Pair(scan.hu, picture, View("ct", "abdomen", Display("window", -160.0, 240.0), scan.hu > -500, scan.spacing_mm), scan, None)


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, 118.0])
def test_the_dark_streak_joins_two_discs(angle_deg, oracle):
    """Two discs of titanium: the darkest tissue lies on the line of their centres within 2 degrees, below -50 HU there and not elsewhere."""
    scan = water()
    u = np.array([math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))])
    discs = tuple(Ellipse("titanium", sign * 30 * u[0], sign * 30 * u[1], 7.0, 7.0) for sign in (-1, 1))
    pair = pair_of(scan, acquire(insert_metal(scan, discs, noise=False)))
    found = dark_band_axis(pair).value
    oracle("ct_metal", "axis of the dark streak between two discs, degrees", (found - angle_deg + 90) % 180 - 90, below=2.0)
    y, x = GRID.centred_mm()
    along, across = x[None] * u[0] + y[:, None] * u[1], y[:, None] * u[0] - x[None] * u[1]
    change = (pair.degraded - scan.hu).numpy()
    assert change[(np.abs(along) < 15) & (np.abs(across) < 3)].mean() < -50
    assert change[(np.abs(along) < 15) & (np.abs(across) > 25) & (np.abs(across) < 60)].mean() > -20
    assert dark_band_hu(pair).value > 50
    assert metal_area(pair).value == pytest.approx(2 * math.pi * 49, rel=0.35)


def test_streaks_grow_with_the_metal_and_with_its_weight():
    """Titanium, steel, amalgam of one size, then steel of three sizes: streaks and the share of the body that they spoil rise."""
    scan = water()

    def seen(material, radius):
        return pair_of(scan, acquire(insert_metal(scan, (Ellipse(material, 20.0, 5.0, radius, radius),), seed=3)))

    materials = [seen(material, 4.0) for material in ("titanium", "steel", "amalgam")]
    sizes = [seen("steel", radius) for radius in (1.0, 3.0, 8.0)]
    for pairs in (materials, sizes):
        streaks, shares = [streak_hu(pair).value for pair in pairs], [affected_share(pair).value for pair in pairs]
        assert streaks == sorted(streaks)
        assert shares == sorted(shares)


def test_edges_finer_than_a_channel_let_more_through():
    """Averaged in intensity a channel measures no more than the mean of its sub-rays (Jensen), and less at the rim."""
    scan = water()
    touched, (chords,) = touched_rays((Ellipse("gold", 10.0, 0.0, 4.0, 4.0),), FAN, n_sub=5)
    shadow = shadow_of(scan, (Ellipse("gold", 10.0, 0.0, 4.0, 4.0),), kvp=120, scatter=0.0)
    spectrum = spectrum_of(120)
    alone = [-np.log(hardening.attenuated({"water": np.full(len(touched), 150.0), "gold": chord}, spectrum)) for chord in chords]
    mean_of_logs, log_of_mean = np.mean(alone, axis=0), -np.log(np.mean(np.exp(-np.array(alone)), axis=0))
    assert np.all(log_of_mean <= mean_of_logs + 1e-12)
    assert (mean_of_logs - log_of_mean).max() > 0.5
    assert np.array_equal(shadow.touched, touched)


def test_noise_behind_metal_is_poisson(oracle):
    """Rays that keep few of their quanta: the share without any is exp(-N); a uniform share a adds a (1 - a) N and (1 - a^2) sigma_e^2."""
    scan = replace(water(dtype=torch.float64), n0=1e9, electronic_noise=6.0)
    starved = LostQuanta(5).apply(torch.full_like(beam_of(scan).expected, 1.2), scan)
    oracle("ct_metal", "share of rays without a quantum", float((starved < 1e-3).double().mean()) - math.exp(-1.2), below=0.003)
    source = beam_of(scan).expected * 1e9
    kept = LostQuanta(5).apply(source * 0.3, scan)
    z = ((kept - source * 0.3) / (source * 0.3 * 0.7).sqrt()).double()
    oracle("ct_metal", "variance of thinned quanta", float(z.var()) - 1, below=0.01)
    loose = replace(scan, crosstalk=0.0, dose=0.5)
    electronic = LostSignal(5).apply(source * (0.5 * 0.3), loose) - source * (0.5 * 0.3)
    assert float(electronic.std()) == pytest.approx(6.0 * 0.5 * math.sqrt(1 - 0.09), rel=0.03)


def test_seeds_of_several_edits_add_up():
    """One pair of noise events whatever the number of edits, in any order."""
    scan = water()
    both = noisier_behind(noisier_behind(scan, seed=3), seed=4)
    other = noisier_behind(noisier_behind(scan, seed=4), seed=3)
    assert both.events == other.events
    assert len(both.events) == 2


def test_both_geometries_and_precisions_agree():
    """The same dark band to 2 %, dtype kept."""
    bands = []
    for dtype, geometry in ((torch.float32, FAN), (torch.float32, PARALLEL), (torch.float64, FAN)):
        scan = water(dtype=dtype, geometry=geometry)
        discs = (Ellipse("titanium", -30.0, 0.0, 6.0, 6.0), Ellipse("titanium", 30.0, 0.0, 6.0, 6.0))
        picture = acquire(insert_metal(scan, discs, noise=False))
        assert picture.dtype == dtype
        y, x = GRID.centred_mm()
        bands.append((picture - scan.hu).double().numpy()[(np.abs(x[None]) < 12) & (np.abs(y[:, None]) < 2.5)].mean())
    assert bands[1:] == pytest.approx([bands[0]] * 2, rel=0.02)


def trunk(*, dtype=torch.float32):
    """An oval body with a vertebra of marrow and cortex and two femoral heads; the table below."""
    grid = Grid((260, 400), (1.0, 1.0))
    y, x = grid.centred_mm()
    hu = np.full(grid.shape, -1000.0)
    hu[(x[None] / 170) ** 2 + (y[:, None] / 105) ** 2 < 1] = 40.0
    for centre, radius in ((-95.0, 24.0), (95.0, 24.0), (0.0, 20.0)):
        apart = np.hypot(x[None] - centre, y[:, None] - (50.0 if centre == 0 else 5.0))
        hu[apart < radius] = 900.0
        hu[apart < radius - 4] = 220.0
    hu[(np.abs(y[:, None] - 118) < 1.5) & (np.abs(x[None]) < 180)] = 300.0
    return CTScan.of(torch.tensor(hu, dtype=dtype), spacing_mm=grid.spacing_mm, n0=5e5, kernel=STANDARD)


def test_metal_is_placed_where_patients_have_it():
    """Screws inside bone, joints at the femoral heads, clips in soft tissue, nothing in the table; no teeth in a trunk."""
    sites = sites_of(trunk())
    assert [(round(x), round(y)) for x, y, _ in sites.joints] == [(-95, 5), (95, 5)]
    assert all(40 < width < 56 for _, _, width in sites.joints)
    apart = np.min([np.hypot(sites.screws[:, 0] - x, sites.screws[:, 1] - y) for x, y in ((-95, 5), (95, 5), (0, 50))], axis=0)
    assert len(sites.screws) > 100
    assert apart.max() < 22
    assert np.all((sites.soft[:, 0] / 170) ** 2 + (sites.soft[:, 1] / 105) ** 2 < 1)
    assert len(sites.teeth) == 0
    assert why_no_metal(trunk()) is None


def test_slices_with_metal_or_without_a_body_are_refused():
    """The reason says which."""
    scan = trunk()
    hu = scan.hu.clone()
    hu[100:110, 200:210] = 3000.0
    assert "metal of its own" in why_no_metal(replace(scan, hu=hu))
    assert "no body" in why_no_metal(replace(scan, hu=torch.full_like(hu, -1000.0)))


def test_nothing_inserted_is_the_scan_itself_and_nonsense_is_refused():
    """The same object without implants; unknown metals, flat ellipses, scatter beyond 1; a spectrum edited twice."""
    scan = water()
    assert insert_metal(scan, ()) is scan
    for implant in (Ellipse("brass", 0, 0, 2, 2), Ellipse("steel", 0, 0, 2, 0), Ellipse("steel", 0, 0, 2, 2, hole=1.0)):
        with pytest.raises(ValueError, match="implant"):
            insert_metal(scan, (implant,))
    with pytest.raises(ValueError, match="scatter"):
        insert_metal(scan, (Ellipse("steel", 0, 0, 2, 2),), scatter=2.0)
    steel = insert_metal(scan, (Ellipse("steel", 0, 0, 2, 2),))
    for twice in (lambda: insert_metal(steel, (Ellipse("steel", 9, 0, 2, 2),)), lambda: harden_beam(steel, 0.5)):
        with pytest.raises(EditConflict, match="hardened already"):
            twice()


def test_a_painted_star_is_not_metal(oracle):
    """Toy: 3071 HU painted on the mask changes no tissue beside it; the scanner streaks about two discs of steel."""
    scan = water()
    implants = (Ellipse("steel", 25.0, 5.0, 6.0, 6.0), Ellipse("steel", -25.0, 0.0, 6.0, 6.0))
    outline = torch.from_numpy(implants[0].inside(GRID) | implants[1].inside(GRID))
    assert streak_hu(pair_of(scan, torch.where(outline, torch.tensor(3071.0), scan.hu))).value < 1e-6
    assert streak_hu(pair_of(scan, acquire(insert_metal(scan, implants, noise=False)))).value > 30
    beam = beam_of(scan)
    assert torch.equal(rays_of(scan), beam.rays)
    silent = hu_change(reconstruct(beam.rays * 0, scan.geometry, grid=GRID, kernel=STANDARD), mu_water=scan.mu_water)
    oracle("ct_metal", "no residual, no change, HU", float(silent.abs().max()), below=1e-6)


@pytest.mark.parametrize("geometry", [FAN, PARALLEL], ids=["fan", "parallel"])
def test_sub_rays_lie_across_the_channel_from_its_lower_end(geometry):
    """Three of them at a third of a channel below, on and above its middle: a fan's turn with their own angle, and run at R sin of it."""
    implant = Ellipse("gold", 30.0, -12.0, 9.0, 5.0, 25.0)
    touched, (chords,) = touched_rays((implant,), geometry, n_sub=3)
    view, channel = touched // geometry.n_channels, touched % geometry.n_channels
    for chord, part in zip(chords, (-1 / 3, 0.0, 1 / 3), strict=True):
        if geometry is FAN:
            gamma = geometry.gamma()[channel] + part * 1.0239 / 949.0
            theta, s = 2 * math.pi * view / 360 + gamma, 541.0 * np.sin(gamma)
        else:
            theta, s = math.pi * view / 360, geometry.s_mm()[channel] + part * 0.6
        np.testing.assert_allclose(chord, implant.chord_mm(theta, s), atol=1e-9)


def test_lost_quanta_are_drawn_by_numpy_from_the_seed_with_streams_of_their_own():
    """Quanta from stream 2, electronics from stream 3 of the seed: of a ray that keeps 0.36 of its light, what a replay on another machine draws."""
    scan = replace(water(dtype=torch.float64), crosstalk=0.0, electronic_noise=5.0, n0=1e12, dose=0.5)
    source = beam_of(scan).expected * 1e12
    shape = tuple(source.shape)
    normals = [np.random.Generator(np.random.PCG64(np.random.SeedSequence(77, spawn_key=(k,)))).standard_normal(shape, dtype=np.float32) for k in (2, 3)]
    quanta = (LostQuanta(77).apply(0.36 * source, scan) - 0.36 * source) / (0.36 * 0.64 * source).sqrt()
    np.testing.assert_allclose(quanta, normals[0], atol=1e-3)
    signal = LostSignal(77).apply(0.18 * source, replace(scan, n0=1e12)) - 0.18 * source
    np.testing.assert_allclose(signal / (5.0 * 0.5 * math.sqrt(1 - 0.36**2)), normals[1], atol=0.02)
