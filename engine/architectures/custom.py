"""Your own model: the layers are the person's, kept as a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, require
from engine.errors import Problem, SpecError
from engine.graph.checking import checked_graph
from engine.graph.layer_graph import LayerGraph
from engine.graph.starter import starter
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras


class CustomParameters(Parameters):
    """A title, and the layers as `LayerGraph.to_dict` writes them; none: a small network.

    Attributes:
        graph: Checked by `Custom.check`, which can name the layer.
    """

    title: str = parameter(
        "",
        label="Title",
        help="What you call your model.",
        max_length=80,
    )
    graph: dict[str, Any] = Field(default_factory=dict)


class Custom(Architecture):
    """Any graph of layers with one input and one output."""

    name = "custom"
    title = "Your own model"
    short_title = "Own model"
    summary = (
        "Layers that you put together yourself, from nothing or from any model of this list. "
        "Shapes are checked as you build; no code is needed, and the code can be had."
    )
    formula = "y = fₙ(… f₂(f₁(x)))"
    kinds = tuple(Kind)
    tasks = tuple(Task)
    convolves_images = True  # as most that people make for them
    parameters = CustomParameters
    transfers = True
    embeds_categories = True
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.002, epochs=30, batch_size=32)
    reading = (
        "Chollet: Deep Learning with Python, third edition (2025), the chapters on Keras and on "
        "convolutional networks.",
        "Goodfellow, Bengio and Courville (2016): Deep Learning. MIT Press.",
    )

    def title_of(self, values: Mapping[str, Any]) -> str:
        return str(values.get("title") or self.short_title)

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        """Builds the layers without memory for their weights.

        Returns:
            What is wrong, at ``graph.layers.3`` or below.
        """
        settings = require(parameters, CustomParameters)
        if not settings.graph:
            return _category_problems(LayerGraph(()), signature)
        try:
            graph = checked_graph(settings.graph)
        except SpecError as error:
            return list(error.problems)
        problems = _category_problems(graph, signature)
        if problems:
            return problems
        from engine.devices.tensorflow import load_tensorflow

        load_tensorflow()
        from engine.graph.building import infer

        problem = infer(graph, signature).problem
        if problem is None:
            return []
        return [Problem(f"graph.{problem.field}", problem.message, problem.hint)]

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        from engine.graph.building import build_graph

        settings = require(parameters, CustomParameters)
        graph = checked_graph(settings.graph) if settings.graph else starter(signature)
        return build_graph(graph, signature, self.name)


def _category_problems(graph: LayerGraph, signature: Signature) -> list[Problem]:
    """Categories that come as indices need one embedding each, of the right size."""
    sizes = list(signature.category_sizes)
    if not sizes or not graph.nodes:
        return []
    found = [node.parameters.get("input_dim") for node in graph.nodes if node.type == "Embedding"]
    if found == sizes:
        return []
    return [
        Problem(
            "graph",
            f"The data has categories of {', '.join(map(str, sizes))} values to be embedded. "
            f"Received layers that embed {', '.join(map(str, found)) or 'none'}.",
            "Choose 'one_hot' for the categories, or begin with the MLP for this data.",
        )
    ]
