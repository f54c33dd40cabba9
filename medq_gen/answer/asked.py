"""What is asked: every item of a run as a text and its pictures, in the order of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from medq_gen.answer import prompts
from medq_gen.errors import ConfigError, StoreError
from medq_gen.export.content import Content

Task = Literal["perception", "description", "comparison"]
TASKS: tuple[Task, ...] = get_args(Task)


@dataclass(frozen=True, slots=True)
class Asked:
    """One item. text : the prompt. pictures : keys of the records shown, in order. question, options : of perception, as they stand in the item; () elsewhere.

    The key is not here: whoever answers does not see it. group, split : of the picture, to keep training apart from testing.
    """

    id: str
    task: Task
    text: str
    pictures: tuple[str, ...]
    question: str
    options: tuple[str, ...]
    group: str
    split: str


def asked_of(content: Content, *, tasks: Sequence[str] = TASKS, split: str | None = None) -> list[Asked]:
    """The items of a run, those of one split where one is named.

    Raises
        ConfigError: an unknown task, or a split without items. StoreError: nothing was drafted.
    """
    for task in tasks:
        if task not in TASKS:
            raise ConfigError(f"task.tasks: {task!r} is not known; allowed: {', '.join(TASKS)}")
    found = list(_each(content))
    if not found:
        raise StoreError(f"{content.store.path} holds no items: draft them first with python -m medq_gen task=draft run={content.store.path}")
    of_tasks = [item for item in found if item.task in tasks]
    chosen = [item for item in of_tasks if split in (None, item.split)]
    if not chosen:
        there = sorted({f"{item.task} in {item.split}" for item in found})
        raise ConfigError(f"task.tasks=[{','.join(tasks)}] task.split={split}: the run has no such items; it has {', '.join(there)}")
    return chosen


def _each(content: Content) -> Iterator[Asked]:
    for item in content.questions:
        record = content.records[item.record]
        text = prompts.perception(item.stem, item.options)
        yield Asked(item.id, "perception", text, (item.record,), item.stem, item.options, record.group, record.split)
    for one in content.descriptions:
        record = content.records[one.record]
        yield Asked(one.id, "description", prompts.description(one.request), (one.record,), one.request, (), record.group, record.split)
    for pair in content.comparisons:
        record = content.records[pair.first]
        yield Asked(pair.id, "comparison", prompts.comparison(pair.request), (pair.first, pair.second), pair.request, (), record.group, record.split)
