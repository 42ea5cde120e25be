"""Layers that only change the shape, and layers where several ways meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from engine.graph.layer_types.base import Edge, Group, LayerParameters, LayerType, Rest
from engine.spec.parameters import parameter

Place = Annotated[int, Field(ge=1, le=5)]
Length = Annotated[int, Field(ge=-1, le=10_000_000)]

_EDGES_1D = "Steps at the beginning and at the end."
_EDGES_2D = "Pixels above, below, on the left and on the right."


class ReshapeParameters(LayerParameters):
    """Which shape."""

    target_shape: tuple[Length, ...] = parameter(
        (-1, 1),
        label="Shape",
        help="The new shape of one example, with as many numbers as before; -1 stands for what is "
        "left over.",
        min_length=1,
        max_length=5,
    )


class PermuteParameters(LayerParameters):
    """Which order."""

    dims: tuple[Place, ...] = parameter(
        (2, 1),
        label="Order",
        help="The axes in their new order, the first of an example being 1.",
        min_length=1,
        max_length=5,
    )


class RepeatParameters(LayerParameters):
    """How often."""

    n: int = parameter(
        8, label="Times", help="How many steps are made of it.", unit="steps", ge=1, le=100_000
    )


class _EdgesParameters(LayerParameters):
    own: ClassVar[frozenset[str]] = frozenset({"edges"})
    argument: ClassVar[str]
    n_axes: ClassVar[int]

    def arguments(self) -> dict[str, Any]:
        edges = list(self.model_dump(mode="json")["edges"])
        pairs = [edges[at : at + 2] for at in range(0, len(edges), 2)]
        return {self.argument: pairs if self.n_axes > 1 else pairs[0], **super().arguments()}

    @classmethod
    def read(cls, config: Mapping[str, Any], rest: Rest, keras_class: str) -> dict[str, Any]:
        values = super().read(config, rest, keras_class)
        values["keras"].pop(cls.argument, None)
        pairs = config[cls.argument] if cls.n_axes > 1 else [config[cls.argument]]
        return {**values, "edges": [side for pair in pairs for side in pair]}


class Padding1DParameters(_EdgesParameters):
    """How much is added to a series."""

    argument = "padding"
    n_axes = 1
    edges: tuple[Edge, ...] = parameter(
        (1, 1), label="Edges", help=_EDGES_1D, unit="steps", min_length=2, max_length=2
    )


class Padding2DParameters(_EdgesParameters):
    """How much is added to an image."""

    argument = "padding"
    n_axes = 2
    edges: tuple[Edge, ...] = parameter(
        (1, 1, 1, 1), label="Edges", help=_EDGES_2D, unit="pixels", min_length=4, max_length=4
    )


class Cropping1DParameters(_EdgesParameters):
    """How much is cut off a series."""

    argument = "cropping"
    n_axes = 1
    edges: tuple[Edge, ...] = parameter(
        (1, 1), label="Edges", help=_EDGES_1D, unit="steps", min_length=2, max_length=2
    )


class Cropping2DParameters(_EdgesParameters):
    """How much is cut off an image."""

    argument = "cropping"
    n_axes = 2
    edges: tuple[Edge, ...] = parameter(
        (1, 1, 1, 1), label="Edges", help=_EDGES_2D, unit="pixels", min_length=4, max_length=4
    )


class ResizingParameters(LayerParameters):
    """Which size."""

    height: int = parameter(32, label="Height", help="Of the image after it.", ge=1, le=4096)
    width: int = parameter(32, label="Width", help="Of the image after it.", ge=1, le=4096)


class ConcatenateParameters(LayerParameters):
    """Along which axis."""

    axis: int = parameter(
        -1,
        label="Axis",
        help="The axis along which they are joined; -1 is the last: channels or features.",
        ge=-5,
        le=5,
    )


SHAPE = (
    LayerType(
        "Flatten",
        Group.SHAPE,
        "Makes one row of everything, as Dense layers want behind convolutions.",
    ),
    LayerType(
        "Reshape",
        Group.SHAPE,
        "Puts the same numbers into another shape.",
        ReshapeParameters,
    ),
    LayerType(
        "Permute",
        Group.SHAPE,
        "Exchanges axes, such as steps and features of a series.",
        PermuteParameters,
    ),
    LayerType(
        "RepeatVector",
        Group.SHAPE,
        "Repeats features as steps of a series, for a recurrent layer that writes from a summary.",
        RepeatParameters,
        ranks=(1,),
        takes="(features)",
    ),
    LayerType(
        "ZeroPadding1D",
        Group.SHAPE,
        "Adds steps of 0 at the ends of a series.",
        Padding1DParameters,
        ranks=(2,),
        takes="(steps, features)",
    ),
    LayerType(
        "ZeroPadding2D",
        Group.SHAPE,
        "Adds an edge of 0 around an image.",
        Padding2DParameters,
        ranks=(3,),
        takes="(height, width, channels)",
    ),
    LayerType(
        "Cropping1D",
        Group.SHAPE,
        "Cuts steps off the ends of a series.",
        Cropping1DParameters,
        ranks=(2,),
        takes="(steps, features)",
    ),
    LayerType(
        "Cropping2D",
        Group.SHAPE,
        "Cuts the edges off an image.",
        Cropping2DParameters,
        ranks=(3,),
        takes="(height, width, channels)",
    ),
    LayerType(
        "Resizing",
        Group.SHAPE,
        "Makes images larger or smaller.",
        ResizingParameters,
        ranks=(3,),
        takes="(height, width, channels)",
    ),
)


def _merge(name: str, help: str, most: int | None = None) -> LayerType:
    return LayerType(name, Group.MERGE, help, min_inputs=2, max_inputs=most)


MERGE = (
    _merge(
        "Add",
        "Adds its inputs number by number: the sum of a residual block. They need one shape.",
    ),
    LayerType(
        "Concatenate",
        Group.MERGE,
        "Joins its inputs side by side, as where parallel branches meet.",
        ConcatenateParameters,
        min_inputs=2,
        max_inputs=None,
    ),
    _merge("Multiply", "Multiplies its inputs number by number: one is a gate for the other."),
    _merge("Average", "The mean of its inputs, number by number."),
    _merge("Maximum", "The largest of its inputs, number by number."),
    _merge("Minimum", "The smallest of its inputs, number by number."),
    _merge("Subtract", "The first input less the second one, number by number.", 2),
)
