"""Compares two runs on the test examples that both know, with the labels that the newer one has."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.errors import DatasetError
from engine.events.labelling import ComparedOnTest
from engine.inference.evaluation.predictions import Predictions
from engine.runs.store import RunStore
from engine.spec.signature import Output

_N_DRAWN = 2_000
_MAX_DRAWN = 20_000_000  # numbers held at once

Floats = npt.NDArray[np.float64]


def compare_on_test(run: str, store: RunStore, before: str) -> ComparedOnTest:
    """Compares a run with another one on the same test part.

    Raises:
        DatasetError: One of them kept no predictions, or they share no test example.
        WorkspaceError: What was kept cannot be read.
    """
    new, old = (Predictions.load(store.folder(it)) for it in (run, store.get(before).id))
    if new is None or old is None:
        raise DatasetError(
            "One of the runs has kept nothing of its test part.", "Evaluate both runs anew."
        )
    rows, places, old_places = np.intersect1d(new.rows, old.rows, return_indices=True)
    if not len(rows) or new.output is not old.output or new.class_names != old.class_names:
        raise DatasetError(
            "The runs have no test example in common, or predict different things.",
            "Compare runs of the same data and split.",
        )
    truth = new.truth[places]
    metric, values = _each(new, places, truth)
    _, old_values = _each(old, old_places, truth)
    return ComparedOnTest(
        run,
        before,
        metric,
        (float(old_values.mean()), float(values.mean())),
        paired_interval(values - old_values),
        len(rows),
    )


def _each(
    predictions: Predictions, places: npt.NDArray[np.int64], truth: npt.NDArray[np.generic]
) -> tuple[str, Floats]:
    """What is averaged to a metric, of each example, (n,)."""
    said = predictions.predicted[places]
    if predictions.output is Output.NUMBERS and not predictions.is_anomaly:
        return "mean_absolute_error", np.abs(said - truth).mean(axis=1).astype(np.float64)
    is_right = said == truth
    if predictions.output is Output.LABELS:
        is_right = is_right.all(axis=1)
    return "accuracy", np.asarray(is_right, np.float64)


def paired_interval(differences: Floats, seed: int = 0) -> tuple[float, float]:
    """A 95 % interval of a mean of paired differences, by the bootstrap (percentiles).

    Args:
        differences: Of each example, (n,).
        seed: Of the drawing.
    """
    n = len(differences)
    n_drawn = max(200, min(_N_DRAWN, _MAX_DRAWN // n))
    rng = np.random.default_rng(seed)
    means = [float(differences[rng.integers(0, n, n)].mean()) for _ in range(n_drawn)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
