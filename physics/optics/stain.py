"""Amount of stain in a section: more or less dye than was meant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import cv2
import numpy as np

from physics.optics.light import Light, density_of, light_through
from physics.optics.scan import Capture, Stage


@dataclass(frozen=True, slots=True)
class StainGain:
    """Each dye's amount times its factor. Factors multiply, so gains commute."""

    first: float
    second: float
    stage: ClassVar[IntEnum] = Stage.SCENE
    rank: ClassVar[int] = 20

    def apply(self, light: Light, scan: Capture) -> Light:
        """Beer-Lambert with changed amounts."""
        slide = scan.scene.slide
        density = density_of(light, slide.white)
        log_first, log_second = (slide.tissue * np.float32(np.log(gain)) for gain in (self.first, self.second))
        if self.first == self.second:
            return light_through(density * np.exp(log_first)[:, :, None], slide.white)
        rest = np.exp(slide.share * log_first + (1 - slide.share) * log_second)
        amounts = slide.amounts(density)
        # a negative amount is not dye but misfit: it goes with the residual
        amounts[:, :, 0] *= np.where(amounts[:, :, 0] > 0, np.exp(log_first), rest)
        amounts[:, :, 1] *= np.where(amounts[:, :, 1] > 0, np.exp(log_second), rest)
        amounts[:, :, 2] *= rest
        stained_density = cv2.transform(amounts, slide.dyes.astype(amounts.dtype))
        return light_through(np.maximum(stained_density, np.minimum(density, 0)), slide.white)


def stained(scan: Capture, *, first: float = 1.0, second: float = 1.0) -> Capture:
    """The same section with other amounts of its two dyes: over- or under-staining.

    Model
        OD = c1 m1 + c2 m2 + r. The section holds k1 c1 and k2 c2; the residual r goes with the dyes, times k1^s k2^(1-s), s the first dye's
        share in the pixel. Light behind it is white 10^-OD. On glass the factors are 1; between glass and tissue their logarithm ramps over
        0.03 of density.
    Parameters
        first, second : factors on haematoxylin and on eosin or DAB, > 0.
    Returns
        The scan with the event; factors of 1 leave it as it was.
    Assumes
        Beer-Lambert in each of the three channels; dyes as `Slide` read them.
    Not modelled
        Broad bands (density then grows less than in proportion), dye that binds to other structures as times change.
    Raises
        ValueError: not a slide, or a factor that is not positive.
    References
        Ruifrok and Johnston 2001, Anal. Quant. Cytol. Histol. 23, 291; Macenko et al. 2009, 10.1109/ISBI.2009.5193250.
    Oracle
        The slope of the dye's amount after on before is its factor within 1 %; glass stays; k then 1/k is the source within a code.
    """
    if scan.kind != "histopathology":
        raise ValueError(f"only a slide is stained, this is a {scan.kind} picture")
    if not (first > 0 and second > 0 and np.isfinite(first) and np.isfinite(second)):
        raise ValueError(f"factors of stain must be positive, got {first} and {second}")
    return scan if first == second == 1 else scan.with_event(StainGain(first, second))
