"""Predictions for all of the data, each example's by models that never saw it.

Quick models of several kinds are taught; which of them, or their mean, is believed, is decided by
how well they foretell the labels that are given. Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from engine.datasets.base import AnyArray, IndexArray, Progress, silent
from engine.errors import DatasetError
from engine.inference.evaluation.predictions import Predictions
from engine.inference.suspects.ranking import NO_LABELS
from engine.preprocessing import Preprocessing
from engine.spec.signature import Output, Task
from engine.training.cross_validation import shallow
from engine.training.cross_validation.features import can_be_described, features_of
from engine.training.cross_validation.folds import Folds, fold_of_each
from engine.training.prepared_data import PreparedData

NETWORK: Final = "network"
MEAN: Final = "mean"
MIN_EXAMPLES: Final = 10
PART: Final = "all"
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What quick models say of examples that they never saw.

    Attributes:
        predictions: Of all examples that are in a part; `Predictions.part` is ``all``.
        model: By which model: ``trees``, ``boosted_trees``, ``neighbours``, ``words``,
            ``network``, or the ``mean`` of several.
        folds: Which fold held out each, (n,).
        losses: How far each model, by name, is from the labels that are given: cross-entropy, or
            the mean absolute error.
    """

    predictions: Predictions
    model: str
    folds: Folds
    losses: Mapping[str, float]


def held_out_predictions(
    prepared: PreparedData, progress: Progress = silent, only: str = ""
) -> HeldOut:
    """Predicts every example without having seen it.

    Args:
        prepared: The data of a run, and its spec.
        progress: Told how far it is.
        only: ``network``: the run's own architecture; empty: simple models where such data can be
            described to them, else the network.

    Raises:
        DatasetError: There are no labels, or too few examples.
        Cancelled: Someone asked to stop.
    """
    examples, parts = prepared.examples, prepared.parts
    _check(prepared)
    rows = np.sort(np.concatenate(parts.all)) if not _is_anomaly(prepared) else _all_rows(prepared)
    folds = fold_of_each(examples, parts.method, rows, prepared.spec.seed)
    uses_network = not _is_anomaly(prepared) and (only == NETWORK or not can_be_described(examples))
    if uses_network:
        found = {NETWORK: _by_network(prepared, rows, folds, progress)}
    else:
        found = _by_simple_models(prepared, rows, folds, progress)
    told = {name: _told(prepared, rows, outputs) for name, outputs in found.items()}
    if len(found) > 1:
        told[MEAN] = _told(prepared, rows, np.mean(list(found.values()), axis=0))
    losses = {name: _loss(item) for name, item in told.items()}
    best = min(losses, key=lambda name: losses[name])
    return HeldOut(told[best], best, folds, losses)


def _is_anomaly(prepared: PreparedData) -> bool:
    return prepared.examples.task is Task.ANOMALY


def _all_rows(prepared: PreparedData) -> IndexArray:
    """Those known to be unusual are in no part that learns; here they are examples of a class."""
    return np.arange(prepared.examples.n_samples, dtype=np.int64)


def _check(prepared: PreparedData) -> None:
    examples = prepared.examples
    if examples.task is Task.FORECASTING:
        raise DatasetError(NO_LABELS, "Errors of a forecast are shown with the results.")
    if _is_anomaly(prepared) and not examples.has_classes:
        raise DatasetError(
            "There are no labels: nothing is known of which examples are unusual.",
            "The most unusual examples are shown with the results.",
        )
    n = sum(prepared.parts.sizes)
    if n < MIN_EXAMPLES:
        raise DatasetError(
            f"There are too few examples to check their labels. Received: {n}.",
            f"At least {MIN_EXAMPLES} are needed.",
        )


def _by_network(
    prepared: PreparedData, rows: IndexArray, folds: Folds, progress: Progress
) -> AnyArray:
    from engine.devices.tensorflow import load_tensorflow

    load_tensorflow()
    from engine.training.trials.quick_network import predict_fold

    numbers = np.unique(folds)
    outputs: AnyArray | None = None
    for done, number in enumerate(numbers):
        of_fold = partial(_within, progress, done, len(numbers))
        held_out = folds == number
        found = predict_fold(prepared, rows[~held_out], rows[held_out], of_fold)
        if outputs is None:
            outputs = np.empty((len(rows), *found.shape[1:]), found.dtype)
        outputs[held_out] = found
    assert outputs is not None
    return outputs


def _within(progress: Progress, n_done: int, n_all: int, what: str, done: int, total: int) -> None:
    """Progress within one of several equal stretches, in hundredths of each."""
    progress("Checking labels", 100 * n_done + 100 * done // max(total, 1), 100 * n_all)


def _by_simple_models(
    prepared: PreparedData, rows: IndexArray, folds: Folds, progress: Progress
) -> dict[str, AnyArray]:
    examples = prepared.examples
    has_numbers = examples.output is Output.NUMBERS and not examples.has_classes
    n_classes = len(examples.class_names)
    models = (
        shallow.regressors(examples.kind, len(rows))
        if has_numbers
        else shallow.classifiers(examples.kind, len(rows), n_classes)
    )
    y = np.asarray(examples.y)[rows]
    teach = _teacher(prepared, y)
    found: dict[str, AnyArray] = {}
    numbers = np.unique(folds)
    n_steps = len(numbers) * len(models)
    for n_fold, number in enumerate(numbers):
        held_out = folds == number
        train = rows[~held_out]
        preprocessing = Preprocessing.fit(examples, train, prepared.spec.preprocessing)
        x = features_of(examples, train, preprocessing)
        new = features_of(examples, rows[held_out], preprocessing)
        for n_model, (name, make) in enumerate(models.items()):
            progress("Checking labels", n_fold * len(models) + n_model, n_steps)
            outputs = teach(make, x, ~held_out, new)
            if name not in found:
                found[name] = np.zeros((len(rows), *outputs.shape[1:]))
            found[name][held_out] = outputs
    return found


_Teach = Callable[[shallow.Maker, AnyArray, AnyArray, AnyArray], AnyArray]


def _teacher(prepared: PreparedData, y: AnyArray) -> _Teach:
    """What teaches a model some of the targets and asks it about others."""
    examples, seed = prepared.examples, prepared.spec.seed
    n_classes = len(examples.class_names)

    def teach(make: shallow.Maker, x: AnyArray, learnt: AnyArray, new: AnyArray) -> AnyArray:
        if examples.has_classes:
            return shallow.class_probabilities(make, x, y[learnt], new, n_classes, seed)
        if examples.output is Output.LABELS:
            return shallow.label_probabilities(make, x, y[learnt], new, seed)
        return shallow.values(make, x, y[learnt].reshape(len(x), -1), new, seed)

    return teach


def _told(prepared: PreparedData, rows: IndexArray, outputs: AnyArray) -> Predictions:
    """Outputs beside the labels; what is known of anomalies, as two classes or more."""
    examples, preprocessing = prepared.examples, prepared.preprocessing
    if not _is_anomaly(prepared):
        return Predictions.of(PART, rows, outputs, examples, preprocessing)
    return Predictions(
        PART,
        Task.CLASSIFICATION,
        Output.CLASSES,
        rows,
        np.asarray(examples.y)[rows],
        outputs,
        examples.target_name,
        examples.class_names,
        names=tuple(examples.names[row] for row in rows) if examples.names else (),
        n_all=len(rows),
    )


def _loss(predictions: Predictions) -> float:
    """How far predictions are from the labels that are given; lower is better."""
    if predictions.output is Output.CLASSES:
        # Smoothed: a model that is sure of something wrong shall not lose by that alone.
        n_classes = predictions.outputs.shape[1]
        right = predictions.outputs[np.arange(len(predictions)), predictions.truth]
        return float(-np.log(0.98 * right + 0.02 / n_classes + _TINY).mean())
    losses = predictions.losses
    return float(np.where(np.isfinite(losses), losses, 1e6).mean())
