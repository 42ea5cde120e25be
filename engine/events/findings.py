"""Findings: what is wrong with the data, by name, each with the remedy that a click applies."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MAX_NAMES = 100


class Trouble(StrEnum):
    """What sort of thing was found; a `QUESTION` is to be answered before anything is trained."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    DUPLICATE = "duplicate"
    ACROSS_PARTS = "across parts"
    CONSTANT = "constant"
    LEAK = "leak"
    IMBALANCE = "imbalance"
    LEFT_OUT = "left out"
    UNDERSTOOD = "understood"
    QUESTION = "question"


@dataclass(frozen=True)
class Remedy:
    """A change of the specification that deals with a finding.

    Attributes:
        label: What the button says, such as ``Leave the column out``.
        changes: New values by dotted path, such as ``{"data.columns.id.type": "ignore"}``. Path
            parts that hold dots are written as a tuple of parts instead of one string.
    """

    label: str
    changes: dict[str | tuple[str, ...], Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DataFinding:
    """One thing found in the data.

    Attributes:
        trouble: What sort of thing.
        subject: The column, class or group of files it is about; empty: the whole.
        text: One or two sentences: what was found, with counts.
        names: Names concerned (files, columns, lines), each with its reason where there is one,
            such as ``cats/7.png: is not an image``; at most `MAX_NAMES`.
        count: How many are concerned in all.
        remedies: What can be done, the best first; may be empty.
    """

    trouble: Trouble
    subject: str
    text: str
    names: tuple[str, ...] = ()
    count: int = 0
    remedies: tuple[Remedy, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return {
            "trouble": self.trouble.value,
            "subject": self.subject,
            "text": self.text,
            "names": list(self.names),
            "count": self.count,
            "remedies": [remedy.label for remedy in self.remedies],
        }
