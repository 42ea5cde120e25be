"""What every file with a table offers, whatever its type: names, and cells as text in chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Progress, silent
from engine.datasets.encodings import EncodingName
from engine.datasets.folder_meaning import SpellingParameters
from engine.datasets.label_sets import EMPTY_LISTS_HELP, EMPTY_LISTS_LABEL, EmptyLists
from engine.events.findings import DataFinding
from engine.spec.parameters import parameter

Cells: TypeAlias = Any
"""A column of a chunk: a pyarrow array of strings without surrounding blanks; "" is no cell."""

FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
IndexArray: TypeAlias = npt.NDArray[np.int64]

CHUNK_CELLS = 1 << 20
"""Cells held at once while a file is read; as Python's strings they take some 80 MB."""


class TableParameters(SpellingParameters):
    """How a file is cut into cells; 'auto' shows what it found, and may be put right."""

    delimiter: Literal["auto", "comma", "semicolon", "tab", "bar", "blank"] = parameter(
        "auto",
        label="Delimiter",
        help="What separates the cells of a text file; 'blank' is any number of spaces and tabs.",
    )
    decimal: Literal["auto", "point", "comma"] = parameter(
        "auto",
        label="Decimal sign",
        help="Of all columns; 'auto' tells it of each from all its cells. With 'comma', points "
        "group thousands, with 'point' commas do. The setting of a column goes before.",
    )
    encoding: EncodingName = parameter(
        "auto", label="Encoding", help="How a text file writes its letters."
    )
    header: Literal["auto", "yes", "no"] = parameter(
        "auto", label="Header", help="Whether the first line names the columns."
    )
    dates: Literal["auto", "day first", "month first"] = parameter(
        "auto",
        label="Dates",
        help="How 3/4/2024 is read where the other dates do not tell.",
    )
    sheet: str = parameter(
        "", label="Sheet", help="Of a workbook; empty: the first that is not hidden or empty."
    )
    gap_words: Literal["numbers", "all", "none"] = parameter(
        "numbers",
        label="Words for a gap",
        help="Where NA, N/A, NaN, null, None, - and ? mean that a value is missing: among numbers, "
        "dates and yes or no ('numbers'), among texts as well ('all'), or nowhere ('none').",
    )
    missing: tuple[str, ...] = parameter(
        (),
        label="Codes for a gap",
        help="What else means that a value is missing, such as -999: in all columns, or in one, "
        "written as 'depth: -999'. New inputs are read so, too.",
        advanced=True,
    )
    empty_lists: EmptyLists = parameter(
        "unknown", label=EMPTY_LISTS_LABEL, help=EMPTY_LISTS_HELP, advanced=True
    )
    durations: Literal["seconds", "as stored"] = parameter(
        "seconds",
        label="Durations",
        help="Of Parquet files and workbooks: in seconds whatever unit the file has, or as they "
        "stand there, such as microseconds.",
        advanced=True,
    )
    duplicates: Literal["keep", "drop"] = parameter(
        "keep",
        label="Duplicate rows",
        help="'drop' leaves out rows that equal an earlier one in every column that is used.",
    )


def stored_parameters(reading: Mapping[str, Any]) -> TableParameters:
    """How the table was cut that a model was trained on; until 0.1, durations as they stand."""
    return TableParameters(**{"durations": "as stored", **reading.get("parameters", {})})


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table.

    Attributes:
        cells: By column name, each (rows,).
        lines: Line of the file (row of a sheet) in which each row starts, (rows,).
    """

    cells: Mapping[str, Cells]
    lines: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lines)


@dataclass
class SourceReport:
    """What reading a file brought to light; complete once all chunks are read."""

    findings: list[DataFinding] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)


class TableSource(Protocol):
    """A file with a table.

    Attributes:
        path: The file.
        names: Of its columns, in order.
        has_header: Whether the file names its columns.
        has_comma_numbers: Whether ``1,5`` is a number without being told so.
        delimiter: What parts its cells; empty: it is no text.
        is_typed: Whether it says itself which cells are numbers.
        line_word: What a place in it is called: ``line`` or ``row``.
        n_bytes: About how much memory its cells take as text.
    """

    path: Path
    names: tuple[str, ...]
    has_header: bool
    has_comma_numbers: bool
    delimiter: str
    is_typed: bool
    line_word: str
    n_bytes: int

    def chunks(self, progress: Progress = silent) -> Iterator[Chunk]:
        """Yields all rows in order; may be called again.

        Raises:
            DatasetError: The file is damaged, or a row is longer than the header.
        """

    def report(self) -> SourceReport:
        """What was found, after all chunks were read."""


def text_cells(values: Any) -> Cells:
    """A list of str as cells."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    return pc.utf8_trim_whitespace(array)
