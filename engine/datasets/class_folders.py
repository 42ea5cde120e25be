"""Files whose class is the folder they are in, and what is told of such folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.datasets.files import FoundFile, Listing
from engine.datasets.folder_meaning import part_of
from engine.datasets.labels import Targets
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Trouble
from engine.spec.signature import Task


@dataclass(frozen=True)
class Labelled:
    """Files with their targets, before any is opened.

    Attributes:
        files: The files.
        targets: What is predicted for each.
        target_name: What it is called.
        given: The part of each, as in `Examples.given`.
        findings: What was found on the way.
        columns: Columns of a table of the files, each (files,) of str; may be empty.
        notes: What people should know.
    """

    files: tuple[FoundFile, ...]
    targets: Targets
    target_name: str
    given: AnyArray | None
    findings: tuple[DataFinding, ...]
    columns: dict[str, AnyArray]
    notes: tuple[str, ...] = ()


def labelled_by_folder(
    path: Path, listing: Listing, task: Task | None, noun: str, has_tables: bool = True
) -> Labelled:
    """Takes the folder of each file for its class.

    Args:
        path: The folder that holds the classes.
        listing: Its files.
        task: What was asked for.
        noun: What the files are, such as ``images``.
        has_tables: A table can name such files, too.

    Raises:
        DatasetError: There are fewer than two classes, or numbers were asked for.
    """
    if task not in (None, Task.CLASSIFICATION):
        raise DatasetError(
            f"Folders are classes; they cannot be learnt as {task.value}.",
            "Bring a CSV table with a column of file names and a column of numbers."
            if has_tables
            else "Leave the task out.",
        )
    files = tuple(file for file in listing.files if file.class_name)
    names = listing.class_names
    findings: list[DataFinding] = []
    if len(names) < 2:
        error = _one_class(path, names, files, noun, has_tables)
        if parts := listing.meaning.parts:
            hint = f"{error.hint} To learn {', '.join(parts)} as classes, set folders to 'classes'."
            error = DatasetError(error.message, hint)
        raise error
    loose = len(listing.files) - len(files)
    if loose:
        text = f"{loose:,} {noun} are in no class's folder and are left out."
        some = tuple(file.name for file in listing.files if not file.class_name)[:100]
        findings.append(DataFinding(Trouble.LEFT_OUT, "", text, some, loose))
    findings += listing.meaning.findings
    findings += _empty_classes(path, listing, noun)
    findings += _one_sided_classes(files, names, noun)
    index = {name: place for place, name in enumerate(names)}
    y = np.array([index[file.class_name] for file in files], np.int64)
    targets = Targets(Task.CLASSIFICATION, y, names)
    return Labelled(files, targets, "class", given_parts(files), tuple(findings), {})


def given_parts(files: tuple[FoundFile, ...]) -> AnyArray | None:
    """The part of each file, (files,) int8, where folders say so; else None."""
    parts = np.array([file.part for file in files], np.int8)
    return parts if (parts == 0).any() else None


def _one_class(
    path: Path,
    names: tuple[str, ...],
    files: tuple[FoundFile, ...],
    noun: str,
    has_tables: bool,
) -> DatasetError:
    if not names:
        table = ", or add a CSV table with a column of file names and a column of labels"
        return DatasetError(
            f"The {noun} in '{path.name}' are in no folders, so their classes are not known.",
            f"Put them in one folder per class{table if has_tables else ''}.",
        )
    hint = "Put each class in a folder of its own, and open the folder that holds them."
    # The folders of the classes are one level further down.
    below = {file.path.parent for file in files} - {path / names[0]}
    if len(below) > 1:
        hint = f"Did you mean the folder '{path / names[0]}'? It holds {len(below)} folders."
    return DatasetError(f"There is only one class, '{names[0]}'; at least two are needed.", hint)


def _empty_classes(path: Path, listing: Listing, noun: str) -> list[DataFinding]:
    """Folders that stand for classes but hold no file."""
    top = {entry.name for entry in _folders(path)}
    folders = set(top)
    for part in top & listing.meaning.parts.keys():
        folders |= {entry.name for entry in _folders(path / part)}
    used = {folder for file in listing.files for folder in file.name.split("/")[:-1]}
    empty = sorted(
        name
        for name in folders - used
        if part_of(name) < 0 and not name.startswith(".") and name != "__MACOSX"
    )
    if not empty:
        return []
    text = f"{len(empty)} class folders hold no {noun} and are no classes: {', '.join(empty[:5])}."
    if len(empty) == 1:
        text = f"The folder '{empty[0]}' holds no {noun} and is no class."
    return [DataFinding(Trouble.LEFT_OUT, "", text, tuple(empty[:100]), len(empty))]


def _folders(path: Path) -> list[Path]:
    try:
        return [entry for entry in path.iterdir() if entry.is_dir()]
    except OSError:  # the listing's findings name it
        return []


def _one_sided_classes(
    files: tuple[FoundFile, ...], names: tuple[str, ...], noun: str
) -> list[DataFinding]:
    """Classes that are in the test folder and cannot be learnt, or are never tested."""
    parts: dict[int, set[str]] = {-1: set(), 0: set(), 1: set(), 2: set()}
    for file in files:
        parts[file.part].add(file.class_name)
    learnt = parts[0] | parts[-1]
    found: list[DataFinding] = []
    if not parts[0]:
        return found
    for missing, text in (
        ([name for name in names if name not in learnt], f"have no {noun} in the training folder"),
        (
            [name for name in names if parts[2] and name not in parts[2]],
            f"have no {noun} in the test folder",
        ),
    ):
        if missing:
            text = f"{len(missing)} of {len(names)} classes {text}: {', '.join(missing[:5])}."
            found.append(
                DataFinding(Trouble.ACROSS_PARTS, "", text, tuple(missing[:100]), len(missing))
            )
    return found


def column_of(columns: dict[str, AnyArray], name: str) -> AnyArray:
    """Returns a column of a table of files; raises DatasetError for unknown names."""
    if name not in columns:
        raise DatasetError(
            f"The table of the files has no column '{name}'.", f"Columns: {', '.join(columns)}."
        )
    return columns[name]


def weights_of(columns: dict[str, AnyArray], name: str | None) -> Any:
    """Returns a column as weights, (files,) float32, or None; raises DatasetError."""
    if name is None:
        return None
    cells = column_of(columns, name)
    try:
        weights = np.array([float(cell) for cell in cells], np.float32)
    except ValueError:
        weights = np.array([np.nan], np.float32)
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise DatasetError(
            f"Column '{name}' must hold numbers from 0 to be used as weights.",
            "Mend the column, or choose another.",
        )
    return weights
