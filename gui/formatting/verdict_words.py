"""Verdicts on screen: their colours, icons and the numbers they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.events.verdicts import Finding, Severity
from engine.spec.formatting import NOTHING
from gui.formatting.numbers import count_text, number_text
from gui.formatting.translation import translate

_ROLES: Final = {
    Severity.GOOD: "success",
    Severity.NOTE: "muted",
    Severity.WARNING: "warning",
    Severity.FAULT: "danger",
}
_ICONS: Final = {
    Severity.GOOD: "success",
    Severity.NOTE: "info",
    Severity.WARNING: "warning",
    Severity.FAULT: "error",
}
ALARMS: Final = (Severity.WARNING, Severity.FAULT)


def severity_role(severity: Severity) -> str:
    """The palette's colour for a severity."""
    return _ROLES[severity]


def severity_icon(severity: Severity) -> str:
    """The name of its icon."""
    return _ICONS[severity]


def severity_text(severity: Severity) -> str:
    """It in a word, for those who do not see the colour."""
    return {
        Severity.GOOD: translate("Good"),
        Severity.NOTE: translate("Note"),
        Severity.WARNING: translate("Warning"),
        Severity.FAULT: translate("Fault"),
    }[severity]


def verdict_role(findings: Sequence[Finding]) -> str:
    """The colour of what is said of a run: of its gravest finding; green only where it is good."""
    if not findings or findings[0].severity is Severity.NOTE:
        return "accent"
    return severity_role(findings[0].severity)


def n_alarms(findings: Sequence[Finding]) -> int:
    """How many of them take from the result."""
    return sum(finding.severity in ALARMS for finding in findings)


def evidence_text(evidence: Mapping[str, Any]) -> str:
    """The numbers a finding rests on: ``loss 0.693 · chance loss 0.691``."""
    return " · ".join(
        f"{name.replace('_', ' ')} {_value_text(value)}" for name, value in evidence.items()
    )


def _value_text(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return count_text(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value_text(item)}" for name, item in value.items())
    return ", ".join(_value_text(item) for item in value)
