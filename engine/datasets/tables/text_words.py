"""Words of a column of free text: which are worth a feature, and which of them a text holds.

Texts are cut exactly as `keras.layers.TextVectorization` cuts them by default, for that layer does
it in the saved model: A to Z in lower case, ASCII punctuation away, parted at ASCII white space.
Scripts that put no spaces between words are cut into characters.

The words come from the whole table, as the categories of a column do; those that the training part
does not tell apart are left out later (`engine.preprocessing.table_fitting`).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from engine.datasets.tables.table_cells import blank_cells, distinct_cells
from engine.datasets.tables.table_source import Cells, FloatArray

MAX_WORDS, MIN_WORDS = 200, 20
ROWS_PER_WORD = 10
"""No more words than a tenth of the rows, within these bounds: each is a weight to be learnt."""
MIN_TEXTS = 2
"""A word in fewer texts says nothing of the others."""

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase, string.punctuation)
_SPACE = re.compile(r"[ \t\n\v\f\r]+")


def cut_words(text: str, unit: str) -> list[str]:
    """Cuts a text into words or characters, as Keras does.

    Args:
        text: The text.
        unit: ``word`` or ``character``.
    """
    plain = text.translate(_LOWER)
    if unit == "character":
        return [sign for sign in plain if not sign.isspace()]
    return [word for word in _SPACE.split(plain) if word]


class WordCount:
    """Counts, chunk by chunk, in how many texts of a column each word occurs."""

    def __init__(self) -> None:
        self._texts: dict[str, Counter[str]] = {"word": Counter(), "character": Counter()}
        self._n_texts = self._n_spaced = 0

    def add(self, cells: Cells) -> None:
        """Looks at a chunk."""
        for item in cells.value_counts().to_pylist():
            text, count = item["values"], item["counts"]
            if not text:
                continue
            self._n_texts += count
            self._n_spaced += count * (" " in text.strip() or text.isascii())
            for unit, texts in self._texts.items():
                for word in set(cut_words(text, unit)):
                    texts[word] += count

    def result(self, n_rows: int) -> tuple[str, tuple[str, ...]]:
        """The unit that suits the texts, and the words worth a feature, the most frequent first."""
        unit = "word" if 2 * self._n_spaced > self._n_texts else "character"
        limit = min(MAX_WORDS, max(MIN_WORDS, n_rows // ROWS_PER_WORD))
        texts = self._texts[unit]
        found = sorted(texts, key=lambda word: (-texts[word], word))
        worth = [word for word in found if MIN_TEXTS <= texts[word] < self._n_texts]
        return unit, tuple(worth[:limit])


def learn_words(
    chunks: Iterable[Mapping[str, Cells]], names: Sequence[str], n_rows: int
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Learns the words of columns.

    Args:
        chunks: Cells by column name.
        names: The columns of free text.
        n_rows: Rows of the table.

    Returns:
        By name the unit and the words, as `WordCount.result`.
    """
    counts = {name: WordCount() for name in names}
    for cells in chunks:
        for name, count in counts.items():
            count.add(cells[name])
    return {name: count.result(n_rows) for name, count in counts.items()}


def read_words(cells: Cells, words: Sequence[str], unit: str) -> FloatArray:
    """1 where a text holds a word, else 0; NaN in the rows of blank cells, (rows, words)."""
    places, distinct = distinct_cells(cells)
    columns = {word: place for place, word in enumerate(words)}
    held = np.zeros((max(1, len(distinct)), len(words)))
    for row, text in enumerate(distinct):
        found = [columns[word] for word in cut_words(text, unit) if word in columns]
        held[row, found] = 1.0
    rows = held[places]
    rows[blank_cells(cells)] = np.nan
    return rows
