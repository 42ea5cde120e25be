"""ReviewTraining: a run that differs from another by its labels alone, and how they compare."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from engine.errors import DescentError
from engine.events.labelling import ComparedOnTest, CompareOnTest
from engine.events.messages import Rejected
from engine.events.results import ResultCommand
from gui.formatting.numbers import counted
from gui.pages.results.review_files import FrozenCorrections, ReviewFiles
from gui.pages.results.review_words import compared_text
from gui.state.controller import Controller
from gui.state.draft import Draft
from gui.state.messages import Messages

KEY: Final = "labels/compare"


class ReviewTraining(QObject):
    """Trains again with corrections, and compares on the same test part.

    Signals:
        told(str): How far that is, or what came of it, in words. Once nobody listens any more,
            what came of it is a message.

    Args:
        controller: Trains, and compares.
        messages: Says what was changed, with a way back.
        run: The run that was trained without the corrections.
        parent: Owner; it must outlive the review, which may be closed while a run trains.
    """

    told = Signal(str)

    def __init__(
        self, controller: Controller, messages: Messages, run: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._messages = messages
        self._run = run
        self._is_waiting = self._is_left = self._files_are_done = False
        self._asked: CompareOnTest | None = None
        controller.training.ended.connect(self._on_ended)
        controller.training.start_rejected.connect(self._on_rejected)
        controller.results.answered.connect(self._on_answered)
        controller.results.refused.connect(self._on_refused)

    def leave(self, files: ReviewFiles) -> None:
        """The review is closed: goes once everything has come to its end.

        Args:
            files: May still make the corrections that a run is to be trained with.
        """
        self._is_left = True
        files.destroyed.connect(self._on_files_done)

    @Slot()
    def _on_files_done(self, *_: object) -> None:
        self._files_are_done = True
        self._go_if_done()

    @Slot(object)
    def start(self, frozen: FrozenCorrections) -> None:
        """Starts a run with the settings of the one before, and the corrections."""
        controller = self._controller
        record = controller.repository.record(self._run)
        if record is None or controller.training.is_active or controller.is_read_only:
            return
        try:
            spec = record.spec
        except DescentError as error:
            self._messages.show_error(error.message, error.hint)
            return
        before = controller.drafts.draft
        data = spec.data.model_copy(update={"corrections": str(frozen.path)})
        draft = Draft.from_spec(spec.model_copy(update={"data": data}))
        controller.drafts.set_draft(draft)
        one = self.tr("This run learns from {n} correction.")
        many = self.tr("This run learns from {n} corrections.")
        undo = partial(controller.drafts.set_draft, before)
        self._messages.show_done(counted(frozen.n, one, many), undo)
        self._is_waiting = True
        controller.start(self.tr("{name}, labels corrected").format(name=record.name))
        self.told.emit(self.tr("Training with the corrections…"))

    @Slot(object)
    def _on_ended(self, event: object) -> None:
        run, was_waiting, self._is_waiting = getattr(event, "run", ""), self._is_waiting, False
        if was_waiting and run:
            self._asked = CompareOnTest(run, self._run)
            self._controller.results.ask(self._asked, f"{KEY}/{self._run}")
        self._go_if_done()

    @Slot(object)
    def _on_rejected(self, problem: Rejected) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._tell_problem(problem)

    @Slot(object)
    def _on_answered(self, answer: object) -> None:
        asked = self._asked
        if not isinstance(answer, ComparedOnTest) or asked is None:
            return
        if (answer.run, answer.before) == (asked.run, asked.before):
            self._asked = None
            self.told.emit(compared_text(answer))
            if self._is_left:
                self._messages.show_info(compared_text(answer))
            self._go_if_done()

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, problem: Rejected) -> None:
        if self._asked is not None and command is self._asked:
            self._asked = None
            self._tell_problem(problem)

    def _tell_problem(self, problem: Rejected) -> None:
        self.told.emit(f"{problem.message} {problem.hint}".strip())
        if self._is_left:
            self._messages.show_warning(problem.message, problem.hint)
        self._go_if_done()

    @Slot()
    def _go_if_done(self, *_: object) -> None:
        if self._is_left and self._files_are_done and not self._is_waiting and not self._asked:
            self.deleteLater()
