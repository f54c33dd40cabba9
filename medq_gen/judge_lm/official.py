"""The public tool's own prompts, read from an installed VLMEvalKit without running it: for scores that compare with published ones."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from medq_gen import files
from medq_gen.errors import ConfigError
from medq_gen.judge.axes import AXES, Axis
from medq_gen.judge.items import Item, Task
from medq_gen.judge_lm.fence import Shown, shortened
from medq_gen.judge_lm.prompts import Prompt
from medq_gen.judge_lm.reading import Reading, read_score

PACKAGE = "vlmeval"
_FILES: Mapping[Task, tuple[str, str]] = {
    "single": ("medqbench_caption.py", "PROMPT_TEMPLATES"),
    "pair": ("medqbench_paired_description.py", "PAIRED_PROMPT_TEMPLATES"),
}
_PLACES = re.compile(r"(MLLM DESC|GOLDEN DESC)")
_SCALE = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class OfficialPrompts:
    """Templates of the public tool. Filled in one pass, so that a place named in a text is not filled; otherwise letter by letter what the tool sends.

    Not fenced: the tool does not, and a fence would make other prompts of them. A text that speaks to the judge may sway it.
    """

    templates: Mapping[Task, Mapping[Axis, str]]
    schema: None = None

    def about(self) -> dict[str, Any]:
        """The hash is of the templates."""
        return {"source": "official", "version": None, "sha256": sha256(files.to_json(self.templates).encode()).hexdigest(), "fenced": False}

    def shown(self, text: str) -> Shown:
        """As it is, but for what is endless."""
        return shortened(text)

    def prompt(self, axis: Axis, item: Item, description: str, *, again: bool) -> Prompt:
        """The same again when asked again, as the tool does."""
        texts = {"MLLM DESC": description, "GOLDEN DESC": item.reference}
        return Prompt("".join(texts.get(part, part) for part in _PLACES.split(self.templates[item.task][axis])), "")

    def read(self, reply: str, prompt: Prompt, axis: Axis, task: Task) -> Reading:
        """ "Score: 0", 1 or 2; the tool gives 1 for pairs too."""
        return read_score(reply, prompt.text, _SCALE)


def load(folder: Path | None = None) -> OfficialPrompts:
    """The prompts of an installed VLMEvalKit, or of a checkout in a folder. Its files are parsed, not imported: none of its dependencies is needed.

    Raises
        ConfigError: it is not there, or its files hold no such prompts.
    """
    root = _root(folder)
    known: dict[str, dict[str, str]] = {}
    for name, variable in _FILES.values():
        path = root / "dataset" / name
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError) as error:
            raise ConfigError(f"task.prompts=official: {path} cannot be read ({type(error).__name__}): VLMEvalKit with MedQ-Bench is wanted there") from error
        known[variable] = _templates(tree, variable, known, path)
    return OfficialPrompts({task: {axis: known[variable][axis] for axis in AXES} for task, (_, variable) in _FILES.items()})


def _root(folder: Path | None) -> Path:
    if folder is not None:
        found = next((path for path in (folder, folder / PACKAGE) if (path / "dataset").is_dir()), None)
        if found is None:
            raise ConfigError(f"task.vlmevalkit={folder}: no VLMEvalKit there; it takes a checkout, or its folder {PACKAGE}")
        return found
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "task.prompts=official needs VLMEvalKit: install it, or name a checkout with task.vlmevalkit=<folder>. task.prompts=own needs neither"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _templates(tree: ast.Module, variable: str, known: Mapping[str, Mapping[str, str]], path: Path) -> dict[str, str]:
    """The templates of a dictionary that a file assigns: texts, or entries of a dictionary that is known."""
    found: dict[str, str] = {}
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Dict)
            and any(isinstance(name, ast.Name) and name.id == variable for name in node.targets)
        ):
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                match key, value:
                    case ast.Constant(value=str(axis)), ast.Constant(value=str(text)):
                        found[axis] = text
                    case ast.Constant(value=str(axis)), ast.Subscript(value=ast.Name(id=other), slice=ast.Constant(value=str(entry))):
                        found[axis] = known.get(other, {}).get(entry, "")
    wrong = [axis for axis in AXES if not {"MLLM DESC", "GOLDEN DESC"} <= set(_PLACES.findall(found.get(axis, "")))]
    if wrong:
        raise ConfigError(
            f"task.prompts=official: {path} holds no prompt for {wrong[0]} with both places in {variable}: another version of VLMEvalKit is wanted"
        )
    return found
