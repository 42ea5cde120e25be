"""Pictures from a camera and sounds from a microphone, where there are any.

Qt's multimedia part is loaded when it is first used: on Linux it needs a library of the system
that may be missing. Nothing is switched on before somebody presses the button that says so.
"""

from __future__ import annotations

import io
import wave
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.events.trying import Given, ModelLookedAt
from gui.pages.tryit.drop_panel import DropPlace, png_of
from gui.pages.tryit.input_panel import InputPanel
from gui.style.icons import icon
from gui.style.theme import SPACING
from gui.widgets.shortcut_button import ICON_SIZE

LONGEST_S = 60
_TICK_MS = 100


class Microphone(QObject):
    """Records one sound at a time.

    Signals:
        recorded(bytes): A WAV file: 16 bits, one channel.
        failed(str): Why nothing can be recorded.
        progressed(float): Seconds so far.
    """

    recorded = Signal(object)
    failed = Signal(str)
    progressed = Signal(float)

    def __init__(self, rate: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rate = rate
        self._source: Any = None
        self._device: Any = None
        self._samples = bytearray()
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._on_tick)

    @property
    def is_recording(self) -> bool:
        """It listens."""
        return self._source is not None

    def start(self) -> None:
        """Begins to listen; answered by `failed` if it cannot."""
        try:
            from PySide6.QtMultimedia import QAudioFormat, QAudioSource, QMediaDevices
        except ImportError as error:
            text = self.tr("Nothing can be recorded here. Received: {error}.")
            self.failed.emit(text.format(error=error))
            return
        device = QMediaDevices.defaultAudioInput()
        if device.isNull():
            self.failed.emit(self.tr("Nothing can be recorded here: no microphone was found."))
            return
        form = QAudioFormat()
        form.setSampleRate(self._rate)
        form.setChannelCount(1)
        form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        if not device.isFormatSupported(form):
            form = device.preferredFormat()
            form.setChannelCount(1)
            form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        self._samples.clear()
        self._rate_used = form.sampleRate()
        self._source = QAudioSource(device, form, self)
        self._device = self._source.start()
        if self._device is None:  # it is in use, or may not be used
            self.cancel()
            self.failed.emit(self.tr("Nothing can be recorded here: the microphone gave no sound."))
            return
        self._timer.start()

    @Slot()
    def stop(self) -> None:
        """Ends and hands over what was heard."""
        if self._source is None:
            return
        self._take()
        self.cancel()
        if not self._samples:
            self.failed.emit(self.tr("Nothing was heard: the microphone gave no sound."))
            return
        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self._rate_used)
            file.writeframes(bytes(self._samples))
        self.recorded.emit(content.getvalue())

    def cancel(self) -> None:
        """Ends and hands nothing over."""
        self._timer.stop()
        source, self._source, self._device = self._source, None, None
        if source is not None:
            source.stop()
            source.deleteLater()

    def _take(self) -> None:
        if self._device is not None:
            self._samples += self._device.readAll().data()

    @Slot()
    def _on_tick(self) -> None:
        self._take()
        seconds = len(self._samples) / 2 / self._rate_used
        self.progressed.emit(seconds)
        if seconds >= LONGEST_S:
            self.stop()


class MicrophonePanel(InputPanel):
    """A button that records, and one that ends it."""

    def __init__(self, look: ModelLookedAt, parent: QWidget | None = None) -> None:
        super().__init__(look, parent)
        self.place = DropPlace()
        self.place.show_text(self.empty_text)
        self.button = QPushButton(icon("sound"), self.tr("Record"))
        self.microphone = Microphone(max(1, round(look.rate or 16_000)), self)
        self.microphone.recorded.connect(self._on_recorded)
        self.microphone.failed.connect(self._on_failed)
        self.microphone.progressed.connect(self._on_progressed)
        self.button.clicked.connect(self._on_button)
        _lay_out(self, (self.button,), self.place)

    @property
    def title(self) -> str:
        return self.tr("Microphone")

    @property
    def empty_text(self) -> str:
        return self.tr(
            "Record switches the microphone on until you press it again. The sound stays on this "
            "machine, and is kept nowhere."
        )

    @Slot()
    def _on_button(self) -> None:
        if self.microphone.is_recording:
            self.microphone.stop()
            return
        self.microphone.start()
        if self.microphone.is_recording:
            self.button.setText(self.tr("Stop"))

    @Slot(float)
    def _on_progressed(self, seconds: float) -> None:
        self.place.show_text(self.tr("Recording… {seconds} s").format(seconds=f"{seconds:.1f}"))

    @Slot(object)
    def _on_recorded(self, content: bytes) -> None:
        self.button.setText(self.tr("Record"))
        self.place.show_text(self.tr("The recording was given to the model."))
        self.given.emit(Given(content=content, suffix=".wav"))

    @Slot(str)
    def _on_failed(self, reason: str) -> None:
        self.button.setText(self.tr("Record"))
        self.place.show_text(reason)

    def clear(self) -> None:
        self.place.show_text(self.empty_text)

    def hideEvent(self, event: Any) -> None:
        """Nobody sees that it listens: so shall it not."""
        super().hideEvent(event)
        if self.microphone.is_recording:
            self.microphone.cancel()
            self.button.setText(self.tr("Record"))
            self.place.show_text(self.empty_text)


class Camera(QObject):
    """Shows what a camera sees.

    Signals:
        seen(QImage): A picture, many times a second.
        failed(str): Why there is none.
    """

    seen = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[Any, ...] = ()

    @property
    def is_on(self) -> bool:
        """It looks."""
        return bool(self._parts)

    def start(self) -> None:
        """Switches it on; answered by `failed` if there is none."""
        try:
            from PySide6.QtMultimedia import (
                QCamera,
                QMediaCaptureSession,
                QMediaDevices,
                QVideoSink,
            )
        except ImportError as error:
            text = self.tr("No camera can be used here. Received: {error}.")
            self.failed.emit(text.format(error=error))
            return
        device = QMediaDevices.defaultVideoInput()
        if device.isNull():
            self.failed.emit(self.tr("No camera can be used here: none was found."))
            return
        camera, session, sink = QCamera(device, self), QMediaCaptureSession(self), QVideoSink(self)
        sink.videoFrameChanged.connect(self._on_frame)
        camera.errorOccurred.connect(self._on_error)
        session.setCamera(camera)
        session.setVideoSink(sink)
        self._parts = (camera, session, sink)
        camera.start()

    @Slot()
    def stop(self) -> None:
        """Switches it off."""
        parts, self._parts = self._parts, ()
        if parts:
            parts[0].stop()
            for part in parts:
                part.deleteLater()

    @Slot(object)
    def _on_frame(self, frame: Any) -> None:
        if self._parts and frame.isValid():
            self.seen.emit(frame.toImage())

    @Slot(object, str)
    def _on_error(self, _error: object, text: str) -> None:
        self.stop()
        self.failed.emit(
            self.tr("The camera cannot be used. Received: {error}.").format(error=text)
        )


class CameraPanel(InputPanel):
    """What the camera sees, and a button that takes a picture."""

    def __init__(self, look: ModelLookedAt, parent: QWidget | None = None) -> None:
        super().__init__(look, parent)
        self._image: QImage | None = None
        self.place = DropPlace()
        self.place.show_text(self.empty_text)
        self.switch = QPushButton(icon("video"), self.tr("Use the camera"))
        self.take = QPushButton(icon("image"), self.tr("Take a picture"))
        self.take.setEnabled(False)
        self.camera = Camera(self)
        self.camera.seen.connect(self._on_seen)
        self.camera.failed.connect(self._on_failed)
        self.switch.clicked.connect(self._on_switch)
        self.take.clicked.connect(self._on_take)
        _lay_out(self, (self.switch, self.take), self.place)

    @property
    def title(self) -> str:
        return self.tr("Camera")

    @property
    def empty_text(self) -> str:
        return self.tr(
            "The camera is off. What it sees stays on this machine, and is kept nowhere."
        )

    @Slot()
    def _on_switch(self) -> None:
        if self.camera.is_on:
            self._end(self.empty_text)
            return
        self.camera.start()
        if self.camera.is_on:
            self.switch.setText(self.tr("Camera off"))

    @Slot(object)
    def _on_seen(self, image: QImage) -> None:
        self._image = image
        self.take.setEnabled(True)
        self.place.show_picture(QPixmap.fromImage(image), self.tr("Camera"))

    @Slot()
    def _on_take(self) -> None:
        if self._image is not None:
            self.given.emit(png_of(self._image))

    @Slot(str)
    def _on_failed(self, reason: str) -> None:
        self._end(reason)

    def _end(self, text: str) -> None:
        self.camera.stop()
        self._image = None
        self.switch.setText(self.tr("Use the camera"))
        self.take.setEnabled(False)
        self.place.show_text(text)

    def clear(self) -> None:
        if not self.camera.is_on:
            self.place.show_text(self.empty_text)

    def hideEvent(self, event: Any) -> None:
        """Nobody looks: so shall the camera not."""
        super().hideEvent(event)
        if self.camera.is_on:
            self._end(self.empty_text)


def _lay_out(panel: QWidget, buttons: tuple[QPushButton, ...], place: QWidget) -> None:
    row = QHBoxLayout()
    row.setSpacing(SPACING)
    for button in buttons:
        button.setIconSize(ICON_SIZE)
        button.setAccessibleName(button.text())
        row.addWidget(button)
    row.addStretch(1)
    column = QVBoxLayout(panel)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(SPACING)
    column.addLayout(row)
    column.addWidget(place, 1)
