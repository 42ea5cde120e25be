"""What is wrong with a table, column by column, with remedies; and what its columns look like."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Rows
from engine.datasets.summaries import histogram
from engine.datasets.tables.column_study import ColumnStudy
from engine.datasets.tables.table_cells import GAP_WORDS, is_order_open
from engine.datasets.tables.table_passes import EncodedTable
from engine.datasets.tables.table_schema import (
    CATEGORICAL,
    MAX_CHOSEN_CATEGORIES,
    NUMERIC,
    ColumnPlan,
)
from engine.datasets.tables.table_source import FloatArray
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.events.profile import ColumnProfile
from engine.spec.formatting import percent_text

_BINS = 20
_SHOWN_VALUES = 20
_LEAK_ROWS = 20_000
# Rows in the order of time: hardly any two at the same time, and not just a handful.
_ORDERED_MIN_ROWS, _ORDERED_SHARE = 20, 0.5
_LEAK_MIN_ROWS = 20
_LEAK_BINS = 50
# A column that alone tells this share of the target is suspected of being made from it.
_LEAK_SHARE = 0.99
_LEAK_CORRELATION = 0.999
_IMBALANCE = 10
_RARE = 10


def column_findings(
    plans: Mapping[str, ColumnPlan],
    studies: Mapping[str, ColumnStudy],
    used: Sequence[str],
    target: str,
    gap_words: str,
) -> list[DataFinding]:
    """What is wrong with single columns, in their order; `used` holds the target as well."""
    found: list[DataFinding] = []
    for name, plan in plans.items():
        study = studies[name]
        if name in used:
            found += _missing(plan, study, name == target)
            found += _gap_words(plan, study, gap_words)
            found += _understood(plan, study)
        elif not plan.is_chosen:
            found += _left_out(plan, study)
    return found


def _ignore(name: str) -> Remedy:
    return Remedy("Leave the column out", {("data", "columns", name, "type"): "ignore"})


def _typed(label: str, name: str, kind: str) -> Remedy:
    return Remedy(label, {("data", "columns", name, "type"): kind})


_FILLED: dict[str, str] = {
    "zero": "count as 0",
    "constant": "are filled with a constant",
    "mean": "are filled with the mean",
    "median": "are filled with the median",
    "most_frequent": "are filled with the most frequent value",
    "own_category": "are a category of their own",
    "indicator": "are filled, and a feature says where",
    "drop_rows": "take their rows out",
}


def _missing(plan: ColumnPlan, study: ColumnStudy, is_target: bool) -> list[DataFinding]:
    if not plan.n_missing:
        return []
    share = plan.n_missing / study.n_rows
    text = (
        f"{plan.n_missing:,} of {study.n_rows:,} cells of '{plan.name}' are missing "
        f"({percent_text(share, 1)}); they {_FILLED.get(plan.gaps, 'are filled')}."
    )
    field = ("data", "columns", plan.name, "gaps")
    remedies: tuple[Remedy, ...] = (
        Remedy("Leave these rows out", {field: "drop_rows"}),
        Remedy("Leave the column out", {field: "drop_column"}),
    )
    if is_target or plan.gaps == "drop_rows":
        remedies = () if is_target else remedies[1:]
    return [DataFinding(Trouble.MISSING, plan.name, text, (), plan.n_missing, remedies)]


def _gap_words(plan: ColumnPlan, study: ColumnStudy, gap_words: str) -> list[DataFinding]:
    if plan.type != "category" or not study.n_words or gap_words == "all":
        return []
    words = tuple(value for value in plan.values if value.lower() in GAP_WORDS)
    text = (
        f"'{plan.name}' holds {', '.join(repr(word) for word in words[:5])} in "
        f"{study.n_words:,} cells. It is taken as text, as Namibia's code is."
    )
    remedy = Remedy("Take such words as gaps", {"data.parameters.gap_words": "all"})
    return [DataFinding(Trouble.UNDERSTOOD, plan.name, text, words, study.n_words, (remedy,))]


def _understood(plan: ColumnPlan, study: ColumnStudy) -> list[DataFinding]:
    name = plan.name
    if plan.type == "date" and is_order_open(study.forms):
        is_day_first = plan.form.startswith("%d")
        order, other = ("day", "month") if is_day_first else ("month", "day")
        text = f"The dates in '{name}' could have the day or the month first; it is the {order}."
        remedy = Remedy(f"The {other} comes first", {"data.parameters.dates": f"{other} first"})
        return [DataFinding(Trouble.UNDERSTOOD, name, text, remedies=(remedy,))]
    if plan.type == "text" and plan.words:
        units = "words" if plan.unit == "word" else "characters"
        text = (
            f"'{name}' holds free text. Which of its {len(plan.words):,} most frequent {units} a "
            "text holds are features."
        )
        return [DataFinding(Trouble.UNDERSTOOD, name, text, remedies=(_ignore(name),))]
    if plan.type == "number" and study.start is not None and study.n_rows >= _LEAK_MIN_ROWS:
        text = f"'{name}' counts the rows. If that is all it does, the model should not see it."
        return [DataFinding(Trouble.UNDERSTOOD, name, text, remedies=(_ignore(name),))]
    return []


def _left_out(plan: ColumnPlan, study: ColumnStudy) -> list[DataFinding]:
    name, n_distinct = plan.name, study.n_distinct
    at_least = " or more" if study.is_overfull else ""
    if plan.type == "ignore":
        text = f"Column '{name}' is empty and was left out."
        return [DataFinding(Trouble.CONSTANT, name, text, count=study.n_rows)]
    if plan.gaps == "drop_column":
        text = f"Column '{name}' was left out because of its gaps."
        return [DataFinding(Trouble.LEFT_OUT, name, text, count=plan.n_missing)]
    is_number = study.n_numbers == study.n_given and not (study.has_giant or study.has_code)
    if plan.type == "identifier" and is_number:
        text = f"Column '{name}' only numbers the rows, by its name and values, and was left out."
        remedies: tuple[Remedy, ...] = (_typed("Use it as a number", name, "number"),)
        return [DataFinding(Trouble.LEFT_OUT, name, text, remedies=remedies)]
    if plan.type == "identifier" or (plan.type == "text" and not plan.words):
        text = f"Column '{name}' holds {n_distinct:,}{at_least} different texts and was left out."
        is_few = not study.is_overfull and n_distinct <= MAX_CHOSEN_CATEGORIES
        remedies = (_typed("Use it as categories", name, "category"),) if is_few else ()
        if plan.type == "identifier":
            remedies += (_typed("Use its words", name, "text"),)
        return [DataFinding(Trouble.LEFT_OUT, name, text, count=n_distinct, remedies=remedies)]
    if is_constant(plan, study):
        text = f"Column '{name}' never varies and was left out."
        return [DataFinding(Trouble.CONSTANT, name, text, count=study.n_rows)]
    return []


def is_constant(plan: ColumnPlan, study: ColumnStudy) -> bool:
    """Whether a column holds one value only; a gap counts as one among categories."""
    if plan.type == "number":
        return study.minimum >= study.maximum
    if plan.type == "date":
        return study.n_distinct - (1 if study.n_words else 0) <= 1
    if plan.type == "category":
        return len(plan.values) + (plan.n_missing > 0) <= 1
    return False


# ---- whole rows, classes


def row_findings(
    encoded: EncodedTable, class_names: Sequence[str], y: npt.NDArray[np.generic], line_word: str
) -> list[DataFinding]:
    """Copies of rows, classes that are rare."""
    found: list[DataFinding] = []
    if len(encoded.copies):
        count = len(encoded.copies)
        places = encoded.copies[:MAX_NAMES]
        names = tuple(f"{line_word} {line}" for line in _lines(encoded, places))
        text = (
            f"{count:,} of {len(encoded.y):,} rows equal an earlier one in every column that is "
            "used."
        )
        remedies = (Remedy("Leave the copies out", {"data.parameters.duplicates": "drop"}),)
        found.append(DataFinding(Trouble.DUPLICATE, "", text, names, count, remedies))
    if class_names:
        counts = np.bincount(y.astype(np.int64), minlength=len(class_names))
        found += _imbalance(counts, class_names)
        found += _rare(counts, class_names, y, encoded, line_word)
    return found


def _lines(encoded: EncodedTable, places: npt.NDArray[np.int64]) -> list[int]:
    return encoded.lines[places].tolist() if len(encoded.lines) else []


def _imbalance(counts: npt.NDArray[np.int64], class_names: Sequence[str]) -> list[DataFinding]:
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] < _IMBALANCE * max(1, counts[least]):
        return []
    text = (
        f"'{class_names[most]}' has {counts[most]:,} examples, '{class_names[least]}' "
        f"{counts[least]:,}: a model may learn to say the frequent one always."
    )
    remedy = Remedy("Let all classes count the same", {"training.class_weights": "balanced"})
    return [DataFinding(Trouble.IMBALANCE, "", text, remedies=(remedy,))]


def _rare(
    counts: npt.NDArray[np.int64],
    class_names: Sequence[str],
    y: npt.NDArray[np.generic],
    encoded: EncodedTable,
    line_word: str,
) -> list[DataFinding]:
    rare = np.flatnonzero(counts < _RARE)
    if not len(rare) or len(y) < _RARE * len(counts):
        return []
    names = tuple(f"{class_names[index]}: {counts[index]}" for index in rare[:MAX_NAMES])
    text = f"{len(rare)} of {len(counts)} classes have fewer than {_RARE} examples to learn from."
    places = np.flatnonzero(np.isin(y, rare))
    lines = tuple(f"{line_word} {line}" for line in _lines(encoded, places))
    remedies: tuple[Remedy, ...] = ()
    if lines and len(counts) - len(rare) >= 2:
        remedies = (Remedy("Leave their rows out", {"data.exclude": lines}),)
    return [DataFinding(Trouble.IMBALANCE, "", text, names, len(rare), remedies)]


# ---- leaks


def time_findings(features: Sequence[Mapping[str, object]], x: Rows) -> list[DataFinding]:
    """A column of times along which the rows are ordered: then the future should be tested.

    Told from the first 20,000 rows.

    Args:
        features: One per column of x, as `ColumnPlan.features` returns them.
        x: (rows, columns of x).
    """
    for index, feature in enumerate(features):
        if feature.get("part") != "days":
            continue
        days = x[:_LEAK_ROWS][:, index]
        steps = np.diff(days[~np.isnan(days)])
        is_ordered = len(steps) >= _ORDERED_MIN_ROWS and (steps >= 0).all()
        if is_ordered and (steps > 0).mean() > _ORDERED_SHARE:
            name = str(feature["column"])
            text = (
                f"The rows are in the order of '{name}'. Drawn at random, the training part holds "
                "the days around those that are tested, and results look better than they are."
            )
            remedies = (
                Remedy("Divide by time", {"split.method": "time", "split.column": name}),
                Remedy("Read it as a series", {"data.format": "series"}),
            )
            return [DataFinding(Trouble.ACROSS_PARTS, name, text, remedies=remedies)]
    return []


def leak_findings(
    features: Sequence[Mapping[str, object]],
    x: Rows,
    y: npt.NDArray[np.generic],
    n_classes: int,
    target_name: str,
) -> list[DataFinding]:
    """Columns that alone tell the target, from at most 20,000 rows drawn evenly.

    Args:
        features: One per column of x, as `ColumnPlan.features` returns them.
        x: (rows, columns of x).
        y: (rows,).
        n_classes: 0 for regression.
        target_name: Of the target.
    """
    if len(y) < _LEAK_MIN_ROWS:
        return []
    places = np.unique(np.linspace(0, len(y) - 1, min(len(y), _LEAK_ROWS)).astype(np.int64))
    rows, truth = x[places], y[places].astype(np.float64)
    found: list[DataFinding] = []
    suspected: set[str] = set()
    for index, feature in enumerate(features):
        name = str(feature["column"])
        values = rows[:, index]
        is_category = feature["type"] in CATEGORICAL
        if n_classes:
            share = _predicted_classes(values, truth, is_category, n_classes)
            is_leak = share >= _LEAK_SHARE
            words = f"tells the class of {percent_text(share, 1)} of the rows"
        else:
            share = _predicted_numbers(values, truth, is_category)
            is_leak = share > _LEAK_CORRELATION
            words = f"agrees with it almost perfectly (correlation {share:.4f})"
        if is_leak and name not in suspected:
            suspected.add(name)
            text = (
                f"'{name}' alone {words}. If it is known only once '{target_name}' is, the model "
                "learns nothing of use."
            )
            found.append(DataFinding(Trouble.LEAK, name, text, remedies=(_ignore(name),)))
    return found


def _predicted_classes(
    values: FloatArray, classes: FloatArray, is_category: bool, n_classes: int
) -> float:
    """Share of the rows whose class is the most frequent one for their value; 0: too few rows."""
    known = ~np.isnan(values)
    distinct, place = np.unique(values[known], return_inverse=True)
    if len(distinct) > _LEAK_BINS and not is_category:
        edges = np.quantile(values[known], np.linspace(0, 1, _LEAK_BINS + 1)[1:-1])
        place = np.searchsorted(edges, values[known], side="right")
    n_bins = int(place.max()) + 1 if len(place) else 0
    # With few rows for each value, agreement is chance.
    if known.sum() < max(_LEAK_MIN_ROWS, 5 * n_bins) or known.mean() < 0.5:
        return 0.0
    table = np.zeros((n_bins, n_classes))
    np.add.at(table, (place, classes[known].astype(np.int64)), 1)
    return float(table.max(axis=1).sum() / known.sum())


def _predicted_numbers(values: FloatArray, truth: FloatArray, is_category: bool) -> float:
    """Absolute correlation of a column with numbers; of categories, that of their means."""
    known = ~np.isnan(values)
    if known.sum() < _LEAK_MIN_ROWS or known.mean() < 0.5:
        return 0.0
    values, truth = values[known], truth[known]
    if is_category:
        distinct, place = np.unique(values, return_inverse=True)
        if len(values) < 5 * len(distinct):
            return 0.0
        values = (np.bincount(place, truth) / np.bincount(place))[place]
    deviations = values.std() * truth.std()
    if deviations == 0 or not math.isfinite(deviations):
        return 0.0
    covariance = float(((values - values.mean()) * (truth - truth.mean())).mean())
    return abs(covariance) / float(deviations)


# ---- what columns look like


def column_profiles(
    plans: Mapping[str, ColumnPlan],
    studies: Mapping[str, ColumnStudy],
    used: Sequence[str],
    target: str,
) -> tuple[ColumnProfile, ...]:
    """Every column of the file in its order, the target last."""
    names = [*(name for name in plans if name != target), target]
    return tuple(_profile(plans[name], studies[name], name in used) for name in names)


def _profile(plan: ColumnPlan, study: ColumnStudy, is_used: bool) -> ColumnProfile:
    values: tuple[tuple[str, int], ...] = ()
    if plan.type not in NUMERIC:
        frequent = sorted(study.counts.items(), key=lambda item: (-item[1], item[0]))
        values = tuple(frequent[:_SHOWN_VALUES])
    has_numbers = plan.type == "number" and study.sample and study.minimum <= study.maximum
    shares = np.zeros(0, np.int64)
    nan = math.nan
    if has_numbers:
        counts, _ = histogram(np.array(study.sample), _BINS, (study.minimum, study.maximum))
        shares = np.rint(counts * (study.n_numbers / len(study.sample))).astype(np.int64)
    return ColumnProfile(
        name=plan.name,
        minimum=study.minimum if has_numbers else nan,
        maximum=study.maximum if has_numbers else nan,
        mean=study.mean if has_numbers else nan,
        deviation=study.deviation if has_numbers else nan,
        histogram=shares,
        type=plan.type,
        n_missing=plan.n_missing,
        n_distinct=study.n_distinct,
        values=values,
        gaps=plan.gaps,
        is_used=is_used,
    )
