"""Steps so large that they jump over what they look for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.curves import noise_of, step_windows
from engine.inference.advice.evidence import Evidence
from engine.inference.advice.words import number_text

PEAK = 4.0
"""Times the loss at the start, or that of always saying the same."""
_STILL_BAD = 0.5
_ABOVE_CHANCE = 1.15
_MOVED = 20.0
_ZIGZAG, _SWING = 0.6, 0.15
_FEWEST_EPOCHS = 6


def rate_too_high(evidence: Evidence) -> Iterator[Finding]:
    """Looks for a loss that shot up, stays above that of a constant, or goes up and down."""
    why = _why(evidence)
    if not why:
        return
    rate = evidence.spec.training.learning_rate
    said = f" of {rate:g}" if rate is not None else ""
    words, numbers = why
    is_fault = evidence.not_finite is not None
    stretch = evidence.ends(0, -1) if evidence.n_epochs else None
    yield Finding(
        FindingKind.RATE_TOO_HIGH,
        Severity.FAULT if is_fault else Severity.WARNING,
        f"The learning rate{said} is too high: {words}",
        {"learning_rate": rate, **numbers},
        Place("curves", stretch),
    )


def _why(evidence: Evidence) -> tuple[str, dict[str, float]] | None:
    if evidence.not_finite is not None:
        if not evidence.not_finite.is_ordinary:
            return None
        return (
            f"the weights grew until the loss was {evidence.not_finite.loss}.",
            {"step": evidence.not_finite.step},
        )
    return _shot_up(evidence) or _stays_above(evidence) or _swings(evidence)


def _shot_up(evidence: Evidence) -> tuple[str, dict[str, float]] | None:
    windows, chance = step_windows(evidence), evidence.chance_loss
    if len(windows) < 4 or not np.isfinite(windows).all():
        return None
    first = evidence.losses.first
    start = float(np.fmax(first, chance))
    peak, end = float(windows.max()), float(windows[-max(1, len(windows) // 5) :].mean())
    if not start > 0 or peak < PEAK * start or end < _STILL_BAD * start:
        return None
    return (
        f"the loss shot up from {number_text(start)} to {number_text(peak)}, and ended at "
        f"{number_text(end)}.",
        {"start": start, "peak": peak, "end": end},
    )


def _stays_above(evidence: Evidence) -> tuple[str, dict[str, float]] | None:
    chance, look = evidence.chance_loss, evidence.look
    if evidence.n_epochs < 2 or not np.isfinite(chance):
        return None
    end = float(np.median(evidence.train_losses[-3:]))
    moved = look.usual_move if look is not None else float("nan")
    is_far = np.isfinite(moved) and moved >= _MOVED and end >= 0.9 * chance
    start = evidence.losses.first
    if end < _ABOVE_CHANCE * chance and not is_far:
        return None
    if not is_far and end < 0.9 * start and evidence.n_epochs > 3:
        losses = evidence.train_losses
        if losses[-1] < losses[len(losses) // 2]:  # from a bad start it comes down, slowly
            return None
    if not is_far and end <= 1.05 * start and np.isfinite(moved) and moved < 0.3:
        return None  # the weights hardly moved: a bad start, and no large steps
    return (
        f"after {evidence.n_epochs:,} epochs the training loss is {number_text(end)}; always "
        f"saying the same would have {number_text(chance)}.",
        {"end": end, "chance_loss": chance},
    )


def _swings(evidence: Evidence) -> tuple[str, dict[str, float]] | None:
    """The training loss goes up nearly as much as down, in large swings."""
    losses = evidence.train_losses
    if evidence.n_epochs < _FEWEST_EPOCHS or not np.isfinite(losses).all():
        return None
    half = losses[len(losses) // 3 :]
    changes = np.diff(half)
    up, down = float(changes[changes > 0].sum()), float(-changes[changes < 0].sum())
    chance = evidence.chance_loss
    reference = chance if np.isfinite(chance) else float(losses[0])
    swing = noise_of(half)
    is_wild = swing >= _SWING * max(float(np.median(half)), 0.2 * reference)
    if not is_wild or up < _ZIGZAG * down:
        return None
    return (
        f"the training loss goes up and down between {number_text(float(half.min()))} and "
        f"{number_text(float(half.max()))} instead of settling.",
        {"lowest": float(half.min()), "highest": float(half.max())},
    )
