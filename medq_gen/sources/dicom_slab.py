"""The neighbours of a DICOM slice: frames of the same file, or files of the same series in the same folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from medq_gen.errors import SourceError
from medq_gen.sources import dicom_pixels, headers
from medq_gen.sources.dicom_structure import Structure
from medq_gen.sources.folder import Found, checked
from medq_gen.sources.slabs import MOST, joined, reach
from medq_gen.sources.source import Declared, Neighbours, Pixels
from physics.modality import Modality

EVEN = 0.05  # of the usual step: how much steps may differ
MAX_FILES = 2000  # in a folder; among more nothing is looked for
_EMPTY: dict[Modality, float] = {"mri": 0.0, "ct": -1000.0}  # what a slice beyond the body shows


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a picture lies. name : of its file within the folder. series : what must agree; kept in memory only. first : position of its first pixel."""

    name: str
    frame: int
    series: tuple[object, ...]
    along_mm: float
    first: tuple[float, ...]


def neighbours(found: Found, declared: Declared, frame: int, pixels: Pixels, *, modality: Modality = "mri") -> Neighbours | None:
    """The slices about a frame of a file; None where positions are not stated, repeat, or are unevenly spaced about it."""
    name = found.path.name
    places = _frames(found, declared)
    if len(places) == 1:
        places = _folder(found.path.parent, declared)
    here = next((one for one in places if (one.name, one.frame) == (name, frame)), None)
    if here is None:
        return None
    series = sorted((one for one in places if one.series == here.series), key=lambda one: one.along_mm)
    steps, place = np.diff([one.along_mm for one in series]), series.index(here)
    step_mm = float(np.median(steps)) if len(steps) else 0.0
    if step_mm < 1e-3:
        return None
    upright = np.linalg.norm(np.diff([one.first for one in series], axis=0), axis=1) <= (1 + EVEN**2 / 2) * steps + 1e-3  # pixels above each other
    even = (np.abs(steps - step_mm) <= EVEN * step_mm) & upright
    first, last = reach(place, len(series), step_mm=step_mm, pixels=pixels.size, modality=modality)
    low, high = place, place + 1
    while low > first and even[low - 1]:
        low -= 1
    while high < last and even[high - 1]:
        high += 1
    try:
        slices = [pixels if one is here else _decoded(found.path.parent / one.name, declared, one.frame, pixels.shape, modality) for one in series[low:high]]
    except (SourceError, OSError):
        return None
    return joined(np.stack(slices), place - low, step_mm=step_mm, modality=modality) if all(one.shape == pixels.shape for one in slices) else None


def _decoded(path: Path, declared: Declared, frame: int, shape: tuple[int, ...], modality: Modality) -> Pixels:
    state = os.stat(path)
    return _neighbour(path, declared, frame, shape, modality, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=2 * max(MOST.values()) + 1)  # the slices of one slab: the next case shares all but one of them
def _neighbour(path: Path, declared: Declared, frame: int, shape: tuple[int, ...], modality: Modality, changed: int, size: int) -> Pixels:
    """One neighbour; changed, size : of its file, so that a new file is read anew. A slice beyond the body, all zero or all air, is no error here."""
    found = checked(path, path.name, shown=path.name, max_bytes=declared.max_bytes)
    try:
        return dicom_pixels.picture(found, declared, frame).pixels
    except SourceError as error:
        if error.problem.startswith("all values are equal"):
            return np.full(shape, _EMPTY[modality], dtype=np.float32)
        raise


@lru_cache(maxsize=2)
def _folder(folder: Path, declared: Declared) -> tuple[_Place, ...]:
    """Every single-frame picture of a folder that is placed, by headers alone."""
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."))
    places: list[_Place] = []
    for name in names if len(names) <= MAX_FILES else ():
        try:
            found = _frames(checked(folder / name, name, shown=name, max_bytes=declared.max_bytes), declared)
        except SourceError:
            continue
        places.extend(found if len(found) == 1 else ())
    return tuple(places)


def _frames(found: Found, declared: Declared) -> tuple[_Place, ...]:
    """The frames of a file that say where they lie."""
    with dicom_pixels.quiet():
        dataset, bones = dicom_pixels.read_header(found, declared)
        placed = []
        for frame in range(bones.frames):
            facts = dicom_pixels.facts_of_frame(dataset, frame)
            along, first = dicom_pixels.position_along_normal(facts), headers.numbers(facts, "ImagePositionPatient", count=3)
            if along is not None and first is not None:
                placed.append(_Place(found.path.name, frame, _series(dataset, facts, bones), along, tuple(first)))
    return tuple(placed)


def _series(dataset: Dataset, facts: Dataset, bones: Structure) -> tuple[object, ...]:
    """What pictures of one slab share: series, size, direction, spacing and echo."""
    tilt, spacing = headers.numbers(facts, "ImageOrientationPatient", count=6), headers.numbers(facts, "PixelSpacing", count=2)
    echo = headers.numbers(facts, "EchoTime", count=1)
    rounded = tuple(None if values is None else tuple(round(value, 3) for value in values) for values in (tilt, spacing, echo))
    return headers.word(dataset, "SeriesInstanceUID"), bones.rows, bones.columns, *rounded
