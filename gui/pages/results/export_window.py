"""ExportWindow: a run's result as files for others, each with the proof that it is right."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.events.exporting import ExportRun, RunExported
from engine.events.messages import DataProgress, Rejected
from engine.events.results import ResultAnswer, ResultCommand
from engine.files import free_path
from engine.service.results.exporting import FORMATS, INSTALL, ExportFormat
from gui.formatting.translation import translate
from gui.guide.words import chosen_language
from gui.pages.results.export_words import (
    default_name,
    headings,
    latency_headings,
    latency_rows,
    proof_text,
    row_of,
)
from gui.pages.results.other_runs import OtherRuns
from gui.state.result_controller import ResultController
from gui.state.run_repository import RunRepository
from gui.state.settings import Settings
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.notice import Notice
from gui.widgets.path_row import show_in_file_manager
from gui.widgets.progress_bar import ProgressBar
from gui.widgets.tables import ROW_HEIGHT, Table
from gui.widgets.text_table import TextModel

SIZE: Final = (104 * SPACING, 72 * SPACING)
_KEY: Final = "export"
_FOLDER: Final = "export/folder"


class ExportWindow(QDialog):
    """Stays open while one format after the other is taken away, so that they can be compared.

    Args:
        results: Asks the workers.
        repository: Knows the runs that a report can compare with.
        settings: Remember where things were written last, and the language.
    """

    def __init__(
        self,
        results: ResultController,
        repository: RunRepository,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export"))
        self._results, self._settings = results, settings
        self._run, self._name = "", ""
        self._formats = FORMATS
        self._done: dict[str, RunExported] = {}
        self._command: ExportRun | None = None
        self.heading = ElidedLabel()
        self.model, self.latencies = TextModel(self), TextModel(self)
        self.table, self.latency_table = Table(self), Table(self)
        self.about = Label()
        self.notice = Notice()
        self.hint = Label()
        self.words = ElidedLabel()
        self.bar = ProgressBar()
        self.export = QPushButton(self.tr("Export…"))
        self.others = OtherRuns(repository)
        self.examples = QCheckBox(self.tr("With examples"))
        self.show_files = QPushButton(self.tr("Show the files"))
        self.cancel = QPushButton(self.tr("Cancel"))
        self._build()
        self._connect()

    # ---- building

    def _build(self) -> None:
        set_role(self.heading, "heading")
        set_role(self.hint, "muted")
        set_role(self.export, "primary")
        self.hint.setWordWrap(True)
        self.hint.setText(
            self.tr(
                "A model is handed over only after its own runtime has loaded the file in a clean "
                "process and answered the test part as the run does."
            )
        )
        for table, model, name in (
            (self.table, self.model, self.tr("Formats")),
            (self.latency_table, self.latencies, self.tr("How long it takes")),
        ):
            table.setModel(model)
            table.setAccessibleName(name)
            table.verticalHeader().hide()
        self.latency_table.setFixedHeight(6 * ROW_HEIGHT)
        self.examples.setChecked(True)
        self.examples.setToolTip(
            self.tr("A few examples of the data are explained in the report, and handed on with it")
        )
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(24 * SPACING)
        below = QHBoxLayout()
        below.setSpacing(SPACING)
        below.addWidget(self.words, 1)
        for widget in (self.bar, self.examples, self.others):
            below.addWidget(widget)
        for button in (self.cancel, self.show_files, self.export):
            below.addWidget(button)
        self._said = QWidget()  # room that is always kept: nothing moves when something is said
        self._said.setFixedHeight(9 * SPACING)
        said = QVBoxLayout(self._said)
        said.setContentsMargins(0, 0, 0, 0)
        said.addWidget(self.notice)
        said.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(2 * SPACING,) * 4)
        column.setSpacing(SPACING)
        column.addWidget(self.heading)
        column.addWidget(self.hint)
        column.addWidget(self.table, 1)
        column.addWidget(self.about)
        column.addWidget(self._said)
        column.addWidget(self.latency_table)
        column.addLayout(below)
        self.resize(*SIZE)

    def _connect(self) -> None:
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        self.table.viewport().installEventFilter(self)
        self.table.doubleClicked.connect(self._on_export)
        self.export.clicked.connect(self._on_export)
        self.cancel.clicked.connect(self._on_cancel)
        self.show_files.clicked.connect(self._on_show)
        self._results.answered.connect(self._on_answered)
        self._results.refused.connect(self._on_refused)
        self._results.progressed.connect(self._on_progressed)

    # ---- showing

    def show_run(self, run: str, name: str) -> None:
        """Offers what a run's result can be taken away as.

        Args:
            run: Its id.
            name: What people call it.
        """
        if run != self._run:
            self._stop()
            self._run, self._done = run, {}
        self._name = name
        self.others.show_beside(run)
        self.heading.show_text(name)
        self._show_formats()
        self.show()
        self.raise_()
        self.activateWindow()
        self.table.setFocus()

    def _show_formats(self) -> None:
        row = max(0, self.table.currentIndex().row())
        rows = [row_of(item, self._done.get(item.name)) for item in self._formats]
        self.model.set_rows(headings(), rows, n_texts=1)
        _fill(self.table)
        self.table.setCurrentIndex(self.model.index(row, 0))
        self._show_chosen()

    @property
    def chosen(self) -> ExportFormat:
        """The format of the row that is chosen."""
        return self._formats[max(0, self.table.currentIndex().row())]

    @Slot()
    def _show_chosen(self) -> None:
        """Says what is known of the chosen format."""
        chosen, is_busy = self.chosen, self._command is not None
        done = self._done.get(chosen.name)
        self.latencies.set_rows(latency_headings(), [] if done is None else latency_rows(done), 0)
        _fill(self.latency_table)
        self.about.setText(translate(chosen.about))
        self.export.setEnabled(not is_busy and not chosen.missing)
        self.show_files.setEnabled(done is not None and not done.reason)
        self.cancel.setEnabled(is_busy)
        self.bar.setVisible(is_busy)
        self.latency_table.setVisible(chosen.is_model)
        self.others.setVisible(chosen.is_report and not is_busy)
        self.examples.setVisible(chosen.holds_examples and not is_busy)
        if chosen.missing:
            text = self.tr("{format} needs packages that are not installed: {names}.")
            told = text.format(format=chosen.title, names=", ".join(chosen.missing))
            self.notice.show_text(told, "accent", self.tr("Install: {how}").format(how=INSTALL))
        elif done is None:
            self.notice.clear()
        elif done.reason:
            told = self.tr("Not exported: {reason}").format(reason=done.reason)
            self.notice.show_text(told, "danger")
        else:
            self.notice.show_text(proof_text(done), "success", " ".join(done.notes))

    @Slot(QModelIndex, QModelIndex)
    def _on_row(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        # Rows move with what is shown below them: under a pressed button, another one would be hit.
        if QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton:
            self._show_chosen()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Shows what is known of a row once the button is let go on it."""
        if event.type() == QEvent.Type.MouseButtonRelease:
            QTimer.singleShot(0, self, self._show_chosen)
        return super().eventFilter(watched, event)

    # ---- exporting

    @Slot()
    def _on_export(self) -> None:
        """Asks where to; a model gets a folder of its own there, for what proves it."""
        chosen = self.chosen
        if chosen.missing or self._command is not None:
            return
        dialog = QFileDialog(self, chosen.title, self._settings.get(_FOLDER, ""))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if chosen.suffix and not chosen.is_model:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setDefaultSuffix(chosen.suffix.lstrip("."))
            dialog.selectFile(default_name(self._name, chosen))
        else:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
            dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
            dialog.setLabelText(QFileDialog.DialogLabel.Accept, self.tr("Export here"))
        dialog.fileSelected.connect(partial(self.begin, chosen))
        dialog.open()

    def begin(self, format: ExportFormat, chosen: str) -> None:
        """Exports to what was chosen: a file, or a new folder in a folder.

        Args:
            format: The format.
            chosen: A path.
        """
        path = Path(chosen)
        is_file = bool(format.suffix) and not format.is_model
        self._settings.set(_FOLDER, str(path.parent if is_file else path))
        to = path if is_file else free_path(path / default_name(self._name, format))
        others = self.others.chosen if format.is_report else ()
        language = chosen_language(self._settings)
        self._command = ExportRun(
            self._run, format.name, str(to), language, others, self.examples.isChecked()
        )
        self._done.pop(format.name, None)
        self.words.show_text(self.tr("Exporting…"))
        self.bar.setRange(0, 0)
        self._results.ask(self._command, _KEY)
        self._show_formats()

    @Slot(object)
    def _on_answered(self, answer: ResultAnswer) -> None:
        if self._command is None or not isinstance(answer, RunExported):
            return
        if (answer.run, answer.format) == (self._command.run, self._command.format):
            self._end(answer)

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, rejected: Rejected) -> None:
        if command is not self._command:
            return
        reason = f"{rejected.message} {rejected.hint}".strip()
        self._end(RunExported(command.run, self._command.format, "", reason=reason))

    def _end(self, done: RunExported) -> None:
        self._command = None
        self._done[done.format] = done
        self.words.show_text("")
        self._show_formats()

    @Slot(object, object)
    def _on_progressed(self, command: ResultCommand, at: DataProgress) -> None:
        if command is self._command:
            self.words.show_text(f"{at.what}…")
            self.bar.setRange(0, at.total)
            self.bar.setValue(at.done)

    @Slot()
    def _on_cancel(self) -> None:
        self._stop()
        self._show_chosen()

    def _stop(self) -> None:
        if self._command is not None:
            self._results.cancel(_KEY)
            self._command = None
            self.words.show_text("")

    @Slot()
    def _on_show(self) -> None:
        done = self._done.get(self.chosen.name)
        if done is not None:
            show_in_file_manager(Path(done.path))

    def closeEvent(self, event: QCloseEvent) -> None:
        """What is under way is of no use to anybody."""
        self._stop()
        super().closeEvent(event)


def _fill(table: Table) -> None:
    """Gives names the width they need, and divides the rest among the numbers."""
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
