"""Acceptance: the public tool's own classes open an export. MEDQ_GEN_VLMEVALKIT names a checkout of VLMEvalKit; see docs/formats.md for what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fake_store
import numpy as np
import pytest
from PIL import Image

from medq_gen.export import export
from medq_gen.store import Store


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return fake_store.make(tmp_path_factory.mktemp("run") / "run")


def tsv(run: Store, out: Path, stem: str) -> str:
    (path,) = export(run, "vlmevalkit", out).path.glob(f"{stem}_test-*.tsv")
    return str(path)


def pictures(prompt: list[dict[str, str]]) -> list[np.ndarray]:
    return [np.asarray(Image.open(part["value"])) for part in prompt if part["type"] == "image"]


def test_perception_opens_in_the_public_tool(tool: Any, run: Store, tmp_path: Path) -> None:
    """Every question comes with its picture, its options and its key."""
    data = tool("medqbench_mcq").MedqbenchMCQDataset("MedqbenchMCQ_test", data_path=tsv(run, tmp_path, "medqbench_QA"))
    questions = {row["id"]: row for row in run.items("questions")}
    assert len(data) == sum(row["split"] == "test" for row in questions.values())
    for number in range(len(data)):
        line, prompt = data[number], data.build_prompt(number)
        item = questions[line["id"]]
        assert line["answer"] == "ABCDE"[item["answer"]]
        text = prompt[-1]["value"]
        assert item["question"] in text
        assert all(f"{letter}. {option}" in text for letter, option in zip("ABCD", item["options"], strict=False))
        (shown,) = pictures(prompt)
        stored = np.asarray(Image.open(fake_store.io.BytesIO(run.image(item["record"]))))
        factor = shown.shape[0] // stored.shape[0]
        assert np.abs(shown[::factor, ::factor].astype(float) - stored).mean() < 4, "older versions of the tool keep pictures as JPEG"


def test_reasoning_opens_in_the_public_tool(tool: Any, run: Store, tmp_path: Path) -> None:
    """A description comes with one picture, a pair with two in the order shown."""
    single = tool("medqbench_caption").MedqbenchCaptionDataset("MedqbenchCaption_test", data_path=tsv(run, tmp_path, "medqbench_description"))
    assert len(pictures(single.build_prompt(0))) == 1
    paired = tool("medqbench_paired_description")
    data = paired.MedqbenchPairedDescriptionDataset("MedqbenchPairedDescription_test", data_path=tsv(run, tmp_path, "medqbench_paired_description"))
    first, second = (np.abs(np.diff(shown.astype(float), axis=0)).mean() for shown in pictures(data.build_prompt(0)))
    assert first < second, "the second, better picture is the sharper one"
