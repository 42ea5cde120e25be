"""The training itself gets nowhere: told while it runs, and where nothing was kept aside."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.evidence import Evidence
from engine.inference.advice.words import epochs_text, number_text, share_text

FEWEST_EPOCHS = 4
N_LAST = 3
_NEAR = 0.98
"""Of the loss of whoever always says the same: a loss above it has learnt nothing."""


def is_stuck(evidence: Evidence) -> bool:
    """The training loss of the last epochs is no better than that of always saying the same."""
    if evidence.n_epochs < FEWEST_EPOCHS or not np.isfinite(evidence.chance_loss):
        return False
    losses = evidence.train_losses[-N_LAST:]
    if not (losses >= _NEAR * evidence.chance_loss).all():
        return False
    name, targets = evidence.accuracy_name, evidence.targets
    if name != "accuracy" or targets is None or not targets.counts.size:
        return True
    share = targets.commonest_share
    doubt = 2.6 * float(np.sqrt(share * (1 - share) / targets.n))
    return bool((evidence.curve(name)[-N_LAST:] <= share + doubt).all())


def nothing_yet(evidence: Evidence) -> Iterator[Finding]:
    """Says so while the run is under way, or where there is no part to judge it by."""
    if not (evidence.is_running or evidence.judged is None) or not is_stuck(evidence):
        return
    loss, chance = float(evidence.train_losses[-1]), evidence.chance_loss
    text = (
        f"Nothing is learnt {'yet' if evidence.is_running else 'at all'}: after "
        f"{epochs_text(evidence.n_epochs)} the training loss is {number_text(loss)}, and always "
        f"saying the same would have {number_text(chance)}."
    )
    numbers = {"loss": loss, "chance_loss": chance, "epochs": evidence.n_epochs}
    name = evidence.accuracy_name
    if name:
        numbers["accuracy"] = accuracy = float(evidence.curve(name)[-1])
        text += f" {share_text(accuracy)} of the training examples are right."
    yield Finding(
        FindingKind.LEARNT_NOTHING,
        Severity.FAULT,
        text,
        numbers,
        Place("curves", evidence.ends(0, -1)),
    )
