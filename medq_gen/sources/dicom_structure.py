"""A look at the bones of a DICOM file before any library reads it: element by element, without recursion, without inflating more than is allowed.

Finds out whether it is DICOM at all, how deep sequences nest, which elements stand at the top, and how large the picture says it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from pydicom.datadict import dictionary_VR

from medq_gen.errors import SourceError

MAX_DEPTH = 32
MAX_ELEMENTS = 2_000_000
_SLACK_BYTES = 64 << 20  # headers, icons and overlays beside the picture
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_SHORT = frozenset(
    (b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US")
)
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END, _PIXELS = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD, 0x7FE00010
_FLOAT_PIXELS = (0x7FE00008, 0x7FE00009)
_IMPLICIT, _BIG, _DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
_WANTED = {0x00280002: "samples", 0x00280010: "rows", 0x00280011: "columns", 0x00280100: "bits"}
_FRAMES = 0x00280008


class _Cut(Exception):
    """The bytes end before the structure does."""


@dataclass
class Structure:
    """What stands in a file. tags : of the top level. pixel_bytes : length of the pixel element, None where it is encapsulated."""

    transfer_syntax: str
    has_preamble: bool
    tags: list[int] = field(default_factory=list)
    rows: int = 0
    columns: int = 0
    samples: int = 1
    bits: int = 0
    frames: int = 1
    has_pixels: bool = False
    pixel_bytes: int | None = None
    first_fragment: bytes = b""

    @property
    def decoded_bytes(self) -> int:
        """How many bytes all frames have once decoded."""
        return self.rows * self.columns * self.samples * max(self.frames, 1) * max(1, (self.bits + 7) // 8)


class _Stream:
    """Bytes in order, from a file or inflated piece by piece, with a limit on how many come out."""

    def __init__(self, file: BinaryIO, *, deflated: bool, limit: int) -> None:
        self._file, self._inflater = file, zlib.decompressobj(-zlib.MAX_WBITS) if deflated else None
        self._held, self.given, self.limit = b"", 0, limit
        here = file.tell()
        self._size = file.seek(0, 2)
        file.seek(here)

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes."""
        self.given += count
        if self.given > self.limit:
            raise OverflowError
        if self._inflater is None:
            found = self._file.read(count)
        else:
            while len(self._held) < count and self._more(count - len(self._held)):
                pass
            found, self._held = self._held[:count], self._held[count:]
        if len(found) < count:
            raise _Cut
        return found

    def _more(self, count: int) -> bool:
        assert self._inflater is not None
        packed = self._inflater.unconsumed_tail or self._file.read(65536)
        if self._inflater.eof or (not packed and not self._inflater.unconsumed_tail):
            return False
        self._held += self._inflater.decompress(packed, max(count, 4096))
        return True

    def skip(self, count: int) -> None:
        """Pass over bytes without holding them."""
        if self._inflater is None and count > 1 << 16:
            self.given += count
            if self.given > self.limit:
                raise OverflowError
            if self._file.tell() + count > self._size:
                raise _Cut
            self._file.seek(count, 1)
            return
        while count > 0:
            piece = min(count, 1 << 20)
            self.read(piece)
            count -= piece


def examine(file: BinaryIO, *, shown: str, max_pixels: int, max_bytes: int) -> Structure:
    """The structure of an open file, read once from start to end of the header, the picture itself only counted.

    Raises
        SourceError: it is not DICOM, is cut short, nests too deep, or holds or inflates to more than is allowed.
    """
    try:
        return _examine(file, shown=shown, max_pixels=max_pixels, max_bytes=max_bytes)
    except _Cut:
        raise SourceError(shown, "structure", "the file ends before its header or picture does", "Copy the file again: it is truncated") from None
    except OverflowError:
        raise SourceError(shown, "size", "the file holds far more data than its picture needs", "Leave it out, or convert it to an uncompressed file") from None
    except zlib.error:
        raise SourceError(shown, "structure", "the deflated part cannot be inflated", "Copy the file again: it is damaged") from None


def _examine(file: BinaryIO, *, shown: str, max_pixels: int, max_bytes: int) -> Structure:
    syntax, preamble = _meta(file, shown=shown)
    found = Structure(transfer_syntax=syntax, has_preamble=preamble)
    # What inflates is bounded by what headers may need until the picture states its size; what does not is bounded by its file.
    stream = _Stream(file, deflated=syntax == _DEFLATED, limit=_SLACK_BYTES if syntax == _DEFLATED else max_bytes)
    order = "big" if syntax == _BIG else "little"
    levels: list[tuple[int, bool]] = []  # end (or -1: until the delimiter), implicit
    implicit, count = syntax == _IMPLICIT, 0
    while True:
        while levels and levels[-1][0] >= 0 and stream.given >= levels[-1][0]:
            implicit = levels.pop()[1]
        tag, length, is_sequence, inner_implicit = _element(stream, implicit, order, at_top=not levels)
        if tag is None:
            break
        count += 1
        if count > MAX_ELEMENTS:
            raise SourceError(shown, "structure", "the file has more elements than any picture needs", "Leave it out")
        if tag in (_ITEM_END, _SEQUENCE_END):
            if levels:
                implicit = levels.pop()[1]
            continue
        if tag == _ITEM or is_sequence:
            if not levels and tag != _ITEM:
                found.tags.append(tag)
            levels.append((-1 if length == _UNDEFINED else stream.given + length, implicit))
            implicit = inner_implicit
            if len(levels) > 2 * MAX_DEPTH:
                raise SourceError(shown, "structure", f"sequences are nested deeper than {MAX_DEPTH}", "Leave it out: no picture needs this")
            continue
        if not levels:
            found.tags.append(tag)
            if tag in (_PIXELS, *_FLOAT_PIXELS):
                _pixels(found, stream, length, shown=shown, max_pixels=max_pixels, max_bytes=max_bytes)
                continue
            _note(found, tag, stream, length, order)
            continue
        stream.skip(_definite(length))
    return found


def _definite(length: int) -> int:
    if length == _UNDEFINED:
        raise _Cut
    return length


def _meta(file: BinaryIO, *, shown: str) -> tuple[str, bool]:
    """Transfer syntax; leaves the file where the data set starts."""
    head = file.read(132)
    if head[128:] != b"DICM":
        group = int.from_bytes(head[:2], "little")
        if len(head) < 132 or group not in (0x0008, 0x0002) or (not any(head[2:4]) and group == 0x0002 and head[4:6] not in _SHORT | _LONG):
            raise SourceError(shown, "type", "this is not a DICOM file", "Give DICOM files, or choose another source (source=images, source=nifti)")
        file.seek(0)
        if group == 0x0008:
            return ("1.2.840.10008.1.2.1" if head[4:6] in _SHORT | _LONG else _IMPLICIT), False
    syntax = ""
    while True:
        start = file.tell()
        head = file.read(8)
        if len(head) < 8:
            raise _Cut
        if int.from_bytes(head[:2], "little") != 2:
            file.seek(start)
            return syntax or "1.2.840.10008.1.2.1", True
        length = int.from_bytes(head[6:8], "little")
        if head[4:6] in _LONG:
            length = int.from_bytes(file.read(4), "little")
        if length > 1 << 20:
            raise _Cut
        value = file.read(length)
        if int.from_bytes(head[2:4], "little") == 0x0010:
            syntax = value.decode("ascii", "replace").strip("\0 ")


def _element(stream: _Stream, implicit: bool, order: str, *, at_top: bool) -> tuple[int | None, int, bool, bool]:
    """Tag, length, whether it is a sequence, whether what is inside is implicit. None where the data set ends properly."""
    number: Callable[[bytes], int] = lambda raw: int.from_bytes(raw, "big" if order == "big" else "little")  # noqa: E731
    try:
        head = stream.read(8)
    except _Cut:
        if at_top:
            return None, 0, False, implicit
        raise
    tag = number(head[:2]) << 16 | number(head[2:4])
    if tag in (_ITEM, _ITEM_END, _SEQUENCE_END):
        return tag, number(head[4:]), False, implicit
    if implicit:
        length = number(head[4:])
        is_sequence = tag != _PIXELS and (length == _UNDEFINED or _is_sequence(tag))
        return tag, length, is_sequence and length > 0, True
    kind = head[4:6]
    if kind not in _LONG:
        if kind not in _SHORT:
            raise _Cut
        return tag, number(head[6:]), False, False
    length = number(stream.read(4))
    unknown = kind == b"UN"
    is_sequence = kind == b"SQ" or (unknown and (length == _UNDEFINED or _is_sequence(tag)))
    return tag, length, is_sequence and length > 0, unknown


def _is_sequence(tag: int) -> bool:
    try:
        return dictionary_VR(tag) == "SQ"
    except KeyError:
        return False


def _note(found: Structure, tag: int, stream: _Stream, length: int, order: str) -> None:
    """Pass over a top-level element, keeping what says how large the picture is."""
    if tag not in _WANTED and tag != _FRAMES:
        stream.skip(_definite(length))
        return
    raw = stream.read(min(_definite(length), 64))
    stream.skip(length - len(raw))
    if tag == _FRAMES:
        text = raw.decode("ascii", "replace").strip("\0 ")
        found.frames = int(text) if text.isdecimal() and len(text) < 10 else 1
    elif len(raw) >= 2:
        setattr(found, _WANTED[tag], int.from_bytes(raw[:2], "big" if order == "big" else "little"))


def _pixels(found: Structure, stream: _Stream, length: int, *, shown: str, max_pixels: int, max_bytes: int) -> None:
    """Check the size that the header states, then count the picture's bytes."""
    if found.rows * found.columns > max_pixels:
        raise SourceError(
            shown,
            "Rows, Columns",
            f"{found.rows} x {found.columns} pixels are more than the {max_pixels / 1e6:.1f} million allowed",
            "Leave it out, or raise source.max_megapixels if the size is meant",
        )
    found.has_pixels = True
    stream.limit = stream.given + min(found.decoded_bytes, max_bytes) + _SLACK_BYTES
    if length != _UNDEFINED:
        found.pixel_bytes = length
        stream.skip(length)
        return
    first = True
    while True:
        head = stream.read(8)
        tag = int.from_bytes(head[:2], "little") << 16 | int.from_bytes(head[2:4], "little")
        size = int.from_bytes(head[4:], "little")
        if tag == _SEQUENCE_END:
            return
        if tag != _ITEM:
            raise _Cut
        if not first and not found.first_fragment:
            found.first_fragment = stream.read(min(size, 4096))
            size -= len(found.first_fragment)
        first = False
        stream.skip(_definite(size))
