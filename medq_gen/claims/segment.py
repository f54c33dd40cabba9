"""One segment of a sentence: its mentions, and what the words around them say of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from medq_gen.claims.claim import Claim, Comparison, Image, Subject, levels_between
from medq_gen.claims.lexicon import Meaning, Sense, Token
from medq_gen.ontology.levels import LEVELS, Level
from medq_gen.records import Visibility

OTHER: dict[Image, Image] = {"first": "second", "second": "first"}
COMPLEMENT: dict[Comparison, tuple[Comparison, ...]] = {"better": ("worse", "equal"), "worse": ("better", "equal"), "equal": ("better", "worse")}
# For the noun of a fault "higher" is worse; for a virtue it is better.
RAISES = frozenset({"higher", "highest"})
LOWERS = frozenset({"lower", "lowest"})
# Of a structure these say how badly it is seen; of a fault, that it is not there.
UNSEEN = frozenset(
    {
        "not visible",
        "not seen",
        "invisible",
        "cannot be seen",
        "cannot be made out",
        "no longer visible",
        "can no longer be seen",
        "cannot be identified",
        "can no longer be made out",
    }
)
CAREFUL = ("clearly", "well", "fully", "sharply", "easily", "readily", "distinct", "clear", "full", "effort")


@dataclass(slots=True)
class Mention:
    """A mention of something of the ontology, at a place of the segment, with what is said of it."""

    place: int
    meaning: Meaning
    others: tuple[Subject, ...]
    negated: bool
    levels: tuple[Level, ...] = ()
    region: str | None = None
    comparison: tuple[Comparison, ...] = ()
    little: bool = False
    spent: list[int] = field(default_factory=list)  # level tokens that belong to this mention


def _chosen(token: Token) -> tuple[Meaning, tuple[Subject, ...]]:
    """The reading of a phrase that most of its subjects share, and the other subjects that share it."""
    groups: dict[tuple[Sense, Level | None], list[Meaning]] = {}
    for meaning in token.meanings:
        groups.setdefault((meaning.sense, meaning.level), []).append(meaning)
    best = max(groups.values(), key=len)
    return best[0], tuple(meaning.subject for meaning in best[1:])


class Segment:
    """A stretch of a sentence within which one negation reaches. Keeps the image and subject that a pronoun in the next segment would mean."""

    def __init__(self, tokens: list[Token], *, image: Image | None, last: tuple[Subject, ...], introduces: bool, text: str) -> None:
        self.text, self.introduces, self.last = text, introduces, last
        self.reference: Image | None = None
        self.tokens = self._without_reference(tokens)
        self.images = [(place, token.value) for place, token in enumerate(self.tokens) if token.role == "image"]
        self.current = image
        if self.reference and not self.images:
            self.current = OTHER[self.reference]
        self.hedged = any(token.role == "hedge" for token in self.tokens)
        self.mentions = self._mentions()
        self._predicates()
        self._levels()
        self._places()
        self._comparisons()
        self.image_after: Image | None = self.images[-1][1] if self.images and self.images[-1][1] != "both" else self.current  # type: ignore[assignment]
        faults = [mention for mention in self.mentions if mention.meaning.subject.kind in ("attribute", "artefact", "structure")]
        self.last_after = (faults[-1].meaning.subject, *faults[-1].others) if faults else last

    def _without_reference(self, tokens: list[Token]) -> list[Token]:
        """The tokens without "than the second image": that image is what is compared with."""
        for place, token in enumerate(tokens):
            if token.role != "than":
                continue
            for end in range(place + 1, min(place + 6, len(tokens))):
                if tokens[end].role == "image" and tokens[end].value != "both":
                    self.reference = tokens[end].value  # type: ignore[assignment]
                    return tokens[:place] + tokens[end + 1 :]
        return tokens

    # -- mentions and negation ---------------------------------------------------------------------------------------------

    def _mentions(self) -> list[Mention]:
        found: list[Mention] = []
        negated, little, last_negator = False, False, -9
        for place, token in enumerate(self.tokens):
            if token.role == "assertion":
                negated = False
            elif token.role == "negator":
                adjacent = place - last_negator <= 2 and token.value not in ("nor", "neither")
                negated = not negated if negated and adjacent else True
                last_negator = place
            elif token.role == "little":
                little = True
            elif token.role == "mention":
                meaning, others = _chosen(token)
                found.append(Mention(place, meaning, others, negated, little=little))
        return found

    def _after_last(self) -> list[tuple[int, Token]]:
        start = self.mentions[-1].place + 1 if self.mentions else 0
        return list(enumerate(self.tokens))[start:]

    def _predicates(self) -> None:
        """ "... is not seen", "... is absent": a negation after the last mention reaches back over the list."""
        if not self.mentions:
            return
        self.denied_level = False
        flips = 0
        tail = self._after_last()
        for number, (_, token) in enumerate(tail):
            if token.role == "negator":
                following = [later for _, later in tail[number + 1 :] if later.role not in ("be", "word")]
                if following and following[0].role == "level":
                    self.denied_level = True
                else:
                    flips += 1
            elif token.role == "gone" or (token.role == "hidden" and token.value in UNSEEN):
                flips += 1
        if flips % 2:
            for mention in self.mentions:
                mention.negated = not mention.negated

    # -- levels ----------------------------------------------------------------------------------------------------------

    def _levels(self) -> None:
        taken: set[int] = set()
        for number, mention in enumerate(self.mentions):
            before = self.mentions[number - 1].place if number else -1
            zone: list[int] = []
            gap = 0
            for place in range(mention.place - 1, before, -1):
                role = self.tokens[place].role
                if role in ("level", "cap", "floor", "above", "below"):
                    zone.append(place)
                    gap = 0
                elif (role == "word" or (role == "and" and self.tokens[place].value == "or" and zone)) and gap < 2:
                    gap += 1
                else:
                    break
            mention.spent = sorted(zone)
            taken |= set(zone)
        for number, mention in enumerate(self.mentions):
            if not mention.spent:
                end = self.mentions[number + 1].place if number + 1 < len(self.mentions) else len(self.tokens)
                inside = [p for p in range(mention.place + 1, end) if p not in taken]
                mention.spent = [p for p in inside if self.tokens[p].role in ("level", "cap", "floor", "above", "below")]
            mention.levels = self._range(mention.spent)
        if self.mentions and len(self.mentions) > 1:
            last = self.mentions[-1]
            if last.spent and last.spent[0] > last.place and any(token.role == "be" for token in self.tokens[last.place : last.spent[0]]):
                for mention in self.mentions:  # "noise and blur are mild"
                    mention.levels = mention.levels or last.levels
        for mention in self.mentions:
            denied = mention.negated or (self.denied_level and mention.spent and mention.spent[0] > mention.place)
            if mention.levels and denied and mention.meaning.sense == "fault" and mention.meaning.level is None:
                mention.levels = LEVELS[: LEVELS.index(mention.levels[0])]  # "no severe noise" leaves all that is weaker
                mention.negated = False
            elif mention.meaning.level is not None and not mention.levels:
                mention.levels = (mention.meaning.level,)
            if mention.little and mention.meaning.sense == "fault":
                mention.levels = ("none", "mild") if not mention.negated else ("moderate", "severe")
                mention.negated = False

    def _range(self, places: list[int]) -> tuple[Level, ...]:
        tokens = [self.tokens[place] for place in places]
        graded = [token for token in tokens if token.role == "level"]
        if len(graded) > 1:
            graded = [token for token in graded if token.value != "severe" or token.words != ("very",)]  # "very mild" is mild
        if not graded:
            return ()
        ranks = [LEVELS.index(token.value) for token in graded]
        low, high = min(ranks), max(ranks)
        roles = {token.role for token in tokens}
        if "cap" in roles:
            low = 0
        if "floor" in roles:
            high = len(LEVELS) - 1
        if "above" in roles:
            low, high = min(low + 1, len(LEVELS) - 1), len(LEVELS) - 1
        if "below" in roles:
            low, high = 0, max(high - 1, 0)
        return levels_between(LEVELS[low], LEVELS[high])

    def _places(self) -> None:
        for place, token in enumerate(self.tokens):
            if token.role == "place":
                before = [mention for mention in self.mentions if mention.place < place]
                chosen = before[-1] if before else self.mentions[0] if self.mentions else None
                if chosen is not None:
                    chosen.region = token.value

    # -- comparisons and images --------------------------------------------------------------------------------------------

    def _comparisons(self) -> None:
        for number, mention in enumerate(self.mentions):
            meaning = mention.meaning
            direction: Comparison | None = None
            if meaning.sense in ("more", "less"):
                direction = "worse" if meaning.sense == "more" else "better"
                before = self.tokens[mention.place - 1] if mention.place else None
                if before is not None and before.role == "drop":
                    direction = "better" if direction == "worse" else "worse"
            else:
                start = self.mentions[number - 1].place + 1 if number else 0
                end = self.mentions[number + 1].place if number + 1 < len(self.mentions) else len(self.tokens)
                near = list(range(mention.place - 1, start - 1, -1))
                for place in [*near[:3], *range(mention.place + 1, end)]:
                    direction = self._direction(self.tokens[place], meaning.sense)
                    if direction:
                        break
            if direction:
                mention.comparison = COMPLEMENT[direction] if mention.negated else (direction,)

    def _direction(self, token: Token, sense: Sense) -> Comparison | None:
        if token.role == "same":
            return "equal"
        if token.role not in ("rise", "drop", "finer", "poorer"):
            return None
        if sense in ("fault", "more"):
            if token.role in ("finer", "poorer"):
                return "worse" if token.value in RAISES or (token.role == "poorer" and token.value not in LOWERS) else "better"
            return "worse" if token.role == "rise" else "better"
        if token.value == "worse":
            return "worse"
        return "better" if token.role in ("rise", "finer") else "worse"

    def _images_of(self, place: int) -> tuple[Image | None, ...]:
        if not self.images:
            return (self.current,)
        first_mention = self.mentions[0].place if self.mentions else place
        before = [value for at, value in self.images if at < place]
        after = [value for at, value in self.images if at >= place]
        value = (after or before)[0 if after else -1] if self.images[0][0] > first_mention else before[-1] if before else after[0]
        return ("first", "second") if value == "both" else (value,)  # type: ignore[return-value]

    # -- claims ----------------------------------------------------------------------------------------------------------

    def claims(self) -> Iterator[Claim]:
        """What the segment asserts."""
        roles = {token.role for token in self.tokens}
        for mention in self.mentions:
            for image in self._images_of(mention.place):
                yield from self._claims_of(mention, image, roles)
        if not self.mentions:
            yield from self._without_mention(roles)

    def _claim(self, mention: Mention, image: Image | None, **said: object) -> Claim:
        return Claim(subject=mention.meaning.subject, others=mention.others, image=image, hedged=self.hedged, text=self.text, **said)  # type: ignore[arg-type]

    def _claims_of(self, mention: Mention, image: Image | None, roles: set[str]) -> Iterator[Claim]:
        sense, kind = mention.meaning.sense, mention.meaning.subject.kind
        if sense == "content":
            if kind == "modality" or self.introduces:
                yield self._claim(mention, image)
        elif sense == "structure":
            visibility = self._visibility(mention)
            if visibility:
                yield self._claim(mention, image, visibility=visibility)
        elif sense == "hides":
            if roles & {"blocks", "hidden", "impaired"}:
                yield self._claim(mention, image, polarity="absent" if mention.negated else "present")
        elif mention.comparison:
            if image is not None:
                yield self._claim(mention, image, comparison=mention.comparison)
        elif sense == "virtue":
            polarity = self._virtue(mention) if kind != "picture" else None
            if polarity:
                yield self._claim(mention, image, polarity=polarity, levels=mention.levels if polarity == "present" else ())
        elif sense == "good":
            yield self._claim(mention, image, polarity="present" if mention.negated else "absent")
        elif mention.negated:
            yield self._claim(mention, image, polarity="absent", place=mention.region)
        else:
            yield self._claim(mention, image, levels=mention.levels, place=mention.region)

    def _virtue(self, mention: Mention) -> str | None:
        """ "contrast is preserved" is absence of its loss, "reduced contrast" its presence."""
        nearest = sorted((abs(place - mention.place), token.role) for place, token in enumerate(self.tokens) if token.role in ("sound", "impaired"))
        if not nearest:
            return None
        present = nearest[0][1] == "impaired"
        return "present" if present != mention.negated else "absent"

    def _visibility(self, mention: Mention) -> tuple[Visibility, ...]:
        hindered = False
        for token in self.tokens:
            if token.role in ("negator", "little"):
                hindered = not hindered
            elif token.role == "word" and token.value in ("usable", "reject"):
                return (token.value,)  # type: ignore[return-value]
            elif token.role == "partly":
                return ("usable",)
            elif token.role == "hidden" or (token.role == "impaired" and token.value == "lost"):
                if hindered:
                    return ("good", "usable")
                return ("usable", "reject") if token.value in ("obscured", "obscures", "obscure", "poorly seen", "poorly visible") else ("reject",)
            elif token.role == "impaired":
                return ("good",) if hindered else ("usable", "reject")
            elif token.role in ("clear", "sound"):
                if not hindered:
                    return ("good",) if token.role == "sound" or any(word in token.value for word in CAREFUL) else ("good", "usable")
                return ("usable", "reject") if token.role == "sound" or any(word in token.value for word in CAREFUL) else ("reject",)
        return ()

    def _without_mention(self, roles: set[str]) -> Iterator[Claim]:
        compared = next((direction for token in self.tokens if (direction := self._direction(token, "virtue"))), None)
        if compared and (self.images or self.reference):
            (image, *_) = self._images_of(0)
            if image is not None:
                denied = any(token.role == "negator" for token in self.tokens)
                quality = Subject(kind="picture", name="quality")
                yield Claim(subject=quality, image=image, comparison=COMPLEMENT[compared] if denied else (compared,), hedged=self.hedged, text=self.text)
            return
        pronoun = any(token.role == "subject" and token.value in ("it", "they", "this", "these") for token in self.tokens[:2])
        if not pronoun or not self.last or self.last[0].kind == "structure" or not roles & {"level", "place"}:
            return
        region = next((token.value for token in self.tokens if token.role == "place"), None)
        levels = self._range([place for place, token in enumerate(self.tokens) if token.role in ("level", "cap", "floor", "above", "below")])
        denied = any(token.role == "negator" for token in self.tokens)
        if denied and levels:
            levels = LEVELS[: LEVELS.index(levels[0])]
        if denied and region:
            return  # "it does not lie in ..." says where it is not: nothing that a record's place decides alone
        for image in self._images_of(0):
            yield Claim(subject=self.last[0], others=self.last[1:], levels=levels, place=region, image=image, hedged=self.hedged, text=self.text)
