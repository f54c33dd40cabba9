"""Training rows: chat messages beside image files, with labels that a reward can verify."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medq_gen import files
from medq_gen.export.content import LETTERS, Content, Question, severity
from medq_gen.records import Record

TAG = "<image>"


def write(content: Content, folder: Path, *, image_free: bool) -> dict[str, int]:
    """<split>.jsonl for each split, pictures once each under images/, and the index file that LLaMA-Factory asks for; rows per file."""
    rows: dict[str, int] = {}
    written: set[str] = set()
    for split in content.splits():
        path = folder / f"{split}.jsonl"
        n_rows = 0
        with open(path, "w", encoding="utf-8", newline="\n") as stream:
            for records, row in _rows(content, split):
                for record in records:
                    if not image_free and record.image_sha256 not in written:
                        written.add(record.image_sha256)
                        target = folder / picture_path(record)
                        target.parent.mkdir(parents=True, exist_ok=True)
                        target.write_bytes(content.picture(record.key))
                stream.write(files.to_json(row) + "\n")
                n_rows += 1
        if n_rows:
            rows[path.name] = n_rows
        else:
            path.unlink()
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    columns = {"messages": "messages", "images": "images"}
    info = {f"medq_gen_{name.removesuffix('.jsonl')}": {"file_name": name, "formatting": "sharegpt", "columns": columns, "tags": tags} for name in rows}
    files.write_text(folder / "dataset_info.json", files.to_page(info))
    return rows


def picture_path(record: Record) -> str:
    """Where a picture lies: by the digest of its bytes, in folders that stay small."""
    return f"images/{record.image_sha256[:2]}/{record.image_sha256[:24]}.png"


def prompt_of(question: Question) -> str:
    """A question with its lettered options."""
    lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, question.options, strict=False)]
    return "\n".join([question.stem, *lines, "Answer with the letter of the one option that is right."])


def _row(item: str, task: str, records: tuple[Record, ...], prompt: str, reply: str, solution: str, more: dict[str, str]) -> dict[str, Any]:  # Any: plain JSON
    """Every row has the same columns of the same types, so that Arrow readers need no guess. solution : what a reward compares."""
    tags = TAG * len(records)
    return {
        "id": item,
        "task": task,
        "messages": [{"role": "user", "content": f"{tags}{prompt}"}, {"role": "assistant", "content": reply}],
        "images": [picture_path(record) for record in records],
        "solution": solution,
        "option": more.get("option", ""),
        "question_type": more.get("type", task),
        "scope": more.get("scope", "general"),
        "modality": records[0].modality,
        "recipes": [record.recipe for record in records],
        "levels": [severity(record) for record in records],
        "tiers": [record.tier for record in records],
        "effects": [record.effect if record.effect is not None else 0.0 for record in records],
        "records": [record.key for record in records],
        "split": records[0].split,
    }


def _rows(content: Content, split: str) -> Iterator[tuple[tuple[Record, ...], dict[str, Any]]]:
    """Rows with the records whose pictures they show."""

    def safe(text: str) -> str:  # a tag inside a text would count as one more picture
        return text.replace(TAG, "image")

    for question in content.questions:
        record = content.records[question.record]
        if record.split == split:
            right = question.options[LETTERS.index(question.answer)]
            more = {"option": right, "type": question.type, "scope": question.scope}
            prompt = safe(prompt_of(question))
            yield (record,), _row(question.id, "perception", (record,), prompt, question.answer, question.answer, more)
    for description in content.descriptions:
        record = content.records[description.record]
        if record.split == split:
            yield (record,), _row(description.id, "description", (record,), safe(description.request), safe(description.reference), description.tier, {})
    for pair in content.comparisons:
        both = content.records[pair.first], content.records[pair.second]
        if both[0].split == split:
            yield both, _row(pair.id, "comparison", both, safe(pair.request), safe(pair.reference), pair.better, {"type": pair.kind})
