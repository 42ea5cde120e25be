"""Classes that are there, and are never said."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.evidence import Evidence
from engine.inference.advice.words import listed
from engine.spec.signature import Output

FEWEST = 5
"""Examples of a class, of which one at least should have been called by its name."""


def class_never_predicted(evidence: Evidence) -> Iterator[Finding]:
    """Looks through validation and test part together, for rare classes are few in each."""
    parts = [it for it in (evidence.test, evidence.validation) if it is not None and len(it)]
    if evidence.is_running or not parts or parts[0].is_anomaly:
        return
    if parts[0].output not in (Output.CLASSES, Output.LABELS):
        return
    n_classes = len(parts[0].class_names)
    there, said = np.zeros(n_classes, np.int64), np.zeros(n_classes, np.int64)
    for part in parts:
        for counts, values in ((there, part.truth), (said, part.predicted)):
            if part.output is Output.LABELS:
                counts += np.asarray(values, np.int64).sum(axis=0)
            else:
                counts += np.bincount(values, minlength=n_classes)[:n_classes]
    never = [int(i) for i in np.flatnonzero((said == 0) & (there >= FEWEST))]
    if not never:
        return
    never.sort(key=lambda i: -there[i])
    names = [parts[0].class_names[i] for i in never]
    n = int(there[never].sum())
    what = "label" if parts[0].output is Output.LABELS else "class"
    if len(never) == 1:
        begin = f"The {what} '{names[0]}' is never predicted"
    else:
        plural = "labels" if what == "label" else "classes"
        begin = f"{len(never):,} of {n_classes:,} {plural} are never predicted: {listed(names)}"
    yield Finding(
        FindingKind.CLASS_NEVER_PREDICTED,
        Severity.WARNING,
        f"{begin}. {n:,} of {sum(map(len, parts)):,} validation and test examples have "
        f"{'it' if len(never) == 1 else 'one of them'}.",
        {"classes": {name: int(there[i]) for name, i in zip(names, never, strict=True)}},
        Place("classes", subject=names[0]),
    )
