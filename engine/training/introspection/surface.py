"""Surface: what a model on one or two features predicts. Imported by workers only."""

from __future__ import annotations

import numpy as np

from engine.events.insights import SurfaceUpdated
from engine.spec.signature import Output
from engine.training.introspection.base import Scene, Throttled
from engine.training.introspection.grid import Grid, n_drawable
from engine.training.steps.loop import Array

LINE_POINTS = 200
GRID_POINTS = 60


class Surface(Throttled):
    """Predictions over the range of one or two features, in the data's own units."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._grid = Grid(scene, LINE_POINTS if n_drawable(scene) == 1 else GRID_POINTS)

    @classmethod
    def fits(cls, scene: Scene) -> bool:
        # Several labels overlap, so they have no boundaries between them to be drawn.
        return n_drawable(scene) > 0 and scene.signature.output is not Output.LABELS

    def look(self) -> None:
        scene, grid = self.scene, self._grid
        outputs: Array = scene.loop.predict(grid.inputs, batch_size=len(grid.inputs))
        if scene.signature.output is Output.NUMBERS:
            outputs = scene.preprocessing.restore_y(outputs)
        elif scene.signature.is_binary:
            outputs = np.concatenate([1.0 - outputs, outputs], axis=1)
        values = outputs.reshape(*grid.shape, -1).astype(np.float32)
        scene.emit(SurfaceUpdated(scene.run, grid.axes, values))
