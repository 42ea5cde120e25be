"""Texts: what is written for a few samples after every epoch. Imported by workers only."""

from __future__ import annotations

from engine.events.insights import TextSample, TextsPredicted
from engine.inference.decoding import predictor
from engine.spec.signature import Output, Task
from engine.training.introspection.base import Epochal, Scene

LONGEST = 300
"""Letters of a text that are told."""


class Texts(Epochal):
    """Translations and transcriptions of the samples, next to the right ones."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        rows = scene.samples
        self._x = scene.inputs_of(rows)
        self._predict = predictor(
            scene.network, scene.signature, scene.preprocessing, scene.loop.predict
        )
        self._expected = [str(text) for text in scene.examples.y[rows]]
        self._sources = list(scene.names(rows))
        if scene.examples.task is Task.TRANSLATION:
            self._sources = [str(text) for text in scene.examples.x[rows]]

    @classmethod
    def fits(cls, scene: Scene) -> bool:
        return scene.examples.output is Output.TOKENS

    def look(self) -> None:
        samples = tuple(
            TextSample(source[:LONGEST], expected[:LONGEST], str(predicted)[:LONGEST])
            for source, expected, predicted in zip(
                self._sources, self._expected, self._predict(self._x), strict=True
            )
        )
        self.scene.emit(TextsPredicted(self.scene.run, self.epoch, samples))
