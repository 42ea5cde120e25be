"""Pooling: what is strongest, or the mean, of each patch or of everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph.layer_types.base import Group, LayerParameters, LayerType, Padding, Rest, Side
from engine.spec.parameters import parameter

_POOL = "How large a patch is that one number remains of; 2 halves the size."
_STRIDES = "How far the patch moves on each time; left open: as far as it is large."
_PADDING = "'same' pools what is left at the edge too, 'valid' leaves it out."


class _PoolParameters(LayerParameters):
    @classmethod
    def read(cls, config: Mapping[str, Any], rest: Rest, keras_class: str) -> dict[str, Any]:
        values = super().read(config, rest, keras_class)
        if values["strides"] == values["pool_size"]:
            values["strides"] = None
        return values


class Pool1DParameters(_PoolParameters):
    """Settings of pooling along one axis."""

    pool_size: int = parameter(2, label="Pool size", help=_POOL, unit="steps", ge=1, le=1024)
    strides: int | None = parameter(
        None, label="Strides", help=_STRIDES, ge=1, le=1024, advanced=True
    )
    padding: Padding = parameter("valid", label="Padding", help=_PADDING)


class Pool2DParameters(_PoolParameters):
    """Settings of pooling over height and width."""

    pool_size: tuple[Side, ...] = parameter(
        (2, 2), label="Pool size", help=_POOL, unit="pixels", min_length=2, max_length=2
    )
    strides: tuple[Side, ...] | None = parameter(
        None, label="Strides", help=_STRIDES, min_length=2, max_length=2, advanced=True
    )
    padding: Padding = parameter("valid", label="Padding", help=_PADDING)


class Pool3DParameters(_PoolParameters):
    """Settings of pooling over time, height and width."""

    pool_size: tuple[Side, ...] = parameter(
        (2, 2, 2), label="Pool size", help=_POOL, unit="pixels", min_length=3, max_length=3
    )
    strides: tuple[Side, ...] | None = parameter(
        None, label="Strides", help=_STRIDES, min_length=3, max_length=3, advanced=True
    )
    padding: Padding = parameter("valid", label="Padding", help=_PADDING)


class GlobalParameters(LayerParameters):
    """Settings of pooling over everything."""

    keepdims: bool = parameter(
        False,
        label="Keep the axes",
        help="Leaves the pooled axes in place, with length 1.",
        advanced=True,
    )


class UpSampling1DParameters(LayerParameters):
    """How much longer."""

    size: int = parameter(
        2, label="Times", help="How many times each step is repeated.", ge=1, le=1024
    )


class UpSampling2DParameters(LayerParameters):
    """How much larger."""

    size: tuple[Side, ...] = parameter(
        (2, 2),
        label="Times",
        help="How many times larger height and width become.",
        min_length=2,
        max_length=2,
    )


_AXES = {
    1: (2, "(steps, features)", Pool1DParameters, "a series or text"),
    2: (3, "(height, width, channels)", Pool2DParameters, "an image"),
    3: (4, "(frames, height, width, channels)", Pool3DParameters, "a clip"),
}


def _pools() -> list[LayerType]:
    made = []
    for kind, words in (("Max", "the strongest answer"), ("Average", "the mean")):
        for axes, (rank, takes, declared, thing) in _AXES.items():
            made.append(
                LayerType(
                    f"{kind}Pooling{axes}D",
                    Group.POOLING,
                    f"Keeps {words} of each patch of {thing}: smaller, quicker, and less "
                    "particular about where something is.",
                    declared,
                    ranks=(rank,),
                    takes=takes,
                )
            )
    for kind, words in (("Max", "the strongest answer"), ("Average", "the mean")):
        for axes, (rank, takes, _, thing) in _AXES.items():
            made.append(
                LayerType(
                    f"Global{kind}Pooling{axes}D",
                    Group.POOLING,
                    f"Keeps {words} of each channel in the whole of {thing}, wherever it was; few "
                    "weights are needed behind it.",
                    GlobalParameters,
                    ranks=(rank,),
                    takes=takes,
                )
            )
    return made


POOLING = (
    *_pools(),
    LayerType(
        "UpSampling1D",
        Group.POOLING,
        "Repeats each step of a series, as decoders do to make it longer.",
        UpSampling1DParameters,
        ranks=(2,),
        takes="(steps, features)",
    ),
    LayerType(
        "UpSampling2D",
        Group.POOLING,
        "Makes an image larger by repeating its pixels, as decoders do.",
        UpSampling2DParameters,
        ranks=(3,),
        takes="(height, width, channels)",
    ),
)
