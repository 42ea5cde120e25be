"""What is recorded, taken by a camera and heard: on machines that can, and on those that cannot."""

from __future__ import annotations

import io
import wave
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from engine.events.results import ShownExample
from engine.events.trying import ExampleTaken, Given, InputTried, ModelAnswer
from gui.pages.shared.example_view import ExampleView, SoundPart
from gui.pages.tryit.drop_panel import DropPanel
from gui.pages.tryit.recording import LONGEST_S, CameraPanel, MicrophonePanel
from gui.widgets.sound_player import SoundPlayer
from tests.gui import plot_window
from tests.gui.fake_media import AudioFormat, Device, Frame, Media, put_media
from tests.gui.fake_trials import PICTURE, ROW

show, theme = plot_window.show, plot_window.theme

RATE = 8_000
SOUND = replace(ROW, kind="audio", shape=(RATE,), rate=float(RATE), suffixes=(".wav",))
TONE = (10_000 * np.sin(np.arange(RATE // 2) / 3)).astype(np.int16)


@pytest.fixture
def media(monkeypatch: pytest.MonkeyPatch) -> Media:
    made = Media()
    put_media(monkeypatch, made)
    return made


def press(qtbot: QtBot, button: QPushButton) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


class TestMicrophone:
    @pytest.fixture
    def recorder(self, show) -> MicrophonePanel:
        return show(MicrophonePanel(SOUND))

    def test_what_is_heard_is_given_as_a_sound(self, recorder, media, qtbot) -> None:
        given: list[Given] = []
        recorder.given.connect(given.append)
        press(qtbot, recorder.button)
        assert recorder.button.text() == "Stop"
        media.heard = TONE.tobytes()
        qtbot.waitUntil(lambda: "0.5 s" in recorder.place.text)
        media.heard = TONE[:80].tobytes()
        press(qtbot, recorder.button)
        with wave.open(io.BytesIO(given[0].content)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
            samples = np.frombuffer(file.readframes(10**6), "<i2")
        assert np.array_equal(samples, np.concatenate([TONE, TONE[:80]]))
        assert given[0].suffix == ".wav"
        assert recorder.button.text() == "Record"
        assert not media.sources[0].is_on

    def test_another_rate_than_the_models_is_told_in_the_file(self, recorder, media, qtbot) -> None:
        media.microphone = Device(rates=(44_100,))
        given: list[Given] = []
        recorder.given.connect(given.append)
        press(qtbot, recorder.button)
        media.heard = TONE.tobytes()
        press(qtbot, recorder.button)
        form = media.sources[0].form
        assert (form.channels, form.samples) == (1, AudioFormat.SampleFormat.Int16)
        with wave.open(io.BytesIO(given[0].content)) as file:
            assert file.getframerate() == 44_100

    def test_it_ends_by_itself_after_a_minute(self, recorder, media, qtbot) -> None:
        press(qtbot, recorder.button)
        media.heard = bytes(2 * RATE * LONGEST_S)
        with qtbot.waitSignal(recorder.given):
            pass
        assert not recorder.microphone.is_recording

    def test_nothing_heard_is_said_and_nothing_is_given(self, recorder, media, qtbot) -> None:
        press(qtbot, recorder.button)
        with qtbot.assertNotEmitted(recorder.given):
            press(qtbot, recorder.button)
        assert "Nothing was heard" in recorder.place.text
        recorder.microphone.stop()  # it is off
        recorder.clear()
        assert recorder.place.text == recorder.empty_text

    @pytest.mark.parametrize(
        ("what", "said"),
        [("none", "no microphone was found"), ("blocked", "gave no sound"), ("library", "halted")],
    )
    def test_without_one_it_says_so(
        self, recorder, media, qtbot, monkeypatch, what: str, said: str
    ) -> None:
        media.microphone = Device(is_there=what != "none")
        media.is_blocked = what == "blocked"
        if what == "library":
            put_media(monkeypatch, None)
        press(qtbot, recorder.button)
        assert "Nothing can be recorded here" in recorder.place.text
        assert said in recorder.place.text
        assert recorder.button.text() == "Record"
        assert not recorder.microphone.is_recording

    def test_nobody_sees_it_and_it_listens_no_longer(self, recorder, media, qtbot) -> None:
        press(qtbot, recorder.button)
        recorder.hide()
        assert not media.sources[0].is_on


class TestCamera:
    @pytest.fixture
    def panel(self, show) -> CameraPanel:
        return show(CameraPanel(PICTURE))

    def red(self) -> QImage:
        image = QImage(12, 10, QImage.Format.Format_RGB32)
        image.fill(QColor("red"))
        return image

    def test_what_it_sees_is_shown_and_given_when_one_presses(self, panel, media, qtbot) -> None:
        given: list[Given] = []
        panel.given.connect(given.append)
        press(qtbot, panel.switch)
        assert panel.switch.text() == "Camera off"
        assert not panel.take.isEnabled()
        (sink,) = media.video
        sink.videoFrameChanged.emit(Frame(QImage()))  # no picture yet
        assert not panel.take.isEnabled()
        sink.videoFrameChanged.emit(Frame(self.red()))
        assert panel.place.picture is not None
        panel.clear()  # another panel gave something: the camera still looks
        assert panel.place.picture is not None
        press(qtbot, panel.take)
        taken = QImage.fromData(given[0].content)
        assert taken.pixelColor(3, 3) == QColor("red")
        press(qtbot, panel.switch)
        assert not media.cameras[0].is_on
        sink.videoFrameChanged.emit(Frame(self.red()))  # one that was on its way
        assert panel.place.text == panel.empty_text
        assert panel.switch.text() == "Use the camera"

    def test_nobody_sees_it_and_it_goes_off(self, panel, media, qtbot) -> None:
        press(qtbot, panel.switch)
        panel.hide()
        assert not media.cameras[0].is_on
        assert not panel.camera.is_on

    def test_an_error_ends_it_and_is_said(self, panel, media, qtbot) -> None:
        press(qtbot, panel.switch)
        media.cameras[0].errorOccurred.emit(None, "It was unplugged")
        assert "Received: It was unplugged." in panel.place.text
        assert not panel.camera.is_on
        panel.clear()
        assert panel.place.text == panel.empty_text

    @pytest.mark.parametrize("has_library", [True, False])
    def test_without_one_it_says_so(self, panel, media, qtbot, monkeypatch, has_library) -> None:
        media.camera = Device(is_there=False)
        if not has_library:
            put_media(monkeypatch, None)
        press(qtbot, panel.switch)
        assert "No camera can be used here" in panel.place.text
        assert panel.switch.text() == "Use the camera"


class TestPlaying:
    def test_it_is_heard_to_its_end(self, qtbot, media) -> None:
        player = SoundPlayer()
        heard: list[float] = []
        player.position_changed.connect(heard.append)
        player.play(TONE, RATE)
        assert media.playing == TONE.tobytes()
        assert media.sinks[0].form.rate == RATE
        media.played_s = 0.2
        qtbot.waitUntil(lambda: heard[-1:] == [0.2])
        with qtbot.waitSignal(player.stopped):
            media.played_s = 0.5
        assert not player.is_playing
        assert not media.sinks[0].is_on

    def test_one_at_a_time(self, qtbot, media) -> None:
        player = SoundPlayer()
        player.play(TONE, RATE)
        with qtbot.waitSignal(player.stopped):
            player.play(TONE[::-1], RATE)
        assert [sink.is_on for sink in media.sinks] == [False, True]
        player.stop()

    def test_a_loudspeaker_that_has_taken_all_ends_it(self, qtbot, media) -> None:
        player = SoundPlayer()
        player.play(TONE, RATE)
        media.is_idle = True
        with qtbot.waitSignal(player.stopped):
            media.played_s = 0.49  # it counts in whole buffers

    @pytest.mark.parametrize(
        ("what", "said"),
        [("none", "no loudspeaker"), ("rate", "does not take 8000"), ("library", "halted")],
    )
    def test_what_cannot_be_heard_is_said_beside_the_wave(
        self, show, qtbot, media, monkeypatch, what: str, said: str
    ) -> None:
        media.loudspeaker = Device(what != "none", (44_100,) if what == "rate" else ())
        if what == "library":
            put_media(monkeypatch, None)
        part = show(SoundPart())
        part.set_sound(TONE, RATE)
        press(qtbot, part.play)
        assert said in part.caption.text()
        assert not part.play.isEnabled()
        part.set_sound(TONE, 44_100)
        assert part.play.isEnabled()


class TestSoundsOfExamples:
    def test_it_plays_shows_where_it_is_and_stops(self, show, qtbot, media) -> None:
        view = show(ExampleView())
        silence = np.zeros(RATE, np.int16)
        example = ShownExample(0, "a.wav", "", np.concatenate([TONE, silence]))
        view.show_example(example, "audio", float(RATE))
        part = view.currentWidget()
        assert isinstance(part, SoundPart)
        assert "0.5" in part.caption.text()  # the silence behind it is left out
        press(qtbot, part.play)
        assert part.play.text() == "Stop"
        media.played_s = 0.25
        qtbot.waitUntil(lambda: part.plot.playhead.value() == 0.25)
        assert part.plot.playhead.isVisible()
        press(qtbot, part.play)
        assert part.play.text() == "Play"
        assert not part.plot.playhead.isVisible()
        press(qtbot, part.play)
        part.hide()
        assert not part.player.is_playing

    def test_silence_is_a_sound_too(self, show) -> None:
        part = show(SoundPart())
        part.set_sound(np.zeros(100, np.int16), 0)
        assert part.play.isEnabled()

    def test_what_a_model_was_given_can_be_heard(self, show, qtbot, media) -> None:
        panel = show(DropPanel(SOUND))
        assert not panel.play.isEnabled()
        panel.take_path("/somewhere/bird.wav")
        panel.show_answer(InputTried("r", 1, (ModelAnswer(best="yes"),), seen=TONE))
        assert panel.wave is not None
        assert panel.wave.isVisible()
        press(qtbot, panel.play)
        assert media.playing == TONE.tobytes()
        example = ShownExample(4, "4.wav", "", TONE, truth="bird")
        panel.show_example(ExampleTaken("r", example, "test"))
        assert not media.sinks[0].is_on  # it was another sound
        assert not panel.play.isEnabled()
        assert panel.wave.columns()["seconds"].size == 0
        assert panel.place.text == "4.wav: bird"
        panel.show_answer(InputTried("r", 2, (ModelAnswer(best="yes"),), seen=TONE[:40]))
        press(qtbot, panel.play)
        panel.hide()
        assert not media.sinks[1].is_on

    def test_why_it_cannot_is_said_in_its_place(self, show, qtbot, media) -> None:
        media.loudspeaker = Device(is_there=False)
        panel = show(DropPanel(SOUND))
        panel.show_answer(InputTried("r", 1, (ModelAnswer(best="yes"),), seen=TONE))
        press(qtbot, panel.play)
        assert "no loudspeaker was found" in panel.place.text
        panel.clear()
        assert not panel.play.isEnabled()
        assert panel.place.text == panel.empty_text
