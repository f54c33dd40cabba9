"""The small classifier against what can be worked out on paper."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from medq_gen.answer import choice
from medq_gen.answer.choice import Example, drawn, fit


def test_one_feature_gives_the_log_odds(monkeypatch: pytest.MonkeyPatch) -> None:
    """30 of 40 two-option questions have the marked option right: without restraint its weight is ln(30/10)."""
    monkeypatch.setattr(choice, "PENALTIES", (1e-9,))
    examples = [Example([{"marked": 1.0}, {}], 0 if number < 30 else 1, f"g{number}") for number in range(40)]
    fitted = fit(examples)
    assert fitted.scores([{"marked": 1.0}, {}]) == pytest.approx([math.log(3), 0.0], abs=1e-4)
    assert fitted.chance_loss == pytest.approx(math.log(2))


def test_restraint_solves_its_own_equation(monkeypatch: pytest.MonkeyPatch) -> None:
    """With penalty p the weight w of the marked option satisfies 30 - 40 / (1 + exp(-w)) = p w."""
    monkeypatch.setattr(choice, "PENALTIES", (5.0,))
    fitted = fit([Example([{"marked": 1.0}, {}], 0 if number < 30 else 1, f"g{number}") for number in range(40)])
    (weight,) = fitted.weights
    assert 30 - 40 / (1 + math.exp(-weight)) == pytest.approx(5 * weight, abs=1e-3)


def test_the_gradient_is_that_of_the_loss() -> None:
    """At the solution no small step lowers the penalised loss, with questions of two to four options."""
    rng = np.random.default_rng(3)
    examples = [
        Example([{f"x{column}": float(rng.normal()) for column in range(5)} for _ in range(int(rng.integers(2, 5)))], int(rng.integers(0, 2)), f"g{number % 9}")
        for number in range(60)
    ]
    fitted = fit(examples)
    design = choice._Design.of(examples, fitted.columns)

    def penalised(weights: np.ndarray) -> float:
        return design.loss(weights) + fitted.penalty / 2 * float(weights @ weights)

    best = penalised(fitted.weights)
    for _ in range(20):
        step = rng.normal(size=len(fitted.weights))
        assert penalised(fitted.weights + 1e-3 * step / np.linalg.norm(step)) >= best


def test_noise_is_held_back_and_signal_is_not() -> None:
    """Features that say nothing leave the loss of held-out groups near guessing; one that says it all brings it near zero."""
    rng = np.random.default_rng(1)

    def example(number: int, told: bool) -> Example:
        right = int(rng.integers(0, 4))
        options = [{("noise", int(rng.integers(0, 50))): 1.0, **({"told": float(place == right)} if told else {})} for place in range(4)]
        return Example(options, right, f"g{number // 5}")

    blind, seeing = (fit([example(number, told) for number in range(200)]) for told in (False, True))
    assert abs(blind.loss - math.log(4)) < 0.03
    assert seeing.loss < 0.1


def test_groups_are_never_cut_by_a_fold() -> None:
    """Questions of one group are learnt from or tested on together; a single group is folded by question."""
    examples = [Example([{}, {}], 0, f"g{number % 7}") for number in range(70)]
    folds = choice._folds(examples)
    assert all(len({fold for fold, example in zip(folds, examples, strict=True) if example.group == group}) == 1 for group in {"g0", "g3", "g6"})
    assert len(set(choice._folds([Example([{}, {}], 0, "one")] * 20))) == choice.FOLDS
    with pytest.raises(ValueError, match="nothing to learn from"):
        fit([])


def test_draws_are_even_and_fixed() -> None:
    """Over 12,000 items each of three options is drawn a third of the time, within four standard errors; a seed changes the draw, a repeat does not."""
    counts = Counter(drawn(f"item {number}", 3) for number in range(12000))
    assert all(abs(count - 4000) < 4 * math.sqrt(12000 * 2 / 9) for count in counts.values())
    assert [drawn(f"{n}", 4) for n in range(50)] == [drawn(f"{n}", 4) for n in range(50)] != [drawn(f"{n}", 4, seed=1) for n in range(50)]
