"""Recordings: a folder per class, or a table that names files with labels, numbers or words."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Examples, Progress, silent
from engine.datasets.class_folders import (
    Labelled,
    column_of,
    given_parts,
    labelled_by_folder,
    weights_of,
)
from engine.datasets.copies import copies_among
from engine.datasets.file_tables import TABLE_SUFFIXES, FileTable, table_of_files, tables_of
from engine.datasets.files import Glance, Listing, list_files
from engine.datasets.findings import unreadable
from engine.datasets.formats import FileDataset, Format
from engine.datasets.labels import Targets, imbalance, understand_targets
from engine.datasets.packing import FileRows
from engine.datasets.sounds.sound_files import SOUND_SUFFIXES
from engine.datasets.sounds.sound_survey import SoundParameters, survey
from engine.datasets.sounds.sound_tables import (
    files_named,
    names_sounds,
    read_sound_table,
    text_column,
)
from engine.datasets.summaries import distribution
from engine.datasets.tables.table_cells import is_missing_label
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Trouble
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task


class SoundFormat(Format):
    """Recordings in a folder, or named by a table."""

    name = "sound"
    title = (
        "Recordings (WAV, FLAC, OGG, MP3), a folder per class or with a table of labels or texts"
    )
    kind = Kind.AUDIO
    suffixes = TABLE_SUFFIXES
    parameters = SoundParameters
    tasks = (Task.TRANSCRIPTION,)

    def likeness(self, glance: Glance) -> float:
        if not glance.is_folder:
            return 1.0 if names_sounds(glance.path) else 0.0
        share = glance.share((*SOUND_SUFFIXES, *TABLE_SUFFIXES))
        return 0.9 * share if glance.share(SOUND_SUFFIXES) > 0 else 0.0

    def open(self, path: Path, data: DataSpec) -> Recordings:
        return Recordings(path, data)


class Recordings(FileDataset):
    """Recordings whose class is the folder they are in, or of which a table says something.

    Files are listed, and the headers of some read; the sound is read when asked for.
    """

    format = SoundFormat()

    def load(self, parameters: Any, progress: Progress = silent) -> Examples:
        """Lists the files and chooses sample rate and length.

        Raises:
            DatasetError: There are no recordings, no labels, or only one class.
        """
        found = self._labelled(parameters, progress)
        is_text = found.targets.task is Task.TRANSCRIPTION
        paths, names = [file.path for file in found.files], [file.name for file in found.files]
        seen = survey(paths, names, parameters, not is_text, self.data.exclude, progress)
        kept = np.array([i for i in range(len(paths)) if i not in seen.bad], np.int64)
        bad = [(names[index], reason) for index, reason in seen.bad.items()]
        paths, y = [paths[index] for index in kept], found.targets.y[kept]
        columns = {name: values[kept] for name, values in found.columns.items()}
        findings = [
            *found.findings,
            *found.targets.findings,
            *unreadable(bad, len(names), len(seen.headers) + len(seen.bad)),
            *seen.findings,
        ]
        names = [names[index] for index in kept]
        findings += copies_among(paths, names, y, self.data.exclude, progress)
        distributions = seen.distributions
        if found.targets.class_names:
            findings += imbalance(y, found.targets.class_names)
        if is_text:
            lengths = [len(text) for text in y]
            distributions += (distribution("Length of texts", lengths, "characters"),)
        reader = seen.reader
        return Examples(
            x=FileRows(paths, reader, (reader.n_samples,), np.int16, f"sound 1 {reader}"),
            y=y,
            kind=Kind.AUDIO,
            task=found.targets.task,
            target_name=found.target_name,
            class_names=found.targets.class_names,
            notes=(*found.notes, *found.targets.notes),
            findings=tuple(findings),
            facts=seen.facts,
            distributions=distributions,
            rate=reader.rate,
            source_columns=tuple(columns),
            names=tuple(names),
            weights=weights_of(columns, self.data.weights),
            given=None if found.given is None else found.given[kept],
            column=None if not columns else lambda name: column_of(columns, name),
            reading=reader.reading,
        )

    def _labelled(self, parameters: SoundParameters, progress: Progress) -> Labelled:
        if not self.path.is_dir():
            left_out = frozenset(self.data.exclude)
            files = tuple(file for file in files_named(self.path) if file.name not in left_out)
            if not files:
                raise DatasetError(
                    f"'{self.path.name}' names no recording that is there.",
                    "Put the files beside the table, or in a folder beside it named wavs, clips or "
                    "audio.",
                )
            return _of_table(read_sound_table(self.path, files), self.data, parameters)
        listing = list_files(self.path, SOUND_SUFFIXES, self.data.exclude, progress, parameters)
        if not listing.files:
            raise DatasetError(
                f"The folder '{self.path}' holds no recordings.",
                f"Known types: {', '.join(SOUND_SUFFIXES)}.",
            )
        found = self._in_folder(listing, parameters)
        return replace(found, findings=(*listing.findings, *found.findings))

    def _in_folder(self, listing: Listing, parameters: SoundParameters) -> Labelled:
        asked = self.data.target is not None or self.data.task is Task.TRANSCRIPTION
        if (asked or len(listing.class_names) < 2) and tables_of(self.path):
            table = table_of_files(self.path, listing.files, read_sound_table)
            return _of_table(table, self.data, parameters)
        return labelled_by_folder(self.path, listing, self.data.task, "recordings")


def _of_table(table: FileTable, data: DataSpec, parameters: SoundParameters) -> Labelled:
    """Understands the column to predict: words that are said, classes, or numbers."""
    said = text_column(table) if data.target is None else None
    is_said = data.task is Task.TRANSCRIPTION or (data.task is None and said is not None)
    target = said if is_said else None
    if target is None:
        table, target = table.with_target(data.target, data.task)
    if is_said or (data.task is None and _are_sentences(table.columns[target])):
        return _spoken(table, target)
    table = table.known(target, parameters, data.task)
    given = given_parts(table.files)
    targets = understand_targets(
        table.columns[target],
        target,
        data.task,
        table.lines,
        parameters.spellings,
        table.label_names,
    )
    columns = dict(table.columns)
    return Labelled(table.files, targets, target, given, table.findings, columns, table.notes)


def _are_sentences(values: AnyArray) -> bool:
    """Most hold several words, and few are the same."""
    if values.ndim > 1:
        return False
    spaced = np.mean([" " in text.strip() for text in values])
    return bool(spaced > 0.5 and len(set(values)) > 0.5 * len(values))


def _spoken(table: FileTable, target: str) -> Labelled:
    """What is said in each recording, with plain blanks; recordings without words are left out.

    Raises:
        DatasetError: None has words.
    """
    texts = [" ".join(unicodedata.normalize("NFC", t).split()) for t in table.columns[target]]
    empty = [row for row, text in enumerate(texts) if is_missing_label(text)]
    kept = np.delete(np.arange(len(texts)), empty)
    if not len(kept):
        raise DatasetError(
            f"Column '{target}' is empty; there is nothing to transcribe.",
            f"Columns: {', '.join(table.columns)}.",
        )
    findings = list(table.findings)
    if empty:
        text = f"{len(empty):,} recordings have no text and are left out."
        shown = tuple(table.files[row].name for row in empty[:MAX_NAMES])
        findings.append(DataFinding(Trouble.MISSING, target, text, shown, len(empty)))
    y = np.empty(len(kept), object)
    y[:] = [texts[row] for row in kept]
    files = tuple(table.files[row] for row in kept)
    columns = {name: cells[kept] for name, cells in table.columns.items()}
    targets = Targets(Task.TRANSCRIPTION, y)
    return Labelled(
        files, targets, target, given_parts(files), tuple(findings), columns, table.notes
    )
