"""Readouts: which number of a network's output is explained, in words people know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.datasets.base import AnyArray
from engine.errors import UnknownNameError
from engine.preprocessing.scaling import FloatArray
from engine.preprocessing.targets import NumberTargets, TargetTransform, TokenTargets
from engine.preprocessing.tokens import FIRST_TOKEN, PADDING
from engine.spec.signature import Output, Signature, Task

PROBABILITY, SCORE, UNIT = "probability", "score", "unit"
WHOLE_TEXT = "whole text"
ALL_VALUES = "mean of all"
_MOST_VALUES = 1_000


@dataclass(frozen=True, eq=False)
class Readout:
    """A number made of a network's outputs: their weighted sum, and a constant.

    Attributes:
        name: What it is of: a class, a label, a value, a place in a text.
        weights: Of each output, the network's output shape without the batch; of texts that are
            longer than another's, padded by who asks.
        offset: The constant.
        unit: ``probability``, ``score`` of an anomaly, or ``unit``: that of the target.
    """

    name: str
    weights: FloatArray
    offset: float
    unit: str

    def of(self, outputs: AnyArray) -> FloatArray:
        """The number for each example, (n,), of outputs (n, …)."""
        flat = outputs.reshape(len(outputs), -1).astype(np.float64)
        found: FloatArray = flat @ self.weights.ravel() + self.offset
        return found


def readouts_of(
    signature: Signature,
    targets: TargetTransform,
    target_name: str,
    class_names: Sequence[str],
    outputs: AnyArray,
) -> tuple[tuple[Readout, ...], int]:
    """All numbers that can be explained of an example, and which one to begin with.

    Args:
        signature: Of the data.
        targets: As the network was trained with.
        target_name: What is predicted.
        class_names: Classes or labels in index order.
        outputs: What the network says of the example, (1, …).

    Returns:
        The readouts, and the index of the one that is the prediction: the likeliest class or
        label, the value, the mean of several values, the whole text.
    """
    if signature.task is Task.ANOMALY:
        return (Readout("score", np.ones(outputs.shape[1:]), 0.0, SCORE),), 0
    match signature.output:
        case Output.CLASSES | Output.LABELS:
            return _classes(signature, class_names, outputs)
        case Output.NUMBERS:
            return _numbers(targets, target_name, outputs), 0
        case Output.TOKENS:
            return _tokens(signature, targets, outputs), 0


def find(readouts: Sequence[Readout], name: str) -> Readout:
    """The readout of a name.

    Raises:
        UnknownNameError: There is none; its message names the nearest.
    """
    for readout in readouts:
        if readout.name == name:
            return readout
    raise UnknownNameError("output of this model", name, tuple(it.name for it in readouts))


def _classes(
    signature: Signature, names: Sequence[str], outputs: AnyArray
) -> tuple[tuple[Readout, ...], int]:
    if signature.is_binary:
        # One unit says how likely the second class is.
        sure = float(outputs.reshape(-1)[0])
        ones = np.ones(outputs.shape[1:])
        return (
            Readout(names[0], -ones, 1.0, PROBABILITY),
            Readout(names[1], ones, 0.0, PROBABILITY),
        ), int(sure > 0.5)
    rows = np.eye(outputs.shape[-1])
    found = tuple(Readout(name, rows[place], 0.0, PROBABILITY) for place, name in enumerate(names))
    return found, int(outputs[0].argmax())


def _numbers(targets: TargetTransform, target_name: str, outputs: AnyArray) -> tuple[Readout, ...]:
    n_values = outputs.shape[-1]
    offset, scale = np.zeros(n_values), np.ones(n_values)
    if isinstance(targets, NumberTargets):
        offset = np.broadcast_to(targets.offset, (n_values,))
        scale = np.broadcast_to(targets.scale, (n_values,))
    rows = np.diag(scale)
    names = _value_names(target_name, n_values)
    each = [
        Readout(name, rows[place], float(offset[place]), UNIT)
        for place, name in enumerate(names[:_MOST_VALUES])
    ]
    if n_values == 1:
        return tuple(each)
    mean = Readout(ALL_VALUES, scale / n_values, float(offset.mean()), UNIT)
    return (mean, *each)


def _value_names(target_name: str, n_values: int) -> list[str]:
    if n_values == 1:
        return [target_name]
    parts = [part.strip() for part in target_name.split(",")]
    if len(parts) == n_values and len(set(parts)) == n_values:
        return parts
    return [f"{target_name} {place}" for place in range(1, n_values + 1)]


def _tokens(
    signature: Signature, targets: TargetTransform, outputs: AnyArray
) -> tuple[Readout, ...]:
    """The written tokens together, their mean probability, and each by itself."""
    is_spoken = signature.task is Task.TRANSCRIPTION
    ids = outputs[0].argmax(axis=-1)
    groups = _spoken(ids) if is_spoken else _written(ids)
    words = [_word(targets, token) for token, _ in groups]
    each = []
    for place, ((token, places), word) in enumerate(zip(groups, words, strict=True), start=1):
        weights = np.zeros(outputs.shape[1:])
        weights[places, token] = 1 / len(places)
        each.append(Readout(f"{place}: {word}", weights, 0.0, PROBABILITY))
    if each:
        whole = np.mean([it.weights for it in each], axis=0)
    else:  # nothing is written: how sure it is of that
        whole = np.zeros(outputs.shape[1:])
        whole[:, PADDING] = 1 / len(whole)
    return (Readout(WHOLE_TEXT, whole, 0.0, PROBABILITY), *each)


def _written(ids: AnyArray) -> list[tuple[int, list[int]]]:
    """Each token up to the end, and where it stands."""
    ends = np.flatnonzero(ids == PADDING)
    n_tokens = int(ends[0]) if len(ends) else len(ids)
    return [(int(ids[place]), [place]) for place in range(n_tokens)]


def _spoken(ids: AnyArray) -> list[tuple[int, list[int]]]:
    """Each token of a reading by CTC, and the moments at which it is said."""
    found: list[tuple[int, list[int]]] = []
    before = PADDING
    for place, token in enumerate(ids.tolist()):
        if token != PADDING and token == before:
            found[-1][1].append(place)
        elif token != PADDING:
            found.append((token, [place]))
        before = token
    return found


def _word(targets: TargetTransform, token: int) -> str:
    if not isinstance(targets, TokenTargets):
        return str(token)
    known = targets.tokenizer.vocabulary
    place = token - FIRST_TOKEN
    word = known[place] if 0 <= place < len(known) else "�"
    return word.strip() or "␣"
