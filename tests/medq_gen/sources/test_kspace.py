"""k-space files: written here in each format, read back, and wrong in every way that was thought of."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from kspace_files import SIGMA, acquisition, head, oversampled, root_sum_of_squares, write_bart, write_fastmri, write_ismrmrd, write_numpy, xml
from real_data import real_data

from medq_gen.errors import ConfigError, SourceError
from medq_gen.records import Case
from medq_gen.scan_of import healthy_scan
from medq_gen.sources import Source, kspace_hdf5, make
from physics.mri.motion import Motion
from physics.mri.thermal import add_noise
from physics.pose import Pose
from physics.scan import acquire

Index = Callable[[Source], tuple[list[Case], list[SourceError]]]
ROWS, COLUMNS = 64, 48
PAGE = "axes: [coil, row, column]\nspacing_mm: [0.8, 1.25]\nphase_encode_axis: 1\nanatomy: head\nview: axial\nfield_strength_t: 3.0\nlicence: CC0-1.0\n"
NOISE = (SIGMA * np.random.default_rng(8).normal(size=(4, 4000, 2)) @ np.array([1, 1j])).astype(np.complex64)


def shown(source: Source, case: Case) -> np.ndarray:
    """The picture of a case at a brightness of 1."""
    pixels = source.load(case).pixels
    return pixels / np.linalg.norm(pixels)


def alike(found: np.ndarray, centred: np.ndarray, *, within: float = 0.08) -> None:
    """Whether a picture is the root sum of squares of k-space, but for brightness and whitening: shifted or mirrored it is off by more than a tenth."""
    expected = root_sum_of_squares(centred)
    expected = expected / np.linalg.norm(expected)
    assert found.shape == expected.shape
    assert np.linalg.norm(found - expected) < within
    for other in (np.roll(expected, 1, axis=0), np.roll(expected, 1, axis=1), expected[::-1], expected[:, ::-1]):
        assert np.linalg.norm(found - other) > 0.1


def only(source: Source) -> Case:
    """The one case of a source."""
    (case,) = source.index()
    assert isinstance(case, Case), case
    return case


def lines_of(centred: np.ndarray, *, dwell_us: float = 5.0, **counters: int) -> list[np.ndarray]:
    """MRD acquisitions of (coil, phase, readout), in a scrambled order."""
    order = np.random.default_rng(2).permutation(centred.shape[1])
    return [acquisition(centred[:, line], dwell_us=dwell_us, kspace_encode_step_1=int(line), **counters) for line in order]


def test_fastmri_round_trip(tmp_path: Path) -> None:
    """Two slices of four coils, the readout (rows) sampled twice as fast: the head of each slice, spacing of the header, lines along columns, one group."""
    slices = np.stack([oversampled(head(seed=1), 1), oversampled(head(seed=2), 1)])
    header = xml((2 * ROWS, COLUMNS, 1), (2 * 0.8 * ROWS, 1.25 * COLUMNS), recon_fov=0.8 * ROWS)
    path = write_fastmri(tmp_path / "file1.h5", slices, header, acquisition="AXT2", patient_id="SECRETID")
    source = make("kspace", {"path": path})
    cases = [item for item in source.index() if isinstance(item, Case)]
    assert [case.entry for case in cases] == ["file1.h5#0", "file1.h5#1"]
    for seed, case in enumerate(cases, start=1):
        alike(shown(source, case), head(seed=seed))
        assert case.spacing_mm == pytest.approx((0.8, 1.25))
        assert (case.anatomy, case.view, case.group) == ("head", "axial", cases[0].group)
        assert case.acquisition["phase_encode_axis"] == 1
        assert case.acquisition["field_strength_t"] == pytest.approx(2.9)
        assert case.acquisition["repetition_time_ms"] == 500
        assert (case.acquisition["coils"], case.acquisition["acceleration"]) == (4, 1.0)
        assert "SECRET" not in case.model_dump_json()
        assert {"patient_id", "subjectInformation"} <= set(case.withheld)
    assert cases[0].id != cases[1].id


def test_fastmri_of_one_coil(tmp_path: Path) -> None:
    """(slice, row, column) is one coil: its own magnitude, with its phase."""
    header = xml((ROWS, COLUMNS, 1), (0.8 * ROWS, 1.25 * COLUMNS), recon_fov=0.8 * ROWS)
    source = make("kspace", {"path": write_fastmri(tmp_path / "single.h5", head(n_coils=1), header)})
    case = only(source)
    alike(shown(source, case), head(n_coils=1), within=1e-5)
    scan, _ = healthy_scan(source.load(case), seed=1)
    assert scan.coils is None  # type: ignore[attr-defined]


def test_files_of_one_person_are_one_group(tmp_path: Path) -> None:
    """fastMRI states who was scanned: two files of one person share a group, a third does not; the word itself is nowhere."""
    header = xml((ROWS, COLUMNS, 1), (0.8 * ROWS, 1.25 * COLUMNS), recon_fov=0.8 * ROWS)
    for number, person in enumerate(("SECRETA", "SECRETB", "SECRETA"), start=1):
        write_fastmri(tmp_path / f"{number}.h5", head(seed=number)[None], header, patient_id=person)
    cases = [item for item in make("kspace", {"path": tmp_path}).index() if isinstance(item, Case)]
    groups = {case.entry: case.group for case in cases}
    assert groups["1.h5#0"] == groups["3.h5#0"] != groups["2.h5#0"]
    assert "SECRET" not in "".join(case.model_dump_json() for case in cases)


def test_ismrmrd_round_trip(tmp_path: Path) -> None:
    """Scrambled lines of two slices, an oversampled readout, averages, navigators, a noise scan of half the bandwidth: head, spacing and noise as they were."""
    wide = [oversampled(head(seed=seed), 2) for seed in (1, 2)]
    rows = [acquisition(NOISE[:, place : place + 200] / np.sqrt(2), flags=1 << 18, dwell_us=10.0) for place in range(0, 4000, 200)]
    for place, one in enumerate(wide):
        rows += lines_of(one, slice=place)
    rows += lines_of(wide[0], slice=0, average=1)
    rows.append(acquisition(100 * wide[0][:, 5], flags=1 << 22, kspace_encode_step_1=5))  # a navigator, which belongs to no picture
    header = xml((2 * COLUMNS, ROWS, 1), (2 * 1.25 * COLUMNS, 0.8 * ROWS), recon_fov=1.25 * COLUMNS, centre=ROWS // 2)
    source = make("kspace", {"path": write_ismrmrd(tmp_path / "scan.mrd", rows, header), "anatomy": "head"})
    cases = [item for item in source.index() if isinstance(item, Case)]
    assert [case.entry.partition("#")[2] for case in cases] == ["0-0-0-0-0-0", "1-0-0-0-0-0"]
    for seed, case in enumerate(cases, start=1):
        alike(shown(source, case), head(seed=seed))
        assert case.spacing_mm == pytest.approx((0.8, 1.25))
        assert case.acquisition["phase_encode_axis"] == 0
        assert case.acquisition["noise_from"] == "noise samples"
        assert "SECRET" not in case.model_dump_json()
    scans = [healthy_scan(source.load(case), seed=1)[0] for case in cases]
    measured = source.load(cases[1]).measured
    assert measured is not None
    gain = np.abs(measured.kspace).max() / np.abs(head(seed=2)).max()
    assert scans[1].source_sigma == pytest.approx(gain * SIGMA, rel=0.05)  # type: ignore[attr-defined]
    assert scans[0].source_sigma == pytest.approx(gain * SIGMA / np.sqrt(2), rel=0.05)  # type: ignore[attr-defined]  # two averages
    assert not any("noise" in note for note in scans[0].assumed)


def test_ismrmrd_reversed_lines_and_partial_echo(tmp_path: Path) -> None:
    """Lines read backwards are turned; an echo of which an eighth was not sampled lies where its centre says."""
    centred = head()
    rows = []
    for line in range(ROWS):
        if line % 2:
            rows.append(acquisition(centred[:, line, ::-1], flags=1 << 21, centre=COLUMNS // 2, kspace_encode_step_1=line))
        else:
            rows.append(acquisition(centred[:, line], kspace_encode_step_1=line))
    header = xml((COLUMNS, ROWS, 1), (1.25 * COLUMNS, 0.8 * ROWS), recon_fov=1.25 * COLUMNS)
    source = make("kspace", {"path": write_ismrmrd(tmp_path / "turned.h5", rows, header)})
    alike(shown(source, only(source)), centred)
    cut = COLUMNS // 8
    rows = [acquisition(centred[:, line, cut:], centre=COLUMNS // 2 - cut, kspace_encode_step_1=line) for line in range(ROWS)]
    source = make("kspace", {"path": write_ismrmrd(tmp_path / "partial.h5", rows, header)})
    kept = centred.copy()
    kept[:, :, :cut] = 0
    case = only(source)
    alike(shown(source, case), kept)
    assert any("partial Fourier" in note for note in healthy_scan(source.load(case), seed=1)[0].assumed)


def test_ismrmrd_with_two_phase_encodings(tmp_path: Path) -> None:
    """Partitions are transformed to slices: each slice is the head that was put there."""
    volume = np.stack([head(seed=seed) for seed in (1, 2, 3, 4)], axis=1)  # (coil, slice, row, column)
    encoded = np.fft.fftshift(np.fft.fft(np.fft.ifftshift(volume, axes=1), axis=1, norm="ortho"), axes=1)
    rows = [acquisition(encoded[:, part, line], kspace_encode_step_1=line, kspace_encode_step_2=part) for part in range(4) for line in range(ROWS)]
    header = xml((COLUMNS, ROWS, 4), (1.25 * COLUMNS, 0.8 * ROWS), recon_fov=1.25 * COLUMNS)
    source = make("kspace", {"path": write_ismrmrd(tmp_path / "volume.h5", rows, header)})
    cases = [item for item in source.index() if isinstance(item, Case)]
    assert len(cases) == 4
    brightness = []
    for seed, case in enumerate(cases, start=1):
        alike(shown(source, case), head(seed=seed))
        measured = source.load(case).measured
        assert measured is not None
        brightness.append(float(np.abs(measured.identity).max()))
    np.testing.assert_allclose(brightness, [np.abs(head(seed=seed)).max() for seed in (1, 2, 3, 4)], rtol=1e-4)


@pytest.mark.parametrize("layout", ["slice", "volume", "plane"])
def test_bart_round_trip(tmp_path: Path, layout: str) -> None:
    """Fortran order with coils fourth: slices in dimension 13, partitions in 2, or a plane of two phase encodings whose readout was transformed."""
    heads = [head(seed=seed).transpose(1, 2, 0) for seed in (1, 2, 3)]
    page = "spacing_mm: [0.8, 1.25]\n"
    if layout == "slice":
        array = np.stack(heads, axis=-1).reshape(ROWS, COLUMNS, 1, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3)
    elif layout == "volume":
        volume = np.stack(heads, axis=2)
        array = np.fft.fftshift(np.fft.fft(np.fft.ifftshift(volume, axes=2), axis=2, norm="ortho"), axes=2)
    else:
        array = heads[0][None]
    path = write_bart(tmp_path / "k.cfl", array)
    (tmp_path / "k.yaml").write_text(page)
    source = make("kspace", {"path": path})
    cases = [item for item in source.index() if isinstance(item, Case)]
    assert len(cases) == (1 if layout == "plane" else 3)
    for seed, case in enumerate(cases, start=1):
        alike(shown(source, case), head(seed=seed))
        assert case.acquisition.get("phase_encode_axis") == (None if layout == "plane" else 1)
        assert case.spacing_mm == pytest.approx((0.8, 1.25))


@pytest.mark.parametrize("form", ["yaml", "json", "options"])
def test_numpy_round_trip(tmp_path: Path, form: str) -> None:
    """Axes, spacing, direction, anatomy, field and licence come from the page beside the array, or from options."""
    array = head()
    import yaml

    page = yaml.safe_load(PAGE)
    path = write_numpy(tmp_path / "k.npy", array, PAGE if form == "yaml" else None)
    options: dict[str, Any] = {"path": tmp_path}
    if form == "json":
        path.with_suffix(".json").write_text(json.dumps(page))
    if form == "options":
        options |= {key: value for key, value in page.items() if key != "view"}
    source = make("kspace", options)
    case = only(source)
    alike(shown(source, case), array)
    assert case.spacing_mm == pytest.approx((0.8, 1.25))
    assert (case.anatomy, case.licence, case.acquisition["phase_encode_axis"], case.acquisition["field_strength_t"]) == ("head", "CC0-1.0", 1, 3.0)


@pytest.mark.parametrize("shape", [(64, 48), (37, 53), (97, 33)])
def test_numpy_orders_and_types(tmp_path: Path, shape: tuple[int, int], sorted_out: Index) -> None:
    """Transposed axes, whole numbers with an axis of parts, big-endian doubles, Fortran order, zero frequency first: the same head, on prime sides too."""
    centred = head(shape)
    forms: dict[str, tuple[np.ndarray, str]] = {
        "a_turned": (centred.transpose(2, 0, 1), "[column, coil, row]"),
        "b_fortran": (np.asfortranarray(centred), "[coil, row, column]"),
        "c_double": (centred.astype(">c16") * 1e-10, "[coil, row, column]"),
        "d_whole": (np.round(np.stack([centred.real, centred.imag]) * 2000).astype(np.int32), "[part, coil, row, column]"),
        "e_slice": (centred[None], "[slice, coil, row, column]"),
    }
    for name, (array, axes) in forms.items():
        write_numpy(tmp_path / f"{name}.npy", array, f"axes: {axes}\nspacing_mm: [1.0, 3.0]\n")
    plain = np.fft.fft2(np.fft.ifft2(np.fft.ifftshift(centred, axes=(1, 2))))  # numpy's own order and origin
    rolled = np.fft.fft2(np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(centred, axes=(1, 2))), axes=(1, 2)))
    assert not np.allclose(plain, rolled)
    write_numpy(tmp_path / "f_first.npy", rolled.astype(np.complex64), "axes: [coil, row, column]\nspacing_mm: [1.0, 3.0]\ncentred: false\n")
    source = make("kspace", {"path": tmp_path})
    cases, errors = sorted_out(source)
    assert not [error for error in errors if "same picture" not in error.problem]
    found = {case.entry.partition(".")[0]: case for case in cases}
    assert set(found) >= {"a_turned", "c_double", "d_whole", "f_first"}
    for case in cases:
        alike(shown(source, case), centred)
    assert any("same picture" in error.problem for error in errors)  # order in memory and a lone slice axis change no sample


def test_identity_is_the_raw_samples(tmp_path: Path) -> None:
    """Another setting of coils gives another picture of the same case; changed samples give another case, and loading the old one says so."""
    path = write_numpy(tmp_path / "k.npy", head(), PAGE)
    source, fewer = make("kspace", {"path": path}), make("kspace", {"path": path, "max_coils": 2})
    case = only(source)
    assert only(fewer).id == case.id
    assert not np.array_equal(fewer.load(only(fewer)).pixels, source.load(case).pixels)
    write_numpy(path, head() * np.complex64(1.01), PAGE)
    with pytest.raises(SourceError, match="changed since it was indexed"):
        source.load(case)


def test_a_scan_of_kspace_is_edited_as_any_other(tmp_path: Path) -> None:
    """The reference is the picture of the case, byte for byte, with measured coils and nothing synthetic; noise and motion degrade it."""
    source = make("kspace", {"path": write_numpy(tmp_path / "k.npy", head((120, 96)), PAGE)})
    loaded = source.load(only(source))
    scan, view = healthy_scan(loaded, seed=3)
    reference = acquire(scan)
    np.testing.assert_array_equal(reference.numpy(), loaded.pixels)
    assert view.mask.shape == reference.shape
    assert scan.n_coils == 4  # type: ignore[attr-defined]
    assert scan.assumed == ("noise of the receivers: read from the corners of the coil pictures",)
    noisy = acquire(add_noise(scan, sigma=0.2 * scan.mean_tissue, seed=1))  # type: ignore[arg-type, attr-defined]
    moved = acquire(scan.with_motion(Motion.constant(Pose((5.0, 0.0)), n_lines=scan.n_lines)))  # type: ignore[attr-defined]
    for picture in (noisy, moved):
        assert bool(torch.isfinite(picture).all())
        assert float((picture - reference).norm() / reference.norm()) > 0.1


def test_a_real_brain(tmp_path: Path, sorted_out: Index) -> None:
    """Eight measured coils, one in six samples: refused with the way out; on request a head of 230 x 180 whose record says how it came about."""
    array = np.load(real_data("mri_kspace", "brain_8coil_poisson_undersampled.npy"), allow_pickle=False)
    path = write_numpy(tmp_path / "brain.npy", array, "axes: [coil, row, column]\nspacing_mm: [1.0, 1.0]\nanatomy: head\nview: axial\nlicence: BSD-3-Clause\n")
    cases, errors = sorted_out(make("kspace", {"path": path}))
    assert not cases
    assert "one in 6.3 samples" in errors[0].problem
    assert "source.undersampled=reconstruct" in errors[0].remedy
    source = make("kspace", {"path": path, "undersampled": "reconstruct"})
    loaded = source.load(only(source))
    assert loaded.pixels.shape == (230, 180)
    assert loaded.case.acquisition["acceleration"] == pytest.approx(6.3, abs=0.05)
    assert loaded.case.acquisition["hermitian_index"] > 0.5
    scan, view = healthy_scan(loaded, seed=1)
    assert any("compressed sensing" in note for note in scan.assumed)
    assert 0.4 < float(view.mask.float().mean()) < 0.75
    rows = np.flatnonzero(view.mask.numpy().mean(axis=1) > 0.05)
    assert 5 < rows[0] < 20  # a margin of air above the head, and below it
    assert 195 < rows[-1] < 225


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path, sorted_out: Index) -> None:
    """A folder of every fault and one good array: the good one is a case, each fault an error with file, field, problem and remedy."""
    good = head()
    header = xml((ROWS, COLUMNS, 1), (51.2, 60.0), recon_fov=51.2)
    write_numpy(tmp_path / "good.npy", good, PAGE)
    data = (tmp_path / "good.npy").read_bytes()

    def bare(name: str, array: np.ndarray, page: str = PAGE) -> None:
        write_numpy(tmp_path / f"{name}.npy", array, page)

    (tmp_path / "a_cut.npy").write_bytes(data[:-500])
    (tmp_path / "b_head.npy").write_bytes(data[:40])
    (tmp_path / "c_empty.npy").write_bytes(b"")
    (tmp_path / "d_huge.npy").write_bytes(huge(data))
    np.save(tmp_path / "e_objects.npy", np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    bare("f_nan", np.where(np.arange(48) == 3, np.complex64(np.nan), good))
    bare("g_real", good.real.copy())
    bare("h_whole", (good.real * 1000).astype(np.int16))
    bare("i_axes", good[0])
    bare("j_twice", good, PAGE.replace("[coil, row, column]", "[coil, row, row]"))
    bare("k_key", good, PAGE + "patient: SECRET\n")
    bare("l_yaml", good, "axes: [coil, row\n")
    bare("m_spacing", good, "axes: [coil, row, column]\n")
    bare("n_zero_spacing", good, "axes: [coil, row, column]\nspacing_mm: [0, 1]\n")
    bare("o_zero", 0 * good)
    bare("p_noise", (np.random.default_rng(1).normal(size=(4, 64, 48, 2)) @ np.array([1, 1j])).astype(np.complex64))
    bare("q_tiny", good[:, 24:40, 16:32])
    bare("r_gaps", np.where(np.arange(64)[:, None] % 2 == 0, good, 0))
    bare("s_empty_axis", good[:, :0])
    bare("t_many_coils", np.zeros((300, 64, 48), np.complex64) + 1)
    bare("u_uncentred", np.fft.ifftshift(np.where(np.abs(np.arange(48) - 24) < 9, good, 0), axes=(1, 2)))
    (tmp_path / "v_text.h5").write_text("not HDF5 at all " * 100)
    write_fastmri(tmp_path / "w_cut.h5", good[None], header)
    whole = (tmp_path / "w_cut.h5").read_bytes()
    (tmp_path / "w_cut.h5").write_bytes(whole[: len(whole) // 2])
    with h5py.File(tmp_path / "x_else.h5", "w") as file:
        file["something"] = np.zeros(3)
    write_fastmri(tmp_path / "y_no_header.h5", good[None], None)
    (tmp_path / "z_strange.bin").write_bytes(b"\1\2\3")
    cases, errors = sorted_out(make("kspace", {"path": tmp_path}))
    assert [case.entry for case in cases] == ["good.npy#0-0"]
    fields = {Path(error.file.partition(" (")[0]).name[0]: error.field for error in errors}
    assert fields == {
        "a": "size", "b": "structure", "c": "size", "d": "size", "e": "dtype", "f": "samples", "g": "dtype", "h": "dtype", "i": "axes",
        "j": "j_twice.yaml: axes",
        "k": "k_key.yaml: patient", "l": "l_yaml.yaml", "m": "spacing_mm", "n": "spacing_mm", "o": "samples", "p": "k-space", "q": "size", "r": "k-space",
        "s": "shape", "t": "shape", "u": "k-space", "v": "structure", "w": "structure", "x": "structure", "y": "spacing_mm", "z": "type",
    }  # fmt: skip
    assert all(error.problem and error.remedy for error in errors)
    assert "SECRET" not in "".join(map(str, errors))


def huge(data: bytes) -> bytes:
    """The same .npy with a header that says 10^6 x 10^6."""
    head_length = int.from_bytes(data[8:10], "little")
    text = b"{'descr': '<c8', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    return data[:10] + text.ljust(head_length - 1) + b"\n" + data[10 + head_length :]


def test_bad_hdf5(tmp_path: Path, sorted_out: Index) -> None:
    """Absurd sizes, foreign files behind links, wrong ranks and types, headers that lie: each its own error; nothing is read that lies elsewhere."""
    good = head()[None]
    header = xml((ROWS, COLUMNS, 1), (51.2, 60.0), recon_fov=51.2)
    with h5py.File(tmp_path / "a_huge.h5", "w") as file:
        file.create_dataset("kspace", shape=(1, 4, 10**6, 10**6), dtype=np.complex64, chunks=(1, 1, 64, 64))
    with h5py.File(tmp_path / "b_chunk.h5", "w") as file:
        file.create_dataset("kspace", shape=(4, 4, 4096, 4096), dtype=np.complex64, chunks=(2, 4, 4096, 4096), compression="gzip")
    write_fastmri(tmp_path / "other.h5", good, header)
    with h5py.File(tmp_path / "c_link.h5", "w") as file:
        file["kspace"] = h5py.ExternalLink("other.h5", "/kspace")
    with h5py.File(tmp_path / "d_virtual.h5", "w") as file:
        layout = h5py.VirtualLayout(shape=good.shape, dtype=np.complex64)
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "kspace", shape=good.shape)
        file.create_virtual_dataset("kspace", layout)
    (tmp_path / "raw.yaml").write_text("x")
    with h5py.File(tmp_path / "e_external.h5", "w") as file:
        file.create_dataset("kspace", shape=good.shape, dtype=np.complex64, external=[("raw.yaml", 0, h5py.h5f.UNLIMITED)])
    write_fastmri(tmp_path / "f_rank.h5", good[0, 0], header)
    write_fastmri(tmp_path / "g_real.h5", good.real.copy(), header)
    write_fastmri(tmp_path / "h_matrix.h5", good, xml((2 * ROWS, COLUMNS, 1), (51.2, 60.0), recon_fov=51.2))
    write_fastmri(tmp_path / "i_fov.h5", good, xml((ROWS, COLUMNS, 1), (0.0, 60.0), recon_fov=51.2))
    write_fastmri(tmp_path / "j_xml.h5", good, header[:-30])
    write_fastmri(tmp_path / "k_entity.h5", good, '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + header)
    rows = lines_of(head())
    mrd = xml((COLUMNS, ROWS, 1), (60.0, 51.2), recon_fov=60.0)
    write_ismrmrd(tmp_path / "l_spiral.h5", rows, xml((COLUMNS, ROWS, 1), (60.0, 51.2), recon_fov=60.0, trajectory="spiral"))
    write_ismrmrd(tmp_path / "m_outside.h5", [*rows, acquisition(head()[:, 3], kspace_encode_step_1=200)], mrd)
    write_ismrmrd(tmp_path / "n_noise.h5", [acquisition(NOISE[:, :40], flags=1 << 18)], mrd)
    short = acquisition(head()[:, 3], kspace_encode_step_1=3)
    short["head"]["number_of_samples"][0] = 40
    write_ismrmrd(tmp_path / "o_short.h5", [*rows, short], mrd)
    with h5py.File(tmp_path / "p_data.h5", "w") as file:
        file["dataset/xml"] = mrd
        file["dataset/data"] = np.zeros(4, dtype=[("head", "<u2"), ("data", "<f4")])
    write_fastmri(tmp_path / "q_nan.h5", np.where(np.arange(48) == 3, np.complex64(np.nan), good), header)
    cases, errors = sorted_out(make("kspace", {"path": tmp_path}))
    assert [case.entry for case in cases] == ["other.h5#0"]
    fields = {Path(error.file.partition(" (")[0]).name[0]: error.field for error in errors}
    lie, fov = "ismrmrd_header: encodedSpace/matrixSize/x", "ismrmrd_header: encoding/encodedSpace/fieldOfView_mm/x"
    assert fields == {
        "a": "kspace", "b": "kspace", "c": "kspace", "d": "kspace", "e": "kspace", "f": "kspace", "g": "kspace", "h": lie, "i": fov, "j": "ismrmrd_header",
        "k": "ismrmrd_header", "l": "xml: encoding/trajectory", "m": "data: idx", "n": "data", "o": "data", "p": "data", "q": "kspace",
    }  # fmt: skip
    assert all(error.problem and error.remedy for error in errors)


def test_bad_bart(tmp_path: Path, sorted_out: Index) -> None:
    """No header, a header of words, sizes that do not fit the file, echoes, absurd sizes."""
    array = head().transpose(1, 2, 0)[:, :, None]
    for name in ("a_none", "b_words", "c_size", "d_echoes", "e_huge", "good"):
        write_bart(tmp_path / f"{name}.cfl", array)
        (tmp_path / f"{name}.yaml").write_text("spacing_mm: [1, 1]\n")
    (tmp_path / "a_none.hdr").unlink()
    (tmp_path / "b_words.hdr").write_text("# Dimensions\n64 48 many 4\n")
    (tmp_path / "c_size.hdr").write_text("# Dimensions\n64 48 1 5\n")
    (tmp_path / "d_echoes.hdr").write_text("# Dimensions\n64 24 1 4 1 2\n")
    (tmp_path / "e_huge.hdr").write_text("# Dimensions\n1000000 1000000 1 4\n")
    cases, errors = sorted_out(make("kspace", {"path": tmp_path}))
    assert [case.entry for case in cases] == ["good.cfl#0-0"]
    assert {Path(error.file).name[0]: error.field for error in errors} == {
        "a": "a_none.hdr", "b": "b_words.hdr: Dimensions", "c": "size", "d": "dimensions", "e": "dimensions",
    }  # fmt: skip


def test_truncation_at_every_length(tmp_path: Path) -> None:
    """However an HDF5 or NumPy file is cut, indexing gives errors, or cases of slices that are whole, never an exception."""
    header = xml((ROWS, COLUMNS, 1), (51.2, 60.0), recon_fov=51.2)
    files = [
        write_fastmri(tmp_path / "f.h5", head(n_coils=1)[None], header),
        write_ismrmrd(tmp_path / "m.h5", lines_of(head(n_coils=1)), xml((COLUMNS, ROWS, 1), (60.0, 51.2), recon_fov=60.0)),
        write_numpy(tmp_path / "n.npy", head(n_coils=1), PAGE),
    ]
    folder = tmp_path / "cut"
    folder.mkdir()
    for path in files:
        data = path.read_bytes()
        target = folder / path.name
        for length in np.linspace(1, len(data) - 1, 12).astype(int):
            target.write_bytes(data[:length])
            items = list(make("kspace", {"path": target, "spacing_mm": (1.0, 1.0)}).index())
            assert items, length
            assert all(isinstance(item, SourceError) for item in items), (path.name, length)


def test_a_file_that_ends_the_process_ends_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sorted_out: Index) -> None:
    """HDF5 files are read once in a process of their own: one that dies costs its file, one that hangs too, and the arrays beside it are cases."""
    write_fastmri(tmp_path / "f.h5", head()[None], None)
    write_numpy(tmp_path / "n.npy", head(), PAGE)
    for reader, limit, said in (("import os; os.kill(os.getpid(), 11)", 60.0, "ends the process"), ("import time; time.sleep(60)", 1.0, "come to an end")):
        monkeypatch.setattr(kspace_hdf5, "_READER", reader)
        monkeypatch.setattr(kspace_hdf5, "PROBE_S", limit)
        cases, errors = sorted_out(make("kspace", {"path": tmp_path}))
        assert [case.entry for case in cases] == ["n.npy#0-0"]
        assert said in errors[0].problem


@pytest.mark.slow
def test_random_damage_never_escapes(tmp_path: Path) -> None:
    """Bytes of the structure overwritten at random, some of which end the process of the HDF5 library: a case or an error, nothing else."""
    rng = np.random.default_rng(1)
    small = head((40, 36), 2)
    files = [
        write_fastmri(tmp_path / "f.h5", small[None], xml((40, 36, 1), (40, 36), recon_fov=40)),
        write_ismrmrd(tmp_path / "m.h5", lines_of(small), xml((36, 40, 1), (36, 40), recon_fov=36)),
    ]
    folder = tmp_path / "hit"
    folder.mkdir()
    for path in files:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(30):
            hit = data.copy()
            hit[rng.integers(0, 9000, 4)] = rng.integers(0, 256, 4)
            (folder / path.name).write_bytes(hit.tobytes())
            for item in make("kspace", {"path": folder / path.name, "spacing_mm": (1.0, 1.0)}).index():
                assert isinstance(item, Case | SourceError)


def test_without_h5py_the_way_to_get_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HDF5 needs the extra; arrays do not."""
    write_fastmri(tmp_path / "f.h5", head()[None], None)
    arrays = write_numpy(tmp_path / "n.npy", head(), PAGE)
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "h5py":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"pip install medq-gen\[kspace\]"):
        make("kspace", {"path": tmp_path})
    assert isinstance(only(make("kspace", {"path": arrays})), Case)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": "/nowhere"}, "no such file"),
        ({"path": ".", "undersampled": "guess"}, "source.undersampled"),
        ({"path": ".", "modality": "ct"}, "k-space is mri"),
        ({"path": ".", "max_coils": 0}, "source.max_coils"),
        ({"path": ".", "anatomy": "unicorn"}, "not on the list"),
    ],
)
def test_wrong_options(options: dict[str, Any], said: str) -> None:
    """Refused before anything is opened."""
    with pytest.raises(ConfigError, match=said):
        make("kspace", options)
