"""Reads the text files of a folder: a first look at whole files, and all lines of large ones."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Progress, Rows
from engine.datasets.encoding_guess import Evidence
from engine.datasets.encodings import Encoding, Guess, evidence_in, guess_encoding
from engine.datasets.files import FoundFile
from engine.datasets.language.decoding import (
    MAX_CHARACTERS,
    checked_encoding,
    read_lines,
    read_text,
)
from engine.datasets.language.packed_texts import TEXT_MEMORY_LIMIT, object_array, pack_texts
from engine.datasets.language.text_checks import TextMarks
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Trouble

LOOKED_AT = 5_000
"""Up to so many files are read for a first look, so that copies among them are found."""


Bad = list[tuple[str, str]]


class SharedGuess:
    """Guesses the encoding of files by all files of their class: one short text tells too little.

    Args:
        files: Those that may have to be guessed.
    """

    def __init__(self, files: Sequence[FoundFile]) -> None:
        self._class_of = {file.path: file.class_name for file in files}
        self._members: dict[str, list[Path]] = {}
        for file in files:
            self._members.setdefault(file.class_name, []).append(file.path)
        self._found: dict[str, Encoding] = {}

    def of(self, path: Path) -> Guess:
        """What guesses the encoding of a file."""
        class_name = self._class_of[path]
        if not class_name or len(self._members[class_name]) == 1:
            return guess_encoding
        return lambda _: self._of_class(class_name)

    def _of_class(self, class_name: str) -> Encoding:
        if class_name not in self._found:
            together = Evidence()
            for path in self._members[class_name]:
                with suppress(OSError, DatasetError):
                    together.join(evidence_in(path))
                if together.is_full:
                    break
            self._found[class_name] = guess_encoding(together)
        return self._found[class_name]


@dataclass
class Look:
    """What a first look at text files brought to light.

    Attributes:
        encoding: As asked for.
        guess: Where nothing tells the encoding of a file.
        n_cut: How many texts are longer than what is kept.
        used: The encodings of the files that were looked at.
    """

    encoding: str
    guess: SharedGuess
    n_cut: int = 0
    used: dict[Path, Encoding] = field(default_factory=dict)
    _lengths: list[int] = field(default_factory=list)
    _marks: list[int] = field(default_factory=list)

    def whole(self, files: Sequence[FoundFile], progress: Progress) -> tuple[list[FoundFile], Bad]:
        """Reads files; returns those that hold a text, and the others with the reason.

        Raises:
            DatasetError: None holds a text.
        """
        return self._sorted_out(files, self._see, progress)

    def encodings_of(
        self, files: Sequence[FoundFile], progress: Progress
    ) -> tuple[list[FoundFile], Bad]:
        """Tells the encoding of each file; returns those that hold text, and the others.

        Raises:
            DatasetError: None holds text.
        """
        return self._sorted_out(files, self._tell_encoding, progress)

    def _sorted_out(
        self, files: Sequence[FoundFile], look: Callable[[Path], None], progress: Progress
    ) -> tuple[list[FoundFile], Bad]:
        good: list[FoundFile] = []
        bad: Bad = []
        for place, file in enumerate(files):
            if place % 64 == 0:
                progress("Looking at texts", place, len(files))
            try:
                look(file.path)
                good.append(file)
            except DatasetError as error:
                bad.append((file.name, error.message))
            except OSError as error:
                bad.append((file.name, (error.strerror or str(error)).lower()))
        if bad and not good:
            raise DatasetError(
                f"None of the {len(files):,} files can be read. The first: '{bad[0][0]}' "
                f"{bad[0][1]}.",
                "Choose other files.",
            )
        return good, bad

    def _see(self, path: Path) -> None:
        found = read_text(path, self.encoding, self.guess.of(path))
        self.n_cut += found.is_cut
        self.used[path] = found.encoding
        self._lengths.append(len(found.text))
        self._marks.append(hash(found.text))

    def _tell_encoding(self, path: Path) -> None:
        if path.stat().st_size == 0:
            raise DatasetError("is empty")
        self.used[path] = checked_encoding(path, self.encoding, self.guess.of(path))

    @property
    def reading(self) -> dict[str, str]:
        """How files to predict for are read, as JSON values for `Examples.reading`."""
        names = {encoding.name for encoding, _ in self.guessed}
        return {"encoding": self.encoding, **({"guess": names.pop()} if len(names) == 1 else {})}

    @property
    def marks(self) -> TextMarks:
        """Of the whole files that were read."""
        return TextMarks(np.array(self._lengths, np.int64), np.array(self._marks, np.int64))

    @property
    def guessed(self) -> list[tuple[Encoding, int]]:
        """Encodings that were guessed, each with its number of files, the most frequent first."""
        return Counter(used for used in self.used.values() if used.is_guess).most_common()

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know."""
        notes = [
            f"{count:,} of {len(self.used):,} files are not UTF-8 and were read as "
            f"{encoding.title}. Set the encoding if letters look wrong."
            for encoding, count in self.guessed
        ]
        if self.n_cut:
            cut = "1 text is" if self.n_cut == 1 else f"{self.n_cut:,} texts are"
            notes.append(f"{cut} cut after {MAX_CHARACTERS:,} characters.")
        return tuple(notes)


class TextLinesReader:
    """Reads every line of some files, into memory or, where they are many, onto disk.

    Args:
        files: Files of text.
        look: Knows the encoding asked for; told of lines that are cut.
        exclude: Lines that are left out, as ``name:number``.
        progress: Told how many bytes were read.
    """

    def __init__(
        self, files: Sequence[FoundFile], look: Look, exclude: Sequence[str], progress: Progress
    ) -> None:
        self._files = files
        self._look = look
        self._exclude = frozenset(exclude)
        self._progress = progress
        self._sizes = [file.path.stat().st_size for file in files]
        self._empty: Counter[str] = Counter()

    def read(self) -> tuple[Rows, AnyArray, tuple[str, ...]]:
        """Returns the texts, the index of each one's file, and their names where they are few.

        Raises:
            DatasetError: A file is not of its encoding, or the disk has no room.
            Cancelled: Someone asked to stop.
        """
        n_bytes = sum(self._sizes)
        if n_bytes > TEXT_MEMORY_LIMIT:
            rows, of_file, index = pack_texts(self._key(), n_bytes, self._pack)
            self._empty = Counter(index["empty"])
            self._look.n_cut = index["n_cut"]
            return rows, of_file, ()
        texts: list[str] = []
        numbers: list[int] = []
        names: list[str] = []
        for text, number, line in self._lines():
            texts.append(text)
            numbers.append(number)
            names.append(f"{self._files[number].name}:{line}")
        return object_array(texts), np.array(numbers, np.int64), tuple(names)

    def _pack(self, keep: Callable[[str, int], None]) -> dict[str, Any]:
        for text, number, _ in self._lines():
            keep(text, number)
        return {"empty": dict(self._empty), "n_cut": self._look.n_cut}

    def _lines(self) -> Iterator[tuple[str, int, int]]:
        """Yields each text with the index of its file and its line."""
        done, total = 0, sum(self._sizes)
        for number, file in enumerate(self._files):
            self._progress("Reading texts", done, total)
            read = 0
            try:
                for line, found in read_lines(file.path, self._look.used[file.path]):
                    read += len(found.text) + 1
                    if line % 4_096 == 0:
                        self._progress(
                            "Reading texts", done + min(read, self._sizes[number]), total
                        )
                    text = found.text.strip()
                    if not text:
                        self._empty[file.name] += 1
                    elif not self._exclude or f"{file.name}:{line}" not in self._exclude:
                        self._look.n_cut += found.is_cut
                        yield text, number, line
            except DatasetError as error:
                raise self._damaged(file, error.message) from None
            except OSError as error:
                raise self._damaged(file, (error.strerror or str(error)).lower()) from error
            done += self._sizes[number]

    def _damaged(self, file: FoundFile, reason: str) -> DatasetError:
        return DatasetError(
            f"'{file.name}' cannot be read: {reason}.",
            "Mend it, leave it out, or set its encoding.",
        )

    def _key(self) -> str:
        encodings = [self._look.used[file.path].name for file in self._files]
        settings = f"{encodings} {MAX_CHARACTERS} {sorted(self._exclude)}"
        digest = hashlib.sha256(settings.encode())
        for file, size in zip(self._files, self._sizes, strict=True):
            changed = file.path.stat().st_mtime_ns
            digest.update(f"{file.path}\0{size}\0{changed}\n".encode())
        return digest.hexdigest()[:32]

    @property
    def findings(self) -> tuple[DataFinding, ...]:
        """The lines that hold nothing, by file; known once all was read."""
        if not self._empty:
            return ()
        count = self._empty.total()
        lines = "1 empty line was" if count == 1 else f"{count:,} empty lines were"
        names = tuple(f"{name}: {n:,} empty" for name, n in self._empty.most_common(100))
        return (DataFinding(Trouble.LEFT_OUT, "", f"{lines} passed over.", names, count),)
