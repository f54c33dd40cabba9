"""A tiny vision-language model with random weights, built from a configuration: asked as any other, cached, and the same as its own logits say."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import fake_store
import pytest
import torch
from PIL import Image
from rich.console import Console

from medq_gen.answer import answer
from medq_gen.answer.asked import asked_of
from medq_gen.answer.models import model_of
from medq_gen.answer.over_transformers import _Loaded
from medq_gen.errors import ConfigError
from medq_gen.export.content import Content
from medq_gen.score import score
from medq_gen.store import Store

try:
    import transformers
except ImportError:
    transformers = None
WORDS = (
    "<pad>",
    "<s>",
    "</s>",
    "<unk>",
    "<image>",
    "USER:",
    "ASSISTANT:",
    "A",
    "B",
    "C",
    "D",
    "yes",
    "no",
    "mild",
    "severe",
    "image",
    "the",
    "of",
    "is",
    "blur",
)
TEMPLATE = (
    "{% for message in messages %}USER: {% for part in message['content'] %}{% if part['type'] == 'image' %}<image> {% else %}{{ part['text'] }} {% endif %}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}ASSISTANT: {% endif %}"
)
SETTINGS = {"kind": "transformers", "title": None, "device": "cpu", "dtype": "float32", "max_tokens": 6, "threads": 1, "give_up_after": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights with a tokenizer of 20 words."""
    if transformers is None:
        pytest.skip("the extra `transformers` is not installed")
    from tokenizers import Tokenizer, models, pre_tokenizers

    path = tmp_path_factory.mktemp("model") / "tiny-llava"
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, additional_special_tokens=["<image>"], **special)
    picture = transformers.CLIPImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    processor = transformers.LlavaProcessor(
        picture, tokenizer, patch_size=14, vision_feature_select_strategy="default", num_additional_image_tokens=1, chat_template=TEMPLATE
    )
    small = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = transformers.LlamaConfig(vocab_size=len(WORDS), max_position_embeddings=512, pad_token_id=0, bos_token_id=1, eos_token_id=2, **small)
    eye = transformers.CLIPVisionConfig(image_size=28, patch_size=14, projection_dim=32, **small)
    torch.manual_seed(5)
    model = transformers.LlavaForConditionalGeneration(transformers.LlavaConfig(vision_config=eye, text_config=text, image_token_index=4, image_token_id=4))
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(12.0)  # random weights this small would not tell one picture from another
    model.generation_config.eos_token_id = 2
    model.save_pretrained(path)
    processor.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fake_store.make(tmp_path_factory.mktemp("run") / "run", fake_store.Options(cases=2))


def answered(run: Store, folder: Path, out: Path, **more: Any) -> Any:
    return answer(run, {**SETTINGS, "path": str(folder), **more}, out=out, console=Console(quiet=True))


def rows(out: Path, task: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / task / "tiny-llava.jsonl").read_text().splitlines()]


def test_every_item_is_asked_once_and_kept_as_over_http(run: Store, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions, descriptions and pairs have rows; settings without a path, weights by digest, tokens counted; a second start loads nothing and gives the same
    bytes; the files are scored as any other."""
    found = answered(run, folder, tmp_path)
    assert found.is_whole
    names = {"perception": "questions", "description": "reasoning", "comparison": "pairs"}
    for task, name in names.items():
        assert [row["id"] for row in rows(tmp_path, task)] == [row["id"] for row in run.items(name)]
        assert {row["status"] for row in rows(tmp_path, task)} <= {"answered", "cut_off", "empty"}
    about = json.loads((tmp_path / "about" / "tiny-llava.json").read_text())
    model = about["model"]
    assert (model["kind"], model["name"], model["device"], model["dtype"]) == ("transformers", "tiny-llava", "cpu", "float32")
    assert len(model["weights"]) == 16
    assert str(folder.parent) not in json.dumps(about)
    assert about["tokens_in"] > 0
    assert 0 < about["tokens_out"] <= 6 * sum(sum(found.counts[task].values()) for task in names)
    before = {path: path.read_bytes() for path in tmp_path.glob("*/*.jsonl")}

    def never(asked: object) -> object:
        raise AssertionError("nothing is open")

    monkeypatch.setattr(_Loaded, "of", never)
    assert answered(run, folder, tmp_path).is_whole
    assert {path: path.read_bytes() for path in tmp_path.glob("*/*.jsonl")} == before
    assert score(run, tmp_path / "perception" / "tiny-llava.jsonl", out=tmp_path / "score").figures["overall"]["missing"] == 0


def test_a_reply_is_what_the_logits_say_of_that_picture(run: Store, folder: Path, tmp_path: Path) -> None:
    """Token by token the most likely one, worked out without the library's own loop, from the exported picture and the prompt as the template has it; another
    picture changes the logits."""
    found = answered(run, folder, tmp_path, max_tokens=4)
    assert found.is_whole
    content = Content.of(run)
    model = transformers.LlavaForConditionalGeneration.from_pretrained(folder).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    replies = {row["id"]: row for task in ("perception", "comparison") for row in rows(tmp_path, task)}
    items = asked_of(content)
    first_logits = []
    for item in [*[item for item in items if item.task == "perception"][:6:3], next(item for item in items if item.task == "comparison")]:
        pictures = [Image.open(io.BytesIO(content.picture(key))).convert("RGB") for key in item.pictures]
        prompt = f"USER: {'<image> ' * len(pictures)}{item.text} ASSISTANT: "
        given = processor(images=pictures, text=prompt, return_tensors="pt")
        tokens = given["input_ids"]
        for turn in range(4):
            with torch.inference_mode():
                logits = model(input_ids=tokens, attention_mask=torch.ones_like(tokens), pixel_values=given["pixel_values"]).logits[0, -1]
            if turn == 0:
                first_logits.append(logits)
            tokens = torch.cat([tokens, logits.argmax().reshape(1, 1)], dim=1)
            if int(tokens[0, -1]) == 2:
                break
        said = processor.decode(tokens[0, given["input_ids"].shape[1] :], skip_special_tokens=True)
        assert (replies[item.id]["prediction"] or "") == said.strip() or replies[item.id]["prediction"] == said
        assert replies[item.id]["status"] == ("cut_off" if int(tokens[0, -1]) != 2 else "answered" if said.strip() else "empty")
    assert not torch.allclose(first_logits[0], first_logits[1])
    assert len({row["prediction"] for row in replies.values()}) > 1


def test_what_decides_is_hashed(run: Store, folder: Path, tmp_path: Path) -> None:
    """Other settings under the same title are refused; a byte of the weights changes the digest, a readme does not."""
    answered(run, folder, tmp_path)
    with pytest.raises(ConfigError, match="max_tokens was 6, now 3"):
        answered(run, folder, tmp_path, max_tokens=3)
    before = model_of({**SETTINGS, "path": str(folder)}).settings()["weights"]
    (folder / "README.md").write_text("about")
    assert model_of({**SETTINGS, "path": str(folder)}).settings()["weights"] == before
    config = folder / "generation_config.json"
    text = config.read_text()
    config.write_text(text + "\n")
    assert model_of({**SETTINGS, "path": str(folder)}).settings()["weights"] != before
    config.write_text(text)


def test_items_that_fail_end_the_asking_and_are_not_kept(run: Store, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory for two items in a row: it ends and says so, nothing of them is cached, and the next start asks them."""

    def full(self: _Loaded, item: object, pictures: object) -> str:
        raise RuntimeError("CUDA out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(_Loaded, "body", full)
        found = answered(run, folder, tmp_path)
    assert not found.is_whole
    assert "2 items in a row failed, the last with RuntimeError: CUDA out of memory" in str(found.stopped)
    assert not list((tmp_path / "cache").glob("*/*.json"))
    assert answered(run, folder, tmp_path).is_whole


def test_what_is_no_model_is_refused(folder: Path, tmp_path: Path) -> None:
    """No path, no folder, no weights, no such device or number, no chat template, another kind of model: what is allowed instead."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"path": None}, r"needs model\.path="),
        ({"path": str(tmp_path / "absent")}, r"no such folder.*downloads nothing"),
        ({"path": str(tmp_path)}, r"holds no config\.json"),
        ({"device": "cuda:99"}, r"model\.device=cuda:99: not there"),
        ({"dtype": "int4"}, r"allowed: auto, float32"),
        ({"max_tokens": 0}, r"model\.max_tokens=0"),
        ({"temperature": 1.0}, r"unknown key 'model\.temperature'"),
    ]
    for change, message in cases:
        with pytest.raises(ConfigError, match=message):
            model_of({**SETTINGS, "path": str(folder), **change})
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text('{"model_type": "nothing"}')
    (broken / "model.safetensors").write_bytes(b"")
    with pytest.raises(ConfigError, match="transformers cannot load"):
        _Loaded.of(model_of({**SETTINGS, "path": str(broken)}))  # type: ignore[arg-type]


def test_without_the_library_it_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named; the model's folder was looked at before."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ConfigError, match=r"pip install 'medq-gen\[transformers\]'"):
        model_of({**SETTINGS, "path": str(tmp_path)})
