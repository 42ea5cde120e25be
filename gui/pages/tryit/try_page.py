"""TryPage: a model to touch: give it something of one's own, and see what it says."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from engine.events.messages import Rejected
from engine.events.results import ResultCommand
from engine.events.run_events import EpochEnded, RunEnded, RunStarted
from engine.events.trying import (
    ExampleTaken,
    FindChange,
    FindNearest,
    Given,
    InputTried,
    LookAtModel,
    ModelLookedAt,
    NearestFound,
    TakeExample,
)
from engine.runs.record import RunRecord
from engine.spec.signature import Kind
from gui.formatting.run_words import state_text
from gui.pages.shared.page import Page
from gui.pages.tryit.answer_view import AnswerView
from gui.pages.tryit.input_area import InputArea
from gui.pages.tryit.many_bar import ManyBar
from gui.pages.tryit.trial import Trial
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.run_result import RunResult
from gui.state.settings import Settings
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox
from gui.widgets.notice import Notice
from gui.widgets.shortcut_button import ShortcutButton
from gui.widgets.steady_scroll import SteadyScrollArea

FRESHEN_MS = 1_000
"""The answer follows the weights of a run under way this often at most."""
_FILES = (Kind.IMAGE, Kind.AUDIO, Kind.VIDEO, Kind.TEXT)


class TryPage(Page):
    """A model, an input, an answer."""

    def __init__(
        self,
        controller: Controller,
        messages: Messages,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(controller, messages, settings, parent)
        self._wanted = ""
        self._look: ModelLookedAt | None = None
        self._is_stale = False
        self._epoch: int | None = None
        self._kept: Given | None = None
        self._truth = ""
        self._is_first_example = False
        self._is_chosen = False
        self._is_own_input = False
        self.trial = Trial(controller.results, self)
        self.title = Label(self.tr("Try it"))
        self.weights = Label()
        self.choice = ChoiceBox()
        self.example = ShortcutButton(
            self.tr("An example"),
            "data",
            self._on_example,
            self,
            "Ctrl+E",
            help_text=self.tr("Take an example from the data, each time another one"),
        )
        self.notice = Notice()
        self.inputs = InputArea(self.trial)
        self.answer = AnswerView(controller.results)
        self.many = ManyBar(controller.results, messages, settings)
        self._body = QWidget()
        self._freshen_timer = QTimer(self)
        self._freshen_timer.setSingleShot(True)
        self._freshen_timer.setInterval(FRESHEN_MS)
        self._build()
        self._connect()
        self._show_empty()
        self.notice.clear()  # whether there is a model is known once the runs are read

    def show_run(self, run: str) -> None:
        """Makes the model of a run the one to be tried."""
        self._wanted = run
        if self.isVisible():
            self._open_wanted()

    # ---- building

    def _build(self) -> None:
        set_role(self.title, "title")
        set_role(self.weights, "muted")
        self.choice.setAccessibleName(self.tr("The run whose model is tried"))
        self.choice.setMinimumWidth(34 * SPACING)
        head = QHBoxLayout()
        head.setSpacing(2 * SPACING)
        head.addWidget(self.title)
        head.addWidget(self.choice)
        head.addWidget(self.weights, 1)
        head.addWidget(self.example)
        answers = SteadyScrollArea(self.answer)
        body = QHBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(4 * SPACING)
        body.addWidget(self.inputs, 1)
        body.addWidget(answers, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * SPACING, 2 * SPACING, 3 * SPACING, 2 * SPACING)
        column.setSpacing(2 * SPACING)
        column.addLayout(head)
        column.addWidget(self.notice)
        column.addWidget(self._body, 1)
        column.addWidget(self.many)
        self._rest = QWidget()  # below a notice that stands alone
        column.addWidget(self._rest, 1)

    def _connect(self) -> None:
        controller, trial = self.controller, self.trial
        controller.repository.runs_changed.connect(self._on_runs)
        controller.repository.result_read.connect(self._on_result)
        controller.training.run_event.connect(self._on_run_event)
        trial.ready.connect(self._on_ready)
        trial.answered.connect(self._on_answered)
        trial.refused.connect(self._on_refused)
        trial.example_taken.connect(self._on_example_taken)
        trial.nearest_found.connect(self._on_nearest)
        self.inputs.given.connect(self._on_given)
        self.inputs.turned.connect(self._on_turned)
        self.choice.activated.connect(self._on_choice)
        self.notice.activated.connect(self._on_notice)
        self._freshen_timer.timeout.connect(self._freshen)

    def showEvent(self, event: QShowEvent) -> None:
        """Opens what should be tried now, once the page is on screen."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self._open_wanted)

    # ---- which run

    @Slot()
    def _on_runs(self) -> None:
        runs = self.controller.repository.runs
        chosen = self.trial.run or self._wanted
        self.choice.blockSignals(True)
        self.choice.clear()
        for record in runs:
            self.choice.addItem(self._title_of(record), record.id)
        self.choice.setCurrentIndex(self.choice.findData(chosen))
        self.choice.blockSignals(False)
        if chosen and self.choice.findData(chosen) < 0:  # it was deleted
            self._wanted, self._is_chosen, self._is_own_input = "", False, False
            self.trial.open("")
            self._show_empty()
        elif self._look is not None and self._look.run == self.trial.run:
            self._show_weights(self._epoch)  # its state may be another one by now
        elif not runs and self.controller.repository.is_read:
            self._show_empty()
        if self.isVisible():
            self._open_wanted()

    def _title_of(self, record: RunRecord) -> str:
        if record.state.is_active:
            return self.tr("{name} (under way)").format(name=record.name)
        return record.name

    @Slot(object)
    def _on_result(self, result: RunResult) -> None:
        """The run that is open in Results is what somebody wants to try."""
        if result.record is not None:
            self._follow(result.record.id)

    def _follow(self, run: str) -> None:
        """Turns to a run that somebody turned to elsewhere, unless it disturbs a trial here."""
        if self.isVisible() and (self._is_chosen or self._is_own_input):
            return
        if run != self._wanted:
            self._is_chosen = False
        self.show_run(run)

    @Slot(object)
    def _on_run_event(self, event: object) -> None:
        if isinstance(event, RunStarted):
            self._follow(event.run)
        elif isinstance(event, EpochEnded) and event.run == self.trial.run:
            if not self._freshen_timer.isActive():
                self._freshen_timer.start()
        elif isinstance(event, RunEnded) and event.run == self.trial.run:
            self._is_stale = True  # its saved model is another one than its last weights
            if self.isVisible():
                self._open_wanted()

    @Slot()
    def _freshen(self) -> None:
        """Follows the weights of the run under way."""
        if not self.isVisible():
            return
        if self._look is None:
            self._is_stale = True
            self._open_wanted()
        else:
            self.trial.ask_again()

    @Slot(int)
    def _on_choice(self, index: int) -> None:
        self._is_chosen = True
        self.show_run(str(self.choice.itemData(index)))

    @Slot()
    def _open_wanted(self) -> None:
        """Opens the run that is wanted, or the newest one, unless it is open already."""
        runs = self.controller.repository.runs
        if not runs:
            return
        wanted = self._wanted or runs[0].id
        if not self.isVisible() or (wanted == self.trial.run and not self._is_stale):
            return
        keeps_notice = wanted == self.trial.run  # until it is known that there is no reason for it
        keeps_input = wanted == self.trial.run and self._look is not None
        given = self.trial.given if keeps_input else None
        self._wanted, self._is_stale = wanted, False
        self.trial.open(wanted)
        if given is not None:
            self._kept = given
        elif not keeps_input:
            self._look, self._kept, self._is_own_input = None, None, False
            self.inputs.clear()
            self.answer.show_nothing("")
        self.choice.setCurrentIndex(self.choice.findData(wanted))
        self.many.set_run("", False)
        self.example.show_as(True, False)
        record = self.controller.repository.record(wanted)
        self.hint_changed.emit(record.name if record is not None else "")
        self.weights.setText(self.tr("Loading the model…"))
        if not keeps_notice:
            self.notice.clear()
            self._show_body(True)

    # ---- the model

    @Slot(object)
    def _on_ready(self, look: ModelLookedAt) -> None:
        self.notice.clear()
        self._show_body(True)
        self._show_weights(look.epoch)
        kept, self._kept = self._kept, None
        if self._look is None:
            self._look = look
            self.answer.set_model(look)
            self.inputs.show_model(look)
            self.answer.show_nothing(self.inputs.empty_text)
        self._look = look
        self.answer.set_model(look)
        kind = Kind(look.kind)
        self.many.set_run(look.run, kind in _FILES)
        self.example.show_as(True)
        if look.data_problem:
            self.messages.show_warning(
                self.tr("The data of this run cannot be read, so no examples can be taken."),
                look.data_problem,
            )
        if kept is not None:
            self.trial.ask_again(kept)
        elif self.inputs.begins_with_example and self.trial.given is None:
            self._is_first_example = True
            self.trial.take_example()

    def _show_weights(self, epoch: int | None) -> None:
        """Says which weights answer."""
        self._epoch = epoch
        record = self.controller.repository.record(self.trial.run)
        if epoch is None:
            self.weights.setText(state_text(record.state) if record is not None else "")
        elif record is not None and record.state.is_active:
            self.weights.setText(self.tr("Under way: weights after epoch {n}").format(n=epoch))
        else:
            self.weights.setText(self.tr("Never finished: weights after epoch {n}").format(n=epoch))

    # ---- inputs and answers

    @Slot(object)
    def _on_given(self, given: Given | None) -> None:
        self._truth = ""  # an example that is taken says its own, afterwards
        self._is_own_input = given is not None
        self._kept = None  # this is newer
        if given is None:
            self.trial.forget()
            self.answer.show_nothing(self.inputs.empty_text)
        else:
            self.answer.forget_nearest()
            self.trial.ask(given)

    @Slot()
    def _on_turned(self) -> None:
        """Another way to give an input is looked at."""
        if self.trial.given is None and self._look is not None:
            self.answer.show_nothing(self.inputs.empty_text)

    @Slot()
    def _on_example(self) -> None:
        self._is_first_example = False
        self.trial.take_example()

    @Slot(object)
    def _on_example_taken(self, taken: ExampleTaken) -> None:
        if self._is_first_example and (self.trial.given or self._kept) is not None:
            return  # somebody was quicker
        if self.inputs.show_example(taken):
            self._truth = taken.example.truth
            self._is_own_input = not self._is_first_example

    @Slot(object)
    def _on_answered(self, answer: InputTried) -> None:
        self._show_weights(answer.epoch)
        self.answer.is_seen_elsewhere = self.inputs.shows_what_is_seen
        self.answer.show_answer(answer, self._truth)
        self.inputs.show_answer(answer)

    @Slot(object)
    def _on_nearest(self, found: NearestFound) -> None:
        if not self.answer.is_of_several:
            self.answer.nearest.show_found(found)

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, problem: Rejected) -> None:
        match command:
            case LookAtModel():
                self.weights.setText("")
                self._look, self._is_own_input = None, False
                self._is_stale = True  # it is asked again when somebody comes back
                self.inputs.clear()
                self._show_body(False)
                self.notice.show_text(problem.message, "warning", problem.hint)
            case TakeExample():
                if self._is_first_example:  # which nobody asked for
                    hint = f"{problem.message} {problem.hint}".strip()
                    self.answer.show_nothing(self.inputs.empty_text, hint)
                else:
                    self.messages.show_warning(problem.message, problem.hint)
            case FindChange():
                self.inputs.show_no_change(f"{problem.message} {problem.hint}".strip())
            case FindNearest():
                self.answer.nearest.show_problem(problem.message)
            case _:
                self.answer.show_nothing(problem.message, problem.hint, "danger")

    # ---- what is on the page

    def _show_body(self, is_shown: bool) -> None:
        self._body.setVisible(is_shown)
        self.many.setVisible(is_shown)
        self._rest.setVisible(not is_shown)

    def _show_empty(self) -> None:
        self._look, self._wanted = None, ""
        self.inputs.clear()
        self._show_body(False)
        self.weights.setText("")
        self.example.show_as(False)
        self.many.set_run("", False)
        self.notice.show_text(
            self.tr("There is no model to try yet: train one first."),
            "accent",
            self.tr("It can be tried while it trains, from its first epoch on."),
            self.tr("Go to Train"),
            "train",
        )
        self.hint_changed.emit("")

    @Slot(str)
    def _on_notice(self, target: str) -> None:
        self.page_requested.emit(target)
