"""How good are the tests of physics? Seeds one fault at a time and counts how many the tests catch.

    python tests/seeded_faults.py                          # 12 faults a module, all modules
    python tests/seeded_faults.py physics/mri/motion.py --per-module 40

Kinds: a flipped sign, a swapped axis, a lost factor, a conjugate, a centre that is off by one, an odd size that is rounded the other way.

Each fault runs in a forked process that imports the changed source in place of the module; no file is touched. The tests of the module's own folder that
import it run until one fails, those named after the module first; then those that reach it through other modules (not with --near, which is quicker and
counts too few). Survivors are listed with their line, to be killed by a test or recognised as equivalent (EQUIVALENT, with the proof). A run that takes
too long is neither caught nor survived and is listed apart.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.util
import io
import multiprocessing
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # loading plugins in every fork takes longer than most tests

ROOT = Path(__file__).resolve().parents[1]
OURS = ("physics", "recipes", "medq_gen")
BOUNDS = {"physics/mri": 0.95, "physics/ct": 0.95, "physics": 0.90}  # share of faults to catch in every file; the longest folder decides
AXES = {0: 1, 1: 0, -1: -2, -2: -1}
FLIPPED: dict[type[ast.operator], ast.operator] = {ast.Add: ast.Sub(), ast.Sub: ast.Add()}

# file -> "kind: code in function" -> why no picture and no number can tell the two apart
EQUIVALENT: dict[str, dict[str, str]] = {
    "physics/ct/arc.py": {
        "flipped sign: theta - start - seen / 2 + math.pi in recorded": "half a turn up or down is one angle modulo a turn",
        "flipped sign: geometry.theta() + math.pi in arc_weights": "half a turn up or down is one angle modulo a turn",
    },
    "physics/ct/band_measures.py": {
        "odd size: _LEAST_PX // 4 in cupping_hu": "200 pixels",
        "swapped axis: (rows_mm, columns_mm) in metal_area": "two factors of one product",
    },
    "physics/ct/channel_aliasing.py": {"lost factor: n_channels / pitch in coarse_rows": "more places, all of them beyond the row"},
    "physics/ct/head.py": {
        "flipped sign: one += _NOISE_HU * middle * _grain(rng, one.shape) in head": "normal about 0",
        "lost factor: np.arange(-_EACH, _EACH + 1) * STEP_MM in head": "1 mm",
    },
    "physics/ct/helical.py": {"flipped sign: turns[0] + 0.5 in readings_mm": "half a turn later or earlier is one reading modulo the feed"},
    "physics/ct/implant_sites.py": {
        "flipped sign: count + 1 in _bones": "every label has pixels, so bincount is that long without being asked",
    },
    "physics/ct/insert.py": {
        "conjugate: 2j in rim_transfer": "only the modulus of the transform of real values is kept",
        "flipped sign: y[:, None] + down in disc": "the places within a pixel lie alike on both sides of its middle",
        "flipped sign: x[None] + right in disc": "the places within a pixel lie alike on both sides of its middle",
    },
    "physics/ct/iterative_look.py": {
        "swapped axis: (u, leading) in total_variation_prox": "two copies of one picture",
        "swapped axis: (size, step) in total_variation_prox": "two empty pictures to write to",
    },
    "physics/ct/kernel_change.py": {
        "flipped sign: filtered + self._lost_grain(scan, self.seed) in apply": "grain of no preferred sign",
        "flipped sign: shared(quanta.sqrt() * next(normals), crosstalk=scan.crosstalk) + scan.electronic_noise * next(normals) in _lost_grain": "about 0",
    },
    "physics/ct/lost_views.py": {
        "flipped sign: before + 1 in apply": "views before the block have no share of it",
        "flipped sign: np.arange(n_views) - self.centre + n_views / 2 in lost": "half a turn up or down is one view modulo the turn",
    },
    "physics/ct/measures.py": {
        "flipped sign: normal + np.pi / 2 in streak_direction": "90 and -90 degrees are one modulo 180",
        "flipped sign: _SECTORS + 1 in _directional_power": "the DC term is always beyond the last sector, so bincount is that long without being asked",
        "flipped sign: n_tiles += 1 in _directional_power": "asked only whether it is 0",
        "odd size: rows // 2 in _directional_power": "a tile is 16 or twice a whole number",
        "odd size: columns // 2 in _directional_power": "a tile is 16 or twice a whole number",
    },
    "physics/ct/motion_measures.py": {"swapped axis: (axis, mm) in _radius_mm": "two factors of one product"},
    "physics/ct/polar.py": {"flipped sign: cycles - np.rint(cycles) in _samples": "whole cycles per pixel are none to pixels"},
    "physics/ct/source_noise.py": {
        "odd size: rows // 2 in grain_frequency_per_mm": "twice a whole number",
        "odd size: columns // 2 in grain_frequency_per_mm": "twice a whole number",
    },
    "physics/ct/slab.py": {
        "lost factor: width_mm / 2 in layer_weights": "further slices, which weigh nothing",
        "lost factor: 2 * slab.step_mm in layer_weights": "the whole slice that rounding takes further is enough",
        "flipped sign: int(np.floor((height.min() - extent) / slab.step_mm)) + slab.index in layer_weights": "further slices, which weigh nothing",
        "flipped sign: n_slices - 1 in layer_weights": "further slices, which weigh nothing",
    },
    "physics/ct/streak_measures.py": {"flipped sign: theta_deg + 90.0 in _line_deg": "90 degrees up or down are one direction modulo 180"},
    "physics/measure/blur.py": {
        "flipped sign: least + len(gains) // 2 in _gains": "half a turn of 36 directions up or down is one direction",
        "odd size: len(gains) // 2 in _gains": "36 directions",
        "swapped axis: (fine, wide) in _band": "both pictures change sign, their slope does not",
    },
    "physics/measure/extent.py": {"swapped axis: (first, second) in covered_share": "the modulus of a difference"},
    "physics/measure/haar.py": {"odd size: size // 2 in haar_bands": "a power of two from 2 on"},
    "physics/measure/residual.py": {
        "swapped axis: (rows, columns) in _split": "white noise and the grid it is brought to are turned together",
        "odd size: columns // 2 in _diagonal": "cut to even sizes one line before",
        "odd size: rows // 2 in _diagonal": "cut to even sizes one line before",
        "odd size: MIN_PIXELS // 4 in _diagonal": "64 pixels",
        "flipped sign: np.sqrt(np.mean(design ** 2, axis=0)) + 1e-12 in _unexplained": "a trillionth, where a term is nothing and stays so",
        "flipped sign: design.T @ design + 1e-09 * len(values) * np.eye(design.shape[1]) in _unexplained": "a ridge of a billionth",
    },
    "physics/measure/structures.py": {
        "flipped sign: first - first.mean() in visibility": "the other factor has mean 0, so a constant added here adds nothing",
        "flipped sign: second - second.mean() in visibility": "the other factor has mean 0, so a constant added here adds nothing",
        "flipped sign: contrast_kept + step_kept in word_of": "the steps are -, 0 and +",
        "flipped sign: fidelity + step_fidelity in word_of": "the steps are -, 0 and +",
    },
    "physics/measure/staining.py": {
        "swapped axis: (first, second) in colour_shift": "lightness is equal on both sides, and without it the difference is symmetric",
        "flipped sign: -np.log10(linear_light(side[clear]).astype(np.float64)) in _densities": "both pictures change sign: ratios, squares and fits do not",
    },
    "physics/measure/structures_grey.py": {"swapped axis: (rows, columns) in _inner": "only the smaller extent is taken"},
    "physics/measure/transfer.py": {
        "flipped sign: TRANSFER_BINS + 1 in transfer": "the corners of a spectrum lie in the last ring, so bincount is that long without being asked"
    },
    "physics/mri/bending.py": {"flipped sign: len(values) - 2 in _between": "at the last row its share is 0 counted from it and 1 counted from the row before"},
    "physics/mri/caipi.py": {"odd size: size // skipped.lattice.along in folded_maps": "a number of lines that the step divides"},
    "physics/mri/dc_offset.py": {
        "flipped sign: line_share - 0.5 in _drifting": "a constant turn more of a phase drawn uniform on the circle",
        "flipped sign: data + (added if by_lines is data else added.transpose(1, 2)) in apply": "half a turn more of a phase drawn uniform on it",
    },
    "physics/mri/dephasing.py": {
        "flipped sign: data * torch.polar(torch.ones_like(turned), turned).to(data) * kept.to(data.real) + (lost * floor).to(data) in apply": (
            "the floor is complex noise of no preferred phase"
        ),
        "flipped sign: (middle - np.array([size // 2 for size in scan.matrix])) * spacing + rng.uniform(-3, 3, size=2) in continued_pockets": "uniform about 0",
    },
    "physics/mri/folding.py": {"odd size: n_lines // step in stacked": "a number that the step divides; else no reshape holds"},
    "physics/mri/dipole.py": {"swapped axis: (field, slope) in dipole_field_ppm": "two empty pictures to write to"},
    "physics/mri/free_induction.py": {
        "flipped sign: time - time.min() in _decay": "one factor for all samples, and what follows is brought to the asked amplitude",
        "lost factor: lines.sum(dim=1) / sqrt(n_lines) in in_picture": "what follows is brought to the asked amplitude",
        "swapped axis: axes=(-1,) in apply": "only the energy is read, which no orthonormal transform changes",
    },
    "physics/mri/ghosts.py": {"flipped sign: side * strongest + off in ghost_distance": "the offsets are -1, 0 and 1"},
    "physics/mri/gradient_warp.py": {
        "flipped sign: -self.isocentre_mm[2] in shape": "every harmonic holds an even power of the distance through the slice",
        "odd size: FINER * n // 2 in _finer": "twice a whole number",
    },
    "physics/mri/grappa.py": {"odd size: NEIGHBOURS // 2 in neighbours": "four"},
    "physics/mri/homodyne.py": {
        "odd size: n_lines // 2 in detected": "an even number",
        "odd size: (centre_width(lines, n_lines=n_lines) - 1) // 2 in detected": "the width is odd",
    },
    "physics/mri/honesty.py": {
        "odd size: n // 16 in support_share": "64, 32 or 16",
        "odd size: length // 4 in _log_power": "128, 64 or 32",
        "swapped axis: (row, column) in block_excess": "the 64 grids in another order",
    },
    "physics/mri/implant.py": {"swapped axis: (place, at) in inside": "balls and rods are their own images through their middle"},
    "physics/mri/lattice_sense.py": {"flipped sign: phase_axis + 2 in __call__": "of four axes the last two, counted from either end"},
    "physics/mri/lattice.py": {
        "swapped axis: (k, d) in spread": "a product of two numbers modulo the partitions, of which the frequencies are the same ones",
        "odd size: n_partitions // self.step in aliases": "a number of partitions that the lattice divides",
        "odd size: partition[None] // self.across in taken": "asked only of partitions that the step divides",
    },
    "physics/mri/metal.py": {
        "flipped sign: shown + missing * unit_complex(tuple(shown.shape), seed=self.seed, dtype=torch.complex128).to(shown) in apply": (
            "noise of no preferred sign"
        )
    },
    "physics/mri/nyquist_ghost.py": {"odd size: n_lines // 2 in in_picture": "used where it is even"},
    "physics/mri/order.py": {"odd size: row // n_shots in line_times": "all lines of a shot move up by one alike"},
    "physics/mri/partial_fourier.py": {"swapped axis: (axis, at) in local_phase": "the square of a difference"},
    "physics/mri/pockets.py": {
        "flipped sign: middle + rng.uniform(-16, 16, size=2) in draw_pockets": "uniform about 0",
        "flipped sign: inset + float(rng.uniform(-7, 7)) in draw_pockets": "uniform about 0",
        "flipped sign: ear + rng.uniform(-7, 7, size=2) in draw_pockets": "uniform about 0",
    },
    "physics/mri/radial.py": {
        "odd size: OVERSAMPLING * n // 2 in _path": "twice a whole number",
        "swapped axis: (n, d) in streak_free_diameter": "two factors of one product",
    },
    "physics/mri/residual_aliasing.py": {
        "flipped sign: pair.degraded.double() - reference in residual_copies": "another body's worth at no distance, and the share at no distance is left out"
    },
    "physics/mri/shim.py": {"lost factor: 2 * down in _shape": "each harmonic is divided by its own extent"},
    "physics/mri/slice_group.py": {
        "flipped sign: z_mm - self.offset_mm + 0 * x_mm in distance_mm": "zero, there for its shape",
        "swapped axis: (n, d) in body_ends_mm": "their product",
    },
    "physics/mri/slice_profile.py": {"flipped sign: nodes[:, None] - knots in _tabulated": "the knots lie alike on both sides"},
    "physics/mri/smooth_maps.py": {
        "flipped sign: basis.T @ sparse.diags_array(share) @ basis + STIFFNESS * stiff + 1e-09 * sparse.eye_array(n_grid ** 2) in smooth_sensitivity": (
            "a ridge of a billionth"
        )
    },
    "physics/mri/through_plane.py": {
        "flipped sign: found.motion.pivot_mm + np.array([-80.0, 0.0, 80.0]) in peak_lift": "the places lie alike on both sides, and the largest is taken"
    },
    "physics/mri/truncation.py": {"odd size: n // 2 in sharp_window": "an even number"},
    "physics/mri/tissue.py": {
        "flipped sign: slopes @ slopes.T + 1e-09 * len(one) * np.eye(5) in _smooth_field": "a ridge of a billionth",
        "lost factor: 1e-09 * len(one) * np.eye(5) in _smooth_field": "a ridge of a billionth",
        "flipped sign: field - field[inside].mean() in _smooth_field": "one factor on the whole picture, of which k-means and shares know nothing",
    },
    "physics/optics/slide.py": {
        "flipped sign: -np.log10(np.maximum(pixels, 0.0001)).mean(axis=1) in glass": "only their distances from the median are read",
    },
    "physics/mri/zipper.py": {
        "conjugate: 1j in _tone": "a phase uniform on the circle is so backwards too",
        "conjugate: 1j in _modulated": "the imaginary part is symmetric about 0",
        "flipped sign: parts[..., 0] + 1j * parts[..., 1] in _modulated": "the imaginary part is symmetric about 0",
    },
    "physics/mri/noisy_calibration.py": {
        "flipped sign: lined + (sigma * unit_complex(tuple(lined.shape), seed=seed, dtype=torch.complex128)).to(lined) in calibration_lines": (
            "noise of no preferred sign"
        )
    },
    "physics/mri/off_resonance.py": {"swapped axis: (slope, side) in kept_in_phase": "their product"},
    "physics/mri/resolution_along.py": {"flipped sign: 1 - axis in contrast_along": "of axis 0; the other one of axis 1 would be out of range"},
    "physics/mri/volume.py": {"swapped axis: (first, second) in move_volume": "two factors of one product"},
    "physics/mri/wavelet.py": {
        "flipped sign: len(DB4) - 2 in the module": "four samples more, which the filters' zeros multiply",
        "odd size: TILE // 2 in the module": "sixteen",
        "odd size: TAIL // 2 in the module": "six",
        "odd size: n // 2 in level_matrix": "an odd number is refused",
        "odd size: down.shape[0] // 2 in approximation": "a level has an even number of samples",
        "odd size: right.shape[0] // 2 in approximation": "a level has an even number of samples",
        "odd size: level.shape[0] // 2 in _tile": "a level has an even number of samples",
        "odd size: level.shape[0] // 2 in _synthesised_columns": "a level has an even number of samples",
        "odd size: n_rows // 2 in _synthesised_rows": "a level has an even number of samples",
        "odd size: width // 2 in _synthesised_columns": "two parts of an even number of samples",
        "odd size: n_rows // TILE in _analysed_rows": "a number that the tile divides",
        "odd size: n_rows // TILE in _synthesised_rows": "a number that the tile divides",
        "odd size: width // (2 * TILE) in _analysed_columns": "two parts of a number of samples that the tile divides",
        "odd size: width // (2 * TILE) in _synthesised_columns": "two parts of a number of samples that the tile divides",
    },
    "physics/optics/mucosa.py": {
        "flipped sign: 0.6 * coarse + 0.5 * fine in drawn": "noise of no preferred sign",
        "flipped sign: way += rng.normal(0, 0.16) in vessel_tree": "normal about 0",
    },
    "physics/optics/wall.py": {
        "flipped sign: rng.choice([0, 1, 2], FOLDS) * math.tau / 3 + rng.uniform(-0.5, 0.5, FOLDS) in drawn": "uniform about 0",
    },
}
SOUND: set[str] = set()  # tests that were seen to pass on untouched source


@dataclass(frozen=True)
class Fault:
    """One change of one module: what kind, where, and the changed source."""

    kind: str
    line: int
    source: str
    was: str
    function: str

    @property
    def key(self) -> str:
        return f"{self.kind}: {self.was} in {self.function}"


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The faults that fit one node: kind and the node to put in its place."""
    if isinstance(node, ast.BinOp):
        yield from _changed_sums(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "flipped sign", node.operand
    elif isinstance(node, ast.AugAssign) and type(node.op) in FLIPPED:
        yield "flipped sign", ast.AugAssign(node.target, FLIPPED[type(node.op)], node.value)
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult | ast.Div):
        yield "lost factor", ast.Pass()
    elif isinstance(node, ast.keyword) and node.arg in {"dim", "axis"} and (axis := _constant(node.value)) in AXES:
        yield "swapped axis", ast.keyword(node.arg, ast.Constant(AXES[axis]))
    elif isinstance(node, ast.keyword) and node.arg in {"dim", "axes"} and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 1:
        if (axis := _constant(node.value.elts[0])) in AXES:
            yield "swapped axis", ast.keyword(node.arg, ast.Tuple([ast.Constant(AXES[axis])], ast.Load()))
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Store) and len(node.elts) == 2:
        yield "swapped axis", ast.Tuple([node.elts[1], node.elts[0]], ast.Store())
    elif isinstance(node, ast.Attribute) and node.attr == "phase_axis" and isinstance(node.ctx, ast.Load):
        yield "swapped axis", ast.BinOp(ast.Constant(1), ast.Sub(), node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "conj" and not node.args:
        yield "conjugate", node.func.value
    elif isinstance(node, ast.Constant) and isinstance(node.value, complex):
        yield "conjugate", ast.UnaryOp(ast.USub(), node)


def _changed_sums(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    """The faults that fit a sum, a product or a division."""
    left, one = node.left, ast.Constant(1)
    words = isinstance(left, ast.JoinedStr | ast.Tuple | ast.List) or (isinstance(left, ast.Constant) and isinstance(left.value, str))
    if type(node.op) in FLIPPED and not words:
        yield "flipped sign", ast.BinOp(left, FLIPPED[type(node.op)], node.right)
    if isinstance(node.op, ast.Mult | ast.Div):
        yield "lost factor", node.right if isinstance(left, ast.Constant) and isinstance(node.op, ast.Mult) else left
    if isinstance(node.op, ast.FloorDiv):
        if _constant(node.right) == 2:
            yield "centre off by one", ast.BinOp(node, ast.Add(), one)
            yield "centre off by one", ast.BinOp(ast.BinOp(left, ast.Sub(), one), ast.FloorDiv(), node.right)
        yield "odd size", ast.UnaryOp(ast.USub(), ast.BinOp(ast.UnaryOp(ast.USub(), left), ast.FloorDiv(), node.right))  # rounds up


def _constant(node: ast.AST) -> int | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant) and isinstance(node.operand.value, int):
        return -node.operand.value
    return None


class _Replace(ast.NodeTransformer):
    """Replaces one node of a tree."""

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


def _functions(tree: ast.AST) -> dict[int, str]:
    """The function each node stands in: the innermost, since the walk comes to it last."""
    inside: dict[int, str] = {}
    for outer in ast.walk(tree):
        if isinstance(outer, ast.FunctionDef):
            inside |= {id(node): outer.name for node in ast.walk(outer)}
    return inside


def faults(source: str) -> list[Fault]:
    """Every fault that can be seeded in a source."""
    tree, found = ast.parse(source), []
    quiet, inside = _in_words(tree), _functions(tree)
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in quiet:
            continue
        for number, (kind, _) in enumerate(_changes(node)):
            fresh = ast.parse(source)
            target = next(n for i, n in enumerate(ast.walk(fresh)) if i == index)
            other = list(_changes(target))[number][1]
            changed = ast.fix_missing_locations(_Replace(target, ast.copy_location(other, target)).visit(fresh))
            line = getattr(node, "lineno", 0) or getattr(getattr(node, "value", node), "lineno", 0)
            found.append(Fault(kind, line, ast.unparse(changed), ast.unparse(node), inside.get(id(node), "the module")))
    return found


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Imports the changed source in place of the module."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, str(path), source

    def find_spec(self, fullname, path=None, target=None):  # type: ignore[no-untyped-def]
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self) if fullname == self.name else None

    def get_filename(self, fullname: str) -> str:
        return self.path

    def get_data(self, path: str) -> bytes:
        return self.source.encode()

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError  # no cached byte code for a changed module


def _run(name: str, path: Path, source: str, tests: list[list[str]], seconds: int, answer) -> None:  # type: ignore[no-untyped-def]
    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))  # of this process: a busy machine is no time-out
    sys.meta_path.insert(0, _Changed(name, path, source))
    sys.dont_write_bytecode = True
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        codes = (
            pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "-m", "not slow", "--rootdir", str(ROOT), *group]) for group in tests if group
        )
        code = next((int(code) for code in codes if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)), 0)
    answer.send(code)


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def _imported(path: Path) -> frozenset[Path]:
    """Our files that one file names in its imports, with the packages that hold them."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    found = set()
    for name in named:
        parts = name.split(".")
        for base in (ROOT, ROOT / "tests") if parts[0] not in OURS else (ROOT,):
            for n in range(1, len(parts) + 1):
                stem = base.joinpath(*parts[:n])
                found |= {file for file in (stem.with_suffix(".py"), stem / "__init__.py") if file.is_file()}
    return frozenset(found)


def reaches(test: Path, path: Path) -> bool:
    """Whether importing the test imports the module: otherwise it cannot notice."""
    known, new = set(), {test}
    while new:
        known |= new
        new = set().union(*(_imported(file) for file in new)) - known
    return path in known


def tests_of(path: Path, *, near: bool) -> list[list[str]]:
    """The tests of the mirrored folder that a module can disturb: files that import it, those named after it first, and files that only reach it. Without
    the latter where near, unless there are no others."""
    files = sorted((ROOT / "tests" / path.relative_to(ROOT).parent).glob("test_*.py"), key=lambda f: (path.stem not in f.stem, f.name))
    direct = [str(f) for f in files if path in _imported(f)]
    return [direct, [str(f) for f in files if reaches(f, path) and str(f) not in direct] if not (near and direct) else []]


def outcome(path: Path, source: str, tests: list[list[str]], *, seconds: int) -> str:
    """caught: the tests fail or crash. survived: they pass. timed out: they took more than these seconds of processor time, or ten times that on the clock."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(name_of(path), path, source, tests, seconds, there))
    process.start()
    there.close()
    try:
        code = here.recv() if here.poll(10 * seconds) else None
    except EOFError:  # it died without a word: of its limit, or of the fault
        process.join()
        code = None if process.exitcode in (-9, -24) else 1
    process.kill()
    process.join()
    return "timed out" if code is None else "caught" if code else "survived"


@dataclass
class Finding:
    """What became of the faults of one file."""

    path: Path
    problem: str = ""
    outcomes: list[tuple[str, Fault]] = field(default_factory=list)
    seconds: float = 0.0
    stale: list[str] = field(default_factory=list)  # marks of equivalence that fit no fault any more

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def bound(self) -> float:
        return BOUNDS[max((folder for folder in BOUNDS if self.name.startswith(folder)), key=len)]

    def counted(self) -> Counter[str]:
        return Counter(said for said, _ in self.outcomes)

    def share(self) -> float:
        """Of the faults that were decided."""
        count = self.counted()
        decided = count["caught"] + count["survived"]
        return count["caught"] / decided if decided else 1.0

    def __str__(self) -> str:
        if self.problem:
            return f"{self.name}: {self.problem}"
        count = self.counted()
        others = "".join(f", {count[said]} {said}" for said in ("timed out", "equivalent") if count[said])
        lines = [f"{self.name}: {count['caught']} of {count['caught'] + count['survived']} caught, {100 * self.share():.0f} %{others} ({self.seconds:.0f} s)"]
        known = EQUIVALENT.get(self.name, {})
        for said, fault in sorted(self.outcomes, key=lambda pair: pair[1].line):
            if said != "caught":
                lines.append(f"    {said}: line {fault.line}, {fault.kind}: {fault.was[:110]}" + (f"; {known[fault.key]}" if said == "equivalent" else ""))
        return "\n".join(lines + [f"    marked as equivalent, but no such fault: {key}" for key in self.stale])


def examine(path: Path, *, per_module: int, seed: int, seconds: int, near: bool, sound: bool) -> Finding:
    """Seed the faults of one file and see what its tests say."""
    finding, start = Finding(path), time.perf_counter()
    source, tests = path.read_text(encoding="utf-8"), tests_of(path, near=near)
    every = faults(source)
    chosen = random.Random(seed).sample(every, min(per_module, len(every)))
    if not any(tests) and chosen:
        finding.problem = "no test of its folder imports it"
        return finding
    new = [test for group in tests for test in group if test not in SOUND]
    if chosen and new and not sound and (untouched := outcome(path, source, [new], seconds=10 * seconds)) != "survived":
        finding.problem = f"its tests {'fail' if untouched == 'caught' else 'time out'} without a fault"
        return finding
    SOUND.update(new if chosen else [])
    known = EQUIVALENT.get(finding.name, {})
    finding.stale = sorted(known.keys() - {fault.key for fault in every})
    finding.outcomes = [("equivalent" if fault.key in known else outcome(path, fault.source, tests, seconds=seconds), fault) for fault in chosen]
    finding.seconds = time.perf_counter() - start
    return finding


def main() -> int:
    """Seed, run, report; exit 1 where a file is below its bound or the untouched tests fail."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", type=Path, help="files or folders; all of physics by default")
    parser.add_argument("--per-module", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=300, help="processor time after which a fault has timed out")
    parser.add_argument("--jobs", type=int, default=1, help="files examined side by side")
    parser.add_argument("--sound", action="store_true", help="the tests were just seen to pass: do not run them without a fault first")
    parser.add_argument("--near", action="store_true", help="only the tests that import the module themselves")
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import finufft  # noqa: F401  preloaded, so that each fork starts warm
    import pytest  # noqa: F401
    import scipy.signal  # noqa: F401
    import skimage.data  # noqa: F401
    import torch

    torch.set_num_threads(1)
    named = [m.resolve() for m in options.modules] or [ROOT / "physics"]
    modules = [file for m in named for file in (sorted(m.rglob("*.py")) if m.is_dir() else [m]) if file.name != "__init__.py"]
    look = partial(examine, per_module=options.per_module, seed=options.seed, seconds=options.seconds, near=options.near, sound=options.sound)
    findings: list[Finding] = []
    with ProcessPoolExecutor(options.jobs, mp_context=multiprocessing.get_context("fork")) as pool:
        for finding in pool.map(look, modules) if options.jobs > 1 else map(look, modules):
            findings.append(finding)
            if finding.problem or finding.outcomes:
                print(finding, flush=True)
    count = sum((finding.counted() for finding in findings), Counter())
    decided = count["caught"] + count["survived"]
    low = [
        f"{finding.name} ({finding.problem or f'{100 * finding.share():.0f} %'})" for finding in findings if finding.problem or finding.share() < finding.bound
    ]
    share = 100 * count["caught"] / max(decided, 1)
    print(f"{count['caught']} of {decided} faults caught: {share:.1f} %; {count['timed out']} timed out, {count['equivalent']} equivalent")
    print(f"below their bound: {', '.join(low) or 'none'}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
