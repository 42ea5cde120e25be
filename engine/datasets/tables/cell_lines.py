"""How lines of text are cut into cells: what parts them, and what quotation marks mean."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from engine.datasets.tables.written_numbers import written_number

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "blank": " "}
SAMPLE_CHARACTERS = 1 << 16
"""So much of a file is looked at to tell what parts its cells."""
MAX_CELL_CHARACTERS = 16 << 20
"""A longer cell is rather a quotation mark that was not closed."""
_SAMPLE_ROWS = 100
_BLANKS = re.compile(r'("(?:[^"]|"")*")|[ \t]+')
_CONSISTENT = 0.95

csv.field_size_limit(MAX_CELL_CHARACTERS)


def describe_delimiter(delimiter: str) -> str:
    """A delimiter in words."""
    return {sign: name for name, sign in DELIMITERS.items()}[delimiter]


def cut_lines(
    lines: Iterable[str], delimiter: str, has_quotes: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """Yields the cells of each record, and how many lines were read by its end.

    Args:
        lines: With their line breaks.
        delimiter: One of `DELIMITERS`; any number of blanks is one.
        has_quotes: Quotation marks enclose cells; else those between tabs are text.

    Raises:
        csv.Error: A quotation mark is not closed, or closed within a cell.
    """
    if not has_quotes:
        for number, line in enumerate(lines, start=1):
            yield number, list(split_tabs(line))
        return
    if delimiter == " ":
        lines = map(_single_blanks, lines)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    for row in reader:
        yield reader.line_num, row


def _single_blanks(line: str) -> str:
    return _BLANKS.sub(lambda found: found[1] or " ", line.strip()) + "\n"


def split_tabs(line: str) -> tuple[str, ...]:
    """Cells of a line with tabs; quotation marks are text, unless they enclose a whole cell."""
    return tuple(_unquoted(cell.strip()) for cell in line.rstrip("\r\n").split("\t"))


def _unquoted(cell: str) -> str:
    inner = cell[1:-1]
    is_enclosed = (
        len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', "")
    )
    return inner.replace('""', '"') if is_enclosed else cell


def quotes_enclose(lines: Iterable[str]) -> bool:
    """Whether the quotation marks of a text with tabs enclose cells, all of them.

    They do not where one is left open, or where a cell would swallow whole rows.

    Args:
        lines: All of the text.
    """
    n_tabs = None
    try:
        for _, row in cut_lines(lines, "\t"):
            n_tabs = len(row) - 1 if n_tabs is None else n_tabs
            for cell in row:
                if "\t" in cell and any(n_tabs <= part.count("\t") for part in cell.split("\n")):
                    return False
                if "\n" in cell and n_tabs and cell.count("\t") >= n_tabs:
                    return False
    except csv.Error:
        return False
    return True


def sniff_delimiter(sample: str) -> str:
    """What parts the first rows most consistently; a comma where nothing does."""
    if len(sample) >= SAMPLE_CHARACTERS:
        # The last line is cut off by the end of the sample.
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, best_score = ",", (0.0, 0)
    best_rows = [[line] for line in sample.splitlines()[:_SAMPLE_ROWS] if line.strip()]
    for delimiter in DELIMITERS.values():
        if delimiter == " ":
            continue
        rows = _sample_rows(sample, delimiter)
        score = _consistency(rows)
        if score > best_score:
            best, best_score, best_rows = delimiter, score, rows
    return " " if _is_blank(sample, best_rows) else best


def _sample_rows(sample: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    # Judged by what comes before an error; reading the whole file reports its line.
    with suppress(csv.Error):
        found = cut_lines(io.StringIO(sample, newline=""), delimiter)
        rows.extend(row for _, row in islice(found, _SAMPLE_ROWS) if row)
    return rows


def _consistency(rows: list[list[str]]) -> tuple[float, int]:
    """The share of the rows that are as wide as the first, and how wide that is; 0 for one cell."""
    if not rows or len(rows[0]) < 2:
        return 0.0, 0
    width = len(rows[0])
    return sum(len(row) == width for row in rows) / len(rows), width


def _is_blank(sample: str, others: list[list[str]]) -> bool:
    """Whether blanks part the cells: numbers in even rows, that are not parted by anything else.

    Args:
        sample: Of the file.
        others: Its rows as the best of the other delimiters cuts them.
    """
    rows = _sample_rows(sample, " ")
    share, width = _consistency(rows)
    if share < _CONSISTENT or not width:
        return False
    cells = [cell for row in rows[1:] or rows for cell in row]
    if 2 * sum(written_number(cell) is not None for cell in cells) < len(cells):
        return False
    if _consistency(others)[0] < share and len(others[0]) > 1:
        return True
    # What holds several numbers, and is not one such as `1 234`, was not cut enough.
    columns = zip(*(row for row in others[1:] if len(row) == len(others[0])), strict=True)
    return any(all(map(_holds_several, column)) for column in columns)


def _holds_several(cell: str) -> bool:
    parts = cell.split()
    n_numbers = sum(written_number(part) is not None for part in parts)
    return len(parts) > 1 and n_numbers >= 1 and written_number(cell.strip()) is None
