"""ResultsPage: what a run's model is worth on data it has not learnt from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.events.run_events import (
    RunEnded,
    RunState,
    RunStopped,
    SettingChanged,
)
from engine.spec.signature import Output
from gui.formatting.numbers import count_text
from gui.formatting.run_words import (
    averaged_title,
    metric_text,
    moment_text,
    reading_order,
    state_role,
    state_text,
)
from gui.insights.flow_panel import FlowPanel
from gui.pages.results.plugin_plots import PluginPlots
from gui.pages.results.run_scores import RunScores
from gui.pages.results.run_summary import RunSummary, kept_text, part_text
from gui.pages.results.score_view import ScoreView
from gui.pages.shared.page import Page
from gui.pages.shared.run_facts import RunFacts
from gui.pages.shared.run_reuse import use_settings
from gui.plots.confusion_plot import ConfusionPlot
from gui.plots.regression_plot import RegressionPlot
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.run_repository import RunResult
from gui.state.settings import Settings
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.notice import Notice
from gui.widgets.shortcut_button import ShortcutButton
from gui.widgets.text_table import TextTable

if TYPE_CHECKING:
    from engine.inference.evaluation.evaluation import Evaluation
    from engine.runs.record import RunRecord

PLOT_HEIGHT = 42 * SPACING
REST_HEIGHT = 53 * SPACING
MAX_METRICS = 6


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
        self._changes: tuple[SettingChanged, ...] = ()
        self._unshown: RunResult | None = None
        self.title = Label()
        self.subtitle = Label()
        self.state = Label()
        self.notice = Notice()
        self.caption = Label()
        self.metrics = RunFacts({}, is_large=True)
        self.confusion: ConfusionPlot | None = None
        self.regression: RegressionPlot | None = None
        self.texts: TextTable | None = None
        self.anomalies: ScoreView | None = None
        self.scores = RunScores()
        self.flow = FlowPanel()
        self.plugin_plots = PluginPlots(controller, messages)
        self.summary = RunSummary()
        self.reuse = ShortcutButton(
            self.tr("Use these settings"),
            "reset",
            self._on_reuse,
            self,
            "Ctrl+U",
            help_text=self.tr("Start the next run from this run's data, model and settings"),
        )
        self._content = QWidget()
        self._body = QWidget()
        self._plots = QStackedWidget()
        self._fill_body()
        self._build()
        controller.training.run_event.connect(self._on_run_event)
        controller.repository.result_read.connect(self._on_result)
        controller.repository.runs_changed.connect(self._on_runs_changed)
        self.notice.activated.connect(self.page_requested)
        self._show_empty()

    def show_run(self, run: str) -> None:
        """Shows a stored run; reads it in the background."""
        self.controller.repository.read_result(run)

    # ---- building

    def _build(self) -> None:
        for label, role in (
            (self.title, "title"),
            (self.subtitle, "muted"),
            (self.caption, "heading"),
        ):
            label.setTextFormat(Qt.TextFormat.PlainText)
            set_role(label, role)
        self.subtitle.setWordWrap(True)
        column = QVBoxLayout(self._content)
        column.setContentsMargins(3 * SPACING, 2 * SPACING, 3 * SPACING, 2 * SPACING)
        column.setSpacing(2 * SPACING)
        column.addLayout(self._header())
        column.addWidget(self.notice)
        column.addWidget(self.caption)
        column.addWidget(self.metrics)
        column.addWidget(self._body)
        column.addWidget(self.flow)
        column.addWidget(self.plugin_plots)
        column.addWidget(self.summary)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self._content)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the page scrolls it
        self._area = area
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def _header(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(2 * SPACING)
        line.addWidget(self.title)
        line.addWidget(self.state)
        line.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addLayout(line)
        words.addWidget(self.subtitle)
        row = QHBoxLayout()
        row.addLayout(words, 1)
        row.addWidget(self.reuse, 0, Qt.AlignmentFlag.AlignVCenter)
        return row

    def _fill_body(self) -> None:
        row = QHBoxLayout(self._body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3 * SPACING)
        row.addWidget(self._plots, 3)
        row.addWidget(self.scores, 2)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scrolls with the keys of a scroll bar."""
        QApplication.sendEvent(self._area.verticalScrollBar(), event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Gives the plots what the rest leaves, and never so little that they say nothing."""
        super().resizeEvent(event)
        self._body.setFixedHeight(max(PLOT_HEIGHT, self.height() - REST_HEIGHT))

    # ---- showing

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
            self.title.setText(record.name)

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
                self.notice.show_text(problem.message, "danger", problem.hint)
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

    @Slot()
    def _show_unshown(self) -> None:
        result, self._unshown = self._unshown, None
        if result is not None and result.record is not None:
            self._changes = result.changes
            self._show_record(result.record)
            self._show_evaluation(result.record, result.evaluation)
            self.flow.show_run(result.flow)
            self.plugin_plots.show_run(result.record.id)
            QTimer.singleShot(0, self, self._show_summary)  # in a turn of its own

    @Slot()
    def _show_summary(self) -> None:
        if self._record is not None:
            self.summary.show_record(self._record, self._changes)

    def _show_empty(self) -> None:
        self._record = self._unshown = None
        self.title.setText(self.tr("Results"))
        self.subtitle.setText(self.tr("What the model has learnt, measured on examples kept aside"))
        for widget in (self.state, self.caption, self.metrics, self.flow, self.summary):
            widget.hide()
        self.plugin_plots.show_run("")
        self.reuse.show_as(False)
        self._body.hide()
        self.notice.show_text(
            self.tr("No results yet: train a model, or open a run."),
            "accent",
            self.tr("A run's results appear here when it ends; double-click one in Runs."),
            self.tr("Go to Train"),
            "train",
        )
        self.hint_changed.emit("")

    def _show_record(self, record: RunRecord) -> None:
        self.title.setText(record.name)
        parts = (record.dataset_title, record.model_title, moment_text(record.created_at))
        self.subtitle.setText(" · ".join(part for part in parts if part))
        self.state.setText(state_text(record.state))
        set_role(self.state, state_role(record.state).replace("accent", "muted"))
        self.state.show()
        self.reuse.show_as(True)

    def _show_evaluation(self, record: RunRecord, evaluation: Evaluation | None) -> None:
        self._say_how_it_ended(record, evaluation)
        if evaluation is None:
            self._show_last_metrics(record)
            self._body.hide()
            return
        self._show_metrics(
            self._caption(record, evaluation), evaluation.metrics, evaluation.averages
        )
        self._body.show()
        output = evaluation.output
        self.scores.setVisible(output in (Output.CLASSES, Output.LABELS))
        self._plots.setVisible(output is not Output.LABELS)  # which are not taken for each other
        match output:
            case Output.CLASSES:
                self._show_classes(evaluation)
            case Output.LABELS:
                self.scores.show_scores(evaluation.per_class, evaluation.thresholds)
            case Output.TOKENS:
                self._show_texts(evaluation)
            case Output.NUMBERS if evaluation.threshold is not None:
                self._show_anomalies(evaluation)
            case Output.NUMBERS:
                self._show_values(evaluation)

    def _show_classes(self, evaluation: Evaluation) -> None:
        if self.confusion is None:  # made when first needed: a page must be built quickly
            self.confusion = ConfusionPlot()
            self._plots.addWidget(self.confusion)
        self._plots.setCurrentWidget(self.confusion)
        self.confusion.set_matrix(evaluation.confusion, evaluation.class_names)
        self.scores.show_scores(evaluation.per_class)

    def _show_texts(self, evaluation: Evaluation) -> None:
        if self.texts is None:
            self.texts = TextTable(self.tr("True texts and the predictions for them"))
            self._plots.addWidget(self.texts)
        self._plots.setCurrentWidget(self.texts)
        headings: tuple[str, ...] = (self.tr("True"), self.tr("Predicted"))
        rows: tuple[tuple[str, ...], ...] = evaluation.texts
        if evaluation.sources:
            headings = (self.tr("Given"), *headings)
            pairs = zip(evaluation.sources, evaluation.texts, strict=True)
            rows = tuple((source, *pair) for source, pair in pairs)
        self.texts.set_rows(headings, rows)

    def _show_values(self, evaluation: Evaluation) -> None:
        if self.regression is None:
            self.regression = RegressionPlot()
            self._plots.addWidget(self.regression)
        self._plots.setCurrentWidget(self.regression)
        error = evaluation.metrics.get("mean_absolute_error")
        pairs = evaluation.y_true, evaluation.y_pred, evaluation.target_name
        self.regression.set_predictions(*pairs, error, evaluation.n_samples)

    def _show_anomalies(self, evaluation: Evaluation) -> None:
        if self.anomalies is None:
            self.anomalies = ScoreView()
            self._plots.addWidget(self.anomalies)
        self._plots.setCurrentWidget(self.anomalies)
        self.anomalies.show_evaluation(evaluation)

    def _show_last_metrics(self, record: RunRecord) -> None:
        """Shows what was measured while training, where nothing was measured afterwards."""
        caption = self.tr("Last measured while training, in epoch {n}")
        self._show_metrics(caption.format(n=count_text(record.epochs_done)), record.metrics)

    def _show_metrics(
        self, caption: str, metrics: dict[str, float], averages: Mapping[str, str] | None = None
    ) -> None:
        how = averages or {}
        self.caption.setText(caption)
        self.caption.setVisible(bool(metrics))
        self.metrics.setVisible(bool(metrics))
        names = reading_order(metrics)[:MAX_METRICS]
        self.metrics.set_captions({name: averaged_title(name, how.get(name, "")) for name in names})
        for name in names:
            self.metrics.set_value(name, metric_text(name, metrics[name]))

    def _say_how_it_ended(self, record: RunRecord, evaluation: Evaluation | None) -> None:
        if record.state in (RunState.FAILED, RunState.INTERRUPTED):
            self.notice.show_text(record.reason, state_role(record.state), record.hint)
        elif record.state.is_active:
            self.notice.show_text(
                self.tr("This run is under way; its results appear here when it ends."), "accent"
            )
        elif evaluation is None:
            self.notice.show_text(
                self.tr("This run has no test part, so nothing can be said about new data."),
                "warning",
                self.tr("Keep some examples aside for testing on the Data page, and train again."),
                self.tr("Go to Data"),
                "data",
            )
        elif evaluation.part != "test":
            self.notice.show_text(
                self.tr(
                    "There is no test part: these numbers come from the {part} part, "
                    "which the model has seen. On new data expect worse."
                ).format(part=part_text(evaluation.part)),
                "warning",
                self.tr("Keep some examples aside for testing on the Data page, and train again."),
                self.tr("Go to Data"),
                "data",
            )
        else:
            self.notice.clear()

    def _caption(self, record: RunRecord, evaluation: Evaluation) -> str:
        kept = kept_text(record)
        text = self.tr("On the {part} part, {n} examples").format(
            part=part_text(evaluation.part), n=count_text(evaluation.n_samples)
        )
        return f"{text} · {kept}" if kept else text

    def _hint(self, result: RunResult) -> str:
        if result.evaluation is None or not result.evaluation.metrics:
            return ""
        name = reading_order(result.evaluation.metrics)[0]
        value = result.evaluation.metrics.get(name, math.nan)
        title = averaged_title(name, result.evaluation.averages.get(name, ""))
        return f"{title} {metric_text(name, value)}" if math.isfinite(value) else ""

    @Slot()
    def _on_reuse(self) -> None:
        if self._record is not None:
            use_settings(self._record, self)
