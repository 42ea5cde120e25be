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
    Reason.NOTHING: "as always",
    Reason.MONEY: "as in amounts of money",
    Reason.ASKED: "as was asked for",
    Reason.CELLS: "as the other numbers of the column show",
    Reason.BOTH: "as in most numbers of the column",
    Reason.TABLE: "as in the other columns",
    Reason.VALUES: "by the column's other values",
    Reason.DELIMITER: "as far as one can tell",
}


def _change(name: str, setting: str, value: str, label: str) -> Remedy:
    return Remedy(label, {("data", "columns", name, setting): value})


def notation(plan: ColumnPlan, study: ColumnStudy) -> list[DataFinding]:
    """How the numbers of a column were understood, where that could surprise."""
    if plan.type != "number":
        return []
    marks, style = study.marks, study.style
    remedies = (*other_sign(plan.name, marks, style), *_as_text(plan, study, marks))
    return how_read(plan.name, marks, style, Reason(study.reason), remedies)


def how_read(
    name: str,
    marks: NumberMarks,
    style: NumberStyle,
    reason: Reason,
    remedies: tuple[Remedy, ...] = (),
) -> list[DataFinding]:
    """Says how the numbers of a column are read, where that could surprise."""
    facts: list[tuple[str, str]] = []  # what holds, and the sort of cells that show it
    if style.unit:
        bare = f" ({marks.n_bare:,} stand without it)" if marks.n_bare else ""
        known = ", which is in every cell and no unit we know" if style.has_own_unit else ""
        facts.append((f"they are in {style.unit}{bare}{known}", style.unit))
    if marks.n_powers:
        facts.append((f"{marks.n_powers:,} are powers of ten, unless they are codes", "power"))
    if reason is Reason.BOTH:
        facts.append(("some have a decimal point", "point"))
        facts.append(("some have a decimal comma", "comma"))
    facts += _separators(marks, style, reason)
    if marks.n_accounting and style.accounting:
        facts.append(("some are below 0 without a minus before them", "accounting"))
    if not facts:
        return []
    shown = [marks.examples[sort] for _, sort in facts if sort in marks.examples]
    meanings = dict.fromkeys(_meaning(cells, style) for cells in shown)
    text = (
        f"How the numbers of '{name}' are read: {'; '.join(fact for fact, _ in facts)}. "
        f"{'; '.join(meanings)}."
    )
    return [DataFinding(Trouble.UNDERSTOOD, name, text, remedies=remedies)]


def _meaning(cells: list[str], style: NumberStyle) -> str:
    """What the first cell means that has a meaning."""
    values = {cell: cell_number(cell, style) for cell in cells}
    cell = next((cell for cell, value in values.items() if value == value), cells[0])
    return f"'{cell}' is {values[cell]:.15g}"


def _separators(marks: NumberMarks, style: NumberStyle, reason: Reason) -> list[tuple[str, str]]:
    sign = "," if marks.n_open_comma else "."
    groups = bool(style.decimal) and sign != style.decimal
    if marks.n_open and (groups or reason not in (Reason.CELLS, Reason.TABLE)):
        role = "groups thousands" if groups else "is the decimal sign"
        return [(f"the {_WORDS[sign]} {role}, {_WHY[reason]}", "open")]
    if marks.groupings:
        sign = max(marks.groupings, key=lambda group: marks.groupings[group])
        return [(f"{_GROUPS[sign]} groups thousands", "grouping")]
    return []


def other_sign(name: str, marks: NumberMarks, style: NumberStyle) -> tuple[Remedy, ...]:
    """The other decimal sign, where numbers could have it."""
    if not marks.n_open:
        return ()
    other = "point" if style.decimal == "," else "comma"
    return (_change(name, "decimal", other, f"The {other} is the decimal sign"),)


def _as_text(plan: ColumnPlan, study: ColumnStudy, marks: NumberMarks) -> tuple[Remedy, ...]:
    is_few = not study.is_overfull and study.n_distinct <= MAX_CHOSEN_CATEGORIES
    if not (any(marks.units) or marks.n_accounting or marks.n_powers):
        return ()
    if is_few:
        return (_change(plan.name, "type", "category", "Use it as categories"),)
    if not (marks.own_unit or marks.n_powers):
        return ()
    return (_change(plan.name, "type", "text", "Use it as text"),)


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
        remedies += (_change(plan.name, "type", "category", "Use it as categories"),)
    return [DataFinding(Trouble.MISSING, plan.name, text, names, fault.count, remedies)]


def no_numbers(plan: ColumnPlan, study: ColumnStudy) -> list[DataFinding]:
    """A column that is taken as text though most of its cells are numbers."""
    n_known = study.n_given - study.n_words
    marks = study.marks
    is_near = 2 * marks.n_numbers > n_known and not (study.has_code or study.has_giant)
    if plan.type not in ("category", "text", "identifier") or not is_near:
        return []
    if study.faults.wrong.count == 0:
        return []  # its numbers are codes, or too large to be told apart as numbers
    if study.reason == Reason.ASKED and study.n_numbers < marks.n_numbers:
        text = (
            f"{study.n_numbers:,} of {n_known:,} cells of '{plan.name}' are numbers with a decimal "
            f"{_WORDS[study.style.decimal]}, as was asked for; it is taken as text."
        )
        remedy = _change(plan.name, "decimal", "auto", "Tell the decimal sign by the numbers")
        return [DataFinding(Trouble.UNDERSTOOD, plan.name, text, remedies=(remedy,))]
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
    remedy = _change(plan.name, "type", "number", "Read it as numbers; the others are gaps")
    names = tuple(f"'{cell}'" for cell in others)
    return [DataFinding(Trouble.UNDERSTOOD, plan.name, text, names, study.n_given, (remedy,))]
