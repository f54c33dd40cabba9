"""Noise, ghosts and aliasing told apart: the disturbance, as far as it is of one kind."""

from __future__ import annotations

from physics.measure.disturbance import disturbance, grain
from physics.measure.gate import gate
from physics.measure.pair import Pair, Reading, measure
from physics.measure.residual import split_of

NOISE_GATE = (0.40, 0.70)
NOISE_PRESENT = (0.08, 0.20)
ALIAS_GATE = (0.02, 0.10)
STRUCTURE_GATE = (0.08, 0.20)


@measure("1")
def added_noise(pair: Pair) -> float | Reading:
    """Grain that the reference does not have: the disturbance, as far as it is noise."""
    split, harm = split_of(pair), disturbance(pair)
    if split is None or harm.value is None:
        return Reading(None, harm.reason or "too little of the object can be judged")
    return harm.value * gate(split.noise_of_detail, NOISE_GATE) * gate(split.noise_share, NOISE_PRESENT)


@measure("codes")
def added_grain(pair: Pair) -> float | Reading:
    """Grain that the reference does not have, in codes as it is shown: the deviation of the change, as far as it is noise."""
    split, strength = split_of(pair), grain(pair)
    if split is None or strength.value is None:
        return Reading(None, strength.reason or "too little of the object can be judged")
    return strength.value * gate(split.noise_of_detail, NOISE_GATE) * gate(split.noise_share, NOISE_PRESENT)


@measure("1")
def ghosting(pair: Pair) -> float | Reading:
    """Structure that is not in the reference (displaced copies): the disturbance, as far as it is foreign structure."""
    split, harm = split_of(pair), disturbance(pair)
    if split is None or harm.value is None:
        return Reading(None, harm.reason or "too little of the object can be judged")
    return harm.value * gate(split.structure_share, STRUCTURE_GATE)


@measure("1")
def aliasing(pair: Pair) -> float | Reading:
    """Energy that undersampling moved to other places: the disturbance, as far as it is foreign, structured or not."""
    split, harm = split_of(pair), disturbance(pair)
    if split is None or harm.value is None:
        return Reading(None, harm.reason or "too little of the object can be judged")
    undersampled = getattr(pair.scan, "undersampled", None)
    if undersampled is not None:  # the scan knows: where no sample is missing there is no aliasing, where some are everything foreign is
        return harm.value * gate(split.foreign / split.change if split.change > 0 else 0.0, ALIAS_GATE) if undersampled else 0.0
    grainy = gate(split.noise_share / max(split.noise_share + split.structure_share, 1e-9), (0.80, 0.95))
    return harm.value * gate(split.structure_share + split.noise_share, STRUCTURE_GATE) * (1.0 - grainy)
