"""The examples that a report explains: what the model is surest of, what is typical, its worst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Progress
from engine.events.explaining import ExplainExample, Explanation
from engine.inference.evaluation.predictions import Predictions, are_finite
from engine.service.preview import target_words
from engine.service.results.explaining import explain_example
from engine.service.results.opened_run import OpenedRun

RIGHT: Final = "Right, and surest of it"
WRONG: Final = "Wrong, and farthest from the truth"
CLOSEST: Final = "Closest to the truth"
FARTHEST: Final = "Farthest from the truth"
TYPICAL: Final = "Typical"
USUAL, LIMIT, UNUSUAL = "The most usual", "Nearest to the threshold", "The most unusual"
ROLES: Final = (RIGHT, WRONG, CLOSEST, FARTHEST, TYPICAL, USUAL, LIMIT, UNUSUAL)


@dataclass(frozen=True, eq=False)
class ToldExample:
    """An example of the data that a report explains.

    Attributes:
        role: Why it was chosen: one of `ROLES`.
        name: What it is called.
        truth: What is true of it, in words; empty: nothing is known.
        explanation: Why the model says what it says of it.
    """

    role: str
    name: str
    truth: str
    explanation: Explanation


def told_examples(
    run: OpenedRun, predictions: Predictions, progress: Progress
) -> tuple[ToldExample, ...]:
    """Explains a few examples of the part that a run is judged by.

    Args:
        run: The run, whose data is what it was trained on.
        predictions: What its model says of that part.
        progress: Told how far it is.

    Raises:
        DescentError: Nothing can explain such a model, or data or model cannot be read.
        Cancelled: Someone asked to stop.
    """
    examples = run.prepared(progress).examples
    chosen = chosen_of(predictions)
    found = []
    for done, (role, place) in enumerate(chosen):
        progress("Explaining examples", done, len(chosen))
        row = int(predictions.rows[place])
        answer = explain_example(run, ExplainExample(run.record.id, row=row), progress)
        truth = target_words(examples, examples.y[row])
        found.append(ToldExample(role, answer.name, truth, answer.explanation))
    return tuple(found)


def chosen_of(found: Predictions) -> list[tuple[str, int]]:
    """Up to three places in a part, each with why it was chosen; none twice."""
    if found.is_anomaly:
        return _chosen_by_score(found)
    losses = np.asarray(found.losses, np.float64)
    places = np.flatnonzero(np.isfinite(losses) & are_finite(found))
    if not len(places):
        return []
    order = places[np.argsort(losses[places], kind="stable")]
    right = found.is_right
    if right is None:
        ends = [(CLOSEST, order[:1]), (FARTHEST, order[-1:])]
    else:
        ends = [(RIGHT, order[right[order]][:1]), (WRONG, order[~right[order]][-1:])]
    return _distinct([ends[0], (TYPICAL, order[len(order) // 2 :][:1]), ends[1]])


def _chosen_by_score(found: Predictions) -> list[tuple[str, int]]:
    scores = np.asarray(found.outputs, np.float64)
    places = np.flatnonzero(np.isfinite(scores))
    order = places[np.argsort(scores[places], kind="stable")]
    threshold = found.thresholds[0]
    nearest = order[:0]
    if np.isfinite(threshold):
        nearest = order[np.argsort(np.abs(scores[order] - threshold), kind="stable")][:1]
    return _distinct([(UNUSUAL, order[-1:]), (LIMIT, nearest), (USUAL, order[:1])])


def _distinct(wanted: list[tuple[str, npt.NDArray[np.intp]]]) -> list[tuple[str, int]]:
    """Those that there are; one that is several things keeps the extreme."""
    by_extremes = sorted(wanted, key=lambda it: it[0] not in (TYPICAL, LIMIT))
    roles = {place: role for role, places in by_extremes for place in places.tolist()}
    return [(role, place) for role, _ in wanted for place in roles if roles[place] == role]
