"""What a run has to say of itself, as text in the database and back."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from engine.events.verdicts import Finding
from engine.files.bounded import parse_json


def findings_text(findings: Sequence[Finding]) -> str:
    """Findings as JSON; numbers that are not finite become null."""
    return json.dumps(plain_findings(findings), ensure_ascii=False, allow_nan=False)


def plain_findings(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as JSON-ready values; numbers that are not finite become None."""
    return [_plain(finding.to_dict()) for finding in findings]


def findings_in(text: object) -> tuple[Finding, ...]:
    """Reads what `findings_text` wrote; what is damaged, or of a newer version, is left out."""
    try:
        values = parse_json(text) if isinstance(text, str) else []
    except ValueError:
        return ()
    found = []
    for value in values if isinstance(values, list) else []:
        try:
            found.append(Finding.from_dict(value))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            continue
    return tuple(found)


def _plain(value: Any) -> Any:
    """JSON-ready: NumPy's numbers as Python's, no NaN."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | str | int) or value is None:
        return value
    number = float(value)
    return number if math.isfinite(number) else None
