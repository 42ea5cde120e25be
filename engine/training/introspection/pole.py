"""Pole: the policy balances the pole once after an epoch. Imported by workers only."""

from __future__ import annotations

from engine.datasets.base import AnyArray
from engine.datasets.box.cartpole import MAX_STEPS, OBSERVED, PUSHES, STEP_S, play
from engine.events.insights import EpisodePlayed
from engine.spec.signature import Task
from engine.training.introspection.base import Epochal, Scene


class Pole(Epochal):
    """An episode of the pole, begun anew after each epoch."""

    @classmethod
    def fits(cls, scene: Scene) -> bool:
        examples = scene.examples
        is_pole = examples.feature_names == OBSERVED and examples.class_names == PUSHES
        return examples.task is Task.CONTROL and is_pole

    def look(self) -> None:
        scene = self.scene
        states = play(self._push, scene.prepared.spec.seed + self.epoch, MAX_STEPS)
        scene.emit(EpisodePlayed(scene.run, self.epoch, states, MAX_STEPS, STEP_S))

    def _push(self, state: AnyArray) -> int:
        """The likelier push, given what is observed, (4,)."""
        scene = self.scene
        outputs = scene.loop.predict(scene.preprocessing.transform_x(state[None]))[0]
        return int(outputs[0] > 0.5) if len(outputs) == 1 else int(outputs.argmax())
