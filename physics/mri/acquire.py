"""The MRI scanner: the only place where an MRI picture is made."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from physics.fourier import to_kspace
from physics.mri.body import Body
from physics.mri.chain import ClosedForm, require_any_path
from physics.mri.coils import Sensitivity
from physics.mri.encoding import encode, encode_moving
from physics.mri.scan import MRIScan, Stage
from physics.mri.zero_filled import ZeroFilled, combined, magnitude
from physics.scan import acquire, moved_to, of_stage, run_stage


def acquire_kspace(scan: MRIScan) -> Tensor:
    """What the receiver delivers: k-space (coil, row, column), uncentred, orthonormal; lines that were not sampled are zero.

    Model
        density -> events of the object -> coils -> Fourier encoding under the pose of each line -> events of the encoding -> the path of the
        readout, if there is one -> events of the receiver -> the lines that are sampled.
    Parameters
        scan : the acquisition.
    Returns
        Complex, of the precision of the source; along a readout (coil, shot, sample).
    Assumes
        One slice. Where a receive field is set, air beyond the body's rim keeps its level: it holds noise of the source's receiver.
    Not modelled
        Events of stage COILS while the body moves.
    Raises
        ValueError: an event changes the coil maps of a moving body. EditConflict: an event knows lines only, and the scan is read along another path.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, chapter 11.
    Oracle
        A scan in order gives back the source; so does its k-space, to 1e-6 (tests/physics/mri/test_acquire.py).
    """
    require_any_path(scan.readout, scan.events)
    density, air = _signal(scan)
    if scan.motion is None:
        kspace = to_kspace(_coil_pictures(scan, density, air))
    else:
        kspace = encoded(scan, density)
        if air is not None:
            kspace = kspace + encode(air, _shapes(scan, air))
    kspace = run_stage(kspace, scan, Stage.ENCODING)
    received: Tensor = run_stage(kspace if scan.readout is None else scan.readout.sample(kspace), scan, Stage.RECEIVER)
    if scan.lines is None:
        return received
    sampled: Tensor = received * (scan.lines[:, None] if scan.phase_axis == 0 else scan.lines[None, :]).to(received.device)
    return sampled


def encoded(scan: MRIScan, density: Tensor) -> Tensor:
    """Part of the body by itself, as the scanner would receive it.

    Model
        K = F sum over poses of C_c rho at rest, or each line under its own pose (encoding.encode_moving): linear in the density, so that parts add up to the
        whole.
    Parameters
        scan : its coils and movement count, its events do not. density : (row, column) complex, the body or a part of it.
    Returns
        (coil, row, column) noiseless k-space, uncentred, orthonormal.
    Assumes
        Air is encoded apart (acquire_kspace).
    Not modelled
        Events of the encoding, which act on the whole.
    Raises
        ValueError: an event changes the coil maps of a moving body.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, chapter 11.
    Oracle
        A displaced part and the rest make the whole, line by line (tests/physics/mri/test_respiration.py, test_chemical_shift.py).
    """
    if scan.motion is None:
        return to_kspace(_coil_pictures(scan, density, None))
    changed = of_stage(scan, Stage.COILS)
    if changed:
        raise ValueError(f"{changed[0]} changes coil maps, which is not possible for a body that moves")
    return encode_moving(density, scan.motion, spacing_mm=scan.spacing_mm, phase_axis=scan.phase_axis, sensitivity=scan.sensitivity)


def _signal(scan: MRIScan) -> tuple[Tensor, Tensor | None]:
    """What the body emits; apart from it, where a receive field is set, the noise that the air of the source holds."""
    density: Tensor = run_stage(scan.body.density, scan, Stage.OBJECT)
    if scan.receive is None:
        return density, None
    tissue = density * scan.body.tissue_share
    return tissue, density - tissue


def _coil_pictures(scan: MRIScan, density: Tensor, air: Tensor | None) -> Tensor:
    """(coil, row, column) of a body at rest, as each coil sees it."""
    sensitivity = scan.sensitivity
    maps = None if sensitivity is None else sensitivity.maps(scan.matrix, like=density)
    if of_stage(scan, Stage.COILS):
        maps = run_stage(density.new_ones((1, *scan.matrix)) if maps is None else maps, scan, Stage.COILS)
    if maps is None:
        return density[None]
    if air is None:
        return maps * density
    shapes = _shapes(scan, air)
    return torch.addcmul(air if shapes is None else shapes * air, maps, density)


def _shapes(scan: MRIScan, like: Tensor) -> Tensor | None:
    """Maps of the array without the receive field; None for one uniform coil."""
    return Sensitivity.of(scan.array, None, matrix=scan.matrix, spacing_mm=scan.spacing_mm).maps(scan.matrix, like=like) if scan.array else None


def closed_forms(scan: MRIScan) -> list[ClosedForm] | None:
    """What happens between coils and picture, in its order, if all of it is known in closed form there; None where k-space is needed.

    Model
        Where the body rests, every line is sampled and the reconstruction is the inverse transform, picture = F^H E_n ... E_1 F coil pictures, and each
        E_i may be replaced by F^H E_i F. No event at all: transforming forth and back would change the picture by rounding only. Events of equal rank
        commute up to rounding; an order of their own, whatever that of the edits, makes them commute to the byte.
    Parameters
        scan : the acquisition.
    Returns
        The events in the order in which they act on the coil pictures; none is an empty list.
    Assumes
        Events of equal rank commute.
    Not modelled
        Chains that are known in part.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, section 1.1 (theorems of the Fourier transform).
    Oracle
        The same chain in k-space, event by event and all together, to 1e-12 (tests/physics/mri/test_closed_forms.py).
    """
    if scan.motion is not None or scan.readout is not None or scan.lines is not None or not isinstance(scan.reconstruction, ZeroFilled):
        return None
    events = [*of_stage(scan, Stage.ENCODING), *of_stage(scan, Stage.RECEIVER)]
    known: list[ClosedForm] = [event for event in events if isinstance(event, ClosedForm)]
    return sorted(known, key=lambda event: (event.stage, event.rank, repr(event))) if len(known) == len(events) else None


def acquire_complex(scan: MRIScan) -> Tensor:
    """The picture before its magnitude is taken.

    Model
        acquire_kspace, then the reconstruction of the scan or the picture of its readout, then events of the reconstruction. Where all that happens between
        coils and picture is known in closed form there, it is done there, without a transform forth and back.
    Parameters
        scan : the acquisition.
    Returns
        (row, column) complex. A root sum of squares over several coils has no phase.
    Assumes
        One slice.
    Not modelled
        Scaling by the scanner.
    References
        Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, chapter 13.
    Oracle
        Its modulus is the picture that is shown; a scan in order gives back its source (tests/physics/mri/test_acquire.py).
    """
    between = closed_forms(scan)
    if between is not None:
        pictures = _coil_pictures(scan, *_signal(scan))
        for event in between:
            pictures = event.in_picture(pictures, scan)
        picture = combined(pictures)
    else:
        received = acquire_kspace(scan)
        picture = scan.reconstruction(received, lines=scan.lines, phase_axis=scan.phase_axis) if scan.readout is None else scan.readout.picture(received)
    complete: Tensor = run_stage(picture, scan, Stage.RECONSTRUCTION)
    return complete


@moved_to.register
def mri_moved_to(scan: MRIScan, device: torch.device) -> MRIScan:
    """The scan with its body and the slices about it on a device. Coil fields are splines on the CPU, evaluated once for all pictures of a matrix."""
    slab = None if scan.slab is None else replace(scan.slab, density=scan.slab.density.to(device))
    return replace(scan, body=Body(scan.body.density.to(device), scan.body.spacing_mm), slab=slab)


@acquire.register
def acquire_magnitude(scan: MRIScan) -> Tensor:
    """The picture: magnitude (row, column), in the unit and precision of the source."""
    shown: Tensor = run_stage(magnitude(acquire_complex(scan)), scan, Stage.MAGNITUDE)
    return shown
