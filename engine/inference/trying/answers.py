"""What a model says of inputs, from its arrays: classes, labels, numbers, texts, scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.datasets.base import AnyArray
from engine.datasets.unfamiliar import Unfamiliar
from engine.events.trying import ModelAnswer
from engine.inference.contract import Contract
from engine.preprocessing.targets import AnomalyTargets, LabelTargets
from engine.spec.signature import Output

MAX_SHARES = 50
"""Classes of one answer that are sent to a window, the likeliest first."""


def in_full(contract: Contract, outputs: AnyArray) -> AnyArray:
    """Outputs as `ServedModel.predict` gives them, in the form people are told.

    Returns:
        Classes: the probability of each, (n, classes), of two as well. Single numbers and scores:
        (n,). Else as they are.
    """
    if contract.signature.is_binary:
        return np.concatenate([1.0 - outputs, outputs], axis=1)
    return outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs


def answers_of(
    contract: Contract,
    outputs: AnyArray,
    names: Sequence[str] = (),
    unfamiliar: Sequence[Sequence[Unfamiliar]] = (),
) -> tuple[ModelAnswer, ...]:
    """Puts outputs into words.

    Args:
        contract: Of the model.
        outputs: As `in_full` returns them, one for each input.
        names: What each input is called; empty: nothing.
        unfamiliar: Of each input; empty: nothing.
    """
    return tuple(
        answer_of(
            contract,
            values,
            names[place] if names else "",
            unfamiliar[place] if unfamiliar else (),
        )
        for place, values in enumerate(outputs)
    )


def answer_of(
    contract: Contract, values: AnyArray, name: str = "", unfamiliar: Sequence[Unfamiliar] = ()
) -> ModelAnswer:
    """Puts the outputs of one input into words; see `answers_of`."""
    strange = tuple(item.text for item in unfamiliar)
    targets, classes = contract.preprocessing.targets, contract.class_names
    if isinstance(targets, AnomalyTargets):
        score = float(values)
        return ModelAnswer(name, values=(score,), threshold=targets.threshold, unfamiliar=strange)
    match contract.signature.output:
        case Output.TOKENS:
            return ModelAnswer(name, str(values), unfamiliar=strange)
        case Output.NUMBERS:
            found = np.atleast_1d(np.asarray(values, np.float64))
            return ModelAnswer(name, values=tuple(found.tolist()), unfamiliar=strange)
    order = np.argsort(-np.asarray(values, np.float64), kind="stable")[:MAX_SHARES].tolist()
    shares = tuple((classes[place], float(values[place])) for place in order)
    if isinstance(targets, LabelTargets):
        said = targets.said(np.asarray(values))
        labels = tuple(label for label, is_said in zip(classes, said, strict=True) if is_said)
        thresholds = tuple(float(targets.thresholds[place]) for place in order)
        return ModelAnswer(
            name, shares=shares, labels=labels, thresholds=thresholds, unfamiliar=strange
        )
    return ModelAnswer(name, shares[0][0], shares, unfamiliar=strange)
