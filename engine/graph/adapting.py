"""A graph fitted to other data: its input, and its layer named ``output``; no Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.errors import Problem
from engine.graph.layer_graph import LayerGraph, LayerNode
from engine.spec.formatting import axes_text
from engine.spec.signature import Output, Signature, Task, output_activation

OUTPUT = "output"
_PROBABILITIES = ("softmax", "sigmoid")


def adapted(graph: LayerGraph, signature: Signature) -> LayerGraph:
    """The graph with the input and output that the data asks for.

    The Input takes the data's shape. An Embedding right behind it, where the data is text, knows
    as many tokens as the data has. The last layer, if it is a Dense one named ``output``, has the
    units and the activation of the task. Everything else stays.
    """
    nodes = list(graph.nodes)
    entry = next((node for node in nodes if node.type == "Input"), None)
    is_taught = entry is not None and bool(entry.parameters.get("taught"))
    for at, node in enumerate(nodes):
        is_last = at == len(nodes) - 1
        changed: dict[str, object] = {}
        if node is entry:
            changed = {
                "shape": _input_shape(is_taught, signature),
                "dtype": "int32" if signature.n_tokens else "float32",
            }
        elif node.type == "Embedding" and signature.n_tokens and not is_taught:
            if entry is not None and node.inputs == (entry.name,):
                changed = {"input_dim": signature.n_tokens}
        elif is_last and node.type == "Dense" and node.name == OUTPUT:
            changed = _output_changes(node, signature)
        if changed:
            nodes[at] = replace(node, parameters={**node.parameters, **changed})
    return LayerGraph(tuple(nodes))


def _input_shape(is_taught: bool, signature: Signature) -> list[int]:
    if is_taught:
        return [signature.input_shape[0] + signature.target_length]
    return list(signature.input_shape)


def as_taught(graph: LayerGraph, signature: Signature) -> LayerGraph:
    """The graph of a network that writes token by token, with what it was made for."""
    made_for = [signature.n_tokens, signature.n_classes, signature.target_length]
    return LayerGraph(
        tuple(
            replace(node, parameters={**node.parameters, "taught": made_for})
            if node.type == "Input"
            else node
            for node in graph.nodes
        )
    )


def input_problem(graph: LayerGraph, signature: Signature) -> Problem | None:
    """Why a network that writes token by token cannot write such data; None where it can."""
    for at, node in enumerate(graph.nodes):
        taught = list(node.parameters.get("taught") or ()) if node.type == "Input" else []
        if not taught:
            continue
        here = [signature.n_tokens, signature.n_classes, signature.target_length]
        shape = list(node.parameters.get("shape", ()))
        if taught == here and shape == _input_shape(True, signature):
            return None
        return Problem(
            f"layers.{at}",
            "This network writes token by token, and was made for texts of other lengths or with "
            "other tokens.",
            "Begin anew from the model in the list, for this data.",
        )
    return None


def _output_changes(node: LayerNode, signature: Signature) -> dict[str, object]:
    activation = str(node.parameters.get("activation", "linear"))
    wanted = output_activation(signature)
    if wanted == "linear" and activation not in _PROBABILITIES:
        wanted = activation  # numbers may be bent, such as by tanh for what a robot does
    return {"units": signature.n_outputs, "activation": wanted}


def output_problem(
    graph: LayerGraph, shape: Sequence[int | None], signature: Signature
) -> Problem | None:
    """Why what comes out is not what the data asks for; None where it is.

    Args:
        graph: The graph.
        shape: Of its output, without the batch axis.
        signature: Of the data.
    """
    last = graph.nodes[-1]
    where = f"layers.{len(graph.nodes) - 1}"
    wanted, words = _wanted(signature)
    received = f"'{last.name}' puts out {axes_text(shape)}"
    if signature.task is Task.TRANSCRIPTION:
        needed = max(1, 2 * signature.target_length - 1)
        moments = shape[0] if len(shape) == 2 else None
        if moments is None or moments < needed or shape[1] != signature.n_classes:
            return Problem(
                where,
                f"{received}; a transcription takes at least {needed} moments, each with "
                f"{signature.n_classes} numbers.",
                "Keep more of the recording's length, and end with a Dense layer named 'output'.",
            )
    elif tuple(shape) != wanted:
        return Problem(
            where,
            f"{received}; this data asks for {axes_text(wanted)}: {words}.",
            _shape_hint(shape, wanted),
        )
    ends_with = last.parameters.get("activation")
    if (
        signature.output is not Output.NUMBERS
        and signature.task is not Task.TRANSCRIPTION
        and last.type in ("Dense", "Activation", "Conv1D")
        and ends_with != output_activation(signature)
    ):
        return Problem(
            f"{where}.parameters.activation",
            f"What comes out must be probabilities. Received: {ends_with or 'linear'}.",
            f"Take {output_activation(signature)}.",
        )
    return None


def _wanted(signature: Signature) -> tuple[tuple[int, ...], str]:
    n_outputs = signature.n_outputs
    if signature.output is Output.TOKENS:
        words = "for each token of the text, the probability of each that is known"
        return (signature.target_length, n_outputs), words
    if signature.output is Output.CLASSES:
        one = "the probability of the second class"
        return (n_outputs,), one if signature.is_binary else "the probability of each class"
    if signature.output is Output.LABELS:
        return (n_outputs,), "the probability of each label"
    if signature.task is Task.ANOMALY:
        return (n_outputs,), "how unusual an example is"
    return (n_outputs,), "the number to predict" if n_outputs == 1 else "the numbers to predict"


def _shape_hint(shape: Sequence[int | None], wanted: tuple[int, ...]) -> str:
    if len(shape) > len(wanted):
        return "Put a Flatten or a global pooling before the last layer."
    if len(shape) < len(wanted):
        return "Put a RepeatVector or a Reshape before the last layer."
    return f"End with a Dense layer named '{OUTPUT}', which follows the data."
