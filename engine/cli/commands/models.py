"""The commands `evaluate` and `predict`, on the saved model of a run."""

from __future__ import annotations

from argparse import Namespace

import numpy as np

from engine.cli.commands.inputs import read_inputs
from engine.cli.commands.output import Output, number, numbers, table
from engine.inference.contract import Contract
from engine.preprocessing.targets import AnomalyTargets
from engine.runs.store import RunStore
from engine.spec.formatting import percent_text

_CLASSES_SHOWN = 5
_TEXTS_SHOWN = 5
_UNUSUAL_SHOWN = 10


def evaluate(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Evaluates a run's model anew on its test part."""
    from engine.service import execution

    record = store.get(arguments.run)
    evaluation = execution.evaluate(record.id, store)
    output.event("evaluated", run=record.id, **evaluation.to_dict())
    output.lines(
        f"{record.name}  ({record.id}), {evaluation.n_samples} examples "
        f"of the {evaluation.part} part",
        numbers(evaluation.metrics),
    )
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
    record = store.get(arguments.run)
    contract = Contract.load(store.folder(record.id))
    names, x = read_inputs(arguments.input, contract.input_spec)
    from engine.service import execution

    outputs = execution.predict(record.id, store, x)
    targets = contract.preprocessing.targets
    for name, values in zip(names, outputs, strict=True):
        if isinstance(targets, AnomalyTargets):
            _say_score(output, name, float(values), targets.threshold)
            continue
        if not contract.class_names:
            said = values if isinstance(values, str) else np.asarray(values, np.float64).tolist()
            output.event("prediction", input=name, target=contract.target_name, value=said)
            output.lines(f"{name}: {contract.target_name} {_words(said)}")
            continue
        best = contract.class_names[int(np.argmax(values))]
        probabilities = dict(zip(contract.class_names, map(float, values), strict=True))
        output.event(
            "prediction",
            input=name,
            target=contract.target_name,
            **{"class": best},
            probabilities=probabilities,
        )
        likely = sorted(probabilities.items(), key=lambda item: -item[1])[:_CLASSES_SHOWN]
        listing = ", ".join(f"{label} {percent_text(share, 1)}" for label, share in likely)
        output.lines(f"{name}: {best}  ({listing})")
    return 0


def _say_score(output: Output, name: str, score: float, threshold: float | None) -> None:
    """Says how unusual an example is, and whether that is more than is usual."""
    is_unusual = threshold is not None and score > threshold
    output.event("prediction", input=name, score=score, threshold=threshold, is_unusual=is_unusual)
    word = "unusual" if is_unusual else "usual"
    limit = "" if threshold is None else f", threshold {number(threshold)}"
    output.lines(f"{name}: {word}  (score {number(score)}{limit})")


def _words(value: str | float | list[float]) -> str:
    """A predicted text, number or list of numbers, for people."""
    if isinstance(value, str):
        return value
    return ", ".join(map(number, value)) if isinstance(value, list) else number(value)
