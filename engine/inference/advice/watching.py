"""VerdictWatch: follows a run's events, and says what they mean while it is under way.

In the thread that trains, so it must be cheap: it asks after an epoch, and not again before a
hundred times what asking took have passed.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.events.insights import GradientFlow
from engine.events.run_events import EpochEnded, RunEvent, StepsDone, VerdictChanged
from engine.events.verdicts import Finding, FindingKind, Severity
from engine.inference.advice import findings_of, gravest_first
from engine.inference.advice.evidence import Evidence, Targets
from engine.inference.advice.losses import StepLosses
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Signature

N_HELD, N_GONE = 3, 5
"""Epochs for which a finding must hold before it is told, or be gone before it is taken back."""
TIME_SHARE = 0.01
_MOST_FLOW = 200


class VerdictWatch:
    """Keeps what the rules need, asks them as epochs end, and tells what changed.

    Args:
        run: Id put on its events.
        spec: With every open choice closed.
        signature: Of the data.
        targets: Of the training part.
        epochs_planned: Epochs asked for.
        emit: Told every event, and `VerdictChanged` behind that of the epoch.
        history: Metrics of the epochs that were done before.
        clock: Seconds, always rising.
    """

    def __init__(
        self,
        run: str,
        spec: RunSpec,
        signature: Signature,
        targets: Targets | None,
        epochs_planned: int,
        emit: Callable[[RunEvent], None],
        history: Sequence[Mapping[str, float]] = (),
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._run = run
        self._emit = emit
        self._clock = clock
        self._epochs = [_epoch_before(run, place, it) for place, it in enumerate(history, 1)]
        self._losses = StepLosses(is_begun=bool(history))
        self._flow: list[GradientFlow] = []
        self._seen: dict[FindingKind, tuple[int, int]] = {}
        self._told: dict[FindingKind, Finding] = {}
        self._told_at = 0
        self._next_at = 0.0
        self._base = Evidence(
            spec, signature.task, signature.output, targets=targets, epochs_planned=epochs_planned
        )

    def __call__(self, event: RunEvent) -> None:
        """Passes an event on, and looks at it."""
        self._emit(event)
        match event:
            case StepsDone():
                self._losses.append(event.metrics["loss"])
            case GradientFlow() if event.layers:
                self._flow.append(event)
                if len(self._flow) > _MOST_FLOW:
                    del self._flow[1::2]
            case EpochEnded():
                self._epochs.append(event)
                self._ask_in_time(event.epoch)

    @property
    def told(self) -> tuple[Finding, ...]:
        """What holds now, the gravest first."""
        return _in_order(self._told)

    def evidence(self, **more: Any) -> Evidence:
        """What was gathered, and what else is known, by the names of `Evidence`."""
        return dataclasses.replace(
            self._base,
            epochs=tuple(self._epochs),
            losses=self._losses,
            flow=tuple(self._flow),
            **more,
        )

    def _ask_in_time(self, epoch: int) -> None:
        started = self._clock()
        if started < self._next_at:
            return
        self._ask(epoch)
        ended = self._clock()
        self._next_at = ended + (ended - started) / TIME_SHARE

    def _ask(self, epoch: int) -> None:
        found = {
            finding.kind: finding
            for finding in reversed(findings_of(self.evidence(is_running=True)))
            if finding.severity in (Severity.WARNING, Severity.FAULT)
        }
        told = dict(self._told)
        for kind in set(found) | set(self._seen):
            self._weigh(kind, found.get(kind), epoch, told)
        # Its numbers grow old; they are told anew, ever more rarely.
        is_old = bool(told) and epoch >= 2 * self._told_at
        if set(told) != set(self._told) or is_old:
            self._told, self._told_at = told, epoch
            self._emit(VerdictChanged(self._run, epoch, _in_order(told)))

    def _weigh(
        self,
        kind: FindingKind,
        finding: Finding | None,
        epoch: int,
        told: dict[FindingKind, Finding],
    ) -> None:
        """Notes whether a finding holds; it is told once it has for some epochs."""
        since, last = self._seen.get(kind, (epoch, epoch))
        if finding is not None:
            self._seen[kind] = (since, epoch)
            if kind in told or epoch - since >= N_HELD:
                told[kind] = finding
        elif epoch - last >= N_GONE or kind not in told:
            self._seen.pop(kind, None)
            told.pop(kind, None)


def _in_order(told: Mapping[FindingKind, Finding]) -> tuple[Finding, ...]:
    return gravest_first(told[kind] for kind in FindingKind if kind in told)


def _epoch_before(run: str, number: int, metrics: Mapping[str, float]) -> EpochEnded:
    return EpochEnded(run, number, 0, dict(metrics), 0.0, 0.0, 0.0, False)
