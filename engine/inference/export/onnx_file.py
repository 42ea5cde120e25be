"""ONNX: the model's arithmetic by tf2onnx, and categories by ONNX's own encoder of labels.

Imported by workers only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf

from engine.inference.export.boundary import Boundary
from engine.inference.export.frozen import frozen

OPSET: Final = 18
_ML: Final = "ai.onnx.ml"
_INSIDE: Final = "model/"
_OUTPUTS: Final = {
    "classes": "probabilities",
    "labels": "probabilities",
    "numbers": "values",
    "anomaly": "scores",
    "tokens": "chances",
}


def write_onnx(boundary: Boundary, card: Mapping[str, Any], path: Path) -> None:
    """Writes a model as ONNX.

    Args:
        boundary: What is in the file.
        card: Kept in its metadata; says the columns of a table.
        path: The file.

    Raises:
        Exception: Whatever tf2onnx raises of what it cannot convert.
    """
    import onnx
    import tf2onnx

    function = frozen(boundary.function, boundary.specs)
    names = [tensor.name for tensor in function.inputs]
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(_with_erf(function.graph.as_graph_def()), name="")
        made, _ = tf2onnx.convert._convert_common(
            graph.as_graph_def(),
            input_names=names,
            output_names=[tensor.name for tensor in function.outputs],
            opset=OPSET,
            large_model=False,
            name="descent",
        )
    model = onnx.compose.add_prefix(made, _INSIDE)
    _name_inputs(model, [_INSIDE + name for name in names], card, boundary)
    _name_output(model, card)
    model.producer_name, model.doc_string = "Descent", str(card.get("name", ""))
    onnx.helper.set_model_props(model, _properties(card))
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _with_erf(graph: Any) -> Any:
    """Says erfc(x) as 1 - erf(x): Keras computes GELU by the one, ONNX knows the other."""
    for node in [node for node in graph.node if node.op == "Erfc"]:
        kind = node.attr["T"].type
        one, erf = graph.node.add(), graph.node.add()
        one.op, one.name = "Const", f"{node.name}/one"
        one.attr["dtype"].type = kind
        one.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(1.0, kind))
        erf.op, erf.name = "Erf", f"{node.name}/erf"
        erf.attr["T"].type = kind
        erf.input.extend(node.input)
        node.op = "Sub"
        node.input[:] = [one.name, erf.name]
    return graph


def _name_inputs(model: Any, names: list[str], card: Mapping[str, Any], of: Boundary) -> None:
    """Gives each input the name of its column, or its own; strings become places."""
    from onnx import TensorProto, helper

    columns = card.get("inputs") if card["entry"] == "raw" else None
    nodes, inputs = [], []
    for place, (inside, spec) in enumerate(zip(names, of.specs, strict=True)):
        shape = ["batch", *spec.shape[1:]]
        column: dict[str, Any] = {"tensor": "inputs", "takes": "number"}
        column = columns[place] if columns else column
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype.as_numpy_dtype))
        outside = column["tensor"]
        if column["takes"] == "text":
            kind = TensorProto.STRING
            nodes += _encoder(outside, inside, column["values"])
        else:
            nodes.append(helper.make_node("Identity", [outside], [inside], name=f"take/{place}"))
        inputs.append(helper.make_tensor_value_info(outside, kind, shape))
    rest = list(model.graph.node)
    del model.graph.node[:], model.graph.input[:]
    model.graph.node.extend([*nodes, *rest])
    model.graph.input.extend(inputs)
    if columns and _ML not in {item.domain for item in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(_ML, 2))


def _encoder(outside: str, inside: str, values: list[str]) -> list[Any]:
    """Nodes from strings to the places of categories as numbers of 64 bits, NaN for others."""
    from onnx import TensorProto, helper

    places = f"{inside}/place"
    encode = helper.make_node(
        "LabelEncoder",
        [outside],
        [places],
        name=places,
        domain=_ML,
        keys_strings=values,
        values_floats=[float(place) for place in range(len(values))],
        default_float=float("nan"),
    )
    cast = helper.make_node(
        "Cast", [places], [inside], name=f"{inside}/cast", to=TensorProto.DOUBLE
    )
    return [encode, cast]


def _name_output(model: Any, card: Mapping[str, Any]) -> None:
    from onnx import helper

    (output,) = model.graph.output
    name, taken = _OUTPUTS[card["output"]["type"]], {item.name for item in model.graph.input}
    while name in taken:
        name += "_"
    model.graph.node.append(helper.make_node("Identity", [output.name], [name], name="give"))
    kind, shape = output.type.tensor_type.elem_type, output.type.tensor_type.shape
    sizes: list[Any] = [item.dim_value or None for item in shape.dim]
    sizes[0] = "batch"
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(name, kind, sizes))


def _properties(card: Mapping[str, Any]) -> dict[str, str]:
    """What the file says of itself, where ONNX's viewers show it."""
    brief = {key: value for key, value in card.items() if key not in ("prepare", "inputs")}
    return {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in brief.items()
    }
