"""Which packed data a run uses, noted in its folder, so that it is kept as long as the run is."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from engine.files import atomic_write
from engine.files.bounded import DAMAGED, names_in, read_json

FILE_NAME = "packed.json"


def save_packed_names(names: Collection[str], folder: Path) -> None:
    """Writes the names of packed data into the folder of a run; nothing where there are none.

    Raises:
        WorkspaceError: They cannot be written.
    """
    if names:
        atomic_write(folder / FILE_NAME, json.dumps(sorted(names)))


def read_packed_names(folder: Path) -> set[str]:
    """Returns the names of the packed data of a run; empty where none was noted."""
    try:
        return set(names_in(read_json(folder / FILE_NAME), FILE_NAME))
    except DAMAGED:
        return set()  # what is missing in the cache is packed again
