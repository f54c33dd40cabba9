"""Pictures in folders with a metadata.jsonl beside them: to browse, and to open with datasets.load_dataset("imagefolder", data_dir=...)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from medq_gen import files
from medq_gen.export.content import Content, severity
from medq_gen.records import Record

PICTURES, PAIRS = "pictures", "pairs"
METADATA = "metadata.jsonl"


def write(content: Content, folder: Path, *, image_free: bool) -> dict[str, int]:
    """pictures/<split>/ with one row a picture and pairs/<split>/ with two pictures a row; rows per metadata file."""
    rows: dict[str, int] = {}
    descriptions = {item.record: item.reference for item in content.descriptions}
    for split in content.splits():
        here = folder / PICTURES / split
        about = []
        for record in content.records.values():
            if record.split != split:
                continue
            if not image_free:
                _put(here / picture_name(record), content.picture(record.key))
            about.append({"file_name": picture_name(record), **_facts(record), "description": descriptions.get(record.key, "")})
        rows[f"{PICTURES}/{split}/{METADATA}"] = _metadata(here, about)
        rows |= _pairs(content, folder, split, image_free=image_free)
    return rows


def _pairs(content: Content, folder: Path, split: str, *, image_free: bool) -> dict[str, int]:
    here, about = folder / PAIRS / split, []
    for item in content.comparisons:
        first, second = content.records[item.first], content.records[item.second]
        if first.split != split:
            continue
        names = [f"{item.id}_{number}.png" for number in (1, 2)]
        for name, record in zip(names, (first, second), strict=True):
            if not image_free:
                _link(folder / PICTURES / record.split / picture_name(record), here / name)
        sides = {"first_record": first.key, "second_record": second.key, "first_level": severity(first), "second_level": severity(second)}
        texts = {"question": item.request, "description": item.reference, "better": item.better, "pair_type": item.kind}
        about.append({"image_a_file_name": names[0], "image_b_file_name": names[1], "id": item.id, **sides, **texts})
    return {f"{PAIRS}/{split}/{METADATA}": _metadata(here, about)} if about else {}


def picture_name(record: Record) -> str:
    """A name that a person can read and that no other record has."""
    case, recipe, repeat, level = record.key.split("/")[:4]
    return f"{case[:12]}-{recipe}-{repeat}-{level}-{record.image_sha256[:8]}.png"


def _facts(record: Record) -> dict[str, Any]:  # Any: plain JSON
    """What a person who browses wants to see; numbers that do not exist are null."""
    return {
        "record": record.key,
        "modality": record.modality,
        "anatomy": record.anatomy,
        "view": record.view,
        "recipe": record.recipe,
        "variant": record.variant,
        "level": severity(record),
        "strength": None if record.strength is None else str(record.strength),
        "target": record.target,
        "effect": record.effect,
        "tier": record.tier,
        "origin": record.origin,
        "licence": record.licence,
        "group": record.group,
        "display": record.display.name,
        "image_sha256": record.image_sha256,
    }


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _link(source: Path, target: Path) -> None:
    """The same bytes under a second name; a file system without hard links gets a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _metadata(folder: Path, rows: Iterable[dict[str, Any]]) -> int:
    lines = [files.to_json(row) + "\n" for row in rows]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / METADATA).write_text("".join(lines), encoding="utf-8", newline="\n")
    return len(lines)
