"""Tables that name sound files, with a label, a number or the words that are said.

Besides tables with a header, those of LJSpeech are read: no header, bars between the cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from engine.datasets.base import AnyArray
from engine.datasets.encodings import Encoding, beginning, find_encoding, guess_finding, not_of
from engine.datasets.file_tables import TABLE_SUFFIXES, FileTable, read_file_table
from engine.datasets.files import FoundFile
from engine.datasets.sounds.sound_files import SOUND_SUFFIXES
from engine.datasets.tables.held_table import hold_table
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Trouble

TEXT_COLUMNS = (
    "sentence",
    "transcript",
    "transcription",
    "normalized_text",
    "text",
    "utterance",
    "words",
)
"""Usual names of a column of what is said, such as in Common Voice and LJSpeech."""

_SOUND_FOLDERS = ("", "wavs", "clips", "audio", "wav", "sounds", "recordings")
_PEEKED_LINES = 4
_PEEKED_BYTES = 1 << 14
_BAR_COLUMNS = ("text", "normalized_text")


def names_sounds(path: Path) -> bool:
    """Says whether a table names sound files; reads no more than its first lines."""
    if path.suffix.lower() not in TABLE_SUFFIXES:
        return False
    try:
        lines = beginning(path, _PEEKED_BYTES).splitlines()
    except (OSError, DatasetError):
        return False
    # The header is no row, and the last line may be cut off.
    cells = [cell for line in lines[1 : 1 + _PEEKED_LINES] for cell in _roughly_cut(line)]
    if any(cell.lower().endswith(SOUND_SUFFIXES) for cell in cells):
        return True
    return (
        bool(lines) and "|" in lines[0] and _found(path.parent, lines[0].split("|")[0]) is not None
    )


def files_named(path: Path) -> tuple[FoundFile, ...]:
    """Finds the sound files that a table names, beside it or in a folder of a usual name.

    Raises:
        DatasetError: It cannot be read.
    """
    if _is_bar_separated(path):
        columns = [[row[0] for row in _bar_rows(path, find_encoding(path))]]
    else:
        columns = [cells.tolist() for cells in hold_table(path).columns.values()]
    files: dict[str, FoundFile] = {}
    for cells in columns:
        # Cells of other columns name no file; some tell it soon.
        some = cells[:: max(1, len(cells) // 50)]
        if not any(_found(path.parent, cell) for cell in some):
            continue
        for cell in cells:
            found = _found(path.parent, cell)
            if found is not None:
                name = found.relative_to(path.parent).as_posix()
                files[name] = FoundFile(found, name, "", -1)
    return tuple(files.values())


def read_sound_table(path: Path, files: Sequence[FoundFile]) -> FileTable:
    """Reads a table that names files.

    Raises:
        DatasetError: It cannot be read, or none of its columns names the files.
    """
    if not _is_bar_separated(path):
        return read_file_table(path, files)
    encoding = find_encoding(path)
    rows = _bar_rows(path, encoding)
    by_stem = {file.path.stem: file for file in files}
    by_stem |= {file.path.name: file for file in files}
    kept = [(by_stem[Path(row[0]).name], row) for row in rows if Path(row[0]).name in by_stem]
    gone = [row[0] for row in rows if Path(row[0]).name not in by_stem]
    findings = []
    if gone:
        text = f"{len(gone):,} of {len(rows):,} rows of '{path.name}' name no file that is there."
        shown = tuple(gone[:MAX_NAMES])
        findings.append(DataFinding(Trouble.MISSING, path.name, text, shown, len(gone)))
    columns: dict[str, AnyArray] = {}
    for place, name in enumerate(_BAR_COLUMNS, start=1):
        if any(len(row) > place for _, row in kept):
            columns[name] = np.array(
                [row[place] if len(row) > place else "" for _, row in kept], object
            )
    notes = [f"'{path.name}' has no header; its cells are: file, {', '.join(columns)}."]
    notes += [finding.text for finding in guess_finding(path.name, encoding)]
    files_kept = tuple(file for file, _ in kept)
    return FileTable(files_kept, columns, "file", tuple(findings), tuple(notes))


def text_column(table: FileTable) -> str | None:
    """The column of a usual name for what is said, the plainest first; None: there is none."""
    lower = {name.lower(): name for name in reversed(table.columns)}
    return next((lower[name] for name in TEXT_COLUMNS if name in lower), None)


def _is_bar_separated(path: Path) -> bool:
    """The first line already names a file, before a bar."""
    try:
        first = next(iter(beginning(path, _PEEKED_BYTES).splitlines()), "")
    except DatasetError:
        return False  # told in words by who reads it
    cell = first.partition("|")[0]
    return "|" in first and _found(path.parent, cell) is not None


def _bar_rows(path: Path, encoding: Encoding) -> list[list[str]]:
    """Cells of each line; quotation marks mean nothing, as LJSpeech has single ones.

    Raises:
        DatasetError: The file is not of this encoding.
    """
    try:
        with path.open(encoding=encoding.codec, errors=encoding.errors, newline=None) as file:
            return [line.rstrip("\n").split("|") for line in file if line.strip()]
    except UnicodeError as error:
        raise DatasetError(
            f"'{path.name}' {not_of(encoding, error).message}.", "Save it as UTF-8."
        ) from None


def _roughly_cut(line: str) -> list[str]:
    for delimiter in "\t;|":
        line = line.replace(delimiter, ",")
    return [cell.strip().strip('"') for cell in line.split(",")]


def _found(folder: Path, cell: str) -> Path | None:
    """The file a cell names, below the folder; None where there is none."""
    name = cell.strip().replace("\\", "/").lstrip("\ufeff")
    if not name or len(name) > 300 or name.startswith("/") or ".." in name:
        return None
    has_suffix = name.lower().endswith(SOUND_SUFFIXES)
    for below in _SOUND_FOLDERS:
        for suffix in ("",) if has_suffix else islice(SOUND_SUFFIXES, 4):
            path = folder / below / f"{name}{suffix}"
            try:
                if path.is_file():
                    return path
            except (OSError, ValueError):
                return None
    return None
