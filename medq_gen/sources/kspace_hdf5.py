"""HDF5 files of k-space, opened with care: only what lies in the file itself, and only after its size is known."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

from medq_gen.errors import ConfigError, SourceError
from medq_gen.sources.folder import Found

HINT = "source=kspace reads HDF5 with h5py, which is not installed: pip install medq-gen[kspace]"
HDF5 = (".h5", ".hdf5", ".mrd", ".ismrmrd")
MAX_CHUNK_BYTES = 1 << 30
MAX_XML_BYTES = 1 << 22
PROBE_S = 600.0
# Reads the data sets that a k-space file may have, a piece at a time, as far as the file can hold. What Python can say of a fault is said later.
_READER = """
import os, sys
import h5py
with h5py.File(sys.argv[1], "r", locking=False) as file:
    groups = [file] + [file[name] for name in file if isinstance(file.get(name, getlink=True), h5py.HardLink) and isinstance(file[name], h5py.Group)]
    for group in groups:
        for name in ("kspace", "ismrmrd_header", "xml", "data"):
            if isinstance(group.get(name, getlink=True), h5py.HardLink) and isinstance(group[name], h5py.Dataset):
                data = group[name]
                if data.is_virtual or data.external or not data.shape:
                    continue
                size = data.dtype.itemsize
                for side in data.shape[1:]:
                    size *= side
                if size > 1 << 30:
                    continue
                step, left = max(1, (1 << 24) // max(size, 1)), 1000 * os.path.getsize(sys.argv[1])
                for start in range(0, data.shape[0], step):
                    left -= size * step
                    if left < 0:
                        break
                    data[start : start + step]
"""
BROKEN = "Copy the file again; if it opens in another program, save it again there"
# Parts of an MRD header that may name a person, a place or a day: their contents are never read.
_WITHHELD = ("subjectInformation", "studyInformation", "measurementInformation", "acquisitionSystemInformation", "waveformInformation", "userParameters")


def library() -> ModuleType:
    """h5py.

    Raises
        ConfigError: it is not installed; says how to get it.
    """
    try:
        import h5py
    except ImportError:
        raise ConfigError(HINT) from None
    module: ModuleType = h5py
    return module


def opened(found: Found) -> Any:  # Any: h5py has no types
    """The file, for reading.

    Raises
        SourceError: it is not HDF5, or damaged.
    """
    try:
        return library().File(found.path, "r", locking=False)
    except ConfigError:
        raise
    except Exception:  # h5py raises OSError, RuntimeError or KeyError on damaged files
        raise SourceError(found.shown, "structure", "this is not HDF5, or it is damaged or truncated", BROKEN) from None


def probe(found: Found) -> None:
    """Read the file once in a process of its own: the HDF5 library can end the process on a damaged file, and then it ends that one.

    Raises
        SourceError: reading it ended the process, or never came to an end.
    """
    library()
    try:
        done = subprocess.run([sys.executable, "-c", _READER, str(found.path)], capture_output=True, timeout=PROBE_S, check=False)
    except subprocess.TimeoutExpired:
        raise SourceError(found.shown, "structure", "reading the file does not come to an end: it is damaged", BROKEN) from None
    except OSError:  # no process to be had: the file is read here, as it would be without this
        return
    if done.returncode < 0:
        raise SourceError(found.shown, "structure", "the file is damaged so badly that reading it ends the process", BROKEN)


def dataset(group: Any, name: str, *, shown: str) -> Any:  # Any: h5py
    """A data set that lies in the file itself.

    Raises
        SourceError: it is absent, a link, a group, or its values lie in other files.
    """
    h5py = library()
    try:
        link = group.get(name, getlink=True)
        found = group[name] if isinstance(link, h5py.HardLink) else None
        if link is None:
            raise SourceError(shown, name, "the data set is absent", "See docs/sources.md for what each format must hold")
        if not isinstance(found, h5py.Dataset):
            raise SourceError(shown, name, "this is a link or a group, not a data set of this file", "Copy the data into the file")
        if found.is_virtual or found.external:
            raise SourceError(shown, name, "the values lie in other files", "Copy the data into the file")
        if found.chunks is not None and _product(found.chunks) * found.dtype.itemsize > MAX_CHUNK_BYTES:
            raise SourceError(shown, name, "the data are stored in chunks of more than a gigabyte", "Save them in chunks of one slice")
    except SourceError:
        raise
    except Exception:
        raise SourceError(shown, name, "the data set cannot be reached: the file is damaged or truncated", BROKEN) from None
    return found


def values(data: Any, where: Any, *, shown: str, name: str) -> Any:  # Any: h5py, an index, a NumPy value
    """Part of a data set.

    Raises
        SourceError: it cannot be read.
    """
    try:
        return data[where]
    except Exception:
        raise SourceError(shown, name, "the values cannot be read: the file is damaged or truncated", BROKEN) from None


def xml_text(data: Any, *, shown: str, name: str) -> str:
    """A header text that is stored as a scalar or as one entry.

    Raises
        SourceError: it is no text, or too long.
    """
    if _product(data.shape) != 1 or data.dtype.kind not in "OS" or data.dtype.itemsize > MAX_XML_BYTES:
        raise SourceError(shown, name, "the header is not one text", BROKEN)
    found = values(data, () if data.shape == () else (0,) * len(data.shape), shown=shown, name=name)
    if not isinstance(found, str | bytes) or len(found) > MAX_XML_BYTES:
        raise SourceError(shown, name, "the header is not one text of at most 4 MB", BROKEN)
    return found if isinstance(found, str) else found.decode("utf-8", "replace")


def _product(sizes: Any) -> int:
    total = 1
    for size in sizes:
        total *= int(size)
    return total


class Header:
    """An MRD (ISMRMRD) header: numbers and closed words only. Names of parts that may tell of a person are kept, their contents are not looked at."""

    def __init__(self, text: str, *, shown: str, name: str) -> None:
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise SourceError(shown, name, "the header declares entities, which no scanner writes", "Leave the file out")
        try:
            root = ElementTree.fromstring(text)
        except (ElementTree.ParseError, ValueError, RecursionError):
            raise SourceError(shown, name, "the header is not readable XML", BROKEN) from None
        self._shown, self._name, self._root = shown, name, root
        present = {_local(child.tag) for child in root}
        self.withheld = tuple(part for part in _WITHHELD if part in present)

    def number(self, *path: str, low: float, high: float, needed: bool = True) -> float | None:
        """A number at a path of element names.

        Raises
            SourceError: it is absent although needed, or not in its possible range.
        """
        text = self._text(path)
        if text is None and not needed:
            return None
        try:
            found = float(text or "")
        except ValueError:
            found = float("nan")
        if low <= found <= high:
            return found
        if not needed:
            return None
        raise SourceError(self._shown, f"{self._name}: {'/'.join(path)}", f"the number is absent or outside {low:g} to {high:g}", "Correct the header")

    def word(self, *path: str) -> str:
        """The text at a path in lower case, to be compared with closed lists only."""
        return (self._text(path) or "").strip().lower()

    def _text(self, path: tuple[str, ...]) -> str | None:
        at = self._root
        for part in path:
            following = next((child for child in at if _local(child.tag) == part), None)
            if following is None:
                return None
            at = following
        return at.text

    def facts(self) -> dict[str, float]:
        """Allow-listed facts of the acquisition."""
        wanted = {
            "field_strength_t": (("acquisitionSystemInformation", "systemFieldStrength_T"), 0.005, 30.0),
            "repetition_time_ms": (("sequenceParameters", "TR"), 0.1, 100_000.0),
            "echo_time_ms": (("sequenceParameters", "TE"), 0.0, 10_000.0),
            "flip_angle_deg": (("sequenceParameters", "flipAngle_deg"), 0.0, 360.0),
        }
        found = {key: self.number(*path, low=low, high=high, needed=False) for key, (path, low, high) in wanted.items()}
        return {key: value for key, value in found.items() if value is not None}


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]
