"""The families of effect, version 1: measure and anchors (design: severity scale)."""

from __future__ import annotations

from medq_gen.declare.effect import Effect
from physics.measure import families as measured

detail = Effect("detail", measured.contrast_lost, (0.18, 0.41, 0.68))
disturbance = Effect("disturbance", measured.disturbance, (0.30, 0.51, 0.65))
grain = Effect("grain", measured.grain, (14.0, 31.0, 60.0))
line = Effect("line", measured.disturbance, (0.12, 0.34, 0.51))
shading = Effect("shading", measured.shading, (0.085, 0.225, 0.50))
exposure = Effect("exposure", measured.exposure, (0.45, 1.1, 2.2))
colour = Effect("colour", measured.colour_difference, (5.5, 16.0, 28.5))
stain = Effect("stain", measured.stain_change, (4.0, 10.5, 19.5))
cover = Effect("cover", measured.covered_share, (0.005, 0.05, 0.18), none_untouched=True)
specular = Effect("specular", measured.covered_share, (0.001, 0.012, 0.065), none_untouched=True)
geometry = Effect("geometry", measured.displacement, (2.0, 7.5, 18.0))

FAMILIES: dict[str, Effect] = {
    family.name: family for family in (detail, disturbance, grain, line, shading, exposure, colour, stain, cover, specular, geometry)
}
