"""fastMRI: HDF5 with `kspace` (slice, coil, row, column), or (slice, row, column) of one coil, rows read out, columns phase-encoded."""

from __future__ import annotations

from typing import Any

import numpy as np

from medq_gen.errors import SourceError
from medq_gen.sources.folder import Found
from medq_gen.sources.kspace_hdf5 import Header, dataset, values, xml_text
from medq_gen.sources.kspace_raw import RawKspace, check_extent, check_values

# The data set's own names of its protocols, and what they show.
_PROTOCOLS = {"CORPD": ("limb", "coronal"), "AXT1": ("head", "axial"), "AXT2": ("head", "axial"), "AXFLAIR": ("head", "axial")}
_MOST_SLICES = 4096


class FastMri:
    """A fastMRI file."""

    def __init__(self, file: Any, found: Found) -> None:  # Any: h5py
        self._file, self._shown = file, found.shown
        self._data = dataset(file, "kspace", shown=found.shown)
        shape = tuple(int(size) for size in self._data.shape)
        if len(shape) not in (3, 4) or shape[0] > _MOST_SLICES:
            raise SourceError(
                found.shown, "kspace", f"the shape {shape} is not (slice, coil, row, column) or (slice, row, column)", "Save k-space in this order"
            )
        if self._data.dtype.kind != "c":
            raise SourceError(found.shown, "kspace", "the values are not complex", "Save complex samples")
        check_extent(shape[1] if len(shape) == 4 else 1, *shape[-2:], shown=found.shown, name="kspace")
        self._size = shape[-2:]
        self._header = None
        if "ismrmrd_header" in file:
            header = dataset(file, "ismrmrd_header", shown=found.shown)
            self._header = Header(xml_text(header, shown=found.shown, name="ismrmrd_header"), shown=found.shown, name="ismrmrd_header")
        self.parts = tuple(str(place) for place in range(shape[0]))
        self.subject = _attribute(file, "patient_id")

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def read(self, part: str) -> RawKspace:
        """One slice."""
        if part not in self.parts:
            raise SourceError(self._shown, "slice", "the slice is not in the file", "Index the source again")
        samples = np.asarray(values(self._data, int(part), shown=self._shown, name="kspace"))
        samples = samples[None] if samples.ndim == 2 else samples
        check_values(samples, shown=f"{self._shown} (slice {part})", name="kspace")
        spacing, readout = self._geometry()
        protocol = _attribute(self._file, "acquisition") or ""
        anatomy, view = next((shows for name, shows in _PROTOCOLS.items() if protocol.startswith(name)), (None, None))
        withheld = tuple(name for name in ("patient_id",) if name in self._file.attrs) + (self._header.withheld if self._header else ())
        return RawKspace(
            part=part,
            samples=samples,
            spacing_mm=spacing,
            phase_axis=1,
            readout=readout,
            anatomy=anatomy,
            view=view,
            facts=dict(self._header.facts()) if self._header else {},
            withheld=withheld,
        )

    def _geometry(self) -> tuple[tuple[float, float] | None, int | None]:
        """Pixel spacing of the whole matrix, and how many readout samples belong to the field of view; the distance of lines is 1 / field of view,
        however many were stored."""
        if self._header is None:
            return None, None
        rows, columns = self._size
        fov = [self._header.number("encoding", "encodedSpace", "fieldOfView_mm", axis, low=1.0, high=5000.0) for axis in ("x", "y")]
        shown = self._header.number("encoding", "reconSpace", "fieldOfView_mm", "x", low=1.0, high=5000.0)
        matrix = self._header.number("encoding", "encodedSpace", "matrixSize", "x", low=1, high=1e5)
        assert fov[0] is not None
        assert fov[1] is not None
        assert shown is not None
        if matrix != rows:
            found = f"the header says {matrix:.0f} readout samples, k-space has {rows} rows"
            raise SourceError(self._shown, "ismrmrd_header: encodedSpace/matrixSize/x", found, "Correct the header, or the order of the axes")
        return (fov[0] / rows, fov[1] / columns), min(rows, 2 * round(rows * shown / fov[0] / 2))


def _attribute(file: Any, name: str) -> str | None:
    try:
        found = file.attrs.get(name)
    except Exception:  # an attribute of a type that h5py does not read
        return None
    return str(found.decode("utf-8", "replace") if isinstance(found, bytes) else found) if found is not None else None
