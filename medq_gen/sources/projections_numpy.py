"""Projections in NumPy files: .npy with a page beside it, .npz that may hold its own geometry. Nothing in them is ever unpickled."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from medq_gen.errors import SourceError
from medq_gen.sources.folder import Found
from medq_gen.sources.projections_page import Page, page_of
from medq_gen.sources.source import Pixels

RAYS = "rays"
_MOST_BYTES = 1 << 32  # of one file, unpacked
_VIEWS, _CHANNELS, _SLICES = (360, 20_000), (64, 20_000), (1, 20_000)
_BROKEN = "Save the array again with numpy.save or numpy.savez"
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_DAMAGED = (OSError, ValueError, KeyError, SyntaxError, MemoryError, RecursionError, OverflowError, EOFError, zipfile.BadZipFile, NotImplementedError)


class NumpyProjections:
    """An array (view, channel) or (slice, view, channel) of line integrals over a full turn."""

    def __init__(self, found: Found, said: dict[str, Any]) -> None:
        self._found = found
        with self._array() as (file, size):
            shape, dtype, begins = _header(file, shown=found.shown)
        if math.prod(shape) * dtype.itemsize + begins > size:
            raise SourceError(found.shown, "size", "the header says more values than the file holds", "Copy the file again: it is truncated")
        self._slices = shape[0] if len(shape) == 3 else 1
        self.parts = tuple(str(place) for place in range(self._slices))
        self._stacked = len(shape) == 3
        self.page: Page = page_of(found.path, shown=found.shown, said=said, held=self._scalars())

    @contextmanager
    def _array(self) -> Iterator[tuple[IO[bytes], int]]:
        """The stored array of rays and its size in bytes."""
        shown = self._found.shown
        try:
            if self._found.entry.lower().endswith(".npz"):
                with zipfile.ZipFile(self._found.path) as packed:
                    members = {one.filename: one for one in packed.infolist()}
                    if sum(one.file_size for one in members.values()) > _MOST_BYTES:
                        raise SourceError(shown, "size", f"the file unpacks to more than {_MOST_BYTES >> 30} GiB", "Save fewer slices in a file")
                    if f"{RAYS}.npy" not in members:
                        raise SourceError(shown, RAYS, f"the file holds no array named {RAYS!r}", f"Save it with numpy.savez(name, {RAYS}=..., source_mm=...)")
                    with packed.open(members[f"{RAYS}.npy"]) as file:
                        yield file, members[f"{RAYS}.npy"].file_size
            else:
                with open(self._found.path, "rb") as file:
                    yield file, self._found.path.stat().st_size
        except _DAMAGED:
            raise SourceError(shown, "structure", "this is not a NumPy file, or it is damaged or truncated", _BROKEN) from None

    def _scalars(self) -> dict[str, Any]:
        """What a .npz says of its own geometry: numbers, words and pairs beside the rays."""
        if not self._found.entry.lower().endswith(".npz"):
            return {}
        try:
            with np.load(self._found.path, allow_pickle=False) as packed:
                small = {name: packed[name] for name in packed.files if name != RAYS and len(packed.files) < 64}
        except _DAMAGED:
            raise SourceError(self._found.shown, "structure", "an array beside the rays cannot be read: damaged, or Python objects", _BROKEN) from None
        for name, value in small.items():
            if value.size > 16 or value.dtype.kind not in "biufU":
                raise SourceError(
                    self._found.shown, name[:40], "an array beside the rays is neither a number nor a word", "Keep the rays and their geometry only"
                )
        return {name: value.tolist() for name, value in small.items()}

    def read(self, part: str) -> Pixels:
        """The rays of one slice, (view, channel) float32.

        Raises
            SourceError: they cannot be read, or are no line integrals.
        """
        shown = f"{self._found.shown} (slice {part})"
        if part not in self.parts:
            raise SourceError(self._found.shown, "slice", "the slice is not in the file", "Index the source again")
        try:
            if self._found.entry.lower().endswith(".npz"):
                with np.load(self._found.path, allow_pickle=False) as packed:
                    data = packed[RAYS]
            else:
                data = np.load(self._found.path, mmap_mode="r", allow_pickle=False)
            rays = np.array(data[int(part)] if self._stacked else data, dtype=np.float32)
        except _DAMAGED:
            raise SourceError(shown, "structure", "the rays cannot be read: damaged or truncated", _BROKEN) from None
        return check_rays(rays, shown=shown)

    def close(self) -> None:
        """Nothing is held."""


def _header(file: IO[bytes], *, shown: str) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Shape, type and where the values begin, read before any value.

    Raises
        SourceError: no plain numbers, or another shape than (slice,) view, channel.
    """
    read = _HEADERS[npy.read_magic(file)]
    shape, _, dtype = read(file)
    if dtype.hasobject or dtype.names is not None or dtype.kind != "f":
        raise SourceError(shown, "dtype", "the rays are not floating point numbers (objects are never loaded)", "Save -ln(signal / air) as float32")
    names = ("slices", "views", "channels")[3 - len(shape) :] if len(shape) in (2, 3) else ()
    if not names:
        raise SourceError(shown, "shape", f"the array has {len(shape)} axes", "Save (view, channel) or (slice, view, channel)")
    allowed = {"slices": _SLICES, "views": _VIEWS, "channels": _CHANNELS}
    for name, count in zip(names, shape, strict=True):
        low, high = allowed[name]
        if not low <= count <= high:
            raise SourceError(
                shown,
                "shape",
                f"{count} {name}; allowed: {low} to {high} over a full turn, fewer streak",
                "Check the order of the axes: (slice,) view, channel",
            )
    return tuple(int(count) for count in shape), dtype, file.tell()


def check_rays(rays: Pixels, *, shown: str) -> Pixels:
    """Raises
    SourceError: not finite, or no line integrals.
    """
    if not np.isfinite(rays).all():
        raise SourceError(shown, RAYS, "some rays are NaN or infinite", "Give dead channels the mean of their neighbours")
    low, high = float(rays.min()), float(rays.max())
    if low < -2.0 or high > 30.0 or high < 0.05:
        raise SourceError(
            shown, RAYS, "the values are no line integrals: those of patients run from about 0 to 12", "Save -ln(signal / signal in air), without unit"
        )
    return rays
