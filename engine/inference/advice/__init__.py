"""What a run has to say of itself: rules look at the evidence and say what they find.

To add a rule: one new file in `engine/inference/advice/rules`, one line in `RULES`. Uses NumPy
and SciPy alone, and is cheap: rules that need nothing but curves are asked as each epoch ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from engine.events.verdicts import Finding, Severity
from engine.inference.advice.evidence import Evidence
from engine.inference.advice.rules.baseline import worse_than_baseline
from engine.inference.advice.rules.classes import class_never_predicted
from engine.inference.advice.rules.dead import dead_units
from engine.inference.advice.rules.exploding import exploding_gradients
from engine.inference.advice.rules.few import few_test_examples
from engine.inference.advice.rules.finished import not_finished
from engine.inference.advice.rules.finite import not_finite
from engine.inference.advice.rules.imbalance import imbalance
from engine.inference.advice.rules.learnt import learnt
from engine.inference.advice.rules.overfitting import overfitting
from engine.inference.advice.rules.rate_high import rate_too_high
from engine.inference.advice.rules.rate_low import rate_too_low
from engine.inference.advice.rules.stuck import nothing_yet
from engine.inference.advice.rules.underfitting import underfitting
from engine.inference.advice.rules.vanishing import vanishing_gradients

logger = logging.getLogger(__name__)

Rule = Callable[[Evidence], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    not_finite,
    learnt,
    nothing_yet,
    worse_than_baseline,
    dead_units,
    vanishing_gradients,
    exploding_gradients,
    rate_too_high,
    rate_too_low,
    overfitting,
    underfitting,
    not_finished,
    class_never_predicted,
    imbalance,
    few_test_examples,
)
"""In this order; of findings that are equally grave, the one of the earlier rule comes first."""

_ORDER = (Severity.FAULT, Severity.WARNING, Severity.GOOD, Severity.NOTE)


def findings_of(evidence: Evidence) -> tuple[Finding, ...]:
    """Asks every rule what it finds.

    A rule that fails says nothing, and is noted in the log: what a run is worth is no reason for
    it to end otherwise than it did.

    Returns:
        What they found, the gravest first; what is good before what is merely noted.
    """
    found: list[Finding] = []
    for rule in RULES:
        try:
            found += rule(evidence)
        except Exception:
            logger.exception("The rule %s failed", rule.__name__)
    return gravest_first(found)


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order in which they are read."""
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))
