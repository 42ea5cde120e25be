"""Which column is predicted where nobody said: the one that speaks for itself, else a question."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.datasets.folder_meaning import PART_FOLDERS
from engine.datasets.tables.table_schema import ColumnPlan
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Remedy, Trouble

SPEAKING: Final = ("target", "label", "labels", "class", "y")
"""Names that say of themselves that they are predicted."""
LIKELY: Final = (
    "species",
    "outcome",
    "diagnosis",
    "survived",
    "churn",
    "attrition",
    "default",
    "fraud",
    "price",
    "salary",
    "income",
    "sales",
    "revenue",
    "cost",
    "rating",
    "score",
    "grade",
    "quality",
    "status",
    "result",
    "output",
    "category",
)
"""Last words of names of columns that are often predicted, and often are not."""
MOST_OFFERED: Final = 5
_TYPES: Final = ("number", "category", "boolean")


@dataclass(frozen=True)
class TargetChoice:
    """The column that is predicted.

    Attributes:
        name: The column.
        why: What speaks for it; empty where someone named it.
        others: What else is likely, the likeliest first, each with what speaks for it.
        is_sure: There is no need to ask.
        together: Columns at the end that could be predicted together, as labels.
    """

    name: str
    why: str = ""
    others: tuple[tuple[str, str], ...] = ()
    is_sure: bool = True
    together: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What people should know of the choice; empty where someone named the column."""
        if not self.why:
            return ""
        text = f"No target was named, so '{self.name}' is predicted: {self.why}."
        if self.is_sure or not self.others:
            return text
        return f"{text} Also likely: {', '.join(name for name, _ in self.others)}."

    @property
    def findings(self) -> tuple[DataFinding, ...]:
        """The question, with the likely columns as remedies; nothing where the choice is sure."""
        if self.is_sure:
            return ()
        likely = ((self.name, self.why), *self.others)[:MOST_OFFERED]
        remedies = tuple(
            Remedy(f"Predict '{name}': {why}", {"data.target": name}) for name, why in likely
        )
        if self.together:
            label = f"Predict the last {len(self.together)} columns together, as labels: 0 or 1"
            remedies += (Remedy(label, {"data.target": ",".join(self.together)}),)
        text = (
            "Which column shall be predicted? None says of itself that it is the one; for now it "
            f"is '{self.name}'."
        )
        return (DataFinding(Trouble.QUESTION, self.name, text, remedies=remedies),)


def choose_target(
    target: str | None, plans: Mapping[str, ColumnPlan], file_name: str, has_header: bool = True
) -> TargetChoice:
    """The column to predict.

    Args:
        target: What someone said; None: nothing.
        plans: What each column is, by name.
        file_name: For messages.
        has_header: The names of the columns are the file's own.

    Raises:
        DatasetError: There is no such column, or none could be a target.
    """
    names = tuple(plans)
    listing = f"Columns: {', '.join(names)}."
    if len(names) == 1:
        raise DatasetError(
            f"'{file_name}' has only one column, '{names[0]}': nothing to predict it from.",
            "Separate the columns with commas, semicolons or tabs, or choose the delimiter.",
        )
    if target is None:
        return _suggested(plans, file_name, listing, has_header)
    if target in plans:
        return TargetChoice(target)
    lower = {name.lower(): name for name in names}
    nearest = difflib.get_close_matches(target.lower(), lower, n=1, cutoff=0.5)
    guess = f"Did you mean '{lower[nearest[0]]}'? " if nearest else ""
    raise DatasetError(f"'{file_name}' has no column '{target}'.", guess + listing)


def _suggested(
    plans: Mapping[str, ColumnPlan], file_name: str, listing: str, has_header: bool
) -> TargetChoice:
    able = [plan.name for plan in plans.values() if plan.type in _TYPES and not _divides(plan)]
    if not able:
        raise DatasetError(
            f"Which column of '{file_name}' is to be predicted? None holds numbers or categories.",
            listing,
        )
    speaking = [name for name in able if _plain(name) in SPEAKING]
    if len(speaking) == 1:
        return TargetChoice(speaking[0], "its name says so")
    classes = [name for name in able if plans[name].type != "number"]
    if not has_header and len(able) > 2 and classes == [able[-1]]:
        return TargetChoice(able[-1], "the last column, and the only one of classes")
    (name, why), *others = _ranked(able, speaking, plans)
    return TargetChoice(name, why, tuple(others), is_sure=len(able) == 1)


def _ranked(
    able: list[str], speaking: list[str], plans: Mapping[str, ColumnPlan]
) -> list[tuple[str, str]]:
    """Columns with what speaks for each, the likeliest first."""
    likely = sorted(
        (name for name in able if _last_word(name) in LIKELY),
        key=lambda name: LIKELY.index(_last_word(name)),
    )
    numbered = _numbered(able)
    alone = [name for name in able if name not in numbered]
    reasons: dict[str, str] = {}
    for names, why in (
        (speaking, "its name says so"),
        (likely, "columns of that name often are"),
        ([name for name in able[-1:] if name in alone], "the last column"),
        ([name for name in able if plans[name].type == "boolean"], "it has two values"),
        ([name for name in able[:1] if name in alone], "the first column"),
        ([name for name in able if plans[name].type == "category"], "it holds classes"),
        (alone, "it holds numbers"),
        (able, "it holds numbers"),
    ):
        for name in names:
            reasons.setdefault(name, why)
    return list(reasons.items())[:MOST_OFFERED]


def _numbered(names: list[str]) -> set[str]:
    """Those that are counted, such as ``item_01`` to ``item_27``: as a rule, what is known."""
    stems = Counter(name.rstrip("0123456789") for name in names)
    return {name for name in names if name[-1:].isdigit() and stems[name.rstrip("0123456789")] > 2}


def _divides(plan: ColumnPlan) -> bool:
    """It says which part of the data a row belongs to."""
    return bool(plan.values) and {value.strip().lower() for value in plan.values} <= set(
        PART_FOLDERS
    )


def _plain(name: str) -> str:
    return name.strip().lower()


def _last_word(name: str) -> str:
    """Of ``Sale_Price``, ``salePrice`` or ``sale price``: ``price``."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    return words[-1].lower() if words else ""
