"""LabelReview: labels that look wrong, looked at one after the other by keyboard.

What models think of a label is shown after the answer, and of the test part not before the end.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.datasets.corrections.log import now
from engine.events.labelling import ReviewReady, StartReview
from engine.events.messages import DataProgress, Rejected
from engine.events.results import ResultCommand
from engine.events.review import Decision, LabelValue, Review
from gui.pages.results.example_fetcher import ExampleFetcher
from gui.pages.results.review_answers import ReviewAnswers
from gui.pages.results.review_files import ReviewFiles
from gui.pages.results.review_foot import ReviewFoot
from gui.pages.results.review_training import ReviewTraining
from gui.pages.results.review_words import (
    answer_text,
    controls_text,
    last_text,
    opinion_text,
    part_words,
    progress_text,
    summary_text,
)
from gui.pages.shared.example_view import ExampleView
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.state_panel import StatePanel

KEY: Final = "labels/review"
EXAMPLE_KEY: Final = "labels/example"
N_AHEAD: Final = 8
"""So many examples are fetched at once, that the next one is there when it is wanted."""
FIRST_SIZE: Final = (96 * SPACING, 80 * SPACING)


class LabelReview(QDialog):
    """A window of its own beside the main one; it begins with `begin`.

    Args:
        controller: The engine's side of the window.
        messages: The one door for messages.
        run: The run whose data is looked at.
    """

    def __init__(
        self, controller: Controller, messages: Messages, run: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Review labels"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.run = run
        self.review: Review | None = None
        self._key, self._example_key = f"{KEY}/{run}", f"{EXAMPLE_KEY}/{run}"
        self._is_closed = False
        self._controller = controller
        self.fetcher = ExampleFetcher(controller.results, self, self._example_key)
        self.fetcher.set_run(run)
        self.files = ReviewFiles(controller.workspace, controller.repository, messages)
        self.training = ReviewTraining(controller, messages, run, parent or controller)
        self.panel = StatePanel()
        self.name, self.part, self.progress = ElidedLabel(), Label(), Label()
        self.label, self.said, self.opinion = Label(), Label(), Label()
        self.controls, self.told = Label(), Label()
        self.view = ExampleView()
        self.answers = ReviewAnswers()
        self.foot = ReviewFoot()
        self.back, self.forward, self.undo = self.foot.back, self.foot.forward, self.foot.undo
        self.more, self.export, self.train = self.foot.more, self.foot.export, self.foot.train
        self._stack = QStackedWidget()
        self._room = QWidget()
        self._build()
        self._connect()
        self._show_buttons()

    # ---- building

    def _build(self) -> None:
        for label in (self.part, self.progress, self.opinion, self.controls, self.told):
            set_role(label, "muted")
        set_role(self.name, "heading")
        set_role(self.label, "title")
        for label in (self.opinion, self.controls, self.told):
            label.setWordWrap(True)
        # Room that is always kept: an answer moves nothing under the pointer.
        self.said.setMinimumHeight(3 * SPACING)
        for label in (self.opinion, self.told):
            label.setMinimumHeight(5 * SPACING)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(self.progress)
        column = QVBoxLayout(self._room)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(head)
        column.addWidget(self.part)
        column.addWidget(self.view, 1)
        for widget in (self.label, self.said, self.answers, self.opinion, self.controls, self.told):
            column.addWidget(widget)
        for button in self.answers.buttons.values():
            button.setAutoDefault(False)  # Enter belongs to the field of a correction
        column.addWidget(self.foot)
        self._stack.addWidget(self.panel)
        self._stack.addWidget(self._room)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*(3 * SPACING,) * 4)
        outer.addWidget(self._stack)
        self.setMinimumSize(80 * SPACING, 64 * SPACING)
        self.resize(*FIRST_SIZE)
        parent = self.parentWidget()
        if parent is not None:  # what the results behind it say of an example is no help here
            self.resize(parent.window().size().expandedTo(self.minimumSize()))

    def _connect(self) -> None:
        controller = self._controller
        controller.results.answered.connect(self._on_answered)
        controller.results.refused.connect(self._on_refused)
        controller.results.progressed.connect(self._on_progress)
        controller.training.state_changed.connect(self._on_training)
        self.panel.action_requested.connect(self._on_action)
        self.answers.decided.connect(self._on_decided)
        self.back.clicked.connect(self._on_back)
        self.forward.clicked.connect(self._on_forward)
        self.undo.clicked.connect(self._on_undo)
        self.more.clicked.connect(partial(self.begin, True))
        self.export.clicked.connect(self._on_export)
        self.train.clicked.connect(self._on_train)
        self.files.frozen.connect(self.training.start)
        self.files.exported.connect(self._on_exported)
        self.training.told.connect(self._on_told)
        self.fetcher.arrived.connect(self._on_arrived)
        self.fetcher.failed.connect(self._on_lost)
        controller.repository.runs_changed.connect(self._on_runs)
        controller.closed.connect(self.close)
        parent = self.parentWidget()
        if parent is not None:
            parent.window().installEventFilter(self)

    # ---- asking

    @Slot()
    def begin(self, anew: bool = False, *_: object) -> None:
        """Shows the window, and begins the review of the run or goes on with the one it has.

        Args:
            anew: Others than those of the review that there is.
        """
        self.review = None  # what is not seen is not answered
        self._show_buttons()
        self._stack.setCurrentWidget(self.panel)
        self.show()
        self.raise_()
        held = self._controller.lock_problem
        if held is not None:  # two windows would write over each other
            self._refuse(held)
            return
        self.panel.show_state(
            "data",
            self.tr("Checking labels…"),
            self.tr("Quick models judge examples that they have not seen. It may take a minute."),
            self.tr("Cancel"),
            is_busy=True,
        )
        self._controller.results.ask(StartReview(self.run, anew=anew), self._key)
        self.fetcher.want([0])  # another worker reads the data meanwhile

    @Slot()
    def _on_action(self) -> None:
        """Cancels, or tries again what was refused."""
        if self.panel.progress.isHidden():
            self.begin()
        else:
            self.close()

    @Slot(object, object)
    def _on_progress(self, command: ResultCommand, event: DataProgress) -> None:
        if isinstance(command, StartReview) and command.run == self.run:
            self.panel.set_progress(event.done, event.total)

    @Slot(object)
    def _on_answered(self, answer: object) -> None:
        if isinstance(answer, ReviewReady) and answer.run == self.run:
            self._show_review(answer)

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, problem: Rejected) -> None:
        if isinstance(command, StartReview) and command.run == self.run:
            self._refuse(problem)

    def _refuse(self, problem: Rejected) -> None:
        """Says why there is nothing to be looked at."""
        self._stack.setCurrentWidget(self.panel)
        self.panel.show_state(
            "warning",
            self.tr("The labels cannot be reviewed"),
            f"{problem.message}\n{problem.hint}".strip(),
            self.tr("Try again"),
            is_error=True,
        )

    # ---- showing

    def _show_review(self, ready: ReviewReady) -> None:
        self.review = ready.review
        self.answers.set_choices(self.review.output, self.review.choices)
        finding = ready.found.finding
        self.told.setText("" if finding is None else finding.text)
        if self.review.is_over:
            self.told.setText(summary_text(self.review))
        self._stack.setCurrentWidget(self._room)
        self._show_item()
        self.setFocus()

    def _show_item(self) -> None:
        """Shows where the review stands."""
        review = self.review
        if review is None:
            return
        item, answer = review.items[review.place], review.answers.get(review.place)
        self.name.show_text(item.name)
        self.part.setText(part_words(item.part))
        self.label.setText(self.tr("Labelled {label}").format(label=item.label))
        self.said.setText(answer_text(answer))
        is_shown = answer is not None and review.shows_opinion(review.place)
        self.opinion.setText(opinion_text(item) if is_shown else last_text(review))
        self.progress.setText(progress_text(review))
        self.controls.setText(controls_text(review))
        self.answers.close_field()
        self._show_buttons()
        self._show_example(item.row)

    def _show_buttons(self) -> None:
        controller = self._controller
        may_train = not (controller.is_read_only or controller.training.is_active)
        self.answers.setEnabled(self.review is not None)
        self.foot.show_review(self.review, may_train)

    @Slot(object)
    def _on_training(self, _state: object) -> None:
        self._show_buttons()

    # ---- examples

    def _show_example(self, row: int) -> None:
        """Shows an example where it is there; fetches it, and those that come next."""
        fetcher, review = self.fetcher, self.review
        example = fetcher.get(row)
        if example is not None:
            self.view.show_example(example, fetcher.kind, fetcher.rate, fetcher.columns)
        elif fetcher.is_unreadable(row):
            self.view.show_words(self.tr("This example cannot be read."))
        else:
            self.view.show_words(self.tr("Reading…"))
        if review is not None:
            coming = review.items[review.place : review.place + N_AHEAD]
            fetcher.want([item.row for item in coming], is_new=True)

    @Slot(object)
    def _on_arrived(self, rows: tuple[int, ...]) -> None:
        if self.review is not None:
            row = self.review.items[self.review.place].row
            if row in rows or self.fetcher.is_unreadable(row):
                self._show_example(row)

    @Slot(object)
    def _on_lost(self, problem: Rejected) -> None:
        self.view.show_words(problem.message)

    # ---- answering

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Answers by keys; Escape closes the window, in which nothing is lost."""
        is_plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        is_control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if self.review is not None and is_control and event.key() == Qt.Key.Key_Z:
            self._on_undo()
        elif self.review is None or not is_plain or not self._takes_key(event.key()):
            super().keyPressEvent(event)

    def _takes_key(self, key: int) -> bool:
        if key == Qt.Key.Key_Left:
            self._on_back()
        elif key == Qt.Key.Key_Right:
            self._on_forward()
        elif key == Qt.Key.Key_Space:
            play = getattr(self.view.currentWidget(), "play", None)
            if isinstance(play, QPushButton):  # a sound is heard
                play.click()
        else:
            return self.answers.take_key(key)
        return True

    @Slot()
    def _on_back(self) -> None:
        if self.review is not None:
            self._change(self.review.go(self.review.place - 1))

    @Slot()
    def _on_forward(self) -> None:
        if self.review is not None:
            self._change(self.review.go(self.review.place + 1))

    @Slot(object, object)
    def _on_decided(self, decision: Decision, label: LabelValue | None) -> None:
        if self.review is not None:
            self._change(self.review.answer(decision, label, now()).next_open())
            self.setFocus()

    @Slot()
    def _on_undo(self) -> None:
        if self.review is not None and self.review.history:
            self._change(self.review.undo())

    def _change(self, review: Review) -> None:
        was, self.review = self.review, review
        assert was is not None
        self._show_item()
        self.files.save(review, was)
        if review.is_over and was.answers != review.answers:
            self.told.setText(summary_text(review))

    # ---- what becomes of it

    @Slot(str)
    def _on_told(self, text: str) -> None:
        self.told.setText(text)

    @Slot()
    def _on_export(self) -> None:
        if self.review is None:
            return
        path, _ = QFileDialog.getSaveFileName(
            self, self.tr("Export corrections"), "corrections.csv", self.tr("Tables (*.csv)")
        )
        if path:
            self.files.export(self.review, Path(path))

    @Slot(str)
    def _on_exported(self, path: str) -> None:
        self.told.setText(self.tr("The corrections are in {path}.").format(path=path))

    @Slot()
    def _on_train(self) -> None:
        if self.review is not None:
            self.files.freeze(self.review)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._is_closed:
            self._is_closed = True
            for key in (self._key, self._example_key):
                self._controller.results.cancel(key)
            self.training.leave(self.files)
            self.files.release()
        event.accept()  # not as a dialog does, which calls `reject` and stays where it is shown

    @Slot()
    def _on_runs(self) -> None:
        """Without its run there is nothing to go on with."""
        repository = self._controller.repository
        if repository.is_read and repository.record(self.run) is None:
            self.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Goes with the window beside which it stands, which hides when it is closed."""
        if event.type() == QEvent.Type.Hide and not event.spontaneous():
            self.close()
        return super().eventFilter(watched, event)

    def reject(self) -> None:
        """Escape: as the button of the frame, so that nothing is asked any more."""
        self.close()
