"""A dataset and an architecture, as another package adds them to Descent."""

import numpy as np

from engine.api import (
    Architecture,
    Dataset,
    Examples,
    Kind,
    Parameters,
    Task,
    TrainingDefaults,
    output_layer,
    parameter,
)  # fmt: skip


class RingsParameters(Parameters):
    n_samples: int = parameter(300, label="Points", help="How many.", ge=30, le=100_000)
    seed: int = parameter(0, label="Seed of the data", help="Same seed, same points.", ge=0)


class Rings(Dataset):
    name, title = "rings", "Rings within rings"
    description = "Points on three rings around one centre, a class each."
    kind, task, recommended_model = Kind.TABLE, Task.CLASSIFICATION, "wide"
    parameters = RingsParameters

    def load(self, parameters, progress=None):
        rng = np.random.default_rng(parameters.seed)
        ring = rng.integers(0, 3, parameters.n_samples)
        angle = rng.uniform(0, 2 * np.pi, parameters.n_samples)
        radius = ring + 1 + rng.normal(0, 0.1, parameters.n_samples)
        x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        return Examples(x, ring, self.kind, self.task, ("x", "y"), "ring", ("a", "b", "c"))


class WideParameters(Parameters):
    units: int = parameter(64, label="Units", help="Width of the layer.", ge=1, le=4096)


class Wide(Architecture):
    name, title, short_title = "wide", "One wide layer", "Wide"
    summary = "A single hidden layer, as wide as you like."
    kinds, tasks, parameters = (Kind.TABLE,), (Task.CLASSIFICATION,), WideParameters
    defaults = TrainingDefaults("adam", 0.01, epochs=20, batch_size=32)

    def build(self, signature, parameters):
        import keras

        inputs = keras.Input(signature.input_shape)
        hidden = keras.layers.Dense(parameters.units, activation="tanh")(inputs)
        return keras.Model(inputs, output_layer(signature)(hidden))
