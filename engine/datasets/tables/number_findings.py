"""What to say of a column's numbers: how they were understood, and cells that hold none."""

from __future__ import annotations

from engine.datasets.tables.column_study import ColumnStudy
from engine.datasets.tables.number_marks import NumberMarks, Reason
from engine.datasets.tables.table_cells import cell_number
from engine.datasets.tables.table_schema import (
    MAX_CHOSEN_CATEGORIES,
    ColumnPlan,
    others_than_numbers,
)
from engine.datasets.tables.written_numbers import NumberStyle
from engine.events.findings import DataFinding, Remedy, Trouble

_SHOWN = 5
_GROUPS = {" ": "a blank", "'": "an apostrophe", ",": "the comma", ".": "the point"}
_WORDS = {".": "point", ",": "comma"}
_WHY = {
    Reason.ASKED: "as was asked for",
    Reason.CELLS: "as the other numbers of the column show",
    Reason.BOTH: "as in most numbers of the column",
    Reason.TABLE: "as in the other columns",
    Reason.VALUES: "by the column's other values",
    Reason.DELIMITER: "as far as one can tell",
}


def notation(plan: ColumnPlan, study: ColumnStudy) -> list[DataFinding]:
    """How the numbers of a column were understood, where that could surprise."""
    if plan.type != "number":
        return []
    marks, style = study.marks, study.style
    parts = [*_separators(study), *_unit(marks, style)]
    if marks.n_accounting and style.accounting:
        parts.append(f"{_meaning(marks.examples['accounting'], style)}, below 0.")
    if not parts:
        return []
    text = f"The numbers of '{plan.name}': {' '.join(parts)}"
    remedies = (*_other_sign(plan, marks, style), *_as_categories(plan, study, marks))
    return [DataFinding(Trouble.UNDERSTOOD, plan.name, text, remedies=remedies)]


def _meaning(cells: list[str], style: NumberStyle) -> str:
    cell = next((c for c in cells if cell_number(c, style) == cell_number(c, style)), cells[0])
    return f"'{cell}' is {cell_number(cell, style):.15g}"


def _separators(study: ColumnStudy) -> list[str]:
    marks, style, reason = study.marks, study.style, Reason(study.reason)
    parts = []
    if reason is Reason.BOTH:
        kinds = [marks.examples[sort][0] for sort in ("point", "comma")]
        parts.append(f"both signs are decimal signs, as in '{kinds[0]}' and '{kinds[1]}'.")
    is_sure = reason in (Reason.CELLS, Reason.TABLE)
    groups = (style.decimal == "," and marks.n_open_point) or (
        style.decimal == "." and (marks.n_open_comma)
    )
    if marks.n_open and (groups or not is_sure):
        sign = _sign_in(marks)
        if groups:
            sign = "," if style.decimal == "." else "."
        role = "groups thousands" if groups else "is the decimal sign"
        why = _WHY.get(reason, "")
        meaning = _meaning(marks.examples["open"], style)
        parts.append(f"the {_WORDS[sign]} {role}, {why}: {meaning}.")
    elif marks.groupings:
        sign = max(marks.groupings, key=lambda group: marks.groupings[group])
        meaning = _meaning(marks.examples["grouping"], style)
        parts.append(f"{_GROUPS[sign]} groups thousands: {meaning}.")
    return parts


def _sign_in(marks: NumberMarks) -> str:
    return "," if marks.n_open_comma else "."


def _unit(marks: NumberMarks, style: NumberStyle) -> list[str]:
    if not style.unit:
        return []
    found = f"they are in {style.unit}: {_meaning(marks.examples[style.unit], style)}."
    if marks.n_bare and style.bare:
        found += f" {marks.n_bare:,} without a unit are taken for the same."
    return [found]


def _other_sign(plan: ColumnPlan, marks: NumberMarks, style: NumberStyle) -> tuple[Remedy, ...]:
    """The other decimal sign, where numbers could have it."""
    if not marks.n_open:
        return ()
    other = "point" if style.decimal == "," else "comma"
    change = {("data", "columns", plan.name, "decimal"): other}
    return (Remedy(f"The {other} is the decimal sign", change),)


def _as_categories(plan: ColumnPlan, study: ColumnStudy, marks: NumberMarks) -> tuple[Remedy, ...]:
    is_few = not study.is_overfull and study.n_distinct <= MAX_CHOSEN_CATEGORIES
    if not is_few or not (any(marks.units) or marks.n_accounting):
        return ()
    return (Remedy("Use it as categories", {("data", "columns", plan.name, "type"): "category"}),)


def mistakes(plan: ColumnPlan, study: ColumnStudy, line_word: str) -> list[DataFinding]:
    """Cells of a column of numbers or dates that hold none, by line; they are gaps."""
    fault = {"number": study.faults.wrong, "date": study.no_dates}.get(plan.type)
    if fault is None or not fault.count:
        return []
    what = "number" if plan.type == "number" else "date"
    cells = "1 cell" if fault.count == 1 else f"{fault.count:,} cells"
    hold = "holds" if fault.count == 1 else "hold"
    count = "counts as a gap" if fault.count == 1 else "count as gaps"
    first = f"{fault.first[0][0]} in {line_word} {fault.first[0][1]}"
    text = f"{cells} of '{plan.name}' {hold} no {what} and {count}: {first}."
    names = tuple(f"{line_word} {line}: {cell}" for cell, line in fault.first)
    remedies: tuple[Remedy, ...] = ()
    if fault.count == len(fault.first):
        lines = tuple(f"{line_word} {line}" for _, line in fault.first)
        remedies = (Remedy("Leave these rows out", {"data.exclude": lines}),)
    if not study.is_overfull and study.n_distinct <= MAX_CHOSEN_CATEGORIES:
        change = {("data", "columns", plan.name, "type"): "category"}
        remedies += (Remedy("Use it as categories", change),)
    return [DataFinding(Trouble.MISSING, plan.name, text, names, fault.count, remedies)]


def no_numbers(plan: ColumnPlan, study: ColumnStudy) -> list[DataFinding]:
    """A column that is taken as text though most of its cells are numbers."""
    n_known = study.n_given - study.n_words
    marks = study.marks
    is_near = 2 * marks.n_numbers > n_known and not (study.has_code or study.has_giant)
    if plan.type not in ("category", "text", "identifier") or not is_near:
        return []
    if plan.type == "identifier" and study.faults.wrong.count == 0:
        return []
    units = sorted(marks.units.items(), key=lambda item: -item[1])
    if marks.n_plain:
        units.append(("", marks.n_plain))
    if len({unit for unit, _ in units}) > 1 and any(marks.units):
        listing = ", ".join(f"{unit or 'no unit'}: {n:,}" for unit, n in units[:_SHOWN])
        text = f"'{plan.name}' holds numbers in several units, and is not read as numbers."
        return [DataFinding(Trouble.UNDERSTOOD, plan.name, text, (listing,), study.n_given)]
    others = others_than_numbers(study)[:_SHOWN]
    text = (
        f"{marks.n_numbers:,} of {n_known:,} cells of '{plan.name}' are numbers, but others are "
        "not; it is taken as text."
    )
    change = {("data", "columns", plan.name, "type"): "number"}
    remedy = Remedy("Read it as numbers; the others are gaps", change)
    names = tuple(f"'{cell}'" for cell in others)
    return [DataFinding(Trouble.UNDERSTOOD, plan.name, text, names, study.n_given, (remedy,))]
