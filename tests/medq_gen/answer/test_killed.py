"""Answering survives being killed, the client or the server, at any moment: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import fake_store
import loopback
import pytest
from fake_store import Options
from loopback import Seen, Send, completion, serving

from medq_gen.app import run_command
from medq_gen.store import Store

pytest.importorskip("openai", reason="the extra `answer` is not installed")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fake_store.make(tmp_path_factory.mktemp("run") / "run", Options(cases=12))


def command(run: Store, url: str, out: Path, *more: str) -> list[str]:
    given = [f"run={run.path}", "model=openai_compatible", f"model.base_url={url}", "model.name=eye", f"out={out}", "model.concurrency=6", *more]
    return [sys.executable, "-m", "medq_gen", "task=answer", *given]


def start(words: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def wanted(run: Store) -> dict[str, list[str]]:
    names = {"perception": "questions", "description": "reasoning", "comparison": "pairs"}
    return {task: [item["id"] for item in run.items(name)] for task, name in names.items()}


@pytest.mark.slow
def test_a_client_that_is_killed_again_and_again_loses_and_doubles_nothing(run: Store, tmp_path: Path) -> None:
    """SIGKILL at random moments, then one start to the end: each item once, in order; at most the requests in flight at each kill were sent twice."""
    total = sum(map(len, wanted(run).values()))
    rng = random.Random(5)
    with serving(lambda seen: Send(completion("B"), hang_s=0.03)) as server:
        kills = 0
        while kills < 6:
            before = len(server.seen)
            client = start(command(run, server.url, tmp_path))
            while len(server.seen) == before and client.poll() is None:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.12))
            if client.poll() is not None or len(list((tmp_path / "cache").rglob("*.json"))) > total - 12:
                break
            client.kill()
            client.communicate()
            kills += 1
        last = client if client.returncode is None else start(command(run, server.url, tmp_path))
        said = last.communicate(timeout=120)
        assert last.returncode == 0, said
        assert kills >= 4
        assert total <= len(server.seen) <= total + 6 * kills
    for task, items in wanted(run).items():
        assert ids(tmp_path / task / "eye.jsonl") == items
    about = json.loads((tmp_path / "about" / "eye.json").read_text())
    assert sum(counts["answered"] for counts in about["counts"].values()) == total
    assert not list(tmp_path.rglob("*.jsonl.*"))


@pytest.mark.slow
def test_a_server_that_is_killed_leaves_items_for_the_next_start(run: Store, tmp_path: Path) -> None:
    """The server dies in the middle: the client ends by itself with exit 1 and keeps what it has; with the server back the same command finishes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quick = ("model.tries=2", "model.backoff_s=0.01", "model.give_up_after=8")
    words = command(run, f"http://127.0.0.1:{port}/v1", tmp_path, *quick)

    def serve() -> subprocess.Popen[str]:
        server = start([sys.executable, loopback.__file__, str(port), "0.02"])
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        return server

    server = serve()
    client = start(words)
    while len(list((tmp_path / "cache").rglob("*.json"))) < 20:
        assert client.poll() is None, client.communicate()
        time.sleep(0.01)
    server.kill()
    server.communicate()
    said = client.communicate(timeout=60)[1]
    assert client.returncode == 1, said
    assert "items in a row failed" in said
    assert "the same command asks only what is open or failed" in said
    kept = {path.name: path.read_bytes() for path in (tmp_path / "cache").rglob("*.json")}
    assert 20 <= len(kept) < sum(map(len, wanted(run).values()))
    server = serve()
    try:
        client = start(words)
        said = client.communicate(timeout=60)[1]
    finally:
        server.kill()
        server.communicate()
    assert client.returncode == 0, said
    assert {name: next((tmp_path / "cache").rglob(name)).read_bytes() for name in kept} == kept
    for task, items in wanted(run).items():
        assert ids(tmp_path / task / "eye.jsonl") == items


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130_and_writes_what_is_known(run: Store, tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM: exit 130, the predictions so far in order, the rest told as open."""

    go_on = threading.Event()

    def script(seen: Seen) -> Send:
        if seen.number >= 40:  # however late the signal comes, the client is still asking
            go_on.wait(30)
        return Send(completion("B"), hang_s=0.05)

    with serving(script) as server:
        client = start(command(run, server.url, tmp_path))
        while len(list((tmp_path / "cache").rglob("*.json"))) < 10:
            assert client.poll() is None, client.communicate()
            time.sleep(0.01)
        client.send_signal(number)
        threading.Timer(1.0, go_on.set).start()
        said = client.communicate(timeout=60)
    assert client.returncode == 130, said
    found = ids(tmp_path / "perception" / "eye.jsonl")
    assert len(found) >= 9  # the reply that was being kept when the signal came is in the cache, not yet in the file
    assert found == [item for item in wanted(run)["perception"] if item in set(found)]
    about = json.loads((tmp_path / "about" / "eye.json").read_text())
    assert about["stopped"] == "interrupted"
    assert about["counts"]["perception"]["open"] == len(wanted(run)["perception"]) - len(found)


def test_the_command_line_says_what_is_missing(run: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No model, an unknown one, a setting before its model, a key where none belongs, a model in a simulation: exit 2, what is allowed, never the key."""
    secret = "sk-0123456789abcdef"
    cases = [
        (["task=answer", f"run={run.path}"], "task=answer needs model="),
        (["task=answer", f"run={run.path}", "model=gpt"], "unknown model 'gpt'. Allowed: "),
        (["task=answer", f"run={run.path}", "model.base_url=http://a/v1"], "Name the kind of model first"),
        (["task=answer", f"run={run.path}", "model=openai_compatible", f"model.api_key={secret}"], "unknown key 'model.api_key'"),
        (["task=answer", f"run={run.path}", "model=openai_compatible", f"+model.api_key={secret}"], "model.base_url"),
        (["task=answer", f"run={run.path}", "model=openai_compatible", "model.base_url=http://a/v1"], "needs model.name="),
        (["task=answer", "model=openai_compatible"], "task=answer needs run="),
        (["recipe=mri_noise", "model=openai_compatible"], "model=openai_compatible: is for task=answer"),
    ]
    for words, message in cases:
        assert run_command(words) == 2, words
        said = " ".join(capsys.readouterr().err.split())
        assert message in said, (words, said)
        assert secret not in said
