"""Convolutions: filters that slide along a series, over an image, or through a clip."""

from __future__ import annotations

from typing import Literal

from engine.graph.layer_types.base import (
    Activation,
    Group,
    LayerType,
    Padding,
    RegularisedParameters,
    Side,
)
from engine.spec.parameters import parameter

_KERNEL = "How much of the input a filter looks at, along each axis."
_STRIDES = "How far the filter moves on each time; 2 halves the size."
_DILATION = "Gaps between what a filter looks at: it sees farther with as many weights."
_PADDING = "'same' keeps the size by filling the edges with 0, 'valid' keeps within them."


class _Filters(RegularisedParameters):
    filters: int = parameter(
        32,
        label="Filters",
        help="How many patterns are looked for; each gives one channel of the output.",
        unit="filters",
        ge=1,
        le=65_536,
    )
    activation: Activation = parameter(
        "linear", label="Activation", help="What bends the filters' answers."
    )
    use_bias: bool = parameter(
        True,
        label="Bias",
        help="Adds a number of its own to each filter; not needed before a normalization.",
        advanced=True,
    )


class Conv1DParameters(_Filters):
    """Settings of a convolution along one axis."""

    kernel_size: int = parameter(3, label="Kernel size", help=_KERNEL, unit="steps", ge=1, le=1024)
    strides: int = parameter(1, label="Strides", help=_STRIDES, ge=1, le=1024)
    padding: Literal["valid", "same", "causal"] = parameter(
        "same",
        label="Padding",
        help="'same' keeps the length by filling the ends with 0, 'valid' keeps within them, "
        "'causal' keeps the length and looks at the past alone.",
    )
    dilation_rate: int = parameter(
        1, label="Dilation", help=_DILATION, ge=1, le=4096, advanced=True
    )


class Conv2DParameters(_Filters):
    """Settings of a convolution over height and width."""

    kernel_size: tuple[Side, ...] = parameter(
        (3, 3), label="Kernel size", help=_KERNEL, unit="pixels", min_length=2, max_length=2
    )
    strides: tuple[Side, ...] = parameter(
        (1, 1), label="Strides", help=_STRIDES, min_length=2, max_length=2
    )
    padding: Padding = parameter("same", label="Padding", help=_PADDING)
    dilation_rate: tuple[Side, ...] = parameter(
        (1, 1), label="Dilation", help=_DILATION, min_length=2, max_length=2, advanced=True
    )


class Conv3DParameters(_Filters):
    """Settings of a convolution over time, height and width."""

    kernel_size: tuple[Side, ...] = parameter(
        (3, 3, 3), label="Kernel size", help=_KERNEL, unit="pixels", min_length=3, max_length=3
    )
    strides: tuple[Side, ...] = parameter(
        (1, 1, 1), label="Strides", help=_STRIDES, min_length=3, max_length=3
    )
    padding: Padding = parameter("same", label="Padding", help=_PADDING)


class Transpose1DParameters(_Filters):
    """Settings of a convolution that makes a series longer."""

    kernel_size: int = parameter(3, label="Kernel size", help=_KERNEL, unit="steps", ge=1, le=1024)
    strides: int = parameter(
        2, label="Strides", help="How many times longer the output is.", ge=1, le=1024
    )
    padding: Padding = parameter("same", label="Padding", help=_PADDING)


class Transpose2DParameters(_Filters):
    """Settings of a convolution that makes an image larger."""

    kernel_size: tuple[Side, ...] = parameter(
        (3, 3), label="Kernel size", help=_KERNEL, unit="pixels", min_length=2, max_length=2
    )
    strides: tuple[Side, ...] = parameter(
        (2, 2),
        label="Strides",
        help="How many times larger the output is.",
        min_length=2,
        max_length=2,
    )
    padding: Padding = parameter("same", label="Padding", help=_PADDING)


class DepthwiseParameters(RegularisedParameters):
    """Settings of a convolution of each channel by itself."""

    penalised = "depthwise_regularizer"

    kernel_size: tuple[Side, ...] = parameter(
        (3, 3), label="Kernel size", help=_KERNEL, unit="pixels", min_length=2, max_length=2
    )
    strides: tuple[Side, ...] = parameter(
        (1, 1), label="Strides", help=_STRIDES, min_length=2, max_length=2
    )
    padding: Padding = parameter("same", label="Padding", help=_PADDING)
    depth_multiplier: int = parameter(
        1,
        label="Filters a channel",
        help="How many patterns are looked for in each channel.",
        ge=1,
        le=1024,
    )
    activation: Activation = parameter(
        "linear", label="Activation", help="What bends the filters' answers."
    )
    use_bias: bool = parameter(
        True,
        label="Bias",
        help="Adds a number of its own to each filter; not needed before a normalization.",
        advanced=True,
    )


class Separable1DParameters(Conv1DParameters):
    """Settings of a separable convolution along one axis."""

    penalised = "pointwise_regularizer"


class Separable2DParameters(Conv2DParameters):
    """Settings of a separable convolution of images."""

    penalised = "pointwise_regularizer"


CONVOLUTION = (
    LayerType(
        "Conv1D",
        Group.CONVOLUTION,
        "Filters slide along a series or a text and look for short patterns, wherever they come.",
        Conv1DParameters,
        ranks=(2,),
        takes="(steps, features)",
    ),
    LayerType(
        "Conv2D",
        Group.CONVOLUTION,
        "Filters slide over an image and look for small patterns: edges at first, parts of things "
        "in later layers.",
        Conv2DParameters,
        ranks=(3,),
        takes="(height, width, channels)",
    ),
    LayerType(
        "Conv3D",
        Group.CONVOLUTION,
        "Filters slide through a clip, over height, width and time, and see how patterns move.",
        Conv3DParameters,
        ranks=(4,),
        takes="(frames, height, width, channels)",
    ),
    LayerType(
        "SeparableConv1D",
        Group.CONVOLUTION,
        "A Conv1D in two steps, each channel by itself and then their mixture: far fewer weights.",
        Separable1DParameters,
        ranks=(2,),
        takes="(steps, features)",
    ),
    LayerType(
        "SeparableConv2D",
        Group.CONVOLUTION,
        "A Conv2D in two steps, each channel by itself and then their mixture: far fewer weights.",
        Separable2DParameters,
        ranks=(3,),
        takes="(height, width, channels)",
    ),
    LayerType(
        "DepthwiseConv2D",
        Group.CONVOLUTION,
        "Looks for patterns in each channel by itself; a 1×1 Conv2D behind it mixes them.",
        DepthwiseParameters,
        ranks=(3,),
        takes="(height, width, channels)",
    ),
    LayerType(
        "Conv1DTranspose",
        Group.CONVOLUTION,
        "A convolution backwards: makes a series longer, as decoders do.",
        Transpose1DParameters,
        ranks=(2,),
        takes="(steps, features)",
    ),
    LayerType(
        "Conv2DTranspose",
        Group.CONVOLUTION,
        "A convolution backwards: makes an image larger, as decoders do.",
        Transpose2DParameters,
        ranks=(3,),
        takes="(height, width, channels)",
    ),
)
