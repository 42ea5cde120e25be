"""Searches the groups in which a model is worse than elsewhere, and names those that are sure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.evaluation.analysing import main_metric, measure
from engine.inference.evaluation.analysis import Group
from engine.inference.evaluation.intervals import Resampling
from engine.inference.evaluation.measured import Measured
from engine.inference.evaluation.predictions import Predictions, chosen, finite
from engine.inference.groups.attributes import Attribute
from engine.inference.groups.candidates import Candidate, candidates_of, class_candidates
from engine.inference.groups.testing import (
    MIN_CLASS_DIFFERENCE,
    MIN_DIFFERENCE,
    Errors,
    Test,
    holm,
)
from engine.spec.signature import Output

LEVEL = 0.01
"""So often, at most, any group is named where there is none."""
MAX_NAMED = 20
MAX_ROWS = 2_000
MIN_SIZE = 10
_TOLD = frozenset(
    (
        *("accuracy", "log_loss", "f1_macro", "subset_accuracy", "binary_accuracy"),
        *("root_mean_squared_error", "mean_absolute_error", "median_absolute_error"),
        *("exact_match", "character_error_rate", "word_error_rate", "bleu", "chrf"),
        *("roc_auc", "recall", "precision", "false_alarm_rate"),
    )
)
"""Metrics that mean something of a group; means over classes do not, where it is of one class."""
_MIN_SHARE = 0.01
_MAX_MEASURED = 20_000
_MAX_SEARCHED = 200_000
_ALIKE = 0.5


@dataclass(frozen=True, eq=False)
class _Family:
    """Groups that share a level.

    Attributes:
        members: Those that can be tested.
        n_tried: How many were looked at, and count in the correction.
        difference: As for `Test.is_worse`.
    """

    members: Sequence[Candidate]
    n_tried: int
    difference: float


@dataclass(frozen=True, eq=False)
class _Tried:
    """A group that was tested."""

    candidate: Candidate
    log_p: float


def find_groups(
    predictions: Predictions, attributes: Iterable[Attribute]
) -> tuple[tuple[Group, ...], int]:
    """Finds groups in which the model is surely worse than elsewhere.

    Args:
        predictions: Of a part. More than 200,000 are thinned evenly; pass attributes of all.
        attributes: Of the same examples, (n,) each.

    Returns:
        The groups, most surely worse first, none a near-copy of one before; and how many were
        tested.
    """
    errors = errors_of(predictions)
    if errors is None:
        return (), 0
    searched = _searched(predictions)
    if len(searched) < len(predictions):
        predictions = chosen(predictions, searched)
        errors = Errors(
            errors.values[searched], None if errors.clusters is None else errors.clusters[searched]
        )
        thinned = (_thinned(attribute, searched) for attribute in attributes)
        attributes = thinned
    smallest = max(MIN_SIZE, round(_MIN_SHARE * len(predictions)))
    said = [
        candidate for attribute in attributes for candidate in candidates_of(attribute, smallest)
    ]
    families = [_Family(said, len(said), MIN_DIFFERENCE)]
    if predictions.output is Output.CLASSES and not predictions.is_anomaly:
        families.append(_Family(*class_candidates(predictions, smallest), MIN_CLASS_DIFFERENCE))
    families = [family for family in families if family.n_tried]
    n_tried = sum(family.n_tried for family in families)
    named = _named(families, errors)
    return tuple(_group(predictions, it, n_tried) for it in named), n_tried


def _named(families: Sequence[_Family], errors: Errors) -> list[_Tried]:
    """Names the surest, then the surest among the examples that are in none that was named.

    So a group that is as bad as another is not hidden behind it, and a near-copy, of which little
    is left, is not named again.
    """
    named: list[_Tried] = []
    is_left = np.ones(len(errors.values), bool)
    while len(named) < MAX_NAMED and is_left.sum() >= 2 * MIN_SIZE:
        found = _sure(families, errors, is_left)
        if not found:
            break
        first = _most_telling(found)
        named.append(first)
        is_left[first.candidate.places] = False
    return named


def _sure(families: Sequence[_Family], errors: Errors, is_left: AnyArray) -> list[_Tried]:
    """Groups that are surely worse than elsewhere, among the examples that are left."""
    test = Test(errors.without(~is_left))
    moved = np.cumsum(is_left) - 1
    sure: list[_Tried] = []
    for family in families:
        places = [moved[it.places[is_left[it.places]]] for it in family.members]
        # Of a group most of which was named already too little is left to be told.
        large = [
            place
            for place, (it, left) in enumerate(zip(family.members, places, strict=True))
            if len(left) >= max(MIN_SIZE, len(it.places) / 2)
        ]
        log_p = np.array([test.log_p(places[place]) for place in large])
        # Each family has its share of the level.
        corrected = holm(log_p, family.n_tried) + np.log(len(families))
        sure += [
            _Tried(family.members[place], min(0.0, float(p)))
            for place, p in zip(large, corrected, strict=True)
            if p <= np.log(LEVEL) and test.is_worse(places[place], family.difference)
        ]
    return sorted(sure, key=lambda it: it.log_p)


def errors_of(predictions: Predictions) -> Errors | None:
    """How wrong the model is about each example; None where that cannot be said."""
    if not main_metric(predictions) or len(predictions) < 2 * MIN_SIZE:
        return None
    if len(finite(predictions)) < len(predictions):
        return None
    is_right = predictions.is_right
    if predictions.is_anomaly or predictions.output is Output.CLASSES:
        if is_right is None:
            return None
        values = 1.0 - is_right.astype(np.float64)
    elif predictions.output is Output.LABELS:
        values = predictions.shares_wrong
    else:
        values = predictions.losses
    return Errors(values.astype(np.float64), predictions.clusters)


def _searched(predictions: Predictions) -> AnyArray:
    n = len(predictions)
    if n <= _MAX_SEARCHED:
        return np.arange(n)
    return np.unique(np.linspace(0, n - 1, _MAX_SEARCHED).astype(np.int64))


def _thinned(attribute: Attribute, places: AnyArray) -> Attribute:
    values = attribute.values[places]
    return Attribute(attribute.column, values, attribute.is_measured, attribute.form)


def _most_telling(left: Sequence[_Tried]) -> _Tried:
    """The surest; unless the data itself has a name for nearly the same examples."""
    first = left[0]
    if first.candidate.is_said:
        return first
    for other in left[1:]:
        if other.candidate.is_said and other.log_p <= _ALIKE * first.log_p:
            both = np.intersect1d(first.candidate.places, other.candidate.places).size
            either = len(first.candidate.places) + len(other.candidate.places) - both
            if both >= _ALIKE * either:
                return other
    return first


def _group(predictions: Predictions, tried: _Tried, n_tried: int) -> Group:
    candidate, main = tried.candidate, main_metric(predictions)
    places = candidate.places
    worst = places[np.argsort(-predictions.losses[places], kind="stable")]
    inside = np.zeros(len(predictions), bool)
    inside[places] = True
    level = 1.0 - 0.05 / max(1, n_tried)
    measured = _measured(predictions, places, level)
    told = [name for name in measured.metrics if name in _TOLD]
    elsewhere = _measured(predictions, np.flatnonzero(~inside), level, n_replicates=2)
    return Group(
        candidate.where,
        candidate.column,
        candidate.value,
        len(places),
        tuple(predictions.rows[worst[:MAX_ROWS]].tolist()),
        {name: measured.metrics[name] for name in told},
        {name: measured.intervals[name] for name in told},
        elsewhere.metrics.get(main, float("nan")),
        float(np.exp(tried.log_p)),
    )


def _measured(
    predictions: Predictions, places: AnyArray, level: float, n_replicates: int = 1_000
) -> Measured:
    if len(places) > _MAX_MEASURED:
        places = places[np.linspace(0, len(places) - 1, _MAX_MEASURED).astype(np.int64)]
    some = chosen(predictions, places)
    resampling = Resampling(len(some), some.clusters, n_replicates=n_replicates)
    return measure(some, resampling, with_areas=predictions.is_anomaly, level=level)
