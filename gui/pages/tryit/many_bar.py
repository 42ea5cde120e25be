"""ManyBar: predicts for a whole folder or table in the background, and writes a CSV file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPushButton, QWidget

from engine.events.messages import DataProgress, Rejected
from engine.events.results import ResultAnswer, ResultCommand
from engine.events.trying import ManyPredicted, PredictMany
from gui.formatting.numbers import count_text, counted
from gui.state.messages import Messages
from gui.state.result_controller import ResultController
from gui.state.settings import Settings
from gui.style.icons import icon
from gui.style.theme import SPACING
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.path_row import show_in_file_manager
from gui.widgets.progress_bar import ProgressBar
from gui.widgets.shortcut_button import ICON_SIZE

_KEY = "predict many"
_FOLDER = "try/folder"
_BAR_WIDTH = 24 * SPACING


class ManyBar(QWidget):
    """A button that asks for a folder or a table, how far it is, and Cancel.

    Args:
        results: Asks the workers.
        messages: Where it is told that the file is written, or why it is not.
        settings: Remember where files were chosen last.
    """

    def __init__(
        self,
        results: ResultController,
        messages: Messages,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._results, self._messages, self._settings = results, messages, settings
        self._run = ""
        self._command: PredictMany | None = None
        self.button = QPushButton(icon("export"), self.tr("A folder or a table…"))
        self.button.setIconSize(ICON_SIZE)
        self.button.setAccessibleName(self.button.text())
        self.button.setToolTip(
            self.tr("Predict for all that is in it, and write the predictions to a CSV file")
        )
        self.words = ElidedLabel()
        self.bar = ProgressBar()
        self.bar.setFixedWidth(_BAR_WIDTH)
        self.bar.setTextVisible(False)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.menu = QMenu(self)
        self.folder = self.menu.addAction(icon("folder"), self.tr("A folder…"), self._ask_folder)
        self.file = self.menu.addAction(
            icon("table"), self.tr("A table or a file…"), self._ask_file
        )
        self.button.setMenu(self.menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * SPACING)
        row.addWidget(self.button)
        row.addWidget(self.words, 1)
        row.addWidget(self.bar)
        row.addWidget(self.cancel)
        self.cancel.clicked.connect(self._on_cancel)
        results.answered.connect(self._on_answered)
        results.refused.connect(self._on_refused)
        results.progressed.connect(self._on_progressed)
        self._show_idle("")

    def set_run(self, run: str, takes_folders: bool) -> None:
        """Whose model predicts from here on; empty: nothing can be predicted.

        Args:
            run: Its id.
            takes_folders: Its inputs are files, of which a folder holds many.
        """
        self._run = run
        self.folder.setEnabled(takes_folders)
        self.button.setEnabled(bool(run) and self._command is None)

    @property
    def is_busy(self) -> bool:
        """Something is being predicted for."""
        return self._command is not None

    # ---- what for, and where to

    @Slot()
    def _ask_folder(self) -> None:
        dialog = self._dialog(self.tr("Predict for a folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.fileSelected.connect(partial(self.ask_where, self._run))
        dialog.open()

    @Slot()
    def _ask_file(self) -> None:
        dialog = self._dialog(self.tr("Predict for a table or a file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(partial(self.ask_where, self._run))
        dialog.open()

    @Slot(str)
    def ask_where(self, run: str, source: str) -> None:
        """Asks for the file to write, once it is known what for.

        Args:
            run: Whose model predicts; another one may be on the page when the dialog closes.
            source: The folder or file.
        """
        path = Path(source)
        self._settings.set(_FOLDER, str(path.parent))
        dialog = self._dialog(self.tr("Write the predictions to"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.setNameFilters([self.tr("CSV (*.csv)")])
        dialog.selectFile(f"{path.stem}-predicted.csv")
        dialog.fileSelected.connect(partial(self.begin, run, source))
        dialog.open()

    def _dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self, title, self._settings.get(_FOLDER, ""))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog

    @Slot(str)
    def begin(self, run: str, source: str, to: str) -> None:
        """Predicts for all of a source by the model of a run and writes it to a file."""
        self._command = PredictMany(run, source, to)
        self.button.setEnabled(False)
        self.words.show_text(self.tr("Predicting for {name}…").format(name=Path(source).name))
        self.bar.setRange(0, 0)
        self.bar.show()
        self.cancel.show()
        self._results.ask(self._command, _KEY)

    # ---- what comes of it

    @Slot()
    def _on_cancel(self) -> None:
        self._results.cancel(_KEY)
        self._show_idle(self.tr("Cancelled; nothing was written."))

    @Slot(object, object)
    def _on_progressed(self, command: ResultCommand, progress: DataProgress) -> None:
        if command is not self._command:
            return
        if progress.total:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * progress.done / progress.total))
        total = f" / {count_text(progress.total)}" if progress.total else ""
        self.words.show_text(f"{progress.what}: {count_text(progress.done)}{total}")

    @Slot(object)
    def _on_answered(self, answer: ResultAnswer) -> None:
        if not isinstance(answer, ManyPredicted) or self._command is None:
            return
        path = Path(answer.to)
        self._show_idle(summary_of(answer))
        text = self.tr("The predictions are in {name}.").format(name=path.name)
        if answer.problems:
            self._messages.show_warning(
                f"{text} {summary_of(answer)}", "\n".join(answer.problems[:5])
            )
        else:
            self._messages.show_info(text, self.tr("Show"), partial(show_in_file_manager, path))

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, problem: Rejected) -> None:
        if command is self._command:
            self._show_idle("")
            self._messages.show_error(problem.message, problem.hint, problem.details)

    def _show_idle(self, text: str) -> None:
        self._command = None
        self.words.show_text(text)
        self.bar.hide()
        self.cancel.hide()
        self.button.setEnabled(bool(self._run))


def summary_of(answer: ManyPredicted) -> str:
    """What came of it, in a sentence."""
    parts = [counted(answer.n_predicted, "{n} prediction", "{n} predictions")]
    if answer.n_right is not None:
        parts.append(f"{count_text(answer.n_right)} of {count_text(answer.n_true)} right")
    if answer.n_failed:
        parts.append(f"{count_text(answer.n_failed)} could not be read")
    if answer.n_unfamiliar:
        parts.append(f"{count_text(answer.n_unfamiliar)} with something unfamiliar")
    return f"{', '.join(parts)}."
