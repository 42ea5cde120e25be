"""Reads Excel and OpenDocument workbooks and Parquet files as text cells."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import Progress, silent
from engine.datasets.tables.delimited import opening, unique_names
from engine.datasets.tables.header_rows import (
    LOOKED_AT_ROWS,
    column_names_in,
    find_header,
    heading_findings,
)
from engine.datasets.tables.table_source import (
    CHUNK_CELLS,
    Chunk,
    SourceReport,
    TableParameters,
    text_cells,
)
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Remedy, Trouble

WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
PARQUET_SUFFIXES = (".parquet", ".pq")
# A workbook of some kilobytes can claim a sheet of 17 thousand million cells.
MAX_SHEET_CELLS = 50_000_000
_BYTES_PER_CELL = 8
_SHOWN_NAMES = 5
_UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


class Sheet:
    """A sheet of a workbook, as `engine.datasets.tables.table_source.TableSource`.

    Args:
        path: The workbook.
        parameters: Which sheet, and whether its first row names the columns.

    Raises:
        DatasetError: It is damaged, locked by a password, empty, or has no such sheet.
    """

    line_word = "row"
    has_comma_numbers = False
    delimiter = ""
    is_typed = True

    def __init__(self, path: Path, parameters: TableParameters) -> None:
        self.path = path
        self._wanted = parameters
        workbook = _open_workbook(path)
        self._sheets = _tables_of(workbook)
        self._sheet = parameters.sheet or _first_filled(workbook, self._sheets, path)
        if self._sheet not in workbook.sheet_names:
            raise DatasetError(
                f"'{path.name}' has no sheet '{self._sheet}'.",
                f"Sheets: {', '.join(workbook.sheet_names)}.",
            )
        self._rows, self._first_row = _read_sheet(workbook, self._sheet, path)
        if not self._rows:
            raise DatasetError(
                f"The sheet '{self._sheet}' of '{path.name}' is empty.", "Choose another sheet."
            )
        if parameters.durations == "as stored":
            self._rows = [[_as_stored(cell) for cell in row] for row in self._rows]
        first = [[_cell_text(cell) for cell in row] for row in self._rows[:LOOKED_AT_ROWS]]
        self._header = find_header(first, parameters.header)
        self.has_header = self._header.is_there
        self._above = [
            (place + self._first_row, row) for place, row in enumerate(first[: self._header.row])
        ]
        self.names = unique_names(column_names_in(first, self._header), path)
        self.n_bytes = len(self._rows) * len(self.names) * _BYTES_PER_CELL

    def chunks(self, progress: Progress = silent) -> Iterator[Chunk]:
        """Yields all rows in order; rows without any cell are passed over."""
        start = self._header.row + self.has_header
        size = max(64, CHUNK_CELLS // len(self.names))
        if len(self._rows) == start:
            raise DatasetError(
                f"The sheet '{self._sheet}' of '{self.path.name}' has a header but no rows. "
                f"Columns: {', '.join(self.names)}.",
                "Choose a sheet with data.",
            )
        for begin in range(start, len(self._rows), size):
            progress("Reading the table", begin, len(self._rows))
            rows = [[_cell_text(cell) for cell in row] for row in self._rows[begin : begin + size]]
            kept = [place for place, row in enumerate(rows) if any(row)]
            columns = {
                name: text_cells([rows[place][index] for place in kept])
                for index, name in enumerate(self.names)
            }
            yield Chunk(columns, np.array(kept, np.int64) + begin + self._first_row)

    def report(self) -> SourceReport:
        heading = self._first_row + self._header.row
        facts = [
            ("Sheet", self._sheet),
            ("Header", f"row {heading}" if self.has_header else "none"),
        ]
        findings = heading_findings(self._header, self._above, "row", self._wanted.header)
        others = [sheet for sheet in self._sheets if sheet != self._sheet]
        if others and not self._wanted.sheet:
            text = f"One of {len(self._sheets)} sheets is read, '{self._sheet}'."
            remedies = tuple(
                Remedy(f"Read '{sheet}'", {"data.parameters.sheet": sheet}) for sheet in others[:5]
            )
            findings.append(
                DataFinding(Trouble.UNDERSTOOD, "", text, tuple(others), remedies=remedies)
            )
        return SourceReport(findings + durations_told(self._durations()), facts)

    def _durations(self) -> dict[str, str]:
        """The columns that hold durations, which a workbook keeps as parts of a day."""
        found = {
            index
            for row in self._rows
            for index, cell in enumerate(row)
            if isinstance(cell, datetime.timedelta)
        }
        return {self.names[index]: "hours, minutes and seconds" for index in sorted(found)}


def durations_told(units: Mapping[str, str]) -> list[DataFinding]:
    """Says of columns of durations that they are read in seconds, whatever unit the file has."""
    remedy = Remedy(
        "Read them as they stand in the file", {"data.parameters.durations": "as stored"}
    )
    return [
        DataFinding(
            Trouble.UNDERSTOOD,
            name,
            f"'{name}' holds durations. They are read in seconds; the file has {unit}.",
            remedies=(remedy,),
        )
        for name, unit in units.items()
    ]


def _open_workbook(path: Path) -> Any:
    import python_calamine as calamine

    with opening(path):
        path.open("rb").close()
    try:
        return calamine.CalamineWorkbook.from_path(path)
    except calamine.PasswordError:
        raise DatasetError(
            f"'{path.name}' is locked by a password.", "Save a copy without one."
        ) from None
    except Exception as error:  # a decoder's own; a damaged file is told in words
        raise _damaged(path, error) from None


def _tables_of(workbook: Any) -> tuple[str, ...]:
    """The sheets that hold cells and are not hidden; all, where that leaves none."""
    import python_calamine as calamine

    shown = tuple(
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == calamine.SheetVisibleEnum.Visible
        and sheet.typ == calamine.SheetTypeEnum.WorkSheet
    )
    return shown or tuple(workbook.sheet_names)


def _first_filled(workbook: Any, names: tuple[str, ...], path: Path) -> str:
    """The first sheet with any cells; the first of all where none has."""
    for name in names:
        try:
            if workbook.get_sheet_by_name(name).height:
                return name
        except Exception as error:
            raise _damaged(path, error) from None
    return names[0] if names else ""


def _read_sheet(workbook: Any, name: str, path: Path) -> tuple[list[list[Any]], int]:
    """All rows of a sheet, each as wide as the first one, and the number of the first."""
    try:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.height * sheet.width > MAX_SHEET_CELLS:
            raise DatasetError(
                f"The sheet '{name}' of '{path.name}' is too large. "
                f"Received: {sheet.height:,} × {sheet.width:,} cells.",
                "Save it as CSV, which may be of any size.",
            )
        rows = sheet.to_python(skip_empty_area=True)
    except DatasetError:
        raise
    except Exception as error:
        raise _damaged(path, error) from None
    first_row = sheet.start[0] + 1 if sheet.start else 1
    return rows, first_row


def _damaged(path: Path, error: Exception) -> DatasetError:
    received = str(error).rstrip(".") or type(error).__name__
    return DatasetError(
        f"'{path.name}' cannot be read as a workbook. Received: {received}.",
        "Open it in a spreadsheet program and save it again.",
    )


def _as_stored(cell: Any) -> Any:
    """A duration as ``1:30:00``, which is text."""
    return str(cell) if isinstance(cell, datetime.timedelta) else cell


def _cell_text(cell: Any) -> str:
    """A cell as a text file would hold it."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if math.isnan(cell):
            return ""
        # Workbooks know no whole numbers; 5 is stored as 5.0.
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime.timedelta):
        seconds = cell.total_seconds()
        return str(int(seconds)) if seconds.is_integer() else repr(seconds)
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell).strip()


class ParquetTable:
    """A Parquet file, as `engine.datasets.tables.table_source.TableSource`; read in batches.

    Raises:
        DatasetError: It is damaged, or has no columns.
    """

    line_word = "row"
    has_header = True
    has_comma_numbers = False
    delimiter = ""
    is_typed = True

    def __init__(self, path: Path, parameters: TableParameters | None = None) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        self._in_seconds = parameters is None or parameters.durations == "seconds"
        with opening(path):
            path.open("rb").close()
        try:
            with pq.ParquetFile(path) as file:
                schema, metadata = file.schema_arrow, file.metadata
        except (pa.ArrowException, OSError, ValueError) as error:  # names that are no text, too
            raise self._damaged(error) from None
        self._nested = tuple(field.name for field in schema if not _is_plain(field.type))
        plain = [field for field in schema if _is_plain(field.type)]
        self._plain = [field.name for field in plain]
        self.names = unique_names(list(self._plain), path)
        self._durations = {
            name: _UNITS[field.type.unit]
            for name, field in zip(self.names, plain, strict=True)
            if pa.types.is_duration(field.type)
        }
        if not self.names:
            raise DatasetError(f"'{path.name}' has no columns of single values.", "Choose another.")
        if not metadata.num_rows:
            raise DatasetError(
                f"'{path.name}' has columns but no rows. Columns: {', '.join(self.names)}.",
                "Choose a file with data.",
            )
        self._n_rows = metadata.num_rows
        self.n_bytes = self._n_rows * len(self.names) * _BYTES_PER_CELL

    def chunks(self, progress: Progress = silent) -> Iterator[Chunk]:
        """Yields all rows in order."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        size, done = max(64, CHUNK_CELLS // len(self.names)), 0
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(size, columns=self._plain):
                    progress("Reading the table", done, self._n_rows)
                    cells = {
                        name: _column_text(batch.column(index), self._in_seconds)
                        for index, name in enumerate(self.names)
                    }
                    yield Chunk(cells, np.arange(done + 1, done + len(batch) + 1, dtype=np.int64))
                    done += len(batch)
        except (pa.ArrowException, OSError, ValueError) as error:  # names that are no text, too
            raise self._damaged(error) from None

    def report(self) -> SourceReport:
        findings = []
        if self._nested:
            count = len(self._nested)
            names = ", ".join(f"'{name}'" for name in self._nested[:_SHOWN_NAMES])
            more = f" and {count - _SHOWN_NAMES} more" if count > _SHOWN_NAMES else ""
            text = f"Columns that hold lists, bytes or the like were passed over: {names}{more}."
            findings.append(DataFinding(Trouble.LEFT_OUT, "", text, self._nested, count))
        if self._in_seconds:
            findings += durations_told(self._durations)
        else:
            findings += [
                DataFinding(
                    Trouble.UNDERSTOOD,
                    name,
                    f"'{name}' holds durations, read in {unit}, as stored.",
                )
                for name, unit in self._durations.items()
            ]
        return SourceReport(findings, [("File", "Parquet")])

    def _damaged(self, error: Exception) -> DatasetError:
        first = str(error).partition("\n")[0].rstrip(".")
        return DatasetError(
            f"'{self.path.name}' cannot be read as Parquet. Received: {first}.",
            "Write it again, or save the table as CSV.",
        )


def _is_plain(kind: Any) -> bool:
    """Whether values of a type can be written as text that people read."""
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_dictionary(kind):
        kind = kind.value_type
    is_bytes = "binary" in str(kind)
    if types.is_nested(kind) or is_bytes or isinstance(kind, pa.BaseExtensionType):
        return False
    try:
        pa.array([], kind).cast(pa.string())
    except pa.ArrowException:
        return False
    return True


def _column_text(column: Any, in_seconds: bool) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_duration(column.type) and in_seconds:
        scale = _PER_SECOND[column.type.unit]
        column = pc.divide(column.cast(pa.int64()).cast(pa.float64(), safe=False), scale)
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    text = column.cast(pa.string())
    text.validate(full=True)  # a file may call bytes a text that are none
    return text_cells(pc.fill_null(text, ""))
