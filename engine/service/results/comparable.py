"""Whether runs can be compared: several, no one twice, of one target, on the same test examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.errors import DatasetError, DescentError
from engine.inference.evaluation.predictions import Predictions, are_finite
from engine.runs.record import RunRecord

_SAME = "Train them on the same data with the same split and seed: the seed decides who is in it."
_SHOWN = 5


def check_comparable(records: Sequence[RunRecord]) -> None:
    """Checks that there are several runs, each once.

    Raises:
        DescentError: There are not.
    """
    if len(records) < 2:
        raise DescentError(
            f"Comparing needs two runs or more. Received: {len(records)}.", "Name another run."
        )
    known: set[str] = set()
    for record in records:
        if record.id in known:
            raise DescentError(
                f"The run '{record.name}' is named twice ({record.id}).", "Name another run."
            )
        known.add(record.id)


def same_examples(first: Predictions, second: Predictions) -> bool:
    """Both are of the same examples, by their rows, truth and names, in the same order."""
    return (
        np.array_equal(first.rows, second.rows)
        and np.array_equal(first.truth, second.truth)
        and first.names == second.names
    )


def check_same_examples(named: Sequence[tuple[str, Predictions]], metric: str) -> None:
    """Checks that runs predict the same of the same examples.

    Args:
        named: Runs by their names, with what each says.
        metric: By which they are judged.

    Raises:
        DatasetError: They do not, or one says no numbers.
    """
    first_name, first = named[0]
    if not metric:
        raise DatasetError(
            f"The run '{first_name}' has nothing to be judged by: which of its test examples are "
            "unusual is not known.",
            "Compare runs on data with labels.",
        )
    for name, other in named[1:]:
        if _key(first) != _key(other):
            raise DatasetError(
                "The runs predict different things. Received: "
                f"'{first_name}' predicts {_what(first)}; '{name}' predicts {_what(other)}.",
                "Compare runs of the same target.",
            )
        if not same_examples(first, other):
            n = len(np.intersect1d(first.rows, other.rows))
            raise DatasetError(
                f"The runs '{first_name}' and '{name}' were tested on different examples. "
                f"Received: {len(first):,} and {len(other):,} examples, {n:,} of them at the same "
                "rows.",
                _SAME,
            )
    for name, each in named:
        n_bad = int((~are_finite(each)).sum())
        if n_bad:
            raise DatasetError(
                f"The model of run '{name}' says no finite number of {n_bad:,} of {len(each):,} "
                "test examples: what is left would look better than it is.",
                "Leave the run out, or train it anew.",
            )


def check_measured(named: Sequence[tuple[str, bool]]) -> None:
    """Checks that there is a number to compare by.

    Args:
        named: Runs by their names, with whether their metric could be measured.

    Raises:
        DatasetError: There is none, as where all test examples are of one kind.
    """
    for name, is_known in named:
        if not is_known:
            raise DatasetError(
                f"The test part of run '{name}' does not tell what the run is judged by: it is "
                "too small, or all of its examples are alike.",
                "Compare runs with a larger test part.",
            )


def _key(found: Predictions) -> object:
    shape = found.truth.shape[1:]
    return found.task, found.output, found.target_name, found.class_names, shape


def _what(found: Predictions) -> str:
    text = f"'{found.target_name}' ({found.task.value}"
    if found.class_names:
        text += f", {len(found.class_names)} classes: {', '.join(found.class_names[:_SHOWN])}"
        text += ", …" if len(found.class_names) > _SHOWN else ""
    elif found.truth.ndim > 1 and found.truth.shape[1] > 1:
        text += f", {found.truth.shape[1]} values each"
    return f"{text})"
