"""BART: a text header (.hdr) with up to sixteen sizes, and complex64 values (.cfl) in Fortran order."""

from __future__ import annotations

import math

import numpy as np

from medq_gen.errors import SourceError
from medq_gen.sources.folder import Found
from medq_gen.sources.kspace_raw import RawKspace, check_extent, check_values
from medq_gen.sources.kspace_raw import partition as across
from medq_gen.sources.kspace_sidecar import Sidecar

# BART's dimensions: 0 readout, 1 and 2 phase encoding, 3 coil, 13 slice; all others (maps, echoes, coefficients, time, ...) must be 1.
_COIL, _SLICE = 3, 13
_LONGEST_HEADER = 1 << 16


class BartFile:
    """A .cfl beside its .hdr. A readout of one sample means that it was transformed away: both axes of the plane are phase-encoded."""

    subject: str | None = None

    def __init__(self, found: Found, sidecar: Sidecar) -> None:
        self._found, self._sidecar = found, sidecar
        self._sizes = _sizes(found)
        used = {0, 1, 2, _COIL, _SLICE}
        extra = [number for number, size in enumerate(self._sizes) if size != 1 and number not in used]
        if extra:
            raise SourceError(found.shown, "dimensions", f"dimension {extra[0]} has {self._sizes[extra[0]]} entries", "Save one echo, time and map a file")
        x, _, z = self._sizes[:3]
        self._plane = (1, 2) if x == 1 else (0, 1)
        self._partitions = 1 if x == 1 else z
        check_extent(
            self._sizes[_COIL],
            self._sizes[self._plane[0]],
            self._sizes[self._plane[1]],
            slices=self._partitions * self._sizes[_SLICE],
            shown=found.shown,
            name="dimensions",
        )
        expected = math.prod(self._sizes) * 8
        if found.path.stat().st_size != expected:
            raise SourceError(
                found.shown, "size", f"the header says {expected} bytes, the file has {found.path.stat().st_size}", "Copy both files again: one is truncated"
            )
        self.parts = tuple(f"{place}-{partition}" for place in range(self._sizes[_SLICE]) for partition in range(self._partitions))

    def close(self) -> None:
        """Nothing is held."""

    def read(self, part: str) -> RawKspace:
        """One slice: rows are BART's first dimension of the plane."""
        if part not in self.parts:
            raise SourceError(self._found.shown, "slice", "the slice is not in the file", "Index the source again")
        place, partition = (int(word) for word in part.split("-"))
        data = np.memmap(self._found.path, dtype="<c8", mode="r", shape=tuple(self._sizes), order="F")
        block = np.asarray(data[..., place, 0, 0] if len(self._sizes) > _SLICE else data)
        x, y, z, coils = self._sizes[:4]
        block = block.reshape((x, y, z, coils), order="F")
        check_values(block, shown=f"{self._found.shown} (slice {part})", name="samples")
        if self._plane == (1, 2):
            samples = block[0].transpose(2, 0, 1)
        elif z == 1:
            samples = block[:, :, 0].transpose(2, 0, 1)
        else:
            samples = across(block, partition, axis=2).transpose(2, 0, 1)
        return self._sidecar.applied(np.ascontiguousarray(samples, dtype=np.complex64), part=part, phase_axis=1 if self._plane == (0, 1) else None)


def _sizes(found: Found) -> list[int]:
    """The sixteen sizes of the header beside the values."""
    header = found.path.with_suffix(".hdr")
    shown = str(header.name)
    if not header.is_file() or header.is_symlink() or header.stat().st_size > _LONGEST_HEADER:
        raise SourceError(found.shown, shown, "the header file beside it is absent, a link or far too long", "Put NAME.hdr beside NAME.cfl")
    lines = header.read_text(encoding="utf-8", errors="replace").splitlines()
    at = next((number for number, line in enumerate(lines) if line.strip().lower() == "# dimensions"), None)
    words = lines[at + 1].split() if at is not None and at + 1 < len(lines) else []
    if not 1 <= len(words) <= 16 or not all(word.isdecimal() and 0 < len(word) <= 9 and int(word) > 0 for word in words):
        raise SourceError(found.shown, f"{shown}: Dimensions", "the header holds no line of up to 16 sizes", "Write the file again with BART")
    return [int(word) for word in words] + [1] * (16 - len(words))
