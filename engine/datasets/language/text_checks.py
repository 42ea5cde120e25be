"""What is looked for in texts: their lengths, and those that are repeated or contradict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, Rows
from engine.datasets.summaries import distribution
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.events.profile import Distribution
from engine.spec.formatting import labels_text

MAX_COMPARED = 5_000_000
"""More texts are not searched for copies."""
MAX_LEFT_OUT = 5_000
"""A click leaves out no more texts by name; the list becomes part of the run's settings."""
_BLOCK = 8_192
_SHOWN = 40

Marks = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TextMarks:
    """Each text's length in characters, and a number that is equal where texts are, (n,) each."""

    lengths: npt.NDArray[np.int64]
    marks: Marks

    @classmethod
    def of(cls, texts: Iterable[str], count: int) -> TextMarks:
        """Looks at texts, one after another."""
        lengths, marks = np.zeros(count, np.int64), np.zeros(count, np.int64)
        for place, text in enumerate(texts):
            lengths[place], marks[place] = len(text), hash(text)
        return cls(lengths, marks)

    @classmethod
    def of_rows(cls, rows: Rows) -> TextMarks:
        """Looks at rows of texts, few of which are in memory at once."""
        blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
        return cls.of((text for block in blocks for text in block), len(rows))

    @property
    def distribution(self) -> Distribution:
        """How long the texts are; the longest one of a hundred are counted with the last bin."""
        most = np.quantile(self.lengths, 0.99) if len(self.lengths) else 0
        return distribution("Length", np.minimum(self.lengths, most), "characters")

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The usual and the greatest length."""
        if not len(self.lengths):
            return ()
        usual, longest = np.median(self.lengths), self.lengths.max()
        return (("Length", f"usually {usual:,.0f} characters, at most {longest:,}"),)


def repeated(
    marks: Marks, y: AnyArray, class_names: Sequence[str], names: Sequence[str], rows: Rows | None
) -> tuple[DataFinding, ...]:
    """Finds texts that appear more than once: with the same target, and with different ones.

    Args:
        marks: As in `TextMarks`.
        y: Targets, (n,).
        class_names: Names of the classes; empty where none are predicted.
        names: What each example is called; empty where they cannot be left out by name.
        rows: The texts, to show some of them; None: only names are shown.
    """
    if len(marks) > MAX_COMPARED:
        return ()
    if y.ndim > 1:
        y, class_names = np.array([labels_text(row, class_names) for row in y], object), ()
    order = np.argsort(marks, kind="stable")
    is_new = np.ones(len(order), bool)
    is_new[1:] = marks[order][1:] != marks[order][:-1]
    starts = np.flatnonzero(is_new)
    sizes = np.diff(np.append(starts, len(order)))
    copies: list[tuple[int, int]] = []
    disputed: list[list[int]] = []
    for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        group = order[start : start + size].tolist()
        first_with: dict[Any, int] = {}
        for index in group:
            first = first_with.setdefault(y[index], index)
            if first != index:
                copies.append((index, first))
        if len(first_with) > 1:
            disputed.append(group)
    found = [_disputed(disputed, y, class_names, names, rows), _copies(copies, names)]
    return tuple(item for item in found if item is not None)


def _disputed(
    groups: list[list[int]],
    y: AnyArray,
    class_names: Sequence[str],
    names: Sequence[str],
    rows: Rows | None,
) -> DataFinding | None:
    if not groups:
        return None
    groups.sort(key=lambda group: group[0])
    shown: list[str] = []
    for group in groups[:MAX_NAMES]:
        targets = dict.fromkeys(y[group].tolist())
        said = ", ".join(class_names[int(t)] if class_names else str(t) for t in targets)
        what = _name(names, group[0]) if rows is None else _quoted(str(rows[[group[0]]][0]))
        shown.append(f"{what}: {said}")
    everything = [index for group in groups for index in group]
    count, where = len(groups), "classes" if class_names else "targets"
    text = (
        f"{_texts(count)} with more than one of the {where}: {len(everything):,} examples that no "
        "model can tell right every time."
    )
    return DataFinding(
        Trouble.DUPLICATE, "", text, tuple(shown), count,
        _leave_out("Leave all of them out", everything, names),
    )  # fmt: skip


def _copies(copies: list[tuple[int, int]], names: Sequence[str]) -> DataFinding | None:
    if not copies:
        return None
    copies.sort()
    shown = tuple(f"{_name(names, one)} = {_name(names, other)}" for one, other in copies)
    count = len(copies)
    text = (
        "1 text is a copy of another with the same target."
        if count == 1
        else f"{count:,} texts are copies of others with the same target."
    )
    remedies = _leave_out("Leave the copies out", [index for index, _ in copies], names)
    return DataFinding(Trouble.DUPLICATE, "", text, shown[:MAX_NAMES], count, remedies)


def _leave_out(label: str, indices: list[int], names: Sequence[str]) -> tuple[Remedy, ...]:
    if not names or len(indices) > MAX_LEFT_OUT:
        return ()
    return (Remedy(label, {"data.exclude": tuple(names[index] for index in sorted(indices))}),)


def _name(names: Sequence[str], index: int) -> str:
    return names[index] if names else f"row {index + 1:,}"


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    return f"'{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}'"


def counted(count: int, what: str) -> str:
    """A number of things, such as ``1 file`` and ``2,000 files``."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _texts(count: int) -> str:
    return "1 text appears" if count == 1 else f"{count:,} texts appear"
