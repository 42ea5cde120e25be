"""Has it learnt anything? The head of every verdict, good or bad."""

from __future__ import annotations

from collections.abc import Iterator

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.association import SURE
from engine.inference.advice.comparing import Comparison, comparison, knows_nothing
from engine.inference.advice.evidence import Evidence


def learnt(evidence: Evidence) -> Iterator[Finding]:
    """Compares the model with whoever always says the same, on examples it has not learnt from."""
    if evidence.is_running:
        return
    found = comparison(evidence)
    if found is None:
        return
    numbers = {"n": found.n, **found.evidence}
    place = Place("baselines", subject=found.subject)
    if knows_nothing(evidence):
        yield Finding(FindingKind.LEARNT_NOTHING, Severity.FAULT, found.worse_text, numbers, place)
    elif found.is_better:
        yield Finding(FindingKind.LEARNT, Severity.GOOD, found.text, numbers, place)
    else:
        yield Finding(
            FindingKind.LEARNT,
            Severity.NOTE,
            f"{found.text} {_doubt(found)}",
            numbers,
            place,
        )


def _doubt(found: Comparison) -> str:
    if found.z < SURE:
        return "Whether it is better, so few examples cannot tell."
    return "It tells examples apart; that it does better than that is not sure."
