"""RunNotices: says what went wrong in the background, and which runs an earlier program left."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from engine.events.messages import CHANGED_DATA, Rejected
from gui.state.controller import Controller
from gui.state.messages import Messages

if TYPE_CHECKING:
    from engine.runs.record import RunRecord

NAMED = 3
"""Runs that are named; of more, the number is said."""


class RunNotices(QObject):
    """Turns what the controller finds into messages.

    Signals:
        continue_asked(str): The run of that id is to go on.

    Args:
        controller: What is followed.
        messages: Where it is said.
    """

    continue_asked = Signal(str)

    def __init__(
        self, controller: Controller, messages: Messages, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._messages = messages
        self._controller = controller
        controller.problem_found.connect(self._on_problem)
        controller.training.start_rejected.connect(self._on_start_rejected)
        controller.repository.runs_interrupted.connect(self._on_runs_interrupted)

    @Slot(object)
    def _on_problem(self, problem: Rejected) -> None:
        self._messages.show_error(problem.message, problem.hint, problem.details)

    @Slot(object)
    def _on_start_rejected(self, problem: Rejected) -> None:
        """Asks whether a run may go on with other data; all else is told on the page."""
        if problem.offer == CHANGED_DATA:
            self._messages.show_warning(
                problem.message,
                self.tr("Bring the data back as it was, or go on with it as it is now."),
                self.tr("Continue with changed data"),
                self._controller.accept_changed_data,
            )

    @Slot(object)
    def _on_runs_interrupted(self, records: tuple[RunRecord, ...]) -> None:
        names = ", ".join(f"“{record.name}”" for record in records[:NAMED])
        if len(records) == 1:
            text = self.tr("The run {names} was interrupted when the program ended.")
        else:
            text = self.tr("{n} runs were interrupted when the program ended, such as {names}.")
        is_one = len(records) == 1
        self._messages.show_warning(
            text.format(names=names, n=len(records)),
            self.tr("Everything up to then is kept; see Runs."),
            self.tr("Continue") if is_one else "",
            partial(self.continue_asked.emit, records[0].id) if is_one else None,
        )
