"""DeviceController: what the machine has and how busy it is, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from engine.events.messages import Rejected
from gui.threads.device_thread import DeviceThread, SamplerLike
from gui.threads.worker_pool import WorkerPool


class DeviceController(QObject):
    """Watches the machine and the worker that trains, in a thread of its own.

    Signals, all in the GUI thread:
        described(DeviceInfo): What the machine has; once.
        sampled(DeviceSample): Once a second.
        problem_found(Rejected): It cannot be watched.
        closed(): After `close`: the thread has ended.

    Args:
        sampler: Makes the device sampler; called in a background thread.
        pool: Has the workers.
    """

    described = Signal(object)
    sampled = Signal(object)
    problem_found = Signal(object)
    closed = Signal()

    def __init__(
        self,
        sampler: Callable[[], SamplerLike],
        pool: WorkerPool,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.info: Any = None
        self._pool = pool
        self._is_closing = False
        self._thread = DeviceThread(sampler, parent=self)
        self._thread.described.connect(self._on_info)
        self._thread.sampled.connect(self._on_sample)
        self._thread.failed.connect(self._on_failure)
        self._thread.finished.connect(self._on_finished)

    def open(self) -> None:
        """Starts watching."""
        self._thread.start()

    def mute(self) -> None:
        """Hands on no more samples."""
        self._is_closing = True

    def close(self) -> None:
        """Lets the thread end; `closed` says when it has."""
        self._is_closing = True
        self._thread.retire()

    @Slot(object)
    def _on_info(self, info: object) -> None:
        self.info = info
        self.described.emit(info)

    @Slot(object)
    def _on_sample(self, sample: object) -> None:
        self._thread.watch(self._pool.pids)
        if not self._is_closing:
            self.sampled.emit(sample)

    @Slot(str)
    def _on_failure(self, details: str) -> None:
        message = self.tr("The device cannot be watched; training is not affected.")
        self.problem_found.emit(Rejected(message, details=details))

    @Slot()
    def _on_finished(self) -> None:
        self._thread.wait()  # its last instructions; `finished` comes just before them
        self.closed.emit()
