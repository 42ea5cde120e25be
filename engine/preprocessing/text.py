"""Texts as token ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.datasets.base import AnyArray, IndexArray, Rows
from engine.datasets.packing import FileRows
from engine.errors import DatasetError
from engine.preprocessing.inputs import InputTransform
from engine.preprocessing.letters import written_forms
from engine.preprocessing.tokens import FIRST_TOKEN, PADDING, UNKNOWN, Tokenizer
from engine.spec.run_spec import PreprocessingSpec

if TYPE_CHECKING:
    import keras

# Of texts still in their files, a vocabulary is learnt from so many for a first look; training
# reads them all.
_LOOKED_AT_FILES = 2_000
_BLOCK = 1_024


class TextInputs(InputTransform):
    """Texts, (n,) of str, as ids, (n, length).

    The saved model holds the vocabulary. Cut into characters or letters it takes the texts
    themselves; they should be in Unicode's composed form (NFC), as almost all are, since Keras has
    nothing that composes letters. Cut into words it takes the tokens as strings, (n, length),
    filled up with empty ones: no layer of Keras can find words as `tokens.cut` does.

    Args:
        tokenizer: Fitted on the training part.
    """

    type = "text"
    raw_shape = ()

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.output_shape = (tokenizer.length,)
        self.n_tokens = tokenizer.n_tokens
        self.n_separators = tokenizer.n_separators

    @classmethod
    def fit(
        cls, rows: Rows, indices: IndexArray, spec: PreprocessingSpec, exact: bool = False
    ) -> TextInputs:
        """Learns the vocabulary and the length.

        Args:
            rows: All texts, in memory, on disk or in files.
            indices: Those of the training part, (n_train,).
            spec: What is wanted.
            exact: As in `Tokenizer`; for translation.

        Raises:
            DatasetError: None of the files that were looked at can be read.
        """
        texts = _Texts(rows, indices)
        return cls(Tokenizer.fit(texts, spec.tokens, spec.vocabulary, spec.length, exact=exact))

    def transform(self, rows: AnyArray) -> AnyArray:
        return self.tokenizer.encode(rows)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return self.tokenizer.facts

    def build(self, reserved: Collection[str] = ()) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        import keras

        tokenizer = self.tokenizer
        if tokenizer.unit == "word":
            inputs = keras.Input(self.output_shape, dtype="string", name="inputs")
            lookup = keras.layers.StringLookup(
                vocabulary=tokenizer.storable, mask_token="", name="vocabulary"
            )
            return inputs, keras.ops.cast(lookup(inputs), "int32")
        inputs = keras.Input((1,), dtype="string", name="inputs")
        vocabulary, places = tokenizer.storable, None
        if tokenizer.unit == "letter":
            vocabulary, places = written_forms(vocabulary)
        lookup = keras.layers.TextVectorization(
            standardize=None,
            split="character",
            output_sequence_length=tokenizer.length,
            vocabulary=vocabulary,
            name="vocabulary",
        )
        ids = keras.ops.cast(lookup(inputs), "int32")
        if places is not None:  # capitals are other strings, and have the ids of small letters
            numbers = np.array([PADDING, UNKNOWN, *(place + FIRST_TOKEN for place in places)])
            ids = keras.ops.take(numbers.astype(np.int32), ids)
        return inputs, ids

    def to_dict(self) -> dict[str, Any]:
        return {"tokenizer": self.tokenizer.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TextInputs:
        return cls(Tokenizer.from_dict(values["tokenizer"]))


class _Texts(Collection[str]):
    """Some rows one after another, of which few are in memory at once."""

    def __init__(self, rows: Rows, indices: IndexArray) -> None:
        if isinstance(rows, FileRows):
            rows = _readable(rows, indices)
            indices = np.arange(len(rows), dtype=np.int64)
        self._rows, self._indices = rows, indices

    def __len__(self) -> int:
        return len(self._indices)

    def __contains__(self, text: object) -> bool:
        return any(text == other for other in self)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _BLOCK):
            yield from self._rows[self._indices[start : start + _BLOCK]]


def _readable(rows: FileRows, indices: IndexArray) -> AnyArray:
    places = np.linspace(0, len(indices) - 1, min(len(indices), _LOOKED_AT_FILES))
    read = [rows.try_read(int(index)) for index in indices[places.astype(np.int64)]]
    texts = [row.item() for row in read if not isinstance(row, str)]
    if not texts:
        reason = read[0] if read and isinstance(read[0], str) else "there are none"
        raise DatasetError(f"None of the texts can be read: {reason}.", "Choose other files.")
    found = np.empty(len(texts), object)
    found[:] = texts
    return found
