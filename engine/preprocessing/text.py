"""Texts as token ids."""

from __future__ import annotations

from typing import Any

from engine.datasets.base import AnyArray
from engine.preprocessing.inputs import InputTransform
from engine.preprocessing.tokens import Tokenizer


class TextInputs(InputTransform):
    """Texts, (n,) of str, as ids, (n, length). The saved model takes the ids.

    Args:
        tokenizer: Fitted on the training part.
    """

    type = "text"
    raw_shape = ()

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.output_shape = (tokenizer.length,)
        self.n_tokens = tokenizer.n_tokens

    def transform(self, rows: AnyArray) -> AnyArray:
        return self.tokenizer.encode(rows)

    def to_dict(self) -> dict[str, Any]:
        return {"tokenizer": self.tokenizer.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TextInputs:
        return cls(Tokenizer.from_dict(values["tokenizer"]))
