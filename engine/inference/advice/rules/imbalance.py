"""One class is so common that being right says little."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.doubt import wilson
from engine.inference.advice.evidence import Evidence
from engine.inference.advice.words import share_text
from engine.spec.signature import Output

COMMON = 0.75
_FEWEST = 5
_POOR = 0.6


def imbalance(evidence: Evidence) -> Iterator[Finding]:
    """Looks whether rare classes are missed where the common one is found."""
    part, targets = evidence.judged, evidence.targets
    if evidence.is_running or part is None or targets is None or part.is_anomaly:
        return
    if part.output is not Output.CLASSES or not targets.counts.size:
        return
    share = targets.commonest_share
    if share < COMMON or len(targets.counts) < 2:
        return
    name = targets.class_names[targets.commonest]
    predicted, truth = part.predicted, part.truth
    accuracy = float(np.mean(predicted == truth))
    missed = []
    for label, count in enumerate(targets.counts):
        is_it = truth == label
        if label == targets.commonest or is_it.sum() < _FEWEST or not count:
            continue
        found = wilson(float((predicted[is_it] == label).sum()), float(is_it.sum()))
        missed.append((found.value, found.high, label, int(is_it.sum())))
    worst = min(missed, default=None)
    is_missed = worst is not None and worst[1] < min(_POOR, accuracy)
    text = f"{share_text(share)} of the training examples are '{name}'."
    numbers: dict[str, object] = {"commonest": name, "share": share, "accuracy": accuracy}
    if is_missed and worst is not None:
        rare = targets.class_names[worst[2]]
        text += (
            f" {share_text(accuracy)} right hides that only {share_text(worst[0])} of the "
            f"{worst[3]:,} examples of '{rare}' are found."
        )
        numbers |= {"rare": rare, "recall": worst[0], "n": worst[3]}
    else:
        text += " How many are right says little by itself: look at each class."
    yield Finding(
        FindingKind.IMBALANCE,
        Severity.WARNING if is_missed else Severity.NOTE,
        text,
        numbers,
        Place("classes", subject=str(numbers.get("rare", name))),
    )
