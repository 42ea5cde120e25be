"""EngineStatus: in two lines, whether TensorFlow is ready and on what it computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from engine.events.messages import WorkerReady
from engine.spec.formatting import duration_text
from gui.formatting.plain_text import plain_html
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role

if TYPE_CHECKING:
    from engine.devices.sampler import DeviceInfo
    from gui.window.device_sheet import DeviceSheet


class EngineStatus(QWidget):
    """The device in words; where a GPU is not used, why. A press tells the rest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._worker: WorkerReady | None = None
        self._info: DeviceInfo | None = None
        self._is_folded = False
        self.sheet: DeviceSheet | None = None
        self.button = QToolButton()
        self.device = Label()
        self.engine = Label()
        self.unused = Label()
        self._build()
        self._refresh()

    def _build(self) -> None:
        for label in (self.device, self.engine):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        for label in (self.engine, self.unused):
            set_role(label, "small")
        self.button.setIcon(icon("device", "muted"))
        set_role(self.button, "flat")
        self.button.setAccessibleName(self.tr("About the devices"))
        self.button.clicked.connect(self.show_sheet)
        self.unused.setTextFormat(Qt.TextFormat.RichText)
        self.unused.setWordWrap(True)
        self.unused.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.unused.linkActivated.connect(self.show_sheet)
        self.unused.hide()
        current_theme().changed.connect(self._show_unused)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.device)
        words.addWidget(self.engine)
        words.addWidget(self.unused)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        row.setSpacing(SPACING // 2)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def set_folded(self, is_folded: bool) -> None:
        """Shows the icon alone, or the words beside it."""
        self._is_folded = is_folded
        for label in (self.device, self.engine):
            label.setVisible(not is_folded)
        margin = 0 if is_folded else SPACING
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(margin, SPACING, margin, SPACING)
        self._show_unused()

    def set_worker(self, worker: WorkerReady) -> None:
        """TensorFlow is ready."""
        self._worker = worker
        self._refresh()

    def set_device_info(self, info: DeviceInfo) -> None:
        """The machine is known."""
        self._info = info
        self._refresh()

    @Slot()
    def show_sheet(self) -> None:
        """Shows what is known of the devices beside the window; asked again, puts it away."""
        if self.sheet is not None:
            self.sheet.close()
            return
        from gui.window.device_sheet import DeviceSheet

        self.sheet = DeviceSheet(self._info, self._worker, self.window())
        self.sheet.finished.connect(self._on_sheet_closed)
        self.sheet.show()

    @Slot()
    def _on_sheet_closed(self) -> None:
        self.sheet = None

    def _refresh(self) -> None:
        info, worker = self._info, self._worker
        gpus = [name for name in worker.devices if not name.startswith("CPU")] if worker else []
        if gpus:
            names = info.gpus if info is not None and info.gpus else tuple(gpus)
            self.device.setText(" · ".join(names))
        elif info is not None:
            n_cores = info.physical_cores or info.logical_cores
            cores = self.tr("1 core") if n_cores == 1 else self.tr("{n} cores").format(n=n_cores)
            self.device.setText(self.tr("CPU · {cores}").format(cores=cores))
        else:
            self.device.setText(self.tr("Looking at the device…"))
        if worker is None:
            self.engine.setText(self.tr("TensorFlow is getting ready…"))
        else:
            version = worker.tensorflow_version
            self.engine.setText(self.tr("TensorFlow {version}").format(version=version))
        self._show_unused()
        if self.sheet is not None:
            self.sheet.show_known(info, worker)
        self.setToolTip(self._details())
        self.button.setToolTip(self._details())
        self.setAccessibleName(f"{self.device.text()}, {self.engine.text()}")

    @Slot()
    def _show_unused(self) -> None:
        diagnoses = self._worker.diagnoses if self._worker is not None else ()
        problem = next((found for found in diagnoses if found.is_problem), None)
        self.unused.setVisible(problem is not None and not self._is_folded)
        self.button.setIcon(icon("device", "muted" if problem is None else "warning"))
        if problem is not None:
            text = self.tr("GPU not used: {reason}").format(reason=problem.short)
            color = current_theme().palette.warning
            self.unused.setText(f'<a href="#" style="color: {color}">{plain_html(text)}</a>')
            self.unused.setAccessibleName(text)

    def _details(self) -> str:
        lines = []
        if self._info is not None:
            lines += [self._info.cpu_model, *self._info.gpus]
        if self._worker is not None:
            versions = self.tr("TensorFlow {tensorflow}, Keras {keras}, loaded in {duration}")
            lines.append(
                versions.format(
                    tensorflow=self._worker.tensorflow_version,
                    keras=self._worker.keras_version,
                    duration=duration_text(self._worker.seconds),
                )
            )
            lines.append(self.tr("Devices: {names}").format(names=", ".join(self._worker.devices)))
            lines += [found.what for found in self._worker.diagnoses]
        return "".join(f"<p>{plain_html(line)}</p>" for line in lines)
