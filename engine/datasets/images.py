"""Image folders: a folder per class, or a table that names the files and their labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Examples, Progress, silent
from engine.datasets.copies import copies_among
from engine.datasets.files import PART_FOLDERS, FoundFile, Glance, Listing, list_files
from engine.datasets.findings import DataFinding, Trouble, unreadable
from engine.datasets.formats import FileDataset, Format
from engine.datasets.image_files import SUFFIXES
from engine.datasets.image_survey import ImageParameters, survey
from engine.datasets.labels import (
    TABLE_SUFFIXES,
    Targets,
    imbalance,
    read_file_table,
    understand_targets,
)
from engine.datasets.packing import FileRows
from engine.errors import DatasetError
from engine.problem import Kind, Task
from engine.spec import DataSpec


class ImageFolderFormat(Format):
    """Images in a folder."""

    name = "images"
    title = "Images, a folder per class or with a table of labels"
    kind = Kind.IMAGE
    parameters = ImageParameters

    def likeness(self, glance: Glance) -> float:
        if not glance.is_folder:
            return 0.0
        share = glance.share((*SUFFIXES, *TABLE_SUFFIXES))
        return 0.9 * share if glance.share(SUFFIXES) > 0 else 0.0

    def open(self, path: Path, data: DataSpec) -> ImageFolder:
        return ImageFolder(path, data)


@dataclass(frozen=True)
class _Labelled:
    """Files with their targets, before any is opened."""

    files: tuple[FoundFile, ...]
    targets: Targets
    target_name: str
    given: AnyArray | None
    findings: tuple[DataFinding, ...]
    columns: dict[str, AnyArray]


class ImageFolder(FileDataset):
    """Images in a folder: the class of each is the folder it is in, or a table says it.

    Files are listed and some headers read; pixels are read when asked for.
    """

    format = ImageFolderFormat()
    recommended_model = "cnn"

    def load(self, parameters: Any, progress: Progress = silent) -> Examples:
        """Lists the folder and chooses the size.

        Raises:
            DatasetError: There are no images, no labels, or only one class.
        """
        listing = list_files(self.path, SUFFIXES, self.data.exclude, progress)
        if not listing.files:
            raise DatasetError(
                f"The folder '{self.path}' holds no images.",
                f"Known types: {', '.join(SUFFIXES)}.",
            )
        found = self._labelled(listing)
        paths, names = [file.path for file in found.files], [file.name for file in found.files]
        seen = survey(paths, names, parameters, progress)
        kept = np.array([i for i in range(len(paths)) if i not in seen.bad], np.int64)
        paths = [paths[index] for index in kept]
        y = found.targets.y[kept]
        columns = {name: values[kept] for name, values in found.columns.items()}
        bad = [(names[index], reason) for index, reason in seen.bad.items()]
        findings = [*listing.findings, *found.findings, *unreadable(bad, len(names))]
        names = [names[index] for index in kept]
        findings += copies_among(paths, names, y, self.data.exclude, progress)
        if found.targets.class_names:
            findings += imbalance(y, found.targets.class_names)
        reader = seen.reader
        return Examples(
            x=FileRows(paths, reader, reader.shape, np.uint8, f"images 1 {reader}"),
            y=y,
            kind=Kind.IMAGE,
            task=found.targets.task,
            target_name=found.target_name,
            class_names=found.targets.class_names,
            notes=found.targets.notes,
            findings=tuple(findings),
            facts=seen.facts(paths),
            distributions=seen.distributions,
            source_columns=tuple(columns),
            names=tuple(names),
            weights=_weights(columns, self.data.weights),
            given=None if found.given is None else found.given[kept],
            column=None if not columns else lambda name: _column(columns, name),
            reading={"resize": reader.resize},
        )

    def _labelled(self, listing: Listing) -> _Labelled:
        tables = [
            entry for entry in sorted(self.path.iterdir()) if entry.suffix.lower() in TABLE_SUFFIXES
        ]
        if tables and (self.data.target is not None or len(listing.class_names) < 2):
            return self._by_table(tables, listing)
        return self._by_folder(listing)

    def _by_table(self, tables: list[Path], listing: Listing) -> _Labelled:
        # labels.csv before sample_submission.csv: the first that names the files counts.
        refusal: DatasetError | None = None
        for path in tables:
            try:
                table = read_file_table(path, listing.files)
            except DatasetError as error:
                refusal = refusal or error
                continue
            target = table.target(self.data.target)
            targets = understand_targets(table.columns[target], target, self.data.task)
            given = _given(table.files)
            return _Labelled(
                table.files, targets, target, given, table.findings, dict(table.columns)
            )
        raise refusal or DatasetError(f"'{self.path}' has no table of labels.")

    def _by_folder(self, listing: Listing) -> _Labelled:
        if self.data.task not in (None, Task.CLASSIFICATION):
            raise DatasetError(
                f"Folders are classes; they cannot be learnt as {self.data.task.value}.",
                "Bring a CSV table with a column of file names and a column of numbers.",
            )
        files = tuple(file for file in listing.files if file.class_name)
        names = listing.class_names
        findings: list[DataFinding] = []
        if len(names) < 2:
            raise _one_class(self.path, names, files)
        loose = len(listing.files) - len(files)
        if loose:
            text = f"{loose:,} images are in no class's folder and are left out."
            some = tuple(file.name for file in listing.files if not file.class_name)[:100]
            findings.append(DataFinding(Trouble.LEFT_OUT, "", text, some, loose))
        findings += _empty_classes(self.path, names)
        findings += _one_sided_classes(files, names)
        index = {name: place for place, name in enumerate(names)}
        y = np.array([index[file.class_name] for file in files], np.int64)
        targets = Targets(Task.CLASSIFICATION, y, names)
        return _Labelled(files, targets, "class", _given(files), tuple(findings), {})


def _given(files: tuple[FoundFile, ...]) -> AnyArray | None:
    """The part of each file, (files,) int8, where folders say so; else None."""
    parts = np.array([file.part for file in files], np.int8)
    return parts if (parts == 0).any() else None


# ---- what is told


def _one_class(path: Path, names: tuple[str, ...], files: tuple[FoundFile, ...]) -> DatasetError:
    if not names:
        return DatasetError(
            f"The images in '{path.name}' are in no folders, so their classes are not known.",
            "Put them in one folder per class, or add a CSV table with a column of file names and "
            "a column of labels.",
        )
    hint = "Put each class in a folder of its own, and open the folder that holds them."
    # The folders of the classes are one level further down.
    below = {file.path.parent for file in files} - {path / names[0]}
    if len(below) > 1:
        hint = f"Did you mean the folder '{path / names[0]}'? It holds {len(below)} folders."
    return DatasetError(f"There is only one class, '{names[0]}'; at least two are needed.", hint)


def _empty_classes(path: Path, names: tuple[str, ...]) -> list[DataFinding]:
    """Folders that stand for classes but hold no image."""
    folders: set[str] = set()
    roots = [path, *(entry for entry in _folders(path) if entry.name.lower() in PART_FOLDERS)]
    for root in roots:
        folders |= {entry.name for entry in _folders(root)}
    empty = sorted(
        name
        for name in folders - set(names)
        if name.lower() not in PART_FOLDERS and not name.startswith(".") and name != "__MACOSX"
    )
    if not empty:
        return []
    text = f"{len(empty)} class folders hold no images and are no classes: {', '.join(empty[:5])}."
    if len(empty) == 1:
        text = f"The folder '{empty[0]}' holds no images and is no class."
    return [DataFinding(Trouble.LEFT_OUT, "", text, tuple(empty[:100]), len(empty))]


def _folders(path: Path) -> list[Path]:
    try:
        return [entry for entry in path.iterdir() if entry.is_dir()]
    except OSError:  # the listing's findings name it
        return []


def _one_sided_classes(files: tuple[FoundFile, ...], names: tuple[str, ...]) -> list[DataFinding]:
    """Classes that are in the test folder and cannot be learnt, or are never tested."""
    parts: dict[int, set[str]] = {-1: set(), 0: set(), 1: set(), 2: set()}
    for file in files:
        parts[file.part].add(file.class_name)
    learnt = parts[0] | parts[-1]
    found: list[DataFinding] = []
    if not parts[0]:
        return found
    for missing, text in (
        ([name for name in names if name not in learnt], "have no images in the training folder"),
        (
            [name for name in names if parts[2] and name not in parts[2]],
            "have no images in the test folder",
        ),
    ):
        if missing:
            text = f"{len(missing)} of {len(names)} classes {text}: {', '.join(missing[:5])}."
            found.append(
                DataFinding(Trouble.ACROSS_PARTS, "", text, tuple(missing[:100]), len(missing))
            )
    return found


# ---- columns of a table


def _column(columns: dict[str, AnyArray], name: str) -> AnyArray:
    if name not in columns:
        raise DatasetError(
            f"The table of the files has no column '{name}'.", f"Columns: {', '.join(columns)}."
        )
    return columns[name]


def _weights(columns: dict[str, AnyArray], name: str | None) -> Any:
    if name is None:
        return None
    cells = _column(columns, name)
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
