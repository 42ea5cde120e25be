"""DeviceThread: asks the machine once a second how busy it is, away from the GUI thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from PySide6.QtCore import QObject, QThread, Signal

logger = logging.getLogger(__name__)

PERIOD_S = 1.0


class SamplerLike(Protocol):
    """What the thread needs of `engine.devices.sampler.DeviceSampler`."""

    def describe(self) -> Any: ...

    def sample(self, pids: Sequence[int]) -> Any: ...


def default_sampler() -> SamplerLike:
    """Makes the engine's sampler; its libraries are imported here, in the thread."""
    from engine.devices.sampler import DeviceSampler

    return DeviceSampler()


class DeviceThread(QThread):
    """Samples load and memory of the machine and of the workers.

    Signals (emitted in this thread; connect slots of QObjects):
        described(DeviceInfo): What the machine has; once, at the start.
        sampled(DeviceSample): Once a period.
        failed(details): The sampler broke; no more samples come.

    Args:
        sampler: Makes the sampler; called in this thread.
        period_s: Seconds between samples.
    """

    described = Signal(object)
    sampled = Signal(object)
    failed = Signal(str)

    def __init__(
        self,
        sampler: Callable[[], SamplerLike] = default_sampler,
        period_s: float = PERIOD_S,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("devices")
        self._sampler = sampler
        self._period_s = period_s
        self._pids: tuple[int, ...] = ()
        self._ended = threading.Event()

    def watch(self, pids: Sequence[int]) -> None:
        """Sets the worker processes whose memory is counted (from the GUI thread)."""
        self._pids = tuple(pids)

    def retire(self) -> None:
        """Lets the thread end; returns at once."""
        self._ended.set()

    def run(self) -> None:
        """Samples until retired (runs in the thread; called by Qt)."""
        threading.current_thread().name = self.objectName()
        try:
            sampler = self._sampler()
            self.described.emit(sampler.describe())
            while not self._ended.is_set():
                self.sampled.emit(sampler.sample(self._pids))
                self._ended.wait(self._period_s)
        except Exception as error:
            logger.exception("The devices cannot be watched")
            self.failed.emit(f"{type(error).__name__}: {error}")
