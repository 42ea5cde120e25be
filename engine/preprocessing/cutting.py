"""How texts are cut into words, characters or letters, in any language.

Goes out with exported models as it stands here, and uses the standard library alone.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

SPACE = " "
JOINERS = "\u200c\u200d"


def cut(text: str, unit: str, exact: bool = False) -> list[str]:
    """Cuts a text into tokens.

    Words are compared without regard to case; with `exact` they keep their case, and a token
    holds the space before it. Letters that are written of several signs are put together (NFC).
    """
    text = composed(text)
    if unit == "character":
        return list(text)
    if unit == "letter":
        return list(folded(text))
    if exact:
        return patterns()[1].findall(" ".join(text.split()))
    return patterns()[0].findall(text.casefold())


def composed(text: str) -> str:
    """The text with letters that are written of several signs put together (NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class _Folding(dict[int, str]):
    """For each sign the one that stands for it: its small letter, or one space for all spaces.

    Sign by sign, so that nothing becomes longer and the saved model, which can look signs up and
    no more, does the same. A letter whose small form is two signs stays as it is.
    """

    def __missing__(self, point: int) -> str:
        sign = chr(point)
        folded = SPACE if sign.isspace() else sign.lower()
        self[point] = found = folded if len(folded) == 1 else sign
        return found


_FOLDING = _Folding()


def folded(text: str) -> str:
    """The text in small letters, of the same length."""
    return text.translate(_FOLDING)


@lru_cache
def patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What a word is: letters and digits together, every other sign alone.

    That is also right for scripts without spaces, where a "word" is then a whole run of letters.
    Vowel signs and other marks, without which Hindi or Thai falls to pieces, are of the word
    though Python's ``\\w`` leaves them out.
    """
    marks = _mark_ranges()
    plain = re.compile(rf"\w[\w{marks}]*|[^\w\s]")
    exact = re.compile(rf" ?(?:\d|[^\W\d](?:[^\W\d]|[{marks}])*|[^\w\s])")
    return plain, exact


def _mark_ranges() -> str:
    """All combining marks of Unicode and the joiners between letters, for a regular expression."""
    points = [
        point
        for point in (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0))  # all there are
        if unicodedata.category(chr(point))[0] == "M" or chr(point) in JOINERS
    ]
    ranges: list[list[int]] = []
    for point in points:
        if ranges and point == ranges[-1][1] + 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
