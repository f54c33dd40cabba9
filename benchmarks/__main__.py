"""`python -m benchmarks [name ...]`: run the benchmarks and write their table between the markers of the README."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # before numpy and torch are imported: one thread for every contestant

from benchmarks.timing import Row, table  # noqa: E402

SUITES = ("mri_motion", "mri_closed_forms", "mri_monai", "mri_reconstruction", "ct_projector", "colour")
README = Path(__file__).resolve().parents[1] / "README.md"
START, END = "<!-- benchmarks: made by `make benchmarks` -->", "<!-- /benchmarks -->"


def main(names: list[str]) -> int:
    """Run the named suites (all by default); the README changes only when all ran."""
    unknown = sorted(set(names) - set(SUITES))
    if unknown:
        print(f"unknown benchmark {unknown[0]!r}; allowed: {', '.join(SUITES)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or SUITES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"benchmarks.{name}").rows()
    text = table(rows)
    print(text)
    if not names:
        before, _, rest = README.read_text(encoding="utf-8").partition(START)
        _, _, after = rest.partition(END)
        README.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
