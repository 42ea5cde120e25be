"""So few test examples that the numbers are no more than a guess."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.doubt import blocks_of, mean_of, wilson
from engine.inference.advice.evidence import Evidence
from engine.spec.signature import Output

NOTED, GRAVE = 0.05, 0.12
"""Half of the 95 % interval of a share, or of a mean error as a share of itself."""
_FEWEST = 20


def few_test_examples(evidence: Evidence) -> Iterator[Finding]:
    """Says how much can be told at best."""
    part = evidence.test
    if evidence.is_running or part is None or not len(part) or part.is_anomaly:
        return
    n = len(part)
    if part.output in (Output.CLASSES, Output.TOKENS) and part.is_right is not None:
        half = wilson(float(part.is_right.sum()), n).half_width
        if part.groups is not None:  # examples that belong together tell less
            half = max(half, mean_of(part.is_right.astype(np.float64), blocks_of(part)).half_width)
        points = f"± {100 * half:.0f} points" if np.isfinite(half) else "anything"
        words, limits = f"{points} of the share that is right", (NOTED, GRAVE)
    else:
        found = mean_of(part.losses.astype(np.float64), blocks_of(part))
        half = found.half_width / found.value if found.value > 0 else float("inf")
        reach = f"± {100 * half:.0f} %" if np.isfinite(half) else "any amount"
        words, limits = f"{reach} of the mean error", (2 * NOTED, 3 * GRAVE)
    is_grave = n <= _FEWEST or not half <= limits[1]
    if half < limits[0] and not is_grave:
        return
    yield Finding(
        FindingKind.FEW_TEST_EXAMPLES,
        Severity.WARNING if is_grave else Severity.NOTE,
        f"{n:,} test example{'' if n == 1 else 's'} cannot tell more than {words}.",
        {"n": n, "half_width": half if np.isfinite(half) else None},
        Place("examples"),
    )
