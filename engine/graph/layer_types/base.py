"""LayerType: one kind of layer with its declared parameters; knows Keras's names, but no Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from engine.spec.parameters import Parameters, parameter

Activation = Literal[
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "mish",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "hard_silu",
    "softmax",
    "log_softmax",
    "softplus",
    "softsign",
    "exponential",
]
Padding = Literal["valid", "same"]
Regularisation = Literal["none", "l1", "l2"]

Side = Annotated[int, Field(ge=1, le=1024)]
Edge = Annotated[int, Field(ge=0, le=1024)]


class Group(StrEnum):
    """Where a type stands in the list of types."""

    CORE = "Core"
    CONVOLUTION = "Convolution"
    POOLING = "Pooling"
    RECURRENT = "Recurrent"
    ATTENTION = "Attention"
    NORMALISATION = "Normalisation"
    REGULARISATION = "Regularisation"
    SHAPE = "Shape"
    MERGE = "Merge"
    ACTIVATION = "Activation"
    OPERATION = "Operation"


@dataclass(frozen=True)
class Nested:
    """A layer that is an argument of another one, such as what `Bidirectional` turns around.

    Attributes:
        keras_class: Its class in `keras.layers`.
        arguments: What it is made with.
    """

    keras_class: str
    arguments: Mapping[str, Any]


Rest = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""Given a class of `keras.layers` and a configuration, what in it is not Keras's default."""


class LayerParameters(Parameters):
    """Base of the parameters of every type.

    Attributes:
        keras: Further arguments of the Keras class, as JSON values; kept, and not shown.
        call: How the layer is called, where that is not the usual way: ``args`` and ``kwargs``, in
            which ``{"input": 0}`` stands for the first of the node's inputs; kept, and not shown.
    """

    keras: dict[str, Any] = Field(default_factory=dict)
    call: dict[str, Any] = Field(default_factory=dict)

    own: ClassVar[frozenset[str]] = frozenset()
    """Declared names that are no arguments of the Keras class."""

    def arguments(self) -> dict[str, Any]:
        """What the Keras class is made with, without the name."""
        hidden = {"keras", "call"} | self.own
        return {**self.model_dump(mode="json", exclude=hidden), **self.keras}

    @classmethod
    def read(cls, config: Mapping[str, Any], rest: Rest, keras_class: str) -> dict[str, Any]:
        """The parameters of a layer, from its Keras configuration.

        Args:
            config: What the layer's `get_config` returned.
            rest: Finds what is not Keras's default.
            keras_class: The layer's class.

        Returns:
            Values of the declared fields, to be validated.
        """
        names = [name for name in cls.model_fields if name not in ("keras", "call")]
        declared = {name: _plain(cls, name, config[name]) for name in names if name in config}
        others = rest(keras_class, config)
        return {
            **declared,
            "keras": {key: value for key, value in others.items() if key not in declared},
        }


def _plain(declared: type[Parameters], name: str, value: Any) -> Any:
    """Keras keeps one number for each axis even where there is one axis."""
    is_int = declared.model_fields[name].annotation in (int, int | None)
    if is_int and isinstance(value, list | tuple) and len(value) == 1:
        return value[0]
    return value


class RegularisedParameters(LayerParameters):
    """With a penalty on the kernel's weights."""

    regularisation: Regularisation = parameter(
        "none",
        label="Regularisation",
        help="A penalty on large weights, a remedy for overfitting: 'l2' keeps all of them small, "
        "'l1' sets useless ones to zero.",
        advanced=True,
    )
    strength: float = parameter(
        0.01,
        label="Regularisation strength",
        help="Weight of the penalty in the loss. Used only with l1 or l2.",
        gt=0.0,
        le=10.0,
        advanced=True,
    )

    own: ClassVar[frozenset[str]] = frozenset({"regularisation", "strength"})
    penalised: ClassVar[str] = "kernel_regularizer"

    def arguments(self) -> dict[str, Any]:
        made = super().arguments()
        if self.regularisation != "none":
            made[self.penalised] = {
                "module": "keras.regularizers",
                "class_name": self.regularisation.upper(),
                "config": {self.regularisation: self.strength},
            }
        return made

    @classmethod
    def read(cls, config: Mapping[str, Any], rest: Rest, keras_class: str) -> dict[str, Any]:
        values = super().read(config, rest, keras_class)
        penalty = values["keras"].get(cls.penalised)
        if isinstance(penalty, dict) and penalty.get("class_name") in ("L1", "L2"):
            name = str(penalty["class_name"]).lower()
            values |= {"regularisation": name, "strength": penalty["config"][name]}
            del values["keras"][cls.penalised]
        return values


class NoParameters(LayerParameters):
    """Nothing to set."""


@dataclass(frozen=True)
class LayerType:
    """One kind of layer.

    Attributes:
        name: Keras's name of the class.
        group: Where it stands in the list of types.
        help: What it does and when to use it.
        parameters: Its declared parameters.
        min_inputs: Fewest inputs.
        max_inputs: Most inputs; None: any number.
        ranks: How many axes one example of its (first) input may have; empty: any number.
        takes: Those axes in words, such as ``(height, width, channels)``.
        title: What people read; the name, if empty.
        is_editable: People can add it, and set what it does.
    """

    name: str
    group: Group
    help: str
    parameters: type[LayerParameters] = NoParameters
    min_inputs: int = 1
    max_inputs: int | None = 1
    ranks: tuple[int, ...] = ()
    takes: str = ""
    title: str = ""
    is_editable: bool = True

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", self.name)
