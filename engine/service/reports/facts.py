"""What a report tells of a run: what is kept with it; what is missing is made, where it can be.

Runs in a worker process or that of the command line.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import psutil

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
from engine.runs.record import RunRecord
from engine.runs.store import RunStore
from engine.service.results.analysing import analyse_run
from engine.service.results.opened_run import OpenedRun
from engine.spec.formatting import bytes_text
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
        model: Its layers.
        contract: What its model takes and gives.
        fingerprint: Of data and division, as it was trained.
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
    model: ModelDescribed | None = None
    contract: Contract | None = None
    fingerprint: str = ""
    problems: tuple[str, ...] = field(default_factory=tuple)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the run has to say of itself, the gravest first."""
        found = self.analysis.findings if self.analysis is not None else ()
        return found or self.record.findings

    @property
    def metrics(self) -> dict[str, float]:
        """Of the part that it is judged by, by name."""
        more = dict(self.analysis.metrics) if self.analysis is not None else {}
        return {**(self.evaluation.metrics if self.evaluation is not None else {}), **more}


def facts_of(run: OpenedRun, progress: Progress) -> RunFacts:
    """Collects what is known of a run.

    Raises:
        Cancelled: Someone asked to stop.
    """
    problems: list[str] = []

    def tried(make: Callable[[], T]) -> T | None:
        try:
            return make()
        except Cancelled:
            raise
        except SpecError as error:
            problem = "; ".join(it.message for it in error.problems)
        except DescentError as error:
            problem = error.message
        if problem not in problems:
            problems.append(problem)
        return None

    record, folder = run.record, run.folder
    with RunStore(folder.parents[1]) as store:
        epochs, changes = store.epochs(record.id), store.changes(record.id)
    profile = tried(lambda: _profile(run, progress))
    contract = tried(lambda: run.contract)
    part = "test"
    if contract is not None:
        done = tried(lambda: analyse_run(run, None, progress))
        part = part if done is None else done.part
    model = tried(lambda: _described(run, contract)) if contract is not None else None
    if run.change:
        problems.append(run.change.text)
    return RunFacts(
        record,
        tuple(epochs),
        tuple(changes),
        profile,
        not run.change,
        tried(lambda: Evaluation.load(folder)),
        tried(lambda: Analysis.load(folder, part)),
        tried(lambda: Predictions.load(folder, part)),
        None
        if contract is None
        else tried(lambda: load_explanation(folder, contract.model_digest)),
        model,
        contract,
        _fingerprint(folder),
        tuple(problems),
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


def machine_now() -> dict[str, str]:
    """This machine, on which the report is made."""
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    return {
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "cores": f"{cores} ({os.cpu_count() or cores})",
        "memory": bytes_text(psutil.virtual_memory().total),
    }


def versions_now() -> dict[str, Any]:
    """What the report is made with."""
    from engine.service.exchange.archive import versions

    return versions()
