"""A run in the formats that others load: task=export."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from medq_gen import files
from medq_gen.errors import ConfigError
from medq_gen.export import imagefolder, jsonl, vlmevalkit
from medq_gen.export.content import EXPORT_VERSION, Content
from medq_gen.export.folder import MARKER, replaced
from medq_gen.store import Store

Writer = Callable[..., dict[str, int]]  # (content, folder, *, image_free) -> rows per file
WRITERS: dict[str, Writer] = {"vlmevalkit": vlmevalkit.write, "jsonl": jsonl.write, "imagefolder": imagefolder.write}
FORMATS = tuple(WRITERS)
SPOOL = ".spool"
REBUILD = "rebuild"  # a folder of its own: readers that take every *.jsonl of an export find rows of one kind


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished export: its folder, the digest of its content, rows per file."""

    path: Path
    digest: str
    rows: dict[str, int]


def export(run: Path | str | Store, format: str, out: Path | str | None = None, *, image_free: bool = False) -> Exported:
    """Write a run in a format, into <out>/<format>; out is <run>/export by default. An earlier export there is replaced once the new one is whole.

    image_free : leave pictures out. The records and the plan in rebuild/ hold what is needed to make them again from the same sources (task=replay), for data
    whose licence forbids passing pictures on.

    Raises
        ConfigError: an unknown format, or a folder that holds something else. StoreError: no store, nothing in it, or a text that tables would lose.
    """
    if format not in WRITERS:
        raise ConfigError(f"format={format} is not known; allowed: {', '.join(FORMATS)}")
    store = run if isinstance(run, Store) else Store.open(run)
    content = Content.of(store)
    folder = (Path(out) if out is not None else store.path / "export") / format
    with replaced(folder) as fresh:
        rows = WRITERS[format](content if image_free else content.spooled(fresh / SPOOL), fresh, image_free=image_free)
        shutil.rmtree(fresh / SPOOL, ignore_errors=True)
        (fresh / REBUILD).mkdir()
        with open(fresh / REBUILD / "records.jsonl", "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(files.to_json(record.model_dump(mode="json", by_alias=True)) + "\n" for record in content.records.values())
        files.write_text(fresh / REBUILD / "plan.json", files.to_page({"content": store.plan.get("content"), "digest": store.plan.get("digest")}))
        about = {"version": EXPORT_VERSION, "format": format, "digest": content.digest, "image_free": image_free, "plan": store.plan.get("digest")}
        files.write_text(fresh / MARKER, files.to_page({**about, "rows": rows, "records": len(content.records)}))
    return Exported(folder, content.digest, rows)


__all__ = ["FORMATS", "Exported", "export"]
