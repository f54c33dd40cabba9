"""Acceptance: the official prompts are those that the public tool itself builds. MEDQ_GEN_VLMEVALKIT names a checkout of VLMEvalKit."""

from __future__ import annotations

import importlib
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from medq_gen.judge.axes import AXES
from medq_gen.judge.items import Item
from medq_gen.judge_lm.official import load

VARIABLE = "MEDQ_GEN_VLMEVALKIT"
PACKAGES = ("pandas", "huggingface_hub", "sty", "validators", "tabulate", "tqdm", "requests", "dotenv", "portalocker", "openpyxl", "xlsxwriter")


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module loader of the tool: two empty packages stand for its own, which would import everything."""
    root = os.environ.get(VARIABLE)
    if not root:
        pytest.skip(f"set {VARIABLE} to a checkout of VLMEvalKit")
    for package in PACKAGES:
        pytest.importorskip(package, reason=f"the public tool needs {package}")
    for name in ("vlmeval", "vlmeval.dataset"):
        module = types.ModuleType(name)
        module.__path__ = [str(Path(root, *name.split(".")))]
        monkeypatch.setitem(sys.modules, name, module)
    yield lambda name: importlib.import_module(f"vlmeval.dataset.{name}")
    for name in [name for name in sys.modules if name.startswith("vlmeval.")]:
        del sys.modules[name]


def test_the_official_prompts_are_those_of_the_tool(tool: Any) -> None:
    """Byte for byte, on each axis, for single pictures and for pairs."""
    description, reference = "Blurred. Overall, the quality of this image is reject.", "Mild noise {0} %s. Overall, the quality of this image is usable."
    prompts = load(Path(os.environ[VARIABLE]))
    scorers = {
        "single": tool("medqbench_caption").MedQBench_Caption_Scorer(None, None),
        "pair": tool("medqbench_paired_description").MedQBench_PairedDescription_Scorer(None, None),
    }
    for task, scorer in scorers.items():
        item = Item("id", task, (), None, "c", "g", "test", "mri", "mri_noise", "mild", reference)  # type: ignore[arg-type]
        for axis in AXES:
            assert prompts.prompt(axis, item, description, again=False).text == scorer.build_prompt(axis, description, reference)
