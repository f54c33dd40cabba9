"""`oracle`: asserts a residual against its bound and remembers it for the table: `pytest tests/physics tests/recipes --write-oracles docs/oracles.json`."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest

Oracle = Callable[..., None]
FOUND: dict[tuple[str, str], dict[str, float | str]] = {}


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Of `-n auto`: a process a core, and one more for slow tests, which wait for the programs that they start for a third of their time."""
    return (os.cpu_count() or 1) + (config.option.markexpr == "slow")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-oracles", metavar="FILE", help="merge the residuals of all oracles that ran into this JSON file")


@pytest.fixture
def oracle() -> Oracle:
    """oracle("mri_spike", "the gain is one plane wave", residual, below=1e-5): fails above the bound, keeps the worst residual of each claim."""

    def check(recipe: str, claim: str, residual: float, *, below: float) -> None:
        value = abs(float(residual))
        assert math.isfinite(value), f"{recipe}: {claim}: residual {value}"
        assert value <= below, f"{recipe}: {claim}: residual {value:.3g} is above {below:g}"
        row = FOUND.setdefault((recipe, claim), {"recipe": recipe, "claim": claim, "residual": 0.0, "bound": below})
        row["residual"] = float(f"{max(float(row['residual']), value):.2g}")

    return check


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = session.config.getoption("--write-oracles")
    if not target:
        return
    path = Path(target)
    known = {(row["recipe"], row["claim"]): row for row in json.loads(path.read_text(encoding="utf-8"))} if path.exists() else {}
    rows = sorted({**known, **FOUND}.values(), key=lambda row: (str(row["recipe"]), str(row["claim"])))
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
