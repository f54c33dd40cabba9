"""Pictures of a store in the order of the page: neighbours share a group of rows, which is read once."""

from __future__ import annotations

from functools import lru_cache

import pyarrow.parquet as pq

from medq_gen.errors import StoreError
from medq_gen.store import Store


class Pictures:
    """The PNG of any record; the last two groups of rows stay in memory."""

    def __init__(self, store: Store) -> None:
        self._place = {key: (shard.number, row) for shard in store.shards() for row, key in enumerate(shard.keys)}
        self._store = store
        self._group = lru_cache(maxsize=2)(self._read)

    def png(self, key: str) -> bytes:
        """The stored bytes.

        Raises
            StoreError: the store holds no such record.
        """
        if key not in self._place:
            raise StoreError(f"{self._store.path} holds no record {key!r}: draft again if items speak of it")
        number, row = self._place[key]
        for group, (first, last) in enumerate(self._bounds(number)):
            if first <= row < last:
                return self._group(number, group)[row - first]
        raise StoreError(f"{self._store.shard_path(number)} is shorter than its marker says: remove shard and marker and run again")

    def _bounds(self, number: int) -> list[tuple[int, int]]:
        with pq.ParquetFile(self._store.shard_path(number)) as file:
            sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        return [(sum(sizes[:place]), sum(sizes[: place + 1])) for place in range(len(sizes))]

    def _read(self, number: int, group: int) -> list[bytes]:
        with pq.ParquetFile(self._store.shard_path(number)) as file:
            return [bytes(row["image"]["bytes"]) for row in file.read_row_group(group, columns=["image"]).to_pylist()]
