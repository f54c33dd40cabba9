"""A folder that is either the whole export or the one before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medq_gen.errors import ConfigError

MARKER = "export.json"  # what every export holds; a folder without it is not ours to replace


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder` to write to; it takes the place of `folder` when the block ends well and vanishes when it does not.

    Raises
        ConfigError: `folder` exists and is neither empty nor an earlier export.
    """
    if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or (folder / MARKER).is_file())):
        raise ConfigError(f"out={folder} holds other files and no {MARKER}: choose an empty or new folder, or remove it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh, old = folder.with_name(f".unfinished-{folder.name}"), folder.with_name(f".replaced-{folder.name}")
    if old.exists() and not folder.exists():  # killed between the two renames below
        os.replace(old, folder)
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir()
    try:
        yield fresh
        if folder.exists():
            os.replace(folder, old)
        try:
            os.replace(fresh, folder)
        except OSError:
            if old.exists():
                os.replace(old, folder)
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
