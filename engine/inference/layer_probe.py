"""LayerProbe: what single layers of a network answer, without changing anything in it.

Imported by workers only. A sub-model would do for plain stacks of layers; this also sees layers
within layers, several calls of one layer, and the arguments a layer is really called with (masks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import tensorflow as tf

from engine.datasets.base import AnyArray

Call = Callable[..., Any]
Note = Callable[[keras.layers.Layer, Call, tuple[Any, ...], dict[str, Any]], tuple[Any, Any]]
"""Given a layer, its call and what it is called with; returns its output, and what to note."""

_FINISHING = (keras.layers.BatchNormalization, keras.layers.Activation, keras.layers.ReLU)


def output_of(
    layer: keras.layers.Layer, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Any]:
    """Notes the output of a layer."""
    output = call(*args, **kwargs)
    return output, output


class LayerProbe:
    """Asks a network and tells what is noted of some of its layers.

    The network is traced once into a graph of its own, as for a prediction: dropout is off, no
    state changes and no random number is drawn, so training goes on bit by bit as without it.

    Args:
        network: Built.
        layers: Those to listen to, within it.
        note: What is noted of a call; of several calls of one layer the first counts.
    """

    def __init__(
        self,
        network: keras.Model,
        layers: Sequence[keras.layers.Layer],
        note: Note = output_of,
    ) -> None:
        self._network = network
        self._layers = tuple(layers)
        self._note = note
        self._ask = tf.function(self._trace, autograph=False, reduce_retracing=True)

    def look(self, x: AnyArray) -> tuple[AnyArray, list[Any]]:
        """Asks the network.

        Args:
            x: What it receives, (n, *input_shape).

        Returns:
            Its output, and for each layer what was noted; None where it was not called.
        """
        output, noted = self._ask(tf.constant(x))
        found = [noted.get(str(place)) for place in range(len(self._layers))]
        return output.numpy(), [tf.nest.map_structure(_plain, value) for value in found]

    def _trace(self, x: tf.Tensor) -> tuple[tf.Tensor, dict[str, Any]]:
        with listening(self._layers, self._note) as noted:
            output = self._network(x, training=False)
        return output, noted


@contextmanager
def listening(
    layers: Sequence[keras.layers.Layer], note: Note = output_of
) -> Iterator[dict[str, Any]]:
    """A context in which calls of layers are noted, by the layer's place in `layers`.

    Of several calls of one layer the first counts.
    """
    noted: dict[str, Any] = {}
    with ExitStack() as stack:
        for place, layer in enumerate(layers):
            stack.enter_context(_heard(layer, note, str(place), noted))
        yield noted


@contextmanager
def _heard(
    layer: keras.layers.Layer, note: Note, key: str, noted: dict[str, Any]
) -> Iterator[None]:
    call = layer.call

    def hearing(*args: Any, **kwargs: Any) -> Any:
        output, seen = note(layer, call, args, kwargs)
        noted.setdefault(key, seen)
        return output

    # Past Keras's own bookkeeping of attributes: for the layer nothing has changed.
    object.__setattr__(layer, "call", hearing)
    try:
        yield
    finally:
        object.__delattr__(layer, "call")


def _plain(value: Any) -> Any:
    return value.numpy() if isinstance(value, tf.Tensor) else value


def leaves(network: keras.Model) -> list[keras.layers.Layer]:
    """All layers from input to output, those of models within it in their place, each once."""
    found: dict[int, keras.layers.Layer] = {}
    for layer in network.layers:
        inner = leaves(layer) if isinstance(layer, keras.Model) else [layer]
        found |= {id(leaf): leaf for leaf in inner}
    return list(found.values())


def answering(layers: Sequence[keras.layers.Layer], place: int) -> keras.layers.Layer:
    """The activation right behind a layer, past its normalisation; else the layer itself.

    Args:
        layers: As `leaves` returns them.
        place: The layer's.
    """
    found = layers[place]
    for after in layers[place + 1 : place + 3]:
        if not isinstance(after, _FINISHING) or not _feeds(found, after):
            break
        found = after
    return found


def _feeds(layer: keras.layers.Layer, after: keras.layers.Layer) -> bool:
    try:
        return after.input is layer.output
    except (AttributeError, ValueError):  # called several times, or not in this graph
        return False
