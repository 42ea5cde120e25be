"""What `predict` is given: tables, rows typed out, images and arrays, as a model's inputs."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.contract import Contract
from engine.datasets import arrays, image_files
from engine.datasets.array_files import IDX_NAME
from engine.datasets.table import SUFFIXES, read_features
from engine.errors import DatasetError
from engine.parameters import shorten
from engine.problem import Kind

Array = npt.NDArray[Any]


def read_inputs(inputs: Sequence[str], contract: Contract) -> tuple[list[str], Array]:
    """Reads everything a model shall predict for.

    Args:
        inputs: Paths of files; for tables, rows such as ``5.1,3.5,1.4,0.2`` as well.
        contract: What the model takes.

    Returns:
        A name for each example, and the inputs in the data's own units, (n_samples, *input_shape).

    Raises:
        DatasetError: An input cannot be read, or does not fit the model.
    """
    names: list[str] = []
    found_all: list[Array] = []
    for text in inputs:
        found = _read(text, contract)
        found_all.append(found)
        text = text.strip()
        names += [text] if len(found) == 1 else [f"{text}[{row}]" for row in range(len(found))]
    return names, np.concatenate(found_all)


def _read(text: str, contract: Contract) -> Array:
    path = Path(text.strip())
    is_table = contract.signature.kind is Kind.TABLE
    is_file = is_folder = False
    with contextlib.suppress(OSError, RuntimeError):  # no path at all, but a row perhaps
        path = path.expanduser()
        is_file, is_folder = path.is_file(), path.is_dir()
    if not is_file:
        if is_table and path.suffix.lower() not in (*SUFFIXES, *arrays.NUMPY_SUFFIXES):
            return _read_row(text, contract)[np.newaxis]
        if is_folder:
            raise DatasetError(f"'{text}' is a folder.", "Give the files in it.")
        raise DatasetError(f"There is no file '{text}'.", "Check the path.")
    suffix = path.suffix.lower()
    if suffix in arrays.NUMPY_SUFFIXES or IDX_NAME.fullmatch(path.name):
        return arrays.read_inputs(path, contract)
    if is_table and suffix in SUFFIXES:
        return read_features(path, contract.feature_names)
    if not is_table and suffix in image_files.SUFFIXES:
        return image_files.read_inputs(path, contract)
    known = (
        (*SUFFIXES, *arrays.NUMPY_SUFFIXES)
        if is_table
        else (*image_files.SUFFIXES, *arrays.NUMPY_SUFFIXES)
    )
    raise DatasetError(
        f"A model of {contract.signature.kind.value} data cannot take such a file. "
        f"Received: '{text}'.",
        f"Known types: {', '.join(known)}.",
    )


# ---- rows


def _read_row(text: str, contract: Contract) -> Array:
    """One row typed out: a cell per column of the table the model was trained on."""
    columns = _columns(contract.feature_names)
    cells = [cell.strip() for cell in text.split(",")]
    if len(cells) != len(columns):
        raise DatasetError(
            f"A row needs {len(columns)} values. Received {len(cells)}: {shorten(text)}.",
            f"In this order: {', '.join(columns)}. Or give a CSV file.",
        )
    row = np.zeros(len(contract.feature_names))
    for (column, places), cell in zip(columns.items(), cells, strict=True):
        if places is None:
            row[contract.feature_names.index(column)] = _number(column, cell)
        elif cell in places:
            row[places[cell]] = 1.0
        else:
            known = f"Known: {', '.join(places)}."
            raise DatasetError(f"'{column}' has no value {shorten(cell)}.", known)
    return row


def _columns(feature_names: Sequence[str]) -> dict[str, dict[str, int] | None]:
    """The table's columns in order; for categories, the feature of each value."""
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


def _number(column: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise DatasetError(
            f"'{column}' must be a number. Received: {shorten(cell)}.",
            "Write it with a point, such as 5.1.",
        )
    return value
