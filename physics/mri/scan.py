"""The description of an MRI acquisition: everything that decides a picture, nothing that is not physics."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Self

import torch
from torch import Tensor

from physics.mri.body import COMPLEX, Body, smooth_phase
from physics.mri.chain import Readout, Reconstruction, Slab, displacement_of, require_any_path, samples_missing
from physics.mri.coils import CoilArray, ReceiveField, Sensitivity, surrounding_array
from physics.mri.motion import Motion
from physics.mri.protocol import Protocol
from physics.mri.zero_filled import ZeroFilled
from physics.pose import Pose
from physics.scan import EditConflict, Event


class Stage(IntEnum):
    """The stations of the signal, in physical order, and what an event's `apply` gets there."""

    OBJECT = 0  # complex density (row, column)
    COILS = 1  # sensitivities (coil, row, column)
    ENCODING = 2  # noiseless k-space (coil, row, column), uncentred, orthonormal
    RECEIVER = 3  # k-space: noise, interference, clipping
    RECONSTRUCTION = 4  # complex picture (row, column)
    MAGNITUDE = 5  # magnitude picture (row, column)


@dataclass(frozen=True, eq=False)
class MRIScan:
    """A two-dimensional acquisition of one slice, Cartesian unless a readout says otherwise.

    body : what lies in the scanner. phase_axis : array axis of phase encoding. array : receive array, None for one uniform coil. coils : maps of a
    measured array, in its place. receive : shading of the receive field, None where the scanner has corrected it. slab : the slices about this one, None
    where the source is a single picture. motion : pose per phase-encode line, None at rest. lines : which stored lines are sampled, None for all.
    readout : path through k-space and how its samples become a picture, None for lines. reconstruction : how lines become a picture. source_sigma : noise
    deviation that the source holds. masked_air : whether its air was set to zero. protocol : what is known beside it. assumed : what had to be invented.
    """

    body: Body
    phase_axis: int = 0
    array: CoilArray | None = None
    coils: Sensitivity | None = None
    receive: ReceiveField | None = None
    slab: Slab | None = None
    motion: Motion | None = None
    lines: Tensor | None = None
    readout: Readout | None = None
    reconstruction: Reconstruction = field(default_factory=ZeroFilled)
    field_strength_t: float | None = None
    protocol: Protocol = field(default_factory=Protocol)
    masked_air: bool = False
    source_sigma: float = 0.0
    events: tuple[Event, ...] = ()
    assumed: tuple[str, ...] = ()
    displacement_mm = displacement_of
    undersampled = property(samples_missing)

    @classmethod
    def of(
        cls,
        image: Tensor,
        *,
        spacing_mm: tuple[float, float] = (1.0, 1.0),
        phase_axis: int = 0,
        n_coils: int = 1,
        field_strength_t: float | None = None,
        masked_air: bool = False,
        source_sigma: float = 0.0,
        seed: int = 0,
        phase: bool = True,
    ) -> Self:
        """The healthy scan of a magnitude picture (row, column), float: synthetic phase, and coils whose sum of squares is 1 (prescan-normalised).

        Raises
            ValueError: not a finite, non-negative float picture; spacing, axis or number of coils out of range.
        """
        if image.ndim != 2 or image.dtype not in COMPLEX or not bool(torch.isfinite(image).all()) or bool((image < 0).any()):
            raise ValueError(f"image {tuple(image.shape)} {image.dtype}: a finite, non-negative (row, column) picture of float32 or float64 is needed")
        if min(spacing_mm) <= 0 or phase_axis not in (0, 1) or n_coils < 1:
            raise ValueError(f"spacing_mm {spacing_mm} must be > 0, phase_axis {phase_axis} 0 or 1, n_coils {n_coils} >= 1")
        assumed = []
        density = image.to(COMPLEX[image.dtype])
        if phase:
            angle = smooth_phase((image.shape[0], image.shape[1]), seed=seed).to(image.device)
            density = density * torch.polar(torch.ones_like(angle), angle).to(density.dtype)
            assumed.append("smooth phase of the object")
        body = Body(density, (float(spacing_mm[0]), float(spacing_mm[1])))
        scan = cls(body, phase_axis, field_strength_t=field_strength_t, masked_air=masked_air, source_sigma=source_sigma, assumed=tuple(assumed))
        return scan if n_coils == 1 else scan.with_array(n_coils)

    @property
    def matrix(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.body.density.shape[0], self.body.density.shape[1]

    @property
    def spacing_mm(self) -> tuple[float, float]:
        """Pixel spacing along axis 0 and 1."""
        return self.body.spacing_mm

    @property
    def n_coils(self) -> int:
        """Number of receive channels."""
        if self.coils is not None and self.coils.shapes is not None:
            return len(self.coils.shapes)
        return 1 if self.array is None else self.array.n_coils

    @property
    def n_lines(self) -> int:
        """Number of phase-encode lines of the full matrix."""
        return self.matrix[self.phase_axis]

    @property
    def mean_tissue(self) -> float:
        """Mean magnitude of tissue at rest, in the unit of the source."""
        return self.body.mean_tissue

    @property
    def sensitivity(self) -> Sensitivity | None:
        """The coils as functions of place; None for one uniform coil."""
        if self.coils is not None:
            return self.coils
        alone = self.array is None and self.receive is None
        return None if alone else Sensitivity.of(self.array, self.receive, matrix=self.matrix, spacing_mm=self.spacing_mm)

    def mean_pose(self) -> Pose:
        """The pose that the picture shows: mean over lines, weighted by |k|^2 and spectral energy, which is what edges are made of."""
        if self.motion is None:
            return Pose()
        weight = self.body.line_energy(self.phase_axis, power=2).numpy()
        if self.lines is not None:
            weight = weight * self.lines.cpu().numpy()
        return self.motion.mean(weight)

    def at(self, pose: Pose) -> Self:
        """The same scan with the body held still at a pose; any movement during the scan is dropped."""
        return replace(self, motion=None if pose.is_neutral else Motion.constant(pose, n_lines=self.n_lines))

    def require_inside_matrix(self, line: int, column: int) -> None:
        """Refuse a k-space sample, counted from the centre, that was never acquired."""
        for name, value, n in (("line", line, self.matrix[0]), ("column", column, self.matrix[1])):
            if not -(n // 2) <= value < n - n // 2:
                raise ValueError(f"{name} {value} is outside the acquired matrix; allowed: {-(n // 2)} to {n - n // 2 - 1}")

    def with_event(self, event: Event) -> Self:
        """The scan with one more event."""
        require_any_path(self.readout, (event,))
        return replace(self, events=(*self.events, event))

    def with_motion(self, motion: Motion) -> Self:
        """The scan with a movement. A second movement moves the already moved body: poses compose line by line."""
        if self.readout is not None:
            raise EditConflict("motion: poses belong to lines, and the readout has none")
        return replace(self, motion=motion if self.motion is None else self.motion.then(motion))

    def with_lines(self, lines: Tensor) -> Self:
        """The scan with fewer lines (bool, stored order). A second choice keeps the lines that both keep."""
        if lines.shape != (self.n_lines,) or lines.dtype != torch.bool or not bool(lines[0]):
            raise ValueError(f"lines: a bool per stored line ({self.n_lines}) is needed, and the central line (index 0) must be sampled")
        if self.readout is not None:
            raise EditConflict("lines: the readout has none")
        return replace(self, lines=lines if self.lines is None else self.lines & lines)

    def with_reconstruction(self, reconstruction: Reconstruction) -> Self:
        """The scan reconstructed otherwise; a choice that differs from an earlier one is a conflict."""
        if self.readout is not None:
            raise EditConflict("reconstruction: the readout of this scan brings its own")
        if not isinstance(self.reconstruction, ZeroFilled) and self.reconstruction != reconstruction:
            raise EditConflict(f"reconstruction is {self.reconstruction} already; {reconstruction} was asked for")
        return replace(self, reconstruction=reconstruction)

    def with_readout(self, readout: Readout) -> Self:
        """The scan read along another path; it has no lines, no line order and no other reconstruction."""
        if self.motion is not None or self.lines is not None or self.readout not in (None, readout) or not isinstance(self.reconstruction, ZeroFilled):
            raise EditConflict("readout: the scan has lines, a movement line by line, a reconstruction or another readout already")
        require_any_path(readout, self.events)
        return replace(self, readout=readout)

    def with_receive(self, receive: ReceiveField) -> Self:
        """The scan without correction of its receive field; two different receive fields are a conflict."""
        if self.coils is not None:
            raise EditConflict("receive: the coils of this scan were measured, and their shading with them")
        if self.receive is not None and self.receive != receive:
            raise EditConflict("receive: the scan has a receive field already; one array receives one scan")
        return replace(self, receive=receive)

    def with_array(self, n_coils: int) -> Self:
        """The scan with a receive array, where it has a single uniform coil."""
        if self.array is not None or self.coils is not None:
            return self
        note = f"receive array of {n_coils} loops, prescan-normalised"
        array = surrounding_array(n_coils, fov_mm=(self.matrix[0] * self.spacing_mm[0], self.matrix[1] * self.spacing_mm[1]))
        return replace(self, array=array, assumed=(*self.assumed, note))
