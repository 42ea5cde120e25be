"""LAYER_TYPES: every kind of layer a network can be made of, with its declared parameters.

Declarations only: nothing here imports Keras, so that the window can.
"""

from engine.graph.layer_types.attention import ATTENTION
from engine.graph.layer_types.base import (
    Group,
    LayerParameters,
    LayerType,
    Nested,
    NoParameters,
)
from engine.graph.layer_types.convolution import CONVOLUTION
from engine.graph.layer_types.core import ACTIVATION, CORE
from engine.graph.layer_types.operation import OPERATION
from engine.graph.layer_types.pooling import POOLING
from engine.graph.layer_types.recurrent import RECURRENT
from engine.graph.layer_types.regularisation import NORMALISATION, REGULARISATION
from engine.graph.layer_types.shape import MERGE, SHAPE
from engine.spec.registry import Registry

__all__ = ["LAYER_TYPES", "Group", "LayerParameters", "LayerType", "Nested", "NoParameters"]

LAYER_TYPES: Registry[LayerType] = Registry(
    "type of layer",
    [
        *CORE,
        *ACTIVATION,
        *CONVOLUTION,
        *POOLING,
        *RECURRENT,
        *ATTENTION,
        *NORMALISATION,
        *REGULARISATION,
        *SHAPE,
        *MERGE,
        *OPERATION,
    ],
)
