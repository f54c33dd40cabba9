"""What follows from a source picture alone, kept while the picture lives: a re-acquisition then costs one reconstruction."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from torch import Tensor

Value = TypeVar("Value")


class Memory(Generic[Value]):
    """A bounded store of values computed from a picture and a hashable key. Pictures are told apart by identity, so they must never be changed in place."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[tuple[int, Hashable], tuple[weakref.ref[Tensor], Value]] = OrderedDict()

    def get(self, picture: Tensor, key: Hashable, *, make: Callable[[], Value]) -> Value:
        """The value held for this very picture and key, or a new one."""
        place = (id(picture), key)
        held = self._held.get(place)
        if held is not None and held[0]() is picture:
            self._held.move_to_end(place)
            return held[1]
        for gone in [key for key, (alive, _) in self._held.items() if alive() is None]:
            del self._held[gone]
        value = make()
        self._held[place] = (weakref.ref(picture), value)
        self._held.move_to_end(place)
        while len(self._held) > self._size:
            self._held.popitem(last=False)
        return value
