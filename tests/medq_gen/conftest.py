"""The public tool, where MEDQ_GEN_VLMEVALKIT names a checkout of VLMEvalKit."""

from __future__ import annotations

import importlib
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "MEDQ_GEN_VLMEVALKIT"
PACKAGES = ("pandas", "huggingface_hub", "sty", "validators", "tabulate", "tqdm", "requests", "dotenv", "portalocker", "openpyxl", "xlsxwriter")


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The module loader of the tool: two empty packages stand for its own, which would import everything."""
    root = os.environ.get(VARIABLE)
    if not root:
        pytest.skip(f"set {VARIABLE} to a checkout of VLMEvalKit")
    for package in PACKAGES:
        pytest.importorskip(package, reason=f"the public tool needs {package}")
    monkeypatch.setenv("LMUData", str(tmp_path / "cache"))
    for name in ("vlmeval", "vlmeval.dataset"):
        module = types.ModuleType(name)
        module.__path__ = [str(Path(root, *name.split(".")))]
        monkeypatch.setitem(sys.modules, name, module)
    yield lambda name: importlib.import_module(f"vlmeval.dataset.{name}")
    for name in [name for name in sys.modules if name.startswith("vlmeval.")]:
        del sys.modules[name]
