"""Finds files that are the same, by size first and by content only where sizes agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from engine.datasets.base import AnyArray, Progress, silent
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble

# Beyond these, comparing would take longer than people wait for a first look.
_MAX_FILES = 5_000
_MAX_BYTES = 256 << 20


def copies_among(
    paths: Sequence[Path],
    names: Sequence[str],
    y: AnyArray,
    exclude: Sequence[str] = (),
    progress: Progress = silent,
) -> tuple[DataFinding, ...]:
    """Finds files with the same content, and among them those whose targets differ.

    Args:
        paths: The files.
        names: What they are called.
        y: Their targets, (files,) or (files, n_values).
        exclude: What is left out already; the remedy keeps it.
        progress: Told how far it is.
    """
    groups = _equal(paths, progress)
    if not groups:
        return ()
    found: list[DataFinding] = []
    contradictory = [g for g in groups if any(np.any(y[i] != y[g[0]]) for i in g[1:])]
    agreeing = [group for group in groups if group not in contradictory]
    if agreeing:
        copies = [index for group in agreeing for index in group[1:]]
        found.append(
            _finding(
                f"{len(copies):,} files are copies of others.",
                [f"{names[i]} = {names[group[0]]}" for group in agreeing for i in group[1:]],
                Remedy("Leave the copies out", _without(copies, names, exclude)),
            )
        )
    if contradictory:
        wrong = [index for group in contradictory for index in group]
        found.append(
            _finding(
                f"{len(wrong):,} files have the same content as others but another label.",
                [f"{names[i]} = {names[group[0]]}" for group in contradictory for i in group[1:]],
                Remedy("Leave all of them out", _without(wrong, names, exclude)),
            )
        )
    return tuple(found)


def _finding(text: str, pairs: list[str], remedy: Remedy) -> DataFinding:
    remedies = (remedy,)
    return DataFinding(Trouble.DUPLICATE, "", text, tuple(pairs[:MAX_NAMES]), len(pairs), remedies)


def _without(
    indices: list[int], names: Sequence[str], exclude: Sequence[str]
) -> dict[str | tuple[str, ...], tuple[str, ...]]:
    return {"data.exclude": (*exclude, *(names[index] for index in indices))}


def _equal(paths: Sequence[Path], progress: Progress) -> list[list[int]]:
    """Groups of indices of equal files, each sorted; none where too much would be read."""
    by_size: dict[int, list[int]] = defaultdict(list)
    for index, path in enumerate(paths):
        if index % 1_000 == 0:
            progress("Looking for copies", index, len(paths))
        try:
            by_size[path.stat().st_size].append(index)
        except OSError:
            continue
    candidates = {size: group for size, group in by_size.items() if len(group) > 1 and size}
    n_files = sum(len(group) for group in candidates.values())
    n_bytes = sum(size * len(group) for size, group in candidates.items())
    if n_files > _MAX_FILES or n_bytes > _MAX_BYTES:
        return []
    by_content: dict[bytes, list[int]] = defaultdict(list)
    done = 0
    for group in candidates.values():
        for index in group:
            if done % 100 == 0:
                progress("Looking for copies", done, n_files)
            done += 1
            try:
                content = paths[index].read_bytes()
            except OSError:
                continue
            by_content[blake2b(content, digest_size=16).digest()].append(index)
    return sorted(group for group in by_content.values() if len(group) > 1)
