"""OwnModel: a network of the person's own, as the draft holds it; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.graph.layer_graph import LayerGraph

CUSTOM: Final = "custom"
"""Name of the architecture whose layers are the person's own."""
GRAPH_FIELD: Final = "model.parameters.graph"
"""Where the layers are in a `RunSpec`."""


@dataclass(frozen=True)
class OwnModel:
    """Layers with a title.

    Attributes:
        title: What the person calls it; may be empty.
        graph: Its layers.
    """

    title: str
    graph: LayerGraph

    def with_graph(self, graph: LayerGraph) -> OwnModel:
        """Returns the model with other layers."""
        return replace(self, graph=graph)

    def with_title(self, title: str) -> OwnModel:
        """Returns the model under another title."""
        return replace(self, title=title)

    def to_parameters(self) -> dict[str, Any]:
        """Returns the settings of the architecture `CUSTOM` that mean this model."""
        return {"title": self.title, "graph": self.graph.to_dict()}

    @classmethod
    def from_parameters(cls, values: Mapping[str, Any]) -> OwnModel:
        """Reads what `to_parameters` gave.

        Raises:
            SpecError: The layers cannot be read; the problems say which.
        """
        title, graph = values.get("title"), values.get("graph")
        return cls(
            title if isinstance(title, str) else "",
            LayerGraph.from_dict(graph, GRAPH_FIELD) if graph else LayerGraph(()),
        )
