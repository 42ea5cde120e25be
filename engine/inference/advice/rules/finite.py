"""The loss is no number any more."""

from __future__ import annotations

from collections.abc import Iterator

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.evidence import Evidence


def not_finite(evidence: Evidence) -> Iterator[Finding]:
    """Tells in which step the loss went."""
    found = evidence.not_finite
    if found is None:
        return
    why = (
        "The examples of that batch hold ordinary numbers: it is the weights that grew."
        if found.is_ordinary
        else "Its batch holds numbers that no training can bear."
    )
    yield Finding(
        FindingKind.NOT_FINITE,
        Severity.FAULT,
        f"The loss became {found.loss} in step {found.step:,}, epoch {found.epoch:,}. {why}",
        {"step": found.step, "epoch": found.epoch, "loss": found.loss},
        Place("curves", (found.epoch, found.epoch)),
    )
