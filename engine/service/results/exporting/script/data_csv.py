"""Reading the person's own table with pandas alone, where that gives the same bits."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

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


def from_own_file(subject: Subject) -> Section | None:
    """Reads a text file with pandas; None where that cannot be the same, for a reason seen here."""
    dataset, examples = subject.prepared.dataset, subject.examples
    if not isinstance(dataset, FileDataset) or "columns" not in examples.reading:
        return None
    if subject.spec.data.corrections or examples.weights is not None:
        return None
    columns = columns_of(subject)
    if any(column.type == "text" for column in columns):
        return None
    if any(column.type != "date" and column.name != column.source for column in columns):
        return None
    source = open_source(dataset.path, stored_parameters(examples.reading))
    if not isinstance(source, DelimitedFile):
        return None
    target = examples.target_name
    if examples.output is not Output.LABELS and target not in source.names:
        return _without_target(subject, source, columns) if _knows_nothing(subject) else None
    return _section(subject, source, columns)


def _knows_nothing(subject: Subject) -> bool:
    return subject.examples.task is Task.ANOMALY and not subject.examples.class_names


def _without_target(
    subject: Subject, source: DelimitedFile, columns: tuple[Column, ...]
) -> Section:
    call, dates = _read(source, columns, []), _dates(columns)
    code = f"{call}{dates}\ny = np.zeros(len(table))  # nothing is known of what is unusual"
    return Section(TITLE, code, ("import numpy as np", "import pandas as pd"))


def _section(subject: Subject, source: DelimitedFile, columns: tuple[Column, ...]) -> Section:
    examples = subject.examples
    has_labels = examples.output is Output.LABELS
    targets = list(examples.class_names) if has_labels else [examples.target_name]
    texts = targets if examples.class_names and not has_labels else []
    lines = [_read(source, columns, texts)]
    lines.append(
        f"table = table.dropna(subset={listed(targets)}, ignore_index=True)"
        f"  # there is nothing to learn from the others"
    )
    return Section(
        TITLE,
        "\n".join(lines) + _dates(columns) + "\n" + target_code(subject),
        ("import pandas as pd",),
    )


def _read(source: DelimitedFile, columns: tuple[Column, ...], more_texts: list[str]) -> str:
    texts = [column.source for column in columns if column.type != "number"]
    texts = list(dict.fromkeys([*texts, *more_texts]))
    options = []
    if source.delimiter != ",":
        options.append(f"sep={repr_of(source.delimiter)}")
    if not source.has_header:
        options += ["header=None", f"names={listed(source.names, 10)}"]
    elif source._header_line > 1:
        options.append(f"skiprows={source._header_line - 1}")
    name = source._encoding.name
    if name.lower().replace("-", "_") not in ("utf_8", "utf8", "ascii"):
        options.append(f"encoding={repr_of(name)}")
    words, has_comma = _gap_words(source, columns)
    if has_comma:
        options.append('decimal=","')
    if texts:
        options.append(f"dtype=dict.fromkeys({listed(texts, 24)}, str)")
    options += [f"na_values={listed(words, 14)}", "keep_default_na=False", *EXACT]
    inner = "".join(f"    {option},\n" for option in options).replace("\n    ", "\n    ")
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


def _dates(columns: tuple[Column, ...]) -> str:
    """Numbers in the place of dates."""
    lines: list[str] = []
    for source in dict.fromkeys(column.source for column in columns if column.type == "date"):
        parts = [column for column in columns if column.source == source]
        form = repr_of(parts[0].form)
        lines.append("")
        lines.append(f"moments = pd.to_datetime(table[{repr_of(source)}], format={form}, utc=True)")
        lines += [f"table[{repr_of(part.name)}] = {_PARTS[part.part]}" for part in parts]
    return "\n".join(["", *lines]) if lines else ""
