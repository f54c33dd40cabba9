"""Judging survives being killed, and the command line says what is missing."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import fake_store
import pytest
from fake_store import Options
from loopback import Seen, Send, completion, serving

from medq_gen.app import run_command
from medq_gen.store import Store

pytest.importorskip("openai", reason="the extra `answer` is not installed")
ROOT = Path(__file__).resolve().parents[3]
TEXT = "The image is blurred. Overall, the quality of this image is usable."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fake_store.make(tmp_path_factory.mktemp("run") / "run", Options(cases=4))


def ids(run: Store) -> list[str]:
    return [row["id"] for name in ("reasoning", "pairs") for row in run.items(name)]


def predictions(run: Store, folder: Path) -> Path:
    """The answers of a model as task=answer leaves them."""
    for kind, name in (("description", "reasoning"), ("comparison", "pairs")):
        path = folder / "answer" / kind / "eye.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps({"id": row["id"], "prediction": TEXT, "status": "answered"}) + "\n" for row in run.items(name)))
    return folder / "answer"


def command(run: Store, url: str, out: Path, texts: Path, *more: str) -> list[str]:
    given = [f"run={run.path}", f"predictions={texts}", "model=openai_compatible", f"model.base_url={url}", "model.name=judge", f"out={out}", *more]
    return [sys.executable, "-m", "medq_gen", "task=judge_lm", "model.concurrency=4", *given]


def start(words: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def script(seen: Seen) -> Send:
    """One reply in three cannot be read at first, always for the same prompts."""
    (code,) = set(re.findall(r"<description-([0-9a-f]{12})>", seen.text))
    if int(code, 16) % 3 == 0 and "could not be read" not in seen.text:
        return Send(completion("A fine description."), hang_s=0.02)
    return Send(completion(json.dumps({"check": code, "reason": "r", "quote": "blurred", "score": int(code, 16) % 2 * 2})), hang_s=0.02)


@pytest.mark.slow
def test_a_judge_that_is_killed_again_and_again_ends_with_the_scores_of_one_that_is_not(run: Store, tmp_path: Path) -> None:
    """SIGKILL at random moments, then one start to the end: the rows of an undisturbed start, byte for byte; at most the requests in flight were sent twice."""
    texts = predictions(run, tmp_path)
    rng, kills = random.Random(3), 0
    with serving(script) as server:
        whole = start(command(run, server.url, tmp_path / "whole", texts, "task.rounds=2"))
        said = whole.communicate(timeout=300)
        assert whole.returncode == 0, said
        total = len(server.seen)
        while kills < 4:
            before = len(server.seen)
            client = start(command(run, server.url, tmp_path / "killed", texts, "task.rounds=2"))
            while len(server.seen) == before and client.poll() is None:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.3))
            assert client.poll() is None, client.communicate()
            client.kill()
            client.communicate()
            kills += 1
        last = start(command(run, server.url, tmp_path / "killed", texts, "task.rounds=2"))
        said = last.communicate(timeout=300)
        assert last.returncode == 0, said
        assert total <= len(server.seen) - total <= total + 4 * kills
    names = sorted(path.name for path in (tmp_path / "whole").glob("eye.*"))
    assert [name for name in names if not name.endswith(".lock")] == [f"eye.by-judge.{suffix}" for suffix in ("csv", "json", "jsonl", "md")]
    for suffix in ("jsonl", "csv", "md"):
        first, second = ((tmp_path / name / f"eye.by-judge.{suffix}").read_bytes() for name in ("whole", "killed"))
        assert first == second
    found = [json.loads(line) for line in (tmp_path / "killed" / "eye.by-judge.jsonl").read_text().splitlines()]
    assert [row["item"] for row in found] == ids(run)
    assert {row["status"] for row in found} == {"judged"}
    figures = json.loads((tmp_path / "killed" / "eye.by-judge.json").read_text())
    assert figures["asked"]["replies"] == total
    assert figures["asked"]["asked_again"] > 0


@pytest.mark.slow
def test_an_interrupt_ends_with_130_and_writes_what_is_known(run: Store, tmp_path: Path) -> None:
    """SIGTERM: exit 130, the scores so far, the rest told as open."""
    texts = predictions(run, tmp_path)
    with serving(lambda seen: Send(script(seen).body, hang_s=0.1)) as server:
        client = start(command(run, server.url, tmp_path / "out", texts))
        while len(list((tmp_path / "out" / "cache").rglob("*.json"))) < 10:
            assert client.poll() is None, client.communicate()
            time.sleep(0.01)
        client.send_signal(signal.SIGTERM)
        said = client.communicate(timeout=60)
    assert client.returncode == 130, said
    figures = json.loads((tmp_path / "out" / "eye.by-judge.json").read_text())
    assert figures["stopped"] == "interrupted"
    assert figures["asked"]["open"] > 0
    assert 8 <= figures["asked"]["replies"] < 4 * len(ids(run))
    assert len((tmp_path / "out" / "eye.by-judge.jsonl").read_text().splitlines()) == len(ids(run))


def test_the_command_line_says_what_is_missing(run: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No run, no predictions, no judge, a wrong setting: exit 2 and what is allowed; a model in a simulation names its tasks."""
    texts = predictions(run, tmp_path)
    given = [f"run={run.path}", f"predictions={texts}"]
    cases = [
        (["task=judge_lm"], "task=judge_lm needs run="),
        (["task=judge_lm", f"run={run.path}"], "task=judge_lm needs predictions="),
        (["task=judge_lm", *given], "task=judge_lm needs model=openai_compatible"),
        (["task=judge_lm", *given, "model=openai_compatible", "task.prompts=mine"], "task.prompts=mine is not known; allowed: own, official"),
        (["task=judge_lm", *given, "model=openai_compatible", "task.promts=own"], "unknown key 'task.promts'"),
        (["task=judge_lm", *given, "model=openai_compatible", "model.base_url=http://127.0.0.1:9/v1"], "needs model.name="),
        (["recipe=mri_noise", "model=openai_compatible"], "is for task=answer and task=judge_lm"),
    ]
    for words, message in cases:
        assert run_command(words) == 2, words
        said = " ".join(capsys.readouterr().err.split())
        assert message in said, (words, said)
