"""Makes a foreign model file one of the person's own models, with its weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.datasets.base import Progress, silent
from engine.graph.library import SavedModel, name_of
from engine.service.importing.opening import OpenedModel, open_foreign

if TYPE_CHECKING:
    from engine.graph.library import ModelLibrary


def bring_in(
    path: Path,
    library: ModelLibrary,
    name: str = "",
    progress: Progress = silent,
    replaces: bool = False,
) -> tuple[SavedModel, OpenedModel]:
    """Opens a file that others wrote, and keeps its layers and weights.

    Args:
        path: A `.keras` file.
        library: The person's own models.
        name: What to keep it as; empty: the name of the file.
        progress: Told how far it is.
        replaces: It takes the place of a model of that name, once it is known to be sound.

    Returns:
        The model that is kept, and what was found in the file.

    Raises:
        ForeignModelError: The file holds what may not be in a model, or no model.
        DescentError: The name is taken, and may not be, or cannot be one.
        WorkspaceError: It cannot be written; nothing is kept then.
        Cancelled: Someone asked to stop.
    """
    name = name or name_of(path.stem)
    if not replaces:
        library.check_free(name)
    opened = open_foreign(path, progress)
    for same in library.alike(name):
        if replaces and same != name:  # in other letters, which some systems do not tell apart
            library.rename(same, name)
    library.save(name, opened.graph, replace=replaces, weights=opened.content)
    return library.load(name), opened


def free_name(library: ModelLibrary, title: str) -> str:
    """A name that no model has, made of a title."""
    taken = {name.casefold() for name in library.names}
    name, number = name_of(title), 1
    while name.casefold() in taken:
        number += 1
        name = name_of(f"{title[:50]} {number}")
    return name
