"""The camera: from a capture to whole display codes."""

from __future__ import annotations

import torch
from torch import Tensor

from physics.optics.light import Light, codes_of
from physics.optics.scan import Capture, Stage
from physics.scan import acquire, run_stage

IN_LIGHT = tuple(stage for stage in Stage if stage <= Stage.COLOUR)
IN_CODES = tuple(stage for stage in Stage if stage > Stage.COLOUR)


def expose(scan: Capture) -> Light:
    """Linear light as the sensor passes it on: highlights not yet clipped, tissue continued beyond the field mask."""
    light = scan.scene.radiance
    for stage in IN_LIGHT:
        light = run_stage(light, scan, stage)
    return light


@acquire.register
def take(scan: Capture) -> Tensor:
    """The finished colour picture.

    Model
        Source codes -> linear light (highlights lifted, tissue continued beyond the mask) -> the events from scene to colour -> the soft rim of the field ->
        sRGB codes, clipped and rounded -> the source's own codes outside the field -> the events of storage and codec.
    Parameters
        scan : a Capture.
    Returns
        (row, column, 3) whole codes 0..255, float32 (float64 for a float64 source). Without events the source itself, code by code.
    Assumes
        The mask is drawn after the lens (electronic mask, field stop of the fundus camera at a conjugate of the retina).
    Not modelled
        The white balance and sharpening of the source's own camera, which are in the source already.
    References
        IEC 61966-2-1; design, decisions 1, 5 and 6 of the optical chain.
    Oracle
        An event that does nothing returns the source exactly (highlights aside); after a blur the mask is as sharp as before and its rim as bright.
    """
    if not scan.events:
        return scan.codes
    codes = scan.scene.outside_kept(codes_of(scan.scene.behind_mask(expose(scan))))
    for stage in IN_CODES:
        codes = run_stage(codes, scan, stage)
    return torch.from_numpy(codes.astype(scan.scene.dtype))
