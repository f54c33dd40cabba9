"""The key of an endpoint: it comes from the environment, goes to the endpoint, and shows nowhere else."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from medq_gen.errors import ConfigError

HIDDEN = "[key]"
SHORTEST = 8  # characters; what is shorter is no key but a filler for servers that want none ("EMPTY"), and may be a word of an answer


@dataclass(frozen=True, slots=True)
class Secret:
    """A key, or none for servers that want none. Its value has no part in comparisons, and shows in no repr."""

    value: str = field(default="", repr=False, compare=False)

    @classmethod
    def from_environment(cls, name: str | None) -> Secret:
        """The key in a variable of the environment; none where no variable is named.

        Raises
            ConfigError: what was given names no variable that is set. It is not shown: it may be a key by mistake.
        """
        if not name:
            return cls()
        value = os.environ.get(name, "").strip() if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else ""
        if not value:
            raise ConfigError(
                "model.api_key_env takes the name of an environment variable that holds the key, as in model.api_key_env=OPENAI_API_KEY; what was given names "
                "none that is set (it is not shown here, in case it is a key). Set the variable and name it"
            )
        if not value.isascii() or any(character.isspace() for character in value):
            raise ConfigError(f"the environment variable {name} holds a space or a character that no key has: set it anew")
        return cls(value)

    def hidden(self, text: str) -> str:
        """A text without the key, in whatever spelling a server sends it back."""
        if len(self.value) < SHORTEST:
            return text
        for spelling in (self.value, quote(self.value, safe=""), self.value.replace("/", "\\/")):
            text = text.replace(spelling, HIDDEN)
        return text


def checked_url(url: str | None) -> str:
    """The address of an endpoint without a slash at its end.

    Raises
        ConfigError: none, no http(s) address, or one that carries a user, a password or a query (where keys may stand).
    """
    if not url:
        raise ConfigError("model=openai_compatible needs model.base_url=<address of the endpoint>, as in model.base_url=http://localhost:8000/v1")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError("model.base_url: no address (it is not shown, in case it holds a key); allowed: http://host:port/v1") from error
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigError(
            "model.base_url holds a user, password or query (it is not shown, in case that is a key): give the bare address, "
            "and the key in an environment variable that model.api_key_env names"
        )
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(f"model.base_url={url}: no http address; allowed: http://host:port/v1 or https://host/v1")
    return url.rstrip("/")
