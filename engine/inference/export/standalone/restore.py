"""What the model's file answers, in the words of the data."""

from __future__ import annotations

from typing import Any

import numpy as np


def restore(found: Any, card: dict[str, Any]) -> Any:
    """Returns answers in the target's own terms.

    Classes and labels: the probability of each, (n, names). Numbers: in the target's unit,
    (n, numbers). Anomalies: scores, (n, 1). Texts: (n,) of str.
    """
    output = card["output"]
    if output["type"] == "tokens":
        texts = np.empty(len(found), object)
        texts[:] = [_text_of(row, output) for row in found]
        return texts
    if output["type"] == "classes" and found.shape[1] == 1:  # of two classes, the second
        return np.concatenate([1.0 - found, found], axis=1)
    if card["exit"] == "network" and output["type"] == "numbers":
        return found.astype(np.float64) * np.array(output["scale"]) + np.array(output["offset"])
    return found


def answers(outputs: Any, card: dict[str, Any]) -> list[Any]:
    """Returns, for each example, its class, its labels, its text, its score or its numbers."""
    output = card["output"]
    names = output.get("names", [])
    if output["type"] == "classes":
        return [names[place] for place in outputs.argmax(axis=1)]
    if output["type"] == "labels":
        said = outputs >= np.array(output["thresholds"])
        return [[name for name, held in zip(names, row, strict=True) if held] for row in said]
    if output["type"] == "tokens":
        return list(outputs)
    return [row[0] if len(row) == 1 else row for row in outputs.tolist()]


def _text_of(row: Any, output: dict[str, Any]) -> str:
    """The text of tokens as strings, (positions,), of their places, or of what is likely."""
    if row.dtype.kind in "OSU":
        texts = [item.decode() if isinstance(item, bytes) else item for item in row]
        tokens = [_unknown(output) if text == "[UNK]" else text for text in texts if text]
        return _joined(tokens, output)
    ids = row.argmax(axis=-1) if row.ndim == 2 else row
    kept, before = [], 0
    for place in ids.tolist():
        if place == 0 and not output["blank_first"]:
            break
        if place and not (output["blank_first"] and place == before):
            kept.append(place)
        before = place
    known = output["vocabulary"]
    tokens = [known[place - 2] if place >= 2 else _unknown(output) for place in kept]
    return _joined(tokens, output)


def _unknown(output: dict[str, Any]) -> str:
    return " �" if output["unit"] == "word" and output["exact"] else "�"


def _joined(tokens: list[str], output: dict[str, Any]) -> str:
    if output["unit"] == "word" and output["exact"]:
        return "".join(tokens).lstrip()
    return (" " if output["unit"] == "word" else "").join(tokens)
