"""RunStall: says that a run gives no sign any more, where its threads are, and how to end it."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from engine.events.run_events import RunEvent, Stalled
from engine.spec.formatting import duration_text
from gui.state.run_controller import RunController
from gui.style.theme import SPACING, TEXT_SMALL, set_role
from gui.widgets.fold import Fold
from gui.widgets.notice import Notice

STACKS_HEIGHT = 16 * SPACING
TICK_MS = 1_000
KILL = "kill"


class RunStall(QWidget):
    """Hidden until a run stalls, and again as soon as it gives a sign or is over.

    Attributes:
        notice: Has the words, and the button that ends the process.
        fold: Hides the stacks.
        stacks: Where each thread of the process is.
        copy: Copies the stacks.

    Args:
        training: Ends the process.
    """

    def __init__(self, training: RunController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._stalled: Stalled | None = None
        self._is_killed = False
        self._since = QElapsedTimer()
        self._tick = QTimer(self)
        self.notice = Notice()
        self.stacks = QPlainTextEdit()
        self.copy = QPushButton(self.tr("Copy"))
        self.fold = Fold(self.tr("Where it is now"), self._details())
        self._build()
        self.clear()

    def _details(self) -> QWidget:
        details = QWidget()
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(TEXT_SMALL)
        self.stacks.setFont(font)
        self.stacks.setReadOnly(True)
        self.stacks.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.stacks.setFixedHeight(STACKS_HEIGHT)
        self.stacks.setTabChangesFocus(True)
        self.stacks.setAccessibleName(self.tr("Where each thread of the process is"))
        row = QHBoxLayout(details)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        row.addWidget(self.stacks, 1)
        row.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        return details

    def _build(self) -> None:
        set_role(self.notice.button, "danger")
        self.notice.button.setToolTip(
            self.tr("Ends the process that trains, at once. What it recorded is kept.")
        )
        self.copy.setToolTip(self.tr("Copies it, for a report or to look it up"))
        self.copy.clicked.connect(self._copy)
        self.notice.activated.connect(self._kill)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._update_text)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.notice)
        column.addWidget(self.fold)

    def add(self, event: RunEvent) -> None:
        """Takes an event of the run: every one but `Stalled` is a sign."""
        if isinstance(event, Stalled):
            self._show(event)
        elif self._stalled is not None:
            self.clear()

    def clear(self) -> None:
        """All is well, or over."""
        self._stalled = None
        self._is_killed = False
        self._tick.stop()
        self.hide()

    @property
    def text(self) -> str:
        """What is said; empty: nothing."""
        return self.notice.text.text() if self._stalled is not None else ""

    def _show(self, event: Stalled) -> None:
        self._stalled = event
        self._is_killed = False
        self._since.start()
        self._tick.start()
        self.stacks.setPlainText(event.stacks.strip())
        self.fold.setVisible(bool(event.stacks.strip()))
        self.fold.set_open(False)
        self._update_text()
        self.show()

    @Slot()
    def _update_text(self) -> None:
        """Says for how long there was no sign, up to now."""
        event = self._stalled
        if event is None:
            return
        silent_s = event.silent_s + self._since.elapsed() / 1000
        words = self.tr("No sign from the training for {time}.").format(
            time=duration_text(silent_s)
        )
        if event.usual_s:
            usual = duration_text(event.usual_s)
            words = self.tr("{words} Usually one comes every {usual}.").format(
                words=words, usual=usual
            )
        if self._is_killed:
            self.notice.show_text(words, "warning", self.tr("The process is being ended…"))
            return
        self.notice.show_text(
            words,
            "warning",
            self.tr(
                "It may only be slow. If you end it, every epoch so far is kept, and Continue "
                "goes on from the last checkpoint."
            ),
            self.tr("Kill"),
            KILL,
        )

    @Slot(str)
    def _kill(self, _target: str) -> None:
        self._is_killed = True
        self._update_text()
        self._training.kill()

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.stacks.toPlainText())
