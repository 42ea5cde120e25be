"""What is wrong with a table, column by column, with remedies; and what its columns look like."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from engine.datasets.folder_meaning import one_spelling
from engine.datasets.label_sets import label_findings
from engine.datasets.summaries import histogram
from engine.datasets.tables.column_study import ColumnStudy
from engine.datasets.tables.date_offers import date_offer
from engine.datasets.tables.missing_codes import code_finding
from engine.datasets.tables.number_findings import mistakes, no_numbers, notation
from engine.datasets.tables.table_cells import (
    CENTURY,
    GAP_WORDS,
    MISSING_LABELS,
    is_order_open,
)
from engine.datasets.tables.table_passes import EncodedTable
from engine.datasets.tables.table_schema import (
    MAX_CHOSEN_CATEGORIES,
    NUMERIC,
    ColumnPlan,
)
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.events.profile import ColumnProfile
from engine.spec.formatting import percent_text

_BINS = 20
_SHOWN_VALUES = 20
_MIN_COUNTED_ROWS = 20
_IMBALANCE = 10
_RARE = 10


def column_findings(
    plans: Mapping[str, ColumnPlan],
    studies: Mapping[str, ColumnStudy],
    used: Sequence[str],
    targets: Sequence[str],
    gap_words: str,
    line_word: str = "line",
) -> list[DataFinding]:
    """What is wrong with single columns, in their order; `used` holds the targets as well."""
    found: list[DataFinding] = []
    for name, plan in plans.items():
        study = studies[name]
        if name in used:
            found += _missing(plan, study, name in targets, gap_words)
            found += mistakes(plan, study, line_word)
            found += _gap_words(plan, study, gap_words)
            found += notation(plan, study)
            found += _codes(plan, study)
            found += _spellings(plan, study) if name not in targets else ()
            found += _understood(plan, study)
        elif not plan.is_chosen:
            found += _left_out(plan, study)
        if not plan.is_chosen:
            found += no_numbers(plan, study)
        if not plan.is_chosen and name not in targets:
            found += date_offer(name, plan.type, study)
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


def _missing(
    plan: ColumnPlan, study: ColumnStudy, is_target: bool, gap_words: str
) -> list[DataFinding]:
    if not plan.n_missing:
        return []
    share = plan.n_missing / study.n_rows
    text = (
        f"{plan.n_missing:,} of {study.n_rows:,} cells of '{plan.name}' are missing "
        f"({percent_text(share, 1)}); they {_FILLED.get(plan.gaps, 'are filled')}."
    )
    words = _words_for_gaps(plan, study, is_target, gap_words)
    field = ("data", "columns", plan.name, "gaps")
    remedies: tuple[Remedy, ...] = (
        Remedy("Leave these rows out", {field: "drop_rows"}),
        Remedy("Leave the column out", {field: "drop_column"}),
    )
    if is_target or plan.gaps == "drop_rows":
        remedies = () if is_target else remedies[1:]
    if is_target and words and plan.type == "category":
        remedies = (Remedy("Take such words as classes", {"data.parameters.gap_words": "none"}),)
    return [DataFinding(Trouble.MISSING, plan.name, text, words, plan.n_missing, remedies)]


def _words_for_gaps(
    plan: ColumnPlan, study: ColumnStudy, is_target: bool, gap_words: str
) -> tuple[str, ...]:
    """The words that mean in a column that a value is missing, and how often each does."""
    if gap_words == "none" or (plan.type in ("category", "text") and not is_target):
        return ()
    are_labels = plan.type == "category" and gap_words != "all"
    known = MISSING_LABELS if are_labels else GAP_WORDS
    words = [(word, n) for word, n in study.counts.items() if word.lower() in known]
    return tuple(f"'{word}': {n:,}" for word, n in words[:_SHOWN_VALUES])


def _codes(plan: ColumnPlan, study: ColumnStudy) -> tuple[DataFinding, ...]:
    """Asks whether a number such as -999 stands for a missing value."""
    if plan.type != "number" or not study.sample:
        return ()
    return code_finding(plan.name, np.array(study.sample))


def _spellings(plan: ColumnPlan, study: ColumnStudy) -> tuple[DataFinding, ...]:
    """Says which categories differ in capitals or blanks alone: the model sees them as others."""
    if plan.type != "category" or study.is_overfull:
        return ()
    alike: dict[str, list[str]] = {}
    for value, taken in sorted(one_spelling(study.counts).items()):
        alike.setdefault(taken, []).append(value)
    if not alike:
        return ()
    names = tuple(" = ".join(map(repr, group)) for group in alike.values())
    text = (
        f"Values of '{plan.name}' differ in capitals or blanks alone, and are categories of their "
        f"own: {'; '.join(names[:5])}. Write them alike where they mean the same."
    )
    return (DataFinding(Trouble.UNDERSTOOD, plan.name, text, names[:MAX_NAMES], len(names)),)


def _gap_words(plan: ColumnPlan, study: ColumnStudy, gap_words: str) -> list[DataFinding]:
    words = tuple(value for value in plan.values if value.lower() in GAP_WORDS)
    if plan.type != "category" or not words or gap_words == "all":
        return []
    count = sum(study.counts.get(word, 0) for word in words)
    text = (
        f"'{plan.name}' holds {', '.join(repr(word) for word in words[:5])} in "
        f"{count:,} cells. It is taken as text, as Namibia's code is."
    )
    remedy = Remedy("Take such words as gaps", {"data.parameters.gap_words": "all"})
    return [DataFinding(Trouble.UNDERSTOOD, plan.name, text, words, count, (remedy,))]


def _understood(plan: ColumnPlan, study: ColumnStudy) -> list[DataFinding]:
    name = plan.name
    if plan.type == "date" and is_order_open(study.date_forms):
        is_day_first = plan.form.startswith("%d")
        order, other = ("day", "month") if is_day_first else ("month", "day")
        text = f"The dates in '{name}' could have the day or the month first; it is the {order}."
        remedy = Remedy(f"The {other} comes first", {"data.parameters.dates": f"{other} first"})
        found = [DataFinding(Trouble.UNDERSTOOD, name, text, remedies=(remedy,))]
        return [*found, *_century(plan)]
    if plan.type == "date":
        return _century(plan)
    if plan.type == "text" and plan.words:
        units = "words" if plan.unit == "word" else "characters"
        text = (
            f"'{name}' holds free text. Which of its {len(plan.words):,} most frequent {units} a "
            "text holds are features."
        )
        return [DataFinding(Trouble.UNDERSTOOD, name, text, remedies=(_ignore(name),))]
    if plan.type == "number" and study.start is not None and study.n_rows >= _MIN_COUNTED_ROWS:
        text = f"'{name}' counts the rows. If that is all it does, the model should not see it."
        return [DataFinding(Trouble.UNDERSTOOD, name, text, remedies=(_ignore(name),))]
    return []


def _century(plan: ColumnPlan) -> list[DataFinding]:
    """Says of years of two digits which they are."""
    if "%y" not in plan.form:
        return []
    text = f"Years of two digits in '{plan.name}' are read as {CENTURY}."
    return [DataFinding(Trouble.UNDERSTOOD, plan.name, text)]


def _left_out(plan: ColumnPlan, study: ColumnStudy) -> list[DataFinding]:
    name, n_distinct = plan.name, study.n_distinct
    at_least = " or more" if study.is_overfull else ""
    if plan.type == "ignore":
        text = f"Column '{name}' is empty and was left out."
        return [DataFinding(Trouble.CONSTANT, name, text, count=study.n_rows)]
    if plan.gaps == "drop_column":
        text = f"Column '{name}' was left out because of its gaps."
        return [DataFinding(Trouble.LEFT_OUT, name, text, count=plan.n_missing)]
    is_code = study.has_giant or study.has_code or study.faults.infinite.count
    is_number = study.n_numbers == study.n_given and not is_code
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
    if y.ndim > 1:
        found += label_findings(y.astype(np.uint8), class_names)
    elif class_names:
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
        n_rows=study.n_rows,
        decimal=_decimal(study),
    )


def _decimal(study: ColumnStudy) -> str:
    """The decimal sign of a column where its cells show one, or could."""
    marks = study.marks
    shows = marks.n_point or marks.n_comma or marks.n_open or marks.groupings
    if marks.is_typed or not shows or 2 * marks.n_numbers <= study.n_given - study.n_words:
        return ""
    return "comma" if study.style.decimal == "," else "point"
