"""What earlier runs on the same data have shown: that something simpler did better."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.architectures import ARCHITECTURES
from engine.events.verdicts import Finding, FindingKind
from engine.inference.advice.words import metric_text
from engine.inference.evaluation.analysis import LOWER_IS_BETTER
from engine.runs.record import RunRecord
from engine.spec.signature import Kind, Task

_LINEAR = frozenset({"linear", "tf_idf"})
"""Simple models that are linear in what they are given."""


@dataclass(frozen=True)
class Simpler:
    """A simple model that did better than the one to start with.

    Attributes:
        architecture: The one of ours that is the same kind of model; empty: there is none.
        baseline: What it is called.
        metric: What they were compared by, such as ``accuracy``.
        value: Of the simple model on the test part.
        own: Of the run's model; None where that is not known.
        run: Name of the run.
    """

    architecture: str
    baseline: str
    metric: str
    value: float
    own: float | None
    run: str

    @property
    def text(self) -> str:
        """Says it in a sentence."""
        beside = "" if self.own is None else f" beside {metric_text(self.metric, self.own)}"
        return (
            f"In “{self.run}” {self.baseline[:1].lower()}{self.baseline[1:]} did better: "
            f"{self.metric.replace('_', ' ')} {metric_text(self.metric, self.value)}{beside}."
        )


def simpler_model(
    runs: Iterable[RunRecord],
    source: str,
    target: str | None,
    fits: tuple[Kind, Task],
    recommended: str,
) -> Simpler | None:
    """Looks for a simple model that did better than the recommended one on the same data.

    The newest run of the recommended model that has something to say of itself decides. Where the
    simple model was then trained as a run of its own, and was no better there, nothing is said.

    Args:
        runs: The newest first.
        source: Name or path of the data.
        target: What is predicted; None: whatever was.
        fits: Kind and task of the data.
        recommended: Name of the architecture that is recommended for such data.
    """
    # Asked in the window of thousands of runs: only specs that name the data are parsed.
    named = json.dumps(source, ensure_ascii=False)
    about = (run for run in runs if named in run.spec_json)
    on_it = [run for run in about if _is_on(run.settings, source, target, fits[1])]
    own = next((run for run in on_it if _model(run) == recommended and run.findings), None)
    if own is None:
        return None
    worse = [item for item in own.findings if item.kind is FindingKind.WORSE_THAN_BASELINE]
    if not worse:
        return None
    found = _simpler(own, worse[0], fits)
    if found.architecture == recommended:
        return None  # fitted in another way: the same model all the same
    other = next((run for run in on_it if _model(run) == found.architecture), None)
    return None if other is not None and _is_no_better(other, found) else found


def _simpler(run: RunRecord, finding: Finding, fits: tuple[Kind, Task]) -> Simpler:
    evidence: dict[str, Any] = finding.evidence
    name, metric = str(evidence["baseline"]), str(evidence["metric"])
    linear = [item.name for item in ARCHITECTURES if item.is_linear and not item.misfit(*fits)]
    return Simpler(
        linear[0] if name in _LINEAR and linear else "",
        str(evidence.get("title", name.replace("_", " "))),
        metric,
        float(evidence["baseline_value"]),
        run.metrics.get(f"test_{metric}"),
        run.name,
    )


def _is_no_better(other: RunRecord, found: Simpler) -> bool:
    value = other.metrics.get(f"test_{found.metric}")
    if value is None or found.own is None:
        return False
    return value >= found.own if found.metric in LOWER_IS_BETTER else value <= found.own


def _is_on(settings: dict[str, Any], source: str, target: str | None, task: Task) -> bool:
    data = settings.get("data")
    if not isinstance(data, dict) or data.get("source") != source or data.get("task") != task.value:
        return False
    return target is None or data.get("target") == target


def _model(run: RunRecord) -> str:
    model = run.settings.get("model")
    return str(model.get("name", "")) if isinstance(model, dict) else ""
