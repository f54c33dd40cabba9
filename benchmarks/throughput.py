"""`python -m benchmarks.throughput [recipe ...]`: finished pictures per second of whole runs on two processes, with solving, measuring and writing.

Start-up and drafting are stated apart. On a machine that others use too, wall time says little: two cores finish 2 / (CPU seconds a picture) pictures a second.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # before numpy and torch are imported

WORKERS = 2
GOALS = {"mri_motion": 5.0, "ct_low_dose": 2.0, "fundus_defocus": 2.0, "histopathology_stain": 2.0, "endoscopy_motion_blur": 2.0}
DEFAULT = ("mri_motion", "mri_motion_noise", "ct_low_dose", "fundus_defocus", "histopathology_stain")
SIDES = {"mri": 256, "ct": 512, "fundus": 1024, "histopathology": 1024, "endoscopy": 1024}  # what the goals name
LADDERS = {"mri": 32, "ct": 16, "fundus": 10, "histopathology": 10, "endoscopy": 10}


@dataclass(frozen=True, slots=True)
class Spent:
    """What one worker process had used when a shard was done."""

    pid: int
    start_cpu_s: float
    cpu_s: float
    peak_mb: float
    pictures: int
    start_s: float
    end_s: float


def peak_mb() -> float:
    """The most memory that this process ever held (VmHWM), in MB of 10^6 bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError("no VmHWM in /proc/self/status")


def make_shard(task: object) -> Spent:
    """One shard in a worker, metered."""
    from medq_gen import work

    started, before = time.monotonic(), time.process_time()
    assert isinstance(task, work.ShardTask)
    done = work.make_shard(task)
    return Spent(os.getpid(), before, time.process_time(), peak_mb(), done.pictures, started, time.monotonic())


def picture_folder(modality: str, folder: Path) -> Path:
    """A folder with one real sample picture of the modality, of the side that the goal names."""
    import cv2

    from medq_gen import sources
    from medq_gen.records import Case

    source = sources.make("sample", {"modality": modality})
    case = next(found for found in source.index() if isinstance(found, Case))
    pixels, side = source.load(case).pixels, SIDES[modality]
    codes = pixels if pixels.dtype.kind == "u" else (pixels - pixels.min()) * (255.0 / (pixels.max() - pixels.min()))
    squared = cv2.resize(codes.astype("float32"), (side, side), interpolation=cv2.INTER_AREA if min(pixels.shape[:2]) >= side else cv2.INTER_CUBIC)
    folder.mkdir()
    whole = squared.clip(0, 255).round().astype("uint8")
    cv2.imwrite(str(folder / "picture.png"), whole if whole.ndim == 2 else cv2.cvtColor(whole, cv2.COLOR_RGB2BGR))
    return folder


def source_of(modality: str, folder: Path) -> tuple[str, dict[str, object]]:
    """Source and options: the 512 x 512 sample in HU for CT, else a folder with one picture."""
    from medq_gen.composition import composed

    name, overrides = "images", [f"source.path={picture_folder(modality, folder)}", f"source.modality={modality}"]
    if modality == "ct":
        name, overrides = "sample", ["source.modality=ct"]
    elif modality == "mri":
        overrides += ["source.spacing_mm=[0.9,0.9]", "source.anatomy=head"]
    elif modality == "histopathology":
        overrides += ["source.stains=hdab", "source.spacing_mm=[0.0005,0.0005]"]
    options = dict(composed([f"source={name}", *overrides])["source"])
    return str(options.pop("name")), options


def measured(recipe: str, folder: Path) -> str:
    """A row of the table."""
    from rich.console import Console

    from medq_gen import executors, registry, run, tasks, work
    from medq_gen.variant import Variant

    modality = registry.place_of(recipe).modality
    source, options = source_of(modality, folder / "pictures")
    spent: list[Spent] = []
    closing_cpu_s = 0.0
    real_closing, real_make = tasks.closing, executors.make

    def closing(run: Path) -> tuple[dict[str, int], Path]:
        nonlocal closing_cpu_s
        before = time.process_time()
        result = real_closing(run)
        closing_cpu_s = time.process_time() - before
        return result

    class Metered(executors.Processes):
        """The pool, with each shard's worker metered."""

        def submit(self, function, task):  # type: ignore[no-untyped-def]
            from concurrent.futures import Future

            outer: Future[work.ShardDone] = Future()

            def settle(inner: Future[Spent]) -> None:
                if inner.exception() is not None:
                    outer.set_exception(inner.exception())
                    return
                spent.append(inner.result())
                outer.set_result(work.ShardDone(task.number, 1, inner.result().pictures, inner.result().end_s - inner.result().start_s))

            super().submit(make_shard, task).add_done_callback(settle)
            return outer

    tasks.closing, executors.make = closing, lambda name, workers: Metered(WORKERS)
    try:
        request = run.Request(Variant(recipe), source, options, folder / "out", repeats=LADDERS[modality], executor="process", workers=WORKERS)
        outcome = run.run(request, console=Console(quiet=True))
    finally:
        tasks.closing, executors.make = real_closing, real_make
    firsts = {min((row for row in spent if row.pid == pid), key=lambda row: row.end_s) for pid in {row.pid for row in spent}}
    steady = [row for row in spent if row not in firsts]  # the first shard of a worker pays for imports and plans of transforms
    cpu_s = sum(row.cpu_s - row.start_cpu_s for row in steady) / sum(row.pictures for row in steady)
    seconds = max(row.end_s for row in steady) - min(row.start_s for row in steady)
    start_cpu_s = sum(row.start_cpu_s for row in firsts) / len(firsts)
    goal = f"≥ {GOALS[recipe]:g}" if recipe in GOALS else ""
    rate = sum(row.pictures for row in steady) / seconds
    cells = [
        f"{recipe}, {SIDES[modality]}²",
        f"{outcome.made}",
        f"{cpu_s:.3f}",
        f"{WORKERS / cpu_s:.1f}",
        f"{rate:.1f}",
        goal,
        f"{outcome.acquisitions / outcome.levels:.2f}",
        f"{max(row.peak_mb for row in spent):.0f}",
        f"{start_cpu_s:.1f}",
        f"{1e3 * closing_cpu_s / outcome.made:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


HEADER = (
    "| recipe | pictures | CPU s a picture | pictures/s on two free cores | pictures/s here, wall | goal | acquisitions a level | worker's peak MB "
    "| start-up of a worker, CPU s | text and report, CPU ms a picture |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def main(names: list[str]) -> int:
    """Print the table, a row as soon as it is known."""
    from medq_gen import registry

    unknown = sorted(set(names) - set(registry.names()))
    if unknown:
        print(registry.unknown("recipe", unknown[0], registry.names()), file=sys.stderr)
        return 2
    print(HEADER, flush=True)
    for name in names or DEFAULT:
        with tempfile.TemporaryDirectory() as folder:
            print(measured(name, Path(folder)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
