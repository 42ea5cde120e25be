"""LayerHealth: a look at the layers at the end of a training, however short it was.

What `Flow` measures while a training lasts, most short ones never have: this is one forward and
one backward pass, outside any graph. It changes nothing. Imported by workers only.
"""

from __future__ import annotations

from functools import partial

import keras
import numpy as np
import tensorflow as tf

from engine.datasets.base import AnyArray
from engine.inference.advice.evidence import LayerLook
from engine.preprocessing.augmentation import brightest
from engine.training.introspection.flow_graph import Batch, FlowGraph, FlowLayer, flow_layers
from engine.training.model.augmenter import augmenter
from engine.training.plan import ChunkLength
from engine.training.prepared_data import PreparedData
from engine.training.steps.feed import Feed

MOST_EXAMPLES = 1_024
TIME_S = 0.3
"""What the examples that are looked at would take in steps of the training, at most."""
_MOST_WEIGHTS = 4_096
"""Of each layer, by which is told how far it moved."""


class LayerHealth:
    """Remembers where the weights began, and looks at the layers when asked.

    Args:
        network: Built and compiled.
        prepared: Its data.
        is_new: The training begins here: how far the weights move from now on is known.
    """

    def __init__(self, network: keras.Model, prepared: PreparedData, is_new: bool) -> None:
        self._network = network
        self._batch_size = prepared.spec.training.batch_size or 1
        augment = augmenter(
            prepared.spec.augmentation,
            prepared.signature.kind,
            brightest(prepared.spec.preprocessing),
            prepared.scope,
        )
        self._make_graph = partial(FlowGraph, network, augment, prepared.spec.seed)
        self._graph = self._make_graph()
        self._layers = flow_layers(network)
        self._began = [_some_weights(layer) for layer in self._layers] if is_new else None

    def renewed(self) -> None:
        """Other layers learn from now on, too: where they are is where they began."""
        before = self._layers, self._began
        self._graph = self._make_graph()
        self._layers = flow_layers(self._network)
        if before[1] is not None:
            known = {id(it.variables[0]): at for it, at in zip(before[0], before[1], strict=True)}
            self._began = [
                known.get(id(layer.variables[0]), _some_weights(layer)) for layer in self._layers
            ]

    def look(self, feed: Feed, step_s: float) -> LayerLook | None:
        """Looks at them; None: there are none, or no examples.

        Args:
            feed: Of the training part.
            step_s: Seconds that a step takes.
        """
        if not self._layers or not len(feed):
            return None
        batch = self._batch(feed, step_s)
        state, weights = self._graph.state(), self._graph.weights()
        gradients, sizes, _, dead = self._graph.measure_once(state, weights, batch)
        return LayerLook(
            self._graph.names,
            gradients.astype(np.float64),
            sizes.astype(np.float64),
            dead.astype(np.float64),
            self._moved(),
            int(batch[0].shape[0]),
        )

    def _batch(self, feed: Feed, step_s: float) -> Batch:
        """As many examples as there is time for, drawn evenly: x, y, and weights if any."""
        n_steps = max(1, int(TIME_S / step_s)) if step_s > 0 else 1
        n = min(len(feed), max(self._batch_size, min(n_steps * self._batch_size, MOST_EXAMPLES)))
        order = np.unique(np.linspace(0, len(feed) - 1, n).astype(np.int32))
        chunks = feed.chunks(order, ChunkLength(len(order), fixed=1))
        try:
            data, indices = next(chunks)
        finally:
            chunks.close()
        return tuple(tf.gather(part, indices[0]) for part in data.tensors)

    def _moved(self) -> AnyArray:
        """How far each layer is from where it began, in norms of that, (layers,)."""
        if self._began is None:
            return np.full(len(self._layers), np.nan)
        found = []
        for layer, before in zip(self._layers, self._began, strict=True):
            size = float(np.linalg.norm(before))
            moved = float(np.linalg.norm(_some_weights(layer) - before))
            found.append(moved / size if size > 0 else np.nan)
        return np.array(found)


def _some_weights(layer: FlowLayer) -> AnyArray:
    """Weights of a layer, drawn evenly, always the same ones; (weights,)."""
    each = max(1, _MOST_WEIGHTS // len(layer.variables))
    found = []
    for variable in layer.variables:
        values = np.asarray(keras.ops.convert_to_numpy(variable.value), np.float64).ravel()
        places = np.linspace(0, len(values) - 1, min(len(values), each)).astype(np.int64)
        found.append(values[places])
    return np.concatenate(found)
