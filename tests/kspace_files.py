"""Files of k-space, written as each format wants them, from one head under known coils."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from physics.fourier import to_kspace
from physics.mri.body import smooth_phase
from physics.mri.coils import Sensitivity, surrounding_array
from physics.noise import unit_complex
from physics.phantoms import ellipses

SIGMA = 0.01
COUNTERS = ("kspace_encode_step_1", "kspace_encode_step_2", "average", "slice", "contrast", "phase", "repetition", "set", "segment")
IDX = np.dtype([*((name, "<u2") for name in COUNTERS), ("user", "<u2", (8,))])
HEAD = np.dtype(
    [
        ("version", "<u2"),
        ("flags", "<u8"),
        ("measurement_uid", "<u4"),
        ("scan_counter", "<u4"),
        ("acquisition_time_stamp", "<u4"),
        ("physiology_time_stamp", "<u4", (3,)),
        ("number_of_samples", "<u2"),
        ("available_channels", "<u2"),
        ("active_channels", "<u2"),
        ("channel_mask", "<u8", (16,)),
        ("discard_pre", "<u2"),
        ("discard_post", "<u2"),
        ("center_sample", "<u2"),
        ("encoding_space_ref", "<u2"),
        ("trajectory_dimensions", "<u2"),
        ("sample_time_us", "<f4"),
        ("position", "<f4", (3,)),
        ("read_dir", "<f4", (3,)),
        ("phase_dir", "<f4", (3,)),
        ("slice_dir", "<f4", (3,)),
        ("patient_table_position", "<f4", (3,)),
        ("idx", IDX),
        ("user_int", "<i4", (8,)),
        ("user_float", "<f4", (8,)),
    ]
)
ACQUISITION = np.dtype([("head", HEAD), ("traj", h5py.vlen_dtype(np.float32)), ("data", h5py.vlen_dtype(np.float32))])


@lru_cache(maxsize=16)
def head(shape: tuple[int, int] = (64, 48), n_coils: int = 4, *, seed: int = 1) -> np.ndarray:
    """Centred k-space (coil, row, column) complex64 of a head that no flip maps onto itself, with noise. Another seed is another slice."""
    picture = ellipses(shape, torch.float64) * (1 + 0.05 * seed)
    density = picture * torch.polar(torch.ones_like(picture), smooth_phase(shape, seed=seed))
    coils = torch.ones(1, *shape, dtype=torch.complex128)
    if n_coils > 1:
        coils = Sensitivity.of(surrounding_array(n_coils, fov_mm=shape), None, matrix=shape, spacing_mm=(1.0, 1.0)).maps(shape)
    kspace = to_kspace(coils * density) + SIGMA * unit_complex((n_coils, *shape), seed=seed + 70, dtype=torch.complex128)
    return np.fft.fftshift(kspace.numpy(), axes=(1, 2)).astype(np.complex64)


def root_sum_of_squares(centred: np.ndarray) -> np.ndarray:
    """The picture of centred k-space by NumPy's own transform."""
    pictures = np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(centred, axes=(-2, -1)), norm="ortho"), axes=(-2, -1))
    return np.sqrt((np.abs(pictures) ** 2).sum(axis=0))


def oversampled(centred: np.ndarray, axis: int) -> np.ndarray:
    """The same field of view twice as long along an axis: noise-free air on both sides, as a readout of twice the rate gives."""
    pictures = np.fft.fftshift(np.fft.ifft(np.fft.ifftshift(centred, axes=axis), axis=axis, norm="ortho"), axes=axis)
    n = centred.shape[axis]
    wide = np.zeros([2 * size if place == axis else size for place, size in enumerate(centred.shape)], np.complex64)
    part = [slice(None)] * centred.ndim
    part[axis] = slice(n - n // 2, n - n // 2 + n)
    wide[tuple(part)] = pictures
    return np.fft.fftshift(np.fft.fft(np.fft.ifftshift(wide, axes=axis), axis=axis, norm="ortho"), axes=axis).astype(np.complex64)


def xml(
    matrix: tuple[int, int, int], fov: tuple[float, float], *, recon_fov: float, centre: int | None = None, trajectory: str = "cartesian", extra: str = ""
) -> str:
    """An MRD header. matrix, fov : encoded, readout first."""
    limits = (
        ""
        if centre is None
        else f"<kspace_encoding_step_1><minimum>0</minimum><maximum>{matrix[1] - 1}</maximum><center>{centre}</center></kspace_encoding_step_1>"
    )
    return (
        '<?xml version="1.0"?><ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">'
        "<subjectInformation><patientName>SECRET NAME</patientName><patientID>SECRETID</patientID></subjectInformation>"
        "<acquisitionSystemInformation><systemFieldStrength_T>2.9</systemFieldStrength_T>"
        "<institutionName>SECRET PLACE</institutionName></acquisitionSystemInformation>"
        f"<encoding><encodedSpace><matrixSize><x>{matrix[0]}</x><y>{matrix[1]}</y><z>{matrix[2]}</z></matrixSize>"
        f"<fieldOfView_mm><x>{fov[0]}</x><y>{fov[1]}</y><z>5</z></fieldOfView_mm></encodedSpace>"
        f"<reconSpace><matrixSize><x>{matrix[0] // 2}</x><y>{matrix[1]}</y><z>1</z></matrixSize>"
        f"<fieldOfView_mm><x>{recon_fov}</x><y>{fov[1]}</y><z>5</z></fieldOfView_mm></reconSpace>"
        f"<encodingLimits>{limits}</encodingLimits><trajectory>{trajectory}</trajectory></encoding>"
        f"<sequenceParameters><TR>500</TR><TE>12.5</TE></sequenceParameters>{extra}</ismrmrdHeader>"
    )


def write_fastmri(path: Path, kspace: np.ndarray, header: str | None, **attributes: Any) -> Path:
    """A fastMRI file."""
    with h5py.File(path, "w") as file:
        file["kspace"] = kspace
        if header is not None:
            file["ismrmrd_header"] = header
        for key, value in attributes.items():
            file.attrs[key] = value
    return path


def acquisition(samples: np.ndarray, *, flags: int = 0, centre: int | None = None, dwell_us: float = 5.0, **counters: int) -> np.ndarray:
    """One MRD acquisition of samples (coil, sample)."""
    row = np.zeros(1, dtype=ACQUISITION)
    one = row["head"][0]
    one["version"], one["flags"] = 1, flags
    one["number_of_samples"], one["active_channels"], one["available_channels"] = samples.shape[1], samples.shape[0], samples.shape[0]
    one["center_sample"], one["sample_time_us"] = samples.shape[1] // 2 if centre is None else centre, dwell_us
    for key, value in counters.items():
        one["idx"][key] = value
    row["traj"][0] = np.zeros(0, np.float32)
    row["data"][0] = np.ascontiguousarray(samples, np.complex64).view(np.float32).ravel()
    return row


def write_ismrmrd(path: Path, rows: list[np.ndarray], header: str) -> Path:
    """An MRD file."""
    with h5py.File(path, "w") as file:
        group = file.create_group("dataset")
        group.create_dataset("xml", data=[header], dtype=h5py.string_dtype())
        data = group.create_dataset("data", (len(rows),), dtype=ACQUISITION, maxshape=(None,))
        for place, row in enumerate(rows):
            data[place] = row[0]
    return path


def write_bart(path: Path, array: np.ndarray) -> Path:
    """A .cfl with its .hdr; array in BART's order of dimensions."""
    sizes = [*array.shape, *([1] * (16 - array.ndim))]
    path.with_suffix(".hdr").write_text("# Dimensions\n" + " ".join(map(str, sizes)) + " \n")
    path.with_suffix(".cfl").write_bytes(np.asarray(array, "<c8").tobytes(order="F"))
    return path.with_suffix(".cfl")


def write_numpy(path: Path, array: np.ndarray, page: str | None) -> Path:
    """A .npy with a page beside it."""
    np.save(path, array)
    if page is not None:
        path.with_suffix(".yaml").write_text(page)
    return path
