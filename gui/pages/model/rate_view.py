"""RateView: tries learning rates for the draft, shows the loss of each, and offers the best."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.events.messages import DataProgress, ModelDescribed, RateTried
from gui.formatting.numbers import rate_text
from gui.formatting.run_words import progress_text
from gui.plots.rate_plot import RatePlot
from gui.state.controller import Controller
from gui.state.rate_controller import RateState
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.state_panel import StatePanel


class RateView(QWidget):
    """A range test: begun, watched, stopped, and its suggestion put into the draft.

    Args:
        controller: Holds the draft, and whoever tries rates for it.
    """

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drafts, self._rates = controller.drafts, controller.rates
        self._stack = QStackedWidget(self)
        self.state_panel = StatePanel(self._stack)
        self._result = QWidget(self._stack)
        self.plot = RatePlot(self._result)
        self.reason = Label(self._result)
        self.stop_button = QPushButton(self.tr("Stop"), self._result)
        self.again_button = QPushButton(self.tr("Try again"), self._result)
        self.use_button = QPushButton(self._result)
        self._build()
        self.state_panel.action_requested.connect(self.begin)
        self.again_button.clicked.connect(self.begin)
        self.stop_button.clicked.connect(self._on_stop)
        self.use_button.clicked.connect(self._on_use)
        self._rates.state_changed.connect(self._on_state)
        self._rates.progressed.connect(self._on_progress)
        self._rates.tried.connect(self._on_tried)
        controller.drafts.draft_changed.connect(self._on_draft)
        self._on_state(self._rates.state)

    def _build(self) -> None:
        set_role(self.reason, "muted")
        set_role(self.use_button, "primary")
        self.reason.setWordWrap(True)
        self.reason.setTextFormat(Qt.TextFormat.PlainText)
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        foot = QHBoxLayout()
        foot.setSpacing(SPACING)
        foot.addStretch(1)
        for button in (self.stop_button, self.again_button, self.use_button):
            foot.addWidget(button)
        inner = QVBoxLayout(self._result)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(SPACING)
        inner.addWidget(self.plot, 1)
        inner.addWidget(self.reason)
        inner.addLayout(foot)
        self._stack.addWidget(self.state_panel)
        self._stack.addWidget(self._result)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.addWidget(self._stack)

    # ---- what a view of the model is told, which does not matter here

    def show_architecture(self, name: str) -> None:
        """`RateController` knows what is picked."""

    def show_model(self, model: ModelDescribed | None) -> None:
        """`RateController` knows what is picked."""

    # ---- asking

    @Slot()
    def begin(self) -> None:
        """Begins a test, unless one is under way."""
        self._rates.ask()

    @Slot()
    def _on_stop(self) -> None:
        self.stop_button.setEnabled(False)
        self._rates.stop()

    @Slot()
    def _on_use(self) -> None:
        result, draft = self._rates.result, self._drafts.draft
        if result is not None and result.suggestion is not None:
            training = {**draft.training, "learning_rate": result.suggestion}
            self._drafts.set_draft(draft.with_training(training))

    # ---- showing

    @Slot(object)
    def _on_state(self, state: RateState) -> None:
        is_trying, is_done = state is RateState.TRYING, state is RateState.DONE
        self.stop_button.setVisible(is_trying)
        self.stop_button.setEnabled(True)
        self.again_button.setVisible(is_done)
        if is_trying:
            self.plot.clear()
            self.reason.setText(self.tr("A copy of the model is trained with ever larger steps…"))
        elif is_done and self._rates.result is not None:
            result = self._rates.result
            self.plot.set_result(result.learning_rates, result.losses, result.suggestion)
            self.reason.setText(result.reason)
        self._show_use()
        self._show_page()

    def _show_page(self) -> None:
        """Shows the plot as soon as there is something on it, and words until then."""
        state, problem = self._rates.state, self._rates.problem
        has_plot = state is RateState.DONE or (state is RateState.TRYING and len(self.plot) > 0)
        self._stack.setCurrentWidget(self._result if has_plot else self.state_panel)
        if state is RateState.FAILED and problem is not None:
            text = f"{problem.message}\n{problem.hint}".strip()
            title, again = self.tr("No learning rates were tried"), self.tr("Try again")
            self.state_panel.show_state("warning", title, text, again, is_error=True)
        elif state is RateState.NONE:
            self.state_panel.show_state(
                "search",
                self.tr("Which learning rate?"),
                self.tr(
                    "A copy of the model is trained for a few seconds with ever larger steps. "
                    "Where the loss falls most steeply is a good learning rate. No run is made."
                ),
                self.tr("Try learning rates"),
            )
        elif not has_plot:
            title = self.tr("Preparing the data and a copy of the model…")
            self.state_panel.show_state("search", title, is_busy=True)

    @Slot(object)
    def _on_progress(self, progress: DataProgress) -> None:
        if self._stack.currentWidget() is self.state_panel:
            self.state_panel.text.setText(
                f"{progress.what}: {progress_text(progress)}" if progress.total else progress.what
            )
            self.state_panel.text.show()

    @Slot(object)
    def _on_tried(self, event: RateTried) -> None:
        self.plot.append(event.learning_rate, event.loss)
        if self._stack.currentWidget() is not self._result:
            self._show_page()

    @Slot(object)
    def _on_draft(self, _draft: object) -> None:
        self._show_use()

    def _show_use(self) -> None:
        result = self._rates.result
        rate = result.suggestion if result is not None else None
        self.use_button.setVisible(rate is not None)
        if rate is not None:
            is_used = self._drafts.draft.training.get("learning_rate") == rate
            text = self.tr("{rate} is used") if is_used else self.tr("Use {rate}")
            self.use_button.setText(text.format(rate=rate_text(rate)))
            self.use_button.setEnabled(not is_used)
