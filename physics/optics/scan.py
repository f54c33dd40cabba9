"""Capture: the description of one colour picture, from the scene to the codec."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physics.optics.field_of_view import lit_field
from physics.optics.scene import Scene
from physics.pose import Pose
from physics.scan import Event

Kind = Literal["endoscopy", "histopathology", "fundus"]
Stains = Literal["he", "hdab"]
KINDS: tuple[Kind, ...] = ("endoscopy", "histopathology", "fundus")
USUAL_FIELD_DEG = {"fundus": 45.0, "endoscopy": 140.0}


class Stage(IntEnum):
    """Where in the camera something happens, in the order in which light passes. Up to COLOUR the data is linear light, from STORAGE on codes."""

    SCENE = 0
    LIGHT = 10
    MEDIUM = 20
    SURFACE = 30
    OPTICS = 40
    STRAY = 50
    FIELD_STOP = 60
    EXPOSURE = 70
    SENSOR = 80
    COLOUR = 90
    STORAGE = 100
    CODEC = 110


@dataclass(frozen=True, eq=False)
class Capture:
    """One colour picture and everything that decides it.

    scene : the source and what is derived from it once (linear light, field, slide); shared by all edits of a case. kind : which instrument took it.
    field_deg : angle across the field of view (fundus, endoscopy). pixel_um : size of a pixel on the slide (histopathology). stains : the pair of dyes.
    events : what happens on the way to the file. assumed : what had to be invented.
    """

    scene: Scene = field(repr=False)
    kind: Kind
    field_deg: float | None
    pixel_um: float | None
    stains: Stains | None
    events: tuple[Event, ...] = ()
    assumed: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        codes: Tensor | NDArray[Any],
        *,
        kind: Kind,
        pixel_um: float | None = None,
        field_mask: Tensor | NDArray[Any] | None = None,
        stains: Stains | None = None,
        field_deg: float | None = None,
    ) -> Self:
        """The healthy capture of a finished picture.

        codes : (row, column, 3) whole sRGB codes 0..255 of any dtype. field_mask : (row, column) bool, the lit field; found in the picture when absent.
        field_deg : 45 (fundus) or 140 (endoscopy) when absent, and then listed as assumed.

        Raises
            ValueError: an unknown kind or stain pair, a wrong shape, codes that are not whole or not in 0..255, an empty field.
        """
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} of a colour picture is unknown; allowed: {', '.join(KINDS)}")
        if stains not in (None, "he", "hdab"):
            raise ValueError(f"stains {stains!r} are unknown; allowed: he (haematoxylin and eosin), hdab (haematoxylin and DAB)")
        whole, dtype = _whole_codes(codes)
        assumed = ["sRGB transfer curve"]
        if kind == "histopathology":
            mask = np.ones(whole.shape[:2], dtype=bool)
            if stains is None:
                stains = "he"
                assumed.append("haematoxylin and eosin")
        else:
            mask = lit_field(whole) if field_mask is None else np.asarray(field_mask).astype(bool)
            if mask.shape != whole.shape[:2] or not mask.any():
                raise ValueError(f"field_mask of shape {mask.shape} with {int(mask.sum())} lit pixels does not fit a picture of {whole.shape[:2]}")
            if field_deg is None:
                field_deg = USUAL_FIELD_DEG[kind]
                assumed.append(f"field of {field_deg:g} degrees")
            if not mask.all():
                assumed.append("tissue beyond the field mask (reflected)")
        scene = Scene(codes=whole, mask=mask, dtype=dtype, lifts=kind != "histopathology", stains=stains or "he")
        if scene.has_highlights:
            assumed.append("radiance of clipped highlights")
        return cls(scene=scene, kind=kind, field_deg=field_deg, pixel_um=pixel_um, stains=stains, assumed=tuple(assumed))

    @property
    def codes(self) -> Tensor:
        """The source, (row, column, 3) whole codes in the dtype of the capture."""
        return torch.from_numpy(self.scene.codes.astype(self.scene.dtype))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.scene.mask.shape
        return rows, columns

    @property
    def field_mask(self) -> Tensor:
        """(row, column) bool: the lit field of view; all true under a microscope."""
        return torch.from_numpy(self.scene.mask.copy())

    @property
    def px_per_deg(self) -> float:
        """Pixels per degree of field angle, the lens being equidistant (r = f theta).

        Raises
            ValueError: the capture has no field angle (a microscope).
        """
        if self.field_deg is None:
            raise ValueError(f"a {self.kind} picture has no field angle; pass field_deg to Capture.of")
        return self.scene.diameter_px / self.field_deg

    def with_event(self, event: Event) -> Self:
        """The same capture with one more event."""
        return replace(self, events=(*self.events, event))

    def mean_pose(self) -> Pose | None:
        """None: every kernel of this chain has its centroid at zero, so no event moves the picture."""
        return None

    def at(self, pose: Pose) -> Self:
        """The capture itself at the neutral pose.

        Raises
            ValueError: another pose. A finished picture cannot be seen from elsewhere without inventing what lies beyond its border.
        """
        if not pose.is_neutral:
            raise ValueError(f"a colour picture cannot be re-taken at {pose}: its scene ends at its border; allowed: the neutral pose")
        return self


def _whole_codes(codes: Tensor | NDArray[Any]) -> tuple[NDArray[np.uint8], str]:
    array = codes.detach().cpu().numpy() if isinstance(codes, Tensor) else np.asarray(codes)
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise ValueError(f"a colour picture has the shape (row, column, 3), got {array.shape}")
    whole = np.rint(array)
    if not np.array_equal(whole, array) or whole.min() < 0 or whole.max() > 255:
        raise ValueError(f"codes must be whole and within 0..255, got {array.min():g} to {array.max():g}; quantise the picture first")
    return whole.astype(np.uint8), "float64" if array.dtype == np.float64 else "float32"
