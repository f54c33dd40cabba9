"""Acceptance: the official prompts are those that the public tool itself builds. MEDQ_GEN_VLMEVALKIT names a checkout of VLMEvalKit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from medq_gen.judge.axes import AXES
from medq_gen.judge.items import Item
from medq_gen.judge_lm.official import load


def test_the_official_prompts_are_those_of_the_tool(tool: Any) -> None:
    """Byte for byte, on each axis, for single pictures and for pairs."""
    description, reference = "Blurred. Overall, the quality of this image is reject.", "Mild noise {0} %s. Overall, the quality of this image is usable."
    prompts = load(Path(os.environ["MEDQ_GEN_VLMEVALKIT"]))
    scorers = {
        "single": tool("medqbench_caption").MedQBench_Caption_Scorer(None, None),
        "pair": tool("medqbench_paired_description").MedQBench_PairedDescription_Scorer(None, None),
    }
    for task, scorer in scorers.items():
        item = Item("id", task, (), None, "c", "g", "test", "mri", "mri_noise", "mild", reference)  # type: ignore[arg-type]
        for axis in AXES:
            assert prompts.prompt(axis, item, description, again=False).text == scorer.build_prompt(axis, description, reference)
