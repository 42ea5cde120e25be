"""RunImport: brings in a run that another Descent exported, by a dialog or a dropped file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.events.importing import ImportRun, RunImported
from engine.events.messages import Rejected
from engine.events.results import ResultAnswer, ResultCommand
from engine.service.exchange.archive import SUFFIX
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.widgets.shortcut_button import ShortcutButton

FOLDER: Final = "import/folder"


class RunImport(ShortcutButton):
    """The button, and what it does: a worker checks the file and takes the run in.

    Args:
        controller: Asks the worker, and reads the list again.
        messages: Told what came of it, with a button that takes it back.
        settings: Remember where the last file lay.
        page: Whose shortcut it is.
    """

    def __init__(
        self, controller: Controller, messages: Messages, settings: Settings, page: QWidget
    ) -> None:
        super().__init__(
            self.tr("Bring in…"),
            "folder",
            self.ask,
            page,
            "Ctrl+I",
            help_text=self.tr("Bring in a run that another Descent exported"),
        )
        self._controller, self._messages, self._settings = controller, messages, settings
        self._under_way: set[str] = set()
        controller.results.answered.connect(self._on_answered)
        controller.results.refused.connect(self._on_refused)

    @Slot()
    def ask(self) -> None:
        """Lets the person pick a file."""
        title, folder = self.tr("Bring in a run"), self._settings.get(FOLDER, "")
        dialog = QFileDialog(self.window(), title, folder)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        patterns = self.tr("Runs ({patterns})").format(patterns=f"*{SUFFIX}")
        dialog.setNameFilters([patterns, self.tr("All files (*)")])
        dialog.fileSelected.connect(self.bring_in)
        dialog.open()

    @Slot(str)
    def bring_in(self, path: str) -> None:
        """Brings a file in; a message says what came of it."""
        if path in self._under_way:
            return
        self._settings.set(FOLDER, str(Path(path).parent))
        self._under_way.add(path)
        self._messages.show_info(self.tr("{name} is checked…").format(name=Path(path).name))
        self._controller.results.ask(ImportRun(file=path), f"import {path}")

    @Slot(object)
    def _on_answered(self, answer: ResultAnswer) -> None:
        if not isinstance(answer, RunImported):
            return
        self._under_way.clear()
        repository = self._controller.repository
        repository.refresh()
        if answer.is_new:
            text = self.tr("“{name}” was brought in.").format(name=answer.name)
            told = " ".join([text, *answer.notes])
            self._messages.show_done(told, partial(repository.delete, answer.run))
        else:
            text = self.tr("“{name}” is here already.").format(name=answer.name)
            self._messages.show_info(" ".join([text, *answer.notes]))

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, problem: Rejected) -> None:
        if isinstance(command, ImportRun):
            self._under_way.discard(command.file)
            self._messages.show_error(problem.message, problem.hint, problem.details)
