"""A real HTTP server on the loopback that speaks the protocol of chat completions, well or badly, as its script says."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Send:
    """What one request gets. body : sent as it is; cut : only so many bytes of it. hang_s : before the head; drip_s : between the bytes of the body."""

    body: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_s: float = 0.0
    drip_s: float = 0.0
    cut: int | None = None
    close: bool = False  # no head at all


@dataclass(frozen=True)
class Seen:
    """One request: its number (from 0), fields, headers, and when it came."""

    number: int
    fields: dict[str, Any]
    headers: dict[str, str]
    time: float

    @property
    def text(self) -> str:
        """The prompt."""
        return str(self.fields["messages"][0]["content"][-1]["text"])

    @property
    def pictures(self) -> list[str]:
        """The data URLs."""
        return [part["image_url"]["url"] for part in self.fields["messages"][0]["content"][:-1]]


def completion(text: object, *, reason: str = "stop", **message: object) -> str:
    """The body of a well-formed reply."""
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text, **message}}
    return json.dumps({"id": "1", "object": "chat.completion", "choices": [choice], "usage": {"prompt_tokens": 11, "completion_tokens": 2}})


def ok(seen: Seen) -> Send:
    """Always B."""
    return Send(completion("B"))


@dataclass
class Server:
    """A running server: its address and all it saw."""

    url: str
    seen: list[Seen]

    def texts(self) -> list[str]:
        """The prompts, in the order in which they came."""
        return [one.text for one in self.seen]


def _handler(script: Callable[[Seen], Send], seen: list[Seen], lock: threading.Lock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            fields = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                mine = Seen(len(seen), fields, dict(self.headers), time.monotonic())
                seen.append(mine)
            send = script(mine)
            time.sleep(send.hang_s)
            with suppress(OSError):  # a client that has gone
                self._send(send)

        def _send(self, send: Send) -> None:
            if send.close:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            body = send.body.encode("utf-8", "surrogatepass")
            self.send_response(send.status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **send.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if send.drip_s:
                for place in range(len(body)):
                    self.wfile.write(body[place : place + 1])
                    self.wfile.flush()
                    time.sleep(send.drip_s)
                return
            self.wfile.write(body if send.cut is None else body[: send.cut])
            if send.cut is not None:
                self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:
            """Quiet."""

    return Handler


class _Threads(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no news."""


@contextmanager
def serving(script: Callable[[Seen], Send] = ok, *, port: int = 0) -> Iterator[Server]:
    """A server for the length of a block."""
    seen: list[Seen] = []
    server = _Threads(("127.0.0.1", port), _handler(script, seen, threading.Lock()))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_address[1]}/v1", seen)
    finally:
        server.shutdown()
        server.server_close()


def main(port: int, delay_s: float) -> None:
    """A server that can be killed: as a process of its own it answers with a letter made of the prompt."""

    def script(seen: Seen) -> Send:
        letters = re.findall(r"^([A-E])\. ", seen.text, flags=re.MULTILINE) or ["A picture. Overall, the quality of this image is usable."]
        return Send(completion(letters[len(seen.text) % len(letters)]), hang_s=delay_s)

    with serving(script, port=port):
        print("ready", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
