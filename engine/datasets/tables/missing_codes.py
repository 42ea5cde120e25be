"""Numbers that stand for a missing value, such as -999: how they are told, and read as gaps."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from engine.datasets.base import Progress, silent
from engine.datasets.tables.table_source import Cells, Chunk, FloatArray, SourceReport, TableSource
from engine.events.findings import DataFinding, Remedy, Trouble

FIELD: Final = "data.parameters.missing"
_OF: Final = ": "
"""Stands between a column and what means a gap in it alone."""
# What loggers and statistics programs write; 9 and 99 are as often what they seem to be.
_CODES: Final = frozenset(
    {sign * nines for nines in (99.0, 999.0, 9999.0, 99999.0, 999999.0) for sign in (1.0, -1.0)}
    | {-9.0, -99.9, -999.9, -999.25, -999.99, -99.99, -9999.99, -32768.0, 32767.0, 1e20, -1e20}
)
_FEWEST: Final = 2
_FEWEST_OTHERS: Final = 5
_DECIMALS: Final = 5


def missing_code(values: FloatArray) -> tuple[float, int] | None:
    """A number at one end that is written for missing values, far from all others.

    Args:
        values: Finite numbers of a column, (n,).

    Returns:
        It, and how often it occurs; None: there is none.
    """
    if len(values) < _FEWEST + _FEWEST_OTHERS:
        return None
    for code in (float(values.min()), float(values.max())):
        if code not in _CODES:
            continue
        others = values[values != code]
        count = len(values) - len(others)
        if count < _FEWEST or len(others) < _FEWEST_OTHERS:
            continue
        low, high = float(others.min()), float(others.max())
        distance = low - code if code < low else code - high
        if distance > high - low and distance > abs(code) / 2:
            return code, count
    return None


def code_finding(name: str, values: FloatArray) -> tuple[DataFinding, ...]:
    """Asks whether such a number of a column is a gap, with the remedy."""
    found = missing_code(values)
    if found is None:
        return ()
    code, count = found
    others = values[values != code]
    text = (
        f"{code:.10g} occurs {count:,} times in '{name}', far from all other numbers "
        f"({others.min():.10g} to {others.max():.10g}). It may stand for a missing value, but is "
        "learnt as a number."
    )
    remedy = Remedy(f"Take {code:.10g} as missing", {FIELD: (f"{name}{_OF}{code:.10g}",)})
    return (DataFinding(Trouble.MISSING, name, text, count=count, remedies=(remedy,)),)


class TableWithCodes:
    """A table in which some cells mean that nothing is known; a `TableSource`.

    Args:
        source: The table.
        missing: What such cells hold: ``-999`` in any column, ``depth: -999`` in one. A number is
            found however many decimals it is written with.
    """

    def __init__(self, source: TableSource, missing: Sequence[str]) -> None:
        self._source = source
        self._missing = codes_by_column(missing, source.names)
        self.path: Path = source.path
        self.names = source.names
        self.has_header = source.has_header
        self.has_comma_numbers = source.has_comma_numbers
        self.delimiter = source.delimiter
        self.is_typed = source.is_typed
        self.line_word = source.line_word
        self.n_bytes = source.n_bytes

    def chunks(self, progress: Progress = silent) -> Iterator[Chunk]:
        """As of `TableSource`."""
        for chunk in self._source.chunks(progress):
            yield without_codes(chunk, self._missing)

    def report(self) -> SourceReport:
        """As of `TableSource`."""
        return self._source.report()


def without_codes(chunk: Chunk, missing: Mapping[str, Collection[str]]) -> Chunk:
    """A chunk in which cells of these texts are empty, by column."""
    cells = {
        name: _emptied(column, missing[name]) if missing.get(name) else column
        for name, column in chunk.cells.items()
    }
    return Chunk(cells, chunk.lines)


def _emptied(cells: Cells, texts: Collection[str]) -> Cells:
    import pyarrow as pa
    import pyarrow.compute as pc

    is_code = pc.is_in(cells, pa.array(sorted(texts), cells.type))
    return pc.if_else(is_code, pa.scalar("", cells.type), cells)


def codes_by_column(missing: Sequence[str], names: Collection[str]) -> dict[str, set[str]]:
    """What means a gap in each column, as cells may write it."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for entry in missing:
        column, is_of_one, code = entry.rpartition(_OF)
        columns = (column,) if is_of_one and column in found else tuple(names)
        text = code if is_of_one and column in found else entry
        for name in columns:
            found[name] |= _spellings(text.strip())
    return found


def _spellings(text: str) -> set[str]:
    """A text, and where it is a number the same with other decimals or another decimal sign."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return {text}
    if not np.isfinite(value):
        return {text}
    written = {f"{value:.{decimals}f}" for decimals in range(_DECIMALS)}
    same = {form for form in written if float(form) == value} | {repr(value), f"{value:.15g}"}
    return {text, *same, *(form.replace(".", ",") for form in same)}
