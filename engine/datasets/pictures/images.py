"""Image folders: a folder per class, or a table that names the files and their labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import Examples, Progress, silent
from engine.datasets.class_folders import (
    Labelled,
    column_of,
    given_parts,
    labelled_by_folder,
    weights_of,
)
from engine.datasets.copies import copies_among
from engine.datasets.file_tables import (
    TABLE_SUFFIXES,
    FileTableParameters,
    table_of_files,
    tables_of,
)
from engine.datasets.files import Glance, Listing, list_files
from engine.datasets.findings import unreadable
from engine.datasets.formats import FileDataset, Format
from engine.datasets.labels import imbalance, understand_targets
from engine.datasets.packing import FileRows
from engine.datasets.pictures.image_files import SUFFIXES
from engine.datasets.pictures.image_survey import ImageParameters, survey
from engine.errors import DatasetError
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind


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
        wanted = (*SUFFIXES, *TABLE_SUFFIXES)
        everything = list_files(self.path, wanted, self.data.exclude, progress, parameters)
        images = tuple(f for f in everything.files if f.path.suffix.lower() in SUFFIXES)
        listing = replace(everything, files=images)
        if not listing.files:
            raise DatasetError(
                f"The folder '{self.path}' holds no images.",
                f"Known types: {', '.join(SUFFIXES)}.",
            )
        found = self._labelled(listing, parameters)
        paths, names = [file.path for file in found.files], [file.name for file in found.files]
        seen = survey(paths, names, parameters, progress)
        kept = np.array([i for i in range(len(paths)) if i not in seen.bad], np.int64)
        paths = [paths[index] for index in kept]
        y = found.targets.y[kept]
        columns = {name: values[kept] for name, values in found.columns.items()}
        bad = [(names[index], reason) for index, reason in seen.bad.items()]
        findings = [*listing.findings, *found.findings, *found.targets.findings]
        findings += unreadable(bad, len(names), len(seen.heads) + len(seen.bad))
        names = [names[index] for index in kept]
        findings += seen.findings
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
            notes=(*found.notes, *found.targets.notes),
            findings=tuple(findings),
            facts=seen.facts(paths),
            distributions=seen.distributions,
            source_columns=tuple(columns),
            names=tuple(names),
            weights=weights_of(columns, self.data.weights),
            given=None if found.given is None else found.given[kept],
            column=None if not columns else lambda name: column_of(columns, name),
            reading=reader.reading,
        )

    def _labelled(self, listing: Listing, parameters: FileTableParameters) -> Labelled:
        is_asked = self.data.target is not None or len(listing.class_names) < 2
        if is_asked and tables_of(self.path):
            return self._by_table(listing, parameters)
        return labelled_by_folder(self.path, listing, self.data.task, "images")

    def _by_table(self, listing: Listing, parameters: FileTableParameters) -> Labelled:
        table, target = table_of_files(self.path, listing.files).with_target(
            self.data.target, self.data.task
        )
        table = table.known(target, parameters, self.data.task)
        targets = understand_targets(
            table.columns[target],
            target,
            self.data.task,
            table.lines,
            parameters.spellings,
            table.label_names,
        )
        given, columns = given_parts(table.files), dict(table.columns)
        return Labelled(table.files, targets, target, given, table.findings, columns, table.notes)
