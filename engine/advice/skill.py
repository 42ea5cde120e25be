"""How well the training part itself is fitted."""

from __future__ import annotations

import numpy as np

from engine.advice.evidence import Evidence


def training_skill(evidence: Evidence) -> float | None:
    """Share of the way from a constant to perfection on the training part; None: not known."""
    if not evidence.n_epochs or evidence.targets is None:
        return None
    name, targets = evidence.accuracy_name, evidence.targets
    if name == "accuracy" and targets.counts.size:
        share = targets.commonest_share
        if share >= 1:
            return None
        return float((evidence.curve(name)[evidence.kept] - share) / (1 - share))
    if np.isfinite(evidence.chance_loss) and evidence.chance_loss > 0:
        return float(1 - evidence.train_losses[evidence.kept] / evidence.chance_loss)
    return None
