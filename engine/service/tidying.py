"""Tidying: what was deleted long ago leaves the disk, and so does what was packed for it.

And a copy of the database is kept, once a day.

In the background: the window does it in the thread of its store, one run at a time; the command
line does it after a training.
"""

from __future__ import annotations

import logging

from engine.datasets.packed_cache import clear_unused
from engine.errors import DescentError, WorkspaceGone
from engine.runs.packed_names import read_packed_names
from engine.runs.store import RunStore

logger = logging.getLogger(__name__)


def tidy(store: RunStore) -> None:
    """Does all there is to do, once a day; what goes wrong is logged, and done another day."""
    if store.problem is not None:
        return
    try:
        store.keep_copy()
        overdue = store.overdue()
        if overdue is None:
            return
        for run in overdue:
            store.remove(run)
        clear_cache(store)
    except WorkspaceGone:
        return  # whoever uses it next is told
    except (DescentError, OSError):
        logger.warning("Runs that were deleted long ago could not be removed", exc_info=True)


def clear_cache(store: RunStore) -> int:
    """Deletes packed data that nobody has used for long, and that no run of the workspace uses.

    Deleted runs that can be brought back count as runs.

    Returns:
        How many pieces were deleted.
    """
    kept: set[str] = set()
    for is_deleted in (False, True):
        for record in store.runs(deleted=is_deleted):
            kept |= read_packed_names(store.folder(record.id))
    return clear_unused(kept)
