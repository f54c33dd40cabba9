"""What came back: a server's body read into a text and what became of it. Refusals, empty and cut-off replies are kept as such, never mended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Status = Literal["answered", "cut_off", "empty", "refused", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Reply:
    """The text of a model, None where there is none, and why. reason : how it ended, in the words of the server or of the error."""

    text: str | None
    status: Status
    reason: str
    tokens_in: int = 0
    tokens_out: int = 0


class MalformedReply(ValueError):
    """A body that is no chat completion; the message says what it is instead."""


def read_body(body: str) -> Reply:
    """The reply in the body of a chat completion.

    Raises
        MalformedReply: no JSON, an error in place of a completion, or no choice with a message.
    """
    try:
        found = json.loads(body)
    except ValueError as error:
        raise MalformedReply(f"the body is no JSON: {_short(body)!r}") from error
    if not isinstance(found, Mapping):
        raise MalformedReply(f"the body is no object: {_short(body)!r}")
    if found.get("error"):
        raise MalformedReply(f"an error came with status 200: {_short(json.dumps(found['error'], ensure_ascii=False))}")
    choices = found.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping) or not isinstance(choices[0].get("message"), Mapping):
        raise MalformedReply(f"the body holds no choice with a message: {_short(body)!r}")
    message, reason = choices[0]["message"], str(choices[0].get("finish_reason") or "")
    raw_usage = found.get("usage")
    usage = raw_usage if isinstance(raw_usage, Mapping) else {}
    tokens = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    text, refusal = _text(message.get("content")), _text(message.get("refusal"))
    if refusal or reason == "content_filter":
        return Reply(text or refusal, "refused", reason or "refusal", *tokens)
    if reason == "length":
        return Reply(text, "cut_off", reason, *tokens)
    return Reply(text, "answered" if text else "empty", reason, *tokens)


def _text(content: Any) -> str | None:  # Any: a text, a list of parts, or whatever a server makes of it
    """The text of a message; parts that hold no text are left out."""
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") if isinstance(part, Mapping) else str(part) for part in content)
    if not isinstance(content, str) or not content.strip():
        return None
    return content.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair cannot be written


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 160 else f"{text[:160]}…"
