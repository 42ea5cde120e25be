"""Reads the headers of some files of a folder, drawn evenly: what is in it, without reading it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from engine.datasets.base import Progress
from engine.errors import DatasetError

Head = TypeVar("Head")

_READERS = min(8, 1 + (os.cpu_count() or 1))
_AT_ONCE = 50


def evenly(n_all: int, n_wanted: int) -> list[int]:
    """Returns at most `n_wanted` indices, spread over all."""
    spread = np.linspace(0, n_all - 1, min(n_all, n_wanted))
    return [int(index) for index in np.unique(spread.astype(np.int64))]


def read_heads(
    paths: Sequence[Path],
    names: Sequence[str],
    n_wanted: int,
    read: Callable[[Path], Head],
    noun: str,
    progress: Progress,
) -> tuple[dict[int, Head], dict[int, str]]:
    """Reads headers of files drawn evenly.

    Args:
        paths: All files.
        names: What they are called.
        n_wanted: How many are read at most.
        read: Reads one header; raises DatasetError or OSError where it cannot.
        noun: What the files are, such as ``images``.
        progress: Told how far it is.

    Returns:
        Headers by index, and the reason by index where there is none.

    Raises:
        DatasetError: None of those looked at can be read.
        Cancelled: Someone asked to stop.
    """

    def try_read(index: int) -> Head | str:
        try:
            return read(paths[index])
        except DatasetError as error:
            return error.message
        except OSError as error:
            return (error.strerror or str(error)).lower()

    chosen = evenly(len(paths), n_wanted)
    heads: dict[int, Head] = {}
    bad: dict[int, str] = {}
    with ThreadPoolExecutor(_READERS, "header") as pool:
        for start in range(0, len(chosen), _AT_ONCE):
            progress(f"Looking at {noun}", start, len(chosen))
            block = chosen[start : start + _AT_ONCE]
            for index, head in zip(block, pool.map(try_read, block), strict=True):
                if isinstance(head, str):
                    bad[index] = head
                else:
                    heads[index] = head
    if not heads:
        first, reason = next(iter(bad.items()))
        raise DatasetError(
            f"None of the {noun} can be read. The first: '{names[first]}': {reason.rstrip('.')}.",
            "Choose other files.",
        )
    return heads, bad
