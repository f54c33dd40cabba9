"""One segment of a sentence: its mentions, and what the words around them say of each."""

from __future__ import annotations

from collections.abc import Iterator

from medq_gen.claims.claim import Claim, Comparison, Image, Subject, levels_between
from medq_gen.claims.lexicon import Sense, Token
from medq_gen.claims.mention import (
    AMPLE,
    BAD_LEVELS,
    CAREFUL,
    CLOUDED,
    COMPLEMENT,
    FAINT,
    HINDERED,
    LOWERS,
    MATTERING,
    OTHER,
    RAISES,
    SCARCE,
    UNSEEN,
    Mention,
    chosen,
    resolved,
    soundness,
)
from medq_gen.ontology.levels import LEVELS, Level
from medq_gen.records import Visibility


class Segment:
    """A stretch of a sentence within which one negation reaches. Keeps the image and subject that a pronoun in the next segment would mean."""

    def __init__(self, tokens: list[Token], *, image: Image | None, last: tuple[Subject, ...], introduces: bool, text: str, follows: bool = False) -> None:
        self.text, self.introduces, self.last, self.follows = text, introduces, last, follows
        self.reference: Image | None = None
        self.tokens = self._without_reference(resolved(tokens, image))
        self.images = [(place, token.value) for place, token in enumerate(self.tokens) if token.role == "image"]
        self.current = image
        if self.reference and not self.images:
            self.current = OTHER[self.reference]
        self.hedged = any(token.role == "hedge" for token in self.tokens)
        self.mentions = self._mentions()
        self._hedges()
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
                meaning, others = chosen(token)
                if token.words in CLOUDED and found and found[-1].meaning.sense == "structure":
                    self.tokens[place] = Token("hidden", "poorly seen", token.words)
                    continue
                if negated and meaning.sense in ("good", "virtue") and found and place - last_negator > 1 and self.tokens[place - 1].value != "or":
                    listed = any(earlier.value == "or" for earlier in self.tokens[last_negator:])
                    negated = negated and (listed or found[-1].meaning.sense != "fault")  # "no noise, sharp": the list of what is denied has ended
                found.append(Mention(place, meaning, others, negated, little=little))
        return found

    def _hedges(self) -> None:
        """Doubt reaches what follows it, and what stands alone before it: "blur, probably due to motion" doubts the motion only."""
        for place, token in enumerate(self.tokens):
            if token.role != "hedge":
                continue
            after = [mention for mention in self.mentions if mention.place > place]
            for number, mention in enumerate(after or self.mentions):
                own = number and after and self.tokens[mention.place - 1].role == "level"  # "possibly mild blur, severe noise"
                mention.hedged = mention.hedged or not own

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
        last = self.mentions[-1].meaning.sense
        for mention in self.mentions if flips % 2 else ():
            if mention.meaning.sense == last or "structure" not in (mention.meaning.sense, last):  # "blurred, cortex not visible" denies no blur
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
                elif self.tokens[place].value == "," and place and self.tokens[place - 1].role == "level" and self._starts(place - 1, before):
                    gap = 0  # "severe, diffuse noise"
                elif (role == "word" or (role == "and" and self.tokens[place].value == "or" and zone)) and gap < 2:
                    gap += 1
                else:
                    break
            mention.spent = sorted(zone)
            taken |= set(zone)
        for number, mention in enumerate(self.mentions):
            if not mention.spent:
                end = self.mentions[number + 1].place if number + 1 < len(self.mentions) else len(self.tokens)
                for p in range(mention.place + 1, end):
                    if self.tokens[p].role in ("level", "cap", "floor", "above", "below") and p not in taken:
                        mention.spent.append(p)
                    elif mention.spent and self.tokens[p].role == "word" and self.tokens[p].value not in ("to", "in", "rather", "quite"):
                        break  # "so strong that small lesions are missed": the second word grades something else
            mention.levels = self._range(mention.spent)
        if self.mentions and len(self.mentions) > 1:
            last = self.mentions[-1]
            if last.spent and last.spent[0] > last.place and any(token.role == "be" for token in self.tokens[last.place : last.spent[0]]):
                for mention in self.mentions:  # "noise and blur are mild"
                    mention.levels = mention.levels or last.levels
        for mention in self.mentions:
            denied = mention.negated or (self.denied_level and mention.spent and mention.spent[0] > mention.place)
            mattering = any(word in MATTERING for place in mention.spent for word in self.tokens[place].words)
            if not mention.levels and mention.meaning.sense == "fault" and mention.meaning.level is None and not mention.negated:
                mention.levels = self._amount(mention)
                if mention.levels:
                    continue
            if mention.levels and denied and mention.meaning.sense == "fault" and mention.meaning.level is None:
                weaker = LEVELS[: LEVELS.index(mention.levels[0])]  # "no severe noise" leaves all that is weaker
                mention.levels = weaker[:2] if mattering else weaker
                mention.negated = False
            elif mention.meaning.level is not None and not mention.levels:
                mention.levels = (mention.meaning.level,)
            if mention.little and mention.meaning.sense == "fault":
                mention.levels = ("none", "mild") if not mention.negated else ("moderate", "severe")
                mention.negated = False

    def _starts(self, place: int, before: int) -> bool:
        """Whether a level word opens the clause, so that it belongs to what follows."""
        return all(self.tokens[earlier].role in ("level", "word", "subject", "image", "open", "negator") for earlier in range(before + 1, place)) and before < 0

    def _amount(self, mention: Mention) -> tuple[Level, ...]:
        """ "Low noise", "noise is high": an amount of a fault, in the words that grade a virtue."""
        beside = [self.tokens[mention.place - 1]] if mention.place else []
        after, stated, listed = mention.place + 1, False, False
        while after < len(self.tokens):
            token = self.tokens[after]
            stated, listed = stated or token.role == "be", listed or token.role == "mention"
            if token.role not in ("be", "hedge", "and", "mention") and token.value not in ("level", "levels", "very", "at", "a", "quite", "rather", "to"):
                break
            after += 1
        ends = after + 1 >= len(self.tokens) or self.tokens[after + 1].role != "mention"
        if after < len(self.tokens) and self.tokens[after].role in ("sound", "impaired", "poorer") and ends and (stated or not listed):
            beside.append(self.tokens[after])
        for token in beside:
            if token.role in ("sound", "impaired", "poorer"):
                if token.value in SCARCE:
                    return ("none", "mild")
                if token.value in AMPLE:
                    return ("moderate", "severe")
        return ()

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
        if "cap" in roles or (high == 1 and any(token.words[-1] in FAINT for token in graded)):
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
            if direction and not self.images and self.current is None and self.reference is None:
                mention.assumed = direction == "worse"  # "increased noise" of one picture is noise
                if mention.assumed and meaning.sense == "fault":
                    continue
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
        return Claim(subject=mention.meaning.subject, others=mention.others, image=image, hedged=mention.hedged, text=self.text, **said)  # type: ignore[arg-type]

    def _claims_of(self, mention: Mention, image: Image | None, roles: set[str]) -> Iterator[Claim]:
        sense, kind = mention.meaning.sense, mention.meaning.subject.kind
        if sense == "content":
            if kind == "modality" or self.introduces:
                yield self._claim(mention, image)
        elif sense == "structure":
            visibility = self._visibility(mention) or self._blurred(mention)
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
                yield self._claim(mention, image, polarity=polarity, levels=self._loss(mention) if polarity == "present" else ())
        elif sense == "good":
            yield self._claim(mention, image, polarity="present" if mention.negated else "absent")
        elif mention.negated:
            yield self._claim(mention, image, polarity="absent", place=mention.region)
        else:
            yield self._claim(mention, image, levels=mention.levels, place=mention.region)

    def _loss(self, mention: Mention) -> tuple[Level, ...]:
        """The levels of a virtue's loss: "markedly reduced" is severe, "weak" says how good the virtue is and not how far it is lost."""
        return () if any(self.tokens[place].words[-1] in BAD_LEVELS for place in mention.spent) else mention.levels

    def _virtue(self, mention: Mention) -> str | None:
        """ "contrast is preserved" is absence of its loss, "reduced contrast" its presence."""
        said = [(place, soundness(token)) for place, token in enumerate(self.tokens) if soundness(token)]
        nearest = sorted((abs(place - mention.place), role) for place, role in said if abs(place - mention.place) <= 7 and self._reaches(mention, place))
        if not nearest:
            return None
        present = nearest[0][1] == "impaired"
        return "present" if present != mention.negated else "absent"

    def _reaches(self, mention: Mention, place: int) -> bool:
        """Whether a word of quality may be said of a virtue: no fault, and no clause of another virtue, stands between them."""
        low, high = sorted((mention.place, place))
        between = [other for other in self.mentions if low < other.place < high]
        return all(
            other.meaning.sense in ("virtue", "structure", "content") and not any(soundness(self.tokens[at]) for at in range(low + 1, high))
            for other in between
        )

    def _blurred(self, mention: Mention) -> tuple[Visibility, ...]:
        """ "The disc is blurred": a structure whose own edges are said to be unsharp is not seen in full."""
        after = next((other for other in self.mentions if other.place > mention.place), None)
        if after is None or after.negated or after.meaning.subject.name != "sharpness" or after.meaning.sense != "fault":
            return ()
        between = self.tokens[mention.place + 1 : after.place]
        if not any(token.role == "be" for token in between) or any(token.role in ("and", "word") for token in between):
            return ()
        return ("usable",) if after.levels == ("mild",) else ("usable", "reject")

    def _visibility(self, mention: Mention) -> tuple[Visibility, ...]:
        hindered, barely = False, False
        for token in self.tokens:
            barely = barely or token.role == "little"
            if token.role in ("negator", "little"):
                hindered = not hindered
            elif token.role == "word" and token.value in ("usable", "reject"):
                return (token.value,)  # type: ignore[return-value]
            elif token.role == "partly":
                return ("usable",)
            elif token.role == "hidden" or (token.role == "impaired" and token.value == "lost"):
                if hindered:
                    return ("good", "usable")
                return ("usable", "reject") if token.value.startswith(HINDERED) else ("reject",)
            elif token.role == "impaired":
                return ("good",) if hindered else ("usable", "reject")
            elif token.role in ("clear", "sound"):
                if not hindered:
                    return ("good",) if token.role == "sound" or any(word in token.value for word in CAREFUL) else ("good", "usable")
                unclear = barely or token.role == "sound" or any(word in token.value for word in CAREFUL)
                return ("usable", "reject") if unclear else ("reject",)
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
        pronoun = any(token.role == "subject" and token.value in ("it", "they", "this", "these") for token in self.tokens[:4])
        pronoun = pronoun or (self.follows and self.tokens[0].role in ("be", "level") and "level" in roles)  # "noise, though present, is mild"
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
