"""Layers every network is made of: input, weighted sums, embeddings, bends."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from engine.graph.layer_types.base import (
    Activation,
    Group,
    LayerParameters,
    LayerType,
    RegularisedParameters,
)
from engine.spec.parameters import parameter, shorten


class InputParameters(LayerParameters):
    """The input follows the data, so that nothing of it is set by hand.

    Attributes:
        shape: Of one example; what the data at hand has stands in for it.
        dtype: Of its numbers; likewise.
        taught: Of a network that writes token by token, and takes the target behind the source:
            how many tokens the source knows, how many the target, and the target's length.
    """

    shape: list[Annotated[int, Field(ge=1)]] = Field(default_factory=list)
    dtype: Any = Field("float32")
    taught: list[int] = Field(default_factory=list, max_length=3)

    @field_validator("dtype")
    @classmethod
    def _is_known(cls, value: Any) -> Any:
        if value not in ("float32", "int32"):
            raise ValueError(f"Must be float32 or int32. Received: {shorten(value)}.")
        return value


class DenseParameters(RegularisedParameters):
    """Settings of a layer of weighted sums."""

    units: int = parameter(
        32,
        label="Units",
        help="How many weighted sums there are, each of all inputs. The layer named 'output' has "
        "as many as the data asks for.",
        unit="units",
        ge=1,
        le=65_536,
    )
    activation: Activation = parameter(
        "linear", label="Activation", help="What bends the sums; 'linear' leaves them as they are."
    )
    use_bias: bool = parameter(
        True,
        label="Bias",
        help="Adds a number of its own to each sum; not needed before a normalization.",
        advanced=True,
    )


class EmbeddingParameters(LayerParameters):
    """Settings of an embedding."""

    input_dim: int = parameter(
        1000,
        label="Different tokens",
        help="How many different ones there are. Right behind the input of a text it follows the "
        "data's vocabulary.",
        unit="tokens",
        ge=1,
        le=10_000_000,
    )
    output_dim: int = parameter(
        64,
        label="Numbers a token",
        help="Learnt numbers that stand for one token.",
        unit="numbers",
        ge=1,
        le=8192,
    )
    mask_zero: bool = parameter(
        False,
        label="Mask padding",
        help="Tells the layers behind that token 0 is padding, so that they leave it out.",
    )


class ActivationParameters(LayerParameters):
    """Which function."""

    activation: Activation = parameter(
        "relu", label="Activation", help="The function each number goes through."
    )


class ReluParameters(LayerParameters):
    """How steep, and up to where."""

    max_value: float | None = parameter(
        None,
        label="Largest value",
        help="What is above it becomes this; left open: nothing is cut.",
        ge=0.0,
        le=1e6,
    )
    negative_slope: float = parameter(
        0.0,
        label="Slope below 0",
        help="What numbers below 0 are multiplied by.",
        ge=0.0,
        le=1.0,
    )


class LeakyReluParameters(LayerParameters):
    """How leaky."""

    negative_slope: float = parameter(
        0.3,
        label="Slope below 0",
        help="What numbers below 0 are multiplied by.",
        ge=0.0,
        le=1.0,
    )


class PReluParameters(LayerParameters):
    """Which axes share a slope."""

    shared_axes: tuple[Annotated[int, Field(ge=1, le=4)], ...] | None = parameter(
        None,
        label="Shared axes",
        help="Axes along which one slope is learnt for all; 1, 2 for one a channel of an image.",
        max_length=4,
    )


class SoftmaxParameters(LayerParameters):
    """Over which axis."""

    axis: int = parameter(
        -1,
        label="Axis",
        help="The axis whose numbers become shares of 1; -1 is the last.",
        ge=-5,
        le=5,
    )


class RescalingParameters(LayerParameters):
    """A factor and a summand."""

    scale: float = parameter(
        1.0,
        label="Scale",
        help="What each number is multiplied by.",
        ge=-1e6,
        le=1e6,
    )
    offset: float = parameter(
        0.0,
        label="Offset",
        help="What is added then.",
        ge=-1e6,
        le=1e6,
    )


class MaskingParameters(LayerParameters):
    """What is masked."""

    mask_value: float = parameter(
        0.0,
        label="Value",
        help="Steps of which every number is this are left out by the layers behind.",
        ge=-1e9,
        le=1e9,
    )


CORE = (
    LayerType(
        "Input",
        Group.CORE,
        "Where the data comes in; shape and kind follow the data at hand.",
        InputParameters,
        min_inputs=0,
        max_inputs=0,
    ),
    LayerType(
        "Dense",
        Group.CORE,
        "Weighted sums of everything that comes in: the layer that decides, and the last one of "
        "nearly every network. On several axes it works along the last one.",
        DenseParameters,
        ranks=(1, 2, 3, 4),
        takes="(features)",
    ),
    LayerType(
        "Embedding",
        Group.CORE,
        "Puts learnt numbers in the place of each token of a text; the first layer of networks "
        "for texts.",
        EmbeddingParameters,
    ),
    LayerType(
        "Masking",
        Group.CORE,
        "Has the layers behind leave out steps of a series that are padding.",
        MaskingParameters,
        ranks=(2,),
        takes="(steps, features)",
    ),
    LayerType(
        "Rescaling",
        Group.CORE,
        "Multiplies every number and adds to it: brings inputs into the range a network is made "
        "for.",
        RescalingParameters,
    ),
)

ACTIVATION = (
    LayerType(
        "Activation",
        Group.ACTIVATION,
        "Bends what comes in, number by number. Without bends, layers upon each other would be no "
        "more than one.",
        ActivationParameters,
    ),
    LayerType(
        "ReLU",
        Group.ACTIVATION,
        "Numbers below 0 become 0, the others stay: the usual bend, with a limit where wanted.",
        ReluParameters,
    ),
    LayerType(
        "LeakyReLU",
        Group.ACTIVATION,
        "Like relu, but lets a little through below 0, so that no unit falls silent for ever.",
        LeakyReluParameters,
    ),
    LayerType(
        "PReLU",
        Group.ACTIVATION,
        "Like LeakyReLU, with slopes that are learnt.",
        PReluParameters,
    ),
    LayerType(
        "Softmax",
        Group.ACTIVATION,
        "Turns numbers into shares that sum to 1, such as probabilities of classes.",
        SoftmaxParameters,
    ),
)
