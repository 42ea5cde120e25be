"""ReviewAnswers: keep, correct, exclude, not sure; and the field in which a label is corrected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine.events.review import Decision, LabelValue
from engine.spec.signature import Output
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.elided_label import ElidedLabel

SHOWN_CHOICES: Final = 12
KEYS: Final[dict[int, Decision]] = {
    Qt.Key.Key_K: Decision.KEEP,
    Qt.Key.Key_C: Decision.CORRECT,
    Qt.Key.Key_X: Decision.EXCLUDE,
    Qt.Key.Key_N: Decision.UNSURE,
}


class ReviewAnswers(QWidget):
    """Four buttons with a key each. Correct opens the field, in which Enter decides.

    Signals:
        decided(Decision, LabelValue | None): An answer, with the right label where it is another.
    """

    decided = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._output = Output.CLASSES.value
        self._choices: tuple[str, ...] = ()
        titles = {
            Decision.KEEP: self.tr("Keep  K"),
            Decision.CORRECT: self.tr("Correct  C"),
            Decision.EXCLUDE: self.tr("Exclude  X"),
            Decision.UNSURE: self.tr("Not sure  N"),
        }
        tips = {
            Decision.KEEP: self.tr("The label is right"),
            Decision.CORRECT: self.tr("Another label is right"),
            Decision.EXCLUDE: self.tr("The example is of no use: it stays out of every part"),
            Decision.UNSURE: self.tr("It cannot be told; the label stays"),
        }
        self.buttons = {decision: QPushButton(title, self) for decision, title in titles.items()}
        self.field = QLineEdit(self)
        self.hint = ElidedLabel(self)
        self.problem = Label(self)
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        for decision, button in self.buttons.items():
            button.setToolTip(tips[decision])
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys where they are
            button.clicked.connect(partial(self._on_button, decision))
            row.addWidget(button)
        row.addStretch(1)
        self._field_row = QWidget(self)
        line = QHBoxLayout(self._field_row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2 * SPACING)
        line.addWidget(self.field)
        line.addWidget(self.problem)
        line.addWidget(self.hint, 1)
        self.field.setFixedWidth(32 * SPACING)
        set_role(self.hint, "muted")
        set_role(self.problem, "danger")
        keeps = self._field_row.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self._field_row.setSizePolicy(keeps)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(row)
        column.addWidget(self._field_row)
        self.field.installEventFilter(self)
        self.field.textEdited.connect(self._on_typed)
        self.field.returnPressed.connect(self._on_entered)
        self._field_row.hide()

    def set_choices(self, output: str, choices: Sequence[str]) -> None:
        """Says what a label is.

        Args:
            output: By the names of `engine.spec.signature.Output`.
            choices: Classes or labels; empty: something is typed.
        """
        self._output, self._choices = output, tuple(choices)
        words = {
            Output.CLASSES.value: self.tr("The right class, or its number"),
            Output.LABELS.value: self.tr("The right labels, with commas between"),
            Output.NUMBERS.value: self.tr("The right number"),
            Output.TOKENS.value: self.tr("The right text"),
        }
        self.field.setPlaceholderText(words.get(output, ""))
        self.field.setAccessibleName(words.get(output, ""))

    def take_key(self, key: int) -> bool:
        """Answers by a key; says whether it was one of these."""
        decision = KEYS.get(key)  # of other alphabets it is no `Qt.Key`
        if decision is None or not self.isEnabled():
            return False
        self._on_button(decision)
        return True

    def close_field(self) -> None:
        """Takes the field away; the room stays."""
        self.field.clear()
        self.problem.clear()
        self._field_row.hide()

    @Slot()
    def _on_button(self, decision: Decision, *_: object) -> None:
        if decision is not Decision.CORRECT:
            self.decided.emit(decision, None)
            return
        self._field_row.show()
        self.field.clear()
        self._on_typed("")
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape closes the field before it closes the window."""
        if (
            watched is self.field
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Escape
        ):
            self.close_field()
            self.window().setFocus()
            return True
        return super().eventFilter(watched, event)

    @Slot(str)
    def _on_typed(self, text: str) -> None:
        self.problem.clear()
        shown = matching(text.rpartition(",")[2].strip(), self._choices)[:SHOWN_CHOICES]
        if any(name.isdecimal() for name in self._choices):  # a number means the class named so
            self.hint.show_text("   ".join(shown))
            return
        self.hint.show_text("   ".join(f"{self._choices.index(name) + 1} {name}" for name in shown))

    @Slot()
    def _on_entered(self) -> None:
        text = self.field.text().strip()
        try:
            label = self._label(text)
        except ValueError as error:
            self.problem.setText(str(error))
            return
        self.decided.emit(Decision.CORRECT, label)

    def _label(self, text: str) -> LabelValue:
        """What was typed, as a label.

        Raises:
            ValueError: It is none, in words.
        """
        if not text and self._output != Output.LABELS.value:
            raise ValueError(self.tr("Type the right label"))
        match self._output:
            case Output.CLASSES.value:
                return self._choice(text)
            case Output.LABELS.value:
                names = [part.strip() for part in text.split(",") if part.strip()]
                return sorted({self._choice(name) for name in names}, key=self._choices.index)
            case Output.NUMBERS.value:
                try:
                    values = [float(part) for part in text.split(",")]
                except ValueError:
                    raise ValueError(self.tr("No number: {text}").format(text=text)) from None
                return values[0] if len(values) == 1 else values
            case _:
                return text

    def _choice(self, text: str) -> str:
        found = chosen(text, self._choices)
        if found is None:
            raise ValueError(self.tr("No such class: {text}").format(text=text))
        return found


def matching(text: str, choices: Sequence[str]) -> list[str]:
    """The choices that begin so, or hold it, whatever the case; all for an empty text."""
    wanted = text.casefold()
    first = [name for name in choices if name.casefold().startswith(wanted)]
    return first + [name for name in choices if name not in first and wanted in name.casefold()]


def chosen(text: str, choices: Sequence[str]) -> str | None:
    """The choice that was meant: by its name, by its number from 1, or by its beginning."""
    if text in choices:
        return text
    by_name = [name for name in choices if name.casefold() == text.casefold()]
    if by_name:
        return by_name[0]
    if text.isascii() and text.isdigit() and 1 <= int(text) <= len(choices):
        return choices[int(text) - 1]
    begins = [name for name in choices if name.casefold().startswith(text.casefold())]
    return begins[0] if len(begins) == 1 else None
