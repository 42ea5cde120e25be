"""What a saved model is asked about: files of the kind it takes, rows and texts typed out."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import InputSpec
from engine.datasets.clips import video_files
from engine.datasets.language import texts
from engine.datasets.numpy_files import array_inputs
from engine.datasets.numpy_files.array_files import IDX_NAME
from engine.datasets.numpy_files.arrays import NUMPY_SUFFIXES
from engine.datasets.pictures import image_files
from engine.datasets.sequences import control_files, series
from engine.datasets.sounds import sound_files
from engine.datasets.tables import table, table_inputs
from engine.datasets.tables.table_cells import cell_number
from engine.datasets.tables.table_inputs import Watch
from engine.datasets.tables.written_numbers import NumberStyle
from engine.datasets.unfamiliar import CellWatch, Unfamiliar
from engine.errors import DatasetError
from engine.files import cannot_write
from engine.files.bounded import special_reason
from engine.inference.contract import Contract
from engine.inference.unfamiliar import unfamiliar_values, watch_of
from engine.spec.parameters import shorten
from engine.spec.signature import Kind, Signature, Task

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class _Reader:
    """How files of one kind are read.

    Attributes:
        suffixes: Those it reads.
        read: Returns the inputs in a file, (n_samples, *shape).
    """

    suffixes: tuple[str, ...]
    read: Callable[[Path, InputSpec], Array]


_READERS: dict[Kind, _Reader] = {
    Kind.TABLE: _Reader(table.SUFFIXES, table.read_inputs),
    Kind.IMAGE: _Reader(image_files.SUFFIXES, image_files.read_inputs),
    Kind.TEXT: _Reader(texts.INPUT_SUFFIXES, texts.read_inputs),
    Kind.AUDIO: _Reader(sound_files.SOUND_SUFFIXES, sound_files.read_inputs),
    Kind.VIDEO: _Reader(video_files.SUFFIXES, video_files.read_inputs),
    Kind.SERIES: _Reader(table.SUFFIXES, series.read_inputs),
}
_CONTROL = _Reader((*table.SUFFIXES, ".npz"), control_files.read_inputs)


def suffixes_of(signature: Signature) -> tuple[str, ...]:
    """Types of the files that hold inputs for a model, such as ``.png``."""
    return tuple(dict.fromkeys((*_reader_of(signature).suffixes, *NUMPY_SUFFIXES)))


def _reader_of(signature: Signature) -> _Reader:
    return _CONTROL if signature.task is Task.CONTROL else _READERS[signature.kind]


@dataclass(frozen=True)
class NewInputs:
    """What a model shall predict for.

    Attributes:
        names: What each is called.
        x: In the data's own units, (n_samples, *raw_shape).
        unfamiliar: Of each, what the model never met.
        left_out: What cannot be predicted for, in sentences.
    """

    names: list[str]
    x: Array
    unfamiliar: list[tuple[Unfamiliar, ...]]
    left_out: list[str]


def read_new_inputs(inputs: Sequence[str], contract: Contract) -> NewInputs:
    """Reads everything a model shall predict for, and tells what is unfamiliar in it.

    Args:
        inputs: As for `read_inputs`.
        contract: Of the model.

    Raises:
        DatasetError: An input cannot be read, or does not fit the model.
    """
    watch = watch_of(contract)
    left_out: list[str] = []
    names, x = read_inputs(inputs, contract.input_spec, watch, left_out)
    return _with_unfamiliar(names, x, contract, watch, left_out)


def _with_unfamiliar(
    names: list[str], x: Array, contract: Contract, watch: CellWatch | None, left_out: list[str]
) -> NewInputs:
    numbers = unfamiliar_values(contract, x)
    cells = [()] * len(x) if watch is None else watch.found
    found = [(*first, *second) for first, second in zip(cells, numbers, strict=True)]
    return NewInputs(names, x, found, left_out)


def read_inputs(
    inputs: Sequence[str],
    asked: InputSpec,
    watch: CellWatch | None = None,
    left_out: list[str] | None = None,
) -> tuple[list[str], Array]:
    """Reads everything a model shall predict for.

    Args:
        inputs: Paths of files; for tables, rows such as ``5.1,3.5,,0.2`` as well; for texts, the
            texts themselves.
        asked: What the model takes.
        watch: Sees the rows of tables on their way, and may add columns that are missing.
        left_out: Is given, as sentences, what cannot be predicted for; None: nobody is told.

    Returns:
        A name for each example, and the inputs in the data's own units, (n_samples, *raw_shape).

    Raises:
        DatasetError: An input cannot be read, or does not fit the model.
    """
    names: list[str] = []
    found_all: list[Array] = []
    for text in inputs:
        found = _read(text, asked, watch)
        text = text.strip()
        titles: Sequence[object] = range(len(found.x))
        if found.names:
            titles = found.names
        if left_out is not None:
            left_out += found.left_out
        found_all.append(found.x)
        if watch is not None:  # NumPy files have no cells to watch
            watch.fill(sum(map(len, found_all)))
        is_one = len(found.x) == 1 and not any(found.names)
        names += [text] if is_one else [f"{text}[{title}]" for title in titles]
    return names, np.concatenate(found_all)


@dataclass(frozen=True)
class _Found:
    """What was found in one input: its examples, their names, and what had to be left out."""

    x: Array
    names: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def _read(text: str, asked: InputSpec, watch: Watch | None) -> _Found:
    kind = asked.signature.kind
    reader = _reader_of(asked.signature)
    path = Path(text.strip())
    suffix = path.suffix.lower()
    is_file = is_folder = False
    with contextlib.suppress(OSError, RuntimeError):  # no path at all, but a row perhaps
        path = path.expanduser()
        is_file, is_folder = path.is_file(), path.is_dir()
    if reason := special_reason(path):
        raise DatasetError(f"'{text}' is not opened: {reason}.", "Give a file.")
    if not is_file:
        if kind is Kind.TEXT and suffix not in reader.suffixes:
            return _Found(np.array([text], object))
        if kind is Kind.TABLE and suffix not in (*reader.suffixes, *NUMPY_SUFFIXES):
            return _Found(_read_row(text, asked, watch))
        if is_folder:
            raise DatasetError(f"'{text}' is a folder.", "Give the files in it.")
        raise DatasetError(f"There is no file '{text}'.", "Check the path.")
    if suffix in reader.suffixes:
        if reader.read is table.read_inputs:
            return _Found(table.read_inputs(path, asked, watch))
        if reader.read is series.read_inputs:
            windows = series.read_windows(path, asked)
            return _Found(windows.x, windows.series, windows.left_out)
        return _Found(reader.read(path, asked))
    if suffix in NUMPY_SUFFIXES or IDX_NAME.fullmatch(path.name):
        return _Found(array_inputs.read_inputs(path, asked))
    known = dict.fromkeys((*reader.suffixes, *NUMPY_SUFFIXES))
    raise DatasetError(
        f"A model of {kind.value} data cannot take such a file. Received: '{text}'.",
        f"Known types: {', '.join(known)}.",
    )


def read_cells(cells: Mapping[str, str], contract: Contract) -> NewInputs:
    """Reads a row given by its columns; empty cells are gaps.

    Args:
        cells: What stands in each column; numbers with a point.
        contract: Of the model.

    Raises:
        DatasetError: A cell does not fit its column, or the model takes no gaps.
    """
    watch, asked = watch_of(contract), contract.input_spec
    if "columns" in asked.reading:
        x = table_inputs.read_cells(cells, asked, watch)
    else:
        x = _row_of(cells, asked)
    return _with_unfamiliar([""], x, contract, watch, [])


def read_content(content: bytes, suffix: str, contract: Contract) -> NewInputs:
    """Reads what was pasted, taken or recorded, as the file it could be.

    Raises:
        DatasetError: It cannot be read, or does not fit the model.
        WorkspaceError: There is no room for it on the disk.
    """
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / f"input{suffix}"
        try:
            path.write_bytes(content)
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            found = read_new_inputs([str(path)], contract)
        except DatasetError as error:
            raise DatasetError(error.message.replace(str(path), path.name), error.hint) from None
    return replace(found, names=[""] * len(found.names))


def typed_text(text: str, contract: Contract) -> NewInputs:
    """A text that was typed.

    Raises:
        DatasetError: It holds nothing.
    """
    if not text.strip():
        raise DatasetError("There is no text.", "Type or paste one.")
    x = np.array([text], object)
    return _with_unfamiliar([""], x, contract, None, [])


def as_inputs(x: Array, contract: Contract) -> NewInputs:
    """Raw inputs that are there, (n, *raw_shape), with what is unfamiliar in them."""
    return _with_unfamiliar([""] * len(x), x, contract, None, [])


def _read_row(text: str, asked: InputSpec, watch: Watch | None) -> Array:
    """One row typed out, (1, columns): a cell per column the model was trained on."""
    if "columns" in asked.reading:
        return table.read_row(text, asked, watch)
    columns = columns_of(asked.feature_names)
    cells = _cells(text, len(columns))
    if len(cells) != len(columns):
        raise DatasetError(
            f"A row needs {len(columns)} values. Received {len(cells)}: {shorten(text)}.",
            f"In this order: {', '.join(columns)}. Or give a CSV file.",
        )
    return _row_of(dict(zip(columns, cells, strict=True)), asked)


def _row_of(cells: Mapping[str, str], asked: InputSpec) -> Array:
    """A row without gaps, (1, features), of a model that knows no columns but its features."""
    row = np.zeros(len(asked.feature_names))
    for column, places in columns_of(asked.feature_names).items():
        cell = cells.get(column, "").strip()
        if places is None:
            style = asked.reading.get("numbers", {}).get(column)
            row[asked.feature_names.index(column)] = _number(column, cell, style)
        elif cell in places:
            row[places[cell]] = 1.0
        else:
            known = f"Known: {', '.join(places)}."
            raise DatasetError(f"'{column}' has no value {shorten(cell)}.", known)
    return row[np.newaxis]


def _cells(text: str, n_columns: int) -> list[str]:
    """The cells of a row: parted by commas unless something else parts as many as there shall be.

    A comma may be a decimal sign as well.
    """
    found = {sign: [cell.strip() for cell in text.split(sign)] for sign in "\t;,"}
    return next((cells for cells in found.values() if len(cells) == n_columns), found[","])


def columns_of(feature_names: Sequence[str]) -> dict[str, dict[str, int] | None]:
    """A table's columns in order; for categories, the feature of each value.

    Runs made before tables kept their schema have one feature per category, `column=category`.
    """
    columns: dict[str, dict[str, int] | None] = {}
    for index, feature in enumerate(feature_names):
        column, separator, category = feature.partition("=")
        if not separator:
            columns[feature] = None
            continue
        places = columns.setdefault(column, {})
        if places is not None:
            places[category] = index
    return columns


def _number(column: str, cell: str, style: Mapping[str, Any] | None) -> float:
    plain = NumberStyle() if style is None else NumberStyle.from_dict(style, gap_words=False)
    value = cell_number(cell, plain)
    if not np.isfinite(value):
        raise DatasetError(
            f"'{column}' must be a number. Received: {shorten(cell)}.",
            "Write it with a point, such as 5.1.",
        )
    return value
