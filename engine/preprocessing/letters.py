"""Letters without regard to case, and the signs between words: how texts are cut for n-grams."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

SPACE = " "
_JOINERS = "\u200c\u200d"
_ALL_CASED = 0x20000
"""Above it there are no letters of two cases, and no spaces."""


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


def separates(sign: str) -> bool:
    """Whether a sign stands between words: a space, a full stop, anything that is of no word."""
    is_of_word = sign.isalnum() or sign == "_" or sign in _JOINERS
    return not is_of_word and unicodedata.category(sign)[0] != "M"


def ordered(counts: Mapping[str, int], most: int) -> tuple[tuple[str, ...], int]:
    """The most frequent signs: the space, whether it occurs or not, separators, then letters.

    Returns:
        The signs, and how many of them separate.
    """
    # Ties in alphabetical order, so that the same texts give the same ids.
    frequent = sorted(counts, key=lambda sign: (-counts[sign], sign))[:most]
    signs = sorted(set(frequent) - {SPACE}, key=lambda sign: (not separates(sign), sign))
    return (SPACE, *signs), 1 + sum(map(separates, signs))


def written_forms(signs: Sequence[str]) -> tuple[list[str], list[int]]:
    """Everything that is folded to one of some signs, and the place of that sign."""
    places = {sign: place for place, sign in enumerate(signs)}
    forms: dict[str, int] = dict(places)
    for point in range(_ALL_CASED):
        place = places.get(folded(chr(point)))
        if place is not None:
            forms[chr(point)] = place
    return list(forms), list(forms.values())
