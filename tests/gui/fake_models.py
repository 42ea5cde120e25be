"""What the fake engine says of models of one's own: checked without Keras, shapes made up."""

from __future__ import annotations

from typing import Any

from engine.errors import Problem, SpecError
from engine.events.messages import (
    Event,
    LayerInfo,
    ModelDescribed,
    Rejected,
)
from engine.events.profile import Profile
from engine.graph.checking import checked_graph
from engine.graph.starter import starter
from engine.spec.run_spec import RunSpec


def own_model_described(values: dict[str, Any], looked: Profile) -> Event:
    """Describes the architecture ``custom``: every layer keeps the shape of the input.

    A Dropout named ``bad`` stands for a layer that cannot be where it is.
    """
    spec = RunSpec.from_dict(values)
    written = values["model"]["parameters"].get("graph")
    try:
        prefix = "model.parameters.graph"
        graph = checked_graph(written, prefix) if written else starter(looked.signature)
    except SpecError as error:
        return Rejected(str(error), problems=error.problems)
    for at, node in enumerate(graph.nodes):
        if node.name == "bad":
            problem = Problem(f"{prefix}.layers.{at}", "Nothing is left.", "Remove it.")
            return Rejected(str(problem), problems=(problem,))
    layers = tuple(
        LayerInfo(node.name, node.type, looked.signature.input_shape, 7, inputs=node.inputs)
        for node in graph.nodes
    )
    total = 7 * len(layers)
    code = "import keras\n"
    return ModelDescribed(spec, layers, total, total, graph=graph.to_dict(), code=code)
