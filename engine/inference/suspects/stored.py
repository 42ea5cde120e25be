"""Suspects as they are kept with a run, and as plain records."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.events.labelling import Suspect, SuspectsFound
from engine.events.verdicts import Finding
from engine.files.bounded import member
from engine.files.sealed import read_sealed, write_sealed

SCHEMA_NUMBER = 1


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
        "fingerprint": fingerprint,
        "method": found.method,
        "model": found.model,
        "n_checked": found.n_checked,
        "n_likely": found.n_likely,
        "finding": None if found.finding is None else found.finding.to_dict(),
        "suspects": [asdict(item) for item in found.suspects],
    }
    write_sealed(folder / file_name(found.method), values, folder.name, SCHEMA_NUMBER)


def load_suspects(folder: Path, method: str, fingerprint: str) -> SuspectsFound | None:
    """Reads what `save_suspects` wrote; None where there is nothing, or it is of other data.

    Raises:
        WorkspaceError: The file is damaged, or was written by a newer Descent.
    """

    def understood(values: dict[str, Any]) -> SuspectsFound | None:
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

    return read_sealed(
        folder / file_name(method),
        folder.name,
        SCHEMA_NUMBER,
        understood,
        "suspects",
        "check the labels anew",
    )
