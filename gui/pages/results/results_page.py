"""ResultsPage: what a run's model is worth on new data, and where it is wrong."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from engine.events.run_events import RunEnded, RunState, RunStopped
from engine.events.verdicts import Place, Severity
from gui.formatting.run_words import metric_text, state_role
from gui.pages.results.column_reader import ColumnReader
from gui.pages.results.examples_panel import ExamplesPanel
from gui.pages.results.result_head import ResultHead
from gui.pages.results.result_tabs import ResultTabs
from gui.pages.results.result_updates import LOOK_CLOSER, ResultUpdates
from gui.pages.results.result_words import main_name, title_of
from gui.pages.results.review_words import has_labels
from gui.pages.results.run_summary import part_text
from gui.pages.results.shown_result import ShownResult
from gui.pages.results.side_windows import SideWindows
from gui.pages.shared.page import Page
from gui.pages.shared.run_reuse import use_settings
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.run_result import RunResult
from gui.state.settings import Settings
from gui.style.theme import SPACING
from gui.widgets.shortcut_button import ShortcutButton

if TYPE_CHECKING:
    from engine.inference.evaluation.analysis import Analysis
    from engine.runs.record import RunRecord
    from gui.state.result_reading import ExamplesRead

TAB_OF_PLACE = {
    "classes": "confusion",
    "baselines": "overview",
    "examples": "errors",
    "flow": "inside",
}
"""Where on this page a `Place` shows; the others are on other pages."""


class ResultsPage(Page):
    """The run that was just finished, or the one that was opened last in Runs."""

    def __init__(
        self,
        controller: Controller,
        messages: Messages,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(controller, messages, settings, parent)
        self._record: RunRecord | None = None
        self._has_looked = False
        self._shown: ShownResult | None = None
        self._unshown: RunResult | None = None
        self.columns = ColumnReader(controller.results, self)
        self.updates = ResultUpdates(controller, self)
        self.windows = SideWindows(controller, messages, settings, self)
        self.head = ResultHead()
        self.tabs = ResultTabs(controller, messages, settings, self.columns)
        self.examples = ExamplesPanel(controller, self.columns)
        self.reuse = ShortcutButton(
            self.tr("Use these settings"),
            "reset",
            self._on_reuse,
            self,
            "Ctrl+U",
            help_text=self.tr("Start the next run from this run's data, model and settings"),
        )
        self._build()
        self._connect()
        self._show_empty()

    def _build(self) -> None:
        self.head.action_row.addWidget(self.reuse)
        main = QWidget()
        column = QVBoxLayout(main)
        column.setSpacing(SPACING)
        column.addWidget(self.head)
        column.addWidget(self.tabs, 1)
        column.addStretch(0)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(main)
        self.splitter.addWidget(self.examples)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.setHandleWidth(SPACING)
        self._column = column
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.splitter)

    def _connect(self) -> None:
        self.controller.training.run_event.connect(self._on_run_event)
        self.controller.repository.result_read.connect(self._on_result)
        self.controller.repository.runs_changed.connect(self._on_runs_changed)
        self.head.notice.activated.connect(self._on_notice)
        self.head.try_asked.connect(self._on_try)
        self.head.labels_asked.connect(self.windows.open_labels)
        self.head.export_asked.connect(self.windows.open_export)
        self.examples.detail.why_asked.connect(self.windows.open_why)
        self.tabs.place_picked.connect(self.show_place)
        self.tabs.examples_asked.connect(self.examples.show_selection)
        self.updates.analysed.connect(self._on_analysed)
        self.updates.examples_read.connect(self._on_examples_read)
        self.updates.evaluated.connect(self.show_run)
        self.updates.progressed.connect(self._on_progress)
        self.updates.failed.connect(self._on_update_failed)

    def tab_parts(self) -> tuple[QWidget, ...]:
        """What is read first, the tabs, the examples."""
        return (self.head, self.tabs, self.examples)

    def show_run(self, run: str) -> None:
        """Shows a stored run; reads it in the background."""
        self.controller.repository.read_result(run)

    @Slot(object)
    def show_place(self, place: Place) -> None:
        """Shows where a finding shows, on this page or on another."""
        if place.page in TAB_OF_PLACE:
            self.tabs.show_tab(TAB_OF_PLACE[place.page])
        elif place.page == "data":
            self.page_requested.emit("data")
        else:  # the curves stand on Train as long as no other run was trained
            is_there = self._record is not None and self.controller.training.run == self._record.id
            self.page_requested.emit("train" if is_there else "runs")

    # ---- what there is to show

    @Slot(object)
    def _on_run_event(self, event: object) -> None:
        if isinstance(event, RunEnded) and not (isinstance(event, RunStopped) and not event.kept):
            self.show_run(event.run)

    @Slot()
    def _on_runs_changed(self) -> None:
        """Follows a new name; forgets a run that was deleted. At first, shows the last one."""
        if self._record is None:
            self._show_last()
            return
        known = {record.id: record for record in self.controller.repository.runs}
        record = known.get(self._record.id)
        if record is None:
            self._show_empty()
        elif record.name != self._record.name:
            self._record = record
            self.windows.follow(record)
            self.head.show_title(record.name)

    def _show_last(self) -> None:
        """Once after the start: what was trained before is there to be looked at."""
        if self._has_looked or not self.controller.repository.is_read:
            return
        self._has_looked = True
        ended = [run for run in self.controller.repository.runs if not run.state.is_active]
        if ended and not self.controller.training.is_active:
            self.show_run(max(ended, key=lambda run: run.created_at).id)

    @Slot(object)
    def _on_result(self, result: RunResult) -> None:
        if result.problem is not None or result.record is None:
            self._show_empty()
            if result.problem is not None:
                problem = result.problem
                self.head.notice.show_text(problem.message, "danger", problem.hint)
            return
        self._record = result.record
        self._unshown = result
        self.hint_changed.emit(self._hint(result))
        if self.isVisible():
            self._show_unshown()

    def showEvent(self, event: QShowEvent) -> None:
        """Draws what was read while another page was on screen."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self._show_unshown)

    # ---- showing

    @Slot()
    def _show_unshown(self) -> None:
        result, self._unshown = self._unshown, None
        if result is None or result.record is None:
            return
        self.windows.follow(result.record)
        shown = self._shown = shown_result(result)
        self.reuse.show_as(True)  # first, so that the focus of a notice that goes has a place
        self._say_how_it_ended(result)
        self.head.show_result(shown)
        self.head.offer(shown.evaluation is not None, has_labels(shown.scored))
        self._show_examples(shown.scored is not None or shown.is_waiting)
        self.tabs.setVisible(True)
        self._column.setStretch(2, 0)
        self._show_badges(shown)
        self.examples.show_result(shown)
        self.tabs.show_result(shown)
        self.updates.follow(shown)

    def _show_empty(self) -> None:
        self.windows.follow(None)
        self._record = self._unshown = self._shown = None
        self.updates.follow(None)
        self.head.show_words(
            self.tr("Results"),
            self.tr("What the model has learnt, measured on examples kept aside"),
        )
        self.tabs.hide()
        self._show_examples(False)
        self.head.offer(is_tried=False, has_labels=False)
        self._column.setStretch(2, 1)
        self.reuse.show_as(False)
        self.head.notice.show_text(
            self.tr("No results yet: train a model, or open a run."),
            "accent",
            self.tr("A run's results appear here when it ends; double-click one in Runs."),
            self.tr("Go to Train"),
            "train",
        )
        self.hint_changed.emit("")

    def _show_badges(self, shown: ShownResult) -> None:
        """Says on each tab how many findings it says more of."""
        badges: dict[str, int] = {}
        for found in shown.findings:
            if found.severity not in (Severity.WARNING, Severity.FAULT):
                continue
            tab = TAB_OF_PLACE.get(found.place.page, "") if found.place is not None else ""
            for name in filter(None, ("findings", tab)):
                badges[name] = badges.get(name, 0) + 1
        self.tabs.set_badges(badges)

    def _say_how_it_ended(self, result: RunResult) -> None:
        record, evaluation, notice = result.record, result.evaluation, self.head.notice
        assert record is not None
        aside = self.tr("Keep some examples aside for testing on the Data page, and train again.")
        go = self.tr("Go to Data"), "data"
        if record.state in (RunState.FAILED, RunState.INTERRUPTED):
            notice.show_text(record.reason, state_role(record.state), record.hint)
        elif record.state.is_active:
            notice.show_text(
                self.tr("This run is under way; its results appear here when it ends."), "accent"
            )
        elif evaluation is None:
            text = self.tr("This run has no test part, so nothing can be said about new data.")
            notice.show_text(text, "warning", aside, *go)
        elif evaluation.part != "test":
            text = self.tr(
                "There is no test part: these numbers come from the {part} part, "
                "which the model has seen. On new data expect worse."
            )
            notice.show_text(text.format(part=part_text(evaluation.part)), "warning", aside, *go)
        elif result.scored is None and not result.is_large:
            notice.show_text(
                result.lacking
                or self.tr("This run was made before the predictions for each example were kept."),
                "accent",
                self.tr("Ask the model again to see the examples, curves and comparisons."),
                self.tr("Look closer"),
                LOOK_CLOSER,
            )
        else:
            notice.clear()

    def _hint(self, result: RunResult) -> str:
        if result.evaluation is None or not result.evaluation.metrics or result.record is None:
            return ""
        shown = shown_result(result)
        name = main_name(shown)
        value, title = shown.metrics.get(name, math.nan), title_of(name, shown)
        return f"{title} {metric_text(name, value)}" if math.isfinite(value) else ""

    def _show_examples(self, are_there: bool) -> None:
        """Shows them at the right, or lets the page end there with its usual margin."""
        self.examples.setVisible(are_there)
        right = SPACING if are_there else 3 * SPACING
        self._column.setContentsMargins(3 * SPACING, 2 * SPACING, right, SPACING)

    # ---- what comes later

    @Slot(object)
    def _on_analysed(self, analysis: Analysis) -> None:
        """Takes what was found out in the background; nothing that is looked at moves."""
        if self._shown is None or self._shown.analysis is analysis:
            return
        shown = self._shown = replace(self._shown, analysis=analysis)
        self.head.show_result(shown)
        self._show_badges(shown)
        self.tabs.show_result(shown)

    @Slot(object)
    def _on_examples_read(self, found: ExamplesRead) -> None:
        """Takes what was too much to wait for."""
        if self._shown is None:
            return
        if found.scored is None:
            gone = self.tr("What the model says of each example is no longer there.")
            self._on_update_failed(found.lacking or gone, "")
        shown = self._shown = replace(
            self._shown, scored=found.scored, analysis=found.analysis, is_waiting=False
        )
        self.head.offer(shown.evaluation is not None, has_labels(shown.scored))
        self.head.show_result(shown)
        self._show_badges(shown)
        self.examples.show_result(shown)
        self.tabs.show_result(shown)
        self.updates.follow(shown)

    @Slot(str)
    def _on_notice(self, target: str) -> None:
        if target != LOOK_CLOSER:
            self.page_requested.emit(target)
        elif self._record is not None:
            self.updates.look_closer(self._record.id)

    @Slot(str)
    def _on_progress(self, text: str) -> None:
        self.head.notice.show_text(text, "accent")

    @Slot(str, str)
    def _on_update_failed(self, message: str, hint: str) -> None:
        still = self.tr(
            "The numbers on this page were measured when it was trained and still hold."
        )
        self.head.notice.show_text(message, "warning", f"{hint} {still}".strip())

    @Slot()
    def _on_try(self) -> None:
        self.page_requested.emit("try")  # which follows the run that is open here

    @Slot()
    def _on_reuse(self) -> None:
        if self._record is not None:
            use_settings(self._record, self)


def shown_result(result: RunResult) -> ShownResult:
    """What was read of a run, as the parts of the page take it."""
    assert result.record is not None
    return ShownResult(
        result.record,
        result.evaluation,
        result.scored,
        result.analysis,
        result.flow,
        result.changes,
        result.kind,
        result.is_large,
    )
