"""Letters without regard to case, and the signs between words: how texts are cut for n-grams."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from engine.preprocessing.cutting import JOINERS, SPACE, folded

_ALL_CASED = 0x20000
"""Above it there are no letters of two cases, and no spaces."""


def separates(sign: str) -> bool:
    """Whether a sign stands between words: a space, a full stop, anything that is of no word."""
    is_of_word = sign.isalnum() or sign == "_" or sign in JOINERS
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
