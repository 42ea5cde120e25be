"""The workspace: the folder that holds all runs, used by one window at a time."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

ENVIRONMENT_VARIABLE = "DESCENT_WORKSPACE"


def default_workspace() -> Path:
    """Returns the folder named by ``DESCENT_WORKSPACE``, else one in the user's data directory.

    It need not exist yet.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    if named:
        return Path(named).expanduser().absolute()
    return platformdirs.user_data_path("Descent", appauthor=False)
