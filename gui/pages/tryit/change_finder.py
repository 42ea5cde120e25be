"""ChangeFinder: asks what would change the answer, says how far that is, and what was found."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.events.messages import DataProgress
from engine.events.trying import ChangeFound, ModelLookedAt
from engine.spec.signature import Task
from gui.formatting.numbers import count_text, number_text
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox
from gui.widgets.progress_bar import ProgressBar

_ANY = ""
_BAR_WIDTH = 12 * SPACING


class ChangeFinder(QWidget):
    """A question, and below it two lines that are always kept for what is to be said.

    Signals:
        wanted_asked(str): What would make the model say this class? Empty: any other.
        dropped(): Nobody waits for the answer any more.
        used(changes): The values of the row that was found are to be tried: column, what it held,
            what it shall hold.

    Args:
        look: What the model takes.
    """

    wanted_asked = Signal(str)
    dropped = Signal()
    used = Signal(object)

    def __init__(self, look: ModelLookedAt, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._changes: tuple[tuple[str, str, str], ...] = ()
        self.question = Label(self._question(look))
        self.wanted = ChoiceBox()
        self.find_button = QPushButton(self.tr("Find"))
        self.cancel = QPushButton(self.tr("Cancel"))
        self.bar = ProgressBar()
        self.use = QPushButton(self.tr("Use these values"))
        self.found = Label()
        self._build(look)
        self.find_button.clicked.connect(self._on_find)
        self.cancel.clicked.connect(self._on_cancel)
        self.use.clicked.connect(self._on_use)
        self.forget()

    def _question(self, look: ModelLookedAt) -> str:
        if look.task == Task.ANOMALY.value:
            return self.tr("What would cross the threshold?")
        if len(look.class_names) <= 2:
            return self.tr("What would change the answer?")
        return self.tr("What would make it")

    def _build(self, look: ModelLookedAt) -> None:
        self.wanted.addItem(self.tr("any other"), _ANY)
        for name in look.class_names:
            self.wanted.addItem(name, name)
        self.wanted.setAccessibleName(self.tr("What the answer should be"))
        self.wanted.setVisible(look.task != Task.ANOMALY.value and len(look.class_names) > 2)
        self.bar.setFixedWidth(_BAR_WIDTH)
        self.bar.setTextVisible(False)
        self.found.setWordWrap(True)
        self.found.setMinimumHeight(5 * SPACING)  # two lines, so that nothing moves
        set_role(self.found, "muted")
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        for widget in (self.question, self.wanted, self.find_button, self.cancel, self.bar):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING // 2)
        column.addLayout(row)
        column.addWidget(self.found)
        # Cancel stands where Find stood.
        width = max(self.find_button.sizeHint().width(), self.cancel.sizeHint().width())
        for button in (self.find_button, self.cancel):
            button.setFixedWidth(width)

    # ---- asking

    @Slot()
    def _on_find(self) -> None:
        self.forget()
        has_focus = self.find_button.hasFocus()
        self._show_busy(True)
        if has_focus:
            self.cancel.setFocus()
        self.bar.setRange(0, 0)
        self.found.setText(self.tr("Looking…"))
        self.wanted_asked.emit(str(self.wanted.currentData() or _ANY))

    @Slot()
    def _on_cancel(self) -> None:
        self.dropped.emit()
        self.show_problem(self.tr("Cancelled."))

    @Slot()
    def _on_use(self) -> None:
        self.used.emit(self._changes)

    def _show_busy(self, is_busy: bool) -> None:
        had_focus = self.cancel.hasFocus()
        self.find_button.setVisible(not is_busy)
        self.cancel.setVisible(is_busy)
        self.bar.setVisible(is_busy)
        if had_focus:
            self.find_button.setFocus()

    # ---- what comes of it

    def show_progress(self, progress: DataProgress) -> None:
        """Says how many rows the model was asked about."""
        if self.bar.isHidden():
            return
        self.bar.setRange(0, max(1, progress.total))
        self.bar.setValue(progress.done)
        text = self.tr("Looking… {n} of at most {all} rows")
        self.found.setText(text.format(n=count_text(progress.done), all=count_text(progress.total)))

    def show_change(self, found: ChangeFound) -> None:
        """Shows the nearest row that was found."""
        self._show_busy(False)
        self._changes = found.changes
        self.use.setEnabled(bool(found.changes))
        if found.answer is None:
            self.found.setText(
                self.tr(
                    "None found among {n} rows that change up to four columns within what was "
                    "seen in training."
                ).format(n=count_text(found.n_tried))
            )
            return
        gap = self.tr("a gap")
        listing = "; ".join(
            self.tr("{name} {after} instead of {before}").format(
                name=name, after=after, before=before or gap
            )
            for name, before, after in found.changes
        )
        said = found.answer.best or number_text(found.answer.values[0])
        self.found.setText(
            self.tr("{listing}: then it says {said}.").format(listing=listing, said=said)
        )

    def show_problem(self, text: str) -> None:
        """Says why none can be looked for."""
        self._show_busy(False)
        self.found.setText(text)

    def forget(self) -> None:
        """The row is another one: what was found is not of it."""
        self._changes = ()
        self.use.setEnabled(False)
        self.show_problem("")
