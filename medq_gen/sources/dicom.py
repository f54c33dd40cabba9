"""DICOM files and folders: series in the order of their slices, people told apart in memory only."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from medq_gen.errors import SourceError
from medq_gen.records import Case
from medq_gen.sources import dicom_pixels, dicom_slab, headers
from medq_gen.sources.anatomy import ANATOMIES
from medq_gen.sources.folder import Found, checked, entry_of, file_and_part, files
from medq_gen.sources.identity import Seen, case_of, duplicate, grouped, reloaded
from medq_gen.sources.slabs import SLABS
from medq_gen.sources.source import Configured, Declared, FileOptions, LoadedCase, Options, Provenance


class DicomOptions(FileOptions):
    """Options of source=dicom. modality: keep this one only (for a file that states none: what it shows)."""

    spacing_mm: tuple[float, float] | None = None
    stains: Literal["he", "hdab"] | None = None
    every: int = Field(default=1, ge=1)


@dataclass(frozen=True, slots=True)
class _Slice:
    """All that is kept of a file between the two passes."""

    entry: str
    person: bytes
    study: bytes
    series: bytes
    size: tuple[int, int]
    position: float | None
    number: float


def _hashed(*words: str) -> bytes:
    """A key to compare in memory; b"" where nothing is stated."""
    return hashlib.blake2b("\0".join(words).encode("utf-8", "replace"), digest_size=12).digest() if any(words) else b""


class People:
    """Which files show one person: those with one patient id, one name and birth date, or one study."""

    def __init__(self) -> None:
        self._parent: dict[bytes, bytes] = {}

    def _root(self, key: bytes) -> bytes:
        while (above := self._parent.setdefault(key, key)) != key:
            self._parent[key] = self._parent[above]
            key = above
        return key

    def join(self, *keys: bytes) -> None:
        """These keys belong to one person."""
        stated = [key for key in keys if key]
        for key in stated:
            self._parent[self._root(key)] = self._root(stated[0])

    def of(self, *keys: bytes) -> bytes:
        """The person of the first key that is stated."""
        return self._root(next(key for key in keys if key))


def person_of(dataset: object) -> bytes:
    """A key of the person, in memory only: patient id with its issuer, else name with birth date."""
    from pydicom.dataset import Dataset

    assert isinstance(dataset, Dataset)
    patient = headers.word(dataset, "PatientID")
    if patient:
        return _hashed("id", patient, headers.word(dataset, "IssuerOfPatientID"))
    name = headers.word(dataset, "PatientName")
    return _hashed("name", name, headers.word(dataset, "PatientBirthDate")) if name else b""


class DicomSource(Configured):
    """DICOM files below a path."""

    name = "dicom"
    options_model = DicomOptions

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        assert isinstance(options, DicomOptions)
        self._options = options
        self._declared = declared_of(options)

    def index(self) -> Iterator[Case | SourceError]:
        """Two passes: headers of all files, then person by person and series by series the pictures."""
        people, slices = People(), dict[tuple[bytes, bytes], list[_Slice]]()
        for found in files(self._options.path, max_bytes=self._declared.max_bytes):
            try:
                if isinstance(found, SourceError):
                    raise found
                if (one := self._slice(found)) is None:
                    continue
            except SourceError as error:
                yield error
                continue
            people.join(one.person, one.study)
            slices.setdefault((one.person or one.study, one.series), []).append(one)
        by_person: dict[bytes, list[list[_Slice]]] = {}
        for (person, _), series in slices.items():
            by_person.setdefault(people.of(person, series[0].series), []).append(series)
        seen = Seen()
        for all_series in by_person.values():
            cases: list[Case] = []
            for series in all_series:
                for item in self._cases(series):
                    if isinstance(item, SourceError):
                        yield item
                    elif seen.again(item):
                        yield duplicate(self._shown(item))
                    else:
                        cases.append(item)
            yield from grouped(cases, shares=self._shares)

    def _slice(self, found: Found) -> _Slice | None:
        """What the first pass keeps; None for a modality that was not asked for."""
        with dicom_pixels.quiet():
            dataset, bones = dicom_pixels.read_header(found, self._declared)
            modality = dicom_pixels.modality_of(dataset, self._declared, shown=found.shown)
            if self._options.modality not in (None, modality):
                return None
            facts = dicom_pixels.facts_of_frame(dataset, 0)
            number = headers.numbers(dataset, "InstanceNumber", count=1)
            study = _hashed("study", headers.word(dataset, "StudyInstanceUID"))
            series = (
                _hashed("series", headers.word(dataset, "SeriesInstanceUID")) if headers.word(dataset, "SeriesInstanceUID") else _hashed("file", found.entry)
            )
            return _Slice(
                entry=found.entry,
                person=person_of(dataset),
                study=study if headers.word(dataset, "StudyInstanceUID") else b"",
                series=series,
                size=(bones.rows, bones.columns),
                position=dicom_pixels.position_along_normal(facts),
                number=number[0] if number else 0.0,
            )

    def _cases(self, series: list[_Slice]) -> Iterator[Case | SourceError]:
        """A series in the order of its slices; slices of another size than most are refused."""
        usual = Counter(one.size for one in series).most_common(1)[0][0]
        placed = all(one.position is not None for one in series)
        ordered = sorted(series, key=lambda one: (one.position if placed and one.position is not None else 0.0, one.number, one.entry))
        for place, one in enumerate(ordered):
            shown = self._shown_file(one.entry)
            if one.size != usual:
                yield SourceError(shown, "Rows, Columns", "the slice has another size than its series", "Leave it out, or put it in a series of its own")
            elif place % self._options.every == 0:
                yield from self._of_file(one.entry, shown)

    def _of_file(self, entry: str, shown: str) -> Iterator[Case | SourceError]:
        try:
            found = checked(self._options.path, entry, shown=shown, max_bytes=self._declared.max_bytes)
            for picture in dicom_pixels.pictures(found, self._declared):
                yield picture if isinstance(picture, SourceError) else case_of(picture, self._provenance(entry_of(entry, picture.part)))
        except SourceError as error:
            yield error

    def _provenance(self, entry: str) -> Provenance:
        return Provenance(source=self.name, entry=entry, licence=self._options.licence, origin=self._options.origin, grid=self._options.grid)

    def _shown_file(self, entry: str) -> str:
        return str(self._options.path / entry if self._options.path.is_dir() else self._options.path)

    def _shown(self, case: Case) -> str:
        return self._shown_file(file_and_part(case.entry)[0])

    def load(self, case: Case) -> LoadedCase:
        """The pixels of a case, and of a slice of MRI or CT its neighbours in the same series and folder."""
        file, part = file_and_part(case.entry)
        found = checked(self._options.path, file, shown=self._shown_file(file), max_bytes=self._declared.max_bytes)
        made = reloaded(case, dicom_pixels.picture(found, self._declared, int(part)), file=found.shown)
        if case.modality not in SLABS:
            return made
        return replace(made, neighbours=dicom_slab.neighbours(found, self._declared, int(part), made.pixels, modality=case.modality))


def declared_of(options: FileOptions) -> Declared:
    """What the options of a source say of its files.

    Raises
        ConfigError: an anatomy that is not on the list.
    """
    from medq_gen.errors import ConfigError

    if options.anatomy is not None and options.anatomy not in ANATOMIES:
        raise ConfigError(f"source.anatomy={options.anatomy!r}: not on the list; allowed: {', '.join(ANATOMIES)}")
    values = {key: value for key, value in vars(options).items() if key in Declared.__dataclass_fields__}
    return Declared(**values, max_pixels=int(options.max_megapixels * 1e6), max_bytes=int(options.max_file_mb * 1e6))
