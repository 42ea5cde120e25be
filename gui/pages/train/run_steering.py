"""RunSteering: the learning rate and the epochs of the run under way, which can be changed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.errors import SpecError
from engine.events.run_events import CheckpointSaved, RunEvent, SettingChanged
from engine.spec.parameters import Parameter, describe, validate
from engine.spec.training_spec import TrainingSpec
from gui.formatting.numbers import count_text, rate_text
from gui.formatting.run_rule_words import change_text
from gui.state.run_controller import EPOCHS, RATE, RunController
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.parameter_fields import NumberField
from gui.widgets.shortcut_button import ShortcutButton

MORE_EPOCHS = 10


class AppliedField(NumberField):
    """A number that shows what is so, until another one is typed and applied with Enter.

    Signals:
        applied(object): Enter was pressed; what was typed.
        edit_changed(bool): What is typed differs from what is so, or does no more.
    """

    applied = Signal(object)
    edit_changed = Signal(bool)

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parameter, parent)
        self._present = ""
        self._is_edited = False
        self.lineEdit().textChanged.connect(self._on_edit)

    @property
    def is_edited(self) -> bool:
        """What is typed differs from what is so."""
        return self._is_edited

    def show_present(self, text: str) -> None:
        """Shows what is so; what someone is typing stays."""
        was_edited, self._present = self._is_edited, text
        if not was_edited:
            self.lineEdit().setText(text)
        self._on_edit()

    @Slot()
    def take_back(self) -> None:
        """Shows what is so in place of what was typed."""
        self.lineEdit().setText(self._present)
        self._on_edit()

    @Slot()
    def _on_edit(self) -> None:
        is_edited = self.lineEdit().text().strip() != self._present
        if is_edited is not self._is_edited:
            self._is_edited = is_edited
            self.edit_changed.emit(is_edited)

    def event(self, event: QEvent) -> bool:
        # Escape takes back what was typed before it dismisses a message of the window.
        if (
            event.type() is QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self._is_edited
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        ):
            self.applied.emit(self.value())
        elif event.key() == Qt.Key.Key_Escape and self._is_edited:
            self.take_back()
        else:
            super().keyPressEvent(event)


class RunSteering(QWidget):
    """Two fields and a button; shown while there is a run that hears what is asked.

    Signals:
        answered(text, role): What became of what was asked, and the colour of that.

    Args:
        training: The run.
        page: Gets the actions with their shortcuts.
    """

    answered = Signal(str, str)

    def __init__(self, training: RunController, page: QWidget) -> None:
        super().__init__()
        self._training = training
        declared = {item.name: item for item in describe(TrainingSpec)}
        self.rate = AppliedField(declared["learning_rate"])
        self.epochs = AppliedField(declared["epochs"])
        self.more = ShortcutButton(
            str(MORE_EPOCHS),
            "add",
            self._on_more,
            page,
            "Ctrl+E",
            help_text=self.tr("{n} more epochs").format(n=MORE_EPOCHS),
        )
        self.more.action.setText(self.tr("{n} more epochs").format(n=MORE_EPOCHS))
        self.more.setAccessibleName(self.more.action.text())
        self.focus_rate = self._focus_action(self.tr("Change the learning rate"), "Ctrl+L", page)
        self._build()
        self._connect()
        self._update()

    def _focus_action(self, text: str, keys: str, page: QWidget) -> QAction:
        action = QAction(text, page)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(self._on_focus_rate)
        page.addAction(action)
        return action

    def _build(self) -> None:
        self.rate.setToolTip(self.tr("Another learning rate from now on; Enter applies it"))
        self.epochs.setToolTip(self.tr("Another number of epochs in all; Enter applies it"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        for caption, field, width in (
            (self.tr("Learning rate"), self.rate, 13),
            (self.tr("Epochs in all"), self.epochs, 11),
        ):
            field.setFixedWidth(width * SPACING)
            field.setAccessibleName(caption)
            row.addWidget(_captioned(caption, field))
        row.addWidget(self.more, 0, Qt.AlignmentFlag.AlignBottom)

    def _connect(self) -> None:
        self.rate.applied.connect(self._on_rate)
        self.epochs.applied.connect(self._on_epochs)
        for field in (self.rate, self.epochs):
            field.edit_changed.connect(self._on_edit_changed)
            field.value_changed.connect(self._on_typed)
        self._training.state_changed.connect(self._update)
        self._training.run_event.connect(self._on_run_event)
        self._training.requests_changed.connect(self._update)

    # ---- what is asked

    @Slot(object)
    def _on_rate(self, value: Any) -> None:
        if not self.rate.is_edited:
            return
        problem = _problem("learning_rate", value)
        if problem or value is None:
            self._refuse(self.rate, problem or self.tr("Type a learning rate above 0."))
            return
        self._training.change_rate(float(value))
        text = self.tr("Changing the learning rate to {rate}…")
        self.answered.emit(text.format(rate=rate_text(float(value))), "muted")
        self.rate.show_present(rate_text(float(value)))
        self.rate.take_back()

    @Slot(object)
    def _on_epochs(self, value: Any) -> None:
        if self.epochs.is_edited:
            self._ask_epochs(value)

    @Slot()
    def _on_more(self) -> None:
        asked = self._training.waiting.get(EPOCHS)
        planned = getattr(asked, "epochs", 0) or self._training.epochs
        if planned:
            self._ask_epochs(planned + MORE_EPOCHS)

    def _ask_epochs(self, value: Any) -> None:
        problem = _problem("epochs", value)
        under_way = self._training.epoch
        if not problem and (value is None or value < under_way):
            text = self.tr("Epoch {n} is under way: type {n} or more.")
            problem = text.format(n=count_text(max(1, under_way)))
        if problem:
            self._refuse(self.epochs, problem)
            return
        self._training.change_epochs(int(value))
        text = self.tr("Changing to {n} epochs in all…")
        self.answered.emit(text.format(n=count_text(value)), "muted")
        self.epochs.show_present(str(value))
        self.epochs.take_back()

    def _refuse(self, field: AppliedField, problem: str) -> None:
        _set_invalid(field, True)
        field.setAccessibleDescription(problem)
        self.answered.emit(problem, "danger")
        field.setFocus()
        field.selectAll()

    # ---- what is so

    @Slot(object)
    def _on_run_event(self, event: RunEvent) -> None:
        if isinstance(event, SettingChanged):
            text = self.tr("{change}, from step {step}.")
            if event.setting == EPOCHS:
                text = "{change}."
            text = text.format(change=change_text(event), step=count_text(event.step))
            self.answered.emit(text, "success")
        elif isinstance(event, CheckpointSaved):
            text = self.tr("Saved, epoch {epoch}.") if event.epoch else self.tr("Saved.")
            self.answered.emit(text.format(epoch=count_text(event.epoch)), "success")

    @Slot()
    def _update(self) -> None:
        training = self._training
        can_be_asked = training.can_be_asked
        self.setVisible(training.is_active)
        self.focus_rate.setEnabled(can_be_asked)
        self.more.show_as(True, can_be_asked)
        self.more.action.setEnabled(can_be_asked)
        for field in (self.rate, self.epochs):
            field.setEnabled(can_be_asked)
            if not training.is_active and field.is_edited:
                field.take_back()
        if RATE not in training.waiting:
            rate = training.learning_rate
            self.rate.show_present("" if rate is None else rate_text(rate))
        if EPOCHS not in training.waiting:
            self.epochs.show_present(str(training.epochs) if training.epochs else "")

    @Slot(bool)
    def _on_edit_changed(self, is_edited: bool) -> None:
        if is_edited and self._training.can_be_asked:
            text = self.tr("Enter applies it, Esc takes it back.")
            self.answered.emit(text, "muted")

    @Slot()
    def _on_typed(self) -> None:
        field = self.sender()
        if isinstance(field, AppliedField) and field.property("invalid"):
            _set_invalid(field, False)
            field.setAccessibleDescription("")
            self.answered.emit("", "muted")

    @Slot()
    def _on_focus_rate(self) -> None:
        self.rate.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.rate.selectAll()


def _captioned(caption: str, field: QWidget) -> QWidget:
    label = Label(caption)
    set_role(label, "small")
    label.setBuddy(field)
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    column.addWidget(label)
    column.addWidget(field)
    return widget


def _problem(name: str, value: Any) -> str:
    """What the declaration says against a value; empty: nothing."""
    try:
        validate(TrainingSpec, {name: value})
    except SpecError as error:
        return " ".join((error.problems[0].message, error.problems[0].hint)).strip()
    return ""


def _set_invalid(field: QWidget, is_invalid: bool) -> None:
    if bool(field.property("invalid")) is not is_invalid:
        field.setProperty("invalid", is_invalid)
        field.style().unpolish(field)
        field.style().polish(field)
