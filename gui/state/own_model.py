"""OwnModel: a network of the person's own, as the draft holds it; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.graph.checking import checked_graph
from engine.graph.layer_graph import LayerGraph, LayerNode

CUSTOM: Final = "custom"
"""Name of the architecture whose layers are the person's own."""
FORM_PREFIX: Final = "layer"
"""Path of a layer in the problems that its form is given."""
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
            _read(graph) if graph else LayerGraph(()),
        )


def _read(values: Any) -> LayerGraph:
    """Reads layers that may be as wrong as someone in the middle of editing leaves them."""
    try:
        nodes = [
            LayerNode(
                _text(item["name"]),
                _text(item["type"]),
                tuple(_text(name) for name in item.get("inputs", ())),
                dict(item.get("parameters", {})),
            )
            for item in values["layers"]
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        return checked_graph(values, GRAPH_FIELD)  # says in words what is wrong
    return LayerGraph.from_nodes(nodes)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
