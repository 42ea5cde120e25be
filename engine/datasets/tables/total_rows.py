"""Rows at the end of a table that sum up those above them, as reports have them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.datasets.tables.table_source import Chunk
from engine.events.findings import DataFinding, Remedy, Trouble

_LAST = 3
_TOTAL = re.compile(
    r"(grand |sub)?totals?|sum|average|mean|summe|gesamt|insgesamt|durchschnitt|mittelwert|somme|"
    r"moyenne|suma|soma|media|totale|итого|всего|合计|总计|小计|平均|合計",
    re.IGNORECASE,
)


def total_findings(chunks: Sequence[Chunk], line_word: str) -> list[DataFinding]:
    """Tells of rows at the end that are called a total.

    Args:
        chunks: All rows.
        line_word: What a place in the file is called.
    """
    if not chunks or not len(chunks[-1]):
        return []
    last = chunks[-1]
    found = {}
    for row in range(max(0, len(last) - _LAST), len(last)):
        cells = [str(column[row].as_py()) for column in last.cells.values()]
        named = [cell for cell in cells if _TOTAL.fullmatch(cell.strip(" :"))]
        if named:
            found[f"{line_word} {last.lines[row]}"] = named[0]
    # Where other rows are called so as well, it is a value like any other.
    if not found or _is_usual(chunks, set(found.values())):
        return []
    first, name = next(iter(found.items()))
    text = f"The last rows seem to sum up the others: '{name}' in {first}."
    remedy = Remedy("Leave them out", {"data.exclude": tuple(found)})
    return [DataFinding(Trouble.UNDERSTOOD, "", text, tuple(found), len(found), (remedy,))]


def _is_usual(chunks: Sequence[Chunk], names: set[str]) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pa.array(sorted(names))
    counts = (
        pc.sum(pc.is_in(column, known)).as_py() or 0
        for chunk in chunks
        for column in chunk.cells.values()
    )
    return sum(counts) > _LAST
