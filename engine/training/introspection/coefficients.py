"""Coefficients: the numbers in the formula of a linear model. Imported by workers only."""

from __future__ import annotations

import numpy as np

from engine.architectures import ARCHITECTURES
from engine.events.insights import CoefficientsUpdated
from engine.spec.signature import Kind
from engine.training.introspection.base import Scene, Throttled

MAX_STEPS = 200
"""Of series with wider windows than this, in numbers, nobody could read the coefficients."""


class Coefficients(Throttled):
    """The coefficients of a one-layer model, in the data's own units."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        examples = scene.examples
        self._terms = ("intercept", *_terms(scene))
        self._outputs: tuple[str, ...] = (examples.target_name,)
        horizon = scene.prepared.signature.n_values
        if horizon > 1:
            name = examples.target_name
            self._outputs = tuple(f"{name}[t+{step + 1}]" for step in range(horizon))
        if scene.signature.is_binary:
            self._outputs = (examples.class_names[1],)
        elif examples.class_names:
            self._outputs = examples.class_names

    @classmethod
    def fits(cls, scene: Scene) -> bool:
        if not ARCHITECTURES[scene.prepared.spec.model.chosen].is_linear:
            return False
        weights = scene.network.layers[-1].weights
        n_terms = len(_terms(scene))
        is_plain = len(weights) == 2 and weights[0].shape[0] == n_terms
        if scene.examples.kind is Kind.SERIES:
            return is_plain and weights[0].shape[0] <= MAX_STEPS
        return scene.examples.kind is Kind.TABLE and is_plain

    def look(self) -> None:
        scene = self.scene
        kernel, bias = (weight.numpy() for weight in scene.network.layers[-1].weights)
        intercept, coefficients = scene.preprocessing.restore_coefficients(kernel, bias)
        values = np.concatenate([intercept[np.newaxis], coefficients]).astype(np.float32)
        scene.emit(CoefficientsUpdated(scene.run, self._terms, self._outputs, values))


def _terms(scene: Scene) -> tuple[str, ...]:
    """What each weight belongs to: a feature of a table, or a step of a series and its channel.

    The last step of the window is t, so ``value[t-3]`` is three steps before it.
    """
    inputs = scene.preprocessing.inputs
    if scene.examples.kind is not Kind.SERIES:
        return inputs.feature_names
    n_steps, n_channels = inputs.output_shape
    channels = inputs.feature_names or tuple(f"x{place + 1}" for place in range(n_channels))
    places = ["[t]" if not back else f"[t-{back}]" for back in range(n_steps - 1, -1, -1)]
    return tuple(f"{channel}{place}" for place in places for channel in channels)
