"""It learns its training examples by heart: on others it gets worse, or is much worse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.comparing import comparison
from engine.inference.advice.curves import median_of_three, noise_of
from engine.inference.advice.doubt import wilson
from engine.inference.advice.evidence import Evidence
from engine.inference.advice.words import number_text, share_text
from engine.spec.signature import Output

LEAST_RISE = 0.10
"""Of the lowest validation loss, by which it must have risen."""
_LEAST_OF_CHANCE = 0.02
_STILL_LEARNING = 0.95
LEAST_GAP, GRAVE_GAP = 0.10, 0.15
_N_AFTER = 3


@dataclass(frozen=True)
class _Rise:
    since: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.high / self.low - 1


def overfitting(evidence: Evidence) -> Iterator[Finding]:
    """Looks for a validation loss that rises while the training loss falls, and for the gap."""
    rise, gap = _rise(evidence), _gap(evidence)
    if rise is None and gap is None:
        return
    sentences: list[str] = []
    numbers: dict[str, float] = {}
    stretch = None
    if rise is not None:
        first = evidence.number_of(rise.since)
        stretch = (first + 1, evidence.number_of(-1))
        numbers |= {"since": first, "lowest": rise.low, "last": rise.high, "rise": rise.share}
        sentences.append(
            f"Overfits since epoch {first:,}: the validation loss rose from "
            f"{number_text(rise.low)} to {number_text(rise.high)} (by {100 * rise.share:.0f} %), "
            f"while the training loss fell to {number_text(float(evidence.train_losses[-1]))}."
        )
        if evidence.keeps_best and not evidence.is_running:
            sentences.append(f"The weights of epoch {evidence.number_of(evidence.kept):,} count.")
    if gap is not None:
        own, others, what = gap
        numbers |= {"training": own, "new": others}
        begins = "On" if sentences else "Overfits: on"
        sentences.append(
            f"{begins} its training examples {what} is {share_text(own)}, on new ones "
            f"{share_text(others)}."
        )
    harms = rise is not None and not evidence.keeps_best and not evidence.is_running
    is_grave = harms or (gap is not None and gap[0] - gap[1] >= GRAVE_GAP)
    severity = Severity.WARNING if is_grave or evidence.is_running else Severity.NOTE
    yield Finding(
        FindingKind.OVERFITTING, severity, " ".join(sentences), numbers, Place("curves", stretch)
    )


def _rise(evidence: Evidence) -> _Rise | None:
    """Since which epoch the validation loss rises, and from what to what."""
    if not evidence.watches_validation or evidence.n_epochs < _N_AFTER + 2:
        return None
    raw = evidence.curve("val_loss")
    if not np.isfinite(raw).all():
        return None
    smooth, train = median_of_three(raw), evidence.train_losses
    since = int(raw.argmin())
    if evidence.n_epochs - 1 - since < _N_AFTER:  # one lucky epoch near the end
        since = int(smooth.argmin())
    if evidence.n_epochs - 1 - since < _N_AFTER:
        return None
    low, high = float(smooth[since]), float(np.median(raw[-_N_AFTER:]))
    chance = evidence.chance_loss
    reference = chance if np.isfinite(chance) else float(raw[0])
    least = max(LEAST_RISE * low, _LEAST_OF_CHANCE * reference, 3 * noise_of(raw))
    learns_on = train[-1] < _STILL_LEARNING * train[since]
    return _Rise(since, low, high) if low > 0 and high - low >= least and learns_on else None


def _gap(evidence: Evidence) -> tuple[float, float, str] | None:
    """What is reached on training examples and on others, as shares, and what they are shares of.

    Of classes the share that is right; of numbers the share of the loss that is gone.
    """
    if not evidence.n_epochs or not evidence.watches_validation:
        return None
    kept = evidence.kept if not evidence.is_running else evidence.n_epochs - 1
    name = evidence.accuracy_name
    if name:
        own, others = evidence.curve(name)[kept], evidence.curve(f"val_{name}")[kept]
        what = "the share that is right"
    elif np.isfinite(evidence.chance_loss) and evidence.chance_loss > 0:
        own = 1 - evidence.train_losses[kept] / evidence.chance_loss
        others = 1 - evidence.curve("val_loss")[kept] / evidence.chance_loss
        what = "the share of the loss that is gone"
    else:
        return None
    own, others = float(own), float(others)
    if not (np.isfinite(own) and np.isfinite(others)) or own - others < LEAST_GAP:
        return None
    return (own, others, what) if _is_sure(evidence, own, others) else None


def _is_sure(evidence: Evidence, own: float, others: float) -> bool:
    """What is reached on examples it has not learnt from is less, beyond its doubt."""
    new = evidence.pooled or evidence.judged
    if new is not None and new.output is Output.CLASSES and new.is_right is not None:
        return own - wilson(float(new.is_right.sum()), len(new)).high > LEAST_GAP / 2
    found = comparison(evidence)
    if found is not None and not evidence.accuracy_name:
        return own - found.gain.high > LEAST_GAP / 2
    # While it runs, only curves are known.
    n = _n_new(evidence)
    return own - others >= 3 * float(np.sqrt(max(others * (1 - others), 0.02) / max(n, 1)))


def _n_new(evidence: Evidence) -> int:
    """Examples of the validation part; where that is not known, as many as are usual."""
    part = evidence.validation
    if part is not None:
        return part.n_all or len(part)
    n_train = evidence.targets.n if evidence.targets is not None else 100
    return max(20, n_train // 5)
