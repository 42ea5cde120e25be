"""Gives a network the first weights that can be computed. Imported by workers only."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from engine.architectures import ARCHITECTURES
from engine.architectures.known_examples import Blocks, KnownExamples, LastValue
from engine.datasets.base import AnyArray, IndexArray
from engine.preprocessing.inputs import ScaledInputs
from engine.preprocessing.targets import NumberTargets
from engine.spec.signature import Task
from engine.training.prepared_data import PreparedData

# Examples of a part that are shown, and fewer of many numbers, as work grows with their square.
_MOST_ROWS, _FEWEST_ROWS = 50_000, 2_000
_MOST_WORK = 10_000_000_000
# Numbers of the examples that are shown at once.
_BLOCK = 2_000_000


def start(network: keras.Model, prepared: PreparedData) -> None:
    """Has the architecture compute first weights of a network, where it can.

    Args:
        network: Built from the resolved spec of the data.
        prepared: The data.
    """
    spec = prepared.spec
    architecture = ARCHITECTURES[spec.model.chosen]
    parameters = architecture.parameters.model_validate(spec.model.parameters)
    train, validation = prepared.parts.train, prepared.parts.validation
    shown = _shown(prepared, len(train))
    weights = prepared.training_weights(spec.training.class_weights)
    known = KnownExamples(
        _blocks(prepared, train[shown]),
        _blocks(prepared, validation[_shown(prepared, len(validation))]),
        _last_value(prepared),
        str(spec.training.loss),
        None if weights is None else weights[shown].astype(np.float64),
    )
    architecture.start(network, parameters, known)


def _shown(prepared: PreparedData, n_rows: int) -> IndexArray:
    """Which rows of a part are shown: all, or some that are drawn evenly."""
    signature = prepared.signature
    work = (signature.n_inputs + signature.n_outputs) ** 2
    most = min(_MOST_ROWS, max(_FEWEST_ROWS, _MOST_WORK // work))
    if n_rows <= most:
        return np.arange(n_rows, dtype=np.int64)
    return np.linspace(0, n_rows - 1, most).astype(np.int64)


def _blocks(prepared: PreparedData, rows: IndexArray) -> Blocks:
    block = max(1, _BLOCK // prepared.signature.n_inputs)
    examples, preprocessing = prepared.examples, prepared.preprocessing

    def blocks() -> Iterator[tuple[AnyArray, AnyArray]]:
        for first in range(0, len(rows), block):
            some = rows[first : first + block]
            yield (
                preprocessing.transform_x(examples.x[some]),
                preprocessing.targets.transform(examples.y[some]),
            )

    return blocks


def _last_value(prepared: PreparedData) -> LastValue | None:
    """How the last value of a window stands to what is forecast; None where nothing is."""
    examples, preprocessing = prepared.examples, prepared.preprocessing
    inputs, targets = preprocessing.inputs, preprocessing.targets
    if (
        examples.task is not Task.FORECASTING
        or examples.target_name not in examples.feature_names
        or not isinstance(inputs, ScaledInputs)
        or not isinstance(targets, NumberTargets)
    ):
        return None
    channel = examples.feature_names.index(examples.target_name)
    n_targets = prepared.signature.n_outputs
    scale = np.broadcast_to(inputs.scale, examples.x.shape[-1:])[channel]
    return LastValue(channel, np.broadcast_to(scale / targets.scale, (n_targets,)))
