"""From a loaded case to a healthy scan and its view: the source made continuous and honest, so that nothing tells a touched picture from an untouched one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from medq_gen.records import Case
from medq_gen.sources.acquired import on_acquired_grid
from medq_gen.sources.anatomy import PLANES
from medq_gen.sources.identity import view_of
from medq_gen.sources.source import LoadedCase, Measured, MeasuredRays, Neighbours
from physics.measure.pair import View
from physics.scan import Scan

if TYPE_CHECKING:
    from physics.ct import CTScan
    from physics.ct.slab import Slab as CTSlab
    from physics.mri import MRIScan
    from physics.mri.chain import Slab
    from physics.mri.protocol import Protocol, Region

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# A source step of a quarter of a display code makes one code in twenty hold a level more or less than its neighbours: a comb that a histogram shows.
_COMB_CODES = 0.25
_RAYLEIGH_QUARTILE = 0.7585  # sqrt(-2 ln 0.75): a quarter of air lies below this many sigma
_FLOOR_SHARE = 0.003  # the least floor of masked air, as a share of mean tissue
_BLOCK = 8
_REGIONS: dict[str, Region] = {
    **dict.fromkeys(("head", "brain"), "head"),
    **dict.fromkeys(("chest", "abdomen", "pelvis", "lung", "liver", "colon", "stomach", "bowel"), "trunk"),
    **dict.fromkeys(("neck", "spine", "limb", "breast"), "other"),
}


def healthy_scan(loaded: LoadedCase, *, seed: int) -> tuple[Scan, View]:
    """The scan of a case with nothing wrong, and how its reference is shown.

    seed : of everything that is invented (dither, noise floor, phase); one per case and run, from seeds.generator(root, case id, Purpose.DITHER).
    """
    modality = loaded.case.modality
    if modality == "mri":
        return _mri(loaded, seed)
    if modality == "ct":
        return _ct(loaded, seed)
    return _capture(loaded)


def _rng(seed: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose])))


def _mri(loaded: LoadedCase, seed: int) -> tuple[Scan, View]:
    from physics.mri import MRIScan
    from physics.noise import with_noise_floor

    if isinstance(loaded.measured, Measured):
        return replace(_measured(loaded.measured), protocol=protocol_of(loaded.case)), view_of(loaded.pixels, loaded.case)
    loaded, told = on_acquired_grid(loaded)
    case, facts = loaded.case, loaded.case.acquisition
    view = view_of(loaded.pixels, case)
    values, body = loaded.pixels.astype(np.float64), view.mask.numpy()
    assumed = list(told)
    air, sigma = masked_air(values, body), tissue_sigma(values, body)
    if not air.any():
        sigma = air_sigma(values, body, otherwise=sigma)
    codes_per_unit = 255.0 / (view.display.high - view.display.low)
    step = source_step(values)
    values, dithered = dither(values, codes_per_unit=codes_per_unit, seed=seed)
    if dithered:
        assumed.append("dither of half a source step")
    if air.any():
        sigma = max(sigma, _FLOOR_SHARE * float(loaded.pixels[body].mean()))
        floor = with_noise_floor(torch.zeros(values.shape, dtype=torch.float64), sigma=sigma, seed=seed).numpy()
        values = np.where(air, floor, values)
        assumed.append("noise floor of masked air")
    axis = facts.get("phase_encode_axis")
    if axis is None:
        assumed.append("phase-encode direction: along the columns")
    scan = MRIScan.of(
        torch.from_numpy(np.abs(values).astype(np.float32)),
        spacing_mm=case.spacing_mm or (1.0, 1.0),
        phase_axis=0 if axis is None else int(axis),
        field_strength_t=facts.get("field_strength_t"),
        masked_air=False,  # the floor stands in for what was masked
        source_sigma=sigma,
        seed=seed,
    )
    if facts.get("spacing") == "assumed":
        assumed.append("pixel spacing of 1 mm")
    slab = None
    if loaded.neighbours is not None:
        slab = _slab(loaded.neighbours, scan, step=step if dithered else None, floor=sigma if air.any() else None, seed=seed)
    return replace(scan, slab=slab, protocol=protocol_of(case), assumed=(*scan.assumed, *assumed)), view


def protocol_of(case: Case) -> Protocol:
    """What is known of an MRI case beside its pixels: words of closed lists, from its header or its row of the manifest."""
    from physics.mri.protocol import Protocol

    plane = case.view if case.view in (*PLANES, "oblique") else None
    return Protocol(region=_REGIONS.get(case.anatomy), plane=plane, echo=case.acquisition.get("echo"), weighting=case.acquisition.get("weighting"))


def _measured(measured: Measured) -> MRIScan:
    """The scan of k-space: nothing is dithered, masked or invented, but for a direction that nobody stated."""
    from medq_gen.sources.kspace import scan_of_measured

    scan = scan_of_measured(measured)
    return scan if measured.phase_axis is not None else replace(scan, assumed=(*scan.assumed, "phase-encode direction: along the columns"))


def _slab(neighbours: Neighbours, scan: MRIScan, *, step: float | None, floor: float | None, seed: int) -> Slab:
    """The slices about the body, made continuous and honest as the body was: its dither, its noise floor where a slice was masked, its phase."""
    from physics.mri.chain import Slab

    rng, pixels, body = _rng(seed, 1), neighbours.pixels, scan.body.density
    phase = body / body.abs().clamp(min=torch.finfo(torch.float32).tiny)
    density = torch.empty(pixels.shape, dtype=body.dtype)
    for place, one in enumerate(pixels):
        if place == neighbours.index:
            density[place] = body
            continue
        masked = one == 0
        values = one if step is None else one + np.float32(step) * (rng.random(one.shape, dtype=np.float32) - np.float32(0.5))
        values = np.abs(values)
        if floor is not None:
            parts = rng.standard_normal((2, int(masked.sum())), dtype=np.float32)
            values[masked] = np.float32(floor) * np.hypot(parts[0], parts[1])
        density[place] = torch.from_numpy(values) * phase
    return Slab(density, neighbours.index, (neighbours.step_mm, *scan.spacing_mm))


def _ct(loaded: LoadedCase, seed: int) -> tuple[Scan, View]:
    from physics.ct import CTScan

    case, facts = loaded.case, loaded.case.acquisition
    view = view_of(loaded.pixels, case)
    if isinstance(loaded.measured, MeasuredRays):
        return replace(_of_rays(loaded.measured), window_hu=(view.display.low, view.display.high)), view
    values, padding = loaded.pixels.astype(np.float64), facts.get("padding_hu")
    assumed: list[str] = []
    smooth, dithered = dither(values, codes_per_unit=255.0 / (view.display.high - view.display.low), seed=seed)
    if dithered:
        # Padding is a mark, not a measurement; and no dither may turn air into padding (below -1024).
        values = np.where(_marked(values, padding), values, np.maximum(smooth, -1024.0))
        assumed.append("dither of half a source step")
    if "kvp" not in facts:
        assumed.append("tube voltage of 120 kVp")
    if not facts.get("hu_exact", True):
        assumed.append("HU from the codes of a window; air, lung and bone beyond it")
    scan = CTScan.of(
        torch.from_numpy(values.astype(np.float32)),
        spacing_mm=case.spacing_mm or (1.0, 1.0),
        kvp=float(facts.get("kvp", 120.0)),
        mas=facts.get("mas"),
        kernel=facts.get("kernel"),
        padding_value=padding,
        window_hu=(view.display.low, view.display.high),
    )
    slab = None
    if loaded.neighbours is not None and case.view == "axial":  # the slices about a reformatted plane are no slices of a scanner
        slab = _ct_slab(loaded.neighbours, scan.hu, step=source_step(loaded.pixels) if dithered else None, padding=padding, seed=seed)
    return replace(scan, slab=slab, assumed=(*scan.assumed, *assumed)), view


def _marked(values: NDArray[Any], padding: float | None) -> Mask:
    """Pixels that were never reconstructed."""
    return np.asarray(values < -1024.0 if padding is None else (values < -1024.0) | (values == padding))


def _ct_slab(neighbours: Neighbours, hu: torch.Tensor, *, step: float | None, padding: float | None, seed: int) -> CTSlab:
    """The slices about a slice, made continuous as it was: its dither, its padding kept."""
    from physics.ct.slab import Slab as CTSlab

    rng, slices = _rng(seed, 1), torch.empty(neighbours.pixels.shape, dtype=hu.dtype)
    for place, one in enumerate(neighbours.pixels):
        if place == neighbours.index:
            slices[place] = hu
        elif step is None:
            slices[place] = torch.from_numpy(one)
        else:
            moved = np.maximum(one + np.float32(step) * (rng.random(one.shape, dtype=np.float32) - np.float32(0.5)), np.float32(-1024.0))
            slices[place] = torch.from_numpy(np.where(_marked(one, padding), one, moved))
    return CTSlab(slices, neighbours.index, neighbours.step_mm)


def _of_rays(measured: MeasuredRays) -> CTScan:
    """The scan of measured projections: nothing is dithered or invented."""
    from medq_gen.sources.projections import scan_of_rays

    return scan_of_rays(measured)


def _capture(loaded: LoadedCase) -> tuple[Scan, View]:
    from physics.optics import Capture

    case = loaded.case
    view = view_of(loaded.pixels, case, mask=loaded.field_mask)
    assert case.modality in ("endoscopy", "histopathology", "fundus")
    pixel_um = 1000.0 * case.spacing_mm[0] if case.modality == "histopathology" and case.spacing_mm else None
    scan = Capture.of(
        loaded.pixels,
        kind=case.modality,
        pixel_um=pixel_um,
        field_mask=loaded.field_mask,
        stains=case.acquisition.get("stains"),
        field_deg=case.acquisition.get("field_deg"),
    )
    return scan, view


def source_step(values: NDArray[Any]) -> float | None:
    """The distance between neighbouring values of a quantised source; None where values are continuous."""
    levels = np.unique(np.asarray(values, dtype=np.float64))
    if levels.size < 2 or levels.size > min(65536, values.size // 4):
        return None
    gaps = np.diff(levels)
    step = float(gaps.min())
    off = np.abs(gaps / step - np.rint(gaps / step))
    return step if step > 0 and float(np.mean(off > 0.05)) < 0.02 else None


def dither(values: Array, *, codes_per_unit: float, seed: int) -> tuple[Array, bool]:
    """Values spread evenly over their own step (half a step to either side), where the display would otherwise show a comb of empty codes."""
    step = source_step(values)
    if step is None or step * codes_per_unit < _COMB_CODES:
        return values, False
    return values + step * (_rng(seed, 0).random(values.shape) - 0.5), True


def masked_air(values: Array, body: Mask) -> Mask:
    """Where the source holds no measurement: exact zeros, if most of the air is made of them."""
    zero = values == 0
    air = ~ndimage.binary_dilation(body, iterations=3)
    if air.mean() < 0.01 or float(zero[air].mean()) < 0.5:
        return np.zeros_like(zero)
    return np.asarray(zero)


def air_sigma(values: Array, body: Mask, *, otherwise: float) -> float:
    """Noise per part from the lower quartile of air, which ghosts and vessels' flow lift least; never above what tissue shows by much."""
    air = values[~ndimage.binary_dilation(body, iterations=max(3, max(values.shape) // 64))]
    if air.size < 500:
        return otherwise
    return min(float(np.percentile(air, 25)) / _RAYLEIGH_QUARTILE, 2.0 * otherwise)


def tissue_sigma(values: Array, body: Mask) -> float:
    """Noise deviation in tissue: mixed second differences in small blocks of the body, the calmest fifth of them."""
    mixed = (values[:-1, :-1] - values[1:, :-1] - values[:-1, 1:] + values[1:, 1:]) / 2.0
    inside = ndimage.binary_erosion(body, iterations=2)[:-1, :-1]
    rows, columns = (side // _BLOCK for side in mixed.shape)
    cut = (slice(rows * _BLOCK), slice(columns * _BLOCK))
    shape = (rows, _BLOCK, columns, _BLOCK)
    blocks = mixed[cut].reshape(shape).transpose(0, 2, 1, 3).reshape(-1, _BLOCK * _BLOCK)
    whole = inside[cut].reshape(shape).transpose(0, 2, 1, 3).reshape(-1, _BLOCK * _BLOCK).all(axis=1)
    if not whole.any():
        return 0.0
    spread = 1.4826 * np.median(np.abs(blocks[whole]), axis=1)
    return float(np.percentile(spread, 20))
