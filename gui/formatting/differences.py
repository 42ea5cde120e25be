"""Where two texts differ, marked for a label of rich text."""

from __future__ import annotations

from difflib import SequenceMatcher
from html import escape

from engine.escaping import escaped

MOST_LETTERS = 2_000
"""Comparing longer texts would hold up the window; so much of each is compared."""


def marked(truth: str, said: str, color: str) -> tuple[str, str]:
    """Both texts as HTML, with what only one of them has in a colour and underlined.

    Args:
        truth: What is right.
        said: What was said.
        color: ``#rrggbb``.
    """
    first, second = escaped(truth[:MOST_LETTERS]), escaped(said[:MOST_LETTERS])
    parts: tuple[list[str], list[str]] = [], []
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        pieces = (parts[0], first[a:b]), (parts[1], second[c:d])
        for part, piece in pieces:
            text = escape(piece)
            is_same = kind == "equal" or not text
            part.append(text if is_same else f'<u style="color:{color}">{text}</u>')
    return "".join(parts[0]), "".join(parts[1])
