"""What models say of made-up examples, scored: of classes, of what is unusual, of a series."""

from __future__ import annotations

import numpy as np

from engine.inference.evaluation.predictions import Predictions
from engine.inference.evaluation.scored import ScoredExamples
from engine.spec.signature import Output, Task

N = 500


def classes(n: int = N) -> ScoredExamples:
    """Every fourth is wrong; the surer the later."""
    truth = np.arange(n) % 2
    said = np.where(np.arange(n) % 4 == 3, 1 - truth, truth)
    sure = np.linspace(0.55, 0.95, n)
    outputs = np.stack(
        [np.where(said == 0, sure, 1 - sure), np.where(said == 1, sure, 1 - sure)], 1
    )
    rows, names = np.arange(n) + 1_000, ("cat", "dog")
    found = Predictions(
        "test", Task.CLASSIFICATION, Output.CLASSES, rows, truth, outputs, "pet", names, n_all=n
    )
    return ScoredExamples.of(found)


def anomalies() -> ScoredExamples:
    scores, known = np.linspace(1.0, 9.0, 20), (np.arange(20) >= 15).astype(float)
    found = Predictions(
        "test", Task.ANOMALY, Output.NUMBERS, np.arange(20), known, scores, "state",
        thresholds=np.array([5.0]), n_all=20,
    )  # fmt: skip
    return ScoredExamples.of(found)


def forecasts() -> ScoredExamples:
    truth = np.arange(80.0).reshape(40, 2)
    found = Predictions(
        "test", Task.FORECASTING, Output.NUMBERS, np.arange(40) + 100, truth, truth + 0.5, "level",
        n_all=40,
    )  # fmt: skip
    return ScoredExamples.of(found)
