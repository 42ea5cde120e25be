"""EngineStatus: in two lines, whether TensorFlow is ready and on what it computes."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.devices import DeviceInfo
from engine.events import WorkerReady
from gui.icons import icon_pixmap
from gui.theme import SPACING, current_theme, set_role


class EngineStatus(QWidget):
    """The device in words; more in the tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._worker: WorkerReady | None = None
        self._info: DeviceInfo | None = None
        self._icon = QLabel()
        self.device = QLabel()
        self.engine = QLabel()
        for label in (self.device, self.engine):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        set_role(self.engine, "small")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.device)
        words.addWidget(self.engine)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * SPACING, SPACING, SPACING, SPACING)
        row.setSpacing(SPACING)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        current_theme().changed.connect(self._recolor)
        self._recolor()
        self._refresh()

    def set_worker(self, worker: WorkerReady) -> None:
        """TensorFlow is ready."""
        self._worker = worker
        self._refresh()

    def set_device_info(self, info: DeviceInfo) -> None:
        """The machine is known."""
        self._info = info
        self._refresh()

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
        self.setToolTip(self._details())
        self.setAccessibleName(f"{self.device.text()}, {self.engine.text()}")

    def _details(self) -> str:
        lines = []
        if self._info is not None:
            lines += [self._info.cpu_model, *self._info.gpus]
        if self._worker is not None:
            versions = self.tr("TensorFlow {tensorflow}, Keras {keras}, loaded in {seconds:.1f} s")
            lines.append(
                versions.format(
                    tensorflow=self._worker.tensorflow_version,
                    keras=self._worker.keras_version,
                    seconds=self._worker.seconds,
                )
            )
            lines.append(self.tr("Devices: {names}").format(names=", ".join(self._worker.devices)))
        return "".join(f"<p>{line}</p>" for line in lines)

    @Slot()
    def _recolor(self) -> None:
        self._icon.setPixmap(icon_pixmap("device", 20, "muted"))
