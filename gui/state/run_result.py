"""RunResult: what is known of one stored run, as it is read for the Results page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.events.messages import Rejected
from engine.events.run_events import SettingChanged

if TYPE_CHECKING:
    from engine.events.insights import GradientFlow
    from engine.inference.evaluation.analysis import Analysis
    from engine.inference.evaluation.evaluation import Evaluation
    from engine.inference.evaluation.predictions import Predictions
    from engine.inference.evaluation.scored import ScoredExamples
    from engine.runs.record import RunRecord


@dataclass(frozen=True)
class RunResult:
    """What is known of one stored run.

    Attributes:
        run: Its id.
        record: Its row in the store; None where it could not be read.
        evaluation: Its evaluation; None where there is none.
        flow: Its gradient flow, by step; empty where none was measured.
        changes: What was changed while it was trained, in order.
        predictions: What it says of each example; None where that was not kept.
        scored: The same, with what is asked of it most worked out.
        analysis: The doubt in its numbers, curves, baselines, groups; None: not made yet.
        kind: What one example is, a value of `engine.spec.signature.Kind`; empty: not known.
        lacking: Why its predictions cannot be read; empty: they can, or there are none.
        is_large: Its predictions are so many that they are read afterwards, by `read_examples`.
        problem: Why it could not be read.
    """

    run: str
    record: RunRecord | None = None
    evaluation: Evaluation | None = None
    flow: tuple[GradientFlow, ...] = ()
    changes: tuple[SettingChanged, ...] = ()
    predictions: Predictions | None = None
    scored: ScoredExamples | None = None
    analysis: Analysis | None = None
    kind: str = ""
    lacking: str = ""
    is_large: bool = False
    problem: Rejected | None = None
