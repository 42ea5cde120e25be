"""PlaceQuestion: asked where a run shall go on whose workspace or folder has vanished."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from engine.events.run_events import PlaceFound, PlaceLost, RunEnded, RunEvent
from gui.state.controller import Controller
from gui.state.messages import Messages


class PlaceQuestion(QMessageBox):
    """Where it was, another folder, or nowhere; Escape answers nothing.

    Attributes:
        back: The button that goes on where it was.
        other: The button that asks for another folder.
        stop: The button that ends the run.

    Args:
        lost: What is not there.
        parent: Over which it is shown.
    """

    def __init__(self, lost: PlaceLost, parent: QWidget) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Warning)
        self.setWindowTitle(self.tr("The training is paused"))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(lost.message)
        words = self.tr("Nothing is lost as long as the training waits. Where shall it go on?")
        self.setInformativeText(words)
        self.back = self.addButton(self.tr("Try there again"), QMessageBox.ButtonRole.AcceptRole)
        self.other = self.addButton(self.tr("Another folder…"), QMessageBox.ButtonRole.ActionRole)
        self.stop = self.addButton(
            self.tr("Stop the training"), QMessageBox.ButtonRole.DestructiveRole
        )
        self.setDefaultButton(self.back)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)


class PlaceAsker(QObject):
    """Asks when the place of the run under way is lost, and hands the answer on.

    Attributes:
        question: The one that is open; None: there is none.

    Args:
        controller: Tells of the run, and hears the answer.
        messages: For where it goes on.
        page: Over whose window the question is shown.
    """

    def __init__(self, controller: Controller, messages: Messages, page: QWidget) -> None:
        super().__init__(page)
        self.question: PlaceQuestion | None = None
        self._controller = controller
        self._messages = messages
        self._page = page
        self._lost: PlaceLost | None = None
        controller.training.run_event.connect(self._on_run_event)

    @Slot(object)
    def _on_run_event(self, event: RunEvent) -> None:
        if isinstance(event, PlaceLost):
            self._lost = event
            self._ask()
        elif isinstance(event, PlaceFound):
            self._close()
            self._tell(event)
        elif isinstance(event, RunEnded):
            self._close()

    def _ask(self) -> None:
        self._drop_question()
        if self._lost is None or self._controller.is_closing:
            return
        question = self.question = PlaceQuestion(self._lost, self._page.window())
        question.back.clicked.connect(self._go_back)
        question.other.clicked.connect(self._choose)
        question.stop.clicked.connect(self._controller.training.give_up)
        question.finished.connect(self._on_finished)
        question.open()

    @Slot()
    def _on_finished(self) -> None:
        if self.sender() is self.question:
            self.question = None

    @Slot()
    def _go_back(self) -> None:
        self._controller.training.move_run("")

    @Slot()
    def _choose(self) -> None:
        title = self.tr("A folder for the run")
        dialog = QFileDialog(self._page.window(), title, str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.move_to)
        dialog.rejected.connect(self._on_no_folder)
        dialog.open()

    @Slot(str)
    def move_to(self, folder: str) -> None:
        """Goes on in that folder."""
        self._controller.training.move_run(folder)

    @Slot()
    def _on_no_folder(self) -> None:
        self._ask()

    def _close(self) -> None:
        self._lost = None
        self._drop_question()

    def _drop_question(self) -> None:
        question, self.question = self.question, None
        if question is not None:
            question.done(0)

    def _tell(self, found: PlaceFound) -> None:
        if found.is_back:
            self._messages.show_info(self.tr("The training goes on where it was."))
            return
        self._messages.show_warning(
            self.tr("The training goes on in {folder}.").format(folder=found.workspace),
            self.tr(
                "Every epoch is kept there; the curves within those before now are not. This "
                "window shows the old workspace: open the other one to see the run."
            ),
            is_lasting=True,
        )
