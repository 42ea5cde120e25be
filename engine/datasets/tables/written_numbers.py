"""Numbers as people write them: separators, signs, currencies and units; what a cell can mean.

A cell has up to two readings: one in which the point is the decimal sign and commas group
thousands, one in which it is the other way round. `1.234` and `1,234` have two that differ; which
holds is decided on the whole column (`engine.datasets.tables.number_marks`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from engine.datasets.tables.number_units import CURRENCIES, UNITS

Sign = Literal[".", ",", ""]

# Blanks, apostrophes, minus signs and digits of other scripts, as those of ASCII. The Arabic
# thousands separator becomes an apostrophe, which only ever groups.
_PLAIN = str.maketrans(
    "\u00a0\u2007\u2008\u2009\u202f\u3000’ʼ＇´\u066c\u2212\u2010\u2012\u2013﹣－＋％．，（）\u066b",
    "      '''''-----" + "-+%.,().",
)
_ARABIC = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")


def _any_of(words: Any) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_MONEY, _AFTER = _any_of(CURRENCIES), _any_of({*CURRENCIES, *UNITS})
_CELL = re.compile(
    rf"(?P<sign>[-+(]{{0,2}}) ?(?P<before>{_MONEY}|%)? ?(?P<inner>[-+(]?) ?"
    r"(?P<core>[0-9]+(?:[.,' ][0-9]+)*\.?|[.,][0-9]+)(?P<power>[eE][-+]?[0-9]+)?"
    rf" ?(?P<after>(?:{_AFTER})?)(?: ?(?P<money>{_MONEY}))? ?(?P<tail>[-)]?)"
)
_WHOLE = re.compile(r"[0-9]+")
_FRACTION = re.compile(r"[0-9]*(?P<sign>[.,])[0-9]*")
_OPEN = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_GROUPED = re.compile(
    r"[1-9][0-9]{0,2}(?P<group>[.,' ])[0-9]{3}(?:(?P=group)[0-9]{3})*(?P<rest>[.,][0-9]*)?"
)
_INDIAN = re.compile(r"[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(?P<rest>\.[0-9]*)?")
OPEN_POINT = r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$"
"""What arrow reads as a number, though its point may group thousands."""
POWER = r"^[0-9]+[eE][0-9]+$"
"""What arrow reads as a power of ten, though codes are written so, too."""
# A word behind a number: a unit that is not in our list, such as `5 widgets` or `5foo`. It holds
# no digit but the one of `m2`.
_WITH_WORD = re.compile(
    r"(?P<number>[-+]?[0-9][0-9.,' ]*?)(?P<blank> ?)(?P<word>[^\W\d_][^\d(]*(?<=[^\W\d_])[23²³]?)"
)
_PLURAL_LETTERS = 4
LONGEST = 60
"""No number that people write has more characters."""


@dataclass(frozen=True)
class NumberStyle:
    """How numbers are written in a column, or in a whole file.

    Attributes:
        decimal: The decimal sign; the other one groups thousands. Empty: `1.234` and `1,234` are
            both fractions.
        is_strict: A cell that can only be read with the other decimal sign is no number.
        unit: What stands before or after the numbers; empty: nothing does. It may be one that is
            not in our list, as all cells of the column have it.
        bare: A number without the unit is one, too.
        accounting: `(5)` and `5-` are negative.
        gap_words: Words such as NA mean that a number is missing.
    """

    decimal: Sign = "."
    is_strict: bool = True
    unit: str = ""
    bare: bool = True
    accounting: bool = True
    gap_words: bool = True

    @cached_property
    def has_own_unit(self) -> bool:
        """Whether the unit is a word that is not in our list."""
        return number_with_word(f"1 {self.unit}") is not None and not _is_known(self.unit)

    def to_dict(self) -> dict[str, Any]:
        """What new inputs are read by, as JSON values; words for a gap are told with the file."""
        return {"decimal": self.decimal, "unit": self.unit, "accounting": self.accounting}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], gap_words: bool) -> NumberStyle:
        """Rebuilds what `to_dict` returned."""
        return cls(**values, is_strict=False, gap_words=gap_words)


class Written(NamedTuple):
    """A cell that holds a number.

    Attributes:
        by_point: Its value where the point is the decimal sign; None: it cannot be.
        by_comma: Where the comma is.
        unit: What stands before and after it; empty: nothing.
        sign: How it is made negative: empty, or ``(5)`` or ``5-``.
        grouping: What parts its thousands for sure, such as an apostrophe; empty: nothing.
    """

    by_point: float | None
    by_comma: float | None
    unit: str = ""
    sign: str = ""
    grouping: str = ""

    @property
    def is_open(self) -> bool:
        """It means one thing or another, by what the decimal sign is."""
        return None not in (self.by_point, self.by_comma) and self.by_point != self.by_comma

    def read(self, style: NumberStyle) -> float | None:
        """Its value in a style; None where it is none in it."""
        has_unit = self.unit == style.unit or (not self.unit and style.bare)
        if not has_unit or (self.sign and not style.accounting):
            return None
        first, other = self.by_point, self.by_comma
        if style.decimal == ",":
            first, other = other, first
        if not style.decimal and self.is_open:
            return min(first or 0.0, other or 0.0, key=abs)  # of 1.234 and 1234 the fraction
        return other if first is None and not style.is_strict else first


def written_number(cell: str) -> Written | None:
    """What a cell means as a number; None where it holds none.

    Plain numbers, such as ``-1.5e3``, are numbers here as well; infinite ones and NaN are not.
    """
    if len(cell) > LONGEST:
        return None
    plain = cell if cell.isascii() else cell.translate(_PLAIN).translate(_ARABIC)
    found = _CELL.fullmatch(plain)
    if found is None:
        return None
    sign, is_accounting = _sign_of(found["sign"], found["inner"], found["tail"])
    if sign is None:
        return None
    before, after, money = found["before"] or "", found["after"], found["money"] or ""
    if bool(before) + bool(money) + (after in CURRENCIES) > 1:
        return None
    unit = (before or money) + UNITS.get(after, after)
    core = found["core"]
    if unit and len(core) > 1 and core.isdigit() and core[0] == "0":
        return None  # a code with a letter
    by_point, by_comma, grouping = _readings(core, found["power"] or "")
    if by_point is None and by_comma is None:
        return None
    return Written(
        None if by_point is None else sign * by_point,
        None if by_comma is None else sign * by_comma,
        unit,
        "" if not is_accounting else "5-" if found["tail"] == "-" else "(5)",
        grouping,
    )


def _is_known(unit: str) -> bool:
    return written_number(f"1 {unit}") is not None


def number_with_word(cell: str) -> Written | None:
    """What a cell means as a number with a word behind it that is no unit we know, as its unit.

    One or many are the same unit, `1 item` and `5 items`. What could be a code, such as `12A`,
    `3D` and `12AB`, is none.
    """
    if len(cell) > LONGEST:
        return None
    plain = cell if cell.isascii() else cell.translate(_PLAIN).translate(_ARABIC)
    found = _WITH_WORD.fullmatch(plain)
    if found is None:
        return None
    word = found["word"]
    has_case = word.lower() != word.upper()
    if not found["blank"] and has_case and (len(word) == 1 or word == word.upper()):
        return None
    written = written_number(found["number"])
    core = found["number"].lstrip("+-")
    if written is None or written.unit or (len(core) > 1 and core.isdigit() and core[0] == "0"):
        return None
    if len(word) >= _PLURAL_LETTERS and word.isascii():
        word = word.removesuffix("s")
    return written._replace(unit=word)


def _sign_of(first: str, inner: str, tail: str) -> tuple[float | None, bool]:
    """The factor of a cell's signs, None where they make no sense; and whether it is accounting."""
    signs = first + inner
    if tail == "-":
        return (-1.0, True) if not signs else (None, True)
    if "(" in signs or tail == ")":
        return (-1.0, True) if signs == "(" and tail == ")" else (None, True)
    if len(signs) > 1:
        return None, False
    return (-1.0 if signs == "-" else 1.0), False


def _readings(core: str, power: str) -> tuple[float | None, float | None, str]:
    """A number without signs by either decimal sign, and what groups its thousands for sure."""
    if _WHOLE.fullmatch(core):
        value = float(core + power)
        return value, value, ""
    fraction = _FRACTION.fullmatch(core)
    if fraction is not None:
        value = float(core.replace(",", ".") + power)
        whole = float(re.sub("[.,]", "", core)) if not power and _OPEN.fullmatch(core) else None
        return (value, whole, "") if fraction["sign"] == "." else (whole, value, "")
    grouped = _GROUPED.fullmatch(core)
    indian = _INDIAN.fullmatch(core) if grouped is None else None
    rest = ((grouped or indian) or {"rest": None})["rest"] or ""
    if grouped is None and indian is None:
        return None, None, ""
    group = grouped["group"] if grouped is not None else ","
    if rest[:1] == group:
        return None, None, ""
    digits = re.sub("[^0-9]", "", core[: len(core) - len(rest)])
    value = float(digits + rest.replace(",", ".") + power)
    by_point = value if rest[:1] == "." or (not rest and group != ".") else None
    by_comma = value if rest[:1] == "," or (not rest and group != ",") else None
    return by_point, by_comma, group
