"""The lock of a workspace: one window at a time trains into it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import filelock
import psutil

from engine.errors import WorkspaceError
from engine.files import atomic_write, cannot_write
from engine.files.bounded import DAMAGED, member, read_object
from engine.runs.places import write_problem


class WorkspaceLocked(WorkspaceError):
    """Another window uses the workspace.

    Attributes:
        pid: Its process, or None where that is not known.
    """

    def __init__(self, workspace: Path, pid: int | None) -> None:
        self.pid = pid
        self._workspace = workspace
        who = f"another Descent window (process {pid})" if pid else "another Descent window"
        super().__init__(
            f"The workspace '{workspace}' is in use by {who}.",
            "Close that window, or choose another workspace with --workspace.",
        )

    def __reduce__(self) -> tuple[type[Self], tuple[Path, int | None]]:
        return (type(self), (self._workspace, self.pid))


class WorkspaceLock:
    """Keeps a second window from training into the same workspace.

    The operating system holds the lock, so it ends with its process however that dies: nothing
    stale can be left behind. It ends with this object, too, so keep a reference. The command line
    needs no lock, for the database takes many writers.

    Args:
        workspace: The folder; it is made when the lock is taken.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._holder = workspace / "window.json"
        # Released in whichever thread closes the window, so not bound to a thread.
        self._lock = filelock.FileLock(workspace / "window.lock", timeout=0, thread_local=False)

    @property
    def is_held(self) -> bool:
        """This object holds the lock."""
        return self._lock.is_locked

    def acquire(self) -> None:
        """Takes the lock; taking it twice is no error.

        Raises:
            WorkspaceLocked: Another window has it.
            WorkspaceError: The folder cannot be made or written.
        """
        if self.is_held:
            return
        problem = write_problem(self._workspace)
        if problem is not None:
            raise problem
        try:
            self._workspace.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except filelock.Timeout:
            raise WorkspaceLocked(self._workspace, self._holder_pid()) from None
        except OSError as error:
            raise cannot_write(self._workspace, error) from error
        try:
            atomic_write(self._holder, json.dumps({"pid": os.getpid()}))
        except WorkspaceError:
            self._lock.release()
            raise

    def release(self) -> None:
        """Gives the lock back; without it, does nothing."""
        if self.is_held:
            self._lock.release()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def _holder_pid(self) -> int | None:
        """The process that wrote its number last, unless it has died since."""
        try:
            pid = int(member(read_object(self._holder), "pid", int))
            return pid if psutil.pid_exists(pid) else None
        except DAMAGED:
            return None
