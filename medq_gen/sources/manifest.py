"""A table of files: CSV or Parquet with path, modality, anatomy, subject, licence and split; each row is read by the reader of its file type."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field

from medq_gen.errors import ConfigError, SourceError
from medq_gen.records import Case, Origin, Split
from medq_gen.sources import dicom_pixels, dicom_slab, headers, images, volumes
from medq_gen.sources.anatomy import ANATOMIES
from medq_gen.sources.dicom import declared_of
from medq_gen.sources.folder import Found, checked, entry_of, file_and_part, shown_name
from medq_gen.sources.identity import Seen, case_of, duplicate, grouped, reloaded
from medq_gen.sources.slabs import SLABS
from medq_gen.sources.source import Configured, Declared, FileOptions, LoadedCase, Options, Picture, Provenance
from physics.modality import MODALITIES

NEEDED = ("path", "modality", "anatomy", "subject", "licence", "split")
OPTIONAL = ("spacing_mm", "window", "origin", "stains", "echo", "weighting")
_MAX_CELL = 4096


class ManifestOptions(FileOptions):
    """Options of source=manifest. axis, every, min_content, volume: which slices of the volumes in the table."""

    axis: Literal["axial", "coronal", "sagittal"] = "axial"
    volume: int | None = Field(default=None, ge=0)
    every: int = Field(default=1, ge=1)
    min_content: float = Field(default=0.1, ge=0, le=1)


@dataclass(frozen=True, slots=True)
class _Row:
    """One checked row. subject : a hash, in memory only. facts : of the acquisition, over those of the file."""

    number: int
    path: str
    subject: bytes
    split: Split | None
    licence: str
    origin: Origin
    declared: Declared
    facts: dict[str, str]


class ManifestSource(Configured):
    """Files that a table names, relative to the table."""

    name = "manifest"
    options_model = ManifestOptions

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        assert isinstance(options, ManifestOptions)
        self._options = options
        self._declared = declared_of(options)
        self._table = options.path
        if self._table.suffix.lower() not in (".csv", ".parquet"):
            raise ConfigError(f"source.path={str(self._table)!r}: a manifest is a .csv or .parquet file")
        columns = _columns(self._table)
        missing = [name for name in NEEDED if name not in columns]
        if missing:
            raise ConfigError(
                f"source.path={str(self._table)!r}: the manifest lacks the columns {', '.join(missing)}; "
                f"needed: {', '.join(NEEDED)}; optional: {', '.join(OPTIONAL)}"
            )
        self._by_path: dict[str, _Row] | None = None
        self._held: tuple[str, volumes.Volume] | None = None

    def index(self) -> Iterator[Case | SourceError]:
        """Two passes: the table, to join the rows of a subject; then subject by subject the files."""
        subjects: dict[bytes, list[_Row]] = {}
        named: Counter[str] = Counter()
        for row in self._rows():
            if isinstance(row, SourceError):
                yield row
                continue
            if self._options.modality not in (None, row.declared.modality):
                continue
            named[row.path] += 1
            if named[row.path] > 1:
                yield SourceError(self._at(row), "path", "the same file stands in the table twice", "Leave one of the rows out")
                continue
            subjects.setdefault(row.subject, []).append(row)
        seen, people = Seen(), dict[bytes, tuple[bytes, Split | None]]()
        for subject, rows in subjects.items():
            stated = {row.split for row in rows if row.split is not None}
            if len(stated) > 1:
                for row in rows:
                    yield SourceError(self._at(row), "split", "the rows of this subject are in different splits", "Give all rows of a subject one split")
                continue
            split = next(iter(stated), None)
            cases: list[Case] = []
            for row in rows:
                for item in self._cases(row, people, (subject, split)):
                    if isinstance(item, SourceError):
                        yield item
                    elif seen.again(item):
                        yield duplicate(self._at(row))
                    else:
                        cases.append(item)
            yield from grouped(cases, shares=self._shares, split=split)

    def _cases(self, row: _Row, people: dict[bytes, tuple[bytes, Split | None]], mine: tuple[bytes, Split | None]) -> Iterator[Case | SourceError]:
        """The cases of a row. A DICOM patient who stands under two subjects would leak from split to split."""
        try:
            found = self._found(row)
            if not _is_other(row.path):
                with dicom_pixels.quiet():
                    from medq_gen.sources.dicom import person_of

                    person = person_of(dicom_pixels.read_header(found, row.declared)[0])
                if person and people.setdefault(person, mine)[0] != mine[0]:
                    raise SourceError(
                        self._at(row), "subject", "the file's patient stands under another subject too", "Give all files of a patient one subject"
                    )
            for picture in _pictures(found, row.declared):
                if isinstance(picture, SourceError):
                    yield picture
                    continue
                if row.declared.modality != picture.modality:
                    raise SourceError(self._at(row), "modality", f"the file is {picture.modality}, the table says {row.declared.modality}", "Correct the table")
                yield case_of(
                    picture.noted(**row.facts),
                    Provenance(source=self.name, entry=entry_of(row.path, picture.part), licence=row.licence, origin=row.origin, grid=self._options.grid),
                )
        except SourceError as error:
            yield error

    def _found(self, row: _Row) -> Found:
        return checked(self._table.parent, row.path, shown=shown_name(str(self._table.parent / row.path)), max_bytes=self._declared.max_bytes)

    def load(self, case: Case) -> LoadedCase:
        """The pixels of a case."""
        path, part = file_and_part(case.entry)
        if self._by_path is None:
            self._by_path = {row.path: row for row in self._rows() if isinstance(row, _Row)}
        row = self._by_path.get(path)
        if row is None:
            raise SourceError(str(self._table), "path", "the table no longer names the file of this case", "Index the source again")
        found = self._found(row)
        if volumes.is_volume(path):
            if self._held is None or self._held[0] != path:
                self._held = path, volumes.read_volume(found, row.declared)
            made = reloaded(case, volumes.one(self._held[1], found, part, row.declared), file=found.shown)
            return replace(made, neighbours=volumes.neighbours_of(self._held[1], part, made.pixels, modality=case.modality))
        if images.is_image(path):
            return reloaded(case, images.picture(found, row.declared, int(part)), file=found.shown)
        made = reloaded(case, dicom_pixels.picture(found, row.declared, int(part)), file=found.shown)
        if case.modality not in SLABS:
            return made
        return replace(made, neighbours=dicom_slab.neighbours(found, row.declared, int(part), made.pixels, modality=case.modality))

    def _at(self, row: _Row) -> str:
        return f"{self._table} row {row.number}"

    def _rows(self) -> Iterator[_Row | SourceError]:
        try:
            for number, cells in enumerate(_cells(self._table), start=1):
                try:
                    yield self._row(number, cells)
                except SourceError as error:
                    yield error
        except (OSError, ValueError, csv.Error):
            yield SourceError(str(self._table), "table", "the table cannot be read to its end", "Save it again as UTF-8 CSV or Parquet")

    def _row(self, number: int, cells: dict[str, Any]) -> _Row:
        """One row checked. Cells are compared with closed lists and never repeated in a message."""
        from physics.mri.protocol import ECHOES, WEIGHTINGS

        where = f"{self._table} row {number}"
        text = {key: str(cells.get(key) if cells.get(key) is not None else "").strip() for key in (*NEEDED, *OPTIONAL)}
        for key, value in text.items():
            if len(value) > _MAX_CELL:
                raise SourceError(where, key, "the cell is far too long", "Correct the table")
        if not text["path"]:
            raise SourceError(where, "path", "the path is empty", "Name the file relative to the table")
        if Path(text["path"]).is_absolute() or ".." in Path(text["path"]).parts:
            raise SourceError(where, "path", "the path leads out of the table's folder", "Name files relative to the table, below its folder")
        _listed(text["modality"], MODALITIES, where, "modality", empty=False)
        _listed(text["anatomy"], ANATOMIES, where, "anatomy")
        _listed(text["split"], get_args(Split), where, "split")
        _listed(text["origin"], get_args(Origin), where, "origin")
        _listed(text["stains"], ("he", "hdab"), where, "stains")
        _listed(text["echo"], ECHOES, where, "echo")
        _listed(text["weighting"], WEIGHTINGS, where, "weighting")
        if not text["licence"]:
            raise SourceError(where, "licence", "the licence is empty", "State it, or write unstated")
        path = Path(text["path"]).as_posix()
        spacing, window = _two(text["spacing_mm"], where, "spacing_mm"), _two(text["window"], where, "window")
        if window is not None and not -2000 <= window[0] < window[1] <= 10_000:
            raise SourceError(where, "window", "the window is not low < high in HU", "Write it as low;high, for example -160;240")
        declared = replace(
            self._declared,
            modality=text["modality"],  # type: ignore[arg-type]  # checked against the list above
            anatomy=text["anatomy"] or self._options.anatomy,
            spacing_mm=spacing,
            window=window,
            stains=text["stains"] or None,
        )
        key = f"subject\0{text['subject']}" if text["subject"] else f"file\0{path}"
        return _Row(
            number=number,
            path=path,
            subject=hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=12).digest(),
            split=text["split"] or None,  # type: ignore[arg-type]
            licence=text["licence"][:200],
            origin=text["origin"] or self._options.origin,  # type: ignore[arg-type]
            declared=declared,
            facts={key: text[key] for key in ("echo", "weighting") if text[key]},
        )


def _is_other(path: str) -> bool:
    return volumes.is_volume(path) or images.is_image(path)


def _pictures(found: Found, declared: Declared) -> Iterator[Picture | SourceError]:
    """The reader of a file type: by name, DICOM where the name says nothing."""
    if volumes.is_volume(found.entry):
        return volumes.pictures(found, declared)
    return images.pictures(found, declared) if images.is_image(found.entry) else dicom_pixels.pictures(found, declared)


def _listed(value: str, allowed: tuple[str, ...], where: str, field: str, *, empty: bool = True) -> None:
    if value not in allowed and not (empty and not value):
        raise SourceError(where, field, "the word is not on the list", f"Allowed: {', '.join(allowed)}")


def _two(text: str, where: str, field: str) -> tuple[float, float] | None:
    """Two numbers, written 0.5;0.5 or [0.5, 0.5]; one number counts twice for a spacing."""
    words = text.strip("[]() ").replace(",", " ").replace(";", " ").split()
    if not words:
        return None
    found = [headers.number(word, -1e6, 1e6) for word in words]
    if field == "spacing_mm" and len(found) == 1:
        found *= 2
    if len(found) != 2 or found[0] is None or found[1] is None:
        raise SourceError(where, field, "the cell does not hold two numbers", "Write them as first;second")
    return found[0], found[1]


def _columns(table: Path) -> list[str]:
    try:
        if table.suffix.lower() == ".parquet":
            import pyarrow.parquet

            return [str(name) for name in pyarrow.parquet.read_schema(table).names]
        with open(table, newline="", encoding="utf-8-sig") as file:
            return next(csv.reader(file), [])
    except Exception:  # pyarrow and csv raise anything on what is not a table
        raise ConfigError(f"source.path={str(table)!r}: the manifest cannot be read; give UTF-8 CSV or Parquet") from None


def _cells(table: Path) -> Iterator[dict[str, Any]]:
    """Rows one after another, only the columns that mean something."""
    wanted = (*NEEDED, *OPTIONAL)
    if table.suffix.lower() == ".parquet":
        import pyarrow.parquet

        with pyarrow.parquet.ParquetFile(table) as file:
            columns = [name for name in wanted if name in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=1024, columns=columns):
                yield from batch.to_pylist()
        return
    with open(table, newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            yield {name: row.get(name) for name in wanted}
