"""Suspects as they are kept with a run, and as plain records."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.bounded import DAMAGED, member, read_object, reason_of, sealed_text, unsealed
from engine.errors import WorkspaceError
from engine.events.labelling import Suspect, SuspectsFound
from engine.events.verdicts import Finding
from engine.files import atomic_write

SCHEMA_NUMBER = 1
_MAX_BYTES = 64 << 20


def file_name(method: str) -> str:
    """The name of the file that holds what a method found."""
    return f"suspects-{method}.json"


def save_suspects(found: SuspectsFound, fingerprint: str, folder: Path) -> None:
    """Writes suspects into the folder of their run.

    Args:
        found: The suspects.
        fingerprint: Of the data in which they were found.
        folder: The run's.

    Raises:
        WorkspaceError: They cannot be written.
    """
    values: dict[str, Any] = {
        "schema_number": SCHEMA_NUMBER,
        "fingerprint": fingerprint,
        "method": found.method,
        "model": found.model,
        "n_checked": found.n_checked,
        "n_likely": found.n_likely,
        "finding": None if found.finding is None else found.finding.to_dict(),
        "suspects": [asdict(item) for item in found.suspects],
    }
    atomic_write(folder / file_name(found.method), sealed_text(values, folder.name))


def load_suspects(folder: Path, method: str, fingerprint: str) -> SuspectsFound | None:
    """Reads what `save_suspects` wrote; None where there is nothing, or it is of other data.

    Raises:
        WorkspaceError: The file is damaged, or was written by a newer Descent.
    """
    path = folder / file_name(method)
    try:
        values = unsealed(read_object(path, _MAX_BYTES), folder.name)
        if member(values, "schema_number", int) > SCHEMA_NUMBER:
            raise WorkspaceError(
                f"'{path}' was written by a newer version of Descent. "
                f"Received: schema {values['schema_number']}.",
                "Update Descent, or check the labels anew.",
            )
        if member(values, "fingerprint", str) != fingerprint:
            return None
        finding = values["finding"]
        return SuspectsFound(
            folder.name,
            tuple(Suspect(**item) for item in member(values, "suspects", list)),
            member(values, "method", str),
            member(values, "model", str),
            member(values, "n_checked", int),
            member(values, "n_likely", int),
            None if finding is None else Finding.from_dict(finding),
        )
    except FileNotFoundError:
        return None
    except DAMAGED as error:
        raise WorkspaceError(
            f"The suspects in '{path}' cannot be read: {reason_of(error)}.",
            "Check the labels anew.",
        ) from error
