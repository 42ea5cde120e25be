"""RunOffer: offers to continue the run that ended too soon, and can be put away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QToolButton

from engine.events.run_events import RunState
from gui.formatting.numbers import count_text
from gui.state.continuing import Continuation
from gui.state.controller import Controller
from gui.state.settings import Settings
from gui.style.icons import icon
from gui.style.theme import set_role
from gui.widgets.notice import Notice

if TYPE_CHECKING:
    from engine.runs.record import RunRecord

PUT_AWAY = "train/offer_put_away"


class RunOffer(Notice):
    """A strip about the newest run, while this window has trained nothing yet.

    Signals:
        continue_asked(str): The run shall go on; its id.

    Args:
        controller: Has the runs.
        settings: Remembers which offer was put away.
    """

    continue_asked = Signal(str)

    def __init__(self, controller: Controller, settings: Settings) -> None:
        super().__init__()
        self._controller = controller
        self._settings = settings
        self._run = ""
        self.put_away = QToolButton()
        self.put_away.setIcon(icon("close", "muted"))
        self.put_away.setToolTip(self.tr("Put this offer away; the run stays in Runs"))
        self.put_away.setAccessibleName(self.tr("Put this offer away"))
        set_role(self.put_away, "flat")
        row = self.layout()
        assert row is not None
        row.addWidget(self.put_away)
        self.put_away.clicked.connect(self._on_put_away)
        self.activated.connect(self.continue_asked)
        controller.repository.runs_changed.connect(self.refresh)
        controller.training.state_changed.connect(self.refresh)

    @Slot()
    def refresh(self) -> None:
        """Offers what there is to offer."""
        record = self._offered()
        if record is None:
            if self._run:
                self._run = ""
                self.clear()
            return
        if record.id != self._run:
            self._run = record.id
            self.show_text(*self._words(record))

    def _offered(self) -> RunRecord | None:
        controller = self._controller
        is_idle = controller.training.state is None and not controller.is_read_only
        if not is_idle or not controller.repository.runs:
            return None
        newest = controller.repository.runs[0]
        if controller.repository.continuation(newest.id) is not Continuation.GO_ON:
            return None
        return None if self._settings.get(PUT_AWAY, "") == newest.id else newest

    @Slot()
    def _on_put_away(self) -> None:
        self._settings.set(PUT_AWAY, self._run)
        self.refresh()

    def _words(self, record: RunRecord) -> tuple[str, str, str, str, str]:
        if record.state is RunState.INTERRUPTED:
            text = self.tr("“{name}” was interrupted")
        elif record.state is RunState.FAILED:
            text = self.tr("“{name}” failed")
        else:
            text = self.tr("“{name}” was stopped")
        text = text.format(name=record.name)
        if record.epochs_done:
            done = self.tr("after {done} of {all} epochs.").format(
                done=count_text(record.epochs_done), all=count_text(record.epochs_planned)
            )
            text = f"{text} {done}"
        else:
            text = f"{text}."
        action = self.tr("Continue at epoch {n}").format(n=count_text(record.epochs_done + 1))
        return text, "accent", "", action, record.id
