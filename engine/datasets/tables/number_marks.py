"""How the numbers of a column are written: what all its cells, and the others, have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np

from engine.datasets.tables.number_units import CURRENCIES
from engine.datasets.tables.written_numbers import (
    OPEN_POINT,
    POWER,
    NumberStyle,
    Sign,
    Written,
    number_with_word,
)

_SIGNS: tuple[Sign, ...] = (".", ",")
_MIN_OPEN = 10
_MAX_UNITS = 50
_EXAMPLES = 3


Styles: TypeAlias = "dict[str, tuple[NumberStyle, Reason]]"
"""How the numbers of each column are written, and what that was told by."""


class Reason(StrEnum):
    """What the decimal sign of a column was told by."""

    NOTHING = "nothing"
    ASKED = "asked"
    CELLS = "cells"
    BOTH = "both"
    TABLE = "table"
    MONEY = "money"
    VALUES = "values"
    DELIMITER = "delimiter"


@dataclass
class NumberMarks:
    """What was seen of the numbers of a column; all fields are JSON values.

    Attributes:
        is_typed: The file says itself which cells are numbers: their point is a decimal point.
        n_point: Numbers that only a decimal point explains.
        n_comma: Those that only a decimal comma explains.
        n_open_point: Those like `1.234`, that mean one thing or another.
        n_open_comma: Those like `1,234`.
        n_plain: Those without unit and with nothing to tell.
        has_small: A whole number below 1000 stands without a sign.
        has_large: One from 1000 on does.
        units: How many numbers have which unit.
        groupings: How many have their thousands parted by what, for sure.
        n_accounting: Those that are negative in the way of `(5)` or `5-`.
        n_powers: Those like `1E5`, which are codes as often.
        examples: The first cells of each sort.
        own_unit: What stands behind each number so far, though it is no unit that is known.
        is_mixed: Not all cells have that, which then is no unit.
    """

    is_typed: bool = False
    n_point: int = 0
    n_comma: int = 0
    n_open_point: int = 0
    n_open_comma: int = 0
    n_plain: int = 0
    has_small: bool = False
    has_large: bool = False
    units: dict[str, int] = field(default_factory=dict)
    groupings: dict[str, int] = field(default_factory=dict)
    n_accounting: int = 0
    n_powers: int = 0
    examples: dict[str, list[str]] = field(default_factory=dict)
    own_unit: str = ""
    is_mixed: bool = False

    def add_plain(self, cells: Any, values: Any, counts: Any = None) -> None:
        """Looks at cells that need no explanation but that of their point.

        Args:
            cells: As of `engine.datasets.tables.table_source.Cells`.
            values: Their values, (rows,).
            counts: How often each occurs, (rows,); None: once.
        """
        import pyarrow.compute as pc

        known = np.isfinite(values)
        weights = known.astype(np.int64) if counts is None else np.where(known, counts, 0)
        n_known = int(weights.sum())
        if not n_known:
            return
        self._mix()
        self.n_plain += n_known
        if _may_hold(cells, b"eE"):
            is_power = np.asarray(pc.match_substring_regex(cells, POWER), bool) & known
            self.n_powers += int(weights[is_power].sum())
            self._show_first("power", cells, is_power)
        if self.n_point or self.is_typed:
            # Once it is sure, the point is a decimal one in the others as well.
            self.n_point += int(weights[known & (values != np.rint(values))].sum())
            return
        has_point = np.asarray(pc.match_substring(cells, "."), bool) & known
        bare = values[known & ~has_point]
        is_large = np.abs(bare) >= 1_000
        self.has_large |= bool(is_large.any())
        self.has_small |= bool((~is_large & (bare != 0)).any())
        if not has_point.any():
            return
        is_open = np.asarray(pc.match_substring_regex(cells, OPEN_POINT), bool) & known
        self.n_open_point += int(weights[is_open].sum())
        self.n_point += int(weights[has_point & ~is_open].sum())
        self._show_first("open", cells, is_open)
        self._show_first("point", cells, has_point & ~is_open)

    def add_other(self, cell: str, count: int) -> None:
        """Looks at a cell that is no number by any unit that is known, and no word for a gap.

        As long as all cells have the same word behind a number, that is a unit all the same.
        """
        if self.is_mixed:
            return
        written = number_with_word(cell)
        if written is None or self.own_unit not in ("", written.unit):
            self._mix()
            return
        self.own_unit = written.unit
        self._add(cell, written, count)

    def _mix(self) -> None:
        """Some cell has no word behind it that the others have: what was seen of these is void."""
        if not self.is_mixed and self.own_unit:
            void = NumberMarks(self.is_typed, own_unit=self.own_unit)
            vars(self).update(vars(void))
        self.is_mixed = True

    def add(self, cell: str, written: Written, count: int) -> None:
        """Looks at a cell that needs an explanation, and occurs so many times."""
        self._mix()
        self._add(cell, written, count)

    def _add(self, cell: str, written: Written, count: int) -> None:
        if written.unit in self.units or len(self.units) < _MAX_UNITS:
            self.units[written.unit] = self.units.get(written.unit, 0) + count
        if written.unit:
            self._show(written.unit, cell)
        if written.is_open and "," in cell:
            self.n_open_comma += count
            self._show("open", cell)
        elif written.is_open:
            if self.is_typed:
                self.n_point += count
            else:
                self.n_open_point += count
                self._show("open", cell)
        elif written.by_comma is None:
            self.n_point += count
            self._show("point", cell)
        elif written.by_point is None:
            self.n_comma += count
            self._show("comma", cell)
        elif not written.grouping:
            self.has_large |= abs(written.by_point) >= 1_000
            self.has_small |= 0 < abs(written.by_point) < 1_000
        if written.grouping:
            self.groupings[written.grouping] = self.groupings.get(written.grouping, 0) + count
            self._show("grouping", cell)
        if written.sign:
            self.n_accounting += count
            self._show("accounting", cell)

    def _show_first(self, sort: str, cells: Any, where: Any) -> None:
        for row in np.flatnonzero(where)[:_EXAMPLES]:
            self._show(sort, cells[int(row)].as_py())

    def _show(self, sort: str, cell: str) -> None:
        shown = self.examples.setdefault(sort, [])
        if len(shown) < _EXAMPLES and cell not in shown:
            shown.append(cell)

    @property
    def n_open(self) -> int:
        """Numbers that mean one thing or another."""
        return self.n_open_point + self.n_open_comma

    def groups_open(self, decimal: Sign) -> bool:
        """Whether some that could be fractions are thousands by this decimal sign."""
        n_grouped = {".": self.n_open_comma, ",": self.n_open_point}.get(decimal, 0)
        return n_grouped > 0

    @property
    def n_bare(self) -> int:
        """Numbers without a unit."""
        return self.n_plain + self.units.get("", 0)

    @property
    def n_numbers(self) -> int:
        """All that were seen."""
        return self.n_plain + sum(self.units.values())

    @property
    def unit(self) -> str:
        """The unit that most of the numbers have."""
        with_unit = {unit: n for unit, n in self.units.items() if unit}
        if not with_unit:
            return ""
        most = max(with_unit, key=lambda unit: with_unit[unit])
        return most if with_unit[most] >= self.n_bare else ""

    @property
    def sign(self) -> Sign:
        """The decimal sign that the cells leave no doubt of; empty: none, or both."""
        if bool(self.n_point) == bool(self.n_comma):
            return ""
        return "." if self.n_point else ","


def _may_hold(cells: Any, letters: bytes) -> bool:
    """Whether one of these letters may be in some cell: many times as fast as looking at each."""
    content = cells.buffers()[-1]
    if content is None:
        return False
    written = np.frombuffer(content, np.uint8)
    return any(bool((written == letter).any()) for letter in letters)


def decide(
    marks: NumberMarks, base: NumberStyle, asked: Sign, others: Sign, delimiter: str
) -> tuple[NumberStyle, Reason]:
    """Decides how the numbers of a column are written.

    Args:
        marks: What was seen in all its cells.
        base: How numbers are written in the file, as far as that was said.
        asked: The decimal sign that someone said of this column; empty: none.
        others: The decimal sign of the other columns; empty: not known.
        delimiter: What parts the cells of the file; empty: it is no text.

    Returns:
        The style, and what its decimal sign was told by. It is `base` where that does no harm.
    """
    unit = marks.unit
    style = replace(
        base,
        unit=unit,
        # 19% and 0.19 are hardly meant alike.
        bare=unit != "%",
        accounting=marks.n_accounting < marks.n_numbers,
    )
    if not marks.n_accounting:
        style = replace(style, accounting=base.accounting)
    if asked:
        return replace(style, decimal=asked, is_strict=True), Reason.ASKED
    if not (marks.n_comma or marks.n_open):
        return style, Reason.NOTHING
    sign, reason = _decimal_sign(marks, others, delimiter)
    if sign == "." and not (marks.n_comma or marks.n_open_comma):
        # As every number is read that is not written in another way.
        return style, reason
    return replace(style, decimal=sign, is_strict=False), reason


def _decimal_sign(marks: NumberMarks, others: Sign, delimiter: str) -> tuple[Sign, Reason]:
    if marks.n_point and marks.n_comma:
        return ("." if marks.n_point >= marks.n_comma else ","), Reason.BOTH
    if marks.sign:
        return marks.sign, Reason.CELLS
    if others:
        return others, Reason.TABLE
    if not marks.own_unit and any(money in marks.unit for money in CURRENCIES):
        # Money has two decimals, or none.
        return ("." if marks.n_open_comma else ","), Reason.MONEY
    if marks.n_open_comma and not marks.n_open_point:
        if marks.has_large != marks.has_small:
            # Who parts the thousands of one number does so with the others.
            return ("," if marks.has_large else "."), Reason.VALUES
        return ("," if delimiter == ";" else "."), Reason.DELIMITER
    if marks.has_small and not marks.has_large and marks.n_open >= _MIN_OPEN:
        # Fractions of three decimals each, but whole ones without any, all below 1000.
        return ",", Reason.VALUES
    return ".", Reason.DELIMITER


def reads_alike(marks: NumberMarks, one: NumberStyle, other: NumberStyle) -> bool:
    """Whether the numbers that were seen have the same values in two styles."""
    differs = {
        "open point": ((one.decimal == ",") != (other.decimal == ","), marks.n_open_point),
        "open comma": ((one.decimal == ".") != (other.decimal == "."), marks.n_open_comma),
        "point": (_takes(one, ".") != _takes(other, "."), marks.n_point),
        "comma": (_takes(one, ",") != _takes(other, ","), marks.n_comma),
        "unit": (
            (one.unit, one.bare) != (other.unit, other.bare),
            any(marks.units) or bool(marks.own_unit),
        ),
        "signs": (one.accounting != other.accounting, marks.n_accounting),
    }
    return not any(is_other and count for is_other, count in differs.values())


def _takes(style: NumberStyle, sign: Sign) -> bool:
    return not style.is_strict or style.decimal in ("", sign)


def decide_all(
    marks: Mapping[str, NumberMarks],
    witnesses: Collection[str],
    base: NumberStyle,
    asked: Mapping[str, Sign],
    delimiter: str,
) -> Styles:
    """Decides how the numbers of each column are written.

    Args:
        marks: What was seen in each.
        witnesses: The columns of numbers; each column that leaves it open follows the others.
        base: As of `decide`, and so is the rest.
        asked: The decimal signs that someone said, by column.
        delimiter: What parts the cells.
    """
    signs = Counter(marks[name].sign for name in witnesses)
    decided: Styles = {}
    for name, item in marks.items():
        own = item.sign if name in witnesses else ""
        others = [sign for sign in _SIGNS if signs[sign] > (sign == own)]
        agreed: Sign = others[0] if len(others) == 1 else ""
        decided[name] = decide(item, base, asked.get(name, ""), agreed, delimiter)
    shown = {style.decimal for style, reason in decided.values() if reason is not Reason.NOTHING}
    found = [sign for sign in _SIGNS if sign in shown or signs[sign]]
    agreed = found[0] if len(found) == 1 else ""
    for name, (style, reason) in decided.items():
        sign = marks[name].sign or agreed
        if reason is Reason.NOTHING and sign not in ("", style.decimal):
            # New inputs are written as the file is, even where this column does not show how.
            decided[name] = (replace(style, decimal=sign, is_strict=False), reason)
    return decided
