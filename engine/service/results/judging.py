"""What a stored run has to say of itself: its rules asked anew, now that more is known of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.datasets.base import Progress, silent
from engine.errors import Cancelled, DatasetError, DescentError
from engine.events.run_events import RunState
from engine.events.verdicts import Finding, FindingKind, Severity
from engine.inference.advice import findings_of, gravest_first
from engine.inference.advice.evidence import Evidence, Targets
from engine.inference.advice.losses import StepLosses
from engine.inference.evaluation.analysis import BaselineScore
from engine.inference.evaluation.predictions import Predictions, finite
from engine.inference.suspects.ranking import joined, rank
from engine.inference.suspects.verdict import suspect_finding
from engine.runs.store import RunStore
from engine.service.results.opened_run import OpenedRun
from engine.training.target_summary import targets_of

_SEEN_WHILE_TRAINED = frozenset(
    {
        FindingKind.DEAD_UNITS,
        FindingKind.VANISHING_GRADIENTS,
        FindingKind.EXPLODING_GRADIENTS,
        FindingKind.RATE_TOO_HIGH,
        FindingKind.RATE_TOO_LOW,
        FindingKind.NOT_FINITE,
    }
)
"""They rest on the layers as they were at the end of the training, which are not kept."""


def findings_of_run(
    run: OpenedRun,
    predictions: Predictions | None,
    validation: Predictions | None = None,
    baselines: Sequence[BaselineScore] | None = None,
    main_metric: str = "",
    progress: Progress = silent,
) -> tuple[Finding, ...]:
    """Asks the rules about a run that has ended.

    Args:
        run: The run.
        predictions: What it says of a part; only of the test part it is judged.
        validation: What it says of its validation part.
        baselines: What simple models reach on the test part; None: not fitted.
        main_metric: By what they are compared.
        progress: Told how far the reading of its data is.

    Returns:
        The gravest first. What was found as it was trained stays, where it cannot be found anew.

    Raises:
        Cancelled: Someone asked to stop.
    """
    record = run.record
    predictions = None if predictions is None else finite(predictions)
    validation = None if validation is None else finite(validation)
    is_test = predictions is not None and predictions.part == "test"
    if predictions is not None and predictions.part == "validation":
        validation = predictions
    targets = _targets(run, progress)
    known = predictions or validation
    task = known.task if known is not None else run.contract.signature.task
    output = known.output if known is not None else run.contract.signature.output
    with RunStore(run.folder.parents[1]) as store:
        evidence = Evidence(
            record.spec,
            task,
            output,
            tuple(store.epochs(record.id)),
            StepLosses.of(store.steps(record.id).get("loss", np.zeros(0))),
            store.flow(record.id),
            targets=targets,
            test=predictions if is_test else None,
            validation=validation,
            baselines=None if baselines is None else tuple(baselines),
            main_metric=main_metric,
            epochs_planned=record.epochs_planned,
            ended_early=(
                record.state is RunState.FINISHED and record.epochs_done < record.epochs_planned
            ),
        )
    found = _with_those_before(findings_of(evidence), record.findings, targets is None)
    return gravest_first([*found, *suspects_of(known, validation if is_test else None, found)])


def suspects_of(
    predictions: Predictions | None, validation: Predictions | None, found: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Says that labels look wrong, by what the run's own model says of what it never saw.

    Only of a run of which nothing else is said that takes from its result: a network that learnt
    too little, or by heart, contradicts labels that are right. Cross-validation says more, and is
    asked for.

    Args:
        predictions: Of the test part, or of the validation part where there is none.
        validation: Of the validation part, beside the other.
        found: What else is said of the run.
    """
    is_sound = all(it.severity in (Severity.GOOD, Severity.NOTE) for it in found)
    if predictions is None or not is_sound or predictions.part not in ("test", "validation"):
        return ()
    if predictions.groups is not None or any(it.kind is FindingKind.SUSPECT_LABELS for it in found):
        return ()  # of groups, one hard one contradicts many labels at once
    unseen = joined(validation, predictions) if validation is not None else predictions
    try:
        told = suspect_finding(unseen, rank(unseen))
    except DatasetError:  # there are no labels
        return ()
    return () if told is None else (told,)


def _targets(run: OpenedRun, progress: Progress) -> Targets | None:
    """Of the training part; None where its data is gone, or is another."""
    try:
        prepared = run.prepared(progress)
    except Cancelled:
        raise
    except DescentError:
        return None
    return None if run.change else targets_of(prepared)


def _with_those_before(
    found: Sequence[Finding], before: Sequence[Finding], data_is_gone: bool
) -> tuple[Finding, ...]:
    kinds = {finding.kind for finding in found}
    kept = [
        finding
        for finding in before
        if finding.kind not in kinds and (data_is_gone or finding.kind in _SEEN_WHILE_TRAINED)
    ]
    return gravest_first([*kept, *found])
