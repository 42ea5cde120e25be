"""Reading a table: from scikit-learn, from the person's own file, or from a copy of what was read.

Each section leaves ``table``, a column for each column of x, and ``y``.
"""

from __future__ import annotations

import csv
import io
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.files import atomic_write
from engine.service.results.exporting.script.columns import (
    Column,
    as_texts,
    columns_of,
    same_column,
    target_column,
)
from engine.service.results.exporting.script.document import Section, listed, repr_of
from engine.service.results.exporting.script.subject import NotWritten, Subject
from engine.spec.signature import Output, Task

TITLE: Final = "Reading the data"
_SKLEARN: Final = {
    "iris": "load_iris(as_frame=True)",
    "wine": "load_wine(as_frame=True)",
    "breast_cancer": "load_breast_cancer(as_frame=True)",
    "diabetes": "load_diabetes(as_frame=True, scaled=False)",
}
# Until its version 3 pandas may read the last bit of a number wrong, unless it is told so.
_IS_OLD: Final = int(version("pandas").partition(".")[0]) < 3
EXACT: Final = ('float_precision="round_trip"',) if _IS_OLD else ()
WEIGHT: Final = "weight of the example"


def from_library(subject: Subject) -> Section | None:
    """Data that comes with scikit-learn."""
    call = _SKLEARN.get(subject.spec.data.source)
    if call is None or subject.examples.task is Task.ANOMALY:
        return None
    dtype = "int64" if subject.examples.output is Output.CLASSES else "float64"
    code = f'data = {call}\ntable = data["data"]\ny = data["target"].to_numpy("{dtype}")'
    function = call.partition("(")[0]
    return Section(TITLE, code, (f"from sklearn.datasets import {function}",))


def from_copy(subject: Subject, path: Path) -> Section:
    """Writes the table as it was read beside the script, and reads it there.

    Raises:
        OSError: It cannot be written.
        NotWritten: Two columns have the same name.
    """
    columns, examples = columns_of(subject), subject.examples
    target, y = target_column(subject), examples.y
    head = [column.name for column in columns]
    cells = [_cells(column, subject.x[:, place]) for place, column in enumerate(columns)]
    if examples.output is Output.LABELS:
        labels = _labels(subject)
        head += labels
        cells += [[str(int(value)) for value in y[:, place]] for place in range(len(labels))]
    elif y.ndim > 1:
        head += _targets(subject)
        cells += [[repr(float(value)) for value in column] for column in y.T]
    else:
        head.append(target)
        names = examples.class_names
        cells.append([names[int(v)] if names else repr(float(v)) for v in y])
    if examples.weights is not None:
        head.append(WEIGHT)
        cells.append([repr(float(value)) for value in examples.weights])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(zip(*cells, strict=True))
    atomic_write(path, text.getvalue())
    about = (
        "# The data as Descent read it, with its gaps: what it understood of dates, units and odd\n"
        "# spellings takes more than a plain script says.\n"
    )
    texts = [column.name for column in columns if column.is_category]
    texts += [target] if examples.class_names and examples.output is not Output.LABELS else []
    return Section(
        TITLE,
        about + _read_csv(f'HERE / "{path.name}"', texts, {}) + "\n" + target_code(subject),
        ("import pandas as pd",),
    )


def _labels(subject: Subject) -> list[str]:
    taken = {column.name for column in columns_of(subject)}
    return [f"{name} (label)" if name in taken else name for name in subject.examples.class_names]


def _targets(subject: Subject) -> list[str]:
    """What the script calls each of several numbers to be predicted."""
    target = target_column(subject)
    return [f"{target} {place}" for place in range(1, subject.examples.y.shape[1] + 1)]


def _cells(column: Column, values: np.ndarray) -> list[str]:
    if column.is_category:
        return list(as_texts(column, values))
    # Python's shortest text of a number reads back as the same bits.
    return ["" if np.isnan(value) else repr(value) for value in values.astype(float).tolist()]


def _read_csv(path: str, texts: list[str], options: dict[str, str]) -> str:
    """A call of `pandas.read_csv` to the last bit, in which only empty cells are gaps."""
    arguments = [path, *(f"{name}={value}" for name, value in options.items())]
    if texts:
        arguments.append(f"dtype=dict.fromkeys({listed(texts, 20)}, str)")
    if "na_values" not in options:
        arguments.append('na_values=[""]')
    arguments += ["keep_default_na=False", *EXACT]
    inner = "".join(f"    {_inside(argument)},\n" for argument in arguments)
    return f"table = pd.read_csv(\n{inner})"


def _inside(argument: str) -> str:
    return argument.replace("\n", "\n    ")


def target_code(subject: Subject) -> str:
    """How ``y`` is made of the target's column."""
    examples, target = subject.examples, target_column(subject)
    name = repr_of(target)
    if examples.output is Output.LABELS:
        lines = [f"LABELS = {listed(_labels(subject), 9)}", 'y = table[LABELS].to_numpy("uint8")']
    elif examples.class_names:
        lines = [
            f"CLASSES = {listed(examples.class_names, 10)}",
            f'y = pd.Categorical(table[{name}], categories=CLASSES).codes.astype("int64")',
        ]
    elif examples.y.ndim > 1:
        lines = [f'y = table[{listed(_targets(subject), 10)}].to_numpy("float64")']
    else:
        lines = [f'y = table[{name}].to_numpy("float64")']
    if examples.weights is not None:
        lines.append(f'weights = table["{WEIGHT}"].to_numpy("float32")')
    return "\n".join(lines)


def is_read(subject: Subject, names: dict[str, Any]) -> bool:
    """Whether a section has read what Descent has read, to the last bit."""
    table, y = names.get("table"), names.get("y")
    if table is None or not isinstance(y, np.ndarray):
        return False
    examples = subject.examples
    wanted = examples.y if examples.output is not Output.LABELS else examples.y.astype(np.uint8)
    if y.dtype != wanted.dtype or not np.array_equal(y, wanted):
        return False
    if examples.weights is not None and not np.array_equal(
        names.get("weights", ()), examples.weights
    ):
        return False
    return all(
        column.name in table and same_column(column, subject.x[:, place], table[column.name])
        for place, column in enumerate(columns_of(subject))
    )


__all__ = ["NotWritten", "from_copy", "from_library", "is_read"]
