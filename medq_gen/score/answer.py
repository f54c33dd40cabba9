"""What a model chose: from its own words to the letter of an option, or to nothing where the words leave it open."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

LETTERS = "ABCDEFGH"
How = Literal["letter", "text", "statement", "mention", "missing", "several", "refusal", "nothing"]
LONGEST = 40_000  # characters; of a longer text its end is read, where an answer stands after reasoning


@dataclass(frozen=True, slots=True)
class Answer:
    """The letter that was read, None where none could be; `how` says on what ground."""

    letter: str | None
    how: How


# 1. Punctuation of other scripts, as ours. Full-width letters and marks are folded by NFKC before.
_MARKS = str.maketrans({
    "\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "«": '"', "»": '"', "‹": '"', "›": '"', "「": '"', "」": '"', "『": '"',
    "』": '"', "【": "[", "】": "]", "〔": "[", "〕": "]", "《": '"', "》": '"', "。": ". ", "、": ", ", "،": ", ", "؛": "; ", "।": ". ", "·": " ",
    "\u200b": None, "\u200e": None, "\u200f": None, "\ufeff": None, "\u00ad": None,
})  # fmt: skip
_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # kana, Han, Hangul: written without spaces around a Latin letter
_SEAM = re.compile(rf"(?<=[{_UNSPACED}])(?=[A-Za-z])|(?<=[A-Za-z])(?=[{_UNSPACED}])")

# 2. Thoughts, which are no answer: what opens them and what closes them. An end without a beginning ends what was thought; a beginning without an end, all.
_THOUGHTS = (
    (r"<(?:think|thinking|thought|thoughts|reasoning|reflection|analysis|scratchpad)>",
     r"</(?:think|thinking|thought|thoughts|reasoning|reflection|analysis|scratchpad)>"),
    (r"◁think▷", r"◁/think▷"),
    (r"\[THINK\]", r"\[/THINK\]"),
    (r"<unused94>", r"<unused95>"),
    (r"<\|channel\|>(?:analysis|commentary)<\|message\|>", r"<\|channel\|>final<\|message\|>"),
)  # fmt: skip
_THINKING = tuple((re.compile(begin, re.IGNORECASE), re.compile(end, re.IGNORECASE)) for begin, end in _THOUGHTS)

# 3. Envelopes that hold the answer, the outer first; the last one of a kind counts.
_WRAPPED = r"(?:\\(?:textbf|textrm|text|mathrm|mathbf|mbox|rm|bf)\s*)?\{?"
_ENVELOPES = (
    re.compile(r"<answer>((?:(?!<answer>).){0,4000}?)(?:</answer>|\Z)", re.IGNORECASE | re.DOTALL),
    re.compile(r"<\|begin_of_box\|>(.{0,4000}?)<\|end_of_box\|>", re.DOTALL),
    re.compile(rf"\\(?:boxed|fbox)\s*\{{\s*{_WRAPPED}([^{{}}]{{0,400}})\}}*"),
    re.compile(
        r"""["'](?:(?:final|correct)[ _]?(?:answer|option)|answer|selected[ _]?option|option|choice|prediction)["']\s*:\s*["']([^"']{1,400})["']""",
        re.IGNORECASE,
    ),
)
_TOKENS = re.compile(r"<\|?/?(?:im_start|im_end|eot_id|end_of_turn|endoftext|end|return|start|eos|s|assistant|b|strong|i|em|p|br)\s*/?\|?>", re.IGNORECASE)
_MARKUP = re.compile(r"[*_`$]+|\\[()\[\]]|\\(?:text|textbf|mathrm|mathbf)\s*(?=\{)|^[ \t]*#+[ \t]*|^[ \t]*>[ \t]+", re.MULTILINE)

# 4. Words that lead to an answer, and words between them and it.
_LEADS = (
    "answer", "choice", "option", "choose", "select", "pick", "go with", "correct one", "response", "letter", "antwort", "lösung", "réponse", "respuesta",
    "resposta", "risposta", "antwoord", "svar", "svaret", "odpowiedź", "odpověď", "ответ", "cevap", "yanıt", "jawaban", "đáp án", "ответом", "विकल्प", "उत्तर",
    "الإجابة", "الجواب", "答案", "答え", "回答", "正解", "选项", "選項", "选择", "選擇", "选", "選", "정답", "정답은", "답", "답은",
)  # fmt: skip
_LINKS = (
    "would be", "must be", "should be", "is", "was", "are", "be", "lautet", "ist", "est", "es", "é", "è", "är", "er", "to", "jest", "je", "это", "является",
    "adalah", "là", "هو", "هي", "है", "是", "为", "為", "は", "はい", "은", "는",
)  # fmt: skip
_FILLERS = (
    "most likely", "probably", "therefore", "clearly", "option", "choice", "letter", "the option", "the letter", "selected", "given", "number", "correcte",
    "correcta", "correta", "corretta", "richtige", "die", "la", "l'option", "opción", "opção", "opzione", "buchstabe", "lettre", "letra", "选项", "選項", "项",
)  # fmt: skip


def _any(words: Sequence[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


# 5. Words that deny what follows, and texts that decline.
_NEGATIONS = re.compile(
    r"\b(?:no|not|isn't|aren't|wasn't|cannot|can't|never|without|nor|neither|rather than|instead of|free of|absence of|lack of|wrong|incorrect)\b"
)
_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:sorry|unable|not able|not allowed|not permitted)|i (?:must|have to) decline"
    r"|i (?:can ?not|can't|won't|will not|am not going to) (?:\w+ly )?(?:determine|assess|help|provide|answer|tell|assist|view|evaluate|judge|diagnose"
    r"|interpret|analy[sz]e|comply|fulfil+|give|identify|say|rate|be sure|describe|comment|do|(?:see|access|open) (?:the|this|any|an|your) (?:image|picture))"
    r"|(?:unable|not able|impossible|not possible) to (?:determine|assess|answer|tell|judge|say|identify|provide|evaluate|view)"
    r"|as an? (?:ai|language model)|no image (?:was |is |has been )?(?:provided|attached|visible|uploaded)"
    r"|against my guidelines|not (?:provide|offer) (?:a )?medical (?:advice|diagnos\w+)|please consult|je suis désolée?|je ne peux pas|lo siento|no puedo"
    r"|es tut mir leid|ich kann (?:das|dies|die|diese|keine|nicht)|desculpe|mi dispiace|к сожалению|не могу)\b|抱歉|对不起|無法|无法|申し訳|죄송"
)
_NEAR = 200  # characters before a word in which it can be denied
_YES_NO = {
    "yes": ("yes", "yeah", "yep", "oui", "ja", "sí", "sì", "sim", "да", "tak", "evet", "ya", "はい", "是", "是的", "有", "예", "네", "نعم", "हाँ"),
    "no": ("no", "nope", "non", "nein", "não", "нет", "nie", "hayır", "tidak", "いいえ", "否", "不是", "没有", "沒有", "아니요", "아니오", "لا", "नहीं"),
}
# "A" before a word is the article, unless one of these words follows.
_AFTER_LETTER = r"(?:is|was|are|because|since|as|seems|fits|would|for|and|or)"
_LABELS = r"(?:image|figure|fig|panel|picture|view|type|grade|vitamin|stage|class|hepatitis|group)"


def _spoken(text: str) -> str:
    """A text without the thoughts before its answer."""
    for begin, end in _THINKING:
        ends = list(end.finditer(text))
        if ends:
            text = text[ends[-1].end() :]
        opened = begin.search(text)
        if opened:
            text = text[: opened.start()]
    return text


def _plain(text: str) -> str:
    """The part of an answer that answers: without thoughts, envelopes, markup and exotic characters."""
    if len(text) > LONGEST:
        text = text[-LONGEST:]
        text = text.partition("\n")[2] or text.partition(" ")[2] or text
    text = unicodedata.normalize("NFKC", text).translate(_MARKS)
    text = _spoken(text)
    for envelope in _ENVELOPES:
        found = [inner for inner in envelope.findall(text) if inner.strip()]
        if found:
            text = found[-1]
    bare = _TOKENS.sub(" ", text)
    text = _MARKUP.sub("", bare if bare.strip() or text.startswith("<|") else text)  # "<B>" is a letter, not a tag
    return re.sub(r"\s+", " ", _SEAM.sub(" ", text)).strip()


def _folded(text: str) -> str:
    """A text for comparison: no case, no punctuation at its ends, single spaces."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip(" \t\n.,;:!?\"'()[]{}").casefold()


def _negated(before: str) -> bool:
    """Whether what comes next is denied: a negation among the last three words of the same clause."""
    clause = re.split(r"[,.;:]|\bbut\b|\bhowever\b", before.casefold())[-1]
    return bool(_NEGATIONS.search(" ".join(clause.split()[-3:])))


def _one(letters: Iterable[str], how: How) -> Answer | None:
    """An answer where all agree; None where there is nothing to agree on."""
    found = set(letters)
    if not found:
        return None
    return Answer(found.pop(), how) if len(found) == 1 else Answer(None, "several")


def read_answer(text: object, options: Sequence[str]) -> Answer:
    """The option that a text chooses.

    In order: the text is a letter; the text is an option; it opens with a letter and its punctuation; it states its answer ("the answer is (B)"); it opens
    with yes or no; it declines; it mentions one letter; it mentions one option. Two different letters on the same ground leave the answer open. "A" as an
    article is no letter. Thoughts (<think>…</think> and their like) are no answer; an envelope (<answer>, \\boxed{}, JSON) holds it.
    """
    if text is None or (isinstance(text, float) and text != text):  # a table's empty cell arrives as NaN
        return Answer(None, "missing")
    plain = _plain(str(text))
    if not plain or (plain.casefold() in {"nan", "none", "null", "n/a"} and plain.casefold() not in map(_folded, options)):
        return Answer(None, "missing")
    letters = LETTERS[: len(options)]
    folded = {_folded(option): letter for option, letter in zip(options, letters, strict=True)}
    steps = (_bare, _whole, _opening, _stated, _yes_or_no, _declined, _mentioned, _named)
    return next((answer for step in steps if (answer := step(plain, letters, folded)) is not None), Answer(None, "nothing"))


def _bare(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    match = re.fullmatch(rf"[\s(\[{{\"'<]*(?:option|choice|answer)?\s*:?\s*[(\[]?([{letters}])[\s)\]}}\"'.,:;!>]*", text, re.IGNORECASE)
    return Answer(match[1].upper(), "letter") if match else None


def _whole(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    letter = folded.get(_folded(text))
    return Answer(letter, "text") if letter else None


def _opening(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    """A letter with its punctuation, then an option's text or a reason: "B. Moderate", "(C) noise", "B because ..."."""
    punctuated = rf"[(\[]?([{letters}{letters.lower()}])(?:[)\]]\s*[-.:,]?|[.:])\s*(.*)$"
    spaced = rf"([{letters}])(?:\s*[,;]|\s+[-–—])\s*(.*)$"
    alone = rf"([{letters.replace('A', '')}])(\s+.*)$"
    match = next((found for form in (punctuated, spaced, alone) if (found := re.match(form, text, re.DOTALL))), None)
    if match is None:
        return None
    letter, rest = match[1].upper(), match[2]
    owner = folded.get(_folded(rest)) or folded.get(_folded(re.split(r"[.\n;]", rest)[0]))
    if owner and owner != letter:
        return Answer(None, "several")  # the letter of one option beside the text of another
    others = _statements(rest, letters) - {letter} | set(re.findall(rf"(?:^|\s|,|/)\(?([{letters.replace('A', '')}])(?:[).,;]|$|\s+or\b)", rest)) - {letter}
    if re.match(r"\s*(?:or|and|/|&)\s*\(?[A-H]\b", rest):
        return Answer(None, "several")
    if others and not owner:
        return _concluded(rest, letters) or Answer(None, "several")
    return Answer(letter, "letter")


_LEAD = rf"(?<![^\W\d_])(?i:{_any(_LEADS)})s?"
_LINK = rf"(?:\s*(?:(?i:{_any(_LINKS)})(?![^\W\d_])|[:=,-])){{0,2}}(?:\s*(?i:{_any(_FILLERS)})(?![^\W\d_])){{0,2}}\s*:?\s*"


def _statements(text: str, letters: str) -> set[str]:
    """Letters that a text gives as its answer."""
    tail = rf"(?=[)\]\s]*(?:$|[.,;:!?)\]\"'–—{_UNSPACED}-]|{_AFTER_LETTER}\b))"
    another = rf"(?:[)\]]?\s*(?:or|and|/|&)\s*[(\[]?([{letters}])\b(?!\s+(?:is|was|would)\b))?"
    pairs = re.findall(rf"{_LEAD}{_LINK}[(\[\"']*([{letters}{letters.lower()}])\b{tail}{another}", text)
    found = {letter.upper() for pair in pairs for letter in pair if letter}
    named = rf"\b([{letters}])\b[)\]]?\s+(?:is|would be|seems|appears to be)\s+(?:the\s+)?(?:most\s+)?(?:correct|right|answer|best)"
    return found | set(re.findall(named, text))


_CONCLUSION = re.compile(r"(?i)\b(?:final answer|in conclusion|therefore|thus|hence)\b")


def _concluded(text: str, letters: str) -> Answer | None:
    """The one letter of a final statement, after all were weighed."""
    parts = _CONCLUSION.split(text)
    return _one(_statements(f"answer {parts[-1]}", letters), "statement") if len(parts) > 1 else None


def _stated(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    """ "The answer is (B)": a final statement stands over the options that were weighed before it."""
    final = _CONCLUSION.split(text)
    for part in (f"answer {final[-1]}" if len(final) > 1 else "", text):
        kept = re.sub(
            rf"(?i)\b(?:option|choice|answer)\s+\(?[{letters}]\)?\s+(?:is|was)\s+(?:not|wrong|incorrect)\b|\bnot\s+(?:option\s+)?\(?[{letters}]\b", " ", part
        )
        by_letter = _one(_statements(kept, letters), "statement")
        if by_letter:
            return by_letter
        named = re.findall(r"(?i)\banswer(?:\s+(?:is|would be|must be)|\s*:)\s*[\"']?(.+?)(?:[.;\"']|$)", kept)
        by_text = _one((folded[_folded(name)] for name in named if _folded(name) in folded), "statement")
        if by_text:
            return by_text
    return None


def _yes_or_no(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    """A leading Yes or No that stands alone; "No ghosting is seen" answers nothing by itself."""
    if not {"yes", "no"} <= set(folded):
        return None
    for meant, spellings in _YES_NO.items():
        if re.match(rf"[\"'(\[]*(?:{_any(spellings)})(?![^\W\d_])\s*(?=[,.;:!)\]\"'–—-]|$)", text.casefold()):
            return Answer(folded[meant], "text")
    return None


def _declined(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    """A text that declines to answer, and states nothing."""
    return Answer(None, "refusal") if _REFUSAL.search(text.casefold()) else None


def _mentioned(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    """Letters that stand alone, "A" only with brackets or punctuation, none that labels something else ("image B")."""
    text = re.sub(rf"\b(?i:{_LABELS})\s+[{letters}]\b", " ", text)
    article = rf"\(A\)|\bA(?=[.)\]:;]|\s*[/&]|$)|\bA(?=\s+{_AFTER_LETTER}\b)" if "A" in letters else r"(?!)"
    rest = letters.replace("A", "")
    kept = [match for match in re.finditer(rf"{article}|\b[{rest}]\b(?!')", text) if not _negated(text[max(match.start() - _NEAR, 0) : match.start()])]
    return _one((match[0].strip("()") for match in kept), "mention")


def _named(text: str, letters: str, folded: dict[str, str]) -> Answer | None:
    """Options whose words occur, the longest first so that "no artefact" is not also "artefact"; a negated option is not chosen."""
    rest, found = text.casefold(), set()
    for option in sorted(folded, key=len, reverse=True):
        if option in {"yes", "no"}:
            continue
        pattern = re.compile(rf"(?<!\w){re.escape(option)}(?!\w)")
        if any(not _negated(rest[max(match.start() - _NEAR, 0) : match.start()]) for match in pattern.finditer(rest)):
            found.add(folded[option])
        rest = pattern.sub(" | ", rest)
    return _one(found, "mention")
