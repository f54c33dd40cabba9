"""The three tables of MedQ-Bench as the public evaluation tool loads them, with our own columns beside the ones it reads."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from medq_gen.export.content import LETTERS, Content, severity
from medq_gen.export.tables import require_text, stated, write_tsv
from medq_gen.records import Record

ABOUT = ("modality", "anatomy", "degradation_type", "degradation_severity", "source", "split", "record", "id")
PERCEPTION = ("index", "image", "image_path", "question", *LETTERS, "answer", "question_type", "scope", "question_family", *ABOUT)
DESCRIPTION = ("index", "image", "image_path", "question", "description", "quality", *ABOUT)
PAIRED = ("index", "image", "image_path", "question", "description", "better", "pair_type", *ABOUT)
PAIRED_SIDES = ("index", "image_a", "image_b", *PAIRED[2:])
MAX_REFERENCE = 64  # an image cell up to this long is taken as the index of the row that holds the picture


def write(content: Content, folder: Path, *, image_free: bool) -> dict[str, int]:
    """One table for each task and split, the digest of the data set in its name; rows per file."""
    rows = {}
    for split in content.splits():
        tables = (
            ("medqbench_QA", PERCEPTION, _perception(content, split)),
            ("medqbench_description", DESCRIPTION, _descriptions(content, split)),
            ("medqbench_paired_description", PAIRED, _comparisons(content, split)),
            ("paired_columns", PAIRED_SIDES, _sides(content, split)),
        )
        for stem, columns, cells in tables:
            name = f"{stem}_{split}-{content.digest}.tsv"
            kept = [column for column in columns if not (image_free and column.startswith("image"))]
            rows[name] = write_tsv(folder / name, kept, ({column: row[column] for column in kept if column in row} for row in cells))
            if not rows[name]:  # a loader stops at a table without rows
                (folder / name).unlink()
                del rows[name]
    return rows


class _Pictures:
    """The image cells of one table: base64 at the first row that shows a picture, that row's index afterwards."""

    def __init__(self, content: Content) -> None:
        self._content, self._rows = content, dict[str, str]()

    def cell(self, key: str, index: str) -> str:
        first = self._rows.setdefault(key, index)
        return base64_of(self._content, key) if first == index else first


def base64_of(content: Content, key: str) -> str:
    """A picture as the text of a cell."""
    return base64.b64encode(content.picture(key)).decode("ascii")


def file_name(record: Record) -> str:
    """The name under which loaders may keep the picture: made of its bytes, so that a picture kept before is the same picture."""
    return f"{record.image_sha256[:24]}.png"


def _about(records: tuple[Record, ...], item: str) -> dict[str, str]:
    """What both sides of a pair share is said once, the rest as "first / second"."""

    def shared(values: list[str]) -> str:
        return stated(values[0] if len(set(values)) == 1 else " / ".join(values))

    return {
        "modality": shared([record.modality for record in records]),
        "anatomy": shared([record.anatomy for record in records]),
        "degradation_type": shared([record.recipe for record in records]),
        "degradation_severity": shared([severity(record) for record in records]),
        "source": shared([record.origin for record in records]),
        "split": records[0].split,
        "record": shared([record.key for record in records]),
        "id": item,
    }


def _perception(content: Content, split: str) -> Iterator[dict[str, str]]:
    pictures = _Pictures(content)
    for item in content.questions:
        record = content.records[item.record]
        if record.split != split:
            continue
        index = content.index(item.id)
        options = {letter: require_text(text, item=item.id, column=letter) for letter, text in zip(LETTERS, item.options, strict=False)}
        yield {
            "index": index,
            "image": pictures.cell(record.key, index),
            "image_path": file_name(record),
            "question": require_text(item.stem, item=item.id, column="question"),
            **options,
            "answer": item.answer,
            "question_type": stated(item.type),
            "scope": stated(item.scope),
            "question_family": stated(item.family),
            **_about((record,), item.id),
        }


def _descriptions(content: Content, split: str) -> Iterator[dict[str, str]]:
    pictures = _Pictures(content)
    for item in content.descriptions:
        record = content.records[item.record]
        if record.split != split:
            continue
        index = content.index(item.id)
        yield {
            "index": index,
            "image": pictures.cell(record.key, index),
            "image_path": file_name(record),
            "question": require_text(item.request, item=item.id, column="question"),
            "description": require_text(item.reference, item=item.id, column="description"),
            "quality": item.tier,
            **_about((record,), item.id),
        }


def _pair_rows(content: Content, split: str) -> Iterator[tuple[tuple[Record, Record], dict[str, str]]]:
    for item in content.comparisons:
        pair = content.records[item.first], content.records[item.second]
        if pair[0].split == split:
            yield (
                pair,
                {
                    "index": content.index(item.id),
                    "image_path": str([file_name(record) for record in pair]),
                    "question": require_text(item.request, item=item.id, column="question"),
                    "description": require_text(item.reference, item=item.id, column="description"),
                    "better": item.better,
                    "pair_type": stated(item.kind),
                    **_about(pair, item.id),
                },
            )


def _comparisons(content: Content, split: str) -> Iterator[dict[str, str]]:
    """The loadable form: the image cell is the text of a Python list of two pictures, which the loader evaluates."""
    for pair, row in _pair_rows(content, split):
        yield {"image": str([base64_of(content, record.key) for record in pair]), **row}


def _sides(content: Content, split: str) -> Iterator[dict[str, str]]:
    """The form that people read: one column a side. The public loader raises on it, so its file has another name."""
    for pair, row in _pair_rows(content, split):
        yield {"image_a": base64_of(content, pair[0].key), "image_b": base64_of(content, pair[1].key), **row}
