"""Where a workspace keeps its runs, whether it can be written, and whether it is still there."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import WorkspaceError, WorkspaceGone
from engine.files import flush_directory
from engine.files.disk import Trouble, cannot_write, trouble_of
from engine.runs.record import RunRecord
from engine.runs.run_folders import run_folder

logger = logging.getLogger(__name__)

DATABASE = "runs.sqlite"
_NO_ROOM = {Trouble.FULL, Trouble.QUOTA, Trouble.TOO_LARGE, Trouble.BROKEN}


def write_problem(workspace: Path) -> WorkspaceError | None:
    """Says why a workspace that is there cannot be written, in words; None: it can.

    A right to write alone says little: a disk may be mounted read-only, a file be locked.
    """
    database = workspace / DATABASE
    beside = [database.with_name(f"{DATABASE}{ending}") for ending in ("-wal", "-shm")]
    for path in (workspace, run_folder(workspace, ""), database, *beside):
        if path.exists() and not os.access(path, os.W_OK):
            received = os.strerror(errno.EROFS if _is_read_only(path) else errno.EACCES)
            return WorkspaceError(
                f"The workspace '{workspace}' can only be looked at: '{path.name}' cannot be "
                f"written. Received: {received}.",
                "Allow writing to it, or choose another one with --workspace.",
            )
    return None


def full_problem(workspace: Path, error: WorkspaceError) -> WorkspaceError | None:
    """Says that there is no room to write, or a disk that fails; None: the error is another."""
    cause = error.__cause__
    if cause is None or trouble_of(cause, workspace / DATABASE) not in _NO_ROOM:
        return None
    return WorkspaceError(
        f"The workspace '{workspace}' can only be looked at. {error.message}", error.hint
    )


def _is_read_only(path: Path) -> bool:
    """The whole disk of a file is mounted so that nothing can be written."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except (OSError, AttributeError):  # not known under Windows
        return False


def make_folders(workspace: Path) -> None:
    """Makes the folders of a workspace where they are missing.

    Raises:
        WorkspaceError: They cannot be made.
    """
    runs = run_folder(workspace, "")
    try:
        if not runs.is_dir():
            runs.mkdir(parents=True, exist_ok=True)
            flush_directory(workspace)
    except OSError as error:
        raise cannot_write(workspace, error) from error


def check_there(folder: Path) -> None:
    """Makes sure that the folder of a run is where it was.

    Raises:
        WorkspaceGone: It is not.
    """
    try:
        folder.stat()
    except OSError as error:
        if trouble_of(error) not in (Trouble.GONE, Trouble.BROKEN):
            raise cannot_write(folder, error) from error
        raise WorkspaceGone(
            f"The folder of the run is no longer there: '{folder}'. Received: {error.strerror}.",
            "It was deleted or moved, or its disk was taken away. Bring it back, or choose another "
            "workspace with --workspace.",
        ) from error


@contextmanager
def in_passing(run: str) -> Iterator[None]:
    """A block that writes what the database has already: without it, nothing is lost yet."""
    try:
        yield
    except (WorkspaceError, OSError) as error:  # where all of it is gone, the next write says so
        logger.info("The folder of run '%s' cannot say how it is. %s", run, error)
    except (ValueError, TypeError):
        logger.warning("The folder of run '%s' cannot say how it is", run, exc_info=True)


def interruption(record: RunRecord) -> tuple[str, str]:
    """Why a run ended whose process died, and what to do next."""
    done = record.epochs_done
    if not done:
        return "The process that trained it ended before the first epoch.", "Start it again."
    epochs = f"{done} of {record.epochs_planned} epochs" if record.epochs_planned else f"{done}"
    return (
        f"The process that trained it ended after {epochs}.",
        "Everything up to then is kept. If memory ran out, try a smaller batch or model.",
    )
