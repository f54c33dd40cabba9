"""Files that are either whole or absent: temporary name, sync, rename."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp-"


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut; some network file systems cannot, and then the rename alone must do."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` to write to; it is synced and renamed to `path` when the block ends well, and removed when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY}{path.name}-{os.getpid()}")
    try:
        yield temporary
        with open(temporary, "rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def to_json(value: Any) -> str:  # Any: plain JSON
    """The one JSON spelling of a value: sorted keys, no NaN, no spaces that could vary."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def to_page(value: Any) -> str:  # Any: plain JSON
    """The same for people: indented, sorted, ends with a newline."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sweep(folder: Path, stem: str = "") -> list[str]:
    """Remove what a killed process left under temporary names (only those of files whose name starts with `stem`); the names, for the log.

    A folder of such a name is not ours, whatever it holds.
    """
    left = [path for path in sorted(folder.rglob(f"{TEMPORARY}{stem}*")) if not path.is_dir() or path.is_symlink()] if folder.is_dir() else []
    for path in left:
        path.unlink(missing_ok=True)
    return [path.name for path in left]
