"""Endpoints: a real server on the loopback behaves in every way that servers do, and nothing of the client is replaced."""

from __future__ import annotations

import base64
import email.utils
import io
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_store
import numpy as np
import pytest
import yaml
from loopback import Seen, Send, completion, ok, serving
from PIL import Image
from rich.console import Console

from medq_gen.answer import Answered, answer
from medq_gen.composition import conf_dir
from medq_gen.errors import ConfigError, StoreError
from medq_gen.export.pictures import for_loaders
from medq_gen.score import score
from medq_gen.store import Store

pytest.importorskip("openai", reason="the extra `answer` is not installed")
KEY = "sk-loop/back+0123456789abcdef"
QUICK = {"backoff_s": 0.01, "backoff_most_s": 0.02, "timeout_s": 20.0}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fake_store.make(tmp_path_factory.mktemp("run") / "run")


def settings(url: str, **more: Any) -> dict[str, Any]:
    """The shipped defaults, with a server and a model."""
    shipped = yaml.safe_load((conf_dir() / "model" / "openai_compatible.yaml").read_text())
    return {**shipped, "base_url": url, "name": "maker/eye-7b", **QUICK, **more}


def ask(run: Store, url: str, out: Path, *, tasks: tuple[str, ...] = ("perception",), split: str | None = None, **more: Any) -> tuple[Answered, str]:
    """What was answered, and what the console said."""
    said = io.StringIO()
    answered = answer(run, settings(url, **more), out=out, tasks=tasks, split=split, console=Console(file=said, width=1000))
    return answered, said.getvalue()


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def files_of(folder: Path) -> str:
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*")) if path.is_file())


def test_every_item_is_asked_once_and_answered_in_order(run: Store, tmp_path: Path) -> None:
    """Questions, descriptions and pairs: as many requests as items, one row an item in the order of the run, and the score finds them all."""
    with serving(ok) as server:
        answered, _ = ask(run, server.url, tmp_path, tasks=("perception", "description", "comparison"))
    wanted = {"perception": run.items("questions"), "description": run.items("reasoning"), "comparison": run.items("pairs")}
    assert answered.is_whole
    assert len(server.seen) == sum(map(len, wanted.values()))
    for task, items in wanted.items():
        assert answered.paths[task] == tmp_path / task / "maker-eye-7b.jsonl"
        assert [row["id"] for row in rows(answered.paths[task])] == [item["id"] for item in items]
        assert {(row["prediction"], row["status"]) for row in rows(answered.paths[task])} == {("B", "answered")}
    figures = score(run, answered.paths["perception"], out=tmp_path / "score").figures
    assert figures["overall"]["missing"] == figures["overall"]["unreadable"] == 0
    assert figures["strays"]["unknown"] == []


def test_the_model_sees_the_picture_and_the_question_and_no_more(run: Store, tmp_path: Path) -> None:
    """The pictures arrive byte for byte as the exporter makes them, both of a pair in their order; the prompt holds stem and options, never key or level."""
    with serving(ok) as server:
        ask(run, server.url, tmp_path, tasks=("perception", "comparison"))
    asked = Counter((seen.text, tuple(seen.pictures)) for seen in server.seen)

    def url(key: str) -> str:
        return "data:image/png;base64," + base64.b64encode(for_loaders(run.image(key))).decode()

    for item in run.items("questions"):
        lines = [item["question"], *(f"{letter}. {option}" for letter, option in zip("ABCD", item["options"], strict=False))]
        text = next(text for text, pictures in asked if text.startswith("\n".join(lines) + "\n") and pictures == (url(item["record"]),))
        assert not {item["level"], item["recipe"], item["record"], item["id"]} & set(text.replace("\n", " ").split())
    for pair in run.items("pairs"):
        assert any(pictures == (url(pair["first"]), url(pair["second"])) for _, pictures in asked)
    sent = server.seen[0].fields
    assert {name: sent[name] for name in ("model", "temperature", "max_tokens", "seed")} == {
        "model": "maker/eye-7b", "temperature": 0.0, "max_tokens": 2048, "seed": 0
    }  # fmt: skip
    assert "top_p" not in sent


def test_jpeg_is_sent_where_asked_for(run: Store, tmp_path: Path) -> None:
    """JPEG of the stated quality arrives in place of PNG, close to the picture but not it, and the two never share a reply."""
    with serving(ok) as server:
        ask(run, server.url, tmp_path)
        png = server.seen[0]
        count = len(server.seen)
        ask(run, server.url, tmp_path, picture="jpeg", jpeg_quality=60, title="as-jpeg")
        assert len(server.seen) == 2 * count
        jpeg = next(seen for seen in server.seen[count:] if seen.text == png.text)
    assert jpeg.pictures[0].startswith("data:image/jpeg;base64,")
    codes = [np.asarray(Image.open(io.BytesIO(base64.b64decode(seen.pictures[0].partition(",")[2]))), dtype=float) for seen in (png, jpeg)]
    assert codes[0].shape == codes[1].shape


def now_and_then(trouble: Callable[[], Send]) -> Callable[[Seen], Send]:
    """Trouble for the first try of every prompt, then an answer."""
    known: set[tuple[str, str]] = set()

    def script(seen: Seen) -> Send:
        name = (seen.text, seen.pictures[0])
        if name in known:
            return ok(seen)
        known.add(name)
        return trouble()

    return script


TROUBLE: dict[str, Send] = {
    "429 with Retry-After": Send("{}", 429, {"Retry-After": "0.05"}),
    "429 with milliseconds": Send("{}", 429, {"retry-after-ms": "50"}),
    "429 without": Send("slow down", 429),
    "500": Send('{"error": {"message": "the model fell over"}}', 500),
    "502 in HTML": Send("<html>Bad Gateway</html>", 502, {"Content-Type": "text/html"}),
    "503 with nonsense to wait for": Send("", 503, {"Retry-After": "soon"}),
    "529": Send("overloaded", 529),
    "408": Send("", 408),
    "hang": Send(completion("A"), hang_s=60),
    "a byte now and then": Send(completion("A"), drip_s=0.05),
    "no head": Send(close=True),
    "cut": Send(completion("A"), cut=40),
    "cut before the body": Send(completion("A"), cut=0),
    "garbage": Send("\x00\x01 not JSON {{{"),
    "HTML with status 200": Send("<html>login</html>", headers={"Content-Type": "text/html"}),
    "half a JSON": Send('{"choices": [{"message": {"content": "A'),
    "wrong JSON": Send('{"answer": "A"}'),
    "a list": Send('["A"]'),
    "a number": Send("7"),
    "no choices": Send('{"choices": []}'),
    "choices of null": Send('{"choices": null}'),
    "a choice without message": Send('{"choices": [{"text": "A"}]}'),
    "an error with status 200": Send('{"error": {"message": "no capacity", "code": 429}}'),
    "empty body": Send(""),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_that_passes_costs_a_try_and_no_item(run: Store, tmp_path: Path, name: str) -> None:
    """Whatever goes wrong with the first try of each item, the second brings the answer: two requests an item, every item answered, trouble told."""
    slow = TROUBLE[name].hang_s or TROUBLE[name].drip_s
    with serving(now_and_then(lambda: TROUBLE[name])) as server:
        answered, said = ask(run, server.url, tmp_path, split="test", timeout_s=1.5 if slow else 60.0, concurrency=16)
    assert answered.counts == {"perception": Counter(answered=8)}
    assert {row["prediction"] for row in rows(answered.paths["perception"])} == {"B"}
    assert len(server.seen) == 16 or (slow and len(server.seen) > 16)  # on a busy machine a good answer may come too late as well
    assert "try 1 of 6" in said


def test_trouble_that_stays_is_bounded_and_counted(run: Store, tmp_path: Path) -> None:
    """A server that always fails gets exactly `tries` requests an item; the items are failed, not cached, count as missing, and are asked by the next start."""
    with serving(lambda seen: Send("boom", 500)) as server:
        answered, _ = ask(run, server.url, tmp_path, split="test", tries=3, give_up_after=100)
        assert answered.counts == {"perception": Counter(failed=8)}
        assert not answered.is_whole
        assert len(server.seen) == 24
    row = rows(answered.paths["perception"])[0]
    assert (row["prediction"], row["status"]) == (None, "failed")
    assert "status 500: boom" in row["reason"]
    assert score(run, answered.paths["perception"], out=tmp_path / "score", split="test").figures["overall"]["missing"] == 8
    with serving(ok, port=int(server.url.split(":")[2].split("/")[0])) as again:
        answered, _ = ask(run, again.url, tmp_path, split="test")
    assert answered.is_whole
    assert len(again.seen) == 8


def test_a_dead_server_ends_the_asking(run: Store, tmp_path: Path) -> None:
    """After `give_up_after` items in a row that fail nobody waits for the rest; what is open is told as open."""
    with serving() as server:
        url = server.url
    answered, said = ask(run, url, tmp_path, tries=2, give_up_after=3, concurrency=1)
    assert answered.stopped
    assert "3 items in a row failed" in answered.stopped
    assert answered.counts["perception"] == Counter(failed=3, open=19)
    assert "Connect" in said


def test_a_request_that_is_rejected_is_not_repeated(run: Store, tmp_path: Path) -> None:
    """Status 400 (a picture too large, an unknown field) fails the item at once; a filter's 400 is a refusal, and is kept."""
    with serving(lambda seen: Send('{"error": {"message": "context length exceeded"}}', 400)) as server:
        answered, _ = ask(run, server.url, tmp_path / "long", split="test", give_up_after=100)
    assert answered.counts == {"perception": Counter(failed=8)}
    assert len(server.seen) == 8
    with serving(lambda seen: Send('{"error": {"code": "content_filter", "message": "blocked"}}', 400)) as server:
        for _ in range(2):
            answered, _ = ask(run, server.url, tmp_path / "filter", split="test")
    assert answered.counts == {"perception": Counter(refused=8)}
    assert answered.is_whole
    assert len(server.seen) == 8


@pytest.mark.parametrize(("status", "hint"), [(401, "model.api_key_env"), (403, "model.api_key_env"), (404, "model.name=maker/eye-7b")])
def test_what_no_try_can_mend_ends_the_asking_at_once(run: Store, tmp_path: Path, status: int, hint: str) -> None:
    """A refused key or an unknown model stops after the requests in flight, with what to look at."""
    with serving(lambda seen: Send("{}", status)) as server:
        answered, _ = ask(run, server.url, tmp_path, concurrency=2)
    assert answered.stopped
    assert hint in answered.stopped
    assert len(server.seen) <= 2
    assert answered.counts["perception"]["open"] == 22


KEPT = {
    "refusal field": (completion(None, refusal="I cannot help with that."), "refused", "I cannot help with that."),
    "filter": (completion("", reason="content_filter"), "refused", None),
    "empty": (completion(""), "empty", None),
    "blank": (completion("  \n"), "empty", None),
    "null": (completion(None), "empty", None),
    "cut off": (completion("The image shows", reason="length"), "cut_off", "The image shows"),
    "cut off while thinking": (completion(None, reason="length", reasoning_content="hm"), "cut_off", None),
    "parts": (completion([{"type": "text", "text": "The answer "}, {"type": "text", "text": "is B"}]), "answered", "The answer is B"),
    "half a surrogate pair": ('{"choices": [{"message": {"content": "B \\ud83d"}}]}', "answered", "B ?"),
    "a spoken refusal": (completion("I'm sorry, but I can't help with medical images."), "answered", "I'm sorry, but I can't help with medical images."),
}


@pytest.mark.parametrize("name", KEPT)
def test_replies_that_are_no_answer_are_kept_as_they_are(run: Store, tmp_path: Path, name: str) -> None:
    """Refusals, empty and cut-off replies are replies: kept with their status, not asked again."""
    body, status, text = KEPT[name]
    with serving(lambda seen: Send(body)) as server:
        for _ in range(2):
            answered, _ = ask(run, server.url, tmp_path, split="test")
    assert answered.counts == {"perception": Counter({status: 8})}
    assert answered.is_whole
    assert len(server.seen) == 8
    assert {(row["status"], row["prediction"]) for row in rows(answered.paths["perception"])} == {(status, text)}


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_all_workers_wait_as_long_as_the_server_asks(run: Store, tmp_path: Path, form: str) -> None:
    """After a 429 with Retry-After no request of any worker comes before the time is over, but for those that were on their way."""

    def script(seen: Seen) -> Send:
        if seen.number:
            return Send(completion("A"), hang_s=0.3 if seen.number < 3 else 0.0)  # those on their way are still so when the pause begins
        return Send("{}", 429, {"Retry-After": "0.7" if form == "seconds" else email.utils.formatdate(time.time() + 2.5, usegmt=True)})

    with serving(script) as server:
        answered, _ = ask(run, server.url, tmp_path, concurrency=3)
    assert answered.is_whole
    first = server.seen[0].time
    waited = [seen.time - first for seen in server.seen[3:]]
    assert min(waited) > (0.65 if form == "seconds" else 1.0)


def test_a_server_that_asks_for_too_much_patience_ends_the_asking(run: Store, tmp_path: Path) -> None:
    """A daily quota is no reason to sleep for a day: the start ends, says so, and a later one goes on."""
    with serving(lambda seen: ok(seen) if seen.number < 5 else Send("quota", 429, {"Retry-After": "86400"})) as server:
        answered, _ = ask(run, server.url, tmp_path, concurrency=1)
    assert answered.stopped
    assert "86400 s, more than model.retry_after_most_s=600" in answered.stopped
    assert answered.counts["perception"] == Counter(answered=5, open=17)
    assert len(rows(answered.paths["perception"])) == 5


def test_concurrency_and_rate_are_kept(run: Store, tmp_path: Path) -> None:
    """Never more requests at a time than allowed, and as many where the server is slow; with 600 a minute, 22 requests take 2.1 s."""
    at_once, most, lock = 0, 0, threading.Lock()

    def script(seen: Seen) -> Send:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.1)
        with lock:
            at_once -= 1
        return ok(seen)

    with serving(script) as server:
        ask(run, server.url, tmp_path / "crowd", concurrency=4)
        assert most == 4
    with serving(ok) as server:
        started = time.monotonic()
        ask(run, server.url, tmp_path / "rate", requests_per_minute=600, concurrency=8)
    assert [seen.time - started > 0.099 * number for number, seen in enumerate(server.seen)] == [True] * 22


def echo(seen: Seen) -> Send:
    """Everything that was sent, as the model's answer."""
    return Send(completion(json.dumps({"headers": seen.headers, "prompt": seen.text})))


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_the_key_reaches_the_server_and_nothing_else(run: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """A server that echoes all headers in its answer or in its error: no file, no line of the console and no message holds the key."""
    monkeypatch.setenv("EYE_KEY", KEY)
    with serving(lambda seen: echo(seen) if status == 200 else Send(f"bad key {KEY} {json.dumps(seen.headers)}", status, {"X-Key": KEY})) as server:
        answered, said = ask(run, server.url, tmp_path, split="test", api_key_env="EYE_KEY", tries=2)
    assert server.seen[0].headers["authorization"] == f"Bearer {KEY}"
    everything = files_of(tmp_path) + said + repr(answered) + "\n".join(answered.lines())
    assert "loop" not in everything.replace(server.url, "")
    assert "0123456789abcdef" not in everything
    if status == 200:
        assert "Bearer [key]" in rows(answered.paths["perception"])[0]["prediction"]


def test_no_other_secret_of_the_environment_is_sent(run: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and organisations that lie about for another service go nowhere unless they are named."""
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "of-another-service")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/elsewhere")
    with serving(ok) as server:
        ask(run, server.url, tmp_path, split="test")
    assert "of-another-service" not in json.dumps([seen.headers for seen in server.seen])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"api_key_env": KEY}, r"takes the name of an environment variable"),
        ({"api_key_env": "NOT_SET_ANYWHERE"}, r"names none that is set"),
        ({"api_key": KEY}, r"unknown key 'model.api_key' of model=openai_compatible. Allowed: model.title, model.base_url"),
        ({"base_url": f"http://user:{KEY.replace('/', '')}@host/v1"}, r"holds a user, password or query"),
        ({"base_url": f"http://host/v1?key={KEY}"}, r"holds a user, password or query"),
        ({"base_url": "localhost:8000"}, r"no http address; allowed: http://host:port/v1"),
        ({"base_url": "http://[::1"}, r"no address"),
        ({"base_url": None}, r"needs model.base_url="),
        ({"name": ""}, r"needs model.name="),
        ({"temperature": -1}, r"model.temperature=-1: a number from 0, or null"),
        ({"top_p": 2}, r"model.top_p=2: a number from 0 to 1, or null"),
        ({"seed": 1.5}, r"model.seed=1.5: a whole number from 0, or null"),
        ({"concurrency": 0}, r"model.concurrency=0: a whole number from 1"),
        ({"timeout_s": "long"}, r"model.timeout_s=long: a number from 0.01"),
        ({"picture": "gif"}, r"model.picture=gif is not known; allowed: png, jpeg"),
        ({"extra_body": [1]}, r"model.extra_body: fields and their values"),
        ({"kind": "oracle"}, r"model.kind=oracle is not known; allowed: openai_compatible"),
    ],
)
def test_wrong_settings_stop_before_anything_is_asked(run: Store, tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    """The message says what is allowed, never shows what may be a key, and no folder is made."""
    with pytest.raises(ConfigError, match=message) as error:
        ask(run, "http://127.0.0.1:9/v1", tmp_path / "out", **wrong)
    assert "0123456789abcdef" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_everything_that_decides_a_reply_is_in_its_hash(run: Store, tmp_path: Path) -> None:
    """Any setting that is sent, the round and the address ask anew; paces, bounds and the number of workers do not."""
    with serving(ok) as server:
        changes: list[dict[str, Any]] = [
            {}, {"name": "maker/eye-8b"}, {"temperature": 0.5}, {"temperature": None}, {"top_p": 0.9}, {"max_tokens": 16}, {"seed": 1}, {"seed": None},
            {"extra_body": {"top_k": 1}}, {"round": 1}, {"picture": "jpeg"}, {"picture": "jpeg", "jpeg_quality": 90},
        ]  # fmt: skip
        for number, change in enumerate(changes):
            ask(run, server.url, tmp_path, split="test", title=f"model {number}", **change)
            assert len(server.seen) == 8 * (number + 1), change
        count = len(server.seen)
        ask(run, server.url + "/", tmp_path, split="test", title="paces", concurrency=1, tries=1, timeout_s=9, requests_per_minute=1e6, backoff_s=3)
        assert len(server.seen) == count
        ask(run, server.url.replace("127.0.0.1", "localhost"), tmp_path, split="test", title="address")
        assert len(server.seen) == count + 8
    assert server.seen[8 * 8].fields["top_k"] == 1
    kept = [json.loads(path.read_text()) for path in (tmp_path / "cache").rglob("*.json")]
    assert len(kept) == 8 * 13
    assert all(entry["key"] == path.stem for entry, path in zip(kept, (tmp_path / "cache").rglob("*.json"), strict=True))
    assert "base64" not in files_of(tmp_path / "cache")


def test_answers_under_other_settings_are_not_overwritten(run: Store, tmp_path: Path) -> None:
    """The same title with another temperature is refused, and the difference named; another split adds to the file."""
    with serving(ok) as server:
        answered, _ = ask(run, server.url, tmp_path, split="test")
        with pytest.raises(ConfigError, match=r"temperature was 0.0, now 1.0.*model.title="):
            ask(run, server.url, tmp_path, split="test", temperature=1.0)
        before = rows(answered.paths["perception"])
        answered, _ = ask(run, server.url, tmp_path, split="dev")
    after = rows(answered.paths["perception"])
    assert [row for row in after if row in before] == before
    assert len(after) == len(before) + 6


def test_a_damaged_file_of_predictions_is_written_anew(run: Store, tmp_path: Path) -> None:
    """Lines that are cut, foreign or doubled do no harm: the next start writes each item once, from the cache."""
    with serving(ok) as server:
        answered, _ = ask(run, server.url, tmp_path, split="test")
        path = answered.paths["perception"]
        whole = path.read_bytes()
        lines = whole.decode().splitlines()
        path.write_text("\n".join([lines[0], lines[0], lines[1][:20], "[]", '{"id": 3}', *lines[4:]]) + "\n\x00")
        ask(run, server.url, tmp_path, split="test")
    assert path.read_bytes() == whole
    assert len(server.seen) == 8


def test_a_damaged_reply_is_asked_again(run: Store, tmp_path: Path) -> None:
    """A file that is cut, empty or another's holds no reply; leftovers of a killed writer are no replies either."""
    with serving(ok) as server:
        ask(run, server.url, tmp_path, split="test")
        paths = sorted((tmp_path / "cache").rglob("*.json"))
        paths[0].write_text(paths[0].read_text()[:50])
        paths[1].write_text("")
        paths[2].write_text(paths[3].read_text())
        half = paths[4].parent / f".tmp-{paths[4].name}-99"
        half.write_text("{")
        os.utime(half, (1e9, 1e9))
        answered, _ = ask(run, server.url, tmp_path, split="test")
    assert answered.is_whole
    assert len(server.seen) == 8 + 3
    assert not list((tmp_path / "cache").rglob(".tmp-*"))


def test_two_starts_do_not_write_one_model(run: Store, tmp_path: Path) -> None:
    """While one start answers, a second one under the same title is refused, and another model's is not."""
    begun, refused = threading.Event(), threading.Event()

    def script(seen: Seen) -> Send:
        begun.set()
        refused.wait(15)
        return Send(completion("A"))

    with serving(script) as server:
        first = threading.Thread(target=ask, args=(run, server.url, tmp_path), kwargs={"split": "test"})
        first.start()
        begun.wait(60)
        with pytest.raises(StoreError, match=r"is being written"):
            ask(run, server.url, tmp_path, split="test")
        refused.set()
        other, _ = ask(run, server.url, tmp_path, split="test", title="other", name="other")
        first.join()
    assert other.is_whole


def test_progress_tells_rate_and_time_left(run: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain lines where no terminal is: items done, replies a second, seconds left; what the cache held counts as done, not as speed."""
    monkeypatch.setattr("medq_gen.progress.LINE_EVERY_S", 0.0)
    with serving(lambda seen: Send(completion("A"), hang_s=0.01)) as server:
        ask(run, server.url, tmp_path, split="test")
        _, said = ask(run, server.url, tmp_path)
    lines = [line for line in said.splitlines() if "replies/s" in line]
    assert lines[0].startswith("9/22 items")
    assert lines[-1].startswith("22/22 items")
    assert lines[-1].endswith("about 0 s left")


def test_a_wrong_split_or_task_is_answered_with_what_there_is(run: Store, tmp_path: Path) -> None:
    """Both name what the run has."""
    with pytest.raises(ConfigError, match=r"it has .*perception in test"):
        ask(run, "http://127.0.0.1:9/v1", tmp_path, split="validation")
    with pytest.raises(ConfigError, match=r"'reasoning' is not known; allowed: perception, description, comparison"):
        ask(run, "http://127.0.0.1:9/v1", tmp_path, tasks=("reasoning",))


def test_without_the_library_the_message_says_what_to_install(run: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named; nothing else of the tool needs it."""
    monkeypatch.setitem(__import__("sys").modules, "openai", None)
    with pytest.raises(ConfigError, match=r"pip install 'medq-gen\[answer\]'"):
        ask(run, "http://127.0.0.1:9/v1", tmp_path)
    assert not list(tmp_path.iterdir())
