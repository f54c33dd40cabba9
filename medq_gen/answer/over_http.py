"""model=openai_compatible as one of the models: its settings, its workers, its replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from medq_gen.answer.answerer import Setting, Values
from medq_gen.answer.asked import Asked
from medq_gen.answer.asking import Crowd, ask_all
from medq_gen.answer.cache import Cache
from medq_gen.answer.endpoint import Asker, Settings, client_of, require_library
from medq_gen.answer.pace import Pace, Patience
from medq_gen.answer.prompts import PROMPT_VERSION
from medq_gen.answer.reply import Reply
from medq_gen.answer.secret import Secret, checked_url
from medq_gen.answer.shown import ENCODINGS, Encoding, Pictures
from medq_gen.answer.written import title_of
from medq_gen.errors import ConfigError
from medq_gen.progress import Watch

_READ = (
    "base_url", "name", "api_key_env", "temperature", "top_p", "max_tokens", "seed", "extra_body", "round", "picture", "jpeg_quality", "concurrency",
    "requests_per_minute", "timeout_s", "tries", "backoff_s", "backoff_most_s", "retry_after_most_s", "give_up_after",
)  # fmt: skip
CACHE = "cache"


@dataclass(frozen=True, slots=True)
class OverHttp:
    """An endpoint that speaks the protocol of chat completions: vLLM, llama.cpp, LM Studio, Ollama, commercial ones."""

    title: str
    asks: Settings
    encoding: Encoding
    quality: int
    crowd: Crowd
    patience: Patience
    per_minute: float | None
    timeout_s: float
    secret: Secret
    sees: bool = True

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> OverHttp:
        """From plain values.

        Raises
            ConfigError: one that is missing, unknown or not allowed, or a key that the environment does not hold.
        """
        values = Values(given)
        values.only(*_READ)
        extra, picture, name = given.get("extra_body") or {}, given.get("picture", "png"), values.text("name")
        if not name:
            raise ConfigError("model=openai_compatible needs model.name=<name of the model at the endpoint>, as in model.name=Qwen/Qwen2.5-VL-7B-Instruct")
        if not isinstance(extra, Mapping):
            raise ConfigError("model.extra_body: fields and their values, as in +model.extra_body.top_k=1")
        if picture not in ENCODINGS:
            raise ConfigError(f"model.picture={picture} is not known; allowed: {', '.join(ENCODINGS)}")
        number = cast("int", values.whole("round", 0))
        asks = Settings(
            checked_url(values.text("base_url")),
            name,
            values.number("temperature", 0, optional=True),
            values.number("top_p", 0, most=1, optional=True),
            values.whole("max_tokens", 1, optional=True),
            values.whole("seed", 0, optional=True),
            extra,
            number,
        )
        title = values.text("title") or (f"{name}-round-{number}" if number else name)
        quality = int(cast("float", values.number("jpeg_quality", 1, most=100)))
        crowd = Crowd(cast("int", values.whole("concurrency", 1)), cast("int", values.whole("give_up_after", 1)))
        waits = (values.number(key, 0) for key in ("backoff_s", "backoff_most_s", "retry_after_most_s"))
        patience = Patience(cast("int", values.whole("tries", 1)), *cast("tuple[float, float, float]", tuple(waits)))
        per_minute, timeout_s = values.number("requests_per_minute", 1e-3, optional=True), cast("float", values.number("timeout_s", 0.01))
        secret = Secret.from_environment(values.text("api_key_env"))
        require_library()
        return cls(title_of(title), asks, picture, quality, crowd, patience, per_minute, timeout_s, secret)

    def settings(self) -> dict[str, Any]:
        """What decides its answers: no key, no paces."""
        quality = {"jpeg_quality": self.quality} if self.encoding == "jpeg" else {}
        return {"kind": "openai_compatible", **asdict(self.asks), "picture": self.encoding, **quality, "prompt_version": PROMPT_VERSION}

    def answers(self, items: Sequence[Asked]) -> list[Asked]:
        """All of them."""
        return list(items)

    def reply_to(self, items: Sequence[Asked], setting: Setting, replies: dict[str, Reply]) -> str | None:
        """Ask what the cache does not hold."""
        client = client_of(self.asks, self.secret, timeout_s=self.timeout_s)
        pictures = Pictures(setting.content, self.encoding, self.quality)
        cache = Cache(setting.folder / CACHE)
        cache.sweep()
        told: set[str] = set()

        def tell(text: str) -> None:
            """Each kind of trouble once: what differs between two of a kind are numbers."""
            kind = "".join(character for character in text if not character.isdigit())
            if kind not in told:
                told.add(kind)
                setting.console.print(text, highlight=False, markup=False)

        def watch(known: int) -> Watch:
            return Watch(len(items), known, console=setting.console, counted="items", made="replies")

        asker = Asker(client, self.asks, pictures, cache, Pace(self.per_minute), self.patience, self.timeout_s, self.secret, tell)
        return ask_all(items, asker, self.crowd, replies=replies, watch=watch)
