"""What the loss says does not reach the first layers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.evidence import Evidence, Floats
from engine.inference.advice.rules.dead import ALL, dead_shares
from engine.inference.advice.skill import training_skill
from engine.inference.advice.words import number_text

LEAST = 1e-4
"""Gradient of a first layer, over that of the last one."""
_MOVED = 0.02
"""Less than so much of itself a layer was changed in the whole training."""
_LEARNT = 0.2
"""An optimizer such as Adam moves weights without a gradient as well; what counts is the result."""
_N_MEASURED = 3
_FEWEST_LAYERS = 3


def gradients(evidence: Evidence) -> tuple[tuple[str, ...], Floats]:
    """Names of the layers, and the usual norm of the gradient of each, (layers,)."""
    measured = [it for it in evidence.flow if it.layers]
    found = [it.gradient_norms for it in measured[-_N_MEASURED:]]
    if evidence.look is not None:
        return evidence.look.layers, evidence.look.gradient_norms.astype(np.float64)
    if len(found) < _N_MEASURED:
        return (), np.zeros(0)
    return measured[-1].layers, np.median(np.stack(found), axis=0).astype(np.float64)


def vanishing_gradients(evidence: Evidence) -> Iterator[Finding]:
    """Compares the first layers with the last; where units are dead, that is the reason."""
    layers, norms = gradients(evidence)
    if len(layers) < _FEWEST_LAYERS or not np.isfinite(norms).all():
        return
    _, dead = dead_shares(evidence)
    if (np.nan_to_num(dead) >= ALL).any():
        return
    last = float(norms[-1])
    first = int(norms[: len(layers) // 2].argmin())
    if last <= 0 or norms[first] >= LEAST * last:
        return
    look = evidence.look
    moved = float(look.moved[first]) if look is not None else float("nan")
    skill = training_skill(evidence)
    if moved > _MOVED and skill is not None and skill >= _LEARNT:
        return  # it did learn; what is left of its gradient at the end is small
    ratio = float(norms[first]) / last
    stands = f", which moved by {100 * moved:.2g} %," if moved <= _MOVED else ""
    yield Finding(
        FindingKind.VANISHING_GRADIENTS,
        Severity.FAULT if np.isfinite(moved) else Severity.WARNING,
        f"Gradients vanish: what reaches '{layers[first]}' is {ratio:.1g} of what reaches "
        f"'{layers[-1]}' ({number_text(float(norms[first]))} against {number_text(last)}), so the "
        f"first layers{stands} learn nothing.",
        {"first": float(norms[first]), "last": last, "ratio": ratio, "layers": list(layers)},
        Place("flow", subject=layers[first]),
    )
