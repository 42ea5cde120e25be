"""Which row names the columns, and which stand above it: titles, notes, merged cells.

Told from the first rows, by what sets them apart from those below.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.datasets.tables.table_cells import GAP_WORDS, parse_number
from engine.datasets.tables.written_numbers import written_number
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.spec.parameters import shorten

LOOKED_AT_ROWS = 200
_LOOKED_AT_CELLS, _MIN_ROWS = 50_000, 40
_MOST_ABOVE = 30
_NEARLY_ALL = 0.9
_MIN_SEQUENCE = 4
_LARGEST = 1e300
_YEARS = range(1500, 2301)

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Header:
    """What was found.

    Attributes:
        row: Where the row of names is among the rows; the first row of data where there is none.
        is_there: There is one.
        is_open: It could as well be otherwise.
    """

    row: int
    is_there: bool
    is_open: bool = False


def find_header(rows: Rows, wanted: str = "auto") -> Header:
    """Finds the row that names the columns.

    Args:
        rows: The first rows, blank ones too; cells as text without surrounding blanks.
        wanted: ``yes`` or ``no`` where someone said whether there is one.
    """
    rows = rows[: max(_MIN_ROWS, _LOOKED_AT_CELLS // max(1, max(map(len, rows))))]
    start = _first_full(rows)
    if wanted == "auto":
        names, below = rows[start], [row for row in rows[start + 1 :] if any(row)]
        is_there, is_open = _is_header(names, below)
        return Header(start, is_there, is_open)
    if wanted == "no":
        filled = next((place for place, row in enumerate(rows) if any(row)), 0)
        return Header(filled, False)
    return Header(start, True)


def column_names_in(rows: Rows, header: Header) -> list[str]:
    """The names of the columns; the empty text where there is none.

    Names that occur more than once have before them what stands over several columns, as merged
    cells do.
    """
    if not header.is_there:
        return [""] * len(rows[header.row])
    names = list(rows[header.row])
    given = [name for name in names if name]
    are_repeated = len(set(given)) < len(given)
    over = _widened(rows[header.row - 1] if header.row else (), len(names))
    group = ""
    for place, cell in enumerate(over):
        group = cell or group
        if not names[place]:
            names[place] = cell
        elif are_repeated:
            names[place] = f"{group} {names[place]}".strip()
    return names


def heading_findings(
    header: Header, above: Sequence[tuple[int, Sequence[str]]], line_word: str, wanted: str
) -> list[DataFinding]:
    """What to say of the row of names, and of those above it.

    Args:
        header: What was found.
        above: The rows above it that hold anything, each with its line.
        line_word: What a place in the file is called.
        wanted: As of `find_header`.
    """
    found = []
    filled = [(line, " ".join(filter(None, row))) for line, row in above if any(row)]
    if filled:
        names = tuple(f"{line_word} {line}: {shorten(text)}" for line, text in filled[:MAX_NAMES])
        many = f"1 {line_word}" if len(filled) == 1 else f"{len(filled)} {line_word}s"
        text = f"{many} above the names of the columns {'was' if len(filled) == 1 else 'were'} "
        text += f"passed over: {names[0]}."
        found.append(DataFinding(Trouble.LEFT_OUT, "", text, names, len(filled)))
    if wanted != "auto":
        return found
    if not header.is_there:
        remedy = Remedy(
            f"The first {line_word} names the columns", {"data.parameters.header": "yes"}
        )
        text = f"The first {line_word} holds data, not names; the columns are numbered."
        found.append(DataFinding(Trouble.UNDERSTOOD, "", text, remedies=(remedy,)))
    elif header.is_open:
        remedy = Remedy(f"The first {line_word} holds data", {"data.parameters.header": "no"})
        text = f"The first {line_word} is taken for the names of the columns; it could be data."
        found.append(DataFinding(Trouble.UNDERSTOOD, "", text, remedies=(remedy,)))
    return found


def _first_full(rows: Rows) -> int:
    """The first row that is not a title: those above are hardly filled, and names stand below."""
    first = next((place for place, row in enumerate(rows) if any(row)), 0)
    after = next((place for place, row in enumerate(rows) if any(row) and row[0][:1] != "#"), first)
    # The last of some comments may hold the names, where none stand below it.
    for place in (after, after - 1) if after > first else ():
        below = [row for row in rows[place + 1 :] if any(row)]
        if len(rows[place]) >= len(rows[after]) and _is_header(rows[place], below)[0]:
            return place
    widths = [sum(map(bool, row)) for row in rows]
    usual = Counter(width for width in widths[first + 1 :] if width).most_common(1)
    if not usual or widths[first] >= usual[0][0]:
        return first
    filled: set[int] = set()
    for place in range(first, min(first + _MOST_ABOVE, len(rows))):
        # Names may stand in the row above, in cells that are merged with those below them.
        filled |= {column for column, cell in enumerate(rows[place]) if cell}
        if place > first and len(filled) >= usual[0][0]:
            below = [row for row in rows[place + 1 :] if any(row)]
            are_names = any(cell and _number(cell) is None for cell in rows[place])
            is_title = widths[place - 1] == 0 or 2 * max(widths[first:place]) <= usual[0][0] + 1
            found = are_names and is_title and _is_header(rows[place], below)[0]
            return place if found and below else first
    return first


def _is_header(names: Sequence[str], below: Rows) -> tuple[bool, bool]:
    """Whether a row names the columns of those below; and whether that is open."""
    columns = list(zip(*(_widened(row, len(names)) for row in below), strict=True))
    seen = columns or [()] * len(names)
    numbers = [_number_above(cell, column) for cell, column in zip(names, seen, strict=True)]
    known = [value for value in numbers if value is not None]
    if any(value != int(value) for value in known):
        return False, False  # a year may name a column; a fraction does not
    if not columns:
        return len(known) < len(names) or len(set(known)) == len(known), False
    if known and (len(set(known)) < len(known) or not _may_name(known, numbers, columns)):
        return _is_named(names, columns) and len(set(known)) == len(known), True
    if _is_named(names, columns) or known:
        return True, bool(known)
    return _by_recurrence(names, columns, below)


def _is_named(names: Sequence[str], columns: Rows) -> bool:
    """A text stands above numbers, and nothing but whole numbers stands above others."""
    for name, column in zip(names, columns, strict=True):
        is_name = bool(name) and _number_above(name, column) is None
        is_text = is_name and name.lower() not in GAP_WORDS
        if is_text and _are_numbers(column) and not _is_censored(name):
            return True
    return False


def _is_censored(name: str) -> bool:
    """It starts as a number does, such as `<0.5`."""
    return bool(re.match(r"[<>~≈±=]?\s*[-+]?[0-9.]", name))


def _may_name(known: Sequence[float], numbers: Sequence[float | None], columns: Rows) -> bool:
    """Whether whole numbers are years or counts that name columns, as values do not go on."""
    steps = [after - before for before, after in pairwise(known)]
    above = [column for value, column in zip(numbers, columns, strict=True) if value is not None]
    are_years = all(value in _YEARS for value in known)
    if are_years and (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
        return not any(
            _are_numbers(column) and all(_number(c) in _YEARS for c in column if _number(c))
            for column in above
        )
    if len(set(steps)) != 1 or steps[0] == 0:
        return False
    if known[0] in (0, 1) and steps[0] == 1 and all(map(_has_fractions, above)):
        return True  # as pandas counts columns without names
    return len(known) >= _MIN_SEQUENCE and not all(
        len({b - a for a, b in pairwise(row)}) == 1
        for row in zip(*[[_number(c) or 0.0 for c in column] for column in above], strict=True)
    )


def _has_fractions(column: Sequence[str]) -> bool:
    return any(value != int(value) for cell in column if (value := _number(cell)) is not None)


def _are_numbers(column: Sequence[str]) -> bool:
    given = [cell for cell in column if cell and cell.lower() not in GAP_WORDS]
    n_numbers = sum(_number(cell) is not None for cell in given)
    return bool(given) and n_numbers >= _NEARLY_ALL * len(given)


def _by_recurrence(names: Sequence[str], columns: Rows, below: Rows) -> tuple[bool, bool]:
    """Where all is text: names do not occur among the values of their own column."""
    # A header that was copied into the data, as where files were joined, is no value.
    columns = list(
        zip(*(row for row in below if tuple(row) != tuple(names)), strict=False)
    ) or list(columns)
    for_data = for_header = 0
    for name, column in zip(names, columns, strict=False):
        if not name:
            continue
        given = [cell for cell in column if cell]
        repeats = len(set(given)) <= len(given) / 2
        if name in given or _looks_alike(name, given):
            for_data += 1
        elif repeats and len(given) >= 2:
            for_header += 1
    return for_data <= for_header, bool(for_data)


def _looks_alike(name: str, column: Sequence[str]) -> bool:
    """A date above dates, a code above codes: digits and letters in the same order."""
    if not any(letter.isdigit() for letter in name):
        return False
    shape = _shape(name)
    same = sum(_shape(cell) == shape for cell in column)
    return bool(column) and same >= _NEARLY_ALL * len(column)


def _shape(cell: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell))


def _widened(row: Sequence[str], width: int) -> tuple[str, ...]:
    return (*row[:width], *[""] * (width - len(row)))


def _number_above(cell: str, column: Sequence[str]) -> float | None:
    """As `_number`, but none in `30 days` above numbers that have no such unit."""
    written = written_number(cell)
    if written is not None and written.unit:
        others = (written_number(other) for other in column)
        if not any(other is not None and other.unit == written.unit for other in others):
            return None
    return _number(cell)


def _number(cell: str) -> float | None:
    """The number in a cell, by either decimal sign; None: none, or one too large for a count."""
    written = written_number(cell)
    if written is None:
        found = parse_number(cell)
    else:
        found = written.by_comma if written.by_point is None else written.by_point
    return found if found is not None and abs(found) < _LARGEST else None  # nor NaN
