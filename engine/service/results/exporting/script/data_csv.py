"""Reading the person's own table with pandas alone, where that gives the same bits."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.datasets.formats import FileDataset
from engine.datasets.tables.delimited import DelimitedFile
from engine.datasets.tables.table_cells import GAP_WORDS
from engine.datasets.tables.table_opening import open_source
from engine.datasets.tables.table_source import stored_parameters
from engine.service.results.exporting.script.columns import Column, columns_of
from engine.service.results.exporting.script.data_tables import EXACT, TITLE, target_code
from engine.service.results.exporting.script.document import Section, listed, repr_of
from engine.service.results.exporting.script.subject import Subject
from engine.spec.signature import Output, Task

_PARTS: Final = {
    "year": "moments.dt.year",
    "month": "moments.dt.month",
    "day": "moments.dt.day",
    "weekday": "moments.dt.day_of_week  # Monday is 0",
    "hour": "moments.dt.hour",
    "days": '(moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds() / 86_400  # since 1970',
}
_MOST_WORDS: Final = 12


@dataclass(frozen=True)
class _Way:
    """How the cells of a file are read.

    Attributes:
        thousands: The sign that groups digits; empty: none does.
        strips: Blanks around texts are taken off.
    """

    thousands: str = ""
    strips: bool = False


_WAYS: Final = (_Way(), _Way(strips=True), _Way(".", True), _Way(",", True))


def from_own_file(subject: Subject) -> Iterator[Section]:
    """Ways to read a text file with pandas, the most readable first; none where none is seen."""
    dataset, examples = subject.prepared.dataset, subject.examples
    if not isinstance(dataset, FileDataset) or "columns" not in examples.reading:
        return
    if subject.spec.data.corrections or examples.weights is not None:
        return
    columns = columns_of(subject)
    if any(column.type == "text" for column in columns):
        return
    if any(column.type != "date" and column.name != column.source for column in columns):
        return
    source = open_source(dataset.path, stored_parameters(examples.reading))
    if not isinstance(source, DelimitedFile):
        return
    is_there = examples.output is Output.LABELS or examples.target_name in source.names
    if is_there or _knows_nothing(subject):
        for way in _WAYS:
            yield _section(subject, source, columns, way, is_there)


def _knows_nothing(subject: Subject) -> bool:
    return subject.examples.task is Task.ANOMALY and not subject.examples.class_names


def _section(
    subject: Subject,
    source: DelimitedFile,
    columns: tuple[Column, ...],
    way: _Way,
    has_target: bool,
) -> Section:
    examples = subject.examples
    has_labels = examples.output is Output.LABELS
    targets = list(examples.class_names) if has_labels else [examples.target_name]
    texts = [column.source for column in columns if column.type != "number"]
    if has_target and examples.class_names and not has_labels:
        texts += targets
    texts = list(dict.fromkeys(texts))
    lines = [_read(source, columns, texts, way)]
    if way.strips and texts:
        lines.append(f"for name in {listed(texts, 12)}:")
        lines.append("    table[name] = table[name].str.strip()")
    if not has_target:
        made = "y = np.zeros(len(table))  # nothing is known of what is unusual"
        code = "\n".join([*lines, *_dates(columns), made])
        return Section(TITLE, code, ("import numpy as np", "import pandas as pd"))
    lines.append("# There is nothing to learn from rows without an answer.")
    lines.append(f"table = table.dropna(subset={listed(targets)}, ignore_index=True)")
    code = "\n".join([*lines, *_dates(columns), target_code(subject)])
    return Section(TITLE, code, ("import pandas as pd",))


def _read(source: DelimitedFile, columns: tuple[Column, ...], texts: list[str], way: _Way) -> str:
    options = []
    if source.delimiter != ",":
        sign = source.delimiter if source.delimiter.strip() or source.delimiter == "\t" else r"\s+"
        options.append(f"sep={repr_of(sign)}")
    if not source.has_header:
        options += ["header=None", f"names={listed(source.names, 10)}"]
    elif source.header_line > 1:
        options.append(f"skiprows={source.header_line - 1}")
    name = source.encoding_name
    if name.lower().replace("-", "_") not in ("utf_8", "utf8", "ascii"):
        options.append(f"encoding={repr_of(name)}")
    words, has_comma = _gap_words(source, columns)
    if has_comma and way.thousands != ",":
        options.append('decimal=","')
    if way.thousands:
        options.append(f"thousands={repr_of(way.thousands)}")
    if texts:
        options.append(f"dtype=dict.fromkeys({listed(texts, 24)}, str)")
    options += [f"na_values={listed(words, 14)}", "keep_default_na=False", *EXACT]
    inner = "".join(textwrap.indent(f"{option},\n", "    ") for option in options)
    path = repr_of(str(Path(source.path).resolve()))
    return f"DATA = {path}\ntable = pd.read_csv(\n    DATA,\n{inner})"


def _gap_words(source: DelimitedFile, columns: tuple[Column, ...]) -> tuple[list[str], bool]:
    """What stands for a gap in columns of numbers and dates, and whether numbers have commas."""
    found: dict[str, None] = {"": None}
    has_comma = False
    names = {column.source for column in columns if column.type in ("number", "date", "boolean")}
    for chunk in source.chunks():
        for name in names:
            for cell in chunk.cells[name].unique().to_pylist():
                has_comma |= "," in cell and source.delimiter != ","
                if cell.lower() in GAP_WORDS and len(found) < _MOST_WORDS:
                    found[cell] = None
    return list(found), has_comma


def _dates(columns: tuple[Column, ...]) -> list[str]:
    """Statements that put numbers in the place of dates."""
    lines: list[str] = []
    for source in dict.fromkeys(column.source for column in columns if column.type == "date"):
        parts = [column for column in columns if column.source == source]
        form = repr_of(parts[0].form)
        lines.append("")
        lines.append(f"moments = pd.to_datetime(table[{repr_of(source)}], format={form}, utc=True)")
        lines += [f"table[{repr_of(part.name)}] = {_PARTS[part.part]}" for part in parts]
    return [*lines, ""] if lines else []
