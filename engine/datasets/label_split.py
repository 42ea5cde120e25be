"""Divides examples with several labels each so that every part has its share of every label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.datasets.base import IndexArray
from engine.datasets.label_sets import LabelMatrix


def divide_by_labels(y: LabelMatrix, sizes: Sequence[int], seed: int) -> list[IndexArray]:
    """Draws parts in which each label has about the share it has in all.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011, ECML PKDD, pp. 145-158): the
    rarest label goes first, for it is the hardest to divide. All examples that have it are given
    out at once, to the parts that lack most of it; what they have besides counts for the labels
    that follow. Unlike there, each part has exactly the size asked for.

    Args:
        y: (n, labels) of 0 and 1.
        sizes: Of the parts; together n.
        seed: Decides who goes where.

    Returns:
        The examples of each part, sorted, (size,).
    """
    draw = np.random.default_rng(seed)
    part = np.full(len(y), -1, np.int8)
    order = draw.permutation(len(y))
    room = np.array(sizes, np.int64)
    left = y.sum(axis=0, dtype=np.int64)
    lacking = room[:, np.newaxis] / max(1, len(y)) * left
    while left.any():
        label = int(np.where(left > 0, left, left.max() + 1).argmin())
        rows = order[(part[order] < 0) & (y[order, label] > 0)]
        counts = _given_out(len(rows), lacking[:, label], room, draw)
        for place, taken in enumerate(np.split(rows, np.cumsum(counts)[:-1])):
            part[taken] = place
            held = y[taken].sum(axis=0, dtype=np.int64)
            lacking[place] -= held
            left -= held
        room -= counts
    part[order[part[order] < 0]] = np.repeat(np.arange(len(room)), room)
    return [np.flatnonzero(part == place) for place in range(len(room))]


def _given_out(
    count: int, lacking: npt.NDArray[np.float64], room: IndexArray, draw: np.random.Generator
) -> IndexArray:
    """How many of some examples each part gets, (parts,): as it lacks, as far as it has room."""
    given = np.zeros(len(room), np.int64)
    tie = draw.random(len(room)) * 1e-6
    while count > given.sum():
        is_open = given < room
        wanted = np.where(is_open, np.maximum(lacking - given, 0.0), 0.0)
        if not wanted.any():
            wanted = np.where(is_open, (room - given).astype(np.float64), 0.0)
        rest = count - int(given.sum())
        more = np.floor(rest * wanted / wanted.sum()).astype(np.int64)
        more = np.minimum(more, room - given)
        if not more.any():
            more[int(np.where(is_open, wanted + tie, -1.0).argmax())] = 1
        given += more
    return given
