"""What a report tells of a run: what is kept with it; what is missing is made, where it can be.

Runs in a worker process or that of the command line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from engine.datasets.base import Progress
from engine.devices.tensorflow import load_tensorflow
from engine.errors import Cancelled, DescentError, SpecError
from engine.events.explaining import ModelExplanation
from engine.events.messages import ModelDescribed
from engine.events.profile import Profile
from engine.events.run_events import EpochEnded, SettingChanged
from engine.events.verdicts import Finding
from engine.files.bounded import DAMAGED, read_object
from engine.inference.contract import Contract
from engine.inference.evaluation.analysis import Analysis
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.explanations import load_explanation
from engine.inference.evaluation.predictions import Predictions
from engine.runs.environment import Environment, environments_of
from engine.runs.record import RunRecord
from engine.runs.store import RunStore
from engine.service.reports.examples import ToldExample, told_examples
from engine.service.results.analysing import analyse_run
from engine.service.results.opened_run import OpenedRun
from engine.training.fingerprint import FILE_NAME as MARKS_FILE

T = TypeVar("T")

_FORMULA: Final = re.compile(r"^\$\$(.+?)\$\$\s*$", re.MULTILINE)
_PAGES: Final = Path(__file__).resolve().parents[3] / "resources" / "pages"
_MARKS_BYTES: Final = 1 << 30


@dataclass(frozen=True, eq=False)
class RunFacts:
    """What is known of a run; None where it is not.

    Attributes:
        record: The run.
        epochs, changes: Its history.
        profile: Of its data, as it is now.
        is_same_data: The data is still what it was trained on.
        evaluation, analysis, predictions: Of the part that it is judged by.
        explanation: What its model looks at, where somebody asked.
        examples: Some of that part, each with why the model says what it says of it.
        model: Its layers.
        contract: What its model takes and gives.
        fingerprint: Of data and division, as it was trained.
        environments: On what it was trained, the earliest first; empty: that was not kept.
        problems: What could not be found out, and why, one sentence each.
    """

    record: RunRecord
    epochs: tuple[EpochEnded, ...] = ()
    changes: tuple[SettingChanged, ...] = ()
    profile: Profile | None = None
    is_same_data: bool = True
    evaluation: Evaluation | None = None
    analysis: Analysis | None = None
    predictions: Predictions | None = None
    explanation: ModelExplanation | None = None
    examples: tuple[ToldExample, ...] = ()
    model: ModelDescribed | None = None
    contract: Contract | None = None
    fingerprint: str = ""
    environments: tuple[Environment, ...] = ()
    problems: tuple[str, ...] = field(default_factory=tuple)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the run has to say of itself, the gravest first."""
        found = self.analysis.findings if self.analysis is not None else ()
        return found or self.record.findings

    @property
    def names(self) -> frozenset[str]:
        """What columns and classes are called, which is no word of ours."""
        known = [it for it in (self.profile, self.contract) if it is not None]
        names = [name for it in known for name in (*it.feature_names, *it.class_names)]
        targets = [it.target_name for it in known]
        columns = self.profile.source_columns if self.profile is not None else ()
        return frozenset([*names, *targets, *columns])

    @property
    def metrics(self) -> dict[str, float]:
        """Of the part that it is judged by, by name."""
        more = dict(self.analysis.metrics) if self.analysis is not None else {}
        return {**(self.evaluation.metrics if self.evaluation is not None else {}), **more}


class _Tried:
    """Tries to find something out, and keeps why it could not.

    Attributes:
        problems: One sentence each, none twice.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []

    def __call__(self, make: Callable[[], T]) -> T | None:
        """What is made; None: it could not be.

        Raises:
            Cancelled: Someone asked to stop.
        """
        try:
            return make()
        except Cancelled:
            raise
        except SpecError as error:
            problem = "; ".join(it.message for it in error.problems)
        except DescentError as error:
            problem = error.message
        if problem not in self.problems:
            self.problems.append(problem)
        return None


def facts_of(run: OpenedRun, progress: Progress, with_examples: bool = True) -> RunFacts:
    """Collects what is known of a run.

    Args:
        run: The run.
        progress: Told how far it is.
        with_examples: A few examples of its data are explained.

    Raises:
        Cancelled: Someone asked to stop.
    """
    tried = _Tried()
    record, folder = run.record, run.folder
    with RunStore(folder.parents[1]) as store:
        epochs, changes = store.epochs(record.id), store.changes(record.id)
    profile = tried(lambda: _profile(run, progress))
    contract = tried(lambda: run.contract)
    part, model, explanation = "test", None, None
    if contract is not None:
        digest = contract.model_digest
        done = tried(lambda: analyse_run(run, None, progress))
        part = part if done is None else done.part
        model = tried(lambda: _described(run, contract))
        explanation = tried(lambda: load_explanation(folder, digest))
    predictions = tried(lambda: Predictions.load(folder, part))
    examples = None
    # Of other data the rows are others, too.
    if with_examples and predictions is not None and profile is not None and not run.change:
        examples = tried(lambda: told_examples(run, predictions, progress))
    if run.change:
        tried.problems.append(run.change.text)
    return RunFacts(
        record,
        tuple(epochs),
        tuple(changes),
        profile,
        is_same_data=not run.change,
        evaluation=tried(lambda: Evaluation.load(folder)),
        analysis=tried(lambda: Analysis.load(folder, part)),
        predictions=predictions,
        explanation=explanation,
        examples=examples or (),
        model=model,
        contract=contract,
        fingerprint=_fingerprint(folder),
        environments=environments_of(folder),
        problems=tuple(tried.problems),
    )


def _profile(run: OpenedRun, progress: Progress) -> Profile:
    spec = run.record.spec
    return run.prepared(progress).profile(spec.data.source, spec.seed)


def _described(run: OpenedRun, contract: Contract) -> ModelDescribed:
    load_tensorflow()
    from engine.service.describe import describe_network

    return describe_network(run.record.spec, contract.signature)


def _fingerprint(folder: Path) -> str:
    try:
        return str(read_object(folder / MARKS_FILE, _MARKS_BYTES)["sha256"])
    except DAMAGED:
        return ""


def formulas_of(architecture: str, language: str) -> tuple[str, ...]:
    """What the guide has as formulas of an architecture, as LaTeX; empty: it has no such page."""
    if not re.fullmatch(r"\w+", architecture):
        return ()
    for folder in (language, "en"):
        path = _PAGES / folder / f"{architecture}.md"
        if path.is_file():
            return tuple(it.strip() for it in _FORMULA.findall(path.read_text("utf-8")))
    return ()
