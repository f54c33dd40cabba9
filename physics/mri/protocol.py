"""What is known of an acquisition beside its picture: which part of the body, which plane, which echo, which contrast."""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, degrees, exp
from typing import Literal, get_args

Region = Literal["head", "trunk", "other"]
Echo = Literal["spin", "spoiled", "gradient"]
Weighting = Literal["T1", "T2", "T2*", "PD"]
ECHOES: tuple[Echo, ...] = get_args(Echo)
WEIGHTINGS: tuple[Weighting, ...] = get_args(Weighting)
TISSUE_T1_S = 0.9  # of white matter, liver and muscle at 1.5 to 3 T, roughly
SHORT_TE_MS, LONG_TE_MS, LATE_GRADIENT_TE_MS = 40.0, 60.0, 12.0
SHORT_TR_MS, LONG_TR_MS = 1000.0, 1500.0
OFF_ERNST = 1.25  # an angle that many times the Ernst angle weights by T1, one that much below it by density


@dataclass(frozen=True, slots=True)
class Protocol:
    """Facts of an acquisition, None where nobody states them.

    region : of the body. plane : "axial", "coronal", "sagittal", "oblique". echo : spin echo, spoiled gradient echo, or a gradient echo of which no more is
    known. weighting : what makes tissues bright or dark.
    """

    region: Region | None = None
    plane: str | None = None
    echo: Echo | None = None
    weighting: Weighting | None = None

    @property
    def refocuses(self) -> bool:
        """Whether the echo is known to undo what an uneven field does to the phase."""
        return self.echo == "spin"

    @property
    def fluid_is_bright(self) -> bool:
        """Whether fluid is the brightest and white matter the darkest water tissue: known to be weighted by something other than T1."""
        return self.weighting in ("T2", "T2*", "PD")


def weighting_of(*, echo: Echo, te_ms: float, tr_ms: float, flip_deg: float | None, inverted: bool) -> Weighting | None:
    """What the times of a sequence weight by; None where they do not decide it.

    Model
        Spin echo: T1 for TR up to 1000 and TE up to 40 ms, T2 for TR from 1500 and TE from 60 ms, density for long TR and short TE. Gradient echo: T2* from
        TE = 12 ms; before that T1 where the angle is more than 1.25 times Ernst's, arccos exp(-TR / T1) for a T1 of 0.9 s, density where it is less than that
        over 1.25. Inverted: T1 by a gradient echo, undecided by a spin echo (FLAIR and STIR turn the order of tissues about).
    Parameters
        echo : kind of echo. te_ms, tr_ms, flip_deg : of the sequence. inverted : whether magnetisation was inverted before.
    Returns
        The weighting, or None.
    Assumes
        No contrast agent, which makes T1 short where it goes and leaves the weighting.
    Not modelled
        Echo trains whose centre lies elsewhere than the stated echo.
    References
        Ernst and Anderson 1966, 10.1063/1.1719961; Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, chapter 14.
    Oracle
        Protocols of known contrast (tests/physics/mri/test_protocol.py).
    """
    if echo == "spin":
        if inverted:
            return None
        if tr_ms <= SHORT_TR_MS:
            return "T1" if te_ms <= SHORT_TE_MS else None
        if tr_ms < LONG_TR_MS:
            return None
        return "T2" if te_ms >= LONG_TE_MS else "PD" if te_ms <= SHORT_TE_MS else None
    if te_ms >= LATE_GRADIENT_TE_MS:
        return None if inverted else "T2*"
    if inverted:
        return "T1"
    if flip_deg is None:
        return None
    ernst_deg = degrees(acos(exp(-tr_ms / 1e3 / TISSUE_T1_S)))
    return "T1" if flip_deg > OFF_ERNST * ernst_deg else "PD" if flip_deg < ernst_deg / OFF_ERNST else None


def refuse_spin_echo(protocol: Protocol) -> str | None:
    """Why an artefact of phase that the field gathers until the echo would be a lie, or None."""
    return "the source is a spin echo, which refocuses what an uneven field or the offset of fat does to the phase" if protocol.refocuses else None
