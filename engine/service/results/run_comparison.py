"""Compares runs on the examples that all were tested on: what differs, and which is better.

Runs that differ in their seed alone are seeds of one side. Where each side has one run, these
models are compared; where there are several, the ways to train are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from engine.datasets.base import Progress, silent
from engine.errors import DescentError, WorkspaceError
from engine.events.run_events import RunState
from engine.inference.comparing.deciding import ALPHA, ROPE, Decision, decide, rope_of
from engine.inference.comparing.differences import (
    Difference,
    OfMetrics,
    OfShares,
    of_seeds,
    of_splits,
)
from engine.inference.comparing.influence import Influence, measured_together
from engine.inference.comparing.proportions import PairedCounts
from engine.inference.evaluation.analysing import main_metric
from engine.inference.evaluation.measured import Measured
from engine.inference.evaluation.predictions import Predictions
from engine.runs.record import RunRecord
from engine.runs.store import RunStore
from engine.service.results.comparable import (
    check_comparable,
    check_measured,
    check_same_examples,
    same_examples,
)
from engine.service.results.exporting.tensorboard import flat
from engine.service.results.who_is_right import WhoIsRight, who_is_right


@dataclass(frozen=True, eq=False)
class TestedRun:
    """A run with what its model says of its test part.

    Attributes:
        record: The run.
        predictions: Of its test part.
        measured: Its metrics there; empty until all are measured together.
    """

    record: RunRecord
    predictions: Predictions
    measured: Measured

    @property
    def seed(self) -> int:
        return int(self.record.settings.get("seed", 0))


@dataclass(frozen=True, eq=False)
class Side:
    """What is compared: one model, or several that differ in their seed alone.

    Attributes:
        runs: Of one side.
        name: What people read: of several runs the first one's name with their number.
    """

    runs: tuple[TestedRun, ...]
    name: str

    @property
    def duration_s(self) -> float:
        """Seconds that one of its trainings takes."""
        return float(np.mean([run.record.duration_s for run in self.runs]))

    def value(self, metric: str) -> float:
        """A metric, the mean over its runs."""
        return float(np.mean([run.measured.metrics[metric] for run in self.runs]))


@dataclass(frozen=True, eq=False)
class ComparedPair:
    """Two sides, and what is said of them.

    Attributes:
        first, second: Which sides, by their place.
        decision: What is said.
        n_more: Further seeds of each side, by what the effort says; None: none would do, or none
            are needed.
        duration_s: Seconds that these take, one after the other.
        p: Of a test of two single models; None: sides are of several seeds.
        right: Who is right where; None: the pairs were tested on examples of their own.
    """

    first: int
    second: int
    decision: Decision
    n_more: int | None
    duration_s: float | None
    p: float | None
    right: WhoIsRight | None


@dataclass(frozen=True, eq=False)
class RunComparison:
    """What `compare_runs` finds.

    Attributes:
        metric: By which the runs are judged.
        sides: What is compared.
        pairs: Each two of them.
        settings: Settings that are not the same in all sides: by name, one value a side.
        n_examples: Test examples of each run.
        is_of_seeds: Ways to train are compared, not single models.
        has_one_test_part: All runs were tested on the same examples.
    """

    metric: str
    sides: tuple[Side, ...]
    pairs: tuple[ComparedPair, ...]
    settings: dict[str, tuple[str, ...]]
    n_examples: int
    is_of_seeds: bool
    has_one_test_part: bool


def compare_runs(
    references: Sequence[str], store: RunStore, share: float = ROPE, progress: Progress = silent
) -> RunComparison:
    """Compares runs by what is kept of their test parts; models of which nothing is are asked.

    Args:
        references: Ids, beginnings of ids, or names.
        store: Where the runs are kept.
        share: What does not matter: points of a share, of 1, or part of the first one's error.
        progress: Told how far it is.

    Raises:
        DescentError: A run is unknown, named twice, has failed or has no model, or they cannot be
            compared: they predict something else, or were tested on other examples.
    """
    records = [_ended(store.get(reference)) for reference in references]
    check_comparable(records)
    from engine.service.results.analysing import predictions_of
    from engine.service.results.opened_run import OPENED

    found = [predictions_of(OPENED.get(record.id, store), "test", progress) for record in records]
    named = [(record.name, it) for record, it in zip(records, found, strict=True)]
    metric = main_metric(found[0])
    places = _sides(records)
    has_one = all(same_examples(found[0], other) for other in found[1:])
    is_of_seeds = any(len(side) > 1 for side in places)
    if is_of_seeds and not has_one:
        # Each seed divides the data anew: those of one seed are set side by side.
        places = _by_seed(places, records)
        for nth in range(len(places[0])):
            check_same_examples([named[side[nth]] for side in places], metric)
    else:
        check_same_examples(named, metric)
    measured: dict[int, Measured] = {}
    for alike in [range(len(found))] if has_one else zip(*places, strict=True):
        progress("Comparing", len(measured), len(found))
        together = measured_together([found[place] for place in alike], metric)
        measured.update(zip(alike, together, strict=True))
    check_measured([(name, metric in measured[at].resampled) for at, (name, _) in enumerate(named)])
    tested = [TestedRun(records[at], found[at], measured[at]) for at in range(len(records))]
    sides = _named([tuple(tested[place] for place in side) for side in places])
    return RunComparison(
        metric,
        sides,
        _pairs(sides, metric, share, has_one, is_of_seeds),
        differing([_settings(side) for side in sides]),
        len(found[0]),
        is_of_seeds,
        has_one,
    )


def differing(settings: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Settings that are not the same in all: by name with dots, the value in each, or a dash."""
    every = [dict(flat(values)) for values in settings]
    names = dict.fromkeys(name for values in every for name in values)
    rows = {name: tuple(values.get(name, "–") for values in every) for name in names}
    return {name: row for name, row in rows.items() if len(set(row)) > 1}


def _ended(record: RunRecord) -> RunRecord:
    if record.state.is_active:
        raise WorkspaceError(
            f"The run '{record.name}' is still being trained.", "Wait until it has ended."
        )
    if record.state is RunState.FAILED:
        raise WorkspaceError(
            f"The run '{record.name}' has failed: there is nothing to compare. {record.reason}",
            "Train it anew, or leave it out.",
        )
    return record


def _settings(side: Side) -> dict[str, Any]:
    settings = dict(side.runs[0].record.settings)
    if len(side.runs) > 1:
        settings.pop("seed", None)
    return settings


def _named(sides: Sequence[tuple[TestedRun, ...]]) -> tuple[Side, ...]:
    """Sides with their names, and with ids where runs of two sides are called alike."""
    counts = Counter(runs[0].record.name for runs in sides)
    found = []
    for runs in sides:
        name = runs[0].record.name
        more = [runs[0].record.id] if counts[name] > 1 else []
        more += [f"{len(runs)} seeds"] if len(runs) > 1 else []
        found.append(Side(runs, f"{name} ({', '.join(more)})" if more else name))
    return tuple(found)


def _sides(records: Sequence[RunRecord]) -> list[list[int]]:
    """Places of runs whose settings are alike but for the seed; if all are, each is a side."""
    sides: dict[str, list[int]] = {}
    for place, record in enumerate(records):
        settings = {name: value for name, value in record.settings.items() if name != "seed"}
        sides.setdefault(json.dumps(settings, sort_keys=True), []).append(place)
    if len(sides) == 1:
        return [[place] for place in range(len(records))]
    return list(sides.values())


def _by_seed(places: list[list[int]], records: Sequence[RunRecord]) -> list[list[int]]:
    """Each side's runs in the order of their seeds, which must be the same.

    Raises:
        DescentError: They are not.
    """
    ordered, seeds = [], []
    for side in places:
        by_seed = {int(records[place].settings.get("seed", 0)): place for place in side}
        ordered.append([by_seed[seed] for seed in sorted(by_seed)])
        seeds.append(tuple(sorted(by_seed)))
        if len(by_seed) < len(side):
            raise DescentError(
                f"Two runs like '{records[side[0]].name}' have the same seed.", "Leave one out."
            )
    if len(set(seeds)) > 1:
        said = "; ".join(
            f"'{records[side[0]].name}': {', '.join(map(str, of))}"
            for side, of in zip(places, seeds, strict=True)
        )
        raise DescentError(
            "Each seed divides the data anew, so that both sides need runs of the same seeds. "
            f"Received: {said}.",
            "Leave out the others, or train what is missing.",
        )
    return ordered


def _pairs(
    sides: Sequence[Side], metric: str, share: float, has_one: bool, is_of_seeds: bool
) -> tuple[ComparedPair, ...]:
    two = list(combinations(range(len(sides)), 2))
    differences = [_difference(sides[one], sides[other], metric, has_one) for one, other in two]
    ropes = [rope_of(metric, sides[one].value(metric), share) for one, _ in two]
    decisions = decide(differences, metric, [max(rope, 1e-12) for rope in ropes], ALPHA)
    found = []
    for (one, other), difference, decision in zip(two, differences, decisions, strict=True):
        first, second = sides[one], sides[other]
        n_more = _more(decision, first, second)
        seconds = None
        if n_more is not None:
            seconds = n_more * (first.duration_s + second.duration_s)
        p = None if is_of_seeds else getattr(difference, "p", None)
        right = None
        if has_one:
            said = [[run.predictions for run in side.runs] for side in (first, second)]
            right = who_is_right(*said)
        found.append(ComparedPair(one, other, decision, n_more, seconds, p, right))
    return tuple(found)


def _more(decision: Decision, first: Side, second: Side) -> int | None:
    if decision.effort is None or decision.effort.n_seeds is None:
        return None
    return max(1, decision.effort.n_seeds - min(len(first.runs), len(second.runs)))


def _difference(first: Side, second: Side, metric: str, has_one: bool) -> Difference:
    if has_one and len(first.runs) == len(second.runs) == 1:
        return _of_models(first.runs[0], second.runs[0], metric)
    if not has_one:
        each = [
            _of_models(one, other, metric)
            for one, other in zip(first.runs, second.runs, strict=True)
        ]
        split = first.runs[0].record.spec.split
        n_test = len(first.runs[0].predictions)
        n_train = n_test * (1.0 - split.test - split.watched) / split.test
        noise = float(np.mean([it.error**2 for it in each]))
        return of_splits(np.array([it.value for it in each]), n_train, n_test, noise)
    of_first, of_second = (
        Influence.of_measured([run.measured for run in side.runs], metric)
        for side in (first, second)
    )
    return of_seeds(of_first, of_second, len(first.runs[0].predictions))


def _of_models(first: TestedRun, second: TestedRun, metric: str) -> OfShares | OfMetrics:
    """Of two models on the same examples."""
    right = first.predictions.is_right, second.predictions.is_right
    is_alone = first.predictions.clusters is None
    if metric == "accuracy" and is_alone and right[0] is not None and right[1] is not None:
        return OfShares(PairedCounts.of(right[0], right[1]))
    drawn = first.measured.drawn_difference(second.measured, metric)
    gap = first.measured.metrics[metric] - second.measured.metrics[metric]
    return OfMetrics(gap, drawn, len(first.predictions))
