"""Attributes that are kinds of one another: who says "noise" of a low-dose picture means its quantum noise, and who denies noise denies that too."""

from __future__ import annotations

# general attribute -> the attributes that are kinds of it, by name; a name that a modality does not have is passed over
KINDS: dict[str, tuple[str, ...]] = {
    "noise": ("quantum noise", "sensor noise", "noise band"),
    "sharpness": ("defocus", "motion blur", "off-resonance blur", "kernel"),
    "brightness": ("under-exposure", "over-exposure"),
    "uniformity": ("intensity inhomogeneity", "uneven illumination", "vignetting", "cupping", "scatter shading"),
    "geometric fidelity": ("susceptibility distortion", "geometric warp"),
    "streaks": ("sparse-view streaks", "metal streaks", "starvation streaks", "partial-volume streaks", "aliasing lines"),
    "motion ghosting": ("pulsation ghosting", "respiratory ghosting", "nyquist ghost"),
    "undersampling aliasing": ("spiral swirls", "slice leakage", "radial streaks", "wrap-around"),
    "stain shift": ("over-staining", "under-staining"),
    "contrast": ("haze",),
}
GENERAL_OF: dict[str, str] = {kind: general for general, kinds in KINDS.items() for kind in kinds}


def is_kin(first: str, second: str) -> bool:
    """Whether one of two attributes is a kind of the other, or both are one."""
    return first == second or GENERAL_OF.get(first) == second or GENERAL_OF.get(second) == first
