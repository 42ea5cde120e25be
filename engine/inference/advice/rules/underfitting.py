"""Not even the training examples are fitted, and more of the same will not help."""

from __future__ import annotations

from collections.abc import Iterator

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.comparing import knows_nothing
from engine.inference.advice.evidence import Evidence
from engine.inference.advice.rules.baseline import better_baselines
from engine.inference.advice.skill import training_skill
from engine.inference.advice.words import share_text

POOR = 0.6
"""Share of the way from a constant to perfection on the training part."""


def underfitting(evidence: Evidence) -> Iterator[Finding]:
    """Looks how well the training part itself is fitted; a simple model knows what is possible."""
    skill = training_skill(evidence)
    if evidence.is_running or skill is None or skill >= POOR or knows_nothing(evidence):
        return
    better = better_baselines(evidence)
    known = (
        f" {better[0].title} finds more in the same inputs, so the model is too small, too "
        "strongly regularised, or was trained too little."
        if better
        else " Either the model is too small or was trained too little, or the inputs tell no more."
    )
    yield Finding(
        FindingKind.UNDERFITTING,
        Severity.WARNING if better else Severity.NOTE,
        "Underfits: even on its training examples it comes only "
        f"{share_text(max(skill, 0.0))} of the way from always saying the same to being right."
        f"{known}",
        {"training_skill": skill},
        Place("curves", evidence.ends(0, -1)),
    )
