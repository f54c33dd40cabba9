"""The page on adding a degradation is true: its files, written into a copy of the project, pass what the page says they pass."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "adding-a-degradation.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r'```python title="([^"]+)"\n(.*?)```', PAGE, flags=re.DOTALL))
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", PAGE, flags=re.DOTALL) for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the page's files added; none of them was there before."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("physics", "recipes", "medq_gen", "conf", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, text in FILES.items():
        target = folder / name
        assert not target.exists(), f"the page edits {name}"
        target.write_text(text, encoding="utf-8")
    return folder


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=900, check=False)


def test_the_page_writes_a_recipe_its_test_and_new_physics() -> None:
    """Three files, none of them edited, and three commands."""
    assert set(FILES) == {"physics/mri/spike.py", "recipes/mri/spike.py", "tests/physics/mri/test_spike.py"}
    assert len(COMMANDS) == 3


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_page_run(copy: Path, command: str) -> None:
    """Oracle, run and conformance of the ninth degradation pass as printed."""
    words = shlex.split(command)
    assert words[0] == "python"
    done = run([sys.executable, *words[1:]], copy)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    if "medq_gen" in words:
        assert (copy / "outputs" / "mri_spike" / "report.html").is_file()


@pytest.mark.slow
def test_the_files_of_the_page_keep_the_house_rules(copy: Path) -> None:
    """ruff and mypy find nothing in them."""
    for tool in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy", "--no-error-summary"]):
        done = run([sys.executable, "-m", *tool, *sorted(FILES)[:2]], copy)
        assert done.returncode == 0, done.stdout + done.stderr
