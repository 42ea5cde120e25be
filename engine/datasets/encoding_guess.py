"""Guesses the encoding of a text by the words in it that hold letters beyond ASCII."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

WESTERN = "windows-1252"
"""What is taken where nothing speaks for another encoding."""

SAMPLE_BYTES = 1 << 16
_MAX_SEEN = 1 << 21
# From this share of letters beyond ASCII on a text is of another alphabet; accents are fewer.
_OTHER_ALPHABET = 0.3
# Accented letters hardly ever stand three in a row, those of another alphabet mostly do.
_RUN = re.compile(rb"[\x80-\xff]{3}")
_MANY_RUNS = 0.5
# The second byte of a letter may be that of an ASCII letter or bracket, not of a digit or blank.
_WORD = re.compile(rb"[\x40-\xff]*[\x80-\xff][\x40-\xff]*")
_WORD_BYTES = bytes(range(0x40, 0x100))
_ASCII = bytes(range(0x80))
# Quotation marks and dashes, in all code pages of Windows; they say nothing of the alphabet.
_MARKS = bytes((0x84, 0x85, *range(0x91, 0x98)))
_NO_ASCII_LETTERS = bytes(byte for byte in range(0x100) if byte > 0x7F or not chr(byte).isalpha())
_CANDIDATES = {
    "cp1251": "windows-1251",
    "koi8_r": "koi8-r",
    "cp1253": "windows-1253",
    "shift_jis": "shift_jis",
    "gb18030": "gb18030",
    "big5": "big5",
    "euc_kr": "euc-kr",
    "cp1252": WESTERN,
}


@dataclass
class Evidence:
    """What a guess is made from.

    Attributes:
        words: The different words with letters beyond ASCII, as long as `is_full` says no.
        n_letters: Letters where they were found.
        n_beyond: Those beyond ASCII.
    """

    words: dict[bytes, None] = field(default_factory=dict)
    n_letters: int = 0
    n_beyond: int = 0
    _size: int = 0

    def add(self, blocks: Iterable[bytes], is_whole: bool = True) -> None:
        """Looks at a text, or at its beginning, until enough was seen."""
        piece, n_seen = b"", 0
        for more in _pieces(blocks):
            # The last word may go on in the next piece; one as long as a piece is none.
            end = len(piece.rstrip(_WORD_BYTES))
            n_seen += self._look_at(piece[:end])
            if self.is_full or n_seen > _MAX_SEEN:
                return
            piece = (piece[end:] if len(piece) - end < SAMPLE_BYTES else b"") + more
        self._look_at(piece if is_whole else piece.rstrip(_WORD_BYTES))

    def join(self, other: Evidence) -> None:
        """Adds what another text showed."""
        self._size += sum(len(word) + 1 for word in other.words if word not in self.words)
        self.words |= other.words
        self.n_letters += other.n_letters
        self.n_beyond += other.n_beyond

    @property
    def is_full(self) -> bool:
        """More would tell no more."""
        return self._size > SAMPLE_BYTES

    def _look_at(self, piece: bytes) -> int:
        """Returns how many bytes had to be looked at."""
        if piece.isascii():
            return 0
        n_beyond = len(piece.translate(None, _ASCII + _MARKS))
        self.n_beyond += n_beyond
        self.n_letters += n_beyond + len(piece.translate(None, _NO_ASCII_LETTERS))
        for word in _WORD.findall(piece):
            self._size += 0 if word in self.words else len(word) + 1
            self.words[word] = None
        return len(piece)


def _pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), SAMPLE_BYTES):
            yield block[start : start + SAMPLE_BYTES]


def guess_name(evidence: Evidence) -> str:
    """Another alphabet where letters beyond ASCII are many or stand in rows; else Western.

    Returns:
        By `engine.datasets.encodings.EncodingName`.
    """
    n_runs = sum(_RUN.search(word) is not None for word in evidence.words)
    is_many = evidence.n_beyond >= _OTHER_ALPHABET * evidence.n_letters
    is_other = is_many or n_runs >= _MANY_RUNS * len(evidence.words)
    if not evidence.words or not is_other:
        return WESTERN
    from charset_normalizer import from_bytes

    words, candidates = b" ".join(evidence.words), list(_CANDIDATES)
    # The second time even the least unlikely one is taken.
    tried = (from_bytes(words, cp_isolation=candidates, threshold=limit) for limit in (0.2, 1.0))
    best = next((found for matches in tried if (found := matches.best()) is not None), None)
    return WESTERN if best is None else _CANDIDATES.get(best.encoding, WESTERN)
