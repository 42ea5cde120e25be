"""Reconstruction: what of an example an autoencoder could not make again.

Imported by workers only.
"""

from __future__ import annotations

import keras
import numpy as np

from engine.inference.explaining.base import Case, Contributions, Effort, Method, over_last_axis
from engine.inference.explaining.readouts import Readout
from engine.inference.explaining.subject import Subject
from engine.inference.layer_probe import leaves
from engine.preprocessing.scaling import FloatArray
from engine.preprocessing.table import TableInputs
from engine.spec.signature import Kind, Task


class Reconstruction(Method):
    """The score of anomaly is a mean of squared differences: each part's share of it, exactly."""

    name = "reconstruction"
    title = "Reconstruction error"
    reading = "Sakurada and Yairi 2014, Anomaly Detection Using Autoencoders"
    summary = "How much of the score comes from each part that could not be made again."

    def fits(self, subject: Subject) -> bool:
        return subject.signature.task is Task.ANOMALY and _differences(subject) is not None

    def explain(
        self, subject: Subject, case: Case, readout: Readout, effort: Effort
    ) -> Contributions:
        layer = _differences(subject)
        assert layer is not None
        found = subject.answers_of(layer, case.prepared).astype(np.float64)
        shares = found.reshape(case.prepared.shape[1:])
        shares /= shares.size
        what = "an example that is made again without a difference"
        tolerance = 1e-4 * max(1e-12, float(shares.sum()))
        match case.signature.kind:
            case Kind.TABLE:
                values = _by_column(shares, case)
            case Kind.SERIES:
                values = shares
            case _:
                values = over_last_axis(shares)
        return Contributions(values, 0.0, what, tolerance)


def _by_column(shares: FloatArray, case: Case) -> FloatArray:
    """Shares of the network's features as those of the table's columns."""
    inputs = case.preprocessing.inputs
    sources = np.arange(len(shares))
    if isinstance(inputs, TableInputs):
        sources = np.array([feature.source for feature in inputs.features])
    return np.array([shares[np.isin(sources, columns)].sum() for columns in case.columns])


def _differences(subject: Subject) -> keras.layers.Layer | None:
    """The layer with every squared difference, of which the last takes the mean."""
    layers = leaves(subject.network)
    if len(layers) < 2 or not isinstance(layers[-1], keras.layers.GlobalAveragePooling1D):
        return None
    before = layers[-2]
    is_all = tuple(before.output.shape[1:]) == (subject.signature.n_inputs, 1)
    return before if is_all else None
