"""What people call runs: names in one line, free names, and the run that a name means."""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Sequence

from engine.errors import UnknownNameError, WorkspaceError

MAX_NAME_LENGTH = 200
_N_NAMES_OFFERED = 8


def clean_name(name: str) -> str:
    """One line, without space around it; empty where nothing is left."""
    return " ".join(name.split())[:MAX_NAME_LENGTH].rstrip()


def free_name(connection: sqlite3.Connection, name: str, run: str = "") -> str:
    """The name, numbered where a run has it already; the run with the id `run` is not asked."""
    rows = connection.execute(
        "SELECT name FROM runs WHERE substr(name, 1, ?) = ? AND id IS NOT ?", (len(name), name, run)
    )
    taken = {row["name"] for row in rows}
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name} {number}"
    return candidate


def find_run(reference: str, known: Sequence[sqlite3.Row], what: str = "run") -> str:
    """Returns the id that a name or the beginning of an id means.

    Args:
        reference: What someone typed.
        known: Rows with `id` and `name`, the newest first.
        what: What to call one of them.

    Raises:
        UnknownNameError: It means none.
        WorkspaceError: It means several.
    """
    named = [row["id"] for row in known if row["name"] == reference]
    found = named or [row["id"] for row in known if reference and row["id"].startswith(reference)]
    if len(found) == 1:
        return str(found[0])
    if found:
        listing = ", ".join(found[:_N_NAMES_OFFERED]) + (", …" if found[_N_NAMES_OFFERED:] else "")
        raise WorkspaceError(
            f"'{reference}' means {len(found)} {what}s: {listing}.", "Give the id."
        )
    everything = [text for row in known for text in (row["name"], row["id"])]
    # Among hundreds of runs, only near and recent ones help.
    near = difflib.get_close_matches(reference, everything, n=1, cutoff=0.5)
    recent = [row["name"] for row in known[:_N_NAMES_OFFERED]]
    raise UnknownNameError(what, reference, dict.fromkeys([*near, *recent]))
