"""Texts, cut as they were when the model was trained, as the model's file takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from engine.preprocessing.cutting import composed, cut


def prepare(inputs: Any, card: dict[str, Any]) -> dict[str, Any]:
    """Returns the file's inputs for texts, a list of str."""
    tokenizer = card["prepare"]["tokenizer"]
    if isinstance(inputs, str):
        raise ValueError("A list of texts is expected. Received: a text alone.")
    if card["entry"] == "raw" and tokenizer["unit"] != "word":
        return {"inputs": np.array([[composed(text)] for text in inputs], object)}
    if card["entry"] == "raw":
        tokens = np.full((len(inputs), tokenizer["length"]), "", object)
        for row, text in enumerate(inputs):
            found = cut(text, "word", tokenizer["exact"])[: tokenizer["length"]]
            tokens[row, : len(found)] = found
        return {"inputs": tokens}
    return {"inputs": ids_of(inputs, tokenizer)}


def ids_of(texts: Any, tokenizer: dict[str, Any]) -> Any:
    """Returns places in the vocabulary, int32 (n, length); 0 fills up, 1 is of unknown tokens."""
    known = {token: place for place, token in enumerate(tokenizer["vocabulary"], 2)}
    ids = np.zeros((len(texts), tokenizer["length"]), np.int32)
    for row, text in enumerate(texts):
        tokens = cut(text, tokenizer["unit"], tokenizer["exact"])[: tokenizer["length"]]
        ids[row, : len(tokens)] = [known.get(token, 1) for token in tokens]
    return ids
