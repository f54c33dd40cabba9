"""Colour recipes beside albumentations on a 1024 x 1024 picture. Ours includes the way to linear light and back; the peer works on display codes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import albumentations
import cv2
import torch
from skimage.data import immunohistochemistry, retina

from benchmarks.timing import Row, interleave
from physics.optics import Capture
from physics.optics.tube import tube
from physics.scan import acquire
from recipes.endoscopy.motion_blur import RECIPE as MOTION
from recipes.fundus.defocus import RECIPE as DEFOCUS
from recipes.histopathology.stain import RECIPE as STAIN

SIZE = 1024


def _ours(recipe: Any, scan: Capture, strength: float, pattern: dict[str, Any]) -> Callable[[], Any]:
    """Our acquire; its strength changes with every call, so that no transfer function comes from a cache."""
    turns = itertools.count()
    return lambda: acquire(recipe.edit(scan, strength=strength * (1 + 0.01 * next(turns)), pattern=pattern))


def _row(task: str, ours: Callable[[], Any], name: str, peer: Any, picture: Any) -> Row:
    times = interleave({"ours": ours, "peer": lambda: peer(image=picture)})
    return Row(task, "medq_gen", f"albumentations {name}", times["ours"], times["peer"])


def rows() -> list[Row]:
    """Ours against albumentations: a disc, a line kernel, a stain augmentation."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    eye = cv2.resize(retina(), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    slide = cv2.resize(immunohistochemistry(), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    frame = tube(seed=1, size=SIZE)
    fundus = Capture.of(eye, kind="fundus")
    colon = Capture.of(frame.codes, kind="endoscopy", field_mask=frame.mask, field_deg=frame.field_deg)
    section = Capture.of(slide, kind="histopathology", stains="hdab")
    swing = {"kind": "straight", "direction_deg": 30.0, "sense": 1.0, "bend": 0.2, "exposure_s": 1 / 60, "distance_mm": 15.0}
    disc = albumentations.Defocus(radius=(8, 8), alias_blur=(0.1, 0.1), p=1)
    line = albumentations.MotionBlur(blur_limit=(21, 21), allow_shifted=False, p=1)
    stain = albumentations.HEStain(method="macenko", p=1)
    return [
        _row("fundus defocus 8 D, 1024²", _ours(DEFOCUS, fundus, 8.0, {"side": "myopic", "pupil_mm": 1.5}), "Defocus", disc, eye),
        _row("endoscopy motion 21 px, 1024²", _ours(MOTION, colon, 45.0, swing), "MotionBlur", line, frame.codes),
        _row("stain, both dyes, 1024²", _ours(STAIN, section, 1.5, {"direction": "over", "dye": "both"}), "HEStain", stain, slide),
        _row("stain, one dye, 1024²", _ours(STAIN, section, 1.5, {"direction": "over", "dye": "DAB"}), "HEStain", stain, slide),
    ]
