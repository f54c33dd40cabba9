"""model=transformers: a model in a folder on this machine, run by the transformers library, one item at a time, greedily."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, cast, get_args

from PIL import Image

from medq_gen import files
from medq_gen.answer.answerer import Setting, Values
from medq_gen.answer.asked import Asked
from medq_gen.answer.cache import Cache, key_of
from medq_gen.answer.over_http import CACHE
from medq_gen.answer.prompts import PROMPT_VERSION
from medq_gen.answer.reply import Reply, read_body
from medq_gen.answer.shown import Pictures
from medq_gen.answer.written import title_of
from medq_gen.errors import ConfigError
from medq_gen.progress import Watch

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
_READ = ("path", "device", "dtype", "max_tokens", "threads", "give_up_after")
_DECIDES = (".json", ".jinja", ".model", ".safetensors", ".txt")  # files of a model; others in its folder are about it


@dataclass(frozen=True, slots=True)
class OverTransformers:
    """A vision-language model in a folder: configuration, weights as safetensors, processor with a chat template. No code of the folder is run.

    weights : digest of all of these. device : "cpu", "cuda", "cuda:1", …. threads : of the CPU, all where None; they are a pace, and no part of what decides.
    """

    title: str
    path: Path
    weights: str
    device: str
    dtype: Dtype
    max_tokens: int
    threads: int | None
    give_up_after: int
    sees: bool = True

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> OverTransformers:
        """From plain values.

        Raises
            ConfigError: one that is missing, unknown or not allowed, a folder that holds no model, a device that is not there, or no library.
        """
        values = Values(given)
        values.only(*_READ)
        named, dtype = values.text("path"), given.get("dtype", "auto")
        if not named:
            raise ConfigError("model=transformers needs model.path=<folder of a model>, as in model.path=/models/Qwen2.5-VL-7B-Instruct")
        if dtype not in DTYPES:
            raise ConfigError(f"model.dtype={dtype} is not known; allowed: {', '.join(DTYPES)}")
        path = Path(named)
        max_tokens, threads = cast("int", values.whole("max_tokens", 1)), values.whole("threads", 1, optional=True)
        give_up_after = cast("int", values.whole("give_up_after", 1))
        weights = weights_of(path)
        require_library()
        device = _device(values.text("device"))
        title = title_of(values.text("title") or path.resolve().name)
        return cls(title, path, weights, device, dtype, max_tokens, threads, give_up_after)

    def settings(self) -> dict[str, Any]:
        """What decides its answers: no path."""
        import torch
        import transformers

        versions = {"transformers": transformers.__version__, "torch": torch.__version__.partition("+")[0]}
        asked = {"device": self.device.partition(":")[0], "dtype": self.dtype, "max_tokens": self.max_tokens, "prompt_version": PROMPT_VERSION}
        return {"kind": "transformers", "name": self.path.resolve().name, "weights": self.weights, **asked, **versions}

    def answers(self, items: Sequence[Asked]) -> list[Asked]:
        """All of them."""
        return list(items)

    def reply_to(self, items: Sequence[Asked], setting: Setting, replies: dict[str, Reply]) -> str | None:
        """Ask what the cache does not hold. The model is loaded for the first such item."""
        pictures, cache = Pictures(setting.content), Cache(setting.folder / CACHE)
        cache.sweep()
        settings = {name: value for name, value in self.settings().items() if name != "name"}  # a model that was moved or renamed is the same
        waiting: dict[str, list[Asked]] = {}
        requests: dict[str, dict[str, Any]] = {}
        for item in items:
            request = {**settings, "messages": _messages(item, [{"picture": pictures.digest(key)} for key in item.pictures])}
            key = key_of(request)
            known = cache.get(key)
            if known is not None:
                replies[item.id] = known
            else:
                waiting.setdefault(key, []).append(item)
                requests[key] = request
        if not waiting:
            return None
        loaded, in_a_row = _Loaded.of(self), 0
        with Watch(len(items), len(replies), console=setting.console, counted="items", made="replies") as watch:
            for key, alike in waiting.items():
                try:
                    body = loaded.body(alike[0], pictures)
                except (RuntimeError, ValueError, IndexError) as error:  # no memory, a picture or a text that the model cannot take
                    reply, in_a_row = Reply(None, "failed", f"{type(error).__name__}: {_short(str(error))}"), in_a_row + 1
                else:
                    cache.put(key, requests[key], body=body, about={"tries": 1})
                    reply, in_a_row = read_body(body), 0
                replies.update({item.id: reply for item in alike})
                watch.advance(len(alike), len(alike))
                if in_a_row >= self.give_up_after:
                    return f"{in_a_row} items in a row failed, the last with {reply.reason}"
        return None


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model in memory with its processor. Any: the library's classes are found by what the folder says."""

    model: Any
    processor: Any
    max_tokens: int

    @classmethod
    def of(cls, asked: OverTransformers) -> _Loaded:
        """Load it.

        Raises
            ConfigError: the library cannot load what lies there, or the processor has no chat template.
        """
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        torch.set_num_threads(asked.threads or os.cpu_count() or 1)
        safe = {"local_files_only": True, "trust_remote_code": False}
        try:
            processor = AutoProcessor.from_pretrained(asked.path, **safe)
            model = AutoModelForImageTextToText.from_pretrained(asked.path, dtype=asked.dtype, use_safetensors=True, **safe)
            model = model.to(asked.device).eval()
        except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
            raise ConfigError(f"model.path={asked.path}: transformers cannot load a vision-language model from there: {_short(str(error), 400)}") from error
        if not getattr(processor, "chat_template", None):
            raise ConfigError(
                f"model.path={asked.path}: its processor has no chat template, so nobody knows how it wants to be asked. Take an instruction-tuned model"
            )
        return cls(model, processor, asked.max_tokens)

    def body(self, item: Asked, pictures: Pictures) -> str:
        """The reply to an item, in the form of a chat completion, as it is kept."""
        import torch

        shown = [{"type": "image", "image": Image.open(io.BytesIO(pictures.bytes_of(key))).convert("RGB")} for key in item.pictures]
        given = self.processor.apply_chat_template(_messages(item, shown), add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt").to(
            self.model.device, dtype=self.model.dtype
        )
        greedy = {"do_sample": False, "num_beams": 1, "temperature": None, "top_p": None, "top_k": None}
        with torch.inference_mode():
            made = self.model.generate(**given, **greedy, max_new_tokens=self.max_tokens)
        n_given = int(given["input_ids"].shape[1])
        new = made[0, n_given:].tolist()
        ended = bool(new) and new[-1] in self._ends()
        text = self.processor.decode(new, skip_special_tokens=True)
        choice = {"finish_reason": "stop" if ended or len(new) < self.max_tokens else "length", "message": {"role": "assistant", "content": text}}
        return json.dumps({"choices": [choice], "usage": {"prompt_tokens": n_given, "completion_tokens": len(new)}}, ensure_ascii=False)

    def _ends(self) -> set[int]:
        """The tokens that end a reply."""
        ends = self.model.generation_config.eos_token_id
        return set(ends) if isinstance(ends, list) else {ends}


def _messages(item: Asked, shown: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [*shown, {"type": "text", "text": item.text}]}]


def weights_of(path: Path) -> str:
    """The digest of a model: of the names and bytes of all files that decide what it says.

    Raises
        ConfigError: no such folder, or no model in it.
    """
    if not path.is_dir():
        raise ConfigError(f"model.path={path}: no such folder. model=transformers takes a folder on this machine and downloads nothing")
    found = sorted(file for file in path.iterdir() if file.is_file() and file.suffix in _DECIDES)
    if not (path / "config.json").is_file() or not any(file.suffix == ".safetensors" for file in found):
        raise ConfigError(
            f"model.path={path}: holds no config.json with weights as .safetensors; allowed: a folder that transformers wrote or that was downloaded whole"
        )
    return sha256("\n".join(f"{file.name} {files.sha256(file)}" for file in found).encode()).hexdigest()[:16]


def _device(named: str | None) -> str:
    """The device that is meant: a GPU where there is one, unless another is named.

    Raises
        ConfigError: it is not there.
    """
    import torch

    chosen = named or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, ValueError) as error:
        raise ConfigError(
            f"model.device={chosen}: not there ({_short(str(error))}); allowed: cpu, cuda, cuda:1, …, or null for a GPU where there is one"
        ) from error
    return chosen


def require_library() -> None:
    """The transformers library must be there.

    Raises
        ConfigError: it is not; says what to install.
    """
    try:
        import transformers  # noqa: F401
    except ImportError as error:
        raise ConfigError("model=transformers needs the transformers library: pip install 'medq-gen[transformers]'") from error


def _short(text: str, most: int = 240) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most]}…"
