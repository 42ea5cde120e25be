"""Units that answer 0 to everything learn nothing any more."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.evidence import Evidence, Floats
from engine.inference.advice.skill import training_skill
from engine.inference.advice.words import listed, share_text

NOTED, GRAVE, ALL = 0.25, 0.6, 0.99
"""Share of a layer's units."""
_FITTED = 0.9
_N_MEASURED = 3


def dead_shares(evidence: Evidence) -> tuple[tuple[str, ...], Floats]:
    """Names of the layers, and which share of the units of each is dead, (layers,)."""
    if evidence.look is not None:
        return evidence.look.layers, evidence.look.dead_units
    measured = [it for it in evidence.flow if it.layers][-_N_MEASURED:]
    if len(measured) < _N_MEASURED:
        return (), np.zeros(0)
    shares = np.stack([it.dead_units for it in measured]).astype(np.float64)
    # A small batch may happen to leave a unit alone: the least of several says it surely.
    return measured[-1].layers, shares.min(axis=0)


def dead_units(evidence: Evidence) -> Iterator[Finding]:
    """Names the layers with many of them, the worst first."""
    layers, shares = dead_shares(evidence)
    bad = [i for i in np.argsort(-np.nan_to_num(shares)) if shares[i] >= NOTED]
    if not bad:
        return
    worst = int(bad[0])
    share = float(shares[worst])
    severity = Severity.NOTE
    if share >= ALL:
        severity = Severity.FAULT
    elif share >= GRAVE and not _is_fitted(evidence):
        severity = Severity.WARNING
    n = evidence.look.n_examples if evidence.look is not None else 0
    each = f"to each of {n:,} training examples" if n else "to every example of several batches"
    how_many = "All" if share >= ALL else share_text(share)
    more = [layers[i] for i in bad[1:]]
    yield Finding(
        FindingKind.DEAD_UNITS,
        severity,
        f"{how_many} of the units of '{layers[worst]}' are dead: they answer 0 {each}, and learn "
        f"nothing any more.{f' Likewise many of {listed(more)}.' if more else ''}",
        {"layers": {layers[i]: float(shares[i]) for i in bad}, "examples": n},
        Place("flow", subject=layers[worst]),
    )


def _is_fitted(evidence: Evidence) -> bool:
    """The units that are left do well enough."""
    skill = training_skill(evidence)
    return skill is not None and skill >= _FITTED
