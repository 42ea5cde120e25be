"""Where an export is written: a folder of its own, or a file among others."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import WorkspaceError
from engine.files import atomic_directory, cannot_write, flush_directory
from engine.files.bounded import DAMAGED, read_object
from engine.inference.export.card import FILE_NAME as CARD


@dataclass(frozen=True)
class Place:
    """Where an export goes.

    Attributes:
        folder: That of its files.
        file: The name of the model's file in it.
        is_shared: Other files may lie there, too.
    """

    folder: Path
    file: str
    is_shared: bool


def place_of(to: Path, suffix: str, default: str) -> Place:
    """Reads a path: one with the format's suffix is the model's file, any other a folder.

    Args:
        to: The path.
        suffix: Of the format; empty: it is a folder in any case.
        default: The name of the model's file in a folder of its own.

    Raises:
        WorkspaceError: Something else is there already.
    """
    is_file = bool(suffix) and to.suffix.lower() == suffix
    folder = to.parent if is_file else to
    if not is_file and to.exists() and not to.is_dir():
        other = f", or a file that ends in {suffix}" if suffix else ""
        raise WorkspaceError(
            f"'{to}' is a file. Expected: a folder{other}.", "Choose another name."
        )
    if is_file and to.is_dir():
        raise WorkspaceError(f"'{to}' is a folder.", "Choose another name.")
    if not folder.parent.is_dir() or (is_file and not folder.is_dir()):
        missing = folder if is_file else folder.parent
        raise WorkspaceError(f"There is no folder '{missing}'.", "Make it first.")
    card = folder / CARD
    if is_file and card.exists() and _file_of(card) != to.name:
        raise WorkspaceError(
            f"'{folder}' holds the export of another model already.",
            "Choose another folder: each model needs files of its own beside it.",
        )
    if not is_file and folder.exists() and any(folder.iterdir()) and not card.exists():
        raise WorkspaceError(
            f"'{folder}' holds other files.", "Choose a folder that is empty or not there yet."
        )
    return Place(folder, to.name if is_file else default, is_file)


def _file_of(card: Path) -> str:
    try:
        return str(read_object(card).get("file", ""))
    except DAMAGED:
        return ""


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
    aside = Path(tempfile.mkdtemp(prefix=".descent-", dir=place.folder))
    try:
        yield aside
        for path in sorted(aside.iterdir()):
            path.replace(place.folder / path.name)
        flush_directory(place.folder)
    except OSError as error:
        raise cannot_write(place.folder, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
