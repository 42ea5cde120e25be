"""A stand-in for Qt's multimedia part: a microphone, a camera and a loudspeaker without a system.

The window loads that part where it is first needed, so that a test puts this in its place.
"""

from __future__ import annotations

import enum
import sys
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest
from PySide6.QtCore import QByteArray, QObject, Signal
from PySide6.QtGui import QImage

NAME = "PySide6.QtMultimedia"


class AudioFormat:
    class SampleFormat(enum.Enum):
        Int16 = 1
        Float = 2

    def __init__(self, rate: int = 0) -> None:
        self.rate, self.channels, self.samples = rate, 2, self.SampleFormat.Float

    def setSampleRate(self, rate: int) -> None:
        self.rate = rate

    def sampleRate(self) -> int:
        return self.rate

    def setChannelCount(self, n: int) -> None:
        self.channels = n

    def setSampleFormat(self, samples: SampleFormat) -> None:
        self.samples = samples


@dataclass
class Device:
    """A microphone, a loudspeaker or a camera; `rates` are those it takes, empty: all."""

    is_there: bool = True
    rates: tuple[int, ...] = ()

    def isNull(self) -> bool:
        return not self.is_there

    def isFormatSupported(self, form: AudioFormat) -> bool:
        return not self.rates or form.rate in self.rates

    def preferredFormat(self) -> AudioFormat:
        return AudioFormat(self.rates[0])


class Frame:
    """What a camera sees in a moment."""

    def __init__(self, image: QImage) -> None:
        self.image = image

    def isValid(self) -> bool:
        return not self.image.isNull()

    def toImage(self) -> QImage:
        return self.image


@dataclass
class Media:
    """What the machine has, and what became of it.

    Attributes:
        heard: What the microphone gives when it is read next.
        is_blocked: The microphone is there, but gives no device to read from.
        playing: Bytes that the loudspeaker was given last.
        played_s: Seconds of them that were heard.
        is_idle: The loudspeaker waits for more.
        sources, sinks, cameras, video: Those that were made; the last are what shows a camera.
    """

    microphone: Device = field(default_factory=Device)
    loudspeaker: Device = field(default_factory=Device)
    camera: Device = field(default_factory=Device)
    heard: bytes = b""
    is_blocked: bool = False
    playing: bytes = b""
    played_s: float = 0.0
    is_idle: bool = False
    sources: list[Any] = field(default_factory=list)
    sinks: list[Any] = field(default_factory=list)
    cameras: list[Any] = field(default_factory=list)
    video: list[Any] = field(default_factory=list)


def put_media(monkeypatch: pytest.MonkeyPatch, media: Media | None) -> None:
    """Puts a machine's multimedia in place of Qt's; None: it cannot be loaded."""
    monkeypatch.setitem(sys.modules, NAME, None if media is None else _module(media))


def _module(media: Media) -> ModuleType:
    class Part(QObject):
        is_on = False

        def stop(self) -> None:
            self.is_on = False

    class AudioSource(Part):
        def __init__(self, device: Device, form: AudioFormat, parent: QObject) -> None:
            super().__init__(parent)
            self.form = form
            media.sources.append(self)

        def start(self) -> Any:
            self.is_on = not media.is_blocked
            return self if self.is_on else None

        def readAll(self) -> QByteArray:
            content, media.heard = media.heard, b""
            return QByteArray(content)

    class AudioSink(Part):
        def __init__(self, device: Device, form: AudioFormat, parent: QObject) -> None:
            super().__init__(parent)
            self.form = form
            media.sinks.append(self)

        def start(self, buffer: Any) -> None:
            self.is_on, media.playing = True, bytes(buffer.readAll().data())

        def processedUSecs(self) -> int:
            return round(media.played_s * 1e6)

        def state(self) -> Any:
            return QtAudio.State.IdleState if media.is_idle else QtAudio.State.ActiveState

    class QtAudio:
        class State(enum.Enum):
            ActiveState = 0
            StoppedState = 2
            IdleState = 3

    class MediaDevices:
        defaultAudioInput = staticmethod(lambda: media.microphone)  # noqa: N815 - as Qt calls it
        defaultAudioOutput = staticmethod(lambda: media.loudspeaker)  # noqa: N815
        defaultVideoInput = staticmethod(lambda: media.camera)  # noqa: N815

    class Camera(Part):
        errorOccurred = Signal(object, str)  # noqa: N815

        def __init__(self, device: Device, parent: QObject) -> None:
            super().__init__(parent)
            media.cameras.append(self)

        def start(self) -> None:
            self.is_on = True

    class CaptureSession(QObject):
        def setCamera(self, camera: Camera) -> None:
            self.camera = camera

        def setVideoSink(self, sink: VideoSink) -> None:
            media.video.append(sink)

    class VideoSink(QObject):
        videoFrameChanged = Signal(object)  # noqa: N815

    module = ModuleType(NAME)
    module.__dict__.update(
        QAudioFormat=AudioFormat,
        QAudioSource=AudioSource,
        QAudioSink=AudioSink,
        QMediaDevices=MediaDevices,
        QCamera=Camera,
        QMediaCaptureSession=CaptureSession,
        QVideoSink=VideoSink,
        QtAudio=QtAudio,
    )
    return module
