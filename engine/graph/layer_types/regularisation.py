"""Normalisation, and what is done at random in training against overfitting."""

from __future__ import annotations

from engine.graph.layer_types.base import Group, LayerParameters, LayerType
from engine.spec.parameters import parameter

_EPSILON = "A small number that keeps it from dividing by 0."


class BatchParameters(LayerParameters):
    """Settings of batch normalization."""

    momentum: float = parameter(
        0.9,
        label="Momentum",
        help="How slowly the averages follow the batches. Keras's 0.99 needs hundreds of steps; "
        "0.9 suits small data.",
        ge=0.0,
        lt=1.0,
    )
    epsilon: float = parameter(0.001, label="Epsilon", help=_EPSILON, gt=0.0, le=1.0, advanced=True)
    axis: int = parameter(
        -1, label="Axis", help="The axis of the features.", ge=-5, le=5, advanced=True
    )


class LayerNormParameters(LayerParameters):
    """Settings of layer normalization."""

    epsilon: float = parameter(0.001, label="Epsilon", help=_EPSILON, gt=0.0, le=1.0, advanced=True)


class GroupNormParameters(LayerParameters):
    """Settings of group normalization."""

    groups: int = parameter(
        8,
        label="Groups",
        help="How many groups the channels are divided into; must divide them. -1: each channel "
        "by itself.",
        ge=-1,
        le=1024,
    )
    epsilon: float = parameter(0.001, label="Epsilon", help=_EPSILON, gt=0.0, le=1.0, advanced=True)


class DropoutParameters(LayerParameters):
    """How much is switched off."""

    rate: float = parameter(
        0.2,
        label="Share",
        help="Share of the numbers switched off at random in each training step.",
        ge=0.0,
        le=0.95,
    )


class NoiseParameters(LayerParameters):
    """How much noise."""

    stddev: float = parameter(
        0.1,
        label="Deviation",
        help="Standard deviation of the noise that is added in training.",
        ge=0.0,
        le=1.0,
    )


NORMALISATION = (
    LayerType(
        "BatchNormalization",
        Group.NORMALISATION,
        "Brings each feature to mean 0 and deviation 1 over the batch; keeps gradients alive in "
        "deep networks.",
        BatchParameters,
    ),
    LayerType(
        "LayerNormalization",
        Group.NORMALISATION,
        "Brings the features of each place to mean 0 and deviation 1; the usual one in "
        "Transformers, and for small batches.",
        LayerNormParameters,
    ),
    LayerType(
        "GroupNormalization",
        Group.NORMALISATION,
        "Normalises groups of channels of each example by itself: for images in small batches.",
        GroupNormParameters,
    ),
)

REGULARISATION = (
    LayerType(
        "Dropout",
        Group.REGULARISATION,
        "Switches numbers off at random in training, so that none is relied upon: a remedy for "
        "overfitting.",
        DropoutParameters,
    ),
    LayerType(
        "SpatialDropout1D",
        Group.REGULARISATION,
        "Dropout of whole features of a series or text, whose neighbours say much the same.",
        DropoutParameters,
        ranks=(2,),
        takes="(steps, features)",
    ),
    LayerType(
        "SpatialDropout2D",
        Group.REGULARISATION,
        "Dropout of whole channels of an image, whose neighbouring pixels say much the same.",
        DropoutParameters,
        ranks=(3,),
        takes="(height, width, channels)",
    ),
    LayerType(
        "GaussianNoise",
        Group.REGULARISATION,
        "Adds noise in training, so that small differences do not count: a remedy for overfitting.",
        NoiseParameters,
    ),
)
