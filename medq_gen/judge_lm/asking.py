"""All axes of all items in several rounds through one endpoint; what cannot be read is asked again within bounds, and what became of each stays known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from medq_gen.answer.answerer import Setting
from medq_gen.answer.asked import Asked
from medq_gen.answer.over_http import OverHttp
from medq_gen.answer.reply import Reply
from medq_gen.judge.axes import Axis
from medq_gen.judge.items import Item
from medq_gen.judge_lm.prompts import Prompts
from medq_gen.judge_lm.reading import Reading
from medq_gen.score.public import judge_score

Structured = Literal["auto", "always", "never"]
STRUCTURED: tuple[Structured, ...] = get_args(Structured)
AGAIN = 1_000_000  # rounds apart: one that is asked again never shares a reply with another round
_NOT_KNOWN = re.compile(r"status (400|415|422|500|501)\b")  # how servers decline a field that they do not know


@dataclass(frozen=True, slots=True)
class Wanted:
    """One axis of one item, with the description as it is shown."""

    item: Item
    axis: Axis
    description: str

    @property
    def name(self) -> str:
        """Unique within a round."""
        return f"{self.item.id}/{self.axis}"


@dataclass(frozen=True, slots=True)
class Said:
    """What a judge said about one axis of one item in one round. reading : of the last reply; None where none came. asked : replies so far.

    problems : of the replies that could not be read. failure : of the last request, "" where a reply came. public : what the public scorer would read, in the
    first reply in which it reads anything.
    """

    reading: Reading | None = None
    asked: int = 0
    problems: tuple[str, ...] = ()
    failure: str = ""
    public: float | None = None

    @property
    def score(self) -> int | None:
        """The score, where one was read."""
        return self.reading.score if self.reading else None

    def is_open(self, tries: int) -> bool:
        """Whether it may be asked (again) by the next start: no score, and fewer replies than are allowed."""
        return self.score is None and self.asked < tries

    def after(self, reply: Reply, reading: Reading | None) -> Said:
        """With one more reply, or one more failure."""
        if reading is None:
            return replace(self, failure=reply.reason)
        problems = (*self.problems, reading.problem) if reading.score is None else self.problems
        public = judge_score(reply.text or "") if self.public is None else self.public
        return Said(reading, self.asked + 1, problems, public=public)


@dataclass
class Verdicts:
    """Everything said so far, by round and name; how often each may be asked; whether the server was held to a schema; tokens."""

    tries: int
    said: list[dict[str, Said]] = field(default_factory=list)
    structured: bool | None = None
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class Bench:
    """How a judge is asked. asks_again : how often a reply that cannot be read is asked anew. structured : auto tries the schema, and does without where a
    server declines it."""

    model: OverHttp
    prompts: Prompts
    setting: Setting
    rounds: int
    asks_again: int
    structured: Structured

    def hear(self, wanted: Sequence[Wanted], verdicts: Verdicts) -> str | None:
        """Fill the verdicts, from the cache and then from the endpoint; why it ended early, or None. They hold what is known by an interrupt too."""
        verdicts.said += [{} for _ in range(self.rounds)]
        if not wanted:
            return None
        verdicts.structured, stopped = self._held(wanted)
        for number in range(self.rounds):
            open_now = list(wanted)
            for again in range(self.asks_again + 1):
                if stopped or not open_now:
                    break
                stopped = self._ask(open_now, number, again, verdicts)
                said = verdicts.said[number]
                open_now = [one for one in open_now if one.name in said and said[one.name].reading and said[one.name].score is None]
        return stopped

    def _held(self, wanted: Sequence[Wanted]) -> tuple[bool, str | None]:
        """Whether the server takes the schema, tried with the first items: a server that declines it but answers without knows no schemas."""
        if self.prompts.schema is None or self.structured == "never" or "response_format" in self.model.asks.extra_body:
            return False, None
        if self.structured == "always":
            return True, None
        for one in wanted[: self.model.crowd.give_up_after]:
            with_schema, stopped = self._try(one, structured=True)
            if stopped or with_schema is None:
                return True, stopped
            if with_schema.status != "failed":
                return True, None
            if _NOT_KNOWN.match(with_schema.reason):
                without, stopped = self._try(one, structured=False)
                if stopped or (without is not None and without.status != "failed"):
                    return False, stopped
        return True, None

    def _try(self, one: Wanted, *, structured: bool) -> tuple[Reply | None, str | None]:
        replies: dict[str, Reply] = {}
        model = self._model(0, 0, structured=structured)
        patient = replace(model, crowd=replace(model.crowd, give_up_after=2))  # one failure alone ends nothing
        stopped = patient.reply_to([self._asked(one, again=0)], self.setting, replies)
        return replies.get(one.name), stopped

    def _ask(self, wanted: Sequence[Wanted], number: int, again: int, verdicts: Verdicts) -> str | None:
        replies: dict[str, Reply] = {}
        model = self._model(number, again, structured=bool(verdicts.structured))
        try:
            return model.reply_to([self._asked(one, again=again) for one in wanted], self.setting, replies)
        finally:
            for one in wanted:
                reply = replies.get(one.name)
                if reply is None:
                    continue
                verdicts.tokens_in, verdicts.tokens_out = verdicts.tokens_in + reply.tokens_in, verdicts.tokens_out + reply.tokens_out
                known = verdicts.said[number].get(one.name, Said())
                verdicts.said[number][one.name] = known.after(reply, self._read(one, reply, again=again))

    def _asked(self, one: Wanted, *, again: int) -> Asked:
        text = self.prompts.prompt(one.axis, one.item, one.description, again=again > 0).text
        task: Literal["description", "comparison"] = "description" if one.item.task == "single" else "comparison"
        return Asked(one.name, task, text, (), "", (), one.item.group, one.item.split)

    def _read(self, one: Wanted, reply: Reply, *, again: int) -> Reading | None:
        if reply.status == "failed":
            return None
        if reply.text is None or reply.status == "refused":
            return Reading(None, f"the judge's reply is {reply.status.replace('_', ' ')}")
        prompt = self.prompts.prompt(one.axis, one.item, one.description, again=again > 0)
        return self.prompts.read(reply.text, prompt, one.axis, one.item.task)

    def _model(self, number: int, again: int, *, structured: bool) -> OverHttp:
        """The judge with the round and the seed of this asking; both are part of the hash of a reply."""
        asks = self.model.asks
        turn = asks.round + number + AGAIN * again
        extra = dict(asks.extra_body)
        if structured:
            form = {"name": "grade", "strict": True, "schema": self.prompts.schema}
            extra["response_format"] = {"type": "json_schema", "json_schema": form}
        return replace(self.model, asks=replace(asks, round=turn, seed=None if asks.seed is None else asks.seed + turn, extra_body=extra))
