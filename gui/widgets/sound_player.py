"""SoundPlayer: lets a recording be heard, where the system can; else says why not."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QTimer, Signal, Slot

POSITION_MS = 40


class SoundPlayer(QObject):
    """Plays waveforms, one at a time.

    Qt's multimedia part is loaded when something is first to be heard: on Linux it needs a
    library of the system (libpulse) that may be missing.

    Signals:
        position_changed(float): Seconds heard so far.
        stopped(): Nothing is heard any more.
        failed(str): Why nothing can be heard.
    """

    position_changed = Signal(float)
    stopped = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sink: Any = None
        self._buffer = QBuffer(self)
        self._timer = QTimer(self)
        self._timer.setInterval(POSITION_MS)
        self._timer.timeout.connect(self._on_timer)
        self._seconds = 0.0

    @property
    def is_playing(self) -> bool:
        """Something is heard."""
        return self._sink is not None

    def play(self, wave: npt.NDArray[np.int16], rate: int) -> None:
        """Plays a recording, (samples,) at so many a second; answered by `failed` if it cannot."""
        self.stop()
        sink, problem = self._make_sink(rate)
        if sink is None:
            self.failed.emit(problem)
            return
        samples = np.ascontiguousarray(wave, np.int16)
        self._buffer.setData(QByteArray(samples.tobytes()))
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        self._seconds = len(samples) / rate
        self._sink = sink
        sink.start(self._buffer)
        self._timer.start()

    @Slot()
    def stop(self) -> None:
        """Stops what is heard."""
        if self._sink is None:
            return
        self._timer.stop()
        sink, self._sink = self._sink, None
        sink.stop()
        sink.deleteLater()
        self._buffer.close()
        self.stopped.emit()

    def _make_sink(self, rate: int) -> tuple[Any, str]:
        try:
            from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices
        except ImportError as error:
            text = self.tr("Sound cannot be played here. Received: {error}.")
            return None, text.format(error=error)
        device = QMediaDevices.defaultAudioOutput()
        if device.isNull():
            return None, self.tr("Sound cannot be played here: no loudspeaker was found.")
        form = QAudioFormat()
        form.setSampleRate(rate)
        form.setChannelCount(1)
        form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        if not device.isFormatSupported(form):
            text = self.tr("The loudspeaker does not take {rate} samples a second.")
            return None, text.format(rate=rate)
        return QAudioSink(device, form, self), ""

    @Slot()
    def _on_timer(self) -> None:
        if self._sink is None:
            return
        seconds = self._sink.processedUSecs() / 1e6
        if seconds >= self._seconds or (self._buffer.atEnd() and seconds > 0 and self._is_idle()):
            self.stop()
        else:
            self.position_changed.emit(seconds)

    def _is_idle(self) -> bool:
        from PySide6.QtMultimedia import QtAudio

        return bool(self._sink.state() in (QtAudio.State.IdleState, QtAudio.State.StoppedState))
