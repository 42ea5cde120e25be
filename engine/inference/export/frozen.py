"""A network as a graph without variables, as converters to other formats want it.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import wrap_function
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2_as_graph,
)

_BIAS_ADD, _LAYOUT = "BiasAdd", "data_format"


def frozen(function: Callable[..., Any], specs: Sequence[tf.TensorSpec]) -> Any:
    """Traces a function of tensors, with the variables it uses as constants.

    Args:
        function: Takes a tensor for each spec; gives one.
        specs: Shapes and types, each with a name.

    Returns:
        A concrete function whose graph holds no variables.
    """
    traced = tf.function(function, input_signature=list(specs), autograph=False)
    concrete, graph = convert_variables_to_constants_v2_as_graph(
        traced.get_concrete_function(), lower_control_flow=False, aggressive_inlining=True
    )
    _with_plain_sums(graph, concrete.graph)
    _rename_functions(graph)
    return wrap_function.function_from_graph_def(
        graph,
        [tensor.name for tensor in concrete.inputs],
        [tensor.name for tensor in concrete.outputs],
    )


def _with_plain_sums(graph: Any, known: tf.Graph) -> None:
    """Adds by plain sums what Keras adds by BiasAdd, where shapes allow it, of any numbers.

    LiteRT has that operation for few kinds of numbers, and gets its second layout wrong where
    there is no height and width.
    """
    for node in [node for node in graph.node if node.op == _BIAS_ADD]:
        if node.attr[_LAYOUT].s == b"NCHW":
            rank = len(known.get_operation_by_name(node.name).outputs[0].shape)
            _reshape_bias(node, graph.node, rank)
        _add_plainly(node)
    for function in graph.library.function:
        # Shapes within loops are not known here, and outputs go by the operation's word for them.
        names = {}
        for node in function.node_def:
            if node.op == _BIAS_ADD and node.attr[_LAYOUT].s != b"NCHW":
                _add_plainly(node)
                names[f"{node.name}:output:0"] = f"{node.name}:z:0"
        for node in function.node_def:
            node.input[:] = [names.get(name, name) for name in node.input]
        for name, given in function.ret.items():
            function.ret[name] = names.get(given, given)


def _add_plainly(node: Any) -> None:
    node.op = "AddV2"
    del node.attr[_LAYOUT]


def _rename_functions(graph: Any) -> None:
    """Gives functions of loops names of their own: those that were traced are known by theirs."""
    names = {item.signature.name: f"{item.signature.name}_plain" for item in graph.library.function}
    for item in graph.library.function:
        item.signature.name = names[item.signature.name]
    for nodes in (graph.node, *(item.node_def for item in graph.library.function)):
        for value in (value for node in nodes for value in node.attr.values()):
            for func in (value.func, *value.list.func):
                if func.name in names:
                    func.name = names[func.name]


def _reshape_bias(node: Any, nodes: Any, rank: int) -> None:
    """Gives a bias of the second axis, (channels,), the axes behind it: (channels, 1, …)."""
    shape, reshape = nodes.add(), nodes.add()
    shape.op, shape.name = "Const", f"{node.name}/bias_shape"
    values = np.array([-1] + [1] * (rank - 2), np.int32)
    shape.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))
    shape.attr["dtype"].type = tf.int32.as_datatype_enum
    reshape.op, reshape.name = "Reshape", f"{node.name}/bias"
    reshape.input.extend([node.input[1], shape.name])
    reshape.attr["T"].type = node.attr["T"].type
    reshape.attr["Tshape"].type = tf.int32.as_datatype_enum
    node.input[1] = reshape.name
