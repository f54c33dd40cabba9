"""NumPy arrays (.npy) with a page beside them that says what the axes are."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from medq_gen.errors import SourceError
from medq_gen.sources.folder import Found
from medq_gen.sources.kspace_raw import RawKspace, check_extent, check_values
from medq_gen.sources.kspace_raw import partition as across
from medq_gen.sources.kspace_sidecar import Sidecar

_BY_NUMBER = {2: ("row", "column"), 3: ("coil", "row", "column"), 4: ("slice", "coil", "row", "column")}
_BROKEN = "Save the array again with numpy.save"
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


class NumpyFile:
    """An array of k-space. Nothing in it is ever unpickled."""

    subject: str | None = None

    def __init__(self, found: Found, sidecar: Sidecar) -> None:
        self._found, self._sidecar = found, sidecar
        shape, dtype = _header(found)
        axes = sidecar.axes or _BY_NUMBER.get(len(shape))
        if axes is None or len(axes) != len(shape):
            raise SourceError(
                found.shown, "axes", f"the array has {len(shape)} axes, {len(axes) if axes else 'none'} are named", "Name each axis in the page beside it"
            )
        self._axes, self._shape = axes, shape
        self._is_split = "part" in axes
        if self._is_split and (dtype.kind not in "fiu" or shape[axes.index("part")] != 2):
            raise SourceError(found.shown, "axes: part", "the axis 'part' must have 2 real entries: real and imaginary", "Correct the axes")
        if not self._is_split and dtype.kind != "c":
            raise SourceError(
                found.shown, "dtype", f"the values are {dtype.kind!r}, not complex", "Save complex64, or real values with an axis 'part' (real, imaginary)"
            )
        size = dict(zip(axes, shape, strict=True))
        self._partitions = size.get("partition", 1)
        check_extent(size.get("coil", 1), size["row"], size["column"], slices=self._partitions, shown=found.shown, name="shape")
        self.parts = tuple(f"{place}-{partition}" for place in range(size.get("slice", 1)) for partition in range(self._partitions))

    def close(self) -> None:
        """Nothing is held."""

    def read(self, part: str) -> RawKspace:
        """One slice."""
        if part not in self.parts:
            raise SourceError(self._found.shown, "slice", "the slice is not in the file", "Index the source again")
        place, partition = (int(word) for word in part.split("-"))
        try:
            data = np.load(self._found.path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            raise SourceError(self._found.shown, "structure", "the array cannot be read: damaged or truncated", _BROKEN) from None
        axes = list(self._axes)
        if "slice" in axes:
            data = np.take(data, place, axis=axes.index("slice"))
            axes.remove("slice")
        wanted = [axis for axis in ("coil", "partition", "row", "column", "part") if axis in axes]
        block = np.transpose(np.asarray(data), [axes.index(axis) for axis in wanted])
        if self._is_split:
            block = block[..., 0].astype(np.float64) + 1j * block[..., 1].astype(np.float64)
        check_values(block, shown=f"{self._found.shown} (slice {part})", name="samples")
        samples: NDArray[Any] = block if "coil" in wanted else block[None]
        if "partition" in wanted:
            samples = across(samples, partition, axis=1, centred=self._sidecar.centred)
        return self._sidecar.applied(np.ascontiguousarray(samples, dtype=np.complex64), part=part, phase_axis=None)


def _header(found: Found) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type, read before any value.

    Raises
        SourceError: no such header, a type that would need unpickling, or another size than the file has.
    """
    path: Path = found.path
    try:
        with open(path, "rb") as file:
            read = _HEADERS[npy.read_magic(file)]
            shape, _, dtype = read(file)
            begins = file.tell()
    except (OSError, ValueError, KeyError, SyntaxError, MemoryError, RecursionError, OverflowError):
        raise SourceError(found.shown, "structure", "this is not a NumPy array, or its header is damaged", _BROKEN) from None
    if dtype.hasobject:
        raise SourceError(found.shown, "dtype", "the array holds Python objects, which are never loaded", "Save complex numbers")
    if dtype.names is not None or dtype.kind not in "fiuc":
        raise SourceError(found.shown, "dtype", "the array holds no plain numbers", "Save complex numbers")
    expected = begins + math.prod(shape) * dtype.itemsize
    if any(size < 0 for size in shape) or path.stat().st_size < expected:
        raise SourceError(
            found.shown, "size", f"the header says {' x '.join(map(str, shape))} values, more than the file holds", "Copy the file again: it is truncated"
        )
    return tuple(int(size) for size in shape), dtype
