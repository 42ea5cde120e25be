"""Convolutions: filters, and what they answer for some samples. Imported by workers only."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from engine.events.insights import (
    Bytes,
    FeatureMaps,
    FeatureMapsUpdated,
    FilterBank,
    FiltersUpdated,
)
from engine.inference.layer_probe import LayerProbe, answering, leaves
from engine.spec.signature import Kind
from engine.training.introspection.base import Scene, Throttled
from engine.training.steps.loop import Array

MAX_LAYERS = 6
MAX_FILTERS = 64
MAX_MAPS = 32
MAX_EDGE = 64
"""Of a feature map in pixels; of larger ones every other pixel is shown."""
LONGEST = 256
"""Steps of a map over time, likewise."""
_CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
)


@dataclass(frozen=True)
class _Place:
    """A convolution, and the layer after it whose output is what it answers."""

    convolution: keras.layers.Layer
    answering: keras.layers.Layer


class Convolutions(Throttled):
    """Kernels of the convolutions, and their feature maps for the samples.

    Of many convolutions a few are shown, the first and the last among them. Of clips the middle
    frame is shown.
    """

    min_interval_s = 0.5

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._places = _spread(_places(scene.network))
        self._probe = LayerProbe(scene.network, [place.answering for place in self._places])
        self._x = scene.inputs_of(scene.samples)
        self._names = scene.names(scene.samples)
        self._pictures = Bytes.of(_pictures(self._x, scene.signature.kind))

    @classmethod
    def fits(cls, scene: Scene) -> bool:
        # Of texts filters slide over embeddings, in which nobody can read.
        return scene.signature.kind is not Kind.TEXT and bool(_places(scene.network))

    def look(self) -> None:
        scene = self.scene
        banks = (
            _bank(place.convolution, scene.signature.kind is Kind.IMAGE and number == 0)
            for number, place in enumerate(self._places)
        )
        scene.emit(FiltersUpdated(scene.run, tuple(bank for bank in banks if bank is not None)))
        _, outputs = self._probe.look(self._x)
        layers = tuple(
            FeatureMaps(
                place.convolution.name,
                int(output.shape[-1]),
                Bytes.of(_maps(output, scene.signature.kind)),
            )
            for place, output in zip(self._places, outputs, strict=True)
            if output is not None
        )
        scene.emit(FeatureMapsUpdated(scene.run, self._names, self._pictures, layers))


def _places(network: keras.Model) -> list[_Place]:
    layers = leaves(network)
    found = []
    for place, layer in enumerate(layers):
        inner = layer.layer if isinstance(layer, keras.layers.TimeDistributed) else layer
        if isinstance(inner, _CONVOLUTIONS):
            found.append(_Place(inner, answering(layers, place)))
    return found


def _spread(places: list[_Place]) -> list[_Place]:
    if len(places) <= MAX_LAYERS:
        return places
    return [places[int(place)] for place in np.linspace(0, len(places) - 1, MAX_LAYERS).round()]


def _bank(layer: keras.layers.Layer, is_first: bool) -> FilterBank | None:
    if not layer.weights:
        return None
    kernel: Array = layer.weights[0].numpy()
    if isinstance(layer, keras.layers.DepthwiseConv1D | keras.layers.DepthwiseConv2D):
        kernel = np.swapaxes(kernel, -1, -2)  # (…, channels, multiplier)
    n_filters = kernel.shape[-1]
    kernel = np.moveaxis(kernel[..., :MAX_FILTERS], -1, 0)
    if kernel.ndim == 3:  # over time: (filters, width, channels)
        kernel = np.flip(kernel.swapaxes(1, 2), axis=1)[..., np.newaxis]
    elif kernel.ndim == 5:
        kernel = kernel[:, kernel.shape[1] // 2]
    is_image = is_first and kernel.shape[-1] in (1, 3)
    shown = np.ascontiguousarray(kernel[..., :MAX_FILTERS])
    return FilterBank(layer.name, n_filters, Bytes.around_zero(shown), is_image)


def _pictures(x: Array, kind: Kind) -> Array:
    """Samples as pictures, (samples, height, width, channels), from what the network receives."""
    if kind is Kind.VIDEO:
        x = x[:, x.shape[1] // 2]
    elif kind is Kind.AUDIO:  # time to the right, high bands on top
        return _thinned(np.flip(x.swapaxes(1, 2), axis=1), 2, most=LONGEST)
    elif kind is Kind.SERIES:  # a row for each channel
        return _thinned(np.flip(x.swapaxes(1, 2), axis=1)[..., np.newaxis], 2, most=LONGEST)
    n_shown = 3 if x.shape[-1] >= 3 else 1
    return _thinned(x[..., :n_shown], 1, 2)


def _maps(output: Array, kind: Kind) -> Array:
    """Answers as (samples, maps, height, width), from (samples, …, filters)."""
    if output.ndim == 5:
        output = output[:, output.shape[1] // 2]
    if output.ndim == 3:  # over time: one map of all filters
        one = output[..., :MAX_FILTERS].swapaxes(1, 2)[:, np.newaxis]
        return _thinned(one, 3, most=LONGEST)
    maps = np.moveaxis(output[..., :MAX_MAPS], -1, 1)
    if kind is Kind.AUDIO:
        return _thinned(np.flip(maps.swapaxes(2, 3), axis=2), 3, most=LONGEST)
    return _thinned(maps, 2, 3)


def _thinned(values: Array, *axes: int, most: int = MAX_EDGE) -> Array:
    """Every second, third… value along axes that are too long to be shown."""
    for axis in axes:
        step = -(-values.shape[axis] // most)
        values = values.take(np.arange(0, values.shape[axis], step), axis)
    return np.ascontiguousarray(values)
