"""Finds the nearest row of a table of which the model says something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.datasets.base import Progress, silent
from engine.errors import DatasetError
from engine.events.trying import ChangeFound
from engine.inference.contract import Contract
from engine.inference.trying.answers import answers_of, in_full
from engine.inference.trying.new_inputs import as_inputs, read_cells
from engine.inference.trying.what_if import FloatArray, Judge, Lever, most_tried, nearest_change
from engine.preprocessing.table import TableInputs
from engine.preprocessing.targets import AnomalyTargets
from engine.service.results.tried_run import TriedRun
from engine.service.results.trying import fields_of
from engine.spec.signature import Kind, Output

_BLOCK = 1024
"""Rows asked about at once: so that Cancel is heard, and how far it is can be seen."""


def find_change(
    run: TriedRun, cells: Mapping[str, str], wanted: str, progress: Progress = silent
) -> ChangeFound:
    """Looks for the nearest row of another class, or on the other side of the threshold.

    Args:
        run: Whose model is asked.
        cells: The row as it is.
        wanted: The class it shall be; empty: any other.
        progress: Told how many rows the model was asked about, of so many at most.

    Raises:
        DatasetError: The row does not fit, or there are no classes to be changed.
        Cancelled: Someone asked to stop.
    """
    run.freshen()
    contract = run.contract
    row = read_cells(cells, contract).x[0].astype(np.float64)
    levers = levers_of(contract, row)
    judge = _judge_of(run, row, wanted, _Counter(run, progress, most_tried(levers)))
    found = nearest_change(row, levers, judge)
    if found.row is None:
        return ChangeFound(run.record.id, (), None, found.n_tried)
    inputs = as_inputs(found.row[np.newaxis], contract)
    answer = answers_of(contract, _ask(run, inputs.x), inputs.names, inputs.unfamiliar)[0]
    changes = tuple(
        (
            _name_of(contract, place),
            _shown(contract, place, row),
            _shown(contract, place, found.row),
        )
        for place in found.places
    )
    return ChangeFound(run.record.id, changes, answer, found.n_tried)


def _ask(run: TriedRun, rows: FloatArray) -> FloatArray:
    return in_full(run.contract, run.model.answer(rows))


class _Counter:
    """Asks about many rows, a block at a time, and says how many.

    Args:
        run: Whose model is asked.
        progress: Told before each block.
        n_most: About so many are asked about at most.
    """

    def __init__(self, run: TriedRun, progress: Progress, n_most: int) -> None:
        self._run, self._progress, self._n_most = run, progress, n_most
        self._n_asked = 0

    def __call__(self, rows: FloatArray) -> FloatArray:
        found = []
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            self._progress("Changing", self._n_asked, max(self._n_most, self._n_asked))
            found.append(_ask(self._run, block))
            self._n_asked += len(block)
        return np.concatenate(found)


def _judge_of(
    run: TriedRun, row: FloatArray, wanted: str, asked: Callable[[FloatArray], FloatArray]
) -> Judge:
    contract = run.contract
    if contract.signature.kind is not Kind.TABLE:
        raise DatasetError("Only rows of a table can be changed so.", "Try another input instead.")

    targets = contract.preprocessing.targets
    if isinstance(targets, AnomalyTargets) and targets.threshold is not None:
        threshold = targets.threshold
        side = 1.0 if float(_ask(run, row[np.newaxis])[0]) > threshold else -1.0

        def other_side(rows: FloatArray) -> Any:
            beyond = side * (threshold - asked(rows).reshape(len(rows)))
            return beyond >= 0 if side > 0 else beyond > 0, beyond

        return other_side
    if contract.signature.output is not Output.CLASSES:
        raise DatasetError(
            "There is no class that could change: the model predicts other things.",
            "Move the sliders to see what the prediction does.",
        )
    said = int(_ask(run, row[np.newaxis])[0].argmax())
    goal = contract.class_names.index(wanted) if wanted in contract.class_names else None
    if goal == said:
        raise DatasetError(f"The model says '{wanted}' already.", "Choose another class.")

    def is_other(rows: FloatArray) -> Any:
        shares = asked(rows)
        best = shares.argmax(axis=1)
        if goal is None:
            return best != said, -shares[:, said]
        return best == goal, shares[:, goal]

    return is_other


def levers_of(contract: Contract, row: FloatArray) -> list[Lever]:
    """What of a row may be changed: numbers within what was seen, categories among those seen."""
    sources = _sources(contract)
    ranges = dict(enumerate(contract.preprocessing.ranges))
    levers: list[Lever] = []
    for place in range(len(row)):
        source, pair = sources.get(place), ranges.get(place)
        if source is not None and source.is_category:
            levers.append(Lever(place, np.array(source.known, np.float64), False))
        elif (source is None or source.type == "number") and pair is not None and pair[0] < pair[1]:
            levers.append(Lever.number(place, *pair, is_whole=_is_whole(row[place], pair)))
    return levers


def _is_whole(value: float, pair: Sequence[float]) -> bool:
    """A column of counts, as far as its row and its range tell."""
    return all(float(number).is_integer() for number in (value, *pair) if np.isfinite(number))


def _sources(contract: Contract) -> dict[int, Any]:
    inputs = contract.preprocessing.inputs
    return dict(enumerate(inputs.sources)) if isinstance(inputs, TableInputs) else {}


def _name_of(contract: Contract, place: int) -> str:
    source = _sources(contract).get(place)
    if source is not None:
        return str(source.column or source.name)
    return fields_of(contract)[place].name


def _shown(contract: Contract, place: int, row: FloatArray) -> str:
    """What stands in a place of a row, as it would be typed; empty: a gap."""
    value, source = float(row[place]), _sources(contract).get(place)
    if not np.isfinite(value):
        return ""
    if source is not None and source.is_category:
        return str(source.values[int(value)]) if source.values else f"{value:g}"
    return f"{value:.10g}"
