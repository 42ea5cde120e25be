"""Text from outside, harmless where people read it: terminals, logs and windows.

Names of files, classes, columns and runs, cells, and what other machines and packages say may hold
characters that move the cursor, colour the screen, turn the reading direction or begin a new line.
They are shown as Python would write them: ``\\x1b``, ``\\u202e``, ``\\n``. What is stored or
computed with stays as it is.
"""

from __future__ import annotations

import re

# Controls (C0, DEL and C1), ends of lines and paragraphs, halves of surrogate pairs, marks that
# change the direction (Unicode Standard Annex 9), and others that cannot be seen. Those that join
# letters (U+200C and U+200D) are part of Persian, Hindi and emoji, and stay.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f"
    "\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff"
    "\ud800-\udfff]"
)
_OF_LINES = "\n\t"
# What spreadsheets run as a formula.
_FORMULA_STARTS = ("=", "+", "@", "-", "\t", "\r")


def escaped(text: str) -> str:
    """Returns a text as it may stand within a line: one line, read in the order it was written."""
    if text.isprintable():  # true of most, and fast
        return text
    return _HARMFUL.sub(_python, text)


def escaped_lines(text: str) -> str:
    """The same for a text of several lines; their ends and tabs stay."""
    if text.isprintable():
        return text
    return _HARMFUL.sub(lambda found: found[0] if found[0] in _OF_LINES else _python(found), text)


def escaped_json(text: str) -> str:
    """The same for JSON, which stays the same JSON; for such as has no line ends between values."""
    if text.isprintable():
        return text
    return _HARMFUL.sub(_json, text)


def cell_text(text: str) -> str:
    """Returns a text as it may stand in a cell of a table: never run as a formula by a spreadsheet.

    Texts that are numbers stay as they are.
    """
    if not text.startswith(_FORMULA_STARTS):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def _python(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _json(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
