"""Gradients that grow from step to step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.evidence import Evidence
from engine.inference.advice.words import number_text

GROWTH = 100.0
"""Times as large as at first."""
_LARGE = 10.0
_N_MEASURED = 3
_N_BEFORE = 30
"""Steps before the loss was no number, in which it may have grown."""


def exploding_gradients(evidence: Evidence) -> Iterator[Finding]:
    """Looks at what was measured of the gradients, and at the loss before it was none."""
    if evidence.not_finite is not None and evidence.not_finite.is_ordinary:
        yield from _before_the_end(evidence)
        return
    measured = [it for it in evidence.flow if it.layers]
    if len(measured) < 2 * _N_MEASURED:
        return
    norms = np.stack([it.gradient_norms for it in measured]).astype(np.float64)
    largest = norms.max(axis=1)
    first = float(np.median(largest[:_N_MEASURED]))
    last = float(np.median(largest[-_N_MEASURED:]))
    if not last >= max(_LARGE, GROWTH * first):
        return
    layer = measured[-1].layers[int(norms[-1].argmax())]
    yield Finding(
        FindingKind.EXPLODING_GRADIENTS,
        Severity.WARNING,
        f"Gradients explode: that of '{layer}' grew from {number_text(first)} to "
        f"{number_text(last)}.",
        {"first": first, "last": last, "layer": layer},
        Place("flow", subject=layer),
    )


def _before_the_end(evidence: Evidence) -> Iterator[Finding]:
    """A loss that grew from step to step until it was no number."""
    found = evidence.not_finite
    assert found is not None
    losses = evidence.losses.last
    bad = np.flatnonzero(~np.isfinite(losses))
    losses = losses[: bad[0] if len(bad) else None][-_N_BEFORE:]
    if len(losses) < 2:
        return
    low, high = float(losses.min()), float(losses[-1])
    if not high >= 10 * max(low, 1e-12):
        return
    n = len(losses) - int(losses.argmin())
    yield Finding(
        FindingKind.EXPLODING_GRADIENTS,
        Severity.FAULT,
        f"Gradients explode: within {n:,} steps the loss grew from {number_text(low)} to "
        f"{number_text(high)}, and then was {found.loss}.",
        {"first": low, "last": high, "steps": n},
        Place("curves", (found.epoch, found.epoch)),
    )
