"""Files of our own with a schema number and a digest: read where somebody kept something earlier.

Damage, and what a newer Descent wrote, are told in words with a way out; what is not there is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from engine.errors import WorkspaceError
from engine.files import atomic_write
from engine.files.bounded import (
    DAMAGED,
    MAX_TEXT_BYTES,
    member,
    read_object,
    reason_of,
    sealed_text,
    unsealed,
)

T = TypeVar("T")

_SCHEMA: Final = "schema_number"


def write_sealed(path: Path, values: Mapping[str, Any], owner: str, schema: int) -> None:
    """Writes values with their schema number, under a digest.

    Args:
        path: The file.
        values: JSON-ready.
        owner: Whose file it is, such as the id of a run.
        schema: Number of their form.

    Raises:
        WorkspaceError: It cannot be written.
    """
    atomic_write(path, sealed_text({_SCHEMA: schema, **values}, owner))


def read_sealed(
    path: Path,
    owner: str,
    schema: int,
    understood: Callable[[dict[str, Any]], T],
    what: str,
    again: str,
    limit: int = MAX_TEXT_BYTES,
) -> T | None:
    """Reads what `write_sealed` wrote; None where there is no such file.

    Args:
        path: The file.
        owner: As it was written.
        schema: The newest that is known.
        understood: Makes of the values what they stand for; may raise any of `DAMAGED`.
        what: Is in the file, such as ``analysis``.
        again: How to have it once more, such as ``evaluate the run again``.
        limit: Bytes that may be there.

    Raises:
        WorkspaceError: The file is damaged, or was written by a newer Descent.
    """

    def load() -> T:
        values = unsealed(read_object(path, limit), owner)
        check_schema(values, schema, path, again)
        return understood(values)

    return load_kept(path, load, what, again)


def load_kept(path: Path, load: Callable[[], T], what: str, again: str) -> T | None:
    """What was kept in a file of any form; None where there is none.

    Args:
        path: The file.
        load: Reads it; may raise any of `DAMAGED`.
        what, again: As of `read_sealed`.

    Raises:
        WorkspaceError: The file is damaged, or `load` says so.
    """
    try:
        return load()
    except FileNotFoundError:
        return None
    except DAMAGED as error:
        raise WorkspaceError(
            f"The {what} in '{path}' cannot be read: {reason_of(error)}.",
            f"{again[:1].upper()}{again[1:]}.",
        ) from error


def check_schema(values: Mapping[str, Any], schema: int, path: Path, again: str) -> None:
    """Makes sure that values are of a form that is known.

    Raises:
        WorkspaceError: A newer Descent wrote them.
        KeyError, TypeError: They have no schema number.
    """
    if member(values, _SCHEMA, int) > schema:
        raise WorkspaceError(
            f"'{path}' was written by a newer version of Descent. "
            f"Received: schema {values[_SCHEMA]}.",
            f"Update Descent, or {again}.",
        )
