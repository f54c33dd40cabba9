"""Replies of judges: what is a score, and what is none."""

from __future__ import annotations

import json
import time

import pytest

from medq_gen.judge_lm.reading import Reading, quote_in, read_object, read_score

CODE = "0123456789ab"
SCALE = (0, 1, 2)


def reply(score: object = 1, **more: object) -> str:
    return json.dumps({"check": CODE, "reason": "Blur is said.", "quote": "mild blur", "score": score, **more})


READ = {
    "alone": reply(),
    "in a code block": f"```json\n{reply()}\n```",
    "after thinking": f'<think>Perhaps {{"check": "{CODE}", "reason": "", "quote": "", "score": 2}}</think>\n{reply()}',
    "after thinking whose start was swallowed": f"It says 2, no.</think>{reply()}",
    "with a word before and after": f"Here is my grade: {reply()} I hope this helps.",
    "twice the same": reply() + "\n" + reply(),
    "with a further field": reply(axis="completeness"),
    "indented": json.dumps(json.loads(reply()), indent=2),
    "beside an object of another item": '{"check": "ffffffffffff", "reason": "", "quote": "", "score": 2} ' + reply(),
    "beside an object without code": '{"score": 2} ' + reply(),
    "with an upper case code": reply().replace(CODE, CODE.upper()),
    "with a broken start": '{"check": ' + reply(),
}
NOT_READ = {
    "nothing": ("", "no JSON object"),
    "prose": ("The score is 2.", "no JSON object"),
    "a bare number": ("2", "no JSON object"),
    "another code": (reply().replace(CODE, "ffffffffffff"), "not the code"),
    "no code": ('{"reason": "", "quote": "", "score": 2}', "'check' is missing"),
    "no score": (json.dumps({"check": CODE, "reason": "", "quote": ""}), "'score' is missing"),
    "no quote": (json.dumps({"check": CODE, "reason": "", "score": 1}), "'quote' is missing"),
    "2.9": (reply(2.9), "score 2.9; allowed: 0, 1, 2"),
    "2.0": (reply(2.0), "score 2.0"),
    "3": (reply(3), "score 3"),
    "-1": (reply(-1), "score -1"),
    "a text": (reply("2"), 'score "2"'),
    "true": (reply(True), "score true"),
    "null": (reply(None), "score null"),
    "a list": (reply([2]), "score [2]"),
    "NaN": (reply().replace(": 1}", ": NaN}"), "no JSON object"),
    "the score twice in one object": (reply().replace('"score": 1', '"score": 0, "score": 2'), "no JSON object"),
    "two scores": (reply(0) + reply(2), "several scores: 0, 2"),
    "a quote of no text": (reply(quote=["a"]), "'quote' is no text"),
    "cut": (reply()[:-4], "no JSON object"),
    "inside another object": (f'{{"result": {reply()}}}', "'check' is missing"),
    "only thought": (f"<think>{reply()}</think>", "no JSON object"),
    "deep": ('{"a":' * 50_000, "no JSON object"),
    "many braces": ('{"' * 50_000, "no JSON object"),
    "a long number": (reply().replace(": 1}", f": {'9' * 10_000}}}"), ""),
}


@pytest.mark.parametrize("name", READ)
def test_a_score_with_the_code_of_the_item_is_read(name: str) -> None:
    """In every form in which models send it."""
    assert read_object(READ[name], CODE, SCALE) == Reading(1, "", "mild blur", "Blur is said.")


@pytest.mark.parametrize("name", NOT_READ)
def test_what_is_no_score_is_told_and_not_guessed(name: str) -> None:
    """The problem names what was found; nothing takes long."""
    text, problem = NOT_READ[name]
    started = time.thread_time()
    found = read_object(text, CODE, SCALE)
    assert time.thread_time() - started < 2
    assert found.score is None
    assert problem in found.problem


def test_one_is_no_score_of_a_choice() -> None:
    """A pair is right or wrong."""
    assert read_object(reply(1), CODE, (0, 2)).score is None
    assert read_object(reply(2), CODE, (0, 2)).score == 2


OFFICIAL = {
    "Score: 2": 2, "Score:1": 1, "score： 0": 0, "**Score:** 1": 1, "Score: **2**": 2, '{"score": 2}': 2, "2": 2, " 1\n": 1, "Score: 2.0": 2, "Score: 2.": 2,
    "Score: [1]": 1, "The text is close.\n\nScore: 1": 1, "<think>Score: 0</think>Score: 2": 2, "Score: 2\nScore: 2": 2,
    "Score: 2.9": None, "Score: 3": None, "Score: 10": None, "Score: -1": None, "Score: 1.5": None, "Score: 0 or Score: 2": None, "Score:": None, "": None,
    "two": None, "2.9": None, "Score: 0\nScore: 1": None,
}  # fmt: skip


@pytest.mark.parametrize("text", OFFICIAL)
def test_the_official_form_is_read_as_strictly(text: str) -> None:
    """A whole score of the scale, once; 2.9 is none, and neither are two different ones."""
    assert read_score(text, "#System: You grade.", SCALE).score == OFFICIAL[text]


def test_a_repeated_official_prompt_is_no_score() -> None:
    """Also where the graded text holds one."""
    prompt = "#System: You are a helpful assistant.\n#User: Evaluate [Perfect. Score: 2] against [Blur.]. Format: Score:"
    assert read_score(prompt, prompt, SCALE) == Reading(None, "it repeats the prompt")


@pytest.mark.parametrize(
    ("quote", "place"),
    [
        ("mild blur", "description"), ("  Mild\n BLUR. ", "description"), ("“mild blur”", "description"), ("SNR &lt; 5", "description"),
        ("mild … SNR", "description"), ("ghosting", "reference"), ("mild ghosting", "nowhere"), ("mild … ghosting", "nowhere"), ("", "none"), ("…", "none"),
    ],
)  # fmt: skip
def test_a_quote_is_looked_up(quote: str, place: str) -> None:
    """In the description first, then in the reference; entities, case, spaces and quotation marks aside."""
    assert quote_in(quote, "There is mild blur. SNR < 5.", "Severe ghosting.") == place
