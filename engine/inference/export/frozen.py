"""A network as a graph without variables, as converters to other formats want it.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import wrap_function
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2_as_graph,
)


def frozen(function: Callable[..., Any], specs: Sequence[tf.TensorSpec]) -> Any:
    """Traces a function of tensors, with the variables it uses as constants.

    Args:
        function: Takes a tensor for each spec; gives one.
        specs: Shapes and types, each with a name.

    Returns:
        A concrete function whose graph holds no variables.
    """
    traced = tf.function(function, input_signature=list(specs), autograph=False)
    concrete, graph = convert_variables_to_constants_v2_as_graph(traced.get_concrete_function())
    for nodes in (graph.node, *(item.node_def for item in graph.library.function)):
        for node in nodes:
            # Keras adds by BiasAdd where shapes allow, which LiteRT has for few of them.
            if node.op == "BiasAdd":
                node.op = "AddV2"
                node.attr.pop("data_format", None)
    return wrap_function.function_from_graph_def(
        graph,
        [tensor.name for tensor in concrete.inputs],
        [tensor.name for tensor in concrete.outputs],
    )
