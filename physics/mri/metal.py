"""Metal artefacts: a void that is larger than the metal, and rims where displaced signal piles up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import pi
from typing import ClassVar, Literal

import torch
from torch import Tensor

from physics.fourier import centred_grid, to_kspace, to_picture
from physics.measure.pair import Pair, Reading, measure
from physics.mri.bending import along_axis, bent, require_timing
from physics.mri.cavities import main_field_axis, materials
from physics.mri.dephasing import kept_share
from physics.mri.implant import Implant, implant_field
from physics.mri.measures import NO_SCAN
from physics.mri.scan import MRIScan, Stage
from physics.mri.susceptibility import ASSUMED_T, FieldMap
from physics.noise import unit_complex
from physics.scan import EditConflict

Sequence = Literal["gre", "se"]
REFOCUSED_HZ = 3000.0  # offset at which the slices of excitation and refocusing (2 and 1.2 kHz wide) no longer meet
BRIGHT = 1.5  # a pixel of the rim has at least this share of its signal, and gained this share of mean tissue
RIM_GAIN = 0.25
RIM_FINER = 6  # points a pixel along the read-out


@dataclass(frozen=True, eq=False, slots=True)
class MetalSignal:
    """What metal leaves of the signal.

    field : of the metal. hollow : (row, column) bool, the metal itself. echo_s : of a gradient echo, None for a spin echo.
    """

    field: FieldMap
    hollow: Tensor
    echo_s: float | None
    thickness_mm: float
    stage: ClassVar[IntEnum] = Stage.OBJECT
    rank: ClassVar[int] = 31  # after the dephasing of the body's own field

    def kept(self, scan: MRIScan) -> Tensor:
        """(row, column) share of the signal that is left."""
        if self.echo_s is None:
            kept = (1 - self.field.hz.abs() / REFOCUSED_HZ).clamp(min=0)
        else:
            kept = kept_share(self.field, echo_s=self.echo_s, spacing_mm=scan.spacing_mm, thickness_mm=self.thickness_mm)
        return torch.where(self.hollow, 0.0, 1 - scan.body.tissue_share.double().cpu() * (1 - kept))

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: complex density (row, column)."""
        out = data * self.kept(scan).to(data.real)
        if self.echo_s is None:
            return out
        turned = -2 * pi * self.echo_s * self.field.hz * scan.body.tissue_share.double().cpu()
        return out * torch.polar(torch.ones_like(turned), turned).to(data)


@dataclass(frozen=True, eq=False, slots=True)
class MetalShift:
    """Displacement along the read-out.

    hz : (row, column) offset. bandwidth_hz : of the receiver per pixel, negative for the other polarity. seed : of the noise in the void.
    """

    hz: Tensor
    bandwidth_hz: float
    seed: int
    stage: ClassVar[IntEnum] = Stage.ENCODING
    rank: ClassVar[int] = 11  # within a line: before what happens from line to line
    timing: ClassVar[str] = "one by one"

    def shift_px(self, scan: MRIScan) -> Tensor:
        """(row, column) displacement along the read-out axis: df / BW, faded out in the air about the body, where there is noise of the source only."""
        return self.hz / self.bandwidth_hz * scan.body.tissue_share.double().cpu()

    def heard(self, scan: MRIScan) -> Tensor:
        """(row, column) bool, what lands within the field of view, where the receiver's filter ends."""
        axis = 1 - scan.phase_axis
        return (centred_grid(scan.matrix)[axis] + self.shift_px(scan)).abs() <= scan.matrix[axis] / 2

    def displacement_mm(self, scan: MRIScan) -> Tensor:
        """(2, row, column) along array axis 0 and 1; 0 for what is not drawn at all: air, bone, the metal, and what is displaced out of the field of view."""
        drawn = self.heard(scan) & materials(scan.body).tissue.cpu()
        for event in scan.events:
            if isinstance(event, MetalSignal):
                drawn = drawn & ~event.hollow
        return along_axis(torch.where(drawn, self.shift_px(scan), 0.0), axis=1 - scan.phase_axis, spacing_mm=scan.spacing_mm)

    def apply(self, data: Tensor, scan: MRIScan) -> Tensor:
        """data: k-space (coil, row, column)."""
        axis = 1 - scan.phase_axis
        shift, heard = self.shift_px(scan), self.heard(scan)
        shown = to_picture(bent(to_kspace(to_picture(data) * heard.to(data.real)), torch.where(heard, shift, 0.0), axis=axis, finer=RIM_FINER))
        # Noise that the source holds went with the tissue: what a void lacks of it is put back, shared between coils.
        power = torch.nn.functional.avg_pool2d(torch.view_as_real(shown).square().sum(dim=(0, -1))[None, None], 3, 1, 1, count_include_pad=False)[0, 0]
        missing = ((2 * scan.source_sigma**2 - power).clamp(min=0) / (2 * len(shown))).sqrt() * scan.body.support.to(power.device)
        return to_kspace(shown + missing * unit_complex(tuple(shown.shape), seed=self.seed, dtype=torch.complex128).to(shown))


def add_metal(
    scan: MRIScan, implant: Implant, *, sequence: Sequence, bandwidth_hz: float, echo_ms: float = 5.0, thickness_mm: float = 3.0, seed: int = 0
) -> MRIScan:
    """A black void with bright rims about metal.

    Model
        df of the metal (implant.implant_field) at the field strength of the scan (3 T where it states none). No signal from the metal itself. Gradient echo:
        the share of each voxel that is not dephased (dephasing.kept_share) and its phase. Spin echo: static dephasing is refocused; slices of excitation
        and refocusing drift apart, 1 - |df| / 3 kHz is left. Both: along each line exp(-2 pi i n (x + df / BW) / N), so that signal leaves its place along the
        read-out, piles up in rims and is lost beyond the field of view.
    Parameters
        implant : metal, place, size; radius 0 is none. bandwidth_hz : receiver bandwidth per pixel, its sign the polarity of the read-out. echo_ms,
        thickness_mm : of the gradient echo. seed : of the noise in the void.
    Returns
        The scan with the events added; no implant leaves it as it was.
    Assumes
        The tissue was there before the metal; noise of the source is put back where the void lacks it.
    Not modelled
        Warp of the slice, currents in the metal, failed fat suppression about it, shimming.
    Raises
        ValueError: bandwidth, echo time or thickness not positive. EditConflict: metal is in the body already, or all lines follow one excitation.
    References
        Hargreaves et al. 2011, 10.2214/AJR.11.7364; Koch et al. 2010, 10.1002/jmri.22313; Schenck 1996, 10.1118/1.597854.
    Oracle
        Void of a gradient echo against the dipole's radius, displacement df / BW of a dot, rims of a spin echo, blooming with echo time
        (tests/physics/mri/test_metal.py).
    """
    if bandwidth_hz == 0 or echo_ms <= 0 or thickness_mm <= 0 or implant.radius_mm < 0:
        raise ValueError(f"bandwidth {bandwidth_hz} must not be 0, echo_ms {echo_ms} and thickness_mm {thickness_mm} > 0, radius {implant.radius_mm} >= 0")
    if implant.radius_mm == 0:
        return scan
    if any(isinstance(event, MetalSignal) for event in scan.events):
        raise EditConflict("metal: there is an implant already, and the fields of two are not applied one after the other")
    require_timing(scan.events, MetalShift.timing)
    field = implant_field(implant, scan.body, strength_t=scan.field_strength_t or ASSUMED_T, along=main_field_axis(scan.body))
    signal = MetalSignal(field, implant.inside(scan.body), echo_ms / 1e3 if sequence == "gre" else None, thickness_mm)
    return scan.with_event(signal).with_event(MetalShift(field.hz, bandwidth_hz, seed))


@measure("cm2")
def rim_area(pair: Pair) -> Reading:
    """Area of tissue that became half as bright again or more, by a quarter of the mean of the object at least: piled-up signal."""
    if pair.view.spacing_mm is None or not bool(pair.view.mask.any()):
        return Reading(None, "the pixel spacing is not known, or the object is empty")
    before, after = pair.reference, pair.degraded
    gained = (after > BRIGHT * before) & (after - before > RIM_GAIN * before[pair.view.mask].mean()) & pair.view.mask
    return Reading(float(gained.sum()) * pair.view.spacing_mm[0] * pair.view.spacing_mm[1] / 100)


@measure("cm2")
def metal_area(pair: Pair) -> Reading:
    """Area that the metal itself takes of the slice."""
    if not isinstance(pair.scan, MRIScan):
        return NO_SCAN
    event = next((found for found in pair.scan.events if isinstance(found, MetalSignal)), None)
    area = pair.scan.spacing_mm[0] * pair.scan.spacing_mm[1] / 100
    return Reading(0.0 if event is None else float(event.hollow.sum()) * area)
