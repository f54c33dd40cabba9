"""ISMRMRD / MRD: HDF5 with one group that holds `xml` and `data`, the acquisitions line by line, sorted here by their encoding counters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medq_gen.errors import SourceError
from medq_gen.sources.folder import Found
from medq_gen.sources.kspace_hdf5 import BROKEN, Header, dataset, library, values, xml_text
from medq_gen.sources.kspace_raw import RawKspace, check_extent, check_values

_FIELDS = ("flags", "number_of_samples", "active_channels", "center_sample", "encoding_space_ref", "sample_time_us", "discard_pre", "discard_post", "idx")
_COUNTERS = ("slice", "contrast", "phase", "repetition", "set")  # each combination is a picture; averages are averaged, segments joined
_NOISE, _CALIBRATION, _REVERSE = 19, 20, 22
_NO_PICTURE = (_CALIBRATION, 23, 24, 26, 27, 28, 29, 30, 31)  # calibration only, navigators, phase correction, feedback, dummies, coil correction
_MOST_ACQUISITIONS = 4_000_000
_MOST_NOISE = 65_536  # samples a coil: more tell nothing new

Flags = NDArray[np.bool_]


def has_flag(flags: NDArray[np.uint64], number: int) -> Flags:
    """Whether flag `number` (counted from 1) is set."""
    found: Flags = (flags >> np.uint64(number - 1)) & np.uint64(1) == 1
    return found


class IsmrmrdFile:
    """An MRD file with Cartesian acquisitions of one encoding."""

    subject: str | None = None

    def __init__(self, file: Any, found: Found) -> None:  # Any: h5py
        self._file, self._shown = file, found.shown
        group = _group(file, shown=found.shown)
        self._header = Header(xml_text(dataset(group, "xml", shown=found.shown), shown=found.shown, name="xml"), shown=found.shown, name="xml")
        self._data = dataset(group, "data", shown=found.shown)
        self._geometry = self._read_geometry()
        heads = self._heads()
        flags = heads["flags"].astype(np.uint64)
        self._noise_rows = np.flatnonzero(has_flag(flags, _NOISE))
        other = np.any([has_flag(flags, number) for number in _NO_PICTURE], axis=0)
        self._rows = np.flatnonzero(~has_flag(flags, _NOISE) & ~other & (heads["encoding_space_ref"] == 0))
        if not len(self._rows):
            raise SourceError(found.shown, "data", "no acquisition belongs to a picture: all are noise, calibration or navigators", "Leave the file out")
        self._heads_kept, self._reverse = heads, has_flag(flags, _REVERSE)
        counters = np.stack([heads["idx"][name] for name in _COUNTERS], axis=1)[self._rows].astype(np.int64)
        pictures, self._picture_of = np.unique(counters, axis=0, return_inverse=True)
        n_slabs = 1 if self._geometry["nz"] == 1 else self._geometry["nz"]
        self._keys = ["-".join(map(str, row)) for row in pictures]
        self.parts = tuple(f"{key}-{place}" for key in self._keys for place in range(n_slabs))
        self._held: tuple[str, NDArray[np.complex64], float] | None = None

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _read_geometry(self) -> dict[str, Any]:
        """Matrix, spacing and centre from the header."""
        header = self._header
        if header.word("encoding", "trajectory") not in ("cartesian", ""):
            raise SourceError(self._shown, "xml: encoding/trajectory", "the trajectory is not Cartesian", "Grid the data first, and save them as k-space lines")
        size = [int(header.number("encoding", "encodedSpace", "matrixSize", axis, low=1, high=16384) or 1) for axis in "xyz"]
        fov = [float(header.number("encoding", "encodedSpace", "fieldOfView_mm", axis, low=1.0, high=5000.0) or 1.0) for axis in "xy"]
        shown = float(header.number("encoding", "reconSpace", "fieldOfView_mm", "x", low=1.0, high=5000.0) or fov[0])
        centre = [header.number("encoding", "encodingLimits", f"kspace_encoding_step_{step}", "center", low=0, high=65535, needed=False) for step in (1, 2)]
        return {
            "nx": size[0],
            "ny": size[1],
            "nz": size[2],
            "centre": [n // 2 if at is None else int(at) for n, at in zip(size[1:], centre, strict=True)],
            "spacing": (fov[1] / size[1], fov[0] / size[0]),
            "readout": min(size[0], 2 * round(size[0] * shown / fov[0] / 2)),
        }

    def _heads(self) -> Any:
        """The headers of all acquisitions, checked for the fields that are needed."""
        data = self._data
        names = data.dtype.names or ()
        if "head" not in names or "data" not in names or not set(_FIELDS) <= set(data.dtype["head"].names or ()):
            raise SourceError(
                self._shown, "data", "these are not MRD acquisitions: head and data are needed", "See docs/sources.md for what each format must hold"
            )
        if data.ndim != 1 or not 0 < len(data) <= _MOST_ACQUISITIONS:
            raise SourceError(self._shown, "data", "no acquisitions, or impossibly many", BROKEN)
        try:
            return data.fields("head")[:]
        except Exception:
            raise SourceError(self._shown, "data", "the heads of the acquisitions cannot be read", BROKEN) from None

    def _line(self, row: int) -> NDArray[np.complex64]:
        """(coil, sample) of one acquisition, what is to be discarded left out, reversed lines turned."""
        head = self._heads_kept[row]
        flat = np.asarray(values(self._data.fields("data"), int(row), shown=self._shown, name="data"))
        coils, samples = int(head["active_channels"]), int(head["number_of_samples"])
        if flat.dtype.kind != "f" or flat.size != 2 * coils * samples or not coils:
            raise SourceError(self._shown, "data", f"acquisition {row} does not hold the {coils} x {samples} samples that its head says", BROKEN)
        line = np.ascontiguousarray(flat, dtype=np.float32).view(np.complex64).reshape(coils, samples)
        pre, post = int(head["discard_pre"]), int(head["discard_post"])
        line = line[:, pre : samples - post]
        return line[:, ::-1] if self._reverse[row] else line

    def read(self, part: str) -> RawKspace:
        """One slice."""
        key, _, place = part.rpartition("-")
        if part not in self.parts:
            raise SourceError(self._shown, "slice", "the slice is not in the file", "Index the source again")
        if self._held is None or self._held[0] != key:
            self._held = None
            self._held = (key, *self._volume(key))
        samples = self._held[1][:, int(place)]
        check_values(samples, shown=f"{self._shown} (slice {part})", name="data")
        return RawKspace(
            part=part,
            samples=samples,
            spacing_mm=self._geometry["spacing"],
            phase_axis=0,
            readout=self._geometry["readout"],
            noise=self._noise(averages=self._held[2]),
            facts=dict(self._header.facts()),
            withheld=self._header.withheld,
        )

    def _volume(self, key: str) -> tuple[NDArray[np.complex64], float]:
        """(coil, slice, phase, readout) centred k-space, along the second phase encoding, if there is one, transformed to slices; how often it was measured."""
        geometry, heads = self._geometry, self._heads_kept
        nx, ny, nz = geometry["nx"], geometry["ny"], geometry["nz"]
        rows = self._rows[self._picture_of.ravel() == self._keys.index(key)]
        coils = int(heads["active_channels"][rows[0]])
        check_extent(coils, ny, nx, slices=nz, shown=self._shown, name="data")
        total, times = np.zeros((coils, nz, ny, nx), dtype=np.complex64), np.zeros((nz, ny, nx), dtype=np.int32)
        for row in rows:
            head, line = heads[row], self._line(int(row))
            at = [int(head["idx"][f"kspace_encode_step_{step}"]) - geometry["centre"][step - 1] + n // 2 for step, n in ((1, ny), (2, nz))]
            start = nx // 2 - (int(head["center_sample"]) - int(head["discard_pre"]))  # a line that was turned counts as if read forwards
            if line.shape[0] != coils or not (0 <= at[0] < ny and 0 <= at[1] < nz and start >= 0 and start + line.shape[1] <= nx):
                found = f"acquisition {row} lies outside the encoded matrix of {ny} x {nz} lines and {nx} samples, or has other coils"
                raise SourceError(self._shown, "data: idx", found, "Correct encodingLimits and encodedSpace in the header")
            total[:, at[1], at[0], start : start + line.shape[1]] += line
            times[at[1], at[0], start : start + line.shape[1]] += 1
        total /= np.maximum(times, 1)
        averages = float(np.median(times[times > 0]))
        if nz == 1:
            return total, averages
        if not times.any(axis=(1, 2)).all():
            raise SourceError(self._shown, "data", "partitions of the second phase encoding are missing", "Give fully sampled partitions")
        pictures = np.fft.ifft(np.fft.ifftshift(total, axes=1), axis=1, norm="ortho")
        return np.ascontiguousarray(np.fft.fftshift(pictures, axes=1), dtype=np.complex64), averages

    def _noise(self, *, averages: float) -> NDArray[np.complex64] | None:
        """(coil, sample) of the noise scans, as the picture's samples hold it: variance goes with bandwidth and against averages."""
        bandwidth = self._header.number("acquisitionSystemInformation", "relativeReceiverNoiseBandwidth", low=0.1, high=1.5, needed=False) or 1.0
        lines, count = [], 0
        first = self._heads_kept[self._rows[0]]
        for row in self._noise_rows:
            line, head = self._line(int(row)), self._heads_kept[row]
            if line.shape[0] != int(first["active_channels"]):
                continue
            dwell, wanted = float(head["sample_time_us"]), float(first["sample_time_us"])
            scale = dwell / wanted if 0.01 <= dwell <= 1000 and 0.01 <= wanted <= 1000 else 1.0
            lines.append(line * np.float32(np.sqrt(scale / (bandwidth * averages))))
            count += line.shape[1]
            if count >= _MOST_NOISE:
                break
        if count < 4 * int(first["active_channels"]):
            return None
        noise: NDArray[np.complex64] = np.concatenate(lines, axis=1)[:, :_MOST_NOISE]
        return noise if np.isfinite(noise.view(np.float32)).all() and np.abs(noise).sum(axis=1).all() else None


def _group(file: Any, *, shown: str) -> Any:
    """The one group that holds a header and acquisitions."""
    h5py = library()
    try:
        held = [name for name in file if isinstance(file.get(name, getlink=True), h5py.HardLink) and isinstance(file[name], h5py.Group)]
        fitting = [name for name in held if "xml" in file[name] and "data" in file[name]]
    except Exception:
        raise SourceError(shown, "structure", "the file is damaged or truncated", BROKEN) from None
    if len(fitting) != 1:
        found = "no group" if not fitting else f"{len(fitting)} groups"
        raise SourceError(shown, "structure", f"{found} with `xml` and `data` (MRD), and no `kspace` (fastMRI)", "Save one measurement a file")
    return file[fitting[0]]
