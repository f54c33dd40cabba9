"""What answering leaves: a file of predictions for each task, and a page about who answered what under which settings."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medq_gen import files
from medq_gen.answer.asked import TASKS, Asked
from medq_gen.answer.reply import STATUSES, Reply
from medq_gen.errors import ConfigError

ABOUT_VERSION = 1


def title_of(name: str) -> str:
    """A model's name as a file's: "Qwen/Qwen2.5-VL-7B" becomes "Qwen-Qwen2.5-VL-7B"."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "model"


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the answers to one run lie: perception/, description/ and comparison/ hold <title>.jsonl, about/ holds <title>.json, cache/ the raw replies."""

    path: Path
    title: str

    def predictions(self, task: str) -> Path:
        """The predictions of one task; its folder holds those of other models too, and can be scored as a whole."""
        return self.path / task / f"{self.title}.jsonl"

    @property
    def about(self) -> Path:
        """The page about the model's answers."""
        return self.path / "about" / f"{self.title}.json"

    def refuse_others(self, model: Mapping[str, Any]) -> None:  # Any: plain JSON
        """Answers of another model, or of the same with other settings, are not overwritten.

        Raises
            ConfigError: names what differs.
        """
        if not self.about.is_file():
            return
        try:
            before = json.loads(self.about.read_text(encoding="utf-8"))["model"]
        except (ValueError, KeyError, TypeError):
            return  # nothing that could be protected
        now = json.loads(files.to_json(model))
        differ = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
        if differ:
            told = "; ".join(f"{name} was {before.get(name)!r}, now {now.get(name)!r}" for name in differ)
            raise ConfigError(f"{self.about} tells of answers under other settings ({told}): give these another name with model.title=...")

    def write(
        self, run: Sequence[Asked], asked: Sequence[Asked], replies: Mapping[str, Reply], *, digest: str, about: Mapping[str, Any]
    ) -> dict[str, Counter[str]]:
        """Each item of the run that was answered, once and in the order of the run; how many of `asked` have each status by task, "open" for none.

        Rows of an earlier start about items that were not asked now (another split, another task) stay, as long as the data set is the same.
        """
        rows = {item.id: _row(item, replies[item.id], digest) for item in asked if item.id in replies}
        for task in TASKS:
            known = {**self._before(task, digest), **rows}
            lines = [files.to_json(known[item.id]) + "\n" for item in run if item.task == task and item.id in known]
            if lines or self.predictions(task).is_file():
                files.write_text(self.predictions(task), "".join(lines))
        counts: dict[str, Counter[str]] = {}
        for item in asked:
            counts.setdefault(item.task, Counter())[replies[item.id].status if item.id in replies else "open"] += 1
        told = {task: {status: found[status] for status in (*STATUSES, "open")} for task, found in counts.items()}
        tokens = {name: sum(getattr(reply, name) for reply in replies.values()) for name in ("tokens_in", "tokens_out")}
        files.write_text(self.about, files.to_page({"version": ABOUT_VERSION, "data_set": digest, "counts": told, **tokens, **about}))
        return counts

    def _before(self, task: str, digest: str) -> dict[str, dict[str, Any]]:
        """The rows of an earlier start over the same data set."""
        path, found = self.predictions(task), {}
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n") if path.is_file() else ():
            with suppress(ValueError, KeyError, TypeError):  # a line that somebody damaged is no row; the cache holds its reply
                row = json.loads(line)
                if row["index"] == f"{digest}-{row['id']}":
                    found[row["id"]] = row
        return found


def _row(item: Asked, reply: Reply, digest: str) -> dict[str, Any]:
    return {"id": item.id, "index": f"{digest}-{item.id}", "task": item.task, "prediction": reply.text, "status": reply.status, "reason": reply.reason}
