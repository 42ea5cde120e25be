"""What Descent 0.1 left on disk, unpacked for a test, and what it said of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "data" / "workspace_0_1"
EXPECTED: Final[dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text("utf-8"))
RUNS: Final[dict[str, str]] = EXPECTED["runs"]
DATA_FOLDER: Final = "/home/ada/data"
"""Where the tables lay; runs name their data by its absolute path."""


def unpack(place: Path) -> Path:
    """Unpacks everything, as if the tables had always lain here.

    Returns:
        The folder that holds ``workspace``, ``data`` and ``settings``.
    """
    shutil.unpack_archive(FOLDER / "files.zip", place)
    data = (place / "data").as_posix()
    for path in (*place.glob("workspace/runs/*/spec.json"), place / "settings/Descent/Descent.ini"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(DATA_FOLDER, data), encoding="utf-8", newline="\n")
    with closing(sqlite3.connect(place / "workspace" / "runs.sqlite")) as database, database:
        database.execute("UPDATE runs SET spec = replace(spec, ?, ?)", (DATA_FOLDER, data))
    return place
