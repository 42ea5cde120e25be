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
    """The score of anomaly is a mean of squared differences: each part's share of it, exactly.

    What is added to that mean is the same for every example, and counts to none of its parts.
    """

    name = "reconstruction"
    title = "Reconstruction error"
    reading = "Sakurada and Yairi 2014, Anomaly Detection Using Autoencoders"
    summary = "How much of the score comes from each part that could not be made again."
    asks_all_layers = True

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
        rest = float(subject.values(case.prepared, readout)[0]) - float(shares.sum())
        if layer is leaves(subject.network)[-2]:
            rest = 0.0  # but for rounding
        what = "an example that is made again without a difference"
        tolerance = 1e-4 * max(1e-12, float(shares.sum()))
        match case.signature.kind:
            case Kind.TABLE:
                values = _by_column(shares, case)
            case Kind.SERIES:
                values = shares
            case _:
                values = over_last_axis(shares)
        return Contributions(values, rest, what, tolerance)


def _by_column(shares: FloatArray, case: Case) -> FloatArray:
    """Shares of the network's features as those of the table's columns."""
    inputs = case.preprocessing.inputs
    sources = np.arange(len(shares))
    if isinstance(inputs, TableInputs):
        sources = np.array([feature.source for feature in inputs.features])
    return np.array([shares[np.isin(sources, columns)].sum() for columns in case.columns])


def _differences(subject: Subject) -> keras.layers.Layer | None:
    """The layer with every squared difference, of which the score is the mean, and a constant."""
    layers = leaves(subject.network)
    means = [it for it in layers if isinstance(it, keras.layers.GlobalAveragePooling1D)]
    if not means:
        return None
    before = next((it for it in layers if it.output is means[-1].input), None)
    if before is None or tuple(before.output.shape[1:]) != (subject.signature.n_inputs, 1):
        return None
    return before if means[-1] is layers[-1] or _is_all_but_constant(subject, before) else None


def _is_all_but_constant(subject: Subject, layer: keras.layers.Layer) -> bool:
    """Whether the network's answer is the mean of the layer's and the same number every time."""
    spread = np.linspace(-2.0, 2.0, 3 * subject.signature.n_inputs, dtype=np.float32)
    x = np.sin(7.0 * spread).reshape(3, *subject.input_shape)
    means = subject.answers_of(layer, x).astype(np.float64).mean(axis=(1, 2))
    answers = subject.outputs(x).astype(np.float64)
    if answers.shape != (3, 1):
        return False
    return bool(np.ptp(answers[:, 0] - means) <= 1e-4 * max(1e-12, float(np.abs(means).max())))
