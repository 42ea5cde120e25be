"""What is no layer of this list: operations of `keras.ops`, other layers, and layers used again."""

from __future__ import annotations

from engine.graph.layer_types.base import Group, LayerParameters, LayerType
from engine.spec.parameters import parameter


class OperationParameters(LayerParameters):
    """Which operation."""

    operation: str = parameter(
        "relu",
        label="Operation",
        help="A function of keras.ops by its name, such as not_equal; it takes the inputs in "
        "their order.",
        min_length=1,
    )


class OtherLayerParameters(LayerParameters):
    """Which layer."""

    layer: str = parameter(
        "Identity",
        label="Layer",
        help="A class of keras.layers by its name.",
        min_length=1,
    )


class SharedParameters(LayerParameters):
    """Which layer is used again."""

    layer: str = parameter(
        "",
        label="Layer",
        help="Name of the layer before it that is used once more, with the same weights.",
    )


OPERATION = (
    LayerType(
        "SharedLayer",
        Group.OPERATION,
        "Uses a layer once more, with the same weights, on other inputs.",
        SharedParameters,
        max_inputs=None,
        title="Layer used again",
    ),
    LayerType(
        "Operation",
        Group.OPERATION,
        "A function of keras.ops without weights, such as a sum or a comparison.",
        OperationParameters,
        max_inputs=None,
        is_editable=False,
    ),
    LayerType(
        "OtherLayer",
        Group.OPERATION,
        "A layer of Keras that this list does not have; kept as it is.",
        OtherLayerParameters,
        max_inputs=None,
        title="Other layer",
        is_editable=False,
    ),
)
