"""Attention: where a model for texts looks, token by token. Imported by workers only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from engine.events.insights import AttendedText, AttentionMap, AttentionUpdated, Bytes
from engine.inference.decoding import is_autoregressive, taught
from engine.inference.layer_probe import LayerProbe, leaves
from engine.preprocessing.targets import TokenTargets
from engine.preprocessing.text import TextInputs
from engine.preprocessing.tokens import FIRST_TOKEN, PADDING, UNKNOWN_SIGN, Tokenizer
from engine.spec.signature import Kind
from engine.training.introspection.base import Scene, Throttled
from engine.training.steps.loop import Array

MAX_LAYERS = 8
MAX_TOKENS = 40
START, END = "⊢", "⊣"
"""Stand for the beginning of a text and its end, which translators read and write too."""
_ATTENTION = (
    keras.layers.MultiHeadAttention,
    keras.layers.GroupQueryAttention,
    keras.layers.Attention,
)


class Attention(Throttled):
    """Weights of every attention layer for a few fixed texts.

    Of a translator, rows are the tokens it writes: those that are right so far are given to it as
    in training, where it is autoregressive.
    """

    min_interval_s = 0.5

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._layers = _attending(scene.network)
        self._probe = LayerProbe(scene.network, self._layers, _scores)
        self._texts = [str(text) for text in scene.examples.x[scene.samples]]
        self._x = _inputs(scene)
        self._right: list[tuple[str, ...]] = []
        targets = scene.preprocessing.targets
        if isinstance(targets, TokenTargets):
            ids = targets.transform(scene.examples.y[scene.samples])
            self._right = [_words(row, targets.tokenizer) for row in ids]

    @classmethod
    def fits(cls, scene: Scene) -> bool:
        is_text = isinstance(scene.preprocessing.inputs, TextInputs)
        return scene.examples.kind is Kind.TEXT and is_text and bool(_attending(scene.network))

    def look(self) -> None:
        outputs, found = self._probe.look(self._x)
        texts = tuple(
            AttendedText(text, self._maps(number, outputs, found))
            for number, text in enumerate(self._texts)
        )
        self.scene.emit(AttentionUpdated(self.scene.run, texts))

    def _maps(self, number: int, outputs: Array, found: list[Any]) -> tuple[AttentionMap, ...]:
        """The maps of one text."""
        inputs, targets = self.scene.preprocessing.inputs, self.scene.preprocessing.targets
        assert isinstance(inputs, TextInputs)
        n_source = inputs.tokenizer.length
        source = _words(self._x[number, :n_source], inputs.tokenizer)
        written: tuple[str, ...] = ()
        if isinstance(targets, TokenTargets):
            ids = outputs[number].argmax(axis=-1)
            written = (*_words(ids, targets.tokenizer), END)
        maps = []
        for layer, noted in zip(self._layers, found, strict=True):
            if noted is None:
                continue
            is_self, weights = bool(noted["is_self"]), noted["weights"][number]
            is_writing = bool(noted["is_causal"]) or weights.shape[1] != n_source
            if not written or (is_self and not is_writing):
                maps.append(_map(layer.name, source, source, weights))
            else:
                keys = (START, *self._right[number]) if is_self else source
                maps.append(_map(layer.name, written, keys, weights))
        return tuple(maps)


def _map(
    name: str, queries: tuple[str, ...], keys: tuple[str, ...], weights: Array
) -> AttentionMap:
    """Weights, (heads, queries, keys), without padding."""
    n_queries = min(len(queries), weights.shape[1], MAX_TOKENS)
    n_keys = min(len(keys), weights.shape[2], MAX_TOKENS)
    shown = np.ascontiguousarray(weights[:, :n_queries, :n_keys])
    return AttentionMap(name, queries[:n_queries], keys[:n_keys], Bytes.of(shown, 0.0))


def _attending(network: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in leaves(network) if isinstance(layer, _ATTENTION)][:MAX_LAYERS]


def _scores(
    layer: keras.layers.Layer,
    call: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Any, Any]:
    """Notes the weights, (batch, heads, queries, keys), as the layer computes them itself."""
    output, weights = call(*args, **{**kwargs, "return_attention_scores": True})
    if len(weights.shape) == 3:
        weights = weights[:, None]
    if isinstance(layer, keras.layers.Attention):
        query, value = args[0][0], args[0][1]
    else:
        query = kwargs["query"] if "query" in kwargs else args[0]
        value = kwargs["value"] if "value" in kwargs else args[1]
    is_causal = bool(kwargs.get("use_causal_mask", False))
    noted = {"weights": weights, "is_self": query is value, "is_causal": is_causal}
    wants = kwargs.get("return_attention_scores", False)
    return ((output, weights) if wants else output), noted


def _inputs(scene: Scene) -> Array:
    """What the network receives for the samples: with the right target where it writes on."""
    source = scene.inputs_of(scene.samples)
    if not is_autoregressive(scene.network, scene.signature):
        return source
    target = scene.preprocessing.transform_y(scene.examples.y[scene.samples])
    return taught(source, target, scene.signature)


def _words(ids: Array, tokenizer: Tokenizer) -> tuple[str, ...]:
    """Tokens in words up to the first padding; spaces are shown."""
    words = []
    for number in ids.tolist():
        if number == PADDING:
            break
        is_known = FIRST_TOKEN <= number < tokenizer.n_tokens
        word = tokenizer.vocabulary[number - FIRST_TOKEN] if is_known else UNKNOWN_SIGN
        words.append("␣" if word == " " else word.strip() or word)
    return tuple(words)
