"""Candidates: the groups that attributes make: one for each value, or for ranges of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.inference.evaluation.predictions import Predictions
from engine.inference.groups.attributes import Attribute

MAX_VALUES = 50
"""Of values of a column those that occur most often are looked at."""
_FEW_NUMBERS = 10
_LONGEST = 40
_QUARTERS, _TAILS = (0.25, 0.5, 0.75), (0.1, 0.9)

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A group that may be looked at.

    Attributes:
        where: What they have in common, in words.
        column: What they were grouped by.
        value: Its value, or range, in words.
        places: Who belongs to it, by place in the part, (n,).
        is_said: By a value that stands in the data, not by a range and not by a measurement.
    """

    where: str
    column: str
    value: str
    places: Places
    is_said: bool


def candidates_of(attribute: Attribute, smallest: int) -> Iterator[Candidate]:
    """The groups of an attribute that are large enough, and not nearly everything."""
    n = len(attribute.values)
    for found in _groups(attribute):
        if smallest <= len(found.places) <= n - smallest:
            yield found


def _groups(attribute: Attribute) -> Iterator[Candidate]:
    values = attribute.values
    if values.dtype == object:
        yield from _by_value(attribute, values, values == "")
        return
    is_known = np.isfinite(values)
    known = values[is_known]
    if not len(known):
        return
    if len(np.unique(known[:10_000])) <= _FEW_NUMBERS and len(np.unique(known)) <= _FEW_NUMBERS:
        yield from _by_value(attribute, values, ~is_known)
        return
    if not attribute.is_measured:
        yield from _missing(attribute, ~is_known)
    yield from _by_range(attribute, values, known)


def _missing(attribute: Attribute, is_missing: AnyArray) -> Iterator[Candidate]:
    where = f"{attribute.column} is missing"
    yield Candidate(where, attribute.column, "missing", np.flatnonzero(is_missing), True)


def _by_value(attribute: Attribute, values: AnyArray, is_missing: AnyArray) -> Iterator[Candidate]:
    if not attribute.is_measured:
        yield from _missing(attribute, is_missing)
    found, own, counts = np.unique(values[~is_missing], return_inverse=True, return_counts=True)
    if len(found) < 2:
        return
    places = np.flatnonzero(~is_missing)
    for index in np.argsort(-counts, kind="stable")[:MAX_VALUES]:
        value = found[index]
        text = _short(value) if isinstance(value, str) else number_text(float(value))
        where = attribute.form.format(column=attribute.column, value=text)
        said = not attribute.is_measured
        yield Candidate(where, attribute.column, text, places[own == index], said)


def _by_range(attribute: Attribute, values: AnyArray, known: AnyArray) -> Iterator[Candidate]:
    """Quarters, and the lowest and the highest tenth."""
    name = attribute.column
    low, middle, high = (float(cut) for cut in np.quantile(known, _QUARTERS))
    lowest, highest = (float(cut) for cut in np.quantile(known, _TAILS))
    for begin, end in (
        (None, lowest),
        (None, low),
        (low, middle),
        (middle, high),
        (high, None),
        (highest, None),
    ):
        inside = np.isfinite(values)
        if begin is not None:
            inside = inside & (values > begin)
        if end is not None:
            inside = inside & (values <= end)
        text = _range_text(begin, end)
        yield Candidate(f"{name} {text}", name, text, np.flatnonzero(inside), False)


def _range_text(begin: float | None, end: float | None) -> str:
    if begin is None:
        assert end is not None
        return f"at most {number_text(end)}"
    if end is None:
        return f"above {number_text(begin)}"
    return f"above {number_text(begin)} up to {number_text(end)}"


def _short(text: str) -> str:
    """A value of a column on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def number_text(value: float) -> str:
    """A number in four digits; whole ones in full."""
    if value == round(value) and abs(value) < 1e7:
        return f"{value:.0f}"
    return f"{value:.4g}"


def class_candidates(predictions: Predictions, smallest: int) -> tuple[list[Candidate], int]:
    """Groups by what is true: each class, and each pair that is mostly taken for each other.

    Returns:
        The groups, and how many there could have been: pairs that are not confused count as well,
        for they were looked at.
    """
    truth, names = predictions.truth, predictions.class_names
    n_classes, target = len(names), predictions.target_name
    counts = np.bincount(truth, minlength=n_classes)
    large = [index for index in range(n_classes) if smallest <= counts[index] < len(truth)]
    found = [
        Candidate(f"{target} = {names[k]}", target, names[k], np.flatnonzero(truth == k), True)
        for k in large
    ]
    if n_classes < 3:
        return found, len(found)
    predicted = predictions.predicted
    wrong = np.flatnonzero(truth != predicted)
    codes = np.sort(np.stack([truth[wrong], predicted[wrong]]), axis=0)
    pairs, n_confused = np.unique(codes[0] * n_classes + codes[1], return_counts=True)
    errors = np.bincount(truth[wrong], minlength=n_classes)
    for pair, n in zip(pairs.tolist(), n_confused.tolist(), strict=True):
        first, second = divmod(pair, n_classes)
        total = counts[first] + counts[second]
        if total < smallest or total == len(truth):
            continue
        if 2 * n < errors[first] + errors[second]:
            continue
        value = f"{names[first]} or {names[second]}"
        places = np.flatnonzero((truth == first) | (truth == second))
        found.append(Candidate(f"{target} = {value}", target, value, places, True))
    n_possible = len(large) + n_classes * (n_classes - 1) // 2
    return found, max(len(found), n_possible)
