"""What of new inputs a model never met in training: it predicts all the same, and this is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from engine.datasets.tables.table_cells import GAP_WORDS, YES_AND_NO, distinct_cells
from engine.datasets.tables.table_source import Chunk, text_cells
from engine.errors import DatasetError

FAR = 0.25
"""A number is far outside of the range that was learnt where it is beyond by this share of it."""


@dataclass(frozen=True)
class Unfamiliar:
    """Something in an input that the model never met.

    Attributes:
        column: The column or channel.
        value: What it holds; None where it is the column itself.
        why: What is unfamiliar about it, and what was done.
    """

    column: str
    value: str | float | None
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return asdict(self)

    @property
    def text(self) -> str:
        """In words, such as ``city 'Paris': never seen in training``."""
        if self.value is None:
            return f"{self.column}: {self.why}"
        shown = f"{self.value:.10g}" if isinstance(self.value, float) else f"'{self.value}'"
        return f"{self.column} {shown}: {self.why}"


def range_words(value: float, low: float, high: float, shown: Callable[[float], str]) -> str:
    """Why a number is unfamiliar; empty where it is not.

    Args:
        value: The number; NaN is none.
        low: Smallest one in training.
        high: Largest one.
        shown: Writes a number of the range.
    """
    margin = FAR * (high - low)
    if not (value < low - margin or value > high + margin):
        return ""
    side = "below" if value < low else "above"
    return f"far {side} what was seen in training, {shown(low)} to {shown(high)}"


def _letters(name: str) -> str:
    return "".join(name.casefold().replace("_", " ").split())


class CellWatch:
    """Notes categories and columns of a table that the model never met, row by row.

    Args:
        columns: The columns that the model takes.
        categories: The texts it knows, of each column of categories; of yes and no: none.
        known: All columns of the table it was trained on; empty: not known.
        gap_words: Words such as NA are gaps among texts, too.

    Attributes:
        found: Of each row so far.
    """

    def __init__(
        self,
        columns: Sequence[str],
        categories: Mapping[str, frozenset[str]],
        known: Sequence[str] = (),
        gap_words: bool = False,
    ) -> None:
        self._columns = columns
        self._categories = categories
        self._known = frozenset(known)
        self._gaps = frozenset({"", *(GAP_WORDS if gap_words else ())})
        self.found: list[tuple[Unfamiliar, ...]] = []

    def __call__(self, names: Sequence[str], chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Hands the rows on; a column that is missing holds gaps.

        Raises:
            DatasetError: Most of the columns are missing.
        """
        other = self._written_otherwise(names)
        missing = [name for name in self._columns if name not in names and name not in other]
        if 2 * len(missing) > len(self._columns):
            raise DatasetError(
                f"Most columns the model was trained on are missing: {', '.join(missing)}.",
                f"Columns there are: {', '.join(names)}.",
            )
        of_all = [
            Unfamiliar(name, None, "the input has no such column; taken as a gap")
            for name in missing
        ]
        of_all += [
            Unfamiliar(name, None, f"read from '{found}', which is written otherwise")
            for name, found in other.items()
        ]
        if self._known:
            of_all += [
                Unfamiliar(name, None, "training knew no such column; not used")
                for name in names
                if name not in self._known and name not in other.values()
            ]
        for chunk in chunks:
            cells = {name: text_cells([""] * len(chunk)) for name in missing}
            cells |= {name: chunk.cells[found] for name, found in other.items()}
            whole = replace(chunk, cells={**chunk.cells, **cells}) if cells else chunk
            self._note(whole, of_all)
            yield whole

    def _written_otherwise(self, names: Sequence[str]) -> dict[str, str]:
        """Columns that differ from the model's in capitals and blanks alone, by the model's."""
        spare = [name for name in names if name not in self._columns and name not in self._known]
        by_letters: dict[str, list[str]] = {}
        for name in spare:
            by_letters.setdefault(_letters(name), []).append(name)
        found = {name: by_letters.get(_letters(name), []) for name in self._columns}
        return {
            name: other[0] for name, other in found.items() if name not in names and len(other) == 1
        }

    def fill(self, n_rows: int) -> None:
        """Makes `found` as long as all rows so far, of which some had no cells to watch."""
        self.found += [()] * (n_rows - len(self.found))

    def _note(self, chunk: Chunk, of_all: Sequence[Unfamiliar]) -> None:
        rows = [list(of_all) for _ in range(len(chunk))]
        for name, known in self._categories.items():
            places, distinct = distinct_cells(chunk.cells[name])
            strange = {
                place: cell for place, cell in enumerate(distinct) if self._is_new(cell, known)
            }
            if not strange:
                continue
            for row, place in enumerate(places.tolist()):
                if place in strange:
                    why = "never seen in training; taken as a gap"
                    rows[row].append(Unfamiliar(name, strange[place], why))
        self.found += map(tuple, rows)

    def _is_new(self, cell: str, known: frozenset[str]) -> bool:
        if cell in known or cell.lower() in self._gaps:
            return False
        return bool(known) or cell.lower() not in YES_AND_NO
