"""Where an export of several files is written: a folder of its own, or among others."""

from __future__ import annotations

import filecmp
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import WorkspaceError
from engine.files import (
    atomic_directory,
    cannot_write,
    flush_directory,
    flush_tree,
    scratch_directory,
)
from engine.files.bounded import DAMAGED, member, read_object
from engine.inference.export.card import FILE_NAME as CARD
from engine.inference.export.composing import FILE_NAME as PREDICT
from engine.inference.export.proof import FILE_NAME as PROOF
from engine.inference.export.proof import VERIFY
from engine.service.results.exporting.target import check_parent

EXAMPLE: Final = "example.py"
BESIDE: Final = (CARD, PREDICT, EXAMPLE, VERIFY, PROOF)
"""What lies beside a model; a person may have files of these names."""
_LEFT_BY_PYTHON: Final = "__pycache__"


@dataclass(frozen=True)
class Place:
    """Where an export goes.

    Attributes:
        folder: That of its files.
        file: The name of the file in it that was asked for.
        is_shared: Other files may lie there, too.
        own: Names of files there that an earlier export of that file left.
    """

    folder: Path
    file: str
    is_shared: bool
    own: frozenset[str]


def place_of(to: Path, suffix: str, default: str, beside: Collection[str] = ()) -> Place:
    """Reads a path: one with the format's suffix is the file, any other a folder.

    Args:
        to: The path.
        suffix: Of the format; empty: it is a folder in any case.
        default: The name of the file in a folder of its own.
        beside: Names of what will lie beside it, as far as they are known before.

    Raises:
        DescentError: Something is there that is no earlier export of such a file.
    """
    is_file = bool(suffix) and to.suffix.lower() == suffix
    check_parent(to)
    if is_file and to.is_dir():
        raise WorkspaceError(f"'{to}' is a folder.", "Choose another name.")
    if not is_file and to.exists() and not to.is_dir():
        other = f", or a file that ends in {suffix}" if suffix else ""
        raise WorkspaceError(
            f"'{to}' is a file. Expected: a folder{other}.", "Choose another name."
        )
    folder, file = (to.parent, to.name) if is_file else (to, default)
    try:
        there = {path.name for path in folder.iterdir()} if folder.exists() else set()
    except OSError as error:
        raise cannot_write(folder, error) from error
    own = frozenset(_files_of_export(folder, file))
    touched = there.intersection(beside) if is_file else there - {_LEFT_BY_PYTHON}
    _check_free(folder, touched - own)
    return Place(folder, file, is_file, own)


def _check_free(folder: Path, others: Iterable[str]) -> None:
    """Refuses to replace files of others, by name.

    Raises:
        WorkspaceError: There are some.
    """
    if names := sorted(others):
        raise WorkspaceError(
            f"'{folder}' holds other files, which are not replaced: {', '.join(names[:5])}.",
            "Choose a folder that is empty or not there yet, or another name.",
        )


def _files_of_export(folder: Path, file: str) -> set[str]:
    """What an earlier export of a model's file left in a folder, by name; none: there is none."""
    try:
        if read_object(folder / CARD).get("file") != file:
            return set()
        files = member(read_object(folder / PROOF), "files", dict)
    except (OSError, *DAMAGED):
        return set()
    return {PROOF, *(str(name).partition("/")[0] for name in files)}


@contextmanager
def handed_over(place: Place) -> Iterator[Path]:
    """Gives a folder to write into; what is in it is put in its place if nothing is raised.

    Raises:
        WorkspaceError: It cannot be written there.
    """
    if not place.is_shared:
        with atomic_directory(place.folder) as aside:
            yield aside
        return
    with scratch_directory(place.folder / place.file) as aside:
        yield aside
        try:
            _check_free(place.folder, _others_of(place, aside))
            flush_tree(aside)
            for path in sorted(aside.iterdir()):
                path.replace(place.folder / path.name)
            flush_directory(place.folder)
        except OSError as error:
            raise cannot_write(place.folder, error) from error


def _others_of(place: Place, aside: Path) -> Iterator[str]:
    """Names of files of others that would be replaced; the one that was asked for is named."""
    for path in aside.iterdir():
        there = place.folder / path.name
        if path.name in (place.file, *place.own) or not there.exists():
            continue
        if not (there.is_file() and path.is_file() and filecmp.cmp(path, there, shallow=False)):
            yield path.name
