"""From rays to polar lines and back: a fan's exact turn, spectra of Gaussians in closed form, and transposes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from physics.ct.geometry import FAN, Fan, Geometry, Parallel
from physics.ct.polar import Lines
from physics.ct.rebinning import to_lines, to_rays, turned

Oracle = Callable[..., None]
BLOBS = ((31.0, -12.0, 6.0, 1.0), (-20.0, 25.0, 4.0, 0.6), (5.0, 40.0, 9.0, 0.3))  # x, y, standard deviation in mm, peak
SMALL = replace(FAN, n_views=180, n_channels=121, channel_mm=2.6)


def along(theta: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Line integrals of the blobs."""
    parts = (a * math.sqrt(2 * math.pi) * w * np.exp(-((s - x * np.cos(theta) - y * np.sin(theta)) ** 2) / (2 * w * w)) for x, y, w, a in BLOBS)
    return np.asarray(sum(parts))


@pytest.mark.parametrize("n_views", [180, 181])
def test_a_fan_is_turned_onto_its_own_rays(oracle: Oracle, n_views: int) -> None:
    """Parallel views on a fan's channels, turned by the fan angle, are the line integrals along its rays; and back. Even and odd numbers of views."""
    fan = replace(SMALL, n_views=n_views)
    theta, gamma, s = fan.theta()[:, None], fan.gamma()[None], fan.s_mm()[None]
    parallel, rays = (torch.from_numpy(along(angle, s)) for angle in (theta, theta + gamma))
    there, back = turned(parallel, fan, to_fan=True), turned(rays, fan, to_fan=False)
    oracle("ct_sparse_view", "line integrals along a fan's rays, turned from parallel views", float((there - rays).norm() / rays.norm()), below=1e-6)
    assert float((back - parallel).norm() / parallel.norm()) < 1e-6


def test_a_turn_keeps_white_noise() -> None:
    """A factor of modulus one on each harmonic: the sum of squares stays, to what the Nyquist harmonic of an even number of views loses."""
    noise = torch.from_numpy(np.random.default_rng(3).standard_normal((181, 121)))
    after = turned(noise, replace(SMALL, n_views=181), to_fan=True)
    torch.testing.assert_close(after.square().sum(dim=0), noise.square().sum(dim=0))
    assert not torch.allclose(after, noise, atol=0.1)


GEOMETRIES: list[tuple[Geometry, Lines]] = [
    (Parallel(n_views=60, n_channels=90, channel_mm=1.7), Lines(n_views=60, turn=math.pi, n_frequencies=64, step_per_mm=1 / (1.7 * 128))),
    (Parallel(n_views=61, n_channels=91, channel_mm=1.7), Lines(n_views=61, turn=math.pi, n_frequencies=64, step_per_mm=1 / (1.7 * 135))),
    (SMALL, Lines(n_views=90, turn=math.pi, n_frequencies=64, step_per_mm=1 / 400)),
]


@pytest.mark.parametrize(("geometry", "lines"), GEOMETRIES, ids=["even", "odd", "fan"])
def test_a_line_is_the_spectrum_of_a_blob(oracle: Oracle, geometry: Geometry, lines: Lines) -> None:
    """Projection-slice theorem: times the distance of the rays, a line is 2 pi w^2 a exp(-2 (pi w nu)^2) exp(-2 pi i nu r.n), r the blob's place."""
    uniform = isinstance(geometry, Parallel)
    s = geometry.s_mm()[None]
    theta = geometry.theta()[:, None]
    width = np.full(s.shape, geometry.channel_mm) if uniform else np.abs(np.gradient(geometry.s_mm()))[None]
    found = to_lines(torch.from_numpy(along(theta, s) * width), geometry, lines=lines)
    if isinstance(geometry, Fan):
        found = found / 2  # two views see each line
    nu, angle = lines.frequency_per_mm()[None], geometry.theta()[: lines.n_views, None]
    parts = (
        2 * math.pi * w * w * a * np.exp(-2 * (math.pi * w * nu) ** 2 - 2j * math.pi * nu * (x * np.cos(angle) + y * np.sin(angle))) for x, y, w, a in BLOBS
    )
    exact = torch.from_numpy(np.asarray(sum(parts)))
    oracle("ct_sparse_view", "spectra of Gaussians along polar lines", float((found - exact).norm() / exact.norm()), below=1e-3)


@pytest.mark.parametrize(("geometry", "lines"), GEOMETRIES, ids=["even", "odd", "fan"])
def test_the_way_back_is_the_transpose(oracle: Oracle, geometry: Geometry, lines: Lines) -> None:
    """<to_lines p, q> = <p, to_rays q> over real and imaginary parts, for any rays and spectra."""
    rng = np.random.default_rng(5)
    n_rays = (geometry.n_views, geometry.n_channels)
    rays = torch.from_numpy(rng.standard_normal(n_rays))
    spectrum = torch.from_numpy(rng.standard_normal((lines.n_views, lines.n_frequencies)) + 1j * rng.standard_normal((lines.n_views, lines.n_frequencies)))
    there, back = to_lines(rays, geometry, lines=lines), to_rays(spectrum, geometry, lines=lines)
    left, right = float((there.conj() * spectrum).real.sum()), float((rays * back).sum())
    oracle("ct_sparse_view", "dot test of rays and polar lines", abs(left - right) / float(there.norm() * spectrum.norm()), below=1e-12)


def test_a_full_turn_folds_onto_half_of_it() -> None:
    """Opposite views see the same lines with s turned round: lines over 180 degrees hold the sum of both, over 360 each."""
    rays = torch.from_numpy(along(SMALL.theta()[:, None], SMALL.s_mm()[None]))
    lines = Lines(n_views=90, turn=math.pi, n_frequencies=40, step_per_mm=1 / 400)
    folded, whole = to_lines(rays, SMALL, lines=lines), to_lines(rays, SMALL, lines=replace(lines, n_views=180, turn=2 * math.pi))
    torch.testing.assert_close(folded, whole[:90] + whole[90:].conj())
