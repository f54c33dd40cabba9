"""Which texts people are asked to rate: drawn within strata, so that every model, modality, kind and level is there in its share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from medq_gen.errors import ConfigError
from medq_gen.judge.items import Item

CODE_CHARACTERS = 9  # of a hash, behind a letter: no spreadsheet takes such a code for a number


@dataclass(frozen=True, slots=True)
class Drawn:
    """One text that is rated. code : its name on the sheet, which tells neither model nor item."""

    code: str
    model: str
    item: Item
    text: str

    @property
    def stratum(self) -> tuple[str, str, str, str]:
        """What the draw is balanced over."""
        return self.model, self.item.modality, self.item.task, self.item.level


def draw(texts: Sequence[tuple[str, Item, str]], *, number: int, seed: int, data_set: str) -> list[Drawn]:
    """So many of the texts (model, item, text), in an order that tells nothing. Depends on the texts and the seed, not on their order.

    Model
        Of each stratum (model, modality, kind, level) one is taken, the largest first as far as `number` goes; each further one is of the stratum that is
        furthest below its share of `number`. Within a stratum texts about a case come before a second one about it, and
        a lot decides.

    Raises
        ConfigError: no text, or fewer than one asked.
    """
    if number < 1:
        raise ConfigError(f"task.cases={number}: at least 1")
    if not texts:
        raise ConfigError("predictions: they describe no item of the run, so there is nothing to rate")
    strata: dict[tuple[str, str, str, str], list[Drawn]] = defaultdict(list)
    for model, item, text in texts:
        found = Drawn(f"t{sha256(f'{seed}/{data_set}/{model}/{item.id}'.encode()).hexdigest()[:CODE_CHARACTERS]}", model, item, text)
        strata[found.stratum].append(found)
    shares = _shares({name: len(found) for name, found in strata.items()}, min(number, len(texts)))
    chosen = [one for name, found in sorted(strata.items()) for one in _spread(found)[: shares[name]]]
    return sorted(chosen, key=lambda one: one.code)


def _spread(found: Sequence[Drawn]) -> list[Drawn]:
    """By lot, the first text of each case before the second of any."""
    seen: dict[str, int] = defaultdict(int)
    turns = []
    for one in sorted(found, key=lambda one: one.code):
        turns.append((seen[one.item.case], one.code, one))
        seen[one.item.case] += 1
    return [one for _, _, one in sorted(turns, key=lambda turn: turn[:2])]


def _shares(sizes: dict[tuple[str, str, str, str], int], number: int) -> dict[tuple[str, str, str, str], int]:
    """One to each stratum first, then to the one that is furthest below its share."""
    total = sum(sizes.values())
    shares = dict.fromkeys(sorted(sizes), 0)
    for _ in range(number):
        open_ones = [name for name in shares if shares[name] < sizes[name]]
        shares[max(open_ones, key=lambda name: (shares[name] == 0, number * sizes[name] / total - shares[name]))] += 1
    return shares
