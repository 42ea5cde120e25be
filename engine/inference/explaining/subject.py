"""Subject: a network that is asked why; numbers of its output, and their slopes.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from engine.datasets.base import AnyArray
from engine.inference.explaining.readouts import Readout
from engine.inference.layer_probe import LayerProbe, answering, leaves, listening
from engine.preprocessing.scaling import FloatArray
from engine.preprocessing.tokens import FIRST_TOKEN, PADDING
from engine.spec.signature import Kind, Signature, Task

# Numbers of one call: examples × numbers of each; beyond it a call takes memory, not time.
_MOST_NUMBERS = 2_000_000
_CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
)
_FEWEST_PLACES = 4
# Tokens of which each is read a little more, and how much: what is lost of a slope by rounding of
# float32 and by what bends is beyond the second digit.
_MOST_DIFFERENCES, _STEP = 64, 0.005
# Texts of one token alone that tell whether tokens are read past an embedding.
_TRIED_TOKENS = 8


class Subject:
    """A network and what is asked of it; each question is traced once.

    Args:
        network: Built; its weights may change between calls.
        signature: Of the data.
    """

    def __init__(self, network: keras.Model, signature: Signature) -> None:
        self.network = network
        self.signature = signature
        dtype = tf.int32 if signature.n_tokens else tf.float32
        self.input_shape = tuple(network.input_shape[1:])
        # At least one of each kind of layer may not know its size before it is asked.
        rank = len(network.output_shape) - 1
        self._inputs = tf.TensorSpec((None, *self.input_shape), dtype)
        self._weights = tf.TensorSpec((None,) * rank, tf.float32)
        self._outputs = self._traced(self._given, self._inputs)
        self._sloped = self._traced(self._slopes, self._inputs, self._weights)
        self._mapped = self._traced(self._maps, self._inputs, self._weights)
        shares = tf.TensorSpec((None, None), tf.float32)
        self._probes: dict[int, LayerProbe] = {}
        self._on_the_way = self._traced(self._token_outputs, self._inputs, shares)
        self._sloped_tokens = self._traced(self._token_slopes, self._inputs, shares, self._weights)

    @staticmethod
    def _traced(function: Callable[..., Any], *specs: tf.TensorSpec) -> Callable[..., Any]:
        return tf.function(function, input_signature=specs, autograph=False)

    # ---- what it says

    def outputs(self, x: AnyArray) -> AnyArray:
        """What it says of prepared inputs, (n, …): probabilities where it gives logits."""
        if self.embedding is not None:  # the graph that reads tokens by a share does for all
            return self._read(x, np.ones((len(x), 1)))
        found = [self._outputs(tf.constant(part)).numpy() for part in self._parts(x)]
        return np.concatenate(found)

    def values(self, x: AnyArray, readout: Readout) -> FloatArray:
        """One number of what it says of prepared inputs, (n,)."""
        return readout.of(self.outputs(x))

    def slopes(self, x: AnyArray, readout: Readout) -> AnyArray:
        """How the number grows with each input, (n, *input_shape)."""
        weights = tf.constant(readout.weights, tf.float32)
        parts = [self._sloped(tf.constant(part), weights).numpy() for part in self._parts(x)]
        return np.concatenate(parts)

    def answers_of(self, layer: keras.layers.Layer, x: AnyArray) -> AnyArray:
        """What one of its layers answers to prepared inputs, (n, …)."""
        probe = self._probes.setdefault(id(layer), LayerProbe(self.network, [layer]))
        return np.asarray(probe.look(x)[1][0])

    def _parts(self, x: AnyArray) -> list[AnyArray]:
        n_at_once = max(1, _MOST_NUMBERS // max(1, int(np.prod(x.shape[1:]))))
        return [x[start : start + n_at_once] for start in range(0, len(x), n_at_once)]

    def _given(self, x: tf.Tensor) -> tf.Tensor:
        outputs = tf.cast(self.network(x, training=False), tf.float32)
        is_spoken = self.signature.task is Task.TRANSCRIPTION
        return tf.nn.softmax(outputs) if is_spoken else outputs

    def _slopes(self, x: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            number = tf.reduce_sum(self._given(x) * weights)
        found = tape.gradient(number, x)
        return tf.zeros_like(x) if found is None else found

    # ---- maps of convolutions

    @cached_property
    def map_layer(self) -> keras.layers.Layer | None:
        """The activation behind the last convolution that still knows places; None: there is none.

        Of networks that go on with attention over patches, the last attention whose tokens are a
        grid.
        """
        layers = leaves(self.network)
        for place in reversed(range(len(layers))):
            layer = layers[place]
            inner = layer.layer if isinstance(layer, keras.layers.TimeDistributed) else layer
            if isinstance(inner, _CONVOLUTIONS):
                found = answering(layers, place)
            elif isinstance(layer, keras.layers.MultiHeadAttention):
                found = layer
            else:
                continue
            if self._knows_places(found):
                return found
        return None

    def _knows_places(self, layer: keras.layers.Layer) -> bool:
        try:
            shape = tuple(layer.output.shape[1:-1])
        except (AttributeError, ValueError):  # called several times, or not in this graph
            return False
        wanted = len(self.input_shape) - 1
        if any(side is None for side in shape) or int(np.prod(shape)) < _FEWEST_PLACES:
            return False
        if len(shape) == 1 and wanted == 2:
            is_square = round(shape[0] ** 0.5) ** 2 == shape[0]
            return is_square or self.signature.kind is Kind.AUDIO
        return len(shape) == wanted

    def maps(self, x: AnyArray, readout: Readout) -> tuple[AnyArray, AnyArray]:
        """What the map layer answers, (n, …, filters), and how the number grows with it.

        The number is taken before the last activation: a probability near 1 has no slope.
        """
        weights = tf.constant(readout.weights, tf.float32)
        answers, slopes = self._mapped(tf.constant(x), weights)
        return answers.numpy(), slopes.numpy()

    def _maps(self, x: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        layer = self.map_layer
        assert layer is not None

        def note(layer: keras.layers.Layer, call: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
            output = call(*args, **kwargs)
            tape.watch(output)
            return output, output

        with tf.GradientTape() as tape, listening([layer], note) as noted, _linear(self.network):
            outputs = tf.cast(self.network(x, training=False), tf.float32)
            number = tf.reduce_sum(outputs * weights)
        slopes = tape.gradient(number, noted["0"])
        return noted["0"], tf.zeros_like(noted["0"]) if slopes is None else slopes

    # ---- tokens

    @cached_property
    def embedding(self) -> keras.layers.Layer | None:
        """The layer that turns the given text's tokens into numbers.

        None: there is none, or tokens are also read in another way, past it.
        """
        layers = [it for it in leaves(self.network) if isinstance(it, keras.layers.Embedding)]
        if not self.signature.n_tokens or not layers:
            return None
        n_source = self.signature.input_shape[0]
        ids = np.arange(int(np.prod(self.input_shape))) % self.signature.n_tokens
        x = np.minimum(ids, max(0, self.signature.n_classes or len(ids)))
        x = x.reshape(1, *self.input_shape).astype(np.int32)
        if len(self.input_shape) == 1 and self.input_shape[0] > n_source:
            x[:, n_source:] = 0  # tokens of the target are others
        found = _given_to(self.network, layers, x, x[:, :n_source])
        if found is None or _is_passed_by(self.network, found, x, self.signature):
            return None
        return found

    @cached_property
    def has_loops(self) -> bool:
        """It goes from step to step: slopes of such a graph take seconds to be traced."""
        return any(isinstance(it, keras.layers.RNN) for it in _inner(leaves(self.network)))

    def token_numbers(self, x: AnyArray, shares: AnyArray, readout: Readout) -> FloatArray:
        """The number on the way from no text to a text.

        Args:
            x: One text as the network takes it, (1, tokens).
            shares: How far on the way, from 0 to 1, (n,).
            readout: The number.

        Returns:
            The number at each share, (n,).
        """
        rows = np.repeat(x, len(shares), axis=0)
        return readout.of(self._read(rows, shares[:, np.newaxis]))

    def token_slopes(self, x: AnyArray, shares: AnyArray, readout: Readout) -> AnyArray:
        """The slope of the number along each token's share of the way, (n, tokens).

        Args:
            x, shares, readout: As of `token_numbers`.
        """
        places = np.flatnonzero(x[0, : self.signature.input_shape[0]] != PADDING)
        if self.has_loops and len(places) <= _MOST_DIFFERENCES:
            return self._differences(x, shares, readout, places)
        weights = tf.constant(readout.weights, tf.float32)
        rows = tf.repeat(tf.constant(x), len(shares), axis=0)
        found = self._sloped_tokens(rows, tf.constant(shares[:, np.newaxis], tf.float32), weights)
        return np.asarray(found.numpy())

    def _differences(
        self, x: AnyArray, shares: AnyArray, readout: Readout, places: AnyArray
    ) -> AnyArray:
        """The same by differences, which need no graph but that of the outputs."""
        n_source, n_moved = self.signature.input_shape[0], len(places) + 1
        moved = np.repeat(shares, n_moved)[:, np.newaxis] * np.ones(n_source)
        moved.reshape(len(shares), n_moved, n_source)[:, 1:, places] += _STEP * np.eye(len(places))
        numbers = readout.of(self._read(np.repeat(x, len(moved), axis=0), moved))
        numbers = numbers.reshape(len(shares), n_moved)
        found = np.zeros((len(shares), n_source))
        found[:, places] = (numbers[:, 1:] - numbers[:, :1]) / _STEP
        return found

    def _read(self, x: AnyArray, shares: AnyArray) -> AnyArray:
        """Outputs where tokens, (n, tokens), are read by shares, (n, 1) or (n, tokens)."""
        n_at_once = max(1, _MOST_NUMBERS // max(1, int(np.prod(x.shape[1:]))))
        parts = [slice(start, start + n_at_once) for start in range(0, len(x), n_at_once)]
        found = [
            self._on_the_way(tf.constant(x[rows]), tf.constant(shares[rows], tf.float32)).numpy()
            for rows in parts
        ]
        return np.concatenate(found)

    def _token_outputs(self, x: tf.Tensor, shares: tf.Tensor) -> tf.Tensor:
        return self._half_read(x, shares, tf.identity)[0]

    def _token_slopes(self, x: tf.Tensor, shares: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:

            def watched(here: tf.Tensor) -> tf.Tensor:
                tape.watch(here)
                return here

            outputs, here, way = self._half_read(x, shares, watched)
            number = tf.reduce_sum(outputs * weights)
        slopes = tape.gradient(number, here)
        slopes = tf.zeros_like(here) if slopes is None else tf.convert_to_tensor(slopes)
        return tf.reduce_sum(slopes * way, axis=-1)

    def _half_read(
        self, x: tf.Tensor, shares: tf.Tensor, seen: Callable[[tf.Tensor], tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Outputs where tokens are read by a share; their numbers, and those of the whole way."""
        layer = self.embedding
        assert layer is not None

        def on_the_way(
            layer: keras.layers.Layer, call: Any, args: Any, kwargs: Any
        ) -> tuple[Any, Any]:
            full, none = call(*args, **kwargs), call(tf.zeros_like(args[0]))
            way = full - none
            # From the whole text down, so that a share of 1 is the text to the last digit.
            here = seen(full - tf.cast(1.0 - shares, way.dtype)[:, :, tf.newaxis] * way)
            return here, (here, way)

        with listening([layer], on_the_way) as noted:
            outputs = self._given(x)
        return outputs, *noted["0"]


def _given_to(
    network: keras.Model, layers: list[keras.layers.Layer], x: AnyArray, wanted: AnyArray
) -> keras.layers.Layer | None:
    """The first of layers that is given just this; the network is asked no further."""
    found: list[keras.layers.Layer] = []

    def look(layer: keras.layers.Layer, call: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
        if np.array_equal(np.asarray(args[0]), wanted):
            found.append(layer)
            raise _FoundError
        return call(*args, **kwargs), None

    # Eagerly, also where a graph is being traced that needs to know it.
    with tf.init_scope(), listening(layers, look):
        try:
            network(tf.constant(x), training=False)
        except Exception:  # Keras makes others of it on its way up
            if not found:
                raise
    return found[0] if found else None


def _is_passed_by(
    network: keras.Model, layer: keras.layers.Layer, x: AnyArray, signature: Signature
) -> bool:
    """Whether outputs depend on the tokens where a layer says nothing of them."""

    def nothing(layer: keras.layers.Layer, call: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
        return tf.zeros_like(call(*args, **kwargs)), None

    n_source, last = signature.input_shape[0], max(FIRST_TOKEN, signature.n_tokens - 1)
    tokens = np.unique(np.linspace(FIRST_TOKEN, last, _TRIED_TOKENS).astype(np.int32))
    rows = np.repeat(x, len(tokens), axis=0)
    rows[:, :n_source] = np.where(x[:, :n_source] == PADDING, PADDING, tokens[:, np.newaxis])
    with tf.init_scope(), listening([layer], nothing):
        outputs = np.asarray(network(tf.constant(rows), training=False))
    return not np.allclose(outputs, outputs[:1])


def _inner(layers: Iterable[keras.layers.Layer]) -> list[keras.layers.Layer]:
    """Layers, and for those that wrap another that one."""
    wrapping = {keras.layers.Bidirectional: "forward_layer", keras.layers.TimeDistributed: "layer"}
    return [getattr(it, wrapping[type(it)]) if type(it) in wrapping else it for it in layers]


class _FoundError(Exception):
    """What was looked for is found."""


class _linear:  # noqa: N801 - reads as a context
    """A context in which a network ends before its last activation, where it has one."""

    def __init__(self, network: keras.Model) -> None:
        last = leaves(network)[-1]
        activation = getattr(last, "activation", None)
        is_known = activation in (keras.activations.softmax, keras.activations.sigmoid)
        self._last = last if is_known else None
        self._activation = activation

    def __enter__(self) -> None:
        if self._last is not None:
            self._last.activation = keras.activations.linear

    def __exit__(self, *_: object) -> None:
        if self._last is not None:
            self._last.activation = self._activation
