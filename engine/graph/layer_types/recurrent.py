"""Recurrent layers: they read step by step and remember."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from engine.graph.layer_types.base import (
    Activation,
    Group,
    LayerParameters,
    LayerType,
    Nested,
    Rest,
)
from engine.spec.parameters import parameter

Cell = Literal["SimpleRNN", "LSTM", "GRU"]


class RecurrentParameters(LayerParameters):
    """Settings of a recurrent layer."""

    units: int = parameter(
        64, label="Units", help="Size of the memory.", unit="units", ge=1, le=65_536
    )
    return_sequences: bool = parameter(
        False,
        label="Answer at each step",
        help="Puts out what it thinks at every step, for another recurrent layer or attention "
        "behind it; else only what it ends with.",
    )
    go_backwards: bool = parameter(
        False, label="Backwards", help="Reads from the end to the beginning.", advanced=True
    )
    activation: Activation = parameter(
        "tanh", label="Activation", help="What bends the memory.", advanced=True
    )
    dropout: float = parameter(
        0.0,
        label="Dropout",
        help="Share of what comes in that is switched off at random in training.",
        ge=0.0,
        le=0.95,
    )
    recurrent_dropout: float = parameter(
        0.0,
        label="Recurrent dropout",
        help="Share of the memory that is switched off at random in training; slow on a GPU.",
        ge=0.0,
        le=0.95,
        advanced=True,
    )


class BidirectionalParameters(LayerParameters):
    """Settings of a pair of recurrent layers, one from each end."""

    cell: Cell = parameter(
        "LSTM", label="Layer", help="What both layers are: LSTM and GRU remember longer."
    )
    units: int = parameter(
        64,
        label="Units",
        help="Size of the memory in each direction.",
        unit="units",
        ge=1,
        le=65_536,
    )
    return_sequences: bool = parameter(
        False,
        label="Answer at each step",
        help="Puts out what it thinks at every step; else only what each direction ends with.",
    )
    merge_mode: Literal["concat", "sum", "mul", "ave"] = parameter(
        "concat", label="Join", help="How the answers of both directions become one."
    )
    dropout: float = parameter(
        0.0,
        label="Dropout",
        help="Share of what comes in that is switched off at random in training.",
        ge=0.0,
        le=0.95,
    )
    settings: dict[str, Any] = Field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        inner = {
            "units": self.units,
            "return_sequences": self.return_sequences,
            "dropout": self.dropout,
            **self.settings,
        }
        return {"layer": Nested(self.cell, inner), "merge_mode": self.merge_mode, **self.keras}

    @classmethod
    def read(cls, config: Mapping[str, Any], rest: Rest, keras_class: str) -> dict[str, Any]:
        inner = config["layer"]
        settings = rest(inner["class_name"], inner["config"])
        others = rest(keras_class, config)
        # The layer that reads backwards is a mirror of the other one, as long as none is given.
        hidden = ("layer", "backward_layer", "merge_mode")
        return {
            "cell": inner["class_name"],
            "units": inner["config"]["units"],
            "return_sequences": inner["config"]["return_sequences"],
            "dropout": inner["config"]["dropout"],
            "merge_mode": config["merge_mode"],
            "settings": {
                key: value
                for key, value in settings.items()
                if key not in ("units", "return_sequences", "dropout")
            },
            "keras": {key: value for key, value in others.items() if key not in hidden},
        }


class TimeDistributedParameters(LayerParameters):
    """Which layer is applied to each step."""

    layer: Literal[
        "Dense",
        "Conv1D",
        "Conv2D",
        "MaxPooling2D",
        "AveragePooling2D",
        "GlobalMaxPooling2D",
        "GlobalAveragePooling2D",
        "BatchNormalization",
        "Dropout",
        "Flatten",
    ] = parameter("Dense", label="Layer", help="What each step goes through, by itself.")
    size: int | None = parameter(
        None,
        label="Units or filters",
        help="Of a Dense layer or a convolution; left open: 32.",
        ge=1,
        le=65_536,
    )
    kernel_size: int | None = parameter(
        None,
        label="Kernel or pool size",
        help="Of a convolution (left open: 3) or of pooling (left open: 2).",
        ge=1,
        le=1024,
    )
    activation: Activation = parameter(
        "linear", label="Activation", help="Of a Dense layer or a convolution."
    )
    settings: dict[str, Any] = Field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        inner: dict[str, Any] = {}
        if self.layer == "Dense":
            inner = {"units": self.size or 32, "activation": self.activation}
        elif self.layer.startswith("Conv"):
            inner = {
                "filters": self.size or 32,
                "kernel_size": self.kernel_size or 3,
                "activation": self.activation,
                "padding": "same",
            }
        elif self.layer in ("MaxPooling2D", "AveragePooling2D"):
            inner = {"pool_size": self.kernel_size or 2}
        elif self.layer == "Dropout":
            inner = {"rate": 0.2}
        return {"layer": Nested(self.layer, {**inner, **self.settings}), **self.keras}

    @classmethod
    def read(cls, config: Mapping[str, Any], rest: Rest, keras_class: str) -> dict[str, Any]:
        inner = config["layer"]
        values = inner["config"]
        settings = rest(inner["class_name"], values)
        found: dict[str, Any] = {"layer": inner["class_name"]}
        size = values.get("units", values.get("filters"))
        kernel = values.get("kernel_size", values.get("pool_size"))
        taken = {"units", "filters", "activation"}
        if isinstance(kernel, list | tuple) and len(set(kernel)) == 1:
            found["kernel_size"] = kernel[0]
            taken |= {"kernel_size", "pool_size"}
        found |= {"size": size, "activation": values.get("activation", "linear")}
        if "padding" in values and "filters" in values:
            settings.setdefault("padding", values["padding"])
        kept = {key: value for key, value in settings.items() if key not in taken}
        others = rest(keras_class, config)
        outer = {key: value for key, value in others.items() if key != "layer"}
        return {**found, "settings": kept, "keras": outer}


_STEPS = "(steps, features)"
_MASK = " A second input, if there is one, says which steps count."


def _cell(name: Cell, help: str) -> LayerType:
    return LayerType(
        name,
        Group.RECURRENT,
        help + _MASK,
        RecurrentParameters,
        max_inputs=3,
        ranks=(2,),
        takes=_STEPS,
    )


RECURRENT = (
    _cell(
        "LSTM",
        "Reads step by step; gates decide what is kept, forgotten and told. Remembers what was "
        "far back.",
    ),
    _cell("GRU", "Reads step by step with two gates: like an LSTM, with fewer weights."),
    _cell(
        "SimpleRNN",
        "Reads step by step and mixes each step with what it remembers. Simple, and forgetful.",
    ),
    LayerType(
        "Bidirectional",
        Group.RECURRENT,
        "Two recurrent layers, one from each end, so that beginning and end count alike." + _MASK,
        BidirectionalParameters,
        max_inputs=3,
        ranks=(2,),
        takes=_STEPS,
    ),
    LayerType(
        "TimeDistributed",
        Group.RECURRENT,
        "Sends each step, such as each frame of a clip, through the same layer by itself.",
        TimeDistributedParameters,
        ranks=(2, 3, 4),
        takes="(steps, …)",
    ),
)
