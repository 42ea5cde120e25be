"""How a layer is called with its inputs, and how Keras writes that down; plain data, no Keras.

A call is ``{"args": [...], "kwargs": {...}}``, in which ``{"input": 0}`` stands for the first of a
node's inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.graph.layer_types import LAYER_TYPES, Group

_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "Bidirectional")


def place(number: int) -> dict[str, int]:
    """What stands for a node's input of that number."""
    return {"input": number}


def usual_call(type: str, parameters: Mapping[str, Any], n_inputs: int) -> dict[str, Any]:
    """How a layer of that type is called, unless its node says otherwise.

    Args:
        type: Of `LAYER_TYPES`.
        parameters: The node's.
        n_inputs: How many inputs it has.
    """
    inputs: list[Any] = [place(number) for number in range(n_inputs)]
    if type == "MultiHeadAttention":
        return _attention_call(parameters, inputs)
    if type == "Attention":
        return {"args": [inputs], "kwargs": _causal(parameters)}
    if type in LAYER_TYPES and LAYER_TYPES[type].group is Group.MERGE:
        return {"args": [inputs], "kwargs": {}}
    if type in _RECURRENT and n_inputs > 1:
        kwargs: dict[str, Any] = {"mask": inputs[1]}
        if n_inputs > 2:
            kwargs["initial_state"] = inputs[2] if n_inputs == 3 else inputs[2:]
        return {"args": inputs[:1], "kwargs": kwargs}
    return {"args": inputs, "kwargs": {}}


def _attention_call(parameters: Mapping[str, Any], inputs: list[Any]) -> dict[str, Any]:
    kwargs = _causal(parameters)
    if parameters.get("masked") and len(inputs) > 1:
        kwargs = {"attention_mask": inputs[-1], **kwargs}
        inputs = inputs[:-1]
    return {"args": inputs * 2 if len(inputs) == 1 else inputs, "kwargs": kwargs}


def _causal(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"use_causal_mask": True} if parameters.get("causal") else {}


def filled(value: Any, fill: Callable[[int], Any]) -> Any:
    """A call, or a part of it, with something else in the places of inputs."""
    if isinstance(value, Mapping):
        if set(value) == {"input"}:
            return fill(int(value["input"]))
        return {key: filled(item, fill) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, fill) for item in value]
    return value


class CallReader:
    """Turns what Keras's configuration says of a call into a call, collecting the inputs.

    Args:
        reference: Finds the reference (``name`` or ``name:1``) of a Keras history.
        is_set: The same input twice is one input.
    """

    def __init__(self, reference: Callable[[str, int, int], str], is_set: bool) -> None:
        self._reference = reference
        self._is_set = is_set
        self.inputs: list[str] = []

    def read(self, inbound: Mapping[str, Any]) -> dict[str, Any]:
        """The call, without what says nothing: None, and `training`, which each run decides."""
        kwargs = {
            key: item
            for key, item in inbound["kwargs"].items()
            if item is not None and key != "training"
        }
        return {"args": self._value(inbound["args"]), "kwargs": self._value(kwargs)}

    def _value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            if value.get("class_name") == "__keras_tensor__":
                return self._input(value["config"]["keras_history"])
            return {key: self._value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item) for item in value]
        return value

    def _input(self, history: Any) -> dict[str, int]:
        found = self._reference(str(history[0]), int(history[1]), int(history[2]))
        if not self._is_set or found not in self.inputs:
            self.inputs.append(found)
            return place(len(self.inputs) - 1)
        return place(self.inputs.index(found))
