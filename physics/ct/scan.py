"""A CT slice as a scan: the picture in HU and everything that decides how a scanner would take it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Protocol, Self, runtime_checkable

import torch
from torch import Tensor

from physics.ct.geometry import FAN, PARALLEL, Beam, Fan, Geometry, Grid
from physics.ct.kernel import Kernel, kernel_of
from physics.ct.outline import bowtie_mm, is_cut, thick
from physics.ct.slab import Slab
from physics.ct.spectrum import effective_energy_kev, mu_water_per_mm
from physics.pose import Pose
from physics.scan import Event

GEOMETRIES: dict[str, Geometry] = {"fan": FAN, "parallel": PARALLEL}
STORED_LOW_HU = -1024.0  # the least that 12 bits hold
_AIR_HU, _BODY_HU, _METAL_HU = -1000.0, -500.0, 2500.0


@runtime_checkable
class Moving(Protocol):
    """An event that moves the body."""

    def mean_pose(self) -> Pose:
        """The pose that the picture shows on average."""
        ...


class Stage(IntEnum):
    """The physical order of a CT scan; what an event of each stage receives and returns."""

    MATERIALS = 10  # (row, column) attenuation, 1/mm
    RAYS = 20  # (view, ray) line integrals
    SPECTRUM = 30  # (view, ray) effective line integrals
    QUANTA = 40  # (view, ray) quanta that reach the detector
    DETECTOR = 50  # (view, ray) detector signal in quanta
    LOG = 60  # (view, ray) measured line integrals
    RECONSTRUCTION = 70  # (row, column) change of the picture, HU


@dataclass(frozen=True, eq=False)
class CTScan:
    """Everything that decides the picture of one slice.

    hu : (row, column) source, float32 or float64, never changed. grid : its pixels. kvp : tube voltage. mas : tube load per turn, None where unknown.
    geometry, kernel : of the scanner that is simulated. kernel_known : False where the kernel is only a name in a header; it is then matched to the source's
    grain when first needed. n0 : quanta per ray and view in air on the central ray at the source's dose; None: found from the source's
    noise when first needed. source_noise_hu : noise of the source in soft tissue; None: measured then. electronic_noise : standard deviation, in quanta.
    bowtie_mm : diameter of the water cylinder that the filter flattens. modulation : exponent of the tube current's answer to the patient's width, 0 = constant
    current. crosstalk : share of its quanta that a channel gives to each neighbour. dose : share of the source's dose. padding : pixels outside of the
    reconstruction circle. truncated : the body is cut by the field of view, so rays pass tissue that the slice does not show.
    window_hu : lower and upper end of the window that the slice is shown at, None where unknown. slab : the slices about it, None where it is a single picture.
    measured_rays : (view, ray) on the scan's fan, where projections were measured; else rays are those of the picture.
    """

    hu: Tensor
    grid: Grid
    kvp: float
    mas: float | None
    geometry: Geometry
    kernel: Kernel
    kernel_known: bool
    n0: float | None
    source_noise_hu: float | None
    electronic_noise: float
    bowtie_mm: float
    modulation: float
    crosstalk: float
    dose: float
    padding: Tensor | None
    truncated: bool
    events: tuple[Event, ...]
    assumed: tuple[str, ...]
    window_hu: tuple[float, float] | None = None
    slab: Slab | None = None
    measured_rays: Tensor | None = None

    @classmethod
    def of(
        cls,
        hu: Tensor,
        *,
        spacing_mm: tuple[float, float],
        kvp: float = 120.0,
        mas: float | None = None,
        n0: float | None = None,
        kernel: Kernel | str | None = None,
        geometry: Beam = "fan",
        padding_value: float | None = None,
        source_noise_hu: float | None = None,
        window_hu: tuple[float, float] | None = None,
    ) -> CTScan:
        """The healthy scan of a slice.

        hu : (row, column) in HU. spacing_mm : (axis 0, axis 1). kernel : a Kernel, or the name that the header gives. padding_value : HU of pixels that were
        never reconstructed; these, and all below -1024 HU, are air to the rays and come back untouched.
        Raises ValueError for pictures that are not a slice in HU.
        """
        if hu.ndim != 2 or not hu.is_floating_point() or not bool(torch.isfinite(hu).all()):
            raise ValueError(f"a slice is a finite floating (row, column) picture in HU, got shape {tuple(hu.shape)}, {hu.dtype}")
        if geometry not in GEOMETRIES:
            raise ValueError(f"geometry {geometry!r}; allowed: {sorted(GEOMETRIES)}")
        padding = hu < -1024.0 if padding_value is None else (hu < -1024.0) | (hu == padding_value)
        body = (hu > _BODY_HU) & ~padding
        grid = Grid((hu.shape[0], hu.shape[1]), (float(spacing_mm[0]), float(spacing_mm[1])))
        truncated = is_cut(thick(body, grid), padding)
        assumed = ["scanner geometry, bowtie filter, crosstalk and electronic noise of the detector"]
        assumed += ["reconstruction kernel, from the grain of the source"] * (not isinstance(kernel, Kernel)) + [
            "quanta of the source's dose, from the noise of the source"
        ] * (n0 is None)
        assumed += ["body cut by the field of view: rays pass tissue that is not shown"] * truncated + ["metal in the source"] * bool((hu > _METAL_HU).any())
        return cls(
            hu=hu,
            grid=grid,
            kvp=float(kvp),
            mas=mas,
            geometry=GEOMETRIES[geometry],
            kernel=kernel if isinstance(kernel, Kernel) else kernel_of(kernel),
            kernel_known=isinstance(kernel, Kernel),
            n0=n0,
            source_noise_hu=source_noise_hu,
            electronic_noise=5.0,
            bowtie_mm=bowtie_mm(body, grid),
            modulation=0.0,
            crosstalk=0.03,
            dose=1.0,
            padding=padding if bool(padding.any()) else None,
            truncated=truncated,
            events=(),
            assumed=tuple(assumed),
            window_hu=window_hu,
        )

    @classmethod
    def of_projections(cls, rays: Tensor, *, geometry: Fan, grid: Grid, **about: Any) -> CTScan:  # Any: as the function has them
        """The healthy scan of measured line integrals, with their picture. See `physics.ct.projections.measured_scan`."""
        from physics.ct.projections import measured_scan  # it makes scans itself

        return measured_scan(rays, geometry=geometry, grid=grid, **about)

    @property
    def mu_water(self) -> float:
        """Attenuation of water in this beam, 1/mm."""
        return mu_water_per_mm(effective_energy_kev(self.kvp))

    @property
    def spacing_mm(self) -> tuple[float, float]:
        """Pixel spacing along axis 0 and 1."""
        return self.grid.spacing_mm

    def attenuating_hu(self) -> Tensor:
        """The source as the rays meet it: padding is air."""
        return self.hu if self.padding is None else torch.where(self.padding, torch.full_like(self.hu, _AIR_HU), self.hu)

    def mean_pose(self) -> Pose | None:
        """The mean pose of the body over the turn; None where nothing moves it."""
        return next((event.mean_pose() for event in self.events if isinstance(event, Moving)), None)

    def at(self, pose: Pose) -> CTScan:
        """The same scan of a body held at another pose, on a table that stays.

        Raises EditConflict where the body is cut by the field of view, moves already, or is seen in parallel beam.
        """
        from physics.ct.motion import held_at  # a scan is described without what may happen to it

        return self if pose.is_neutral else held_at(self, pose)

    def with_events(self, *events: Event) -> Self:
        """The scan with more events."""
        return replace(self, events=(*self.events, *events))
