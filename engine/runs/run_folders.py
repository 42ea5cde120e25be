"""The folders of runs: their names, where they lie, and which of them hold a run."""

from __future__ import annotations

import re
from pathlib import Path

from engine.errors import WorkspaceError

SPEC_FILE = "spec.json"
RUN_FILE = "run.json"

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")


def run_folder(workspace: Path, run: str) -> Path:
    """Returns where a run's files lie, or would lie; without an id where all runs do."""
    return workspace / "runs" / run


def is_run_id(text: str) -> bool:
    """It may be the id of a run."""
    return _ID.fullmatch(text) is not None


def check_run_id(run: str) -> None:
    """Makes sure that no folder elsewhere is named.

    Raises:
        WorkspaceError: It is no run's id.
    """
    if not is_run_id(run):
        raise WorkspaceError(f"A run's id looks like 20261123-214501-a3f9. Received: '{run}'.")


def folders_of_runs(workspace: Path) -> list[Path]:
    """Returns the folders that hold a run, the oldest first; those without a spec hold none."""
    try:
        folders = sorted(run_folder(workspace, "").iterdir())
    except OSError:
        return []
    return [
        folder
        for folder in folders
        if is_run_id(folder.name)
        and any((folder / name).is_file() for name in (SPEC_FILE, RUN_FILE))
    ]
