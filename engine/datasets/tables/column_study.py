"""Learns what a column holds, chunk by chunk, in memory that does not grow with the file."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from engine.datasets.tables.cell_faults import Fault, NumberFaults
from engine.datasets.tables.table_cells import (
    CODE,
    LARGEST,
    NAMELESS,
    Numbers,
    NumberStyle,
    blank_cells,
    fitting_forms,
    gap_word_cells,
    read_numbers,
)
from engine.datasets.tables.table_source import BoolArray, Cells, FloatArray, IndexArray

_BEYOND_INTEGERS = 2.0**63
_SAMPLE_SIZE = 20_000
_NEARLY_ALL = 0.95
# At least one more than the categories that can be told apart.
_MAX_COUNTED, _MIN_COUNTED, _COUNTED_IN_ALL = 20_000, 1_001, 500_000


def counted_values(n_columns: int) -> int:
    """How many different values of each column are counted."""
    return max(_MIN_COUNTED, min(_MAX_COUNTED, _COUNTED_IN_ALL // max(1, n_columns)))


@dataclass
class ColumnStudy:
    """What is known of a column after some chunks. All fields are JSON values.

    Attributes:
        name: Its name.
        limit: At most this many different values are counted.
        forms: Forms in which all cells are dates, so far.
        n_rows: Cells.
        n_blank: Cells that hold nothing.
        n_words: Cells that hold a word for a gap.
        n_numbers: Cells that hold a number.
        faults: Cells that hold no number to compute with.
        has_code: Some number has leading zeros.
        has_giant: Some whole number is beyond 64 bits.
        is_whole: All numbers are whole.
        has_comma: Some number has a decimal comma.
        start: Where the column counts the rows, the first number; else None.
        minimum, maximum, mean, spread: Of the finite numbers; `spread` is the sum of squared
            distances from the mean.
        sample: Some of the numbers, drawn evenly.
        stride: One in so many numbers is in the sample.
        counts: How often each text occurs; empty once they are more than `limit`.
        is_overfull: They are more than that.
        distinct_share: Different texts by cells that are not blank, until they were too many.
        n_letters: Characters in all cells.
        n_spaces: Those that are spaces.
    """

    name: str
    limit: int
    forms: tuple[str, ...] = ()
    n_rows: int = 0
    n_blank: int = 0
    n_words: int = 0
    n_numbers: int = 0
    faults: NumberFaults = field(default_factory=NumberFaults)
    has_code: bool = False
    has_giant: bool = False
    is_whole: bool = True
    has_comma: bool = False
    start: float | None = None
    minimum: float = math.inf
    maximum: float = -math.inf
    mean: float = 0.0
    spread: float = 0.0
    sample: list[float] = field(default_factory=list)
    stride: int = 1
    counts: dict[str, int] = field(default_factory=dict)
    is_overfull: bool = False
    distinct_share: float = 1.0
    n_letters: int = 0
    n_spaces: int = 0

    def add(self, cells: Cells, lines: IndexArray, style: NumberStyle) -> None:
        """Looks at a chunk."""
        import pyarrow.compute as pc

        blank = blank_cells(cells)
        numbers = read_numbers(cells, style)
        words = (
            gap_word_cells(cells) if numbers.wrong.any() or numbers.words.any() else blank & ~blank
        )
        self._add_numbers(cells, lines, numbers)
        self._count(cells, blank)
        self._add_dates(cells, blank | (words & style.gap_words))
        self.n_rows += len(cells)
        self.n_blank += int(np.count_nonzero(blank))
        self.n_words += int(np.count_nonzero(words))
        self.n_letters += int(pc.sum(pc.utf8_length(cells)).as_py() or 0)
        self.n_spaces += int(pc.sum(pc.count_substring(cells, " ")).as_py() or 0)

    def _add_numbers(self, cells: Cells, lines: IndexArray, numbers: Numbers) -> None:
        import pyarrow.compute as pc

        values = numbers.values
        self.faults.add(numbers, cells, lines)
        self.has_comma |= numbers.has_comma
        self._count_rows(values)
        known = ~np.isnan(values)
        if not known.any():
            return
        self.n_numbers += int(np.count_nonzero(known))
        if not self.has_code:
            self.has_code = bool(pc.any(pc.match_substring_regex(cells, f"^{CODE}$")).as_py())
        giant = np.flatnonzero(known & (np.abs(values) >= _BEYOND_INTEGERS))
        if len(giant) and not self.has_giant:
            written = pc.match_substring_regex(cells.take(giant), r"^[+-]?[0-9]+$")
            self.has_giant = bool(pc.any(written).as_py())
        finite = values[known & np.isfinite(values) & (np.abs(values) <= LARGEST)]
        self.is_whole &= bool(np.all(finite == np.rint(finite)))
        self._measure(finite)

    def _count_rows(self, values: FloatArray) -> None:
        """Whether the column goes on counting the rows."""
        if not len(values):
            return
        start = float(values[0]) - self.n_rows
        expected = self.n_rows + start + np.arange(len(values))
        is_first = self.n_rows == 0
        is_counting = (is_first or self.start == start) and np.array_equal(values, expected)
        self.start = start if is_counting else None

    def _measure(self, finite: FloatArray) -> None:
        """Joins mean and spread of a chunk with those of all before it (Chan et al., 1979)."""
        if not len(finite):
            return
        self.minimum = min(self.minimum, float(finite.min()))
        self.maximum = max(self.maximum, float(finite.max()))
        before = self.n_numbers - len(finite)
        mean, total = float(finite.mean()), self.n_numbers
        distance = mean - self.mean
        self.spread += float(((finite - mean) ** 2).sum()) + distance**2 * before * (
            len(finite) / total
        )
        self.mean += distance * (len(finite) / total)
        self.sample += finite[(-before) % self.stride :: self.stride].tolist()
        while len(self.sample) > _SAMPLE_SIZE:
            self.sample = self.sample[::2]
            self.stride *= 2

    def _count(self, cells: Cells, blank: BoolArray) -> None:
        if self.is_overfull:
            return
        found = cells.value_counts()
        n_given = self.n_given + int(np.count_nonzero(~blank))
        if len(found) > 2 * self.limit:
            self._stop_counting(len(found) / max(1, n_given))
            return
        values, counts = found.field("values").to_pylist(), found.field("counts").to_pylist()
        for value, count in zip(values, counts, strict=True):
            if value:
                self.counts[value] = self.counts.get(value, 0) + count
        if len(self.counts) > self.limit:
            self._stop_counting(len(self.counts) / max(1, n_given))

    def _stop_counting(self, distinct_share: float) -> None:
        self.is_overfull = True
        self.distinct_share = distinct_share
        self.counts.clear()

    def _add_dates(self, cells: Cells, gaps: BoolArray) -> None:
        if not self.forms:
            return
        if self.n_numbers:
            self.forms = ()
            return
        import pyarrow as pa

        distinct = cells.filter(pa.array(~gaps)).unique().to_pylist()
        if distinct:
            self.forms = fitting_forms(distinct, self.forms)

    # ---- what was learnt

    @property
    def n_given(self) -> int:
        """Cells that hold anything, words for a gap included."""
        return self.n_rows - self.n_blank

    @property
    def n_distinct(self) -> int:
        """Different texts; one more than the limit where they were not counted to the end."""
        return self.limit + 1 if self.is_overfull else len(self.counts)

    @property
    def is_distinct(self) -> bool:
        """Nearly every cell is different, as far as was counted."""
        share = self.distinct_share if self.is_overfull else self.n_distinct / max(1, self.n_given)
        return share >= _NEARLY_ALL

    @property
    def numbers_rows(self) -> bool:
        """It has no name and counts the rows, as pandas writes it.

        In a sorted file the row's number would give the answer away.
        """
        return self.name in NAMELESS and self.start in (0.0, 1.0)

    @property
    def deviation(self) -> float:
        """Standard deviation of the numbers."""
        return math.sqrt(max(0.0, self.spread) / self.n_numbers) if self.n_numbers else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return {**vars(self), "faults": asdict(self.faults)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ColumnStudy:
        """Rebuilds what `to_dict` returned."""
        faults = NumberFaults(**{name: Fault(**item) for name, item in values["faults"].items()})
        return cls(**{**values, "faults": faults, "forms": tuple(values["forms"])})
