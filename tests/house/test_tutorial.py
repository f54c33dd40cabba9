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
    """A copy of the project without the files of the page, to which they are added as a newcomer would."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("physics", "recipes", "medq_gen", "conf", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in FILES:
        (folder / name).unlink()
    listed = run([sys.executable, "-c", "from medq_gen import registry; print(*registry.names())"], folder)
    assert listed.returncode == 0, listed.stderr
    assert "mri_noise" in listed.stdout.split(), "the copy lists its recipes"
    assert "mri_spike" not in listed.stdout.split(), "the recipe is new to the copy"
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=900, check=False)


def test_the_page_writes_a_recipe_its_test_and_new_physics() -> None:
    """Three files, none of them edited, and three commands."""
    assert set(FILES) == {"physics/mri/spike.py", "recipes/mri/spike.py", "tests/physics/mri/test_spike.py"}
    assert len(COMMANDS) == 3


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_page_shows_the_files_as_they_are(name: str) -> None:
    """Each block of the page is the file that ships, to the last character."""
    assert FILES[name] == (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(FILES))
def test_nothing_else_needs_the_files_of_the_page(name: str) -> None:
    """No module but those of the page imports them: a copy without them is whole."""
    module = name.removesuffix(".py").replace("/", ".")
    users = [path for top in ("physics", "recipes", "medq_gen") for path in (ROOT / top).rglob("*.py") if module in path.read_text(encoding="utf-8")]
    assert {str(path.relative_to(ROOT)) for path in users} <= set(FILES)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_page_run(copy: Path, command: str) -> None:
    """Oracle, run and conformance of the page's degradation pass as printed."""
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
        done = run([sys.executable, "-m", *tool, *sorted(FILES)], copy)
        assert done.returncode == 0, done.stdout + done.stderr
