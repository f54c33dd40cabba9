"""The blind rating sheet: one page that works offline, the same as a table with pictures, and the key that stays behind."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from medq_gen import files
from medq_gen.align.sample import Drawn
from medq_gen.errors import ConfigError
from medq_gen.export.content import Content
from medq_gen.judge.axes import AXES
from medq_gen.judge.described import text_digest
from medq_gen.judge_lm.prompts import GRADES
from medq_gen.report import thumbnail

SHEET_VERSION = 1
LONG_EDGE = 1024  # of a picture on the page


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where a sheet lies: `hand_out` is given to raters (sheet.html, or sheet.csv with its pictures), the key is not."""

    folder: Path

    @property
    def hand_out(self) -> Path:
        """What raters get."""
        return self.folder / "hand_out"

    @property
    def page(self) -> Path:
        """The page."""
        return self.hand_out / "sheet.html"

    @property
    def table(self) -> Path:
        """The table; its pictures lie beside it."""
        return self.hand_out / "sheet.csv"

    @property
    def key(self) -> Path:
        """What the codes mean."""
        return self.folder / "sheet.key.json"


def write(drawn: Sequence[Drawn], content: Content, folder: Path, *, seed: int, reference: bool) -> Sheet:
    """Write page, table and key. reference : whether raters see the reference text, as judges do.

    Raises
        ConfigError: the folder holds the key of another sheet, whose ratings would lose their meaning.
    """
    sheet = Sheet(folder)
    units = [{"code": one.code, "model": one.model, "item": one.item.id, "task": one.item.task, "text": text_digest(one.text)} for one in drawn]
    about = {"version": SHEET_VERSION, "data_set": content.digest, "seed": seed, "reference": reference, "units": units}
    digest = sha256(files.to_json(about).encode()).hexdigest()[:12]
    if sheet.key.is_file():
        before = json.loads(sheet.key.read_text(encoding="utf-8")).get("sheet")
        if before != digest:
            raise ConfigError(f"{sheet.key} is the key of another sheet ({before}, this one is {digest}): choose another folder with out=..., or remove it")
    requests = {item.id: item.request for item in content.descriptions} | {pair.id: pair.request for pair in content.comparisons}
    shown = [_shown(one, requests[one.item.id], reference=reference) for one in drawn]
    pictures = {key: content.picture(key) for key in sorted({key for one in drawn for key in _keys(one)})}
    files.write_text(sheet.key, files.to_page({**about, "sheet": digest}))  # first: a sheet without its key would be of no use
    files.write_text(sheet.page, _page(digest, content.digest, shown, pictures))
    for key, png in pictures.items():
        with files.whole(sheet.hand_out / "pictures" / _name(key)) as temporary:
            temporary.write_bytes(png)
    files.write_text(sheet.table, _table(digest, content.digest, shown))
    return sheet


def _keys(one: Drawn) -> tuple[str, ...]:
    return tuple(record.key for record in one.item.records)


def _name(key: str) -> str:
    """Tells neither case nor level."""
    return f"p{sha256(key.encode()).hexdigest()[:12]}.png"


def _shown(one: Drawn, request: str, *, reference: bool) -> dict[str, Any]:  # Any: plain JSON
    """What a rater sees of a text."""
    return {
        "code": one.code,
        "task": one.item.task,
        "pictures": [_name(key) for key in _keys(one)],
        "request": request,
        "description": one.text,
        "reference": one.item.reference if reference else "",
    }


def _page(digest: str, data_set: str, shown: Sequence[dict[str, Any]], pictures: dict[str, bytes]) -> str:
    environment = Environment(loader=PackageLoader("medq_gen.align", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    small = {_name(key): thumbnail.data_uri(thumbnail.reduced(thumbnail.opened(png), LONG_EDGE)) for key, png in pictures.items()}
    data = {"sheet": digest, "data_set": data_set, "axes": list(AXES), "grades": {task: dict(grades) for task, grades in GRADES.items()}, "cases": list(shown)}
    return environment.get_template("sheet.html.j2").render(digest=digest, n_cases=len(shown), data=_inside(data), pictures=_inside(small))


def _inside(value: Any) -> Markup:
    """JSON that cannot end the element that holds it, whatever texts it carries."""
    return Markup(json.dumps(value, ensure_ascii=False).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _table(digest: str, data_set: str, shown: Sequence[dict[str, Any]]) -> str:
    """For raters who prefer a spreadsheet: one row a text, the axes empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["sheet", "data_set", "rater", "code", *AXES, "comment", "pictures", "request", "description", "reference"])
    for row in shown:
        texts = [_cell(row[name]) for name in ("request", "description", "reference")]
        writer.writerow([digest, data_set, "", row["code"], *("" for _ in AXES), "", " ".join(f"pictures/{name}" for name in row["pictures"]), *texts])
    return "\ufeff" + stream.getvalue()


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
