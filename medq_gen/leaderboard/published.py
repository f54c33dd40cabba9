"""What the authors of MedQ-Bench report for 13 models on their own items: shown apart, since no figure of another data set ranks with it."""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "Liu et al., MedQ-Bench, arXiv 2510.01691: perception on its test split, reasoning judged there by a language model"
HUMANS = 82.50  # per cent, perception over all questions, human experts
BY_LEVEL = {"none": 72, "mild": 56, "severe": 67}  # per cent, mean over the models


@dataclass(frozen=True, slots=True)
class Published:
    """Accuracies in per cent: yes/no, what, how, over all. single, paired : completeness, preciseness, consistency, quality accuracy, their sum."""

    model: str
    perception: tuple[float, float, float, float]
    single: tuple[float, float, float, float, float] | None = None
    paired: tuple[float, float, float, float, float] | None = None


PUBLISHED = (
    Published("GPT-5", (82.26, 60.47, 58.28, 68.97), (1.195, 1.118, 1.837, 1.529, 5.679), (1.293, 1.556, 1.925, 1.564, 6.338)),
    Published("GPT-4o", (78.48, 49.64, 57.32, 64.79), (1.009, 1.027, 1.878, 1.407, 5.321), (1.105, 1.414, 1.632, 1.562, 5.713)),
    Published("Grok-4", (73.30, 48.84, 59.10, 63.14), (0.982, 0.846, 1.801, 1.389, 5.017), (1.150, 1.233, 1.820, 1.459, 5.662)),
    Published("Qwen2.5-VL-72B", (78.67, 42.25, 56.44, 63.14)),
    Published("Gemini-2.5-Pro", (75.13, 55.02, 50.54, 61.88), (0.878, 0.891, 1.688, 1.561, 5.018), (1.053, 1.233, 1.774, 1.534, 5.594)),
    Published("InternVL3-38B", (69.71, 57.36, 52.97, 61.00)),
    Published("Claude-4-Sonnet", (71.51, 46.51, 54.60, 60.23)),
    Published("InternVL3-8B", (72.04, 47.67, 52.97, 60.08), None, (0.985, 1.278, 1.797, 1.474, 5.534)),
    Published("Qwen2.5-VL-32B", (67.38, 43.02, 58.69, 59.31), (1.077, 0.928, 1.977, 1.290, 5.272), None),
    Published("Mistral-Medium-3", (65.95, 48.84, 52.97, 57.70)),
    Published("MedGemma-27B", (67.03, 48.06, 50.72, 57.16)),
    Published("Qwen2.5-VL-7B", (57.89, 48.45, 54.40, 54.71)),
    Published("Lingshu-32B", (50.36, 50.39, 51.74, 50.88)),
)
