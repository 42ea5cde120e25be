"""What a run has to say of itself, for people at a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from engine.events.verdicts import Finding, Severity

_MARKS = {
    Severity.FAULT: "(!!)",
    Severity.WARNING: "(!)",
    Severity.GOOD: "(+)",
    Severity.NOTE: "( )",
}


def verdict_lines(findings: Sequence[Finding]) -> list[str]:
    """A line for each finding, the gravest first, with a mark that needs no colour."""
    return [f"{_MARKS[finding.severity]:<4} {finding.text}" for finding in findings]
