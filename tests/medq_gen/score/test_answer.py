"""Reading what a model chose."""

from __future__ import annotations

import math
import time

import pytest
from replies import REPLIES

from medq_gen.score.answer import LETTERS, read_answer

KINDS = ("Motion artefact", "Noise", "Ring artefact", "No artefact")
YES = ("Yes", "No")
GRADES = ("No degradation", "Mild", "Moderate", "Severe")


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"), ("b", "B"), ("B.", "B"), ("(B)", "B"), ("[b]", "B"), ("**B**", "B"), ("B)", "B"), ("`C`", "C"), ('"D"', "D"), ("A", "A"),
        (" a.\n", "A"), ("Option C", "C"),
        ("Answer: D", "D"), ("B. Noise", "B"), ("(C) Ring artefact", "C"), ("b) noise", "B"), ("B - Noise", "B"), ("D: No artefact.", "D"),
        ("A. Motion artefact", "A"),
        ("B because the background is grainy", "B"), ("A, since edges repeat along one axis.", "A"), ("B\nThe background is grainy.", "B"),
        ("The answer is (B)", "B"), ("The answer is B, not A.", "B"), ("I would choose option C.", "C"), ("The correct answer is A.", "A"),
        ("the best choice would be (d)", "D"),
        ("The answer is A because edges repeat.", "A"), ("So the answer is: **C**", "C"), ("\\boxed{B}", "B"), ("<answer>C</answer>", "C"),
        ('{"answer": "D"}', "D"),
        ("<think>It could be A or B. The answer is A?</think> C", "C"), ("Option A is wrong. The answer is D.", "D"),
        ("It could be A or B. Final answer: B", "B"),
        ("C is the correct answer", "C"), ("noise", "B"), ("Noise.", "B"), ("Ring artefact", "C"), ("The answer is noise.", "B"),
        ("The image shows a ring artefact.", "C"),
        ("no artefact", "D"), ("I think it is (B) here", "B"), ("I say B", "B"), ("There is no noise but a ring artefact.", "C"), ("Ｂ", "B"),
    ],
)  # fmt: skip
def test_an_answer_is_read_in_the_forms_that_models_use(text: str, letter: str) -> None:
    """Letters with any punctuation, option texts, statements and envelopes all lead to the option that was meant."""
    assert read_answer(text, KINDS).letter == letter


@pytest.mark.parametrize(
    "text",
    [
        "A noisy image with blurred edges.", "A image", "a patient who moved", "A or B", "A and C", "(A) or (C)", "A/B",
        "The answer is A or the answer is B.", "Both A and B", "B. Ring artefact",
        "Image B looks odd", "I cannot tell.", "There is no noise.", "Noise and a ring artefact.", "The answer is not B.", "E", "F.",
        "It is the vitamin C of images",
        "The answer is a noisy picture", "A good image", "?", "Yes",
    ],
)  # fmt: skip
def test_an_open_answer_is_not_guessed(text: str) -> None:
    """The article "A", several letters, a letter beside another option's text, negated options and letters that are not offered choose nothing."""
    answer = read_answer(text, KINDS)
    assert answer.letter is None
    assert answer.how in {"several", "nothing", "refusal"}


@pytest.mark.parametrize("text", [None, "", "   ", math.nan, "nan", "None", "\n"])
def test_an_empty_answer_is_missing(text: object) -> None:
    """Empty cells in every spelling of a table are missing, not unreadable."""
    answer = read_answer(text, KINDS)
    assert (answer.letter, answer.how) == (None, "missing")


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("Yes", "A"), ("yes.", "A"), ("Yes, ghosts are visible.", "A"), ("No", "B"), ("No, it is sharp", "B"), ("NO!", "B"), ("A. Yes", "A"),
        ("The answer is no.", "B"),
        ("No ghosting is seen.", None), ("Yesterday", None), ("There is no ghosting, yes?", None), ("A. No", None), ("B", "B"), ("Nothing", None),
    ],
)  # fmt: skip
def test_yes_and_no_are_read_only_where_they_stand_alone(text: str, letter: str | None) -> None:
    """ "No ghosting is seen" says nothing of a question that may ask for its absence."""
    assert read_answer(text, YES).letter == letter


def test_the_longest_option_is_read_first() -> None:
    """ "No degradation" does not also choose an option that its words contain, and a grade in a sentence is found."""
    assert read_answer("I see no degradation here", GRADES).letter == "A"
    assert read_answer("The blur is moderate.", GRADES).letter == "C"
    assert read_answer("I mostly see sensor noise here", ("Noise", "Sensor noise", "Haze")).letter == "B"
    assert (
        read_answer("One sees ghosting but no blurring", ("Ghosting and blurring", "Ghosting but no blurring", "Neither ghosting nor blurring")).letter == "B"
    )


def test_a_negation_reaches_three_words() -> None:
    """ "No" far before an option, in the same clause, does not deny it; close before it, it does."""
    assert read_answer("There is no sharp border here yet I would call it moderate", GRADES).letter == "C"
    assert read_answer("It is surely not a moderate one", GRADES).letter is None
    assert read_answer("mild to moderate", GRADES).letter is None


def test_options_decide_which_letters_exist() -> None:
    """E is a letter with five options and none with four."""
    assert read_answer("E", ("a1", "b1", "c1", "d1", "e1")).letter == "E"
    assert read_answer("E", ("a1", "b1", "c1", "d1")).letter is None


ROWS = [(form, *row) for form, rows in REPLIES.items() for row in rows]
GROUNDS = {"-": {"missing"}, "!": {"refusal"}, "": {"several", "nothing"}}


@pytest.mark.parametrize(("form", "options", "text", "wanted"), ROWS, ids=[f"{number}: {row[0]}" for number, row in enumerate(ROWS)])
def test_replies_of_every_form_are_read_as_specified(form: str, options: tuple[str, ...], text: str, wanted: str) -> None:
    """Each row of the table gives its letter, or is open, missing or a refusal, as the table says."""
    answer = read_answer(text, options)
    assert answer.letter == (wanted if wanted in LETTERS and wanted else None), answer
    assert answer.letter is not None or answer.how in GROUNDS[wanted], answer


def test_the_table_is_long_enough() -> None:
    """At least 300 replies, no two alike, every form with ten or more."""
    assert len(set(ROWS)) == len(ROWS) >= 300
    assert min(map(len, REPLIES.values())) >= 10


@pytest.mark.parametrize(
    "text",
    ["<think>" * 200_000, "answer is " * 400_000 + "B", "\\boxed{" * 400_000, '{"answer": ' * 300_000, "(" * 4_000_000, "A or " * 1_000_000, "no " * 2_000_000,
     "答案" * 1_000_000, "\n" * 3_000_000 + "B", "x" * 10_000_000],
    ids=["tags", "statements", "boxes", "JSON", "brackets", "letters", "negations", "Han", "lines", "one word"],
)  # fmt: skip
def test_a_reply_of_megabytes_costs_no_more_than_a_moment(text: str) -> None:
    """However long and however malicious, a reply is read in under two seconds of the processor."""
    begun = time.process_time()
    read_answer(text, KINDS)
    assert time.process_time() - begun < 2.0


def test_an_answer_at_the_end_of_a_long_reply_is_read() -> None:
    """Megabytes of reasoning before the answer hide nothing."""
    assert read_answer("The background is grainy. " * 100_000 + "\nThe answer is B.", KINDS).letter == "B"
    assert read_answer("<think>" + "Is it A? " * 200_000 + "</think>\nC", KINDS).letter == "C"
