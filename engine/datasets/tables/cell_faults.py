"""Cells of a column of numbers that hold something else: how many, the first, and the refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.datasets.tables.numbered_dates import EXAMPLES
from engine.datasets.tables.table_cells import LARGEST, Numbers
from engine.datasets.tables.table_source import BoolArray, Cells, IndexArray
from engine.errors import DatasetError
from engine.spec.parameters import shorten

_REMEMBERED = 20


@dataclass
class Fault:
    """Cells of one sort that do not fit.

    Attributes:
        count: How many.
        first: The first of them, each with its line.
    """

    count: int = 0
    first: list[tuple[str, int]] = field(default_factory=list)

    def add(self, where: BoolArray, cells: Cells, lines: IndexArray) -> None:
        """Counts the cells marked in a chunk."""
        rows = np.flatnonzero(where)
        for row in rows[: _REMEMBERED - len(self.first)].tolist():
            self.first.append((shorten(cells[row].as_py()), int(lines[row])))
        self.count += len(rows)

    def words(self, line_word: str) -> str:
        """The first of them, and how many more there are."""
        cell, line = self.first[0]
        more = f", and in {self.count - 1:,} more" if self.count > 1 else ""
        return f"Received: {cell} in {line_word} {line}{more}."

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Fault:
        """Rebuilds what `dataclasses.asdict` returned."""
        return cls(values["count"], [(cell, line) for cell, line in values["first"]])


@dataclass
class NumberFaults:
    """Cells of a column that are no numbers to compute with.

    Attributes:
        wrong: Those that hold no number and no word for a gap.
        infinite: Those that hold an infinite one.
        large: Those that hold one above `LARGEST`.
    """

    wrong: Fault = field(default_factory=Fault)
    infinite: Fault = field(default_factory=Fault)
    large: Fault = field(default_factory=Fault)

    def add(self, numbers: Numbers, cells: Cells, lines: IndexArray) -> None:
        """Looks at a chunk."""
        values = numbers.values
        self.wrong.add(numbers.wrong, cells, lines)
        self.infinite.add(np.isinf(values), cells, lines)
        self.large.add(np.isfinite(values) & (np.abs(values) > LARGEST), cells, lines)

    def refuse(
        self,
        name: str,
        line_word: str,
        otherwise: str = "give it another type",
        allowed: float = 0,
    ) -> None:
        """Refuses the column if there are any.

        Args:
            name: Of the column.
            line_word: What a place in the file is called.
            otherwise: What can be done with a column that is not meant as numbers.
            allowed: So many cells that are no numbers are let pass.

        Raises:
            DatasetError: With the first line.
        """
        for fault, message, hint in (
            (
                self.wrong,
                "must hold numbers",
                f"Mend the cell or remove the {line_word}; if the column is not meant as numbers, "
                f"{otherwise}.",
            ),
            (self.infinite, "holds an infinite number", f"Remove the {line_word}."),
            (
                self.large,
                f"holds a number too large to compute with (above {LARGEST:.2g})",
                f"Give the column in a larger unit, or remove the {line_word}.",
            ),
        ):
            if fault.count > (allowed if fault is self.wrong else 0):
                raise DatasetError(f"Column '{name}' {message}. {fault.words(line_word)}", hint)


def refuse_dates(name: str, form: str, wrong: Fault, line_word: str) -> None:
    """Refuses a column of dates if cells hold none.

    Raises:
        DatasetError: With the first line.
    """
    if wrong.count:
        example = EXAMPLES.get(form, f"written as {form}")
        raise DatasetError(
            f"Column '{name}' must hold dates, {example}. {wrong.words(line_word)}",
            "Mend the cell, or give the column another type.",
        )
