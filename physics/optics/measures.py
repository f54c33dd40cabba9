"""What a degraded colour picture measures in physical units: blur disc, smear, transfer at half contrast, amounts of dye."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physics.measure.pair import Pair, Reading, measure
from physics.optics.convolution import radial_frequencies
from physics.optics.defocus import WAVELENGTHS_UM, Defocus, disc_px, relative_transfer
from physics.optics.light import density_of, light_of
from physics.optics.motion import Spread, Sweep, path_contrast
from physics.optics.scan import Capture
from physics.optics.slide import Slide

HALF_OF_APERTURE = 0.6034  # cycles per pixel at which the aperture of a square pixel halves the contrast: sinc(f) = 1/2
LEAST_CODE = 3  # below it a pixel is too dark for its density to be read
NO_SCAN = "the scan is not at hand; the picture alone does not tell"


def _events(pair: Pair, kind: type | tuple[type, ...]) -> list[Any]:  # Any: of the kinds asked for
    return [event for event in pair.scan.events if isinstance(event, kind)] if isinstance(pair.scan, Capture) else []


@measure("px")
def blur_disc(pair: Pair) -> float | Reading:
    """Diameter of the geometric blur disc of defocus.

    Model
        D p times the sampling of the retina.
    Parameters
        pair : with its scan.
    Returns
        Pixels of the native grid; 0 in focus.
    Assumes
        Geometrical optics.
    Not modelled
        Diffraction, which adds about a pixel.
    References
        None.
    Oracle
        1.96 px per dioptre at 1.5 mm and 45 degrees over 1024 px.
    """
    if not isinstance(pair.scan, Capture):
        return Reading(None, NO_SCAN)
    return sum(disc_px(e.dioptres, pupil_mm=e.pupil_mm, px_per_deg=pair.scan.px_per_deg) for e in _events(pair, Defocus))


@measure("px")
def smear_length(pair: Pair) -> float | Reading:
    """Length of the smear of a point; for a turn or an advance, at the edge of the field.

    Model
        Length of the path in one exposure, or radius times amount.
    Parameters
        pair : with its scan.
    Returns
        Pixels of the native grid; 0 at rest.
    Assumes
        A wall at one distance.
    Not modelled
        Parallax.
    References
        None.
    Oracle
        A straight sweep of 12 px reads 12.
    """
    if not isinstance(pair.scan, Capture):
        return Reading(None, NO_SCAN)
    length = 0.0
    for event in _events(pair, (Sweep, Spread)):
        if isinstance(event, Sweep):
            length += float(np.linalg.norm(np.diff(np.asarray(event.path), axis=0), axis=1).sum())
        else:
            length += abs(event.amount) * pair.scan.scene.diameter_px / 2
    return length


@measure("1")
def mtf50_ratio(pair: Pair) -> float | Reading:
    """Frequency of half contrast over that of the source, along the blur, in green.

    Model
        First frequency at which (transfer of the blur) sinc(f) falls to 1/2, over 0.603 cycles per pixel, where the aperture of the pixel alone halves it.
    Parameters
        pair : with its scan.
    Returns
        1 for no blur, towards 0.
    Assumes
        The source is limited by its pixels.
    Not modelled
        Contrast that the source had lost already.
    References
        ISO 12233 (frequency of half contrast).
    Oracle
        A sweep much longer than a pixel: 0.6034 / L over 0.6034 = 1 / L.
    """
    if not isinstance(pair.scan, Capture):
        return Reading(None, NO_SCAN)
    if _events(pair, Spread):
        return Reading(None, "the blur changes over the field")
    frequency = radial_frequencies()
    contrast: NDArray[np.float64] = np.abs(np.sinc(frequency))
    for event in _events(pair, Defocus):
        contrast = contrast * np.abs(
            relative_transfer(event.dioptres, wavelength_um=WAVELENGTHS_UM[1], pupil_mm=event.pupil_mm, px_per_deg=pair.scan.px_per_deg)
        )
    for event in _events(pair, Sweep):
        chord = np.subtract(event.path[-1], event.path[0])
        contrast = contrast * path_contrast(event.path, frequency, direction_deg=math.degrees(math.atan2(chord[0], chord[1])))
    below = np.flatnonzero(contrast < 0.5)
    return float(frequency[below[0]] / HALF_OF_APERTURE)


def dye_ratio(pair: Pair, dye: int) -> float | Reading:
    """Slope through the origin of a dye's amount after on before, over tissue that is neither glass nor black in either picture."""
    before, after = (np.clip(np.rint(p.detach().cpu().numpy()), 0, 255).astype(np.uint8) for p in (pair.reference, pair.degraded))
    slide = pair.healthy.scene.slide if isinstance(pair.healthy, Capture) else Slide.of(before, stains="he")
    clear = (slide.tissue > 0.99) & (np.minimum(before, after).min(axis=2) >= LEAST_CODE)
    was, now = (slide.amounts(density_of(light_of(codes), slide.white))[:, :, dye][clear].astype(np.float64) for codes in (before, after))
    holds = was > 0.05
    if holds.sum() < 100:
        return Reading(None, "too little of this dye in the picture")
    return float((was[holds] * now[holds]).sum() / (was[holds] ** 2).sum())


@measure("1")
def haematoxylin_ratio(pair: Pair) -> float | Reading:
    """Amount of haematoxylin over that of the reference.

    Model
        `dye_ratio` of the first dye.
    Parameters
        pair : its healthy scan gives the slide's own dyes; without it haematoxylin and eosin are fitted on the reference.
    Returns
        1 = as in the reference.
    Assumes
        Beer-Lambert.
    Not modelled
        Pixels that clip to black.
    References
        Ruifrok and Johnston 2001.
    Oracle
        A factor k reads k within 1 %.
    """
    return dye_ratio(pair, 0)


@measure("1")
def second_dye_ratio(pair: Pair) -> float | Reading:
    """Amount of the second dye (eosin or DAB) over that of the reference.

    Model
        `dye_ratio` of the second dye.
    Parameters
        pair : as `haematoxylin_ratio`.
    Returns
        1 = as in the reference.
    Assumes
        Beer-Lambert.
    Not modelled
        Pixels that clip to black.
    References
        Ruifrok and Johnston 2001.
    Oracle
        A factor k reads k within 1 %.
    """
    return dye_ratio(pair, 1)
