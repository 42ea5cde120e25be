"""The commands `evaluate` and `predict`, on the saved model of a run."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.cli.commands.analysis_lines import analysis_lines, analysis_values, metrics_of
from engine.cli.commands.many import predict_many
from engine.cli.commands.output import Output, number, numbers, table
from engine.cli.commands.verdicts import verdict_lines
from engine.cli.commands.waiting import waiting
from engine.inference.contract import Contract
from engine.inference.trying.new_inputs import read_new_inputs
from engine.preprocessing.targets import (
    AnomalyTargets,
    LabelTargets,
    NumberTargets,
    TargetTransform,
)
from engine.runs.store import RunStore
from engine.spec.formatting import percent_text
from engine.training.data_changes import DataChange

_CLASSES_SHOWN = 5
_TEXTS_SHOWN = 5
_UNUSUAL_SHOWN = 10
_CHOSEN_BY = {
    "known": ", chosen by examples known to be unusual that did not train",
    "tail": ", chosen by the tail of the scores, for 1 false alarm in 100",
    "share": ", chosen by the share of the training part below it",
}
_PARTS_ANEW = "Its parts were drawn anew, and may hold what the model learnt from."


def evaluate(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Evaluates a run's model anew, on its test part or another."""
    from engine.service import execution

    record = store.get(arguments.run)
    changes: list[DataChange] = []
    with waiting(output) as progress:
        evaluation, analysis = execution.analyse(
            record.id, store, arguments.part, changes.append, progress
        )
    metrics, further = metrics_of(evaluation.metrics, analysis)
    values = {
        **evaluation.to_dict(),
        "metrics": metrics,
        "further_metrics": further,
        **analysis_values(analysis),
    }
    findings = [
        *(change.to_finding() for change in changes),
        *(finding.to_dict() for finding in analysis.findings),
    ]
    output.event("evaluated", run=record.id, **values, findings=findings)
    output.lines(
        f"{record.name}  ({record.id}), {evaluation.n_samples} examples "
        f"of the {evaluation.part} part",
        numbers(evaluation.metrics, evaluation.averages),
        *(f"{change.text} {_PARTS_ANEW}" for change in changes),
        *verdict_lines(analysis.findings),
        *analysis_lines(analysis, {**metrics, **further}),
    )
    if evaluation.threshold is not None:
        chosen = _CHOSEN_BY.get(evaluation.threshold_by, "")
        limit = number(evaluation.threshold)
        output.lines("", f"Above {limit} an example is called unusual{chosen}.")
    if evaluation.most_unusual:
        listed = [
            (item.name, number(item.score), item.truth)
            for item in evaluation.most_unusual[:_UNUSUAL_SHOWN]
        ]
        output.lines("", *table(("most unusual", "score", evaluation.target_name), listed))
    if evaluation.per_class:
        rows = [
            (
                score.name,
                *map(number, (score.precision, score.recall, score.f1)),
                str(score.support),
            )
            for score in evaluation.per_class
        ]
        header = (evaluation.target_name, "precision", "recall", "f1", "examples")
        output.lines("", *table(header, rows))
    if evaluation.sources:
        given = zip(evaluation.sources, evaluation.texts, strict=True)
        shown = [(source, *pair) for source, pair in given][:_TEXTS_SHOWN]
        output.lines("", *table(("given", "true", "predicted"), shown))
    return 0


def predict(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Predicts for files or rows with a run's model."""
    if arguments.to is not None:
        return predict_many(arguments, store, output)
    record = store.get(arguments.run)
    contract = Contract.load(store.folder(record.id))
    given = read_new_inputs(arguments.input, contract)
    from engine.service import execution
    from engine.training.fingerprint import noticed_change

    outputs = execution.predict(record.id, store, given.x)
    change = noticed_change(record.spec, store.folder(record.id))
    findings = [change.to_finding()] if change else []
    if change:
        output.lines(change.text)
    for sentence in given.left_out:
        output.event("left_out", reason=sentence)
        output.lines(sentence)
    for name, values, unfamiliar in zip(given.names, outputs, given.unfamiliar, strict=True):
        said, words = _prediction(contract, values)
        strange = [item.to_dict() for item in unfamiliar]
        output.event("prediction", input=name, **said, unfamiliar=strange, findings=findings)
        output.lines(f"{name}: {words}", *(f"  Unfamiliar: {it.text}" for it in unfamiliar))
    return 0


def _prediction(contract: Contract, values: Any) -> tuple[dict[str, Any], str]:
    """What is predicted for an example, for programs and in words.

    Args:
        contract: Of the model.
        values: Of one example, as `execution.predict` returns them.
    """
    targets = contract.preprocessing.targets
    if isinstance(targets, AnomalyTargets):
        return _score(float(values), targets.threshold)
    target = {"target": contract.target_name}
    if not contract.class_names:
        said = values if isinstance(values, str) else np.asarray(values, np.float64).tolist()
        return {**target, "value": said}, f"{contract.target_name} {_words(said, targets)}"
    if isinstance(targets, LabelTargets):
        labels, words = _labels(contract.class_names, values, targets)
        return {**target, **labels}, words
    best = contract.class_names[int(np.argmax(values))]
    probabilities = dict(zip(contract.class_names, map(float, values), strict=True))
    likely = sorted(probabilities.items(), key=lambda item: -item[1])[:_CLASSES_SHOWN]
    listing = ", ".join(f"{label} {percent_text(share, 1)}" for label, share in likely)
    return {**target, "class": best, "probabilities": probabilities}, f"{best}  ({listing})"


def _labels(names: Sequence[str], values: Any, targets: LabelTargets) -> tuple[dict[str, Any], str]:
    """Which labels an example has, and how likely each is, (labels,)."""
    said = targets.said(np.asarray(values))
    labels = [name for name, is_said in zip(names, said, strict=True) if is_said]
    probabilities = dict(zip(names, map(float, values), strict=True))
    thresholds = dict(zip(names, targets.thresholds.tolist(), strict=True))
    likely = sorted(probabilities.items(), key=lambda item: -item[1])[:_CLASSES_SHOWN]
    listing = ", ".join(f"{label} {percent_text(share, 1)}" for label, share in likely)
    values_said = {"labels": labels, "probabilities": probabilities, "thresholds": thresholds}
    return values_said, f"{', '.join(labels) or 'no label'}  ({listing})"


def _score(score: float, threshold: float | None) -> tuple[dict[str, Any], str]:
    """How unusual an example is, and whether that is more than is usual."""
    is_unusual = threshold is not None and score > threshold
    word = "unusual" if is_unusual else "usual"
    limit = "" if threshold is None else f", threshold {number(threshold)}"
    said = {"score": score, "threshold": threshold, "is_unusual": is_unusual}
    return said, f"{word}  (score {number(score)}{limit})"


def _words(value: str | float | list[float], targets: TargetTransform) -> str:
    """A predicted text, number or list of numbers, for people: as fine as the target varies."""
    if isinstance(value, str):
        return value
    scale = targets.scale if isinstance(targets, NumberTargets) else np.ones(1)
    values = np.atleast_1d(value)
    scales = np.broadcast_to(scale, values.shape)
    return ", ".join(map(_fine, values.tolist(), scales.tolist()))


def _fine(value: float, scale: float) -> str:
    """A number with four digits, and more where it is much larger than what it varies by."""
    larger = abs(value) / scale if scale > 0 else 0.0
    digits = 4 + (int(math.log10(larger)) if 1 < larger < math.inf else 0)
    return f"{value:.{min(17, digits)}g}"
