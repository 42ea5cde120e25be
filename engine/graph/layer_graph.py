"""LayerGraph: the layers of a model and what feeds what, as plain data; no Keras."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

SCHEMA_VERSION: Literal[1] = 1

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
"""What a layer can be named."""


@dataclass(frozen=True)
class LayerNode:
    """One layer.

    Attributes:
        name: Its name, unique in the graph: a letter, then letters, digits and underscores.
        type: What it is, by the names of `engine.graph.layer_types.LAYER_TYPES`.
        inputs: Names of the layers whose outputs it takes, in order; empty for an input. Of a layer
            with several outputs, ``name:1`` is the second one.
        parameters: Settings, as JSON values, of the type's declared parameters; what is missing
            has its default.
    """

    name: str
    type: str
    inputs: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LayerGraph:
    """Layers in an order in which each comes after its inputs; the last is the output."""

    nodes: tuple[LayerNode, ...]

    def __getitem__(self, name: str) -> LayerNode:
        """The layer of that name.

        Raises:
            KeyError: There is none.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "layers": [
                {
                    "name": node.name,
                    "type": node.type,
                    "inputs": list(node.inputs),
                    "parameters": dict(node.parameters),
                }
                for node in self.nodes
            ],
        }

    @classmethod
    def from_nodes(cls, nodes: Sequence[LayerNode]) -> LayerGraph:
        """The graph of these layers, in this order."""
        return cls(tuple(nodes))


def source_of(reference: str) -> str:
    """The layer that one of a node's inputs speaks of: ``split`` of ``split:1``."""
    return reference.partition(":")[0]
