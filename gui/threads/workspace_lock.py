"""WorkspaceLockHolder: the workspace belongs to one window at a time; the others may look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import WorkspaceError
from engine.events.messages import Rejected

if TYPE_CHECKING:
    from engine.runs.workspace_lock import WorkspaceLock


class WorkspaceLockHolder:
    """Takes a workspace, or knows who has it.

    Attributes:
        problem: Who holds the workspace, in words, where it could not be taken.

    Args:
        workspace: The folder.
    """

    def __init__(self, workspace: Path) -> None:
        self.problem: Rejected | None = None
        self._workspace = workspace
        self._lock: WorkspaceLock | None = None

    def take(self) -> None:
        """Takes the workspace, unless another process holds it: then `problem` says so."""
        from engine.runs.workspace_lock import WorkspaceLock

        lock = WorkspaceLock(self._workspace)
        try:
            lock.acquire()
        except WorkspaceError as error:
            self.problem = Rejected(error.message, error.hint)
        else:
            self._lock = lock

    def release(self) -> None:
        """Lets others have it."""
        if self._lock is not None:
            self._lock.release()
