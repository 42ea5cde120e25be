"""Models of one's own on the command line: saved in the workspace, or in a file anywhere."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from engine.architectures import ARCHITECTURES
from engine.cli.commands.output import table
from engine.errors import DescentError
from engine.events.messages import ModelDescribed
from engine.graph.library import SUFFIX, ModelLibrary, SavedModel, read_file
from engine.runs.workspace import default_workspace

CUSTOM: Final = "custom"


def library(workspace: Path | None) -> ModelLibrary:
    """The own models of a workspace; None: the usual one."""
    return ModelLibrary(workspace or default_workspace())


def own_model(name: str, workspace: Path | None) -> SavedModel | None:
    """The model of one's own that a word means.

    Returns:
        None where it is the name of an architecture.

    Raises:
        DescentError: It is a file that holds no model.
        UnknownNameError: There is neither a model nor a file of that name.
    """
    if name in ARCHITECTURES:
        return None
    if Path(name).suffix.lower() == SUFFIX:
        path = Path(name)
        with contextlib.suppress(RuntimeError):  # the home directory of an unknown user
            path = path.expanduser()
        return read_file(path)
    saved = library(workspace)
    if name in saved:
        return saved.load(name)
    raise ARCHITECTURES.unknown(name, also=saved.names)


def graph_of(described: ModelDescribed) -> dict[str, Any]:
    """The layers of a model that was described.

    Raises:
        DescentError: It has weights that no graph can hold.
    """
    if described.graph:
        return described.graph
    raise DescentError(
        "This model begins with weights that were learnt before, which a list of layers cannot "
        "hold.",
        "Choose it without weights.",
    )


def own_values(model: SavedModel) -> dict[str, Any]:
    """What a list says of an own model, for programs."""
    return {
        "name": model.name,
        "title": model.title,
        "n_layers": len(model.graph.nodes),
        "has_weights": model.has_weights,
    }


def own_table(own: Sequence[SavedModel]) -> list[str]:
    """The same of several, for people."""
    rows = [
        (
            item.name,
            item.title,
            str(len(item.graph.nodes)),
            "brought in" if item.has_weights else "",
        )
        for item in own
    ]
    return table(("your own", "title", "layers", "weights"), rows)
