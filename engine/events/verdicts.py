"""Verdicts: what a run has to say of itself, each with the evidence it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FindingKind(StrEnum):
    """What was found, by a stable name that scripts may rely on."""

    LEARNT = "learnt"
    """It is better than a constant, or so few examples cannot tell."""
    LEARNT_NOTHING = "learnt_nothing"
    WORSE_THAN_BASELINE = "worse_than_baseline"
    OVERFITTING = "overfitting"
    UNDERFITTING = "underfitting"
    NOT_FINISHED = "not_finished"
    DEAD_UNITS = "dead_units"
    VANISHING_GRADIENTS = "vanishing_gradients"
    EXPLODING_GRADIENTS = "exploding_gradients"
    RATE_TOO_HIGH = "rate_too_high"
    RATE_TOO_LOW = "rate_too_low"
    NOT_FINITE = "not_finite"
    CLASS_NEVER_PREDICTED = "class_never_predicted"
    FEW_TEST_EXAMPLES = "few_test_examples"
    IMBALANCE = "imbalance"
    SUSPECT_LABELS = "suspect_labels"
    LEAK = "leak"
    COPIES = "copies"
    CHANGED_DATA = "changed_data"


class Severity(StrEnum):
    """How much a finding takes from a result; the colour of what is said follows it."""

    GOOD = "good"
    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"
    """The numbers of the run do not mean what they seem to mean, or there is nothing learnt."""


@dataclass(frozen=True)
class Place:
    """Where a finding shows.

    Attributes:
        page: Where to look: ``curves``, ``flow``, ``classes``, ``baselines``, ``examples``,
            ``data``.
        epochs: First and last epoch of a stretch of the curves, from 1; None: no stretch.
        subject: The layer, class or column it is about; empty: the whole.
    """

    page: str
    epochs: tuple[int, int] | None = None
    subject: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing to know of a run or of its result.

    Attributes:
        kind: What was found.
        severity: How much it takes from the result.
        text: One or two sentences, with the numbers that matter.
        evidence: The numbers it rests on, by name; JSON-ready.
        place: Where it shows; None: nowhere in particular.
    """

    kind: FindingKind
    severity: Severity
    text: str
    evidence: dict[str, Any] = field(default_factory=dict)
    place: Place | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        place = self.place
        return {
            "kind": self.kind.value,
            "severity": self.severity.value,
            "text": self.text,
            "evidence": dict(self.evidence),
            "place": None
            if place is None
            else {
                "page": place.page,
                "epochs": None if place.epochs is None else list(place.epochs),
                "subject": place.subject,
            },
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Finding:
        """Rebuilds what `to_dict` returned.

        Raises:
            KeyError, TypeError, ValueError: The values are of something else.
        """
        place = values.get("place")
        stretch = place and place.get("epochs")
        return cls(
            FindingKind(values["kind"]),
            Severity(values["severity"]),
            str(values["text"]),
            dict(values["evidence"]),
            place
            and Place(
                str(place["page"]),
                stretch and (int(stretch[0]), int(stretch[1])),
                str(place["subject"]),
            ),
        )
