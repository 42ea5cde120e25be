"""Where an export may be written: nothing of other people's is replaced unasked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.errors import DescentError
from engine.files.disk import cannot_write


def checked_file(to: Path, suffixes: Sequence[str]) -> Path:
    """A path for a file, which may be there already; the first suffix where it has none.

    Raises:
        DescentError: It has another suffix, or its folder is not there.
    """
    if not to.suffix:
        to = to.with_name(f"{to.name}{suffixes[0]}")
    if to.suffix.lower() not in suffixes:
        raise DescentError(
            f"The file must end in {' or '.join(suffixes)}. Received: '{to.name}'.",
            f"Call it '{to.stem}{suffixes[0]}'.",
        )
    if to.is_dir():
        raise DescentError(f"'{to}' is a folder, where a file is to be written.", _NAME_ANOTHER)
    check_parent(to)
    return to


def checked_folder(to: Path) -> Path:
    """A path for a folder, which is not there yet, or is empty.

    Raises:
        DescentError: Something is there already, or the folder that it is to lie in is not.
    """
    check_parent(to)
    try:
        is_free = not to.exists() or (to.is_dir() and not any(to.iterdir()))
    except OSError as error:
        raise cannot_write(to, error) from error
    if not is_free:
        raise DescentError(f"There is something in '{to}' already.", _NAME_ANOTHER)
    return to


def check_parent(to: Path) -> None:
    """Makes sure that the folder is there in which something is to be written.

    Raises:
        DescentError: It is not.
    """
    if not to.parent.is_dir():
        raise DescentError(
            f"There is no folder '{to.parent}' to write into.", "Make it, or choose another one."
        )


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(item.stat().st_size for item in path.rglob("*") if item.is_file())


_NAME_ANOTHER = "Choose another name."
