"""How good are the tests of physics? Seeds one fault at a time (a flipped sign, a swapped axis, a lost factor) and counts how many the tests catch.

    python tests/seeded_faults.py                          # 12 faults a module, all modules
    python tests/seeded_faults.py physics/mri/motion.py --per-module 40

Each fault runs in a forked process that imports the changed source in place of the module; no file is touched. The tests of the module's own folder
run, those named after the module first, until one fails. Survivors are listed with their line, to be killed by a test or recognised as equivalent.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import io
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # loading plugins in every fork takes longer than most tests

ROOT = Path(__file__).resolve().parents[1]
AXES = {0: 1, 1: 0, -1: -2, -2: -1}


@dataclass(frozen=True)
class Fault:
    """One change of one module: what kind, where, and the changed source."""

    kind: str
    line: int
    source: str
    was: str


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The faults that fit one node: kind and the node to put in its place."""
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Add | ast.Sub) and not isinstance(node.left, ast.Constant | ast.JoinedStr | ast.Tuple | ast.List):
            yield "flipped sign", ast.BinOp(node.left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), node.right)
        if isinstance(node.op, ast.Mult | ast.Div):
            yield "lost factor", node.left
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "flipped sign", node.operand
    elif isinstance(node, ast.keyword) and node.arg in {"dim", "axis"} and (axis := _constant(node.value)) in AXES:
        yield "swapped axis", ast.keyword(node.arg, ast.Constant(AXES[axis]))
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Store) and len(node.elts) == 2:
        yield "swapped axis", ast.Tuple([node.elts[1], node.elts[0]], ast.Store())


def _constant(node: ast.AST) -> int | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant) and isinstance(node.operand.value, int):
        return -node.operand.value
    return None


class _Replace(ast.NodeTransformer):
    """Replaces the node that was counted as `position` in the walk of its tree."""

    def __init__(self, target: ast.AST, other: ast.AST) -> None:
        self.target, self.other = target, other

    def visit(self, node: ast.AST) -> ast.AST:
        return self.other if node is self.target else super().generic_visit(node)


def _in_words(tree: ast.AST) -> set[int]:
    """Nodes that only make messages, types or tests of types: a fault there is none of physics."""
    quiet: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise | ast.JoinedStr | ast.AnnAssign) and not (isinstance(node, ast.AnnAssign) and node.value):
            quiet |= {id(child) for child in ast.walk(node)}
    return quiet


def faults(source: str) -> list[Fault]:
    """Every fault that can be seeded in a source."""
    tree, found = ast.parse(source), []
    quiet = _in_words(tree)
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in quiet:
            continue
        for kind, _ in _changes(node):
            fresh = ast.parse(source)
            target = next(n for i, n in enumerate(ast.walk(fresh)) if i == index)
            other = next(new for name, new in _changes(target) if name == kind)
            changed = ast.fix_missing_locations(_Replace(target, ast.copy_location(copy.deepcopy(other), target)).visit(fresh))
            found.append(Fault(kind, getattr(node, "lineno", 0) or getattr(node, "value", node).lineno, ast.unparse(changed), ast.unparse(node)))
    return found


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Imports the changed source in place of the module."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, str(path), source

    def find_spec(self, fullname, path=None, target=None):  # type: ignore[no-untyped-def]
        return importlib.util.spec_from_loader(fullname, self, origin=self.path) if fullname == self.name else None

    def get_filename(self, fullname: str) -> str:
        return self.path

    def get_data(self, path: str) -> bytes:
        return self.source.encode()

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError  # no cached byte code for a changed module


def _run(name: str, path: Path, source: str, tests: list[str], answer) -> None:  # type: ignore[no-untyped-def]
    import pytest

    sys.meta_path.insert(0, _Changed(name, path, source))
    sys.dont_write_bytecode = True
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", "--rootdir", str(ROOT), *tests])
    answer.send(int(code))


def tests_of(path: Path) -> list[str]:
    """The tests of a module: files named after it first, then those that import it, then the rest of the mirrored folder."""
    folder = ROOT / "tests" / path.relative_to(ROOT).parent
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    files = sorted(folder.glob("test_*.py"), key=lambda f: (path.stem not in f.stem, f"from {name} import" not in f.read_text(encoding="utf-8"), f.name))
    return [str(f) for f in files]


def caught(path: Path, source: str, tests: list[str], *, seconds: float = 180.0) -> bool:
    """Whether the tests notice: they fail, crash or hang."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(name, path, source, tests, there))
    process.start()
    there.close()
    code = here.recv() if here.poll(seconds) else -1
    process.kill()
    process.join()
    return code != 0


def main() -> int:
    """Seed, run, report; exit 1 where fewer than 90 % are caught or the untouched tests fail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", type=Path)
    parser.add_argument("--per-module", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import finufft  # noqa: F401  preloaded, so that each fork starts warm
    import pytest  # noqa: F401
    import scipy.signal  # noqa: F401
    import skimage.data  # noqa: F401
    import torch

    torch.set_num_threads(1)
    modules = [m.resolve() for m in options.modules] or sorted(p for p in (ROOT / "physics").rglob("*.py") if p.name != "__init__.py")
    total = seen = 0
    sound: set[Path] = set()  # folders whose tests pass on the untouched source
    for path in modules:
        source, tests = path.read_text(encoding="utf-8"), tests_of(path)
        every = faults(source)
        chosen = random.Random(options.seed).sample(every, min(options.per_module, len(every)))
        if not chosen:
            continue
        start = time.perf_counter()
        if not tests or (path.parent not in sound and caught(path, source, tests)):
            print(f"{path.relative_to(ROOT)}: its tests are absent or fail without a fault", flush=True)
            return 1
        sound.add(path.parent)
        survivors = [fault for fault in chosen if not caught(path, fault.source, tests)]
        total, seen = total + len(chosen), seen + len(chosen) - len(survivors)
        print(f"{path.relative_to(ROOT)}: {len(chosen) - len(survivors)} of {len(chosen)} caught ({time.perf_counter() - start:.0f} s)", flush=True)
        for fault in sorted(survivors, key=lambda f: f.line):
            print(f"    line {fault.line}, {fault.kind}: {fault.was[:110]}", flush=True)
    print(f"{seen} of {total} faults caught: {100 * seen / max(total, 1):.1f} %")
    return 0 if seen >= 0.9 * total else 1


if __name__ == "__main__":
    sys.exit(main())
