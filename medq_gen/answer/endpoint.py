"""model=openai_compatible: one request to an endpoint, tried again within bounds. The openai library speaks the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from medq_gen.answer.asked import Asked
from medq_gen.answer.cache import Cache, key_of
from medq_gen.answer.pace import Pace, Patience, asked_for_s
from medq_gen.answer.reply import MalformedReply, Reply, read_body
from medq_gen.answer.secret import Secret
from medq_gen.answer.shown import Pictures
from medq_gen.errors import ConfigError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

FILLER = "no-key"  # the protocol has a field for the key; servers that want none ignore it
CONNECT_S = 20.0
_AGAIN = frozenset({408, 409, 425, 429})  # and every 5xx
_DECLINED = ("content_filter", "content_policy")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked of an endpoint. All of it decides the reply, and is part of its hash.

    temperature, top_p, max_tokens, seed : None leaves the server's own. extra_body : further fields, sent as they are. round : asks anew with equal settings.
    """

    base_url: str
    name: str
    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = 2048
    seed: int | None = 0
    extra_body: Mapping[str, Any] = field(default_factory=dict)  # Any: plain JSON
    round: int = 0

    def sent(self) -> dict[str, Any]:
        """The fields of a request beside its messages."""
        given = {"temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens, "seed": self.seed}
        return {"model": self.name, **{name: value for name, value in given.items() if value is not None}}

    def request(self, item: Asked, pictures: Pictures) -> dict[str, Any]:
        """What decides a reply, pictures by their digests: what is hashed, and kept beside the reply."""
        messages = _messages(item, [{"picture": pictures.digest(key)} for key in item.pictures])
        return {"base_url": self.base_url, **self.sent(), "extra_body": dict(self.extra_body), "round": self.round, "messages": messages}


def _messages(item: Asked, shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [*shown, {"type": "text", "text": item.text}]}]


class StopAsking(Exception):
    """No further request makes sense: the endpoint refuses the key, knows no such model, or asks for more patience than is allowed."""


class _Rejected(Exception):
    """The endpoint rejects this request itself (too long, a field that it does not know): no other try would do better."""


class _TryAgain(Exception):
    """A try failed in a way that another may not. wait_s : what the server asked for, None where it asked for nothing."""

    def __init__(self, problem: str, wait_s: float | None = None) -> None:
        super().__init__(problem)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one item after another; used by many workers at once."""

    client: AsyncOpenAI
    settings: Settings
    pictures: Pictures
    cache: Cache
    pace: Pace
    patience: Patience
    timeout_s: float
    secret: Secret
    tell: Callable[[str], None]

    async def ask(self, item: Asked) -> Reply:
        """The reply to an item; a failed one, which is not kept, where every try failed.

        Raises
            StopAsking: asking on makes no sense.
        """
        request = self.settings.request(item, self.pictures)
        problem = ""
        for attempt in range(1, self.patience.tries + 1):
            await self.pace.turn()
            try:
                body, refusal = await self._try(item)
                reply = Reply(None, "refused", refusal) if refusal else _read(body)
            except _Rejected as error:
                return Reply(None, "failed", str(error))
            except _TryAgain as error:
                problem = self.secret.hidden(str(error))
                wait_s = self._wait_s(error, attempt, problem)
                if attempt < self.patience.tries:
                    self.tell(f"try {attempt} of {self.patience.tries}: {problem}; again in {wait_s:.1f} s")
                    await asyncio.sleep(wait_s)
                continue
            self.cache.put(key_of(request), request, body=body, refusal=refusal, about={"tries": attempt})
            return reply
        return Reply(None, "failed", f"{problem} ({self.patience.tries} tries)")

    def _wait_s(self, error: _TryAgain, attempt: int, problem: str) -> float:
        """How long to wait after a failed try: what the server asks for, for all workers, or the back-off of this one."""
        if error.wait_s is None:
            return self.patience.wait_s(attempt)
        if error.wait_s > self.patience.longest_s:
            raise StopAsking(f"{problem}: the server asks to wait {error.wait_s:.0f} s, more than model.retry_after_most_s={self.patience.longest_s:.0f}")
        self.pace.pause(error.wait_s)
        return error.wait_s

    async def _try(self, item: Asked) -> tuple[str, str | None]:
        """(body, why the server declined or None) of one request.

        Raises
            _TryAgain, _Rejected, StopAsking: what to do next.
        """
        import openai

        shown = [{"type": "image_url", "image_url": {"url": self.pictures.data_url(key)}} for key in item.pictures]
        messages: Any = _messages(item, shown)  # Any: the library types every role's message apart
        try:
            async with asyncio.timeout(self.timeout_s):  # of the whole try: a server that sends a byte now and then counts as hanging
                raw = await self.client.chat.completions.with_raw_response.create(
                    messages=messages, **self.settings.sent(), extra_body=dict(self.settings.extra_body) or None
                )
                return self.secret.hidden(raw.http_response.text), None
        except (TimeoutError, openai.APITimeoutError) as error:
            raise _TryAgain(f"no whole reply within {self.timeout_s:g} s") from error
        except openai.APIStatusError as error:
            return self._of_status(error)
        except (openai.APIError, UnicodeDecodeError, ValueError) as error:
            cause = error.__cause__ or error
            raise _TryAgain(f"{type(error).__name__}: {_short(str(cause) or type(cause).__name__)}") from error

    def _of_status(self, error: Any) -> tuple[str, str | None]:  # Any: openai.APIStatusError, imported late
        """A reply with an error's status: another try, a refusal, or the end of asking."""
        status, text = int(error.status_code), self.secret.hidden(error.response.text)
        said = f"status {status}: {_short(text)}"
        if status in _AGAIN or status >= 500:
            raise _TryAgain(said, asked_for_s(error.response.headers)) from error
        if status == 400 and any(word in text.lower() for word in _DECLINED):
            return text, said
        if status in (401, 403):
            raise StopAsking(f"{said}. The endpoint refuses the key: name the environment variable that holds it with model.api_key_env=...") from error
        if status == 404:
            raise StopAsking(f"{said}. Look at model.base_url={self.settings.base_url} and model.name={self.settings.name}") from error
        raise _Rejected(said) from error


def _read(body: str) -> Reply:
    try:
        return read_body(body)
    except MalformedReply as error:
        raise _TryAgain(str(error)) from error


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 240 else f"{text[:240]}…"


def require_library() -> None:
    """The openai library must be there.

    Raises
        ConfigError: it is not; says what to install.
    """
    try:
        import openai  # noqa: F401
    except ImportError as error:
        raise ConfigError("model=openai_compatible needs the openai library: pip install 'medq-gen[answer]'") from error


def client_of(settings: Settings, secret: Secret, *, timeout_s: float) -> AsyncOpenAI:
    """The library's client, with nothing of its own from the environment: no other key, no organisation, no tries of its own."""
    import openai

    timeout = openai.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
    client = openai.AsyncOpenAI(api_key=secret.value or FILLER, base_url=settings.base_url, timeout=timeout, max_retries=0)
    client.organization = client.project = None
    return client
