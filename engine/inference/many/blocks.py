"""Block: some inputs on their way to a file of predictions, with what is wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.datasets.base import AnyArray, IndexArray, Progress
from engine.datasets.tables.table_source import Chunk
from engine.datasets.unfamiliar import Unfamiliar
from engine.errors import DatasetError

BLOCK_ROWS = 4_096
"""Rows of a table that are read and predicted at once."""


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of the file to be written.

    Attributes:
        cells: What stands in the columns of each row, (n rows of n columns).
        x: Raw inputs of those that can be predicted for, (n_good, *raw_shape).
        good: Which rows these are, (n_good,).
        unfamiliar: What of each of these the model never met.
        problems: Why the others cannot be predicted for, by row.
        truths: What is true of each row, as text; empty: not known.
    """

    cells: Sequence[Sequence[str]]
    x: AnyArray
    good: IndexArray
    unfamiliar: Sequence[Sequence[Unfamiliar]]
    problems: dict[int, str]
    truths: Sequence[str] = ()


class ManyInputs(Protocol):
    """A folder or a table whose inputs come in blocks.

    Attributes:
        has_truth: What is true is a column of its own, behind them.
        noun: What one of them is called: ``row`` or ``file``.
    """

    has_truth: bool
    noun: str

    @property
    def columns(self) -> tuple[str, ...]:
        """What stands in the file before what is predicted."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is unfamiliar, or missing, in all of it; complete once all blocks were read."""

    def blocks(self, progress: Progress) -> Iterator[Block]:
        """Yields all inputs in order, a bounded number at a time.

        Raises:
            DatasetError: None of the rest can be read.
            Cancelled: Someone asked to stop.
        """


def read_good(
    read: Callable[[Chunk], AnyArray], chunk: Chunk
) -> tuple[list[AnyArray], list[int], dict[int, str]]:
    """Reads the rows of a chunk that can be read, however many others there are among them.

    A chunk that is refused is halved until what is refused is one row.

    Returns:
        Inputs in pieces, the rows they are of, and why each of the others cannot be read.
    """
    found: list[AnyArray] = []
    good: list[int] = []
    problems: dict[int, str] = {}
    waiting = [(0, len(chunk))]
    while waiting:
        start, end = waiting.pop()
        part = cut(chunk, start, end)
        try:
            found.append(read(part))
        except DatasetError as error:
            if end - start == 1:
                problems[start] = error.message
            else:
                middle = (start + end) // 2
                waiting += [(middle, end), (start, middle)]
            continue
        good += range(start, end)
    return found, good, problems


def cut(chunk: Chunk, start: int, end: int) -> Chunk:
    """Some rows of a chunk."""
    if start == 0 and end == len(chunk):
        return chunk
    cells = {name: values[start:end] for name, values in chunk.cells.items()}
    return Chunk(cells, chunk.lines[start:end])


def joined(parts: Sequence[AnyArray], raw_shape: tuple[int, ...]) -> AnyArray:
    """Inputs one after another; none of a shape where there are no parts."""
    return np.concatenate(parts) if parts else np.zeros((0, *raw_shape))
