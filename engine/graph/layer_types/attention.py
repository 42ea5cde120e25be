"""Attention: each place takes what matters from all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from engine.graph.layer_types.base import Group, LayerParameters, LayerType, Rest
from engine.spec.parameters import parameter

_STEPS = "(steps, features)"


class MultiHeadParameters(LayerParameters):
    """Settings of multi-head attention."""

    num_heads: int = parameter(
        4,
        label="Heads",
        help="How many ways there are at once in which places look at each other.",
        unit="heads",
        ge=1,
        le=256,
    )
    key_dim: int = parameter(
        16,
        label="Key size",
        help="Numbers of a head by which places find each other; usually the features divided by "
        "the heads.",
        unit="numbers",
        ge=1,
        le=8192,
    )
    dropout: float = parameter(
        0.0,
        label="Dropout",
        help="Share of the attention switched off at random in training.",
        ge=0.0,
        le=0.95,
    )
    causal: bool = parameter(
        False, label="Causal", help="Each place sees only itself and what stands before it."
    )
    masked: bool = parameter(
        False,
        label="Last input is a mask",
        help="The last input says who may look at whom: true or false, (queries or 1, values).",
        advanced=True,
    )
    own: ClassVar[frozenset[str]] = frozenset({"causal", "masked"})

    @classmethod
    def read(cls, config: Mapping[str, Any], rest: Rest, keras_class: str) -> dict[str, Any]:
        values = super().read(config, rest, keras_class)
        if values["keras"].get("attention_axes") == [1]:
            del values["keras"]["attention_axes"]  # what Keras finds for itself, for sequences
        return values


class AttentionParameters(LayerParameters):
    """Settings of plain attention."""

    use_scale: bool = parameter(
        False, label="Learnt scale", help="Learns how sharply it picks.", advanced=True
    )
    dropout: float = parameter(
        0.0,
        label="Dropout",
        help="Share of the attention switched off at random in training.",
        ge=0.0,
        le=0.95,
    )
    causal: bool = parameter(
        False, label="Causal", help="Each place sees only itself and what stands before it."
    )
    own: ClassVar[frozenset[str]] = frozenset({"causal"})


ATTENTION = (
    LayerType(
        "MultiHeadAttention",
        Group.ATTENTION,
        "Each place looks at all others and takes what matters, in several ways at once; the heart "
        "of Transformers. With one input it looks at itself, with two the first looks at the "
        "second.",
        MultiHeadParameters,
        max_inputs=4,
        ranks=(2,),
        takes=_STEPS,
    ),
    LayerType(
        "Attention",
        Group.ATTENTION,
        "The first input looks at the second and takes what is alike; without weights of its own.",
        AttentionParameters,
        min_inputs=2,
        max_inputs=5,
        ranks=(2,),
        takes=_STEPS,
    ),
)
