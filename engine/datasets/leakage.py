"""Finds examples of the training part that are in another part, too: they flatter the result."""

from __future__ import annotations

import math
from collections import Counter
from hashlib import blake2b

import numpy as np

from engine.datasets.base import Examples
from engine.datasets.packing import FileRows
from engine.datasets.split import Parts
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble

# Beyond these, comparing would take longer than people wait for a first look.
_COMPARED_ROWS = 200_000
_COMPARED_FILES = 5_000
_COMPARED_FILE_BYTES = 1 << 20
_COMPARED_BYTES = 1 << 30
_BLOCK_BYTES = 8 << 20


_OVERLAP = DataFinding(
    Trouble.ACROSS_PARTS,
    "",
    "Windows of a series overlap: drawn without regard to time, the training part holds most of "
    "what the other parts shall test, and results look better than they are.",
    remedies=(Remedy("Divide by time", {"split.method": "time", "split.column": None}),),
)


def across_parts(examples: Examples, parts: Parts) -> tuple[DataFinding, ...]:
    """Finds inputs that are the same in the training part and in another.

    Files are compared by size first, and by content only where sizes agree.

    Args:
        examples: All of them.
        parts: How they are divided.
    """
    if examples.until is not None and parts.method != "time":
        return (_OVERLAP,)
    marks = _marks(examples)
    if marks is None:
        return ()
    part_of = np.zeros(examples.n_samples, np.int8)
    part_of[parts.validation], part_of[parts.test] = 1, 2
    in_training: dict[bytes, int] = {}
    for index in parts.train.tolist():
        in_training.setdefault(marks[index], index)
    held_out = np.concatenate([parts.validation, parts.test]).tolist()
    twins = [
        (index, in_training[marks[index]]) for index in held_out if marks[index] in in_training
    ]
    if not twins:
        return ()
    names = [f"{examples.name_of(index)} = {examples.name_of(twin)}" for index, twin in twins]
    copies = (examples.name_of(index) for index, _ in twins)
    # Taken out of the parts, not of the data: drawn anew, other copies would be in two parts.
    remedies = (Remedy("Leave the copies out", {"split.leave_out": (*parts.left_out, *copies)}),)
    count = len(twins)
    text = (
        f"{count:,} of {len(held_out):,} validation and test examples are also in the training "
        "part, so results look better than they are."
    )
    return (DataFinding(Trouble.ACROSS_PARTS, "", text, tuple(names[:MAX_NAMES]), count, remedies),)


def _marks(examples: Examples) -> list[bytes] | None:
    """A mark of each example's input, equal where inputs are equal; None: too many to compare."""
    rows = examples.x
    if len(rows) > _COMPARED_ROWS:
        return None
    if isinstance(rows, FileRows):
        return _file_marks(rows)
    row_bytes = rows.dtype.itemsize * max(1, math.prod(rows.shape[1:]))
    if len(rows) * row_bytes > _COMPARED_BYTES:
        return None
    marks: list[bytes] = []
    for start in range(0, len(rows), step := max(1, min(1024, _BLOCK_BYTES // row_bytes))):
        for row in rows[start : start + step]:
            content = row.encode() if isinstance(row, str) else np.ascontiguousarray(row).tobytes()
            marks.append(
                content if len(content) < 32 else blake2b(content, digest_size=16).digest()
            )
    return marks


def _file_marks(rows: FileRows) -> list[bytes] | None:
    """Files of a size of their own differ without being read; None: too many would be read."""
    sizes: list[int] = []
    for path in rows.paths:
        try:
            sizes.append(path.stat().st_size)
        except OSError:
            sizes.append(-1)
    counts = Counter(sizes)
    common = {size for size, count in counts.items() if count > 1 and size > 0}
    if sum(counts[size] for size in common) > _COMPARED_FILES:
        return None
    marks: list[bytes] = []
    for place, (path, size) in enumerate(zip(rows.paths, sizes, strict=True)):
        mark = b"%d/%d" % (place, size)
        if size in common:
            try:
                with path.open("rb") as file:
                    content = file.read(_COMPARED_FILE_BYTES)
                mark = blake2b(content, digest_size=16).digest() + b"%d" % size
            except OSError:
                pass
        marks.append(mark)
    return marks
