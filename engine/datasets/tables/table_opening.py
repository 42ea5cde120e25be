"""Opens a file with a table by its content: suffixes lie."""

from __future__ import annotations

from pathlib import Path

from engine.datasets.content import note_table
from engine.datasets.tables.delimited import DelimitedFile, opening
from engine.datasets.tables.missing_codes import TableWithCodes
from engine.datasets.tables.spreadsheet import (
    PARQUET_SUFFIXES,
    WORKBOOK_SUFFIXES,
    ParquetTable,
    Sheet,
)
from engine.datasets.tables.table_source import TableParameters, TableSource
from engine.errors import DatasetError
from engine.files.bounded import open_plain

TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".data")
SUFFIXES = (*TEXT_SUFFIXES, *WORKBOOK_SUFFIXES, *PARQUET_SUFFIXES)

_LOOKED_AT_BYTES = 4096
_ZIP, _OLE, _PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"


def open_source(path: Path, parameters: TableParameters | None = None) -> TableSource:
    """Opens a table; reads no more than its beginning, of workbooks all.

    Raises:
        DatasetError: It cannot be opened, is damaged or empty.
    """
    parameters = parameters or TableParameters()
    source = _opened(path, parameters)
    return TableWithCodes(source, parameters.missing) if parameters.missing else source


def _opened(path: Path, parameters: TableParameters) -> TableSource:
    with opening(path), open_plain(path) as file:
        head = file.read(4)
    note_table(path, parameters)
    if head == _PARQUET or path.suffix.lower() in PARQUET_SUFFIXES:
        return ParquetTable(path, parameters)
    if head in (_ZIP, _OLE):
        return Sheet(path, parameters)
    if path.suffix.lower() in WORKBOOK_SUFFIXES and not _is_text(path):
        return Sheet(path, parameters)
    return DelimitedFile(path, parameters)


def _is_text(path: Path) -> bool:
    """Whether a workbook by its suffix is a text with delimiters, as many programs write.

    Raises:
        DatasetError: It is a web page, or XML.
    """
    with opening(path), open_plain(path) as file:
        head = file.read(_LOOKED_AT_BYTES)
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise DatasetError(
            f"'{path.name}' is a web page or XML with the suffix of a workbook.",
            "Open it in a spreadsheet program and save it as .xlsx, or as CSV.",
        )
    return any(sign in head for sign in (b"\t", b",", b";", b"|"))


def column_names(path: Path, parameters: TableParameters | None = None) -> tuple[str, ...]:
    """Returns the names of a table's columns; reads no more than its beginning, of workbooks all.

    Raises:
        DatasetError: It cannot be opened or has no header.
    """
    return open_source(path, parameters).names
