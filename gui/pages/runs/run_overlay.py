"""RunOverlay: the curves of several runs in one plot, with the controls over it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.events.run_events import EpochEnded, RunEvent
from gui.formatting.run_rule_words import change_mark
from gui.formatting.run_words import metric_title
from gui.pages.shared.run_curve_controls import RunCurveControls
from gui.plots.overlay_plot import RunsOverlayPlot
from gui.state.controller import Controller
from gui.state.run_repository import RunCurves
from gui.state.settings import Settings
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox

MAX_RUNS = 10
READ_DELAY_MS = 100
FOLLOW_MS = 1_000


class RunOverlay(QWidget):
    """Shows chosen runs, reading them in the background; follows the one under way.

    Args:
        controller: Reads the curves.
        settings: Remembers how they are drawn.
    """

    def __init__(
        self, controller: Controller, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._chosen: tuple[str, ...] = ()
        self.plot = RunsOverlayPlot()
        self.metric_choice = ChoiceBox()
        self.note = Label()
        self.controls = RunCurveControls(settings, "runs", with_smoothing=False, axis="epoch")
        self._build()
        self._reader = self._timer(READ_DELAY_MS)
        self._follower = self._timer(FOLLOW_MS)
        self.metric_choice.currentIndexChanged.connect(self._on_metric)
        self.controls.x_axis_changed.connect(self.plot.set_x_axis)
        self.controls.log_y_changed.connect(self.plot.set_log_y)
        self.controls.reset_requested.connect(self.plot.reset_view)
        controller.repository.curves_read.connect(self._on_curves)
        controller.training.run_event.connect(self._on_run_event)

    def _build(self) -> None:
        self.plot.set_empty_text(self.tr("Select runs above to lay their curves over each other"))
        self.plot.set_x_axis(self.controls.x_axis)
        self.plot.set_log_y(self.controls.log_y.isChecked())
        self.metric_choice.setAccessibleName(self.tr("Metric"))
        self.metric_choice.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToContents)
        self.metric_choice.addItem(metric_title("loss"), "loss")
        set_role(self.note, "muted")
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        row.addWidget(self.metric_choice)
        row.addWidget(self.note)
        row.addWidget(self.controls, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(row)
        column.addWidget(self.plot, 1)

    def _timer(self, delay_ms: int) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(delay_ms)
        timer.timeout.connect(self._read)
        return timer

    def choose(self, runs: Sequence[str]) -> None:
        """Shows these runs; the first ten of more."""
        chosen = tuple(runs[:MAX_RUNS])
        hidden = len(runs) - len(chosen)
        self.note.setText(self.tr("{n} more not shown").format(n=hidden) if hidden else "")
        if chosen == self._chosen:
            return
        self._chosen = chosen
        for run in self.plot.runs():
            if run not in chosen:
                self.plot.remove_run(run)
        if self.isVisible():
            self._reader.start()

    def showEvent(self, event: object) -> None:
        """Reads what was chosen while hidden."""
        self._reader.start()

    @Slot()
    def _read(self) -> None:
        if self._chosen and self.isVisible():
            self._controller.repository.read_curves(self._chosen)

    @Slot(object)
    def _on_curves(self, curves: tuple[RunCurves, ...]) -> None:
        names = [item.record.name for item in curves]
        for item in curves:
            record = item.record
            if record.id in self._chosen:
                is_unique = names.count(record.name) == 1
                label = record.name if is_unique else f"{record.name} ({record.id[-4:]})"
                marks = [change_mark(change) for change in item.changes]
                self.plot.set_run(record.id, label, item.epochs, marks)
        self._offer_metrics()

    def _offer_metrics(self) -> None:
        offered = [self.metric_choice.itemData(row) for row in range(self.metric_choice.count())]
        wanted = list(self.plot.metrics()) or ["loss"]
        if offered == wanted:
            return
        chosen = self.metric_choice.currentData()
        self.metric_choice.blockSignals(True)
        self.metric_choice.clear()
        for name in wanted:
            self.metric_choice.addItem(metric_title(name), name)
        self.metric_choice.setCurrentIndex(max(0, self.metric_choice.findData(chosen)))
        self.metric_choice.blockSignals(False)
        self._on_metric()

    @Slot()
    def _on_metric(self) -> None:
        self.plot.set_metric(self.metric_choice.currentData() or "loss")

    @Slot(object)
    def _on_run_event(self, event: RunEvent) -> None:
        is_shown = isinstance(event, EpochEnded) and event.run in self._chosen
        if is_shown and self.isVisible() and not self._follower.isActive():
            self._follower.start()
