"""What a model looks at as a whole: importance of columns, and dependence on them.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray, Progress
from engine.errors import DatasetError
from engine.events.explaining import Dependence, ModelExplanation
from engine.inference.contract import Contract
from engine.inference.explaining.columns import Column, columns_of
from engine.inference.explaining.dependence import can_depend, partial_dependence
from engine.inference.explaining.importance import N_REPEATS, permutation_importance
from engine.inference.explaining.subject import Subject
from engine.preprocessing.scaling import FloatArray
from engine.preprocessing.targets import LabelTargets
from engine.spec.signature import Kind, Output, Task

MOST_ROWS = 1_000
"""Examples that columns are shuffled among, drawn evenly."""
MOST_DEPENDENT = 12
"""Columns, the most important ones, of which dependence is computed."""
_DEPENDENCE_ROWS = 300
_MOST_OUTPUTS = 12


class WholeModel:
    """Explains one model by its data.

    Args:
        subject: Its network.
        contract: What goes in and comes out.
    """

    def __init__(self, subject: Subject, contract: Contract) -> None:
        self._subject = subject
        self._contract = contract
        kind = contract.signature.kind
        if kind not in (Kind.TABLE, Kind.SERIES):
            raise DatasetError(
                f"A model of {kind.value} data has no columns that could be shuffled.",
                "Explain single examples of it.",
            )
        self._columns = columns_of(contract) if kind is Kind.TABLE else self._channels()

    def explain(
        self, part: str, rows: IndexArray, train: IndexArray, examples: Examples, progress: Progress
    ) -> ModelExplanation:
        """Explains it on a part of the data.

        Args:
            part: The part's name.
            rows: Its examples, (n,).
            train: Those of the training part, over which dependence is averaged.
            examples: All of the data.
            progress: Told how far it is.

        Raises:
            Cancelled: Someone asked to stop.
        """
        rows = _evenly(rows, MOST_ROWS)
        x, y = np.asarray(examples.x[rows]), examples.y[rows]
        first = self._outputs(x)

        def losses(moved: AnyArray) -> FloatArray:
            return self._losses(self._outputs(moved), y, first)

        metric, is_error = self._metric
        groups = examples.groups
        found = permutation_importance(
            losses,
            x,
            [(column.name, column.places) for column in self._columns],
            None if groups is None else np.unique(groups[rows], return_inverse=True)[1],
            progress,
        )
        known = {column.name: column for column in self._columns}
        chosen = [known[item.column] for item in found if can_depend(known[item.column])]
        lost = float(losses(x).mean())
        return ModelExplanation(
            part=part,
            n_samples=len(rows),
            metric=metric,
            score=lost if is_error else 1.0 - lost,
            is_error=is_error,
            n_repeats=N_REPEATS,
            importance=found,
            dependence=self._dependence(chosen[:MOST_DEPENDENT], train, examples, progress),
            target_name=self._contract.target_name,
        )

    def _dependence(
        self, columns: Sequence[Column], train: IndexArray, examples: Examples, progress: Progress
    ) -> tuple[Dependence, ...]:
        if self._contract.signature.kind is not Kind.TABLE:
            return ()
        x = np.asarray(examples.x[_evenly(train, _DEPENDENCE_ROWS)])
        names = self._output_names(self._outputs(x[:1]))
        found = []
        for number, column in enumerate(columns):
            progress("Moving columns", number, len(columns))
            curve = partial_dependence(self._named_outputs, x, column, names)
            if curve is not None:
                found.append(curve)
        return tuple(found)

    @property
    def _metric(self) -> tuple[str, bool]:
        """By what importance is measured, and whether less of it is better."""
        signature = self._contract.signature
        if signature.task is Task.ANOMALY:
            return "score_change", True
        match signature.output:
            case Output.CLASSES:
                return "accuracy", False
            case Output.LABELS:
                return "binary_accuracy", False
            case _:
                return "mean_absolute_error", True

    def _losses(self, outputs: AnyArray, y: AnyArray, first: AnyArray) -> FloatArray:
        """What is lost of each example, (n,): its error, or 1 where it is wrong."""
        if self._contract.signature.task is Task.ANOMALY:
            return np.abs(outputs - first).reshape(len(y), -1).mean(axis=1)
        match self._contract.signature.output:
            case Output.CLASSES:
                is_one_unit = outputs.shape[1] == 1
                said = outputs[:, 0] > 0.5 if is_one_unit else outputs.argmax(axis=1)
                return np.asarray(said != y, np.float64)
            case Output.LABELS:
                targets = self._contract.preprocessing.targets
                assert isinstance(targets, LabelTargets)
                return np.asarray((targets.said(outputs) != y).mean(axis=1), np.float64)
            case _:
                errors = np.abs(outputs.reshape(len(y), -1) - y.reshape(len(y), -1))
                return np.asarray(errors.mean(axis=1), np.float64)

    def _outputs(self, x: AnyArray) -> AnyArray:
        """In the target's own terms, (n, …)."""
        preprocessing = self._contract.preprocessing
        return preprocessing.restore_y(self._subject.outputs(preprocessing.transform_x(x)))

    def _named_outputs(self, x: AnyArray) -> FloatArray:
        found = self._outputs(x).reshape(len(x), -1).astype(np.float64)
        if self._contract.signature.is_binary:
            found = np.concatenate([1 - found, found], axis=1)
        return found[:, :_MOST_OUTPUTS]

    def _output_names(self, one: AnyArray) -> tuple[str, ...]:
        contract = self._contract
        if contract.signature.task is Task.ANOMALY:
            return ("score",)
        if contract.class_names:
            return contract.class_names[:_MOST_OUTPUTS]
        n_values = min(one.size, _MOST_OUTPUTS)
        if n_values == 1:
            return (contract.target_name,)
        return tuple(f"{contract.target_name} {place}" for place in range(1, n_values + 1))

    def _channels(self) -> tuple[Column, ...]:
        n_channels = self._contract.signature.input_shape[-1]
        names = self._contract.feature_names
        if len(names) != n_channels:
            names = tuple(f"channel {n}" for n in range(1, n_channels + 1))
        return tuple(Column(name, (place,)) for place, name in enumerate(names))


def _evenly(rows: IndexArray, most: int) -> IndexArray:
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
