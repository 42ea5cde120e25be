"""Lists the files of a folder: quickly, without reading them, and whatever the folder holds.

Links that lead in a circle, folders that may not be entered and names of any kind end nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Progress, silent
from engine.datasets.content import note_files
from engine.datasets.folder_meaning import FolderMeaning, FolderParameters, part_of
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Trouble
from engine.files.bounded import special_reason

GLANCE_FILES = 2_000


@dataclass(frozen=True)
class Glance:
    """What a path looks like from names alone.

    Attributes:
        path: A file or a folder.
        is_folder: It is a folder.
        suffixes: How often each suffix, in lower case, is among the first files found.
        class_folders: Names of folders that hold files and stand for classes.
        top_files: Files directly in the folder, sorted.
    """

    path: Path
    is_folder: bool
    suffixes: Counter[str]
    class_folders: tuple[str, ...] = ()
    top_files: tuple[Path, ...] = ()

    def share(self, suffixes: Iterable[str]) -> float:
        """Share of the files that have one of these suffixes."""
        total = sum(self.suffixes.values())
        return sum(self.suffixes[suffix] for suffix in suffixes) / total if total else 0.0


def glance(path: Path) -> Glance:
    """Looks at a path's names; at no more than `GLANCE_FILES` files.

    Raises:
        DatasetError: The folder cannot be listed, or holds nothing.
    """
    if not path.is_dir():
        return Glance(path, False, Counter([path.suffix.lower()]))
    suffixes: Counter[str] = Counter()
    folders: set[str] = set()
    top: list[Path] = []
    places: list[tuple[Path, str]] = []
    try:
        os.scandir(path).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(f"The folder '{path}' cannot be listed: {reason}.") from None
    for count, (location, name) in enumerate(_walk(path, [])):
        suffixes[_suffix(name)] += 1
        places.append((location, name))
        if count >= GLANCE_FILES:
            break
    meaning = FolderMeaning.of([name for _, name in places])
    for location, name in places:
        above = name.split("/")[:-1]
        is_below_part = len(above) > 1 and part_of(above[0]) >= 0
        class_name = above[1] if is_below_part else meaning.of_file(name)[0]
        if class_name:
            folders.add(class_name)
        else:
            top.append(location / _last(name))
    if not suffixes:
        raise DatasetError(
            f"The folder '{path}' holds no files.",
            "Put the files in it: one folder per class, or a table that names them.",
        )
    return Glance(path, True, suffixes, tuple(sorted(folders)), tuple(sorted(top)))


@dataclass(frozen=True)
class FoundFile:
    """A file in a folder.

    Attributes:
        path: Where it is.
        name: Relative to the folder, with slashes.
        class_name: The folder below the root (and below a part's folder) it is in; empty: none.
        part: 0, 1 or 2 where it is in the folder of a training, validation or test part; else -1.
    """

    path: Path
    name: str
    class_name: str
    part: int


@dataclass(frozen=True)
class Listing:
    """The files of a folder that were looked for, sorted by name.

    Attributes:
        files: Those of the wanted suffixes.
        findings: Folders that could not be entered, links in a circle, other files.
        meaning: What the folders mean.
    """

    files: tuple[FoundFile, ...]
    findings: tuple[DataFinding, ...]
    meaning: FolderMeaning = field(default_factory=FolderMeaning)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in order."""
        return tuple(sorted({file.class_name for file in self.files if file.class_name}))

    @property
    def given(self) -> npt.NDArray[np.int8] | None:
        """The part of each file, (files,), where folders say so; else None."""
        parts = np.array([file.part for file in self.files], np.int8)
        return parts if (parts >= 0).any() else None


def list_files(
    folder: Path,
    suffixes: Iterable[str],
    exclude: Iterable[str] = (),
    progress: Progress = silent,
    parameters: FolderParameters | None = None,
) -> Listing:
    """Lists a folder's files and those of every folder below it.

    Hidden files and folders are passed over in silence; files of other suffixes are counted.

    Args:
        folder: Where to look.
        suffixes: In lower case, with the dot.
        exclude: Names, as in `FoundFile.name`, that are left out.
        progress: Told how many files were found.
        parameters: What folders mean; None: told by themselves.
    """
    parameters = parameters or FolderParameters()
    wanted, left_out = frozenset(suffixes), frozenset(exclude)
    troubles: list[tuple[str, str]] = []
    others: Counter[str] = Counter()
    places: list[tuple[Path, str]] = []
    for count, (location, name) in enumerate(_walk(folder, troubles)):
        if count % 1_000 == 0:
            progress("Listing files", count, 0)
        suffix = _suffix(name)
        if suffix not in wanted:
            others[suffix or "no suffix"] += 1
        else:
            places.append((location, name))
    note_files(location / _last(name) for location, name in places if name not in left_out)
    # Told by all files, so that leaving some out makes no class a part.
    meaning = FolderMeaning.of(
        [name for _, name in places], parameters.folders, parameters.spellings
    )
    files = [
        FoundFile(location / _last(name), name, *meaning.of_file(name))
        for location, name in places
        if name not in left_out
    ]
    findings: list[DataFinding] = []
    if troubles:
        names = tuple(f"{name}: {reason}" for name, reason in troubles[:MAX_NAMES])
        text = "Some folders could not be looked into, or some files are none."
        findings.append(DataFinding(Trouble.UNREADABLE, "", text, names, len(troubles)))
    if others:
        listing = ", ".join(f"{count:,} {suffix}" for suffix, count in others.most_common(5))
        text = f"Files of other types were passed over: {listing}."
        findings.append(DataFinding(Trouble.LEFT_OUT, "", text, count=others.total()))
    return Listing(tuple(sorted(files, key=lambda file: file.name)), tuple(findings), meaning)


def _walk(root: Path, troubles: list[tuple[str, str]]) -> Iterator[tuple[Path, str]]:
    """Yields every file below a folder once: the folder it is in, and its name from the root on.

    Folders reached again by links are not entered.
    """
    # Plain text: a hundred thousand Path objects more would double the time.
    waiting: list[tuple[str, str]] = [(str(root), "")]
    entered: set[tuple[int, int]] = set()
    while waiting:
        place, relative = waiting.pop()
        folder = Path(place)
        try:
            state = folder.stat()
            identity = (state.st_dev, state.st_ino)
            if identity in entered:
                troubles.append((relative, "a link to a folder that was seen already"))
                continue
            entered.add(identity)
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            troubles.append((relative or ".", (error.strerror or str(error)).lower()))
            continue
        below: list[tuple[str, str]] = []
        prefix = f"{relative}/" if relative else ""
        for entry in listed:
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            try:
                is_folder = entry.is_dir()
            except OSError:
                is_folder = False
            if is_folder:
                below.append((entry.path, prefix + entry.name))
            elif reason := _special(entry):
                troubles.append((prefix + entry.name, reason))
            else:
                yield folder, prefix + entry.name
        waiting += reversed(below)


def _special(entry: os.DirEntry[str]) -> str:
    """Why what is listed must not be opened; empty: it may be."""
    try:
        if entry.is_file():
            return ""
    except OSError:
        return ""  # told when it is opened
    return special_reason(Path(entry.path))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122  (a Path for each takes too long)
