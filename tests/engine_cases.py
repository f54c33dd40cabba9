"""Small real runs for the tests of the engine: a folder of little MR pictures, and the plugin package installed beside ours."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from medq_gen import registry

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "tests" / "plugin_package"
RECIPE = "mri_radio_station"  # of the plugin: cheap, and its physics is its own


def install_plugin(site: Path) -> Path:
    """What pip does with a pure package: its files and a .dist-info with its entry points; needs no network and no build tool."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(PLUGIN / "zipper_plugin", site / "zipper_plugin", ignore=shutil.ignore_patterns("__pycache__"))
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8")
    lines = [f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items()) for group, points in project["entry-points"].items()]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return site


@contextmanager
def plugin_importable(site: Path) -> Iterator[None]:
    """The plugin is there for this process (and for workers it starts) while the block lasts."""
    before = list(sys.path)
    sys.path.insert(0, str(site))
    forget()
    try:
        yield
    finally:
        sys.path[:] = before
        for name in [name for name in sys.modules if name.partition(".")[0] == "zipper_plugin"]:
            del sys.modules[name]
        forget()


def forget() -> None:
    """Let the registry look again."""
    registry.places.cache_clear()
    registry.get.cache_clear()


def picture(number: int, size: int = 64) -> np.ndarray:
    """A head-like phantom of 8-bit codes: skull, tissue and inner parts that differ from picture to picture."""
    rng = np.random.default_rng(number)
    codes = np.zeros((size, size), np.uint8)
    centre = (size // 2, size // 2)
    cv2.ellipse(codes, centre, (size * 2 // 5, size * 9 // 20), 0, 0, 360, 200, -1)
    cv2.ellipse(codes, centre, (size * 2 // 5 - 3, size * 9 // 20 - 3), 0, 0, 360, 110, -1)
    for _ in range(6):
        spot = tuple(int(value) for value in rng.integers(size * 3 // 10, size * 7 // 10, 2))
        axes = tuple(int(value) for value in rng.integers(2, size // 7, 2))
        cv2.ellipse(codes, spot, axes, float(rng.uniform(0, 180)), 0, 360, int(rng.integers(40, 190)), -1)
    return codes


def pictures(folder: Path, count: int = 3, size: int = 64) -> Path:
    """A folder of PNGs."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        cv2.imwrite(str(folder / f"slice-{number:02d}.png"), picture(number, size))
    return folder


def overrides(source: Path, out: Path, *more: str, recipe: str = RECIPE) -> list[str]:
    """The command line of a small run."""
    spacing = "source.spacing_mm=[2.0,2.0]"
    return [f"recipe={recipe}", "source=images", f"source.path={source}", "source.modality=mri", "source.anatomy=head", spacing, f"out={out}", *more]


def command(arguments: list[str], *, site: Path | None = None, cwd: Path | None = None, code: str | None = None) -> subprocess.CompletedProcess[str]:
    """The tool as a process of its own; `code` runs before it, in the same process (to inject a crash)."""
    return subprocess.run(_argv(arguments, code), env=_env(site), cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def started(arguments: list[str], *, site: Path | None = None, code: str | None = None) -> subprocess.Popen[str]:
    """The same, still running, in a process group of its own; it hears Ctrl-C also where the tests do not (workers of pytest-xdist ignore it)."""
    return subprocess.Popen(
        _argv(arguments, code),
        env=_env(site),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def _argv(arguments: list[str], code: str | None) -> list[str]:
    if code is None:
        return [sys.executable, "-m", "medq_gen", *arguments]
    return [
        sys.executable,
        "-c",
        f"{code}\nimport sys\nfrom medq_gen.app import run_command\nif __name__ == '__main__':\n    sys.exit(run_command({arguments!r}))",
    ]


def _env(site: Path | None) -> dict[str, str]:
    path = [str(ROOT), *([str(site)] if site else [])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1", "COLUMNS": "300"}


def content_of(folder: Path) -> dict[str, bytes]:
    """Every file that must not depend on clock, host, path or workers, by name."""
    names = [*folder.glob("samples/*"), *folder.glob("items/*"), *folder.glob("index/*"), folder / "README.md", folder / "vocabulary.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(names) if path.is_file()}
