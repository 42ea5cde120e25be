"""What the targets of a training part are, and what loss a constant would have."""

from __future__ import annotations

import numpy as np

from engine.datasets.base import IndexArray
from engine.inference.advice.evidence import Floats, Targets
from engine.spec.signature import Output, Task
from engine.training.prepared_data import PreparedData

_MOST, _MOST_TEXTS = 20_000, 1_000
"""Targets of which the loss of a constant is computed, drawn evenly."""


def targets_of(prepared: PreparedData) -> Targets:
    """What the targets of the training part are, and what loss a constant would have."""
    examples, train = prepared.examples, prepared.parts.train
    chance = _chance_loss(prepared)
    if examples.task is Task.ANOMALY or not len(train):
        return Targets(len(train))
    y = examples.y[train]
    names = examples.class_names
    match examples.output:
        case Output.CLASSES:
            return Targets(
                len(train), names, np.bincount(y, minlength=len(names)), chance_loss=chance
            )
        case Output.LABELS:
            counts = np.asarray(y, np.int64).sum(axis=0)
            return Targets(len(train), names, counts, chance_loss=chance)
        case Output.NUMBERS:
            values = y.reshape(len(y), -1).astype(np.float64)
            means, spreads = values.mean(axis=0), values.std(axis=0)
            return Targets(len(train), means=means, spreads=spreads, chance_loss=chance)
        case Output.TOKENS:
            return Targets(len(train), chance_loss=chance)


def _chance_loss(prepared: PreparedData) -> float:
    """The training loss of the best constant; NaN where that cannot be told."""
    training, examples = prepared.spec.training, prepared.examples
    if examples.task in (Task.ANOMALY, Task.TRANSCRIPTION) or examples.weights is not None:
        return float("nan")
    most = _MOST_TEXTS if examples.output is Output.TOKENS else _MOST
    rows = _some(prepared.parts.train, most)
    match examples.output:
        case Output.CLASSES:
            shares = np.bincount(examples.y[rows], minlength=len(examples.class_names)) / len(rows)
            if training.class_weights == "balanced":
                shares = (shares > 0) / np.count_nonzero(shares)
            return _entropy(shares, training.label_smoothing)
        case Output.LABELS:
            shares = np.asarray(examples.y[rows], np.float64).mean(axis=0)
            each = (_entropy(np.array([it, 1 - it]), training.label_smoothing) for it in shares)
            return float(np.mean(list(each)))
        case Output.NUMBERS:
            y = prepared.preprocessing.transform_y(examples.y[rows])
            return _error_of_constant(y.reshape(len(rows), -1).astype(np.float64), training.loss)
        case Output.TOKENS:
            tokens = prepared.preprocessing.transform_y(examples.y[rows]).ravel().astype(np.int64)
            counts = np.bincount(tokens[tokens > 0])
            return _entropy(counts / max(1, counts.sum()), training.label_smoothing)


def _entropy(shares: Floats, smoothing: float) -> float:
    """Cross-entropy of whoever says the shares, in nats; their labels may be smoothed."""
    shares = (1 - smoothing) * shares + smoothing / len(shares)
    known = shares[shares > 0]
    return float(-(known * np.log(known)).sum())


def _error_of_constant(y: Floats, loss: str | None) -> float:
    """Mean loss of the best constant for each number, (n, n_values)."""
    match loss:
        case "mean_squared_error":
            return float(y.var(axis=0).mean())
        case "mean_absolute_error":
            return float(np.abs(y - np.median(y, axis=0)).mean())
        case "huber":
            errors = np.abs(y - np.median(y, axis=0))
            return float(np.where(errors <= 1, errors**2 / 2, errors - 0.5).mean())
        case _:
            return float("nan")


def _some(rows: IndexArray, most: int) -> IndexArray:
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
