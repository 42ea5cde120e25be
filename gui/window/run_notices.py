"""RunNotices: says what went wrong in the background, and which runs an earlier program left."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from engine.events.messages import CHANGED_DATA, REPAIR, Rejected
from gui.formatting.numbers import counted
from gui.state.controller import Controller
from gui.state.messages import Messages

if TYPE_CHECKING:
    from engine.runs.record import RunRecord
    from engine.service.upkeep.repairing import Repair

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
        self._controller = controller
        self._messages = messages
        self._bad: tuple[str, ...] = ()
        controller.repository.runs_changed.connect(self._on_runs_changed)
        controller.repository.repaired.connect(self._on_repaired)
        controller.problem_found.connect(self._on_problem)
        controller.training.start_rejected.connect(self._on_start_rejected)
        controller.repository.runs_interrupted.connect(self._on_runs_interrupted)

    @Slot(object)
    def _on_problem(self, problem: Rejected) -> None:
        if problem.offer == REPAIR and not self._controller.is_read_only:
            self._messages.show_warning(
                problem.message,
                self.tr("The runs can be found again; what is damaged is set aside, not deleted."),
                self.tr("Find the runs again"),
                self._controller.repository.repair,
                is_lasting=True,
            )
            return
        self._messages.show_error(problem.message, problem.hint, problem.details)

    @Slot(object)
    def _on_repaired(self, done: Repair) -> None:
        for problem in done.before.problems:
            self._messages.withdraw(problem.text)
        n_found = len(done.found_again)
        text = counted(
            n_found, self.tr("{n} run was found again."), self.tr("{n} runs were found again.")
        )
        if done.aside is not None:
            aside = self.tr("What was there before lies in {folder}.")
            text = f"{text} {aside.format(folder=done.aside)}"
        self._messages.show_info(text)

    @Slot()
    def _on_runs_changed(self) -> None:
        """Says which runs cannot be shown, once; the others are."""
        bad = self._controller.repository.bad
        if bad == self._bad:
            return
        for text in self._bad:
            self._messages.withdraw(text)
        self._bad = bad
        may_repair = not self._controller.is_read_only
        for text in bad[:NAMED]:
            self._messages.show_warning(
                text,
                action_text=self.tr("Repair") if may_repair else "",
                action=self._controller.repository.repair if may_repair else None,
                is_lasting=True,
            )
        if len(bad) > NAMED:
            more = self.tr("{n} more runs cannot be shown.").format(n=len(bad) - NAMED)
            self._messages.show_warning(more, is_lasting=True)

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
