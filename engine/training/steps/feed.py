"""Feeds: where the step loop gets its batches from, held on the device or streamed through it.

Both give the same batches in the same order, so they train the same weights bit by bit. A streamed
feed prepares the next block of batches in a thread of its own while the loop works on the last;
memory holds two blocks, however much data there is. Imported by workers only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from engine.training.plan import ChunkLength
from engine.training.steps.loop import Array, DeviceData

BLOCK_BYTES = 16 << 20
"""A streamed block holds as many batches as fit in this, but at least one."""

Order = npt.NDArray[np.int32]
Chunk = tuple[DeviceData, Order]
Prepare = Callable[[npt.NDArray[np.int64]], tuple[Array, ...]]


def prepare_all(prepare: Prepare, n_rows: int, block: int) -> DeviceData:
    """Prepares a whole part for the device, in blocks of rows.

    Preparing works with several arrays of double precision, which for all rows at once would take
    many times what is kept.

    Args:
        prepare: As for `StreamedFeed`.
        n_rows: Examples of the part.
        block: Rows at a time.
    """
    whole: list[Array] = []
    for start in range(0, n_rows, block):
        rows = np.arange(start, min(start + block, n_rows), dtype=np.int64)
        arrays = prepare(rows)
        if not whole:
            whole = [np.empty((n_rows, *array.shape[1:]), array.dtype) for array in arrays]
        for kept, array in zip(whole, arrays, strict=True):
            kept[start : start + len(rows)] = array
    return DeviceData.place(*whole)


class Feed(ABC):
    """Examples of one part of the data, in any order asked for."""

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    @abstractmethod
    def pattern(self) -> DeviceData:
        """A few examples; only their shapes and types matter."""

    @abstractmethod
    def chunks(self, order: Order, chunk: ChunkLength) -> Generator[Chunk]:
        """Cuts an order of examples into chunks of batches.

        Args:
            order: Rows of this part, (n,).
            chunk: How many examples a batch has, and how many batches a chunk, asked before each.

        Yields:
            Data on the device, and rows of it, (steps, batch_size). The last batch of an order,
            where it is smaller, is a chunk of its own.
        """

    def _told(self, data: DeviceData, chunk: ChunkLength) -> DeviceData:
        """The same examples, which know the length of their batches if it is that of all."""
        is_even = len(self) % chunk.batch_size == 0
        return replace(data, batch_size=chunk.batch_size if is_even else None)


class ResidentFeed(Feed):
    """Holds all of its examples on the device.

    Args:
        data: The examples.
    """

    def __init__(self, data: DeviceData) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    @property
    def pattern(self) -> DeviceData:
        return self._data

    def chunks(self, order: Order, chunk: ChunkLength) -> Generator[Chunk]:
        data = self._told(self._data, chunk)
        for indices in _cut(order, chunk):
            yield data, indices


class StreamedFeed(Feed):
    """Prepares its examples when they are needed.

    Args:
        rows: Indices of this part's examples in the whole data, (n,).
        prepare: Returns what the model takes for such indices: x and y, and weights if any.
        row_bytes: Bytes of one prepared example.
    """

    def __init__(self, rows: npt.NDArray[np.int64], prepare: Prepare, row_bytes: int) -> None:
        self._rows = rows
        self._prepare = prepare
        self._row_bytes = row_bytes
        self._pattern = DeviceData.place(*prepare(rows[:1]))
        # The device a thread computes on is its own matter; blocks are placed in another thread.
        self._device = tf.zeros(()).device

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def pattern(self) -> DeviceData:
        return self._pattern

    def chunks(self, order: Order, chunk: ChunkLength) -> Generator[Chunk]:
        n_batches = max(1, BLOCK_BYTES // max(1, self._row_bytes * chunk.batch_size))
        size = n_batches * chunk.batch_size
        blocks = [order[start : start + size] for start in range(0, len(order), size)]
        with ThreadPoolExecutor(1, "feed") as ahead:
            coming = ahead.submit(self._block, blocks[0]) if blocks else None
            for number in range(len(blocks)):
                assert coming is not None
                block = self._told(coming.result(), chunk)
                following = number + 1
                if following < len(blocks):
                    coming = ahead.submit(self._block, blocks[following])
                for indices in _cut(np.arange(len(blocks[number]), dtype=np.int32), chunk):
                    yield block, indices

    def _block(self, order: Order) -> DeviceData:
        # Sorted, so that rows on disk are read in the order in which they lie there.
        rows = self._rows[order]
        sorting = np.argsort(rows, kind="stable")
        back = np.empty_like(sorting)
        back[sorting] = np.arange(len(sorting))
        arrays = [array[back] for array in self._prepare(rows[sorting])]
        with tf.device(self._device):
            return DeviceData.place(*arrays)


def _cut(order: Order, chunk: ChunkLength) -> Iterator[Order]:
    batch_size = chunk.batch_size
    n_full = len(order) // batch_size
    batches = order[: n_full * batch_size].reshape(n_full, batch_size)
    start = 0
    while start < n_full:
        stop = min(start + chunk.steps, n_full)
        yield batches[start:stop]
        start = stop
    rest = order[n_full * batch_size :]
    if len(rest):
        yield rest[np.newaxis]
