"""`python -m benchmarks.ladders [recipe ...] [--patterns 20] [--dicom FOLDER]`: does harm rise with the knob, and do ladders reach their bands?

For every recipe, over patterns drawn on the cases of the sample source, or of a folder of DICOM files, that it accepts: the rank correlation of strength and
effect at seven places along the knob, from the weakest level that the ladder reached to the strongest (half of the weakest where that is the only one; for a
choice: all up to the strongest); and whole ladders as a run makes them: levels reached, those inside their band, acquisitions a level, why levels are missing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medq_gen.declare import Degradation, Mix, Strength
    from medq_gen.ladder import Bench

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # before numpy and torch are imported

N_PLACES = 7
HEADER = (
    "| recipe | patterns | rank correlation, median (worst) | levels reached | in their band | acquisitions a level | missing |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def benches(modality: str, recipe: Degradation | Mix, folder: str | None) -> Iterator[Bench]:
    """Fresh benches of the cases that a recipe accepts, one after the other."""
    from medq_gen import scan_of, sources
    from medq_gen.ladder import Bench
    from medq_gen.records import Case

    source = sources.make("sample", {"modality": modality}) if folder is None else sources.make("dicom", {"path": folder})
    for case in source.index():
        if isinstance(case, Case) and case.modality == modality:
            bench = Bench(*scan_of.healthy_scan(source.load(case), seed=7))
            if not recipe.refuse(bench.healthy):
                yield bench


def used(knob: Strength | tuple[float | str, ...], solved: list[float | str]) -> list[float | str]:
    """Strengths along the part of a knob that labels are made with; where there are none, its upper half or all choices."""
    from medq_gen.declare import Strength

    if isinstance(knob, Strength):
        positions = sorted(knob.position(float(strength)) for strength in solved) or [1.0]
        least = positions[0] if len(positions) > 1 else positions[0] / 2
        return [knob.at(least + (positions[-1] - least) * place / (N_PLACES - 1)) for place in range(N_PLACES)]
    return list(knob[: 1 + max((knob.index(choice) for choice in solved), default=len(knob))])


def row(name: str, n_patterns: int, folder: str | None = None) -> str:
    """One line of the table."""
    import numpy as np
    from scipy.stats import spearmanr

    from medq_gen import registry
    from medq_gen.declare import LEVELS, Mix
    from medq_gen.edits import draw_pattern, edited
    from medq_gen.ladder import climb
    from medq_gen.solve import band_of

    recipe, modality = registry.get(name).recipe, registry.place_of(name).modality
    accepted = list(benches(modality, recipe, folder))
    if not accepted:
        return f"| {name} | 0 | | | | | every case is refused |"
    options = {} if isinstance(recipe, Mix) else recipe.options
    correlations, asked, reached, inside, acquisitions, reasons = [], 0, 0, 0, 0, Counter[str]()
    for number in range(n_patterns):
        bench, key = accepted[number % len(accepted)], f"case/{name}/{number}"
        bench.acquisitions = 1
        ladder = climb(bench, recipe, root=0, key=key, levels=LEVELS, options=options, touched_none=False)
        acquisitions += ladder.acquisitions
        for rung in ladder.rungs:
            asked += 1
            if rung.shot is not None:
                low, high = band_of(rung.level)
                reached, inside = reached + 1, inside + (low <= rung.shot.u <= high)
            elif rung.level == "none":
                reached, inside = reached + 1, inside + 1
            else:
                reasons[rung.reason.partition(" at ")[0].partition(":")[0] or type(rung.error).__name__] += 1
        pattern = ladder.pattern or draw_pattern(recipe, bench.healthy, root=0, key=key, options=options)
        strengths = used(recipe.strength, [rung.shot.strength for rung in ladder.rungs if rung.shot is not None])
        harm = [bench.shoot(edited(recipe, bench.healthy, strength=strength, pattern=pattern), strength, recipe.effect).u for strength in strengths]
        correlations.append(float(spearmanr(range(len(harm)), harm).statistic))
    why = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(3))
    cells = (
        name,
        f"{n_patterns}",
        f"{np.median(correlations):.3f} ({min(correlations):.3f})",
        f"{reached} of {asked}",
        f"{inside} of {reached}",
        f"{acquisitions / asked:.2f}",
        why,
    )
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> int:
    """Print the table, a row as soon as it is known."""
    import torch

    from medq_gen import registry

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*")
    parser.add_argument("--patterns", type=int, default=20)
    parser.add_argument("--dicom", metavar="FOLDER", help="cases of this folder instead of those of the sample source")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.recipes) - set(registry.names()))
    if unknown:
        print(registry.unknown("recipe", unknown[0], registry.names()), file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    print(HEADER, flush=True)
    for name in given.recipes or registry.names():
        print(row(name, given.patterns, given.dicom), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
