"""The command line: Hydra composes what is asked, plain values leave here. Hydra itself is in composition."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.console import Console

from medq_gen import registry
from medq_gen.errors import ConfigError, MedqError

if TYPE_CHECKING:
    from medq_gen.run import Request

_OF_TASKS = {
    "run": "names a finished run for the other tasks (task=draft|report|export|answer|score|judge|judge_lm|sheet|align|leaderboard|replay)",
    "runs": "is for task=assemble",
    "format": "is for task=export",
    "predictions": "is for task=score, task=judge, task=judge_lm and task=sheet",
    "key": "is for task=replay",
    "model": "is for task=answer and task=judge_lm",
}
NOTHING_STARTED, WITH_FAILURES, INTERRUPTED = 2, 1, 130
_SHOWING = {"--help", "-h", "--hydra-help", "--cfg", "-c", "--info", "-i", "--version", "--shell-completion", "-sc"}


def run_command(arguments: Sequence[str]) -> int:
    """What `medq-gen` does with its arguments; the exit code. Never raises for a user's mistake."""
    console = Console(stderr=True, soft_wrap=True)
    try:
        if not arguments:
            return _list()
        if _SHOWING & set(arguments):
            from medq_gen import composition

            composition.show(arguments)
            return 0
        return _run_all(list(arguments), console)
    except KeyboardInterrupt:
        console.print("interrupted: what was committed stays, the same command goes on from there", highlight=False)
        return INTERRUPTED
    except MedqError as error:
        console.print(f"{type(error).__name__}: {error}", highlight=False, markup=False)
        return NOTHING_STARTED


def _list() -> int:
    """The recipes, one line each."""
    names = registry.names()
    width = max(map(len, names), default=0)
    print(f"{len(names)} recipes. Make a set with: python -m medq_gen recipe=<name>   (all keys: --help)\n")
    for name in names:
        print(f"  {name:{width}}  {registry.summary(name)}")
    return 0


def _run_all(arguments: list[str], console: Console) -> int:
    """One job, or under -m all of them: the worst exit code wins and a job that fails stops no other."""
    from medq_gen import composition

    multirun = any(argument in ("-m", "--multirun") for argument in arguments)
    overrides, search = _split([argument for argument in arguments if argument not in ("-m", "--multirun")])
    if not multirun:
        composition.refuse_sweeps(overrides)
        return _run_one(overrides, search, console, multirun=False)
    worst = 0
    for job in composition.expanded(overrides):
        console.print(f"— {' '.join(job)}", highlight=False, markup=False)
        try:
            code = _run_one(job, search, console, multirun=True)
        except MedqError as error:
            console.print(f"{type(error).__name__}: {error}", highlight=False, markup=False)
            code = NOTHING_STARTED
        worst = max(worst, code)
    return worst


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Overrides, and the folders of --config-dir."""
    from medq_gen import composition

    overrides, search = [], []
    remaining = iter(arguments)
    for argument in remaining:
        if argument in ("--config-dir", "-cd"):
            search.append(next(remaining, ""))
        elif argument.startswith("--config-dir="):
            search.append(argument.partition("=")[2])
        elif argument.startswith("-") and "=" not in argument:
            raise ConfigError(
                f"unknown option {argument!r}. Allowed: -m (several recipes), --help, --cfg job, --config-dir FOLDER; everything else is key=value"
            )
        elif "=" not in argument and not argument.startswith("~"):
            raise ConfigError(f"{argument!r} is not key=value. Did you mean recipe={argument}? Keys: {', '.join(composition.KEYS)}")
        else:
            overrides.append(argument)
    for folder in search:
        if not Path(folder).is_dir():
            raise ConfigError(f"--config-dir {folder!r}: no such folder")
    return overrides, search


def _run_one(overrides: list[str], search: Sequence[str], console: Console, *, multirun: bool) -> int:
    """Compose one job and do its task."""
    from medq_gen import composition
    from medq_gen.executors import declare_one_thread

    declare_one_thread()  # before anything imports torch
    values = composition.composed(overrides, search)
    task = str(values["task"]["name"])
    if task != "run":
        return _TASKS[task](values, console)
    from medq_gen import run as runs

    asked = composition.asked_recipes(overrides)
    request = _request(values, title=asked[-1] if asked else "", multirun=multirun)
    with _terminable():
        outcome = runs.run(request, console=console)
    for line in runs.summary(outcome):
        console.print(line, highlight=False, markup=False)
    return outcome.exit_code


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does: workers stopped, folder unlocked, exit 130."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _request(values: Mapping[str, Any], *, title: str, multirun: bool) -> Request:
    """The plain values of a run.

    Raises
        ConfigError: no recipe, or a value of the wrong kind.
    """
    from medq_gen.run import Request

    recipe = values.get("recipe")
    if not recipe:
        raise ConfigError("no recipe was chosen: give recipe=<name>; medq-gen alone lists them")
    idle = [key for key in _OF_TASKS if values.get(key)]
    if idle:
        key = idle[0]
        shown = values[key]["kind"] if key == "model" else values[key]
        raise ConfigError(f"{key}={shown}: {_OF_TASKS[key]}; a simulation (task=run, recipe={recipe['name']}) has no use for it. Leave it out")
    name, executor, given = recipe["name"], values["executor"], _path(values, "out")
    out = (given or Path("outputs")) / name if multirun or not given else given
    levels = values["levels"]
    if not isinstance(levels, list):
        raise ConfigError(f"levels={levels}: a list, as in 'levels=[mild,severe]'")
    return Request(
        variant=_variant(recipe, title),
        source=str(values["source"]["name"]),
        source_options={key: value for key, value in values["source"].items() if key != "name"},
        out=out,
        levels=tuple(levels),
        repeats=_whole(values, "repeats"),
        seed=_whole(values, "seed"),
        executor=str(executor["name"]),
        workers=None if executor.get("workers") is None else _whole(executor, "workers", "executor."),
        device=str(executor.get("device", "cpu")),
    )


def _variant(recipe: Mapping[str, Any], title: str) -> Any:
    from medq_gen.variant import Variant

    unknown = sorted(set(recipe) - {"name", "pattern", "effect", "strength"})
    if unknown:
        raise ConfigError(registry.unknown("key", f"recipe.{unknown[0]}", ["recipe.pattern.*", "recipe.effect.anchors", "recipe.strength.limit"]))
    anchors = (recipe.get("effect") or {}).get("anchors")
    if anchors is not None and not (isinstance(anchors, list) and len(anchors) == 3 and all(_is_number(value) for value in anchors)):
        raise ConfigError(f"recipe.effect.anchors={anchors}: three rising numbers, the values of the measure at u = 0.5, 1.5 and 2.5")
    if anchors is not None and not 0 < anchors[0] < anchors[1] < anchors[2]:
        raise ConfigError(f"recipe.effect.anchors={anchors}: the three must be positive and rise")
    limit = (recipe.get("strength") or {}).get("limit")
    if limit is not None and not _is_number(limit):
        raise ConfigError(f"recipe.strength.limit={limit}: a number")
    own = title if title != recipe["name"] else ""
    return Variant(
        recipe["name"],
        recipe.get("pattern") or {},
        (float(anchors[0]), float(anchors[1]), float(anchors[2])) if anchors else None,
        None if limit is None else float(limit),
        own,
    )


def _path(values: Mapping[str, Any], key: str) -> Path | None:
    """A path that was given, or None."""
    value = values[key]
    if value is None or value == "":
        return None
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ConfigError(f"{key}={value}: one path, as in {key}=outputs/mri_motion; quote one that holds commas, brackets or spaces")
    return Path(str(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(values: Mapping[str, Any], key: str, prefix: str = "") -> int:
    value = values[key]
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConfigError(f"{prefix}{key}={value}: a whole number")
    return value


def _run_folder(values: Mapping[str, Any]) -> Path:
    folder = _path(values, "run")
    if folder is None:
        raise ConfigError(f"task={values['task']['name']} needs run=<folder of a finished run>, as in run=outputs/mri_motion")
    return folder


def _assemble(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen import tasks

    runs, out = values["runs"], _path(values, "out")
    if not isinstance(runs, list):
        raise ConfigError(f"runs={runs}: a list, as in 'runs=[outputs/mri_motion,outputs/ct_low_dose]'")
    if out is None:
        raise ConfigError("task=assemble needs out=<new folder>, as in out=outputs/set")
    per_level = None if values["task"]["per_level"] is None else _whole(values["task"], "per_level", "task.")
    assembled, counts, page, strata = tasks.assemble([Path(str(run)) for run in runs], out, per_level=per_level, seed=_whole(values, "seed"), console=console)
    for line in (*assembled.lines(), "drafted: " + ", ".join(f"{count} {name}" for name, count in counts.items()), *map(str, strata), f"report: {page}"):
        console.print(line, highlight=False, markup=False)
    return 0 if all(stratum.holds for stratum in strata) else WITH_FAILURES


def _draft(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen import tasks
    from medq_gen.run import locked

    folder = _run_folder(values)
    with locked(folder):
        counts = tasks.draft(folder)
        tasks.write_card(folder)
    console.print("drafted: " + ", ".join(f"{count} {name}" for name, count in counts.items()), highlight=False)
    return 0


def _report(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen import tasks

    console.print(f"report: {tasks.report(_run_folder(values))}", highlight=False, markup=False)
    return 0


def _export(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen import tasks

    exported = tasks.export(_run_folder(values), format=values["format"], out=_path(values, "out"))
    console.print(f"exported to {exported.path}: " + ", ".join(f"{count} in {name}" for name, count in exported.rows.items()), highlight=False, markup=False)
    return 0


def _answer(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen import tasks

    task = values["task"]
    with _terminable():
        answered = tasks.answer(
            _run_folder(values), model=values.get("model"), out=_path(values, "out"), split=task["split"], tasks=task["tasks"], console=console
        )
    for line in answered.lines():
        console.print(line, highlight=False, markup=False)
    return 0 if answered.is_whole else WITH_FAILURES


def _score(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen import tasks

    for scored in tasks.score(_run_folder(values), predictions=_path(values, "predictions"), out=_path(values, "out"), split=values["task"]["split"]):
        name = scored.figures["predictions"]["file"]
        console.print(f"{name}: accuracy {scored.accuracy:.4f}; figures in {scored.markdown_path}", highlight=False, markup=False)
    return 0


def _judge(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen import judge, tasks

    found = tasks.judge(_run_folder(values), predictions=_path(values, "predictions"), out=_path(values, "out"))
    for one in found:
        overall = one.figures["overall"]
        axes = ", ".join(f"{axis.replace('_', ' ')} {'–' if (mean := overall['axes'][axis]['mean']) is None else f'{mean:.3f}'}" for axis in judge.AXES)
        counts = f"{overall['judged']} judged, {overall['unjudged']} unjudged, {overall['missing']} missing"
        console.print(f"{one.figures['predictions']['name']}: {axes}; {counts}; figures in {one.markdown_path}", highlight=False, markup=False)
    if len(found) > 1 and not judge.may_be_ranked([one.figures for one in found]):
        console.print("the shares read differ by more than 10 points: this judge does not rank these models", highlight=False)
    return 0


def _judge_lm(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen import tasks

    whole = True
    with _terminable():
        for judged in tasks.judge_lm(
            _run_folder(values),
            predictions=_path(values, "predictions"),
            model=values.get("model"),
            how=values["task"],
            out=_path(values, "out"),
            console=console,
        ):
            whole = whole and judged.is_whole
            for line in judged.lines():
                console.print(line, highlight=False, markup=False)
    return 0 if whole else WITH_FAILURES


def _sheet(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen import tasks

    drawn = tasks.sheet(
        _run_folder(values), predictions=_path(values, "predictions"), how=values["task"], seed=_whole(values, "seed"), out=_path(values, "out")
    )
    for line in drawn.lines():
        console.print(line, highlight=False, markup=False)
    return 0


def _align(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen import tasks

    for line in tasks.align(_run_folder(values), how=values["task"], out=_path(values, "out")).lines():
        console.print(line, highlight=False, markup=False)
    return 0


def _leaderboard(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen import tasks

    for line in tasks.leaderboard(_run_folder(values), split=values["task"]["split"], out=_path(values, "out")).lines():
        console.print(line, highlight=False, markup=False)
    return 0


def _replay(values: Mapping[str, Any], console: Console) -> int:
    from medq_gen.errors import SampleError
    from medq_gen.replay import replay

    folder = _run_folder(values)
    if not values["key"]:
        raise ConfigError("task=replay needs key=<key of a record>, as in key=<case>/<recipe>/0/mild")
    try:
        replayed = replay(folder, str(values["key"]))
    except SampleError as error:
        console.print(f"{type(error).__name__}: {error}", highlight=False, markup=False)
        if error.__cause__ is not None:
            console.print("".join(traceback.format_exception(error.__cause__)), highlight=False, markup=False)
        return WITH_FAILURES
    out = _path(values, "out") or folder / "replay"
    out.mkdir(parents=True, exist_ok=True)
    picture = out / f"{replayed.key.replace('/', '-')}.png"
    picture.write_bytes(replayed.png)
    difference = "another shape" if replayed.most is None else f"largest difference {replayed.most} of 255"
    console.print(f"{replayed.key}: {'the same bytes' if replayed.same else f'other bytes, {difference}'}; {picture}", highlight=False, markup=False)
    return 0 if replayed.same else WITH_FAILURES


_TASKS: Mapping[str, Callable[[Mapping[str, Any], Console], int]] = {
    "assemble": _assemble,
    "draft": _draft,
    "report": _report,
    "export": _export,
    "answer": _answer,
    "score": _score,
    "judge": _judge,
    "judge_lm": _judge_lm,
    "sheet": _sheet,
    "align": _align,
    "leaderboard": _leaderboard,
    "replay": _replay,
}
