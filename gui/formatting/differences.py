"""Where two texts differ, marked for a label of rich text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape

from engine.devices.console.escaping import escaped

MOST_LETTERS = 2_000
"""Of longer texts so much is shown."""
MOST_PIECES = 400
"""Comparing more would hold up the window: the time grows with the square at least.

Longer texts are compared by words; where these are more, too, nothing is marked.
"""
_WORD = re.compile(r"\S+\s*|\s+")


def marked(truth: str, said: str, color: str) -> tuple[str, str]:
    """Both texts as HTML, with what only one of them has in a colour and underlined.

    Args:
        truth: What is right.
        said: What was said.
        color: ``#rrggbb``.
    """
    texts = escaped(truth[:MOST_LETTERS]), escaped(said[:MOST_LETTERS])
    pieces = _pieces(*texts)
    if pieces is None:
        return escape(texts[0]), escape(texts[1])
    first, second = pieces
    parts: tuple[list[str], list[str]] = [], []
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        for part, piece in ((parts[0], first[a:b]), (parts[1], second[c:d])):
            text = escape("".join(piece))
            is_same = kind == "equal" or not text
            part.append(text if is_same else f'<u style="color:{color}">{text}</u>')
    return "".join(parts[0]), "".join(parts[1])


def _pieces(first: str, second: str) -> tuple[Sequence[str], Sequence[str]] | None:
    """The letters of two texts, or their words; None: even these are too many."""
    if max(len(first), len(second)) <= MOST_PIECES:
        return first, second
    words = _WORD.findall(first), _WORD.findall(second)
    return words if max(map(len, words)) <= MOST_PIECES else None
