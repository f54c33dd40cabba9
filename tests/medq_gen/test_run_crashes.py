"""A run that is killed loses nothing that was committed, and the same command ends with the same bytes."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_cases import RECIPE, command, content_of, install_plugin, overrides, pictures, plugin_importable, started
from filelock import FileLock

from medq_gen.app import run_command
from medq_gen.store import Store

LEVELS = "levels=[mild,severe]"  # two levels, to keep these runs short


def asked(source: Path, out: Path, *more: str) -> list[str]:
    """The command line of the runs that are killed and gone on with."""
    return overrides(source, out, LEVELS, *more)


# What happens at the second shard: (name, code that runs before the tool). Every injection ends the process as a power cut would.
_KILL = "import os, signal\ndef cut(): os.kill(os.getpid(), signal.SIGKILL)\n"
_AT = """
import medq_gen.files as files
real, seen = os.replace, []
def replace(source, target):
    seen.append(str(target))
    mine = [name for name in seen if name.endswith({suffix!r})]
    last = len(mine) == 2 and str(target).endswith({suffix!r})
    if last and {before}: cut()
    real(source, target)
    if last: cut()
files.os.replace = replace
"""
INJECTED = {
    "after the temporary write": _KILL + _AT.format(suffix=".parquet", before=True),
    "after the rename": _KILL + _AT.format(suffix=".parquet", before=False),
    "before the marker's rename": _KILL + _AT.format(suffix="shard-00001.json", before="True").replace("== 2", "== 1"),
    "after the marker": _KILL + _AT.format(suffix="shard-00001.json", before="False").replace("== 2", "== 1"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = install_plugin(tmp_path_factory.mktemp("site"))
    with plugin_importable(folder):
        yield folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pictures(tmp_path_factory.mktemp("pictures"), 4)


@pytest.fixture(scope="module")
def whole(site: Path, source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The content of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert run_command(asked(source, out, "executor=serial")) == 0
    return content_of(out)


def temporary(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".tmp-*")] + [path.name for path in folder.glob(".planning*")]


@pytest.mark.slow
@pytest.mark.parametrize("where", INJECTED)
def test_a_power_cut_costs_at_most_the_shard_in_flight(where: str, whole: dict[str, bytes], site: Path, source: Path, tmp_path: Path) -> None:
    """Cut at any point of a commit: no marker without its whole table, committed shards kept, leftovers swept, the same bytes after a restart."""
    out = tmp_path / "out"
    cut = command(asked(source, out, "executor=serial"), site=site, code=INJECTED[where])
    assert cut.returncode == -signal.SIGKILL, cut.stderr
    done = Store.open(out).done()
    assert done == ({0, 1} if where == "after the marker" else {0})
    kept = {name: data for name, data in content_of(out).items() if name.startswith("samples/shard-00000")}
    assert kept == {name: whole[name] for name in kept}
    assert len(kept) == 2
    if where == "after the temporary write":
        assert temporary(out)
    times = {number: Store(out).shard_path(number).stat().st_mtime_ns for number in done}
    assert run_command(asked(source, out, "executor=serial")) == 0
    assert content_of(out) == whole
    assert not temporary(out)
    assert times == {number: Store(out).shard_path(number).stat().st_mtime_ns for number in done}, "a committed shard was made again"


def workers_of(pid: int) -> list[int]:
    """Children of the main process that are workers (spawned interpreters, not the resource tracker)."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(child) for child in children.read_text().split()] if children.exists() else []
    return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(10))
def test_killing_the_main_process_at_any_moment(moment: int, whole: dict[str, bytes], site: Path, source: Path, tmp_path: Path) -> None:
    """SIGKILL at a random moment of a run with two workers, then the same command: the same bytes."""
    out, rng = tmp_path / "out", random.Random(moment)
    arguments = asked(source, out, "executor=process", "executor.workers=2")
    process = started(arguments, site=site)
    deadline = time.monotonic() + 60
    while not (out / "plan.json").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(rng.uniform(0.0, 4.0))
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert run_command(asked(source, out, "executor=serial")) == 0
    assert content_of(out) == whole


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
def test_killing_a_worker_costs_nothing(whole: dict[str, bytes], site: Path, source: Path, tmp_path: Path) -> None:
    """A worker killed in flight is replaced, its shard is tried again: exit 0 and the same bytes."""
    out = tmp_path / "out"
    process = started(asked(source, out, "executor=process", "executor.workers=1"), site=site)
    deadline = time.monotonic() + 90
    while not list(out.glob("samples/*.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    workers = workers_of(process.pid)
    assert workers
    os.kill(workers[0], signal.SIGKILL)
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert not temporary(out), "a dead worker's file was left"
    assert content_of(out) == whole


@pytest.mark.slow
def test_a_shard_that_kills_its_worker_twice_becomes_failure_rows(site: Path, source: Path, tmp_path: Path) -> None:
    """The run goes on without it: one failure a ladder, exit 1, and the next start tries that shard again."""
    out = tmp_path / "out"
    deadly = site / "zipper_plugin" / "deadly.py"
    deadly.write_text(
        "import os, signal\nfrom pathlib import Path\nimport medq_gen.ladder as ladder\nreal = ladder.climb\n"
        "def climb(bench, recipe, **given):\n"
        f"    if Path({str(tmp_path / 'armed')!r}).exists() and given['key'].startswith(Path({str(tmp_path / 'victim')!r}).read_text()):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(bench, recipe, **given)\n"
        "import medq_gen.work\nmedq_gen.work.climb = climb\n"
    )
    recipe = site / "zipper_plugin" / "recipes" / "mri" / "radio_station.py"
    before = recipe.read_text()
    cases = sorted({record.case for record in _quick(source, tmp_path / "listing")})
    (tmp_path / "victim").write_text(cases[1])
    (tmp_path / "armed").touch()
    try:
        recipe.write_text(before + "\nimport zipper_plugin.deadly  # noqa: E402, F401\n")
        done = command(overrides(source, out, "executor=process", "executor.workers=2", "levels=[mild]"), site=site)
        assert done.returncode == 1, done.stderr
        store = Store.open(out)
        (failure,) = store.failures()
        assert failure.key == f"{cases[1]}/{RECIPE}/0"
        assert "WorkerDied" in failure.error
        assert not temporary(out), "a dead worker's file was left"
        assert {record.case for record in store.records()} == set(cases) - {cases[1]}
        (tmp_path / "armed").unlink()
        again = command(overrides(source, out, "executor=process", "executor.workers=2", "levels=[mild]"), site=site)
        assert again.returncode == 0, again.stderr
        assert {record.case for record in Store.open(out).records()} == set(cases)
    finally:
        recipe.write_text(before)
        deadly.unlink()


def _quick(source: Path, out: Path) -> list[object]:
    assert run_command(overrides(source, out, "levels=[mild]", "executor=serial")) == 0
    return list(Store.open(out).records())


@pytest.mark.slow
def test_ctrl_c_ends_with_130_and_goes_on(whole: dict[str, bytes], site: Path, source: Path, tmp_path: Path) -> None:
    """SIGINT to the whole group, as a terminal sends it: exit 130, no worker left, nothing half-written, and the same command ends well."""
    out = tmp_path / "out"
    process = started(asked(source, out, "executor=process", "executor.workers=2"), site=site)
    deadline = time.monotonic() + 90
    while not list(out.glob("samples/*.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    workers = workers_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists() and b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert run_command(asked(source, out, "executor=serial")) == 0
    assert content_of(out) == whole


def test_a_folder_in_use_is_refused(site: Path, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One writer a folder: a second run stops with exit 2 before it touches anything, and says what to do."""
    out = tmp_path / "out"
    out.mkdir()
    with FileLock(out / ".lock"):
        assert run_command(asked(source, out, "executor=serial")) == 2
    assert "is being written by another run" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("change", "named"),
    [("seed=3", "seed: the folder has 0, this run asks 3"), ("levels=[mild]", "levels: the folder has"), ("recipe.pattern.reach=0.5", "recipe.pattern.reach")],
)
def test_another_plan_is_refused_by_name(change: str, named: str, site: Path, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of another plan is left alone: exit 2, and the difference is named with both values."""
    out = tmp_path / "out"
    assert run_command(overrides(source, out, "executor=serial", "levels=[severe]")) == 0
    before = content_of(out)
    rest = ["levels=[severe]"] if not change.startswith("levels") else []
    assert run_command(overrides(source, out, "executor=serial", *rest, change)) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "PlanMismatch" in said
    assert named in said
    assert content_of(out) == before


def test_another_source_is_refused_by_name(site: Path, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A picture added to the source is another plan: the index is named, no folder of planning is left."""
    out, own = tmp_path / "out", pictures(tmp_path / "own", 2)
    assert run_command(overrides(own, out, "executor=serial", "levels=[severe]")) == 0
    before = content_of(out)
    pictures(own, 3)
    assert run_command(overrides(own, out, "executor=serial", "levels=[severe]")) == 2
    assert "index.cases: the folder has 2, this run asks 3" in " ".join(capsys.readouterr().err.split())
    assert content_of(out) == before
    assert not temporary(out)
