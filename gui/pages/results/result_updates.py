"""ResultUpdates: what is found out about a run's result while the page is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal, Slot

from engine.events.analysing import AnalyseRun, RunAnalysed
from engine.events.messages import DataProgress, Rejected
from engine.events.results import EvaluateRun, ResultCommand, RunEvaluated
from gui.formatting.run_words import progress_text
from gui.pages.results.shown_result import ShownResult
from gui.state.controller import Controller

if TYPE_CHECKING:
    from engine.inference.evaluation.analysis import Analysis
    from engine.runs.store import RunStore
    from gui.state.result_reading import ExamplesRead

LOOK_CLOSER: Final = "look_closer"


class ResultUpdates(QObject):
    """Asks for what a run lacks, and hands on what comes.

    Signals:
        examples_read(ExamplesRead): What a model says of each example, where that is much.
        analysed(Analysis): The doubt in its numbers, curves, baselines, groups.
        evaluated(str): The run has predictions now; it is to be read anew.
        progressed(str): How far `look_closer` is, in words.
        failed(str, str): `look_closer` cannot be done: why, and what to do.

    Args:
        controller: Answers, and reads.
    """

    examples_read = Signal(object)
    analysed = Signal(object)
    evaluated = Signal(str)
    progressed = Signal(str)
    failed = Signal(str, str)

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._shown: ShownResult | None = None
        self._evaluating: EvaluateRun | None = None
        self._analysing = ""
        self._is_analysed: set[str] = set()
        results = controller.results
        results.answered.connect(self._on_answered)
        results.progressed.connect(self._on_progressed)
        results.refused.connect(self._on_refused)

    def follow(self, shown: ShownResult | None) -> None:
        """Finds out what is lacking of the run that is shown; None: there is none."""
        self._shown = shown
        if shown is not None and shown.is_waiting:
            self._read_examples(shown)
        if shown is None or shown.scored is None or shown.record.state.is_active:
            return
        run = shown.record.id
        is_complete = shown.analysis is not None and shown.analysis.is_complete
        # Once only: what could not be made is not tried again at each look.
        if not is_complete and run not in (*self._is_analysed, self._analysing):
            self._analysing = run  # that of another run, if it is under way, is given up
            self._controller.results.ask(AnalyseRun(run), "results/analysis")

    def look_closer(self, run: str) -> None:
        """Asks the model of a run again about each example of its test part."""
        self._evaluating = EvaluateRun(run)
        self._controller.results.ask(self._evaluating, "results/evaluate")
        self.progressed.emit(self.tr("Asking the model about every example…"))

    @Slot(object)
    def _on_answered(self, answer: object) -> None:
        if isinstance(answer, RunEvaluated):
            asked, self._evaluating = self._evaluating, None
            if asked is not None and asked.run == answer.run:
                self._is_analysed.discard(answer.run)
                if self._is_shown(answer.run):
                    self.evaluated.emit(answer.run)
        elif isinstance(answer, RunAnalysed):
            self._end_analysis(answer.run)
            self._read_analysis(answer.run)

    def _is_shown(self, run: str) -> bool:
        """The person may have gone on to another run."""
        return self._shown is not None and self._shown.record.id == run

    def _end_analysis(self, run: str) -> None:
        self._is_analysed.add(run)
        if self._analysing == run:
            self._analysing = ""

    def _read_examples(self, shown: ShownResult) -> None:
        assert shown.evaluation is not None
        run, part = shown.record.id, shown.evaluation.part

        def read(store: RunStore) -> ExamplesRead:
            from gui.state.result_reading import read_examples

            return read_examples(store.folder(run), part)

        def done(found: ExamplesRead) -> None:
            if self._is_shown(run):
                self.examples_read.emit(found)

        self._controller.repository.submit(read, done, key="results/examples")

    @property
    def _lacks_analysis(self) -> bool:
        return self._shown is not None and self._shown.analysis is None

    def _read_analysis(self, run: str) -> None:
        shown = self._shown
        if shown is None or shown.scored is None or shown.record.id != run:
            return
        predictions = shown.scored.predictions

        def read(store: RunStore) -> Analysis | None:
            from engine.inference.evaluation.analysing import kept_analysis

            return kept_analysis(store.folder(run), predictions)

        def done(analysis: Analysis | None) -> None:
            if analysis is not None and self._is_shown(run):
                self.analysed.emit(analysis)

        self._controller.repository.submit(read, done, key="results/analysis")

    @Slot(object, object)
    def _on_progressed(self, command: ResultCommand, progress: DataProgress) -> None:
        if command is self._evaluating and self._is_shown(command.run):
            text = self.tr("Asking the model about every example… {how_far}")
            self.progressed.emit(text.format(how_far=progress_text(progress)).rstrip())
        elif isinstance(command, AnalyseRun) and self._lacks_analysis:
            self._read_analysis(command.run)  # what is kept step by step is shown step by step

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, problem: Rejected) -> None:
        is_analysis = isinstance(command, AnalyseRun) and command.run == self._analysing
        if is_analysis:
            self._end_analysis(command.run)
        elif command is self._evaluating:
            self._evaluating = None
        else:
            return
        if self._is_shown(command.run):
            self.failed.emit(problem.message, problem.hint)
