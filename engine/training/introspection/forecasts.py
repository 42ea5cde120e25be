"""Forecasts: what a few windows are expected to become, after every epoch. Workers only."""

from __future__ import annotations

import numpy as np

from engine.events.insights import Forecast, ForecastsMade
from engine.spec.signature import Task
from engine.training.introspection.base import Epochal, Scene

MAX_PAST = 400
"""Steps of the past that are shown."""


class Forecasts(Epochal):
    """Past, truth and forecast of the samples, in the data's own units."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        rows, examples = scene.samples, scene.examples
        self._x = scene.inputs_of(rows)
        self._truth = examples.y[rows].reshape(len(rows), -1).astype(np.float32)
        raw = np.asarray(examples.x[rows], np.float32)
        self._past = np.zeros((len(rows), 0), np.float32)
        if examples.target_name in examples.feature_names:
            channel = examples.feature_names.index(examples.target_name)
            self._past = np.ascontiguousarray(raw[:, -MAX_PAST:, channel])

    @classmethod
    def fits(cls, scene: Scene) -> bool:
        return scene.examples.task is Task.FORECASTING

    def look(self) -> None:
        scene = self.scene
        outputs = scene.preprocessing.restore_y(scene.loop.predict(self._x))
        forecasts = outputs.reshape(len(self._x), -1).astype(np.float32)
        windows = tuple(
            Forecast(f"{row + 1:,}", past, truth, forecast)
            for row, past, truth, forecast in zip(
                scene.samples.tolist(), self._past, self._truth, forecasts, strict=True
            )
        )
        target = scene.examples.target_name
        scene.emit(ForecastsMade(scene.run, self.epoch, target, windows))
