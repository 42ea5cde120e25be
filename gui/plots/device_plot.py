"""DevicePanel: load, memory, temperature and power of this machine over the last minutes."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget


class DevicePanel(QWidget):
    """Small plots of the devices, one below the other; those of GPUs appear with the first GPU.

    Args:
        parent: Owner.
        seconds: How far back the plots reach.
    """

    def __init__(self, parent: QWidget | None = None, seconds: int = 180) -> None:
        super().__init__(parent)

    def add_sample(self, sample: Any) -> None:
        """Adds an `engine.devices.DeviceSample`."""

    def clear(self) -> None:
        """Forgets all samples."""
