"""HiddenUnits: what each hidden unit answers over two features. Imported by workers only."""

from __future__ import annotations

import keras
import numpy as np

from engine.events.insights import Bytes, HiddenUnitsUpdated, UnitMaps
from engine.inference.layer_probe import LayerProbe, answering, leaves
from engine.training.introspection.base import Scene, Throttled
from engine.training.introspection.grid import Grid, n_drawable

GRID_POINTS = 28
MAX_LAYERS = 8
MAX_UNITS = 64


class HiddenUnits(Throttled):
    """Answers of the units of each hidden dense layer, over the range of two features.

    As in TensorFlow Playground (Smilkov et al. 2017, arXiv:1708.03788).
    """

    min_interval_s = 0.25  # many small pictures; more often nobody could follow them

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._grid = Grid(scene, GRID_POINTS)
        self._layers = _hidden(scene.network)
        layers = leaves(scene.network)
        places = [layers.index(layer) for layer in self._layers]
        self._probe = LayerProbe(scene.network, [answering(layers, place) for place in places])

    @classmethod
    def fits(cls, scene: Scene) -> bool:
        return n_drawable(scene) == 2 and bool(_hidden(scene.network))

    def look(self) -> None:
        _, outputs = self._probe.look(self._grid.inputs)
        maps = []
        for layer, output in zip(self._layers, outputs, strict=True):
            # One that hangs on no input, or is asked of parts of examples, has no map.
            if output is None or output.ndim != 2 or len(output) != len(self._grid.inputs):
                continue
            shown = output[:, :MAX_UNITS].T.reshape(-1, *self._grid.shape)
            answers = Bytes.around_zero(np.ascontiguousarray(shown))
            maps.append(UnitMaps(layer.name, output.shape[1], answers))
        across, up = self._grid.axes
        self.scene.emit(HiddenUnitsUpdated(self.scene.run, (across, up), tuple(maps)))


def _hidden(network: keras.Model) -> list[keras.layers.Layer]:
    dense = [layer for layer in leaves(network) if isinstance(layer, keras.layers.Dense)]
    return dense[:-1][:MAX_LAYERS]
