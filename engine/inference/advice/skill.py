"""How well the training part itself is fitted."""

from __future__ import annotations

import numpy as np

from engine.inference.advice.evidence import Evidence


def training_skill(evidence: Evidence) -> float | None:
    """Share of the way from a constant to perfection on the training part; None: not known."""
    if not evidence.n_epochs or evidence.targets is None:
        return None
    name, targets, chance = evidence.accuracy_name, evidence.targets, evidence.chance_loss
    found = []
    if name == "accuracy" and 0 < targets.commonest_share < 1:
        share = targets.commonest_share
        found.append((evidence.curve(name)[evidence.kept] - share) / (1 - share))
    if np.isfinite(chance) and chance > 0:
        found.append(1 - evidence.train_losses[evidence.kept] / chance)
    # Where one class is common, the probabilities tell more than how many are right.
    known = [float(it) for it in found if np.isfinite(it)]
    return max(known, default=None)
