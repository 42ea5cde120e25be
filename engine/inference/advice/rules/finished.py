"""It was still getting better when it ended."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.curves import noise_of, step_windows
from engine.inference.advice.evidence import Evidence, Floats
from engine.inference.advice.rules.stuck import is_stuck
from engine.inference.advice.words import epochs_text, number_text

WORTH_A_NOTE, WORTH_MORE = 0.03, 0.10
"""Share by which the loss fell in the last fifth of the epochs."""
_LEAST_OF_START = 0.015
_ALL_RIGHT = 0.98
_MUCH_LEFT = 0.2
"""Of the loss of whoever always says the same: with less left, more epochs gain little."""
_FEWEST = 4
_FEWEST_WINDOWS, _TELLING_WINDOWS = 8, 40
"""Of fewer, the noise of the batches hides whether the loss still falls."""


def not_finished(evidence: Evidence) -> Iterator[Finding]:
    """Looks whether the loss was still falling, beyond its noise."""
    if evidence.spec.start.freeze == "everything":
        return  # nothing was to be learnt
    ended_by_itself = evidence.ended_early or evidence.not_finite is not None
    if evidence.is_running or ended_by_itself or not evidence.n_epochs or is_stuck(evidence):
        return
    if evidence.n_epochs < _FEWEST:
        yield from _few_epochs(evidence)
        return
    watched = evidence.watched
    n_last = max(2, -(-evidence.n_epochs // 5))
    fell = _fall(watched, n_last, evidence.chance_loss)
    if fell is None or fell < WORTH_A_NOTE:
        return
    what = "validation" if evidence.watches_validation else "training"
    last = evidence.ends(evidence.n_epochs - n_last, -1)
    chance, low = evidence.chance_loss, float(np.nanmin(watched))
    is_left = not np.isfinite(chance) or low >= _MUCH_LEFT * chance
    is_much = fell >= WORTH_MORE and is_left and not _is_all_right(evidence)
    yield Finding(
        FindingKind.NOT_FINISHED,
        Severity.WARNING if is_much else Severity.NOTE,
        f"Has not finished learning: in the last {epochs_text(n_last)} the {what} loss still fell "
        f"by {100 * fell:.0f} %, to {number_text(low)}.",
        {"epochs": evidence.n_epochs, "fell": fell, "last": n_last},
        Place("curves", last),
    )


def _fall(values: Floats, n_last: int, chance: float) -> float | None:
    """By which share a loss fell in its last epochs; None: not beyond its noise."""
    if not np.isfinite(values).all():
        return None
    before, after = float(values[:-n_last].min()), float(values[-n_last:].min())
    fell = before - after
    reference = chance if np.isfinite(chance) else float(values[0])
    if before <= 0 or fell < max(_LEAST_OF_START * reference, 2 * noise_of(values)):
        return None
    return fell / before


def _is_all_right(evidence: Evidence) -> bool:
    """What could still be gained is next to nothing."""
    name = evidence.accuracy_name
    if not name:
        chance = evidence.chance_loss
        return bool(np.nanmin(evidence.watched) < (1 - _ALL_RIGHT) * chance)
    values = evidence.curve(f"val_{name}")
    values = evidence.curve(name) if np.isnan(values).all() else values
    return bool(np.nanmax(values) >= _ALL_RIGHT)


def _trend(values: Floats) -> float | None:
    """By which share a line through values falls from end to end; None: not beyond its noise."""
    places = np.arange(len(values)) - (len(values) - 1) / 2
    slope = float(places @ values) / float(places @ places)
    line = values.mean() + slope * places
    noise = float(np.sqrt(np.sum((values - line) ** 2) / (len(values) - 2)))
    error = noise / float(np.sqrt(places @ places))
    if -slope <= 2 * error or line[0] <= 0:
        return None
    return float(1 - line[-1] / line[0])


def _few_epochs(evidence: Evidence) -> Iterator[Finding]:
    """Of so few epochs the steps tell."""
    windows = step_windows(evidence)
    n_steps = evidence.losses.n
    still = ""
    if len(windows) >= _FEWEST_WINDOWS and np.isfinite(windows).all():
        fell = _trend(windows[len(windows) // 2 :])
        if fell is not None and fell >= WORTH_A_NOTE:
            still = f" In its second half the training loss still fell by {100 * fell:.0f} %."
        elif len(windows) >= _TELLING_WINDOWS:
            return  # it has settled
    if _is_all_right(evidence):
        return
    yield Finding(
        FindingKind.NOT_FINISHED,
        Severity.WARNING,
        f"Has not finished learning: it has seen each example only "
        f"{'once' if evidence.n_epochs == 1 else f'{evidence.n_epochs} times'}, in {n_steps:,} "
        f"steps.{still}",
        {"epochs": evidence.n_epochs, "steps": n_steps},
        Place("curves", evidence.ends(0, -1)),
    )
