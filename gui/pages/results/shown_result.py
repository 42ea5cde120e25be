"""What the parts of the Results page are given, and what they ask of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from engine.spec.signature import Output, Task

if TYPE_CHECKING:
    from engine.events.insights import GradientFlow
    from engine.events.run_events import SettingChanged
    from engine.events.verdicts import Finding
    from engine.inference.evaluation.analysis import Analysis, Curve
    from engine.inference.evaluation.evaluation import Evaluation
    from engine.inference.evaluation.scored import ScoredExamples
    from engine.runs.record import RunRecord

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ShownResult:
    """One run and all that is known of its result.

    Attributes:
        record: Its row in the store.
        evaluation: Its numbers; None where there are none.
        scored: Its test examples beside what it says of each; None where that was not kept.
        analysis: The doubt in its numbers, curves, baselines, groups; None: not made yet.
        flow: Its gradient flow, by step.
        changes: What was changed while it was trained.
        kind: What one example is, a value of `engine.spec.signature.Kind`; empty: not known.
        is_waiting: `scored` is so much that it is still being read.
    """

    record: RunRecord
    evaluation: Evaluation | None = None
    scored: ScoredExamples | None = None
    analysis: Analysis | None = None
    flow: tuple[GradientFlow, ...] = ()
    changes: tuple[SettingChanged, ...] = ()
    kind: str = ""
    is_waiting: bool = False

    @property
    def output(self) -> Output | None:
        """What was predicted; None where nothing was measured."""
        return None if self.evaluation is None else self.evaluation.output

    @property
    def is_anomaly(self) -> bool:
        """Scores of anomaly were given."""
        if self.scored is not None:
            return self.scored.predictions.is_anomaly
        return self.evaluation is not None and self.evaluation.threshold is not None

    @property
    def is_forecast(self) -> bool:
        """The future of series was said."""
        return self.scored is not None and self.scored.predictions.task is Task.FORECASTING

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the run has to say of itself; once it is analysed, with simple models beside it."""
        found = () if self.analysis is None else self.analysis.findings
        return found or self.record.findings

    @property
    def metrics(self) -> dict[str, float]:
        """All that was measured, by name: of the evaluation, then of the analysis."""
        own = {} if self.evaluation is None else self.evaluation.metrics
        more = {} if self.analysis is None else self.analysis.metrics
        return {**own, **{name: value for name, value in more.items() if name not in own}}

    def curves(self, kind: str) -> tuple[Curve, ...]:
        """The curves of a kind, as `Curve.kind` names it."""
        if self.analysis is None:
            return ()
        return tuple(curve for curve in self.analysis.curves if curve.kind == kind)


@dataclass(frozen=True, eq=False)
class Selection:
    """The examples behind a mark.

    Attributes:
        title: What they have in common.
        places: Where they are in the part that is shown, (chosen,).
        order: By what they are sorted at first; empty: as before.
    """

    title: str
    places: Places
    order: str = ""


class ResultTab(QWidget):
    """One tab of the page.

    Signals:
        examples_asked(Selection): The examples behind a mark are to be shown.
    """

    examples_asked = Signal(object)

    def show_result(self, shown: ShownResult) -> None:
        """Shows a run."""
        raise NotImplementedError
