"""RunBar: what is trained, and the buttons that steer it; both derive from the run's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.errors import DescentError
from engine.events.commands import Control
from engine.events.run_events import RunState
from engine.runs.refit import refit_obstacle
from gui.formatting.plain_text import plain_tip
from gui.state.continuing import Continuation
from gui.state.controller import Controller
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.shortcut_button import ShortcutButton

if TYPE_CHECKING:
    from engine.runs.record import RunRecord

BUTTON_HEIGHT = 5 * SPACING


class RunBar(QWidget):
    """The top of the Train page.

    Signals:
        continue_asked(str): The run that has just ended shall go on; its id.

    Args:
        controller: Steered by the buttons.
        page: Gets the actions with their shortcuts.
    """

    continue_asked = Signal(str)

    def __init__(self, controller: Controller, page: QWidget) -> None:
        super().__init__(page)
        self._controller = controller
        self._can_start = False
        self.title = Label()
        self.subtitle = Label()
        self._make_beginning(page)
        self._make_steering(controller, page)
        self._build()
        controller.training.state_changed.connect(self._update_buttons)
        controller.repository.runs_changed.connect(self._update_buttons)
        controller.training.requests_changed.connect(self._update_buttons)
        self._update_buttons()

    def _make_beginning(self, page: QWidget) -> None:
        self.go_on = ShortcutButton(
            self.tr("Continue"),
            "next",
            self._on_continue,
            page,
            "Ctrl+Shift+Return",
            help_text=self.tr("Go on with this run from its last checkpoint"),
        )
        self.refit = ShortcutButton(
            self.tr("Refit"),
            "reset",
            self._on_refit,
            page,
            "Ctrl+Shift+R",
            help_text=self.tr(
                "Train once more, as a new run, on training and validation part together, for the "
                "epochs that were best; the test part stays what it is"
            ),
        )
        self.start = ShortcutButton(
            self.tr("Start"),
            "start",
            self._on_start,
            page,
            "Ctrl+Return",
            "primary",
            self.tr("Train the model on the data"),
        )

    def _make_steering(self, controller: Controller, page: QWidget) -> None:
        self.pause = ShortcutButton(
            self.tr("Pause"),
            "pause",
            controller.training.pause,
            page,
            "Ctrl+P",
            help_text=self.tr("Hold training after the step under way"),
        )
        self.resume = ShortcutButton(
            self.tr("Resume"),
            "resume",
            controller.training.resume,
            page,
            "Ctrl+P",
            "primary",
            self.tr("Go on where it was paused"),
        )
        self.save = ShortcutButton(
            self.tr("Save now"),
            "floppy-disk",
            controller.training.save,
            page,
            "Ctrl+S",
            help_text=self.tr("Write a checkpoint now, from which the run can go on"),
        )
        self.stop = ShortcutButton(
            self.tr("Stop and keep"),
            "stop",
            controller.training.stop,
            page,
            "Ctrl+.",
            help_text=self.tr("End now, evaluate and keep what it has learnt"),
        )
        self.discard = ShortcutButton(
            self.tr("Discard"),
            "discard",
            controller.training.discard,
            page,
            "Ctrl+Backspace",
            help_text=self.tr("End now and delete the run; it can be brought back"),
        )

    def _build(self) -> None:
        for label, role in ((self.title, "title"), (self.subtitle, "muted")):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setMinimumWidth(SPACING)
            set_role(label, role)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(self.subtitle)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        row.addLayout(words, 1)
        running = (self.pause, self.resume, self.save, self.stop, self.discard)
        for button in (self.refit, self.go_on, self.start, *running):
            button.setMinimumHeight(BUTTON_HEIGHT)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        for button in (self.start, self.pause, self.resume):
            button.setMinimumWidth(15 * SPACING)

    def set_text(self, title: str, subtitle: str) -> None:
        """Says what is, or would be, trained."""
        self.title.setText(title)
        self.title.setToolTip(plain_tip(title))
        self.subtitle.setText(subtitle)
        self.subtitle.setToolTip(plain_tip(subtitle))

    @Slot(str)
    def rename(self, title: str) -> None:
        """The run is called something else now."""
        self.title.setText(title)
        self.title.setToolTip(plain_tip(title))

    def set_can_start(self, can_start: bool) -> None:
        """Says whether the draft is ready."""
        self._can_start = can_start
        self._update_buttons()

    @Slot()
    def _on_start(self) -> None:
        if self._can_start:
            self._controller.start()

    @Slot()
    def _on_continue(self) -> None:
        run = self._controller.training.run
        if run is not None and self._continuation is not Continuation.NO:
            self.continue_asked.emit(run)

    @Slot()
    def _on_refit(self) -> None:
        record = self._refittable
        if record is not None:
            self._controller.refit_run(record.id)

    @property
    def _refittable(self) -> RunRecord | None:
        """The run that has just ended, where it can be trained once more on both parts."""
        controller = self._controller
        if controller.training.is_active or controller.is_read_only:
            return None
        record = controller.repository.record(controller.training.run)
        try:
            return None if record is None or refit_obstacle(record) else record
        except DescentError:  # of a damaged run other parts of the page tell
            return None

    @property
    def _continuation(self) -> Continuation:
        """How the run that has just ended can go on."""
        controller = self._controller
        if controller.training.is_active or controller.is_read_only:
            return Continuation.NO
        return controller.repository.continuation(controller.training.run)

    @Slot()
    def _update_buttons(self) -> None:
        state, pending = self._controller.training.state, self._controller.training.pending
        is_active = self._controller.training.is_active
        is_stopping = state is RunState.STOPPING
        is_paused = state is RunState.PAUSED
        main_had_focus = any(b.hasFocus() for b in (self.start, self.pause, self.resume))
        self.start.show_as(not is_active, self._can_start)
        continuation = self._continuation
        text = self.tr("Continue…") if continuation is Continuation.EXTEND else self.tr("Continue")
        self.go_on.show_as(continuation is not Continuation.NO, text=text)
        self.refit.show_as(self._refittable is not None)
        is_saving = "save" in self._controller.training.waiting
        text = self.tr("Saving…") if is_saving else self.tr("Save now")
        can_be_asked = self._controller.training.can_be_asked
        # It keeps the focus while it waits: the next button would be "Stop and keep".
        self.save.show_as(is_active, can_be_asked, text)
        self.pause.show_as(
            is_active and not is_paused,
            state is RunState.RUNNING and pending is None,
            self.tr("Pausing…") if pending is Control.PAUSE else self.tr("Pause"),
        )
        self.resume.show_as(
            is_paused,
            pending is None,
            self.tr("Resuming…") if pending is Control.RESUME else self.tr("Resume"),
        )
        stops = is_stopping and pending is Control.STOP
        text = self.tr("Stopping…") if stops else self.tr("Stop and keep")
        self.stop.show_as(is_active, not is_stopping, text)
        drops = is_stopping and pending is Control.DISCARD
        text = self.tr("Discarding…") if drops else self.tr("Discard")
        self.discard.show_as(is_active, not is_stopping, text)
        if main_had_focus:
            self._main_button().setFocus()

    def _main_button(self) -> ShortcutButton:
        if not self._controller.training.is_active:
            return self.start
        return self.resume if self._controller.training.state is RunState.PAUSED else self.pause
