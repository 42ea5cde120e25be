"""RunPlace: where the files of a run go, and what is done when that place vanishes.

Used by several threads of the worker: recorder, checkpoints, and the one that trains.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from engine.errors import WorkspaceError, WorkspaceGone
from engine.files.disk import Trouble, trouble_of
from engine.runs.places import check_there

TRIES = 5
PAUSE_S = 0.1

T = TypeVar("T")
Ask = Callable[[WorkspaceGone], Path]


class RunPlace:
    """The folder of a run, which may be another one later.

    Args:
        folder: Where it is.
        ask: Called when it has vanished; returns where the run goes on, or raises what it is given.
            It may take as long as people need. None: nobody can be asked.
    """

    def __init__(self, folder: Path, ask: Ask | None = None) -> None:
        self._folder = folder
        self._ask = ask
        self._n_moves = 0
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """Where the run is now."""
        return self._folder

    def write(self, do: Callable[[Path], T]) -> T:
        """Writes something into the folder; where it has vanished, again into the one after it.

        Args:
            do: Called with the folder.

        Raises:
            WorkspaceGone: The folder has vanished, and there is no other.
            WorkspaceError, OSError: It cannot be written for another reason.
        """
        n_tries = 0
        while True:
            n_moves, folder = self._n_moves, self._folder
            try:
                return do(folder)
            except (WorkspaceError, OSError) as error:
                loss = _loss_of(folder, error)
                n_tries += 1
                if loss is None and _lacks_something(error) and n_tries < TRIES:
                    time.sleep(PAUSE_S)
                    continue
                if loss is None:
                    raise
                if self._ask is None:
                    raise loss from error
                self._move(loss, n_moves, self._ask)

    def _move(self, loss: WorkspaceGone, n_moves: int, ask: Ask) -> None:
        with self._lock:  # whoever comes second waits for the same answer
            if n_moves == self._n_moves:
                self._folder = ask(loss)
                self._n_moves += 1


def _lacks_something(error: Exception) -> bool:
    """Something in the folder is gone; the folder may follow, for removing takes its time."""
    cause = error.__cause__ if isinstance(error, WorkspaceError) else error
    return cause is not None and trouble_of(cause) is Trouble.GONE


def _loss_of(folder: Path, error: Exception) -> WorkspaceGone | None:
    """What an error says of the folder; None: it is there, and something else is wrong."""
    if isinstance(error, WorkspaceGone):
        return error
    try:
        check_there(folder)
    except WorkspaceGone as loss:
        return loss
    except WorkspaceError:
        return None
    return None
