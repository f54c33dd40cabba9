"""All items of a run through one endpoint: what is cached is not asked, the rest by so many workers, each reply on disk before it counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from medq_gen.answer.asked import Asked
from medq_gen.answer.cache import key_of
from medq_gen.answer.endpoint import Asker, StopAsking
from medq_gen.answer.reply import Reply
from medq_gen.progress import Watch


@dataclass(frozen=True, slots=True)
class Crowd:
    """concurrency : requests at a time. give_up_after : items in a row that fail before asking ends, as when a server has died."""

    concurrency: int = 8
    give_up_after: int = 16


def ask_all(items: Sequence[Asked], asker: Asker, crowd: Crowd, *, replies: dict[str, Reply], watch: Callable[[int], Watch]) -> str | None:
    """Fill `replies` (id of the item -> reply), from the cache and then from the endpoint; why asking ended early, or None.

    Items whose requests are equal share one request. `replies` holds what is known whenever this ends, by an interrupt too. watch : makes the progress, given
    the number of items that are known already.
    """
    waiting: dict[str, list[Asked]] = {}
    for item in items:
        key = key_of(asker.settings.request(item, asker.pictures))
        known = asker.cache.get(key)
        if known is not None:
            replies[item.id] = known
        else:
            waiting.setdefault(key, []).append(item)
    with watch(len(replies)) as shown:
        return asyncio.run(_ask(waiting, asker, crowd, replies, shown)) if waiting else None


async def _ask(waiting: Mapping[str, Sequence[Asked]], asker: Asker, crowd: Crowd, replies: dict[str, Reply], shown: Watch) -> str | None:
    queue = iter(waiting.values())
    why: list[str] = []
    failed = _InARow(crowd.give_up_after)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(crowd.concurrency, len(waiting))):
                group.create_task(_work(queue, asker, failed, replies, shown))
    except* StopAsking as stopped:
        why += map(str, stopped.exceptions)
    finally:
        with suppress(Exception):  # the sockets of a dead server close as they can
            await asker.client.close()
    return why[0] if why else None


class _InARow:
    """Counts failures in a row over all workers."""

    def __init__(self, most: int) -> None:
        self.most, self.count = most, 0

    def saw(self, reply: Reply) -> None:
        self.count = self.count + 1 if reply.status == "failed" else 0
        if self.count >= self.most:
            raise StopAsking(f"{self.count} items in a row failed, the last with {reply.reason}")


async def _work(queue: Iterator[Sequence[Asked]], asker: Asker, failed: _InARow, replies: dict[str, Reply], shown: Watch) -> None:
    for alike in queue:
        reply = await asker.ask(alike[0])
        replies.update({item.id: reply for item in alike})
        shown.advance(len(alike), len(alike))
        failed.saw(reply)
