"""Replies on disk, each under the hash of everything that decides it. What lies here is never asked again."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from medq_gen import files
from medq_gen.answer.reply import MalformedReply, Reply, read_body

CACHE_VERSION = 1
LEFT_S = 3600.0


def key_of(request: Mapping[str, Any]) -> str:  # Any: plain JSON
    """The hash of a request: endpoint, model, messages with the digests of their pictures, every setting that is sent, and the round."""
    return sha256(files.to_json({"cache": CACHE_VERSION, **request}).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of replies, one file each, whole or absent."""

    folder: Path

    def path_of(self, key: str) -> Path:
        """Where a reply lies."""
        return self.folder / key[:2] / f"{key}.json"

    def get(self, key: str) -> Reply | None:
        """A reply; None where there is none, or where a damaged file holds nothing that can be read, which is then asked again."""
        with suppress(OSError, ValueError, KeyError, TypeError, MalformedReply):
            kept = json.loads(self.path_of(key).read_text(encoding="utf-8"))
            if kept["key"] == key:
                return Reply(None, "refused", kept["refusal"]) if kept.get("refusal") else read_body(kept["body"])
        return None

    def put(self, key: str, request: Mapping[str, Any], *, body: str, refusal: str | None = None, about: Mapping[str, Any]) -> None:
        """Keep the raw body of a reply with its request. refusal : why the server declined, where it did so with an error in place of a reply."""
        files.write_text(self.path_of(key), files.to_page({"key": key, "request": request, "body": body, "refusal": refusal, **about}))

    def sweep(self) -> None:
        """Remove what a killed process left half written; what is younger than an hour may be another model's, on its way."""
        for path in self.folder.glob(f"*/{files.TEMPORARY}*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > LEFT_S:
                    path.unlink()
