"""Trial: the conversation with the worker that keeps a model loaded; one question at a time."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.events.messages import DataProgress, Rejected
from engine.events.results import ResultAnswer, ResultCommand
from engine.events.trying import (
    ChangeFound,
    DrivePolicy,
    ExampleTaken,
    FindChange,
    FindNearest,
    Given,
    InputTried,
    LookAtModel,
    ModelLookedAt,
    NearestFound,
    PolicyDriven,
    TakeExample,
    TryInput,
)
from gui.state.result_controller import ResultController

NEAREST_AFTER_MS = 350
"""Likenesses are looked for once an input has not changed for so long."""


class Trial(QObject):
    """Asks about inputs as they change; the newest is always answered, those between need not be.

    Signals:
        ready(ModelLookedAt): The model of the run that was opened can be tried.
        answered(InputTried): What the model says of the newest input that was answered.
        refused(ResultCommand, Rejected): Why a question cannot be answered.
        example_taken(ExampleTaken), change_found(ChangeFound), nearest_found(NearestFound),
        policy_driven(PolicyDriven): Answers to what was asked by the methods of these names.
        change_progressed(DataProgress): How far `find_change` is.
        change_dropped(): It is not asked any more; there is no answer.

    Args:
        results: Asks the workers.
    """

    ready = Signal(object)
    answered = Signal(object)
    refused = Signal(object, object)
    example_taken = Signal(object)
    change_found = Signal(object)
    nearest_found = Signal(object)
    policy_driven = Signal(object)
    change_progressed = Signal(object)
    change_dropped = Signal()

    def __init__(self, results: ResultController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run = ""
        self._results = results
        self._number = 0
        self._given: Given | None = None
        self._is_waiting = False
        self._is_stale = False
        self._n_examples = 0
        self._nearest_timer = QTimer(self)
        self._nearest_timer.setSingleShot(True)
        self._nearest_timer.setInterval(NEAREST_AFTER_MS)
        self._nearest_timer.timeout.connect(self._ask_nearest)
        results.answered.connect(self._on_answered)
        results.refused.connect(self._on_refused)
        results.progressed.connect(self._on_progressed)

    @property
    def given(self) -> Given | None:
        """The input that was asked about last."""
        return self._given

    def open(self, run: str) -> None:
        """Makes the newest model of a run ready; answered by `ready` or `refused`."""
        # The panels stay where the run stays, and wait for what would change their answer.
        self._drop_input()
        if run != self.run:
            self.cancel_change()
        self.run = run
        self._is_waiting = False
        if run:
            self._results.ask(LookAtModel(run), "look at model")

    def forget(self) -> None:
        """There is no input any more; what is asked of the last one is dropped."""
        self.cancel_change()
        self._drop_input()

    def _drop_input(self) -> None:
        self._given, self._is_stale = None, False
        self._number += 1
        self._nearest_timer.stop()
        self._results.cancel("nearest")

    def ask(self, given: Given) -> None:
        """Asks what the model says of an input; what else was asked of another one is dropped."""
        self.cancel_change()
        self._ask_of(given)

    def ask_again(self, given: Given | None = None) -> None:
        """Asks the same once more: the weights are others now.

        Args:
            given: What was asked about before the model was opened anew; None: the last input.
        """
        again = given or self._given
        if again is not None:
            self._ask_of(again)

    def _ask_of(self, given: Given) -> None:
        self._given = given
        self._number += 1
        self._nearest_timer.start()
        self._ask_newest()

    def take_example(self) -> None:
        """Asks for an example of the data, each time another one."""
        # A large step that shares no factor with most numbers: neighbours are often alike.
        self._results.ask(TakeExample(self.run, self._n_examples * 7_919), "example")
        self._n_examples += 1

    def find_change(self, cells: tuple[tuple[str, str], ...], wanted: str) -> None:
        """Asks what would make the model say something else."""
        self._results.ask(FindChange(self.run, cells, wanted), "change")

    @Slot()
    def cancel_change(self) -> None:
        """Drops that question, if it is still asked."""
        self._results.cancel("change")
        self.change_dropped.emit()

    def drive(self, seed: int) -> None:
        """Lets the policy balance the pole."""
        self._results.ask(DrivePolicy(self.run, seed), "drive")

    def _ask_newest(self) -> None:
        if self._is_waiting:
            self._is_stale = True
            return
        if self._given is not None:
            self._is_waiting, self._is_stale = True, False
            self._results.ask(TryInput(self.run, self._given, self._number))

    @Slot()
    def _ask_nearest(self) -> None:
        if self._given is not None:
            self._results.ask(FindNearest(self.run, self._given, self._number), "nearest")

    @Slot(object)
    def _on_answered(self, answer: ResultAnswer) -> None:
        if answer.run != self.run:
            return
        match answer:
            case ModelLookedAt():
                self.ready.emit(answer)
            case InputTried():
                self._is_waiting = False
                if self._given is not None and not self._is_older(answer.number):
                    self.answered.emit(answer)
                if self._is_stale:
                    self._ask_newest()
            case ExampleTaken():
                self.example_taken.emit(answer)
            case ChangeFound():
                self.change_found.emit(answer)
            case NearestFound(number=self._number):
                self.nearest_found.emit(answer)
            case PolicyDriven():
                self.policy_driven.emit(answer)

    def _is_older(self, number: int) -> bool:
        """It is of an input that was taken away since; of one that was changed it may be shown."""
        return number != self._number and not self._is_stale

    @Slot(object, object)
    def _on_progressed(self, command: ResultCommand, progress: DataProgress) -> None:
        if isinstance(command, FindChange) and command.run == self.run:
            self.change_progressed.emit(progress)

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, problem: Rejected) -> None:
        if command.run != self.run:
            return
        if isinstance(command, TryInput):
            self._is_waiting = False
            if self._is_stale:
                self._ask_newest()
                return
        if isinstance(command, FindNearest) and command.number != self._number:
            return
        self.refused.emit(command, problem)
