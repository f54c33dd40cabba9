"""The wheel holds all that a run needs, and foreign folders with names like ours do no harm."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ["recipe=mri_noise", "levels=[mild]", "executor=serial", "source.modality=mri"]


def foreign_folder(base: Path) -> Path:
    """A folder that holds a physics.py, a recipes package, a conf folder and a medq_gen.py, all of which break whoever imports or reads them."""
    folder = base / "elsewhere"
    (folder / "recipes").mkdir(parents=True)
    (folder / "conf").mkdir()
    (folder / "physics.py").write_text("raise RuntimeError('the wrong physics')\n")
    (folder / "recipes" / "__init__.py").write_text("raise RuntimeError('the wrong recipes')\n")
    (folder / "conf" / "config.yaml").write_text("recipe: [the wrong configuration\n")
    return folder


def run(python: str, folder: Path, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "COLUMNS"}} | {"OMP_NUM_THREADS": "1"}
    return subprocess.run([python, "-m", "medq_gen", *arguments], cwd=folder, env=clean | (env or {}), capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without network from the tree."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)], check=True, capture_output=True, text=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of an empty environment that holds the wheel; third-party packages are borrowed from ours, our own tree is not."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True)
    python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True, text=True)
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], check=True, capture_output=True, text=True
    ).stdout.strip()
    # A path named in a .pth file is not searched for .pth files of its own: an editable install of ours stays out.
    Path(site, "borrowed.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    return python


@pytest.mark.slow
def test_the_wheel_holds_what_a_run_needs(wheel: Path) -> None:
    """Packages, configuration, the report's page and the typing markers travel; tests and notebooks do not."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"medq_gen/conf/config.yaml", "medq_gen/py.typed", "physics/mri/motion.py", "recipes/mri/motion.py", "medq_gen/report/page.html.j2"} <= names
    assert not [name for name in names if name.startswith(("tests/", "notebooks/", "benchmarks/"))]


@pytest.mark.slow
def test_the_wheel_runs_from_a_foreign_folder(installed: str, tmp_path: Path) -> None:
    """In an empty environment, from a folder that holds physics.py, conf/ and recipes/, a run finishes and leaves a report."""
    folder = foreign_folder(tmp_path)
    where = subprocess.run(
        [installed, "-I", "-c", "import medq_gen; print(medq_gen.__file__)"], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout
    assert str(ROOT) not in where
    done = run(installed, folder, *RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "outputs" / "mri_noise" / "report.html").is_file()


@pytest.mark.slow
def test_the_console_script_is_the_module(installed: str, tmp_path: Path) -> None:
    """medq-gen lists the recipes as `python -m medq_gen` does."""
    script = Path(installed).parent / "medq-gen"
    listed = subprocess.run([str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout == run(installed, tmp_path).stdout
    assert "mri_motion" in listed.stdout


def test_a_clone_runs_from_a_foreign_folder(tmp_path: Path) -> None:
    """`python -m medq_gen` of this tree lists its own recipes from a folder with the wrong physics, recipes and conf, and makes nothing there."""
    folder = foreign_folder(tmp_path)
    before = sorted(folder.rglob("*"))
    done = run(sys.executable, folder, env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stderr
    assert "mri_motion" in done.stdout
    assert sorted(folder.rglob("*")) == before
