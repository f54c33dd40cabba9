"""Which files a source may open: regular files inside the folder that was given, in an order of names, never through a link that leads out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medq_gen.errors import SourceError

# Companions of data sets that hold no pictures; everything else that cannot be read is reported.
COMPANIONS = ("readme", "license", "licence", "citation", "changes", "dicomdir", "copying")


@dataclass(frozen=True)
class Found:
    """A file that may be opened. entry : its path relative to the root, with slashes; shown : as the user gave it, for messages."""

    path: Path
    entry: str
    shown: str


def shown_name(text: str) -> str:
    """A file name that any terminal and any JSON writer can take."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISBLK, "a device"), (stat.S_ISCHR, "a device"), (stat.S_ISDIR, "a folder"))
    return next((name for test, name in kinds if test(mode)), "not a file")


def checked(root: Path, entry: str, *, shown: str, max_bytes: int) -> Found:
    """A file of the root that may be opened, looked at without opening it.

    Raises
        SourceError: it is absent, leads out of the root, is not a regular file, is empty, too large or may not be read.
    """
    if not entry.isprintable() or any("\ud800" <= letter <= "\udfff" for letter in entry):
        raise SourceError(shown, "name", "the file name is not valid text", "Rename the file")
    base = root if root.is_dir() else root.parent
    path = base / entry
    try:
        real = path.resolve(strict=True)
        state = real.stat()
    except PermissionError:
        raise SourceError(shown, "permission", "the file may not be read", "Give read permission to the file and its folders") from None
    except (OSError, RuntimeError, ValueError):
        raise SourceError(shown, "path", "there is no such file, or a link leads nowhere", "Check the path") from None
    if not real.is_relative_to(base.resolve()) and path != root:
        raise SourceError(shown, "link", "the path leads out of the folder that was given", "Copy the file into the folder, or give its own folder as path")
    if not stat.S_ISREG(state.st_mode):
        raise SourceError(shown, "type", f"this is {_kind(state.st_mode)}, not a regular file", "Leave it out")
    if state.st_size == 0:
        raise SourceError(shown, "size", "the file is empty", "Copy the file again")
    if state.st_size > max_bytes:
        raise SourceError(shown, "size", f"the file has {state.st_size / 1e6:.0f} MB, more than the {max_bytes / 1e6:.0f} allowed", "Raise source.max_file_mb")
    if not os.access(real, os.R_OK):
        raise SourceError(shown, "permission", "the file may not be read", "Give read permission to the file and its folders")
    return Found(path=path, entry=entry, shown=shown)


def files(root: Path, *, max_bytes: int) -> Iterator[Found | SourceError]:
    """Every file below a folder (or the file itself) by name. Hidden files and the usual companions (README, LICENSE, DICOMDIR) are passed over;
    links to folders, and to files that stand in the same tree, are not followed: what they show is read at its own place."""
    if not root.is_dir():
        yield _or_error(root, root.name, shown=shown_name(str(root)), max_bytes=max_bytes)
        return
    base = root.resolve()
    pending = [""]
    while pending:
        folder = pending.pop()
        if folder.endswith("/") or not folder:
            names, error = _listed(root, folder)
            if error is not None:
                yield error
            pending.extend(reversed(names))
            continue
        path = root / folder
        if path.is_symlink() and _stands_in(path, base):
            continue
        yield _or_error(root, folder, shown=shown_name(str(path)), max_bytes=max_bytes)


def _listed(root: Path, folder: str) -> tuple[list[str], SourceError | None]:
    """What a folder holds, folders marked by a slash, by name."""
    try:
        with os.scandir(root / folder) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        return [], SourceError(shown_name(str(root / folder)), "permission", "the folder may not be listed", "Give read permission to the folder")
    wanted = [(name, is_folder) for name, is_folder in found if not name.startswith(".") and (is_folder or not name.lower().startswith(COMPANIONS))]
    return [f"{folder}{name}/" if is_folder else f"{folder}{name}" for name, is_folder in sorted(wanted)], None


def _stands_in(link: Path, base: Path) -> bool:
    """Whether a link shows something that the walk meets anyway: inside the tree and not hidden."""
    try:
        real = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    return real.is_relative_to(base) and not any(part.startswith(".") for part in real.relative_to(base).parts)


def _or_error(root: Path, entry: str, *, shown: str, max_bytes: int) -> Found | SourceError:
    try:
        return checked(root, entry, shown=shown, max_bytes=max_bytes)
    except SourceError as error:
        return error


def entry_of(file: str, part: str) -> str:
    """How a case names its picture: file and part."""
    return f"{file}#{part}"


def file_and_part(entry: str) -> tuple[str, str]:
    """The file and the part that an entry names."""
    file, _, part = entry.rpartition("#")
    return file, part


def found_again(root: Path, entry: str, *, max_bytes: int) -> tuple[Found, str]:
    """The file that the entry of a case names, looked at anew, and the part. Raises what `checked` raises."""
    file, part = file_and_part(entry)
    return checked(root, file, shown=shown_name(str(root / file if root.is_dir() else root)), max_bytes=max_bytes), part
