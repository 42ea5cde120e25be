"""Tokenizer: texts cut into words or characters, in any language, as ids of a vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.preprocessing.cutting import composed, cut, folded, patterns
from engine.preprocessing.letters import ordered

PADDING, UNKNOWN = 0, 1
FIRST_TOKEN = 2
UNKNOWN_SIGN = "�"
MAX_AUTO_LENGTH = 1_000
"""A length that nobody chose is no longer: one book among the texts must not fill the memory."""
MAX_AUTO_LETTERS = 16_000
"""The same of letters, some 2,500 words."""
_SHARE_WHOLE, _SHARE_WHOLE_LETTERS = 0.95, 0.99

# Of a text far longer than what is kept, only so many characters for each token are cut.
_CHARACTERS_PER_TOKEN = 24
_BLOCK = 16_384


@dataclass(frozen=True)
class Tokenizer:
    """A vocabulary, and how texts are cut.

    Attributes:
        unit: ``word``, ``character``, or ``letter``: characters without regard to case, of which
            those that stand between words come first, the space before all.
        vocabulary: Tokens from id 2 on, the most frequent first. Id 0 is padding, 1 unknown.
        length: Ids in an encoded text.
        exact: Words keep their case and the space before them, and numbers are cut into digits,
            so that texts can be read back from ids; for translation.
        n_separators: Of letters, how many tokens stand between words.
        share_cut: Of the texts it was fitted on, how many are longer than the length; told, and of
            letters kept.
    """

    unit: str
    vocabulary: tuple[str, ...]
    length: int
    exact: bool = False
    n_separators: int = 0
    share_cut: float = field(default=0.0, compare=False)
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ids = {token: place for place, token in enumerate(self.vocabulary, start=FIRST_TOKEN)}
        object.__setattr__(self, "_ids", ids)

    @property
    def n_tokens(self) -> int:
        """Number of ids, padding and unknown included."""
        return len(self.vocabulary) + FIRST_TOKEN

    @property
    def storable(self) -> list[str]:
        """The vocabulary as UTF-8 can hold it: half a character gets a name no token can have."""
        return [
            token if token.isascii() or _is_whole(token) else f"[half {ord(token[-1]):x}]"
            for token in self.vocabulary
        ]

    @classmethod
    def fit(
        cls,
        texts: Collection[str] | AnyArray,
        unit: str = "auto",
        vocabulary: int = 10_000,
        length: int | None = None,
        keep_all: bool = False,
        exact: bool = False,
    ) -> Tokenizer:
        """Learns a vocabulary and a length.

        Args:
            texts: Of the training part, (n,) of str; read twice where the unit is ``auto``.
            unit: ``word``, ``character``, ``letter``, or ``auto``: characters where most texts are
                one word, or of a script that puts no spaces between words; else words.
            vocabulary: How many tokens are kept at most.
            length: Ids in an encoded text; None: enough for 95 of 100 texts (of letters, for 99),
                and at most `MAX_AUTO_LENGTH` (of letters, `MAX_AUTO_LETTERS`).
            keep_all: Enough for the longest instead, as targets must not be cut.
            exact: See the attribute.
        """
        if unit == "auto":
            unit = _fitting_unit(texts)
        counts: Counter[str] = Counter()
        lengths = np.zeros(max(1, len(texts)), np.int64)
        for place, text in enumerate(texts):
            tokens = cut(text, unit, exact)
            counts.update(tokens)
            lengths[place] = len(tokens)
        if length is None:
            length = int(lengths.max()) if keep_all else _fitting_length(lengths, unit)
        n_separators = 0
        if unit == "letter":
            kept, n_separators = ordered(counts, vocabulary)
        else:
            # Ties in alphabetical order, so that the same texts give the same ids.
            frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:vocabulary]
            kept = tuple(token for token, _ in frequent)
        length = max(1, length)
        share_cut = float((lengths > length).mean())
        return cls(unit, kept, length, exact, n_separators, share_cut)

    def encode(self, texts: AnyArray) -> npt.NDArray[np.int32]:
        """Returns ids, (n, length), cut or padded at the end."""
        ids = np.zeros((len(texts), self.length), np.int32)
        for start in range(0, len(texts), _BLOCK):
            block = texts[start : start + _BLOCK]
            if self.unit == "word":
                self._encode_words(block, ids[start : start + _BLOCK])
            else:
                self._encode_characters(block, ids[start : start + _BLOCK])
        return ids

    def _encode_words(self, texts: Iterable[str], ids: npt.NDArray[np.int32]) -> None:
        known, limit = self._ids, self.length * _CHARACTERS_PER_TOKEN
        for row, text in enumerate(texts):
            tokens = cut(text[:limit], self.unit, self.exact)
            if len(text) > limit and len(tokens) <= self.length:
                tokens = cut(text, self.unit, self.exact)
            found = [known.get(token, UNKNOWN) for token in tokens[: self.length]]
            ids[row, : len(found)] = found

    def _encode_characters(self, texts: Iterable[str], ids: npt.NDArray[np.int32]) -> None:
        """All texts at once: their code points side by side, each looked up in one table."""
        pieces = [composed(text)[: self.length] for text in texts]
        if self.unit == "letter":
            pieces = [folded(piece) for piece in pieces]
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        joined = "".join(pieces).encode("utf-32-le", "surrogatepass")
        points = np.frombuffer(joined, np.uint32)
        largest = max((ord(token) for token in self.vocabulary), default=0)
        table = np.full(largest + 2, UNKNOWN, np.int32)
        for token, number in self._ids.items():
            table[ord(token)] = number
        ids[np.arange(self.length) < lengths[:, None]] = table[np.minimum(points, largest + 1)]

    def decode(self, ids: npt.NDArray[Any], skip_padding: bool = False) -> str:
        """Returns the text of ids, (n,), up to the first padding, or without padding."""
        tokens: list[str] = []
        for number in ids.tolist():
            if number == PADDING:
                if skip_padding:
                    continue
                break
            is_known = FIRST_TOKEN <= number < self.n_tokens
            tokens.append(self.vocabulary[number - FIRST_TOKEN] if is_known else self._unknown)
        if self.unit == "word" and self.exact:
            return "".join(tokens).lstrip()
        return (" " if self.unit == "word" else "").join(tokens)

    @property
    def _unknown(self) -> str:
        return f" {UNKNOWN_SIGN}" if self.unit == "word" and self.exact else UNKNOWN_SIGN

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What there is to say of it, as label and value."""
        words = f"{self.unit}s"
        facts = (
            ("Cut into", words),
            ("Vocabulary", f"{len(self.vocabulary):,} different {words}"),
            ("Length used", f"{self.length:,} {words}"),
        )
        if not self.share_cut:
            return facts
        return (*facts, ("Cut off", f"{self.share_cut:.1%} of the texts are longer"))

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values.

        What letters alone have is said of letters alone: runs on words and characters that were
        stored before there were letters know their data by these values.
        """
        values = {
            "unit": self.unit,
            "vocabulary": list(self.vocabulary),
            "length": self.length,
            "exact": self.exact,
        }
        if self.unit == "letter":
            values |= {"n_separators": self.n_separators, "share_cut": self.share_cut}
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Tokenizer:
        """Rebuilds what `to_dict` returned."""
        vocabulary = tuple(values["vocabulary"])
        return cls(
            values["unit"],
            vocabulary,
            values["length"],
            values.get("exact", False),
            values.get("n_separators", 0),
            values.get("share_cut", 0.0),
        )


def pieces(text: str, unit: str, exact: bool = False) -> list[str]:
    """Cuts a text as `cut` does, into pieces as they stand there, with the space before each.

    Returns:
        One for each token; joined they are the text, as far as tokens reach.
    """
    text = composed(text)
    if unit != "word":
        return list(text)
    tokens = cut(text, unit, exact)
    shown = " ".join(text.split()) if exact else text
    pattern = patterns()[1 if exact else 0]
    ends = [found.end() for found in pattern.finditer(shown)]
    if len(ends) != len(tokens):  # letters that become several in small letters
        return [f" {token}" for token in tokens]
    return [shown[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _is_whole(token: str) -> bool:
    """No sign of it is a lone half of a UTF-16 pair, as damaged files hold them."""
    return not any("\ud800" <= sign <= "\udfff" for sign in token)


def _fitting_length(lengths: npt.NDArray[np.int64], unit: str) -> int:
    is_letters = unit == "letter"
    share = _SHARE_WHOLE_LETTERS if is_letters else _SHARE_WHOLE
    most = MAX_AUTO_LETTERS if is_letters else MAX_AUTO_LENGTH
    return min(most, int(np.ceil(np.quantile(lengths, share))))


def _fitting_unit(texts: Collection[str] | AnyArray) -> str:
    spaced = sum(" " in text.strip() for text in texts)
    return "word" if spaced > len(texts) / 2 else "character"
