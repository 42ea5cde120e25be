"""WorkflowHints: follows the controller and shows at each step of the workflow where it is.

What the steps after Model hold is said by their pages (`Page.hint_changed`).
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from engine.events.run_events import (
    EpochEnded,
    RunEnded,
    RunEvent,
    RunStarted,
    RunState,
)
from gui.formatting.verdict_words import n_alarms
from gui.state.controller import Controller
from gui.state.draft_titles import data_title, model_title
from gui.window.workflow_bar import ACTIVE, DONE, PROBLEM, TODO, WorkflowBar


class WorkflowHints(QObject):
    """Keeps the workflow bar true.

    Signals:
        run_text_changed(str): What the run is doing, for the window's title; empty: no run.

    Args:
        controller: What is followed.
        bar: Where it is shown.
    """

    run_text_changed = Signal(str)

    def __init__(
        self, controller: Controller, bar: WorkflowBar, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._bar = bar
        self._epoch = 0
        self._has_result = False
        self._has_alarm = False
        self._is_listed = False
        controller.drafts.draft_changed.connect(self._show_data_and_model)
        controller.drafts.profile_changed.connect(self._show_data_and_model)
        controller.drafts.data_rejected.connect(self._show_data_and_model)
        controller.drafts.model_changed.connect(self._show_data_and_model)
        controller.drafts.model_rejected.connect(self._show_data_and_model)
        controller.training.run_event.connect(self._on_run_event)
        controller.training.renamed.connect(self._on_renamed)
        controller.training.state_changed.connect(self._on_state)
        controller.repository.runs_changed.connect(self._on_runs)
        self._show_run()  # data and model follow with the draft, once the window is painted

    @Slot()
    @Slot(object)
    def _show_data_and_model(self, _what: object = None) -> None:
        controller, bar = self._controller, self._bar
        draft = controller.drafts.draft
        if controller.drafts.data_problem is not None:
            mark = PROBLEM
        else:
            profile = controller.drafts.profile
            mark = DONE if profile is not None and profile.question is None else TODO
        bar.set_hint("data", data_title(draft) or self.tr("Pick some data"))
        bar.set_mark("data", mark)
        if not draft.has_data:
            bar.set_hint("model", self.tr("After the data"))
            bar.set_mark("model", TODO)
            return
        bar.set_hint("model", model_title(draft) or self.tr("Pick a model"))
        if controller.drafts.model_problem is not None and controller.drafts.data_problem is None:
            mark = PROBLEM
        else:
            mark = DONE if controller.drafts.model is not None else TODO
        bar.set_mark("model", mark)

    @Slot(object)
    def _on_run_event(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted):
            self._epoch = event.epochs_done
        elif isinstance(event, EpochEnded):
            self._epoch = event.epoch
            self._show_run()
        elif isinstance(event, RunEnded):
            self._has_result = bool(event.metrics)
            self._has_alarm = n_alarms(event.findings) > 0
            self._show_run()

    @Slot(object)
    def _on_state(self, state: RunState | None) -> None:
        if state is RunState.PREPARING:
            self._epoch = 0
            self._has_result = False
            self._is_listed = False
        self._show_run()

    @Slot(str)
    def _on_renamed(self, _name: str) -> None:
        self._show_run()

    @Slot()
    def _on_runs(self) -> None:
        """A run that was deleted has no results to look at, until it is brought back."""
        is_listed = any(
            record.id == self._controller.training.run
            for record in self._controller.repository.runs
        )
        if is_listed is not self._is_listed:
            self._is_listed = is_listed
            self._show_run()

    def _show_run(self) -> None:
        state = self._controller.training.state
        text = self._run_text(state)
        done = state in (RunState.FINISHED, RunState.STOPPED)
        broken = state in (RunState.FAILED, RunState.INTERRUPTED)
        if self._controller.training.is_active:
            mark = ACTIVE
        elif broken:
            mark = PROBLEM
        else:
            mark = DONE if done else TODO
        self._bar.set_mark("train", mark)
        has_result = self._has_result and self._is_listed
        mark = PROBLEM if self._has_alarm else DONE
        self._bar.set_mark("results", mark if has_result else TODO)
        self.run_text_changed.emit(text)

    def _run_text(self, state: RunState | None) -> str:
        started = self._controller.training.started
        if state is RunState.RUNNING and started is not None:
            epochs = self._controller.training.epochs
            epoch = min(self._epoch + 1, epochs)
            return self.tr("Epoch {epoch} of {epochs}").format(epoch=epoch, epochs=epochs)
        words = {
            RunState.PREPARING: self.tr("Preparing…"),
            RunState.RUNNING: self.tr("Training"),
            RunState.PAUSED: self.tr("Paused"),
            RunState.STOPPING: self.tr("Stopping…")
            if self._controller.training.pending
            else self.tr("Finishing…"),
            RunState.FINISHED: self.tr("Finished"),
            RunState.STOPPED: self.tr("Stopped"),
            RunState.FAILED: self.tr("Failed"),
            RunState.INTERRUPTED: self.tr("Interrupted"),
        }
        return words[state] if state is not None else ""
