"""Decides what each column of a table is, what is predicted, and what stands in for gaps."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.datasets.tables.cell_faults import Fault
from engine.datasets.tables.column_study import ColumnStudy
from engine.datasets.tables.date_offers import offered_form
from engine.datasets.tables.numbered_dates import MONTHLY, NUMBERED, WITH_CLOCK
from engine.datasets.tables.table_cells import (
    DATE_FORMS,
    GAP_WORDS,
    MISTAKE_SHARE,
    MOST_MARKS,
    YES_AND_NO,
    cell_number,
    fitting_forms,
    number,
    yes_no_pair,
)
from engine.datasets.tables.written_numbers import NumberStyle, written_number
from engine.errors import DatasetError
from engine.spec.parameters import shorten
from engine.spec.run_spec import ColumnSpec

MAX_CATEGORIES = 50
"""A column of text with more different values is left out unless it is made a category."""
MAX_CHOSEN_CATEGORIES = 1_000
INDICATOR_SHARE = 0.05
"""Above this share of gaps among numbers, that a value is missing becomes a feature of its own."""
MOST_MISTAKES = 0.5
"""No more of the cells than this share may hold something else where a type was chosen."""
_MAX_ID_LETTERS = 64
# What has three words or more on average says something, even where no two are the same.
_MIN_TEXT_SPACES = 2
_ID_NAME = re.compile(
    r"(^|[\s_.-])(id|uuid|guid|index|idx|key|row|nr|no|number)$|^(id|unnamed: 0)([\s_.-]|$)",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"[+-]?\d+(\s*[,;/|]\s*\d+)+")
_CAMEL_ID = re.compile(r"[a-z]I[dD]$")
NUMERIC = ("number", "date")
CATEGORICAL = ("category", "boolean")
USABLE = (*NUMERIC, *CATEGORICAL, "text")
# Free text has no middle and no most frequent value worth the name.
_TEXT_GAPS = ("zero", "indicator", "own_category", "drop_rows", "drop_column")


@dataclass(frozen=True)
class ColumnPlan:
    """What a column is, and what is made of it.

    Attributes:
        name: Its name.
        type: By the names of `engine.spec.run_spec.ColumnType`, decided.
        gaps: By the names of `engine.spec.run_spec.GapStrategy`, decided.
        constant: What fills gaps where the strategy is ``constant``.
        values: The categories in order; of yes and no, as the file writes them.
        form: How its dates are written.
        parts: What is made of its dates.
        words: Of free text, the words that are features; see `text_words`.
        unit: What it is cut into, ``word`` or ``character``.
        numbers: How its numbers are written, where the file as a whole does not say.
        is_grouped: Some could be fractions, but are read as thousands.
        n_missing: Cells that hold nothing, a word for that, or what does not fit.
        is_chosen: Someone said the type.
    """

    name: str
    type: str
    gaps: str = "auto"
    constant: float | str | None = None
    values: tuple[str, ...] = ()
    form: str = ""
    parts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    unit: str = "word"
    numbers: dict[str, Any] | None = None
    is_grouped: bool = False
    n_missing: int = 0
    is_chosen: bool = False

    def features(self) -> list[dict[str, Any]]:
        """The columns of x made of it, as JSON values, for `Examples.reading`."""
        common: dict[str, Any] = {"column": self.name, "type": self.type, "gaps": self.gaps}
        if self.constant is not None:
            common["constant"] = self.constant
        if self.type in CATEGORICAL:
            return [{"name": self.name, **common, "values": list(self.values)}]
        if self.type == "date":
            # That the date is missing need be said once.
            others = {"gaps": "median"} if self.gaps in ("indicator", "own_category") else {}
            return [
                {
                    "name": f"{self.name} ({part})",
                    **common,
                    **(others if place else {}),
                    "form": self.form,
                    "part": part,
                }
                for place, part in enumerate(self.parts)
            ]
        if self.type == "text":
            tells_gap = self.gaps in ("indicator", "own_category")
            return [
                {
                    "name": f"{self.name}: {word}",
                    **common,
                    "gaps": "zero" if place and tells_gap else self.gaps,
                    "word": word,
                    "unit": self.unit,
                }
                for place, word in enumerate(self.words)
            ]
        if self.numbers is not None:
            common["numbers"] = self.numbers
        if self.is_grouped:
            common["grouped"] = True
        return [{"name": self.name, **common}]


def plan_column(
    study: ColumnStudy, spec: ColumnSpec, gap_words: str, style: NumberStyle
) -> ColumnPlan:
    """Decides what a column is.

    Args:
        study: What was learnt of its cells.
        spec: What someone said of it.
        gap_words: By `TableParameters.gap_words`.
        style: How numbers are written in the file, as far as that was said.

    Raises:
        DatasetError: It cannot be what someone said, or the strategy for gaps does not fit.
    """
    kind = spec.type if spec.type != "auto" else detect(study, gap_words)
    plan = ColumnPlan(
        study.name,
        kind,
        numbers=study.style.to_dict() if study.style != style else None,
        is_grouped=study.marks.groups_open(study.style.decimal),
        n_missing=n_missing(study, kind, gap_words),
        is_chosen=spec.type != "auto",
    )
    if kind == "category":
        plan = replace(plan, values=_categories(study, gap_words))
    elif kind == "boolean":
        plan = replace(plan, values=_yes_and_no(study))
    elif kind == "date":
        form = study.date_forms[0] if study.date_forms else _nearest_form(study)
        plan = replace(plan, form=form, parts=_date_parts(study, form))
    if kind in USABLE:
        plan = _with_gaps(plan, spec, study.n_rows)
    return plan


def detect(study: ColumnStudy, gap_words: str) -> str:
    """The type of a column, by the names of `engine.spec.run_spec.ColumnType`."""
    n_known = study.n_rows - n_gaps(study, "number", gap_words)
    if not n_known:
        return "ignore"
    if is_numeric(study, n_known) and not _are_large_codes(study):
        is_named_id = study.is_whole and study.is_distinct and is_id_name(study.name)
        return "identifier" if is_named_id and n_known > 2 else "number"
    if study.date_forms:
        return "date"
    distinct = _distinct(study, "boolean", gap_words)
    if not study.is_overfull and yes_no_pair({value.lower() for value in distinct}):
        return "boolean"
    n_distinct = len(_distinct(study, "category", gap_words))
    if not study.is_overfull and n_distinct <= min(MAX_CATEGORIES, max(2, study.n_rows / 2)):
        return "category"
    is_short = study.n_letters <= _MAX_ID_LETTERS * study.n_given
    has_words = study.n_spaces >= _MIN_TEXT_SPACES * study.n_given
    return "identifier" if study.is_distinct and is_short and not has_words else "text"


def is_numeric(study: ColumnStudy, n_known: int) -> bool:
    """Whether a column holds numbers that stay what they are as numbers."""
    if not study.n_numbers or study.has_code or study.has_giant:
        return False
    are_powers = 2 * study.marks.n_powers > study.marks.n_numbers
    if are_powers and (study.faults.infinite.count or study.faults.large.count):
        return False  # codes such as 12E345
    n_wrong = study.faults.wrong.count
    return n_wrong <= MISTAKE_SHARE * n_known or (
        n_wrong <= MOST_MISTAKES * n_known and _are_measured(study)
    )


def _are_large_codes(study: ColumnStudy) -> bool:
    """Whole numbers that numbers of floating point do not tell apart, and that name something."""
    are_same = study.minimum >= study.maximum and study.n_distinct > 1
    is_few = not study.is_overfull and study.n_distinct <= min(
        MAX_CATEGORIES, max(2, study.n_rows / 2)
    )
    return study.has_inexact and (is_few or are_same)


def _are_measured(study: ColumnStudy) -> bool:
    """Whether a column holds more than codes, and a few words, such as `<0.5`, beside them."""
    if study.is_overfull or (study.is_whole and study.n_distinct <= MAX_CATEGORIES):
        return False
    others = others_than_numbers(study)
    # Numbers in another unit are no words, and lists of numbers, such as 1,23,4, are no marks.
    return len(others) <= MOST_MARKS and not any(
        written_number(cell) is not None or _NUMBERS.fullmatch(cell) for cell in others
    )


def others_than_numbers(study: ColumnStudy) -> list[str]:
    """The different cells of a column that are neither numbers nor gaps, as far as counted."""
    return [
        cell
        for cell in study.counts
        if cell.lower() not in GAP_WORDS and math.isnan(cell_number(cell, study.style))
    ]


def is_id_name(name: str) -> bool:
    """Whether a column is called like one that only names its rows."""
    return bool(_ID_NAME.search(name) or _CAMEL_ID.search(name))


def n_missing(study: ColumnStudy, kind: str, gap_words: str) -> int:
    """Cells of a column of this type that hold nothing, or what does not fit."""
    mistakes = {"number": study.faults.wrong, "date": study.no_dates}.get(kind, Fault())
    return n_gaps(study, kind, gap_words) + mistakes.count


def n_gaps(study: ColumnStudy, kind: str, gap_words: str) -> int:
    """Cells that hold nothing for a column of this type."""
    are_gaps = gap_words == "all" or (gap_words == "numbers" and kind in (*NUMERIC, "boolean"))
    return study.n_blank + (study.n_words if are_gaps else 0)


def _distinct(study: ColumnStudy, kind: str, gap_words: str) -> list[str]:
    are_gaps = gap_words == "all" or (gap_words == "numbers" and kind == "boolean")
    return [value for value in study.counts if not (are_gaps and value.lower() in GAP_WORDS)]


def _categories(study: ColumnStudy, gap_words: str) -> tuple[str, ...]:
    values = _distinct(study, "category", gap_words)
    if study.is_overfull or len(values) > MAX_CHOSEN_CATEGORIES:
        raise DatasetError(
            f"Column '{study.name}' holds too many different values for categories. "
            f"Received: {study.n_distinct:,}{' or more' if study.is_overfull else ''}.",
            f"Choose another type; up to {MAX_CHOSEN_CATEGORIES:,} can be told apart.",
        )
    return in_order(values)


def in_order(values: Sequence[str]) -> tuple[str, ...]:
    """Values in order: as numbers where all are, else by letters."""
    numbers = {value: number(value) for value in values}
    if all(found == found for found in numbers.values()):  # none is NaN
        return tuple(sorted(values, key=lambda value: (numbers[value], value)))
    return tuple(sorted(values))


def _yes_and_no(study: ColumnStudy) -> tuple[str, ...]:
    said: dict[int, tuple[int, str]] = {}
    for value, count in study.counts.items():
        meaning = YES_AND_NO.get(value.lower())
        if meaning is not None:
            said[meaning] = max(said.get(meaning, (0, "")), (count, value))
    return said.get(0, (0, "no"))[1], said.get(1, (0, "yes"))[1]


def _date_parts(study: ColumnStudy, form: str) -> tuple[str, ...]:
    if form in MONTHLY:
        return ("year", "month", "days")
    has_hours = any(":" in value for value in list(study.counts)[:100]) or study.is_overfull
    if form in NUMBERED:
        has_hours = form in WITH_CLOCK
    return ("year", "month", "day", "weekday", *(("hour",) if has_hours else ()), "days")


def _nearest_form(study: ColumnStudy) -> str:
    if form := offered_form(study):
        return form
    for value in list(study.counts)[:20]:
        forms = fitting_forms([value], DATE_FORMS)
        if forms:
            return forms[0]
    return DATE_FORMS[0]


def _with_gaps(plan: ColumnPlan, spec: ColumnSpec, n_rows: int) -> ColumnPlan:
    strategy, constant = spec.gaps, spec.constant
    is_categorical = plan.type in CATEGORICAL
    if plan.type == "text":
        if strategy == "auto":
            return replace(plan, gaps="zero")
        if strategy in _TEXT_GAPS:
            return replace(plan, gaps=strategy)
        raise DatasetError(
            f"Gaps in column '{plan.name}', which holds free text, cannot be filled this way. "
            f"Received: {strategy}.",
            f"Choose one of {', '.join(_TEXT_GAPS)}.",
        )
    if strategy == "auto" and is_categorical:
        strategy = "own_category" if plan.n_missing else "most_frequent"
    elif strategy == "auto":
        strategy = "indicator" if plan.n_missing > INDICATOR_SHARE * n_rows else "median"
    if is_categorical and strategy in ("mean", "median"):
        raise DatasetError(
            f"Column '{plan.name}' holds categories, which have no {strategy}.",
            "Fill its gaps with the most frequent value, or give them a category of their own.",
        )
    if strategy != "constant":
        return replace(plan, gaps=strategy)
    if constant is None:
        raise DatasetError(
            f"The gaps of column '{plan.name}' are to be filled with a constant. Received: none.",
            "Give the constant, or choose another strategy.",
        )
    if not is_categorical:
        value = number(str(constant))
        if not abs(value) < float("inf"):
            raise DatasetError(
                f"Gaps in column '{plan.name}' must be filled with a number. "
                f"Received: {shorten(constant)}.",
                "Give a number, or choose another strategy.",
            )
        return replace(plan, gaps=strategy, constant=value)
    text = f"{constant:.15g}" if isinstance(constant, float) else str(constant)
    values = plan.values
    if plan.type == "boolean" and text not in values:
        raise DatasetError(
            f"Gaps in column '{plan.name}' must be filled with one of its values. "
            f"Received: {shorten(text)}.",
            f"Known: {', '.join(values)}.",
        )
    if text not in values:
        values = in_order([*values, text])
    return replace(plan, gaps=strategy, constant=text, values=values)
