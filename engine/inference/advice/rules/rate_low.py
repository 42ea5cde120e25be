"""Steps so small that the weights stay where they began."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.curves import share_falling, step_windows
from engine.inference.advice.evidence import Evidence
from engine.inference.advice.rules.dead import ALL, dead_shares
from engine.inference.advice.words import epochs_text, number_text

STILL = 0.01
"""Share of themselves by which weights that hardly move have moved."""
STRAIGHT = 0.6
"""A curve that falls in its second half by so much of what it fell in its first is a line."""
_LEFT = 0.5
"""Of the loss at the start: a loss that is further down has come far."""
_MOSTLY = 0.8
_FEWEST_EPOCHS = 4


def rate_too_low(evidence: Evidence) -> Iterator[Finding]:
    """Looks for weights that hardly moved, and for a loss that falls slowly along a line."""
    _, dead = dead_shares(evidence)
    if evidence.not_finite is not None or (np.nan_to_num(dead) >= ALL).any():
        return
    why = _hardly_moved(evidence) or _crawls(evidence)
    if why is None:
        return
    words, numbers = why
    rate = evidence.spec.training.learning_rate
    said = f" of {rate:g}" if rate is not None else ""
    yield Finding(
        FindingKind.RATE_TOO_LOW,
        Severity.WARNING,
        f"The learning rate{said} is too low: {words}",
        {"learning_rate": rate, **numbers},
        Place("curves", evidence.ends(0, -1) if evidence.n_epochs else None),
    )


def _hardly_moved(evidence: Evidence) -> tuple[str, dict[str, float]] | None:
    look = evidence.look
    if look is None or evidence.n_epochs < 2 or not np.isfinite(look.moved).any():
        return None
    moved = float(np.nanmax(look.moved))
    if moved > STILL or not _is_bad(evidence):
        return None
    return (
        f"in {epochs_text(evidence.n_epochs)} no layer's weights moved by more than "
        f"{100 * moved:.2g} % of where they began.",
        {"moved": moved, "epochs": evidence.n_epochs},
    )


def _crawls(evidence: Evidence) -> tuple[str, dict[str, float]] | None:
    losses = evidence.train_losses
    n = evidence.n_epochs
    if n < _FEWEST_EPOCHS or not np.isfinite(losses).all():
        return None
    first, middle, last = losses[0], losses[(n - 1) // 2], losses[-1]
    windows = step_windows(evidence)
    start = float(windows[0]) if len(windows) else float(first)
    if last >= first or last < _LEFT * max(start, first) or share_falling(losses) < _MOSTLY:
        return None
    if not _is_bad(evidence):
        return None
    # Per epoch, as the halves may differ by one.
    early, late = (first - middle) / ((n - 1) // 2), (middle - last) / (n - 1 - (n - 1) // 2)
    if late < STRAIGHT * early:
        return None
    look = evidence.look
    if look is not None and look.usual_move > 0.5:
        return None
    each = 100 * (first - last) / first / (n - 1)
    return (
        f"over {epochs_text(n)} the training loss fell steadily from {number_text(float(first))} "
        f"to {number_text(float(last))}, by {each:.2g} % an epoch.",
        {"first": float(first), "last": float(last), "epochs": n},
    )


def _is_bad(evidence: Evidence) -> bool:
    """There is still much to be gained."""
    chance = evidence.chance_loss
    return not np.isfinite(chance) or bool(np.nanmin(evidence.train_losses) > 0.4 * chance)
