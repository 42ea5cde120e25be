"""DeviceSheet: what this machine computes with, why a GPU is not used, and the command that
helps.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.devices.diagnoses import Diagnosis
from engine.devices.sampler import DeviceInfo
from engine.events.messages import WorkerReady
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, set_role


class DeviceSheet(QDialog):
    """A sheet that stays beside the window while one types the command.

    Args:
        info: The machine; None: not known yet.
        worker: TensorFlow; None: not ready yet.
    """

    def __init__(
        self, info: DeviceInfo | None, worker: WorkerReady | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Devices"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.diagnoses: list[DiagnosisView] = []
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._area)
        self.show_known(info, worker)

    def show_known(self, info: DeviceInfo | None, worker: WorkerReady | None) -> None:
        """Says what is known by now, in the place of what it said before."""
        self.diagnoses = []
        sheet = QWidget()
        self._column = QVBoxLayout(sheet)
        self._column.setContentsMargins(*(3 * SPACING,) * 4)
        self._column.setSpacing(SPACING)
        self._add_machine(info, worker)
        for found in worker.diagnoses if worker is not None else ():
            self._add_diagnosis(found)
        self._column.addStretch(1)
        self._area.setWidget(sheet)
        width = 70 * SPACING
        # What it would like to have is for lines broken early; it is wider than that.
        height = sheet.heightForWidth(width) if sheet.hasHeightForWidth() else 0
        height = (height or sheet.sizeHint().height()) + SPACING
        self.resize(width, min(90 * SPACING, height))

    def _add_machine(self, info: DeviceInfo | None, worker: WorkerReady | None) -> None:
        heading = Label(self.tr("This machine"))
        set_role(heading, "heading")
        self._column.addWidget(heading)
        lines: list[str] = []
        if info is not None:
            lines += [info.cpu_model, *info.gpus]
        if worker is None:
            lines.append(self.tr("TensorFlow is getting ready…"))
        else:
            text = self.tr("TensorFlow {version} trains on {devices}.")
            devices = ", ".join(worker.devices)
            lines.append(text.format(version=worker.tensorflow_version, devices=devices))
        for line in lines:
            self._column.addWidget(_text(line))

    def _add_diagnosis(self, found: Diagnosis) -> None:
        line = QFrame()
        line.setProperty("separator", True)
        self._column.addSpacing(SPACING)
        self._column.addWidget(line)
        self._column.addSpacing(SPACING)
        view = DiagnosisView(found)
        self._column.addWidget(view)
        self.diagnoses.append(view)


class DiagnosisView(QWidget):
    """One reason, what is behind it, what to do, and a command to copy.

    Args:
        found: What the doctor found.
    """

    def __init__(self, found: Diagnosis, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.found = found
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        heading = _text(found.what)
        set_role(heading, "heading")
        column.addWidget(heading)
        if found.why:
            why = _text(found.why)
            set_role(why, "muted")
            column.addWidget(why)
        if found.steps:
            column.addWidget(_text(found.steps))
        self.copy_button = QPushButton(icon("copy"), self.tr("Copy"))
        if found.command:
            column.addLayout(self._command_row())
        self.copy_button.setVisible(bool(found.command))

    def _command_row(self) -> QHBoxLayout:
        command = Label(self.found.command)
        command.setTextFormat(Qt.TextFormat.PlainText)
        command.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        command.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        command.setWordWrap(True)
        command.setAccessibleName(self.tr("Command"))
        self.copy_button.setAccessibleName(self.tr("Copy the command"))
        self.copy_button.clicked.connect(self._on_copy)
        row = QHBoxLayout()
        row.setSpacing(2 * SPACING)
        row.addWidget(command, 1)
        row.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.found.command)
        self.copy_button.setText(self.tr("Copied"))
        self.copy_button.setIcon(icon("check"))


def _text(text: str) -> Label:
    label = Label(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
