"""The descriptions that are judged: which files hold those of one model, and which text is about which item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from medq_gen import files
from medq_gen.errors import ConfigError
from medq_gen.judge.items import Item
from medq_gen.score.predictions import SUFFIXES, Prediction, read_predictions


@dataclass(frozen=True, slots=True)
class Beside:
    """The texts of items (id -> text), and the rows that are about none, repeat an item, repeat it with another text, or come from another data set."""

    texts: dict[str, str]
    strays: dict[str, list[str]]


def texts_beside(items: Sequence[Item], rows: Iterable[Prediction], *, others: set[str], digest: str) -> Beside:
    """Put each row beside its item; of an item described twice the first text that is not empty stands.

    others : ids of the run that are not judged here, whose rows are no strays. digest : of the data set; the index of an export begins with it.
    """
    known = {item.id for item in items}
    texts: dict[str, str] = {}
    strays: dict[str, list[str]] = {"unknown": [], "repeated": [], "contradictory": [], "other_data_set": []}
    seen: set[str] = set()
    for row in rows:
        prefix, _, rest = row.item.partition("-")
        name = row.item if row.item in known else rest
        if name not in known:
            if not {row.item, rest} & others:
                strays["unknown"].append(row.item or f"row {row.row}")
            continue
        if name == rest and prefix != digest:
            strays["other_data_set"].append(row.item)
        if name in seen and name not in strays["repeated"]:
            strays["repeated"].append(name)
        seen.add(name)
        if row.text is not None and texts.setdefault(name, row.text) != row.text and name not in strays["contradictory"]:
            strays["contradictory"].append(name)
    return Beside(texts, strays)


def rows_of(predictions: Path | str | Sequence[Path]) -> tuple[list[Prediction], dict[str, Any]]:  # Any: plain JSON
    """All rows of the files of one model, and what is told of those files: the name of the first, each with its hash, how many rows.

    Raises
        ConfigError: a file that cannot be read.
    """
    paths = [Path(predictions)] if isinstance(predictions, str | Path) else list(predictions)
    rows = [row for path in paths for row in read_predictions(path)]
    return rows, {"name": paths[0].stem, "files": [{"file": path.name, "sha256": files.sha256(path)} for path in paths], "rows": len(rows)}


def text_digest(text: str | None) -> str:
    """Names a text, so that scores of different raters are compared on the same one; "" where there is none."""
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:16] if text else ""


def models_of(predictions: Path) -> list[list[Path]]:
    """The files of each model: of a file itself, of each file of a folder, or of description/ and comparison/ in a folder of answers, joined by name.

    Raises
        ConfigError: no file of predictions there, or two of one name.
    """
    if not predictions.is_dir():
        return [[predictions]]
    kinds = [folder for name in ("description", "comparison") if (folder := predictions / name).is_dir()]
    models: dict[str, list[Path]] = {}
    for folder in kinds or [predictions]:
        found = sorted(file for file in folder.iterdir() if file.is_file() and file.suffix.lower() in SUFFIXES)
        for file in found:
            if any(file.parent == other.parent for other in models.get(file.stem, [])):
                raise ConfigError(f"predictions={predictions}: {file.stem!r} is there in two formats, and their results would have one name: keep one of them")
            models.setdefault(file.stem, []).append(file)
    if not models:
        raise ConfigError(f"predictions={predictions}: the folder holds no {', '.join(SUFFIXES)} file")
    return [models[name] for name in sorted(models)]
