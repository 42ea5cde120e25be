"""Learns what a column holds, chunk by chunk, in memory that does not grow with the file."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from engine.datasets.tables.cell_faults import Fault, NumberFaults
from engine.datasets.tables.number_marks import NumberMarks, Reason
from engine.datasets.tables.table_cells import (
    CODE,
    LARGEST,
    MISTAKE_SHARE,
    MOST_MARKS,
    NAMELESS,
    Numbers,
    blank_cells,
    dates_missed,
    gap_word_cells,
    read_numbers,
)
from engine.datasets.tables.table_source import BoolArray, Cells, FloatArray, IndexArray
from engine.datasets.tables.written_numbers import NumberStyle

_EXACT_INTEGERS = 2.0**53
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
        style: How its numbers are written.
        reason: What their decimal sign was told by; see `Reason`.
        forms: Forms in which nearly all cells are dates, so far.
        marks: What was seen of how the numbers are written.
        missed: By form of dates, the cells that are none.
        n_rows: Cells.
        n_blank: Cells that hold nothing.
        n_words: Cells that hold a word for a gap.
        n_dates: Cells that were looked at as dates.
        n_numbers: Cells that hold a number.
        faults: Cells that hold no number to compute with.
        has_code: Some number has leading zeros.
        has_giant: Some whole number is beyond 64 bits.
        has_inexact: Some whole number is too large for a number of floating point to hold exactly.
        is_whole: All numbers are whole.
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
    style: NumberStyle = field(default_factory=NumberStyle)
    reason: str = Reason.NOTHING
    forms: tuple[str, ...] = ()
    marks: NumberMarks = field(default_factory=NumberMarks)
    missed: dict[str, Fault] = field(default_factory=dict)
    n_rows: int = 0
    n_blank: int = 0
    n_words: int = 0
    n_dates: int = 0
    n_numbers: int = 0
    faults: NumberFaults = field(default_factory=NumberFaults)
    has_code: bool = False
    has_giant: bool = False
    has_inexact: bool = False
    is_whole: bool = True
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

    def add(self, cells: Cells, lines: IndexArray) -> None:
        """Looks at a chunk."""
        import pyarrow.compute as pc

        blank = blank_cells(cells)
        numbers = read_numbers(cells, self.style, self.marks)
        is_other = numbers.wrong.any() or numbers.words.any()
        words = gap_word_cells(cells) if is_other else blank & ~blank
        self._add_numbers(cells, lines, numbers)
        self._count(cells, blank)
        self.n_rows += len(cells)
        self.n_blank += int(np.count_nonzero(blank))
        self.n_words += int(np.count_nonzero(words))
        self.n_letters += int(pc.sum(pc.utf8_length(cells)).as_py() or 0)
        if is_other:  # no number that is plain holds a blank
            self.n_spaces += int(pc.sum(pc.count_substring(cells, " ")).as_py() or 0)
        self._add_dates(cells, lines, blank | (words & self.style.gap_words))

    def _add_numbers(self, cells: Cells, lines: IndexArray, numbers: Numbers) -> None:
        import pyarrow.compute as pc

        values = numbers.values
        self.faults.add(numbers, cells, lines)
        self._count_rows(values)
        known = ~np.isnan(values)
        if not known.any():
            return
        self.n_numbers += int(np.count_nonzero(known))
        is_whole = known & (values == np.rint(values))
        if not self.has_code and is_whole.any():
            self.has_code = bool(pc.any(pc.match_substring_regex(cells, f"^{CODE}$")).as_py())
        giant = np.flatnonzero(known & (np.abs(values) >= _EXACT_INTEGERS))
        if len(giant) and not self.has_giant:
            written = pc.match_substring_regex(cells.take(giant), r"^[+-]?[0-9]+$")
            is_integer = np.asarray(written, bool)
            self.has_inexact |= bool(is_integer.any())
            beyond = np.abs(values[giant]) >= _BEYOND_INTEGERS
            self.has_giant = bool((is_integer & beyond).any())
        finite = values[known & np.isfinite(values) & (np.abs(values) <= LARGEST)]
        self.is_whole &= bool(is_whole[known].all())
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

    def _add_dates(self, cells: Cells, lines: IndexArray, gaps: BoolArray) -> None:
        if not self.forms:
            return
        if 2 * self.n_numbers > self.n_given:
            self.forms = ()
            return
        import pyarrow as pa

        given = np.flatnonzero(~gaps)
        if not len(given):
            return
        self.n_dates += len(given)
        cells, lines = cells.take(pa.array(given)), lines[given]
        found = dates_missed(cells, self.forms)
        for form, missed in found.items():
            self.missed.setdefault(form, Fault()).add(missed, cells, lines)
        self.forms = tuple(found)

    # ---- what was learnt

    @property
    def date_forms(self) -> tuple[str, ...]:
        """The forms in which most cells are dates, the likeliest first; empty: it holds none."""
        if not self.n_dates:
            return ()
        least = min((self.missed[form].count for form in self.forms), default=0)
        found = tuple(form for form in self.forms if self.missed[form].count == least)
        if found and least > MISTAKE_SHARE * self.n_dates:
            # A few words, such as "unknown", stand for days that are not known.
            words = {cell for cell, _ in self.missed[found[0]].first}
            return found if len(words) <= MOST_MARKS and 2 * least <= self.n_dates else ()
        return found

    @property
    def no_dates(self) -> Fault:
        """Cells that are no dates, in a column of dates."""
        forms = self.date_forms
        return self.missed[forms[0]] if forms else Fault()

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
        return {
            **vars(self),
            "style": asdict(self.style),
            "faults": asdict(self.faults),
            "marks": asdict(self.marks),
            "missed": {form: asdict(fault) for form, fault in self.missed.items()},
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ColumnStudy:
        """Rebuilds what `to_dict` returned."""
        faults = {name: Fault.from_dict(item) for name, item in values["faults"].items()}
        missed = {form: Fault.from_dict(item) for form, item in values["missed"].items()}
        rebuilt = {
            "style": NumberStyle(**values["style"]),
            "faults": NumberFaults(**faults),
            "marks": NumberMarks(**values["marks"]),
            "missed": missed,
            "forms": tuple(values["forms"]),
        }
        return cls(**{**values, **rebuilt})
