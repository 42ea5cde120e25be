"""Tokenizer: texts cut into words or characters, in any language, as ids of a vocabulary."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray

PADDING, UNKNOWN = 0, 1
FIRST_TOKEN = 2
UNKNOWN_SIGN = "�"

# Letters and digits together, every other sign alone: also right for scripts without spaces,
# where a "word" is then a whole run of letters.
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Tokenizer:
    """A vocabulary, and how texts are cut.

    Attributes:
        unit: ``word`` or ``character``.
        vocabulary: Tokens from id 2 on, the most frequent first. Id 0 is padding, 1 unknown.
        length: Ids in an encoded text.
    """

    unit: str
    vocabulary: tuple[str, ...]
    length: int
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ids = {token: place for place, token in enumerate(self.vocabulary, start=FIRST_TOKEN)}
        object.__setattr__(self, "_ids", ids)

    @property
    def n_tokens(self) -> int:
        """Number of ids, padding and unknown included."""
        return len(self.vocabulary) + FIRST_TOKEN

    @classmethod
    def fit(
        cls,
        texts: AnyArray,
        unit: str = "auto",
        vocabulary: int = 10_000,
        length: int | None = None,
        keep_all: bool = False,
    ) -> Tokenizer:
        """Learns a vocabulary and a length.

        Args:
            texts: Of the training part, (n,) of str.
            unit: ``word``, ``character``, or ``auto``: characters where most texts are one word.
            vocabulary: How many tokens are kept at most.
            length: Ids in an encoded text; None: enough for 95 of 100 texts.
            keep_all: Enough for the longest instead, as targets must not be cut.
        """
        if unit == "auto":
            spaced = sum(" " in text.strip() for text in texts)
            unit = "word" if spaced > len(texts) / 2 else "character"
        counts: Counter[str] = Counter()
        lengths = np.zeros(max(1, len(texts)), np.int64)
        for place, text in enumerate(texts):
            tokens = cut(text, unit)
            counts.update(tokens)
            lengths[place] = len(tokens)
        if length is None:
            length = int(lengths.max() if keep_all else np.ceil(np.quantile(lengths, 0.95)))
        # Ties in alphabetical order, so that the same texts give the same ids.
        frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:vocabulary]
        return cls(unit, tuple(token for token, _ in frequent), max(1, length))

    def encode(self, texts: AnyArray) -> npt.NDArray[np.int32]:
        """Returns ids, (n, length), cut or padded at the end."""
        ids = np.zeros((len(texts), self.length), np.int32)
        for row, text in enumerate(texts):
            found = [self._ids.get(token, UNKNOWN) for token in cut(text, self.unit)[: self.length]]
            ids[row, : len(found)] = found
        return ids

    def decode(self, ids: npt.NDArray[Any], skip_padding: bool = False) -> str:
        """Returns the text of ids, (n,), up to the first padding, or without padding."""
        tokens: list[str] = []
        for number in ids.tolist():
            if number == PADDING:
                if skip_padding:
                    continue
                break
            is_known = FIRST_TOKEN <= number < self.n_tokens
            tokens.append(self.vocabulary[number - FIRST_TOKEN] if is_known else UNKNOWN_SIGN)
        return (" " if self.unit == "word" else "").join(tokens)

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return {"unit": self.unit, "vocabulary": list(self.vocabulary), "length": self.length}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Tokenizer:
        """Rebuilds what `to_dict` returned."""
        return cls(values["unit"], tuple(values["vocabulary"]), values["length"])


def cut(text: str, unit: str) -> list[str]:
    """Cuts a text into tokens; words are compared without regard to case."""
    text = unicodedata.normalize("NFC", text)
    return _WORD.findall(text.casefold()) if unit == "word" else list(text)
