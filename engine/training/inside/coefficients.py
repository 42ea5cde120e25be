"""Coefficients: the numbers in the formula of a linear model. Imported by workers only."""

from __future__ import annotations

import numpy as np

from engine.architectures import ARCHITECTURES
from engine.insights import CoefficientsUpdated
from engine.problem import Kind
from engine.training.inside.base import Scene, Throttled


class Coefficients(Throttled):
    """The coefficients of a one-layer model, in the data's own units."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        examples = scene.examples
        self._terms = ("intercept", *scene.preprocessing.inputs.feature_names)
        self._outputs: tuple[str, ...] = (examples.target_name,)
        if len(examples.class_names) == 2:
            self._outputs = (examples.class_names[1],)
        elif examples.class_names:
            self._outputs = examples.class_names

    @classmethod
    def fits(cls, scene: Scene) -> bool:
        if not ARCHITECTURES[scene.material.spec.model.chosen].is_linear:
            return False
        weights = scene.network.layers[-1].weights
        n_features = len(scene.preprocessing.inputs.feature_names)
        is_plain = len(weights) == 2 and weights[0].shape[0] == n_features
        return scene.examples.kind is Kind.TABLE and is_plain

    def look(self) -> None:
        scene = self.scene
        kernel, bias = (weight.numpy() for weight in scene.network.layers[-1].weights)
        intercept, coefficients = scene.preprocessing.restore_coefficients(kernel, bias)
        values = np.concatenate([intercept[np.newaxis], coefficients]).astype(np.float32)
        scene.emit(CoefficientsUpdated(scene.run, self._terms, self._outputs, values))
