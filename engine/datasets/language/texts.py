"""Texts in a folder: a folder per class with a text per file, or a file per class with one a line.

Folders named train and test above them say which part their texts belong to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from engine.datasets.base import AnyArray, Examples, Progress, Rows, silent
from engine.datasets.encodings import Encoding, EncodingName, Guess, guess_encoding
from engine.datasets.files import FoundFile, Glance, Listing, list_files
from engine.datasets.findings import unreadable
from engine.datasets.folder_meaning import FolderParameters, one_spelling, spelling_finding
from engine.datasets.formats import FileDataset, Format
from engine.datasets.labels import imbalance
from engine.datasets.language.about_files import is_description, without_descriptions
from engine.datasets.language.decoding import checked_encoding, read_lines, read_text
from engine.datasets.language.packed_texts import TextRows, object_array
from engine.datasets.language.text_checks import TextMarks, counted, repeated
from engine.datasets.language.text_columns import read_column
from engine.datasets.language.text_reading import LOOKED_AT, Look, SharedGuess, TextLinesReader
from engine.datasets.tables.table_opening import SUFFIXES as TABLE_SUFFIXES
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.spec.parameters import parameter
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task

if TYPE_CHECKING:
    from engine.datasets.base import InputSpec

TEXT_SUFFIXES = (".txt", ".text")
INPUT_SUFFIXES = tuple(dict.fromkeys((*TEXT_SUFFIXES, *TABLE_SUFFIXES)))
"""Of files that texts to predict for are read from."""


class TextParameters(FolderParameters):
    """How the files are read."""

    encoding: EncodingName = parameter(
        "auto",
        label="Encoding",
        help="How the files write their letters. 'auto' tells UTF-8, UTF-16 and UTF-32 by "
        "themselves, and guesses the rest from the letters.",
    )
    about: Literal["auto", "keep", "drop"] = parameter(
        "auto",
        label="Files named about or readme",
        help="'drop' takes them for descriptions of the data, 'keep' for texts of it. 'auto' keeps "
        "those in the folders of classes, and those that hold as many texts as other files.",
        advanced=True,
    )


class TextFolderFormat(Format):
    """A folder per class, a text in each file."""

    name = "text_folder"
    title = "Texts, a folder per class"
    kind = Kind.TEXT
    parameters = TextParameters
    tasks = (Task.CLASSIFICATION,)

    def likeness(self, glance: Glance) -> float:
        n_texts = sum(glance.suffixes[suffix] for suffix in TEXT_SUFFIXES)
        n_above = len([path for path in glance.top_files if _is_class(path)])
        is_likely = glance.is_folder and glance.class_folders and n_above <= n_texts / 2
        return 0.9 if is_likely and glance.share(TEXT_SUFFIXES) > 0.8 else 0.0

    def open(self, path: Path, data: DataSpec) -> TextFolder:
        return TextFolder(path, data)


class TextLinesFormat(Format):
    """A file per class, a text in each line."""

    name = "text_lines"
    title = "Texts, a file per class with one a line"
    kind = Kind.TEXT
    parameters = TextParameters
    tasks = (Task.CLASSIFICATION,)

    def likeness(self, glance: Glance) -> float:
        files = [path for path in glance.top_files if path.suffix.lower() in TEXT_SUFFIXES]
        if not glance.is_folder or not files or glance.share(TEXT_SUFFIXES) <= 0.8:
            return 0.0
        # A single one is no class beside another, but what else should it be; loading explains.
        return 0.8 if len(files) > 1 and any(_is_class(path) for path in files) else 0.1

    def open(self, path: Path, data: DataSpec) -> TextLines:
        return TextLines(path, data)


def _is_class(path: Path) -> bool:
    """Whether a file beside folders, by its name alone, may hold the texts of a class."""
    return path.suffix.lower() in TEXT_SUFFIXES and not is_description(path)


class _Texts(FileDataset):
    """What texts by folder and by line have in common."""

    recommended_model = "text_ngrams"

    def _listed(self, parameters: TextParameters, progress: Progress) -> Listing:
        """The folder's text files, without those that are left out or tell of the data."""
        if not self.path.is_dir():
            raise DatasetError(
                f"'{self.path.name}' is a file; texts of several classes are a folder.",
                "Open the folder that holds it, or read it as another format.",
            )
        if self.data.target is not None or self.task not in (None, Task.CLASSIFICATION):
            raise DatasetError(
                f"Texts in a folder are told apart by class. Received: target "
                f"'{self.data.target}', task '{self.task}'.",
                "Leave target and task out, or bring a table with the texts and their numbers.",
            )
        folders = tuple(name for name in self.data.exclude if name.endswith("/"))
        listing = list_files(self.path, TEXT_SUFFIXES, self.data.exclude, progress, parameters)
        files = [file for file in listing.files if not file.name.startswith(folders)]
        kept, findings = without_descriptions(files, parameters.about, self.data.exclude)
        findings = (*listing.findings, *listing.meaning.findings, *findings, *self._empty(files))
        return Listing(kept, findings, listing.meaning)

    def _empty(self, files: list[FoundFile]) -> tuple[DataFinding, ...]:
        """Folders beside those of the classes that hold no texts."""
        used = {file.name.split("/")[0] for file in files}
        with_files = {name for name in used if (self.path / name).is_dir()}
        empty = sorted(
            item.name
            for item in self.path.iterdir()
            if not item.name.startswith(".") and item.is_dir() and item.name not in used
        )
        if not empty or not with_files:
            return ()
        text = f"Folders without texts are no classes: {', '.join(empty[:5])}."
        return (DataFinding(Trouble.LEFT_OUT, "", text, tuple(empty[:MAX_NAMES]), len(empty)),)

    def _examples(
        self, x: Rows, y: AnyArray, class_names: tuple[str, ...], **more: Any
    ) -> Examples:
        found = Examples(
            x=x,
            y=y,
            kind=self.kind,
            task=Task.CLASSIFICATION,
            target_name="class",
            class_names=class_names,
            **more,
        )
        return replace(
            found, findings=(*found.findings, *imbalance(y, class_names), *_absent(found))
        )


class TextFolder(_Texts):
    """A folder per class, a text in each file; the files are read when needed."""

    format = TextFolderFormat()

    def load(self, parameters: TextParameters, progress: Progress = silent) -> Examples:
        """Lists the files, and reads some of them.

        Raises:
            DatasetError: There are not two classes with texts.
            Cancelled: Someone asked to stop.
        """
        listing = self._listed(parameters, progress)
        outside = [file.name for file in listing.files if not file.class_name]
        files = [file for file in listing.files if file.class_name]
        findings = list(listing.findings)
        if outside:
            text = f"Left out, as they lie in no class's folder: {counted(len(outside), 'file')}."
            findings.append(
                DataFinding(Trouble.LEFT_OUT, "", text, tuple(outside[:MAX_NAMES]), len(outside))
            )
        look = Look(parameters.encoding, SharedGuess(files))
        if len(files) <= LOOKED_AT:
            files, bad = look.whole(files, progress)
            findings += unreadable(bad, len(files) + len(bad))
        else:
            look.whole([files[i] for i in _spread(len(files), LOOKED_AT)], progress)
        class_names = _classes(self.path, [file.class_name for file in files])
        numbers = {name: number for number, name in enumerate(class_names)}
        y = np.array([numbers[file.class_name] for file in files], np.int64)
        names = tuple(file.name for file in files)
        marks = look.marks
        if len(marks.marks) == len(files):
            findings += repeated(marks.marks, y, class_names, names, None)
        rows = TextRows(
            [file.path for file in files],
            lambda path: read_text(path, parameters.encoding, look.guess.of(path)).text,
            _n_bytes(files),
            f"{parameters.encoding} {[(used.name, count) for used, count in look.guessed]}",
        )
        return self._examples(
            rows,
            y,
            class_names,
            names=names,
            given=Listing(tuple(files), ()).given,
            findings=tuple(findings),
            notes=look.notes,
            facts=(("Files", f"{len(files):,}"), *marks.facts),
            distributions=(marks.distribution,) if len(marks.lengths) else (),
            reading={"per": "file", **look.reading},
        )


class TextLines(_Texts):
    """A file per class, a text in each line; or folders per class with such files."""

    format = TextLinesFormat()

    def load(self, parameters: TextParameters, progress: Progress = silent) -> Examples:
        """Reads all lines, into memory or, where they are many, onto disk.

        Raises:
            DatasetError: There are not two classes with texts, or a line cannot be read.
            Cancelled: Someone asked to stop.
        """
        listing = self._listed(parameters, progress)
        look = Look(parameters.encoding, SharedGuess(listing.files))
        files, bad = look.encodings_of(listing.files, progress)
        findings = [*listing.findings, *unreadable(bad, len(listing.files))]
        reader = TextLinesReader(files, look, self.data.exclude, progress)
        x, of_file, names = reader.read()
        labels = [file.class_name or file.path.stem for file in files]
        if parameters.spellings == "auto" and (spelling := one_spelling(Counter(labels))):
            labels = [spelling.get(label, label) for label in labels]
            findings.append(spelling_finding(spelling))
        class_names = _classes(self.path, [labels[index] for index in np.unique(of_file)])
        numbers = {name: number for number, name in enumerate(class_names)}
        y = np.array([numbers.get(label, -1) for label in labels], np.int64)[of_file]
        findings += reader.findings
        progress("Comparing texts", 0, 0)
        marks = TextMarks.of_rows(x)
        findings += repeated(marks.marks, y, class_names, names, x)
        given = Listing(tuple(files), ()).given
        return self._examples(
            x,
            y,
            class_names,
            names=names,
            given=None if given is None else given[of_file],
            findings=tuple(findings),
            notes=look.notes,
            facts=(("Files", f"{len(files):,}"), *marks.facts),
            distributions=(marks.distribution,),
            reading={"per": "line", **look.reading},
        )


def read_inputs(path: Path, asked: InputSpec) -> AnyArray:
    """Reads texts to predict for: a file is one text or, where the model knows lines, many.

    Of a table, the column is read that the model was trained on.

    Returns:
        x, (n_texts,) of str.

    Raises:
        DatasetError: The file holds no text.
    """
    encoding, guess = str(asked.reading.get("encoding", "auto")), _guess_of(asked.reading)
    if path.suffix.lower() not in TEXT_SUFFIXES:
        column = str(asked.reading.get("column", "text"))
        return read_column(path, column, dict(asked.reading.get("parameters", {})))
    try:
        if asked.reading.get("per") == "file":
            return object_array([read_text(path, encoding, guess).text])
        used = checked_encoding(path, encoding, guess)
        texts = [text for _, line in read_lines(path, used) if (text := line.text.strip())]
    except DatasetError as error:
        raise DatasetError(f"'{path.name}': {error.message}.", "Choose another file.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(f"'{path}' cannot be opened: {reason}.", "Check the file.") from error
    if not texts:
        raise DatasetError(f"'{path.name}' is empty.", "Choose a file with texts.")
    return object_array(texts)


def _guess_of(reading: Mapping[str, Any]) -> Guess:
    """What was guessed of the files a model was trained on goes for others like them, too."""
    if "guess" not in reading:
        return guess_encoding
    return lambda _: Encoding(str(reading["guess"]), is_guess=True)


def _classes(folder: Path, labels: list[str]) -> tuple[str, ...]:
    """Names of the classes in order.

    Raises:
        DatasetError: There are fewer than two.
    """
    names = tuple(sorted(set(labels)))
    if len(names) > 1:
        return names
    received = f"only '{names[0]}'" if names else "none with texts"
    raise DatasetError(
        f"'{folder.name}' must hold texts of at least two classes. Received: {received}.",
        "Make a folder for each class with a .txt file for each text, or a .txt file for each "
        "class with one text a line.",
    )


def _n_bytes(files: list[FoundFile]) -> int:
    total = 0
    for file in files:
        with suppress(OSError):
            total += file.path.stat().st_size
    return total


def _spread(n_all: int, n_wanted: int) -> list[int]:
    return [int(place) for place in np.linspace(0, n_all - 1, n_wanted)]


def _absent(examples: Examples) -> tuple[DataFinding, ...]:
    """Classes of which the given training or test part holds nothing."""
    if examples.given is None:
        return ()
    findings = []
    for part, what, trouble in ((0, "training", "cannot be learnt"), (2, "test", "is not tested")):
        members = examples.given == part
        if part == 0:
            members |= examples.given < 0
        present = np.unique(examples.y[members])
        if not len(present):
            continue
        for number, name in enumerate(examples.class_names):
            if number not in present:
                text = f"'{name}' has no example in the {what} folder and {trouble}."
                findings.append(
                    DataFinding(Trouble.MISSING, name, text, remedies=_leave_out(examples, number))
                )
    return tuple(findings)


def _leave_out(examples: Examples, number: int) -> tuple[Remedy, ...]:
    """Leaves out the folders (or files) of a class; nothing where examples have no names."""
    if not examples.names:
        return ()
    names = [examples.names[index] for index in np.flatnonzero(examples.y == number)]
    is_by_file = examples.reading["per"] == "file"
    places = {n.rpartition("/" if is_by_file else ":")[0] + "/" * is_by_file for n in names}
    return (Remedy("Leave the class out", {"data.exclude": tuple(sorted(places))}),)
