"""ExampleView: one example as it is in the data: a picture, a sound, a clip, a text, a row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.events.results import ShownExample
from engine.spec.formatting import duration_text
from engine.spec.signature import Kind
from gui.formatting.numbers import data_text
from gui.plots.sound_plots import WavePlot
from gui.plots.stretch_plot import StretchPlot
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.image_grid import image_of_pixels
from gui.widgets.picture_label import PictureLabel
from gui.widgets.picture_menu import ShownPicture
from gui.widgets.shortcut_button import ICON_SIZE
from gui.widgets.sound_player import SoundPlayer
from gui.widgets.tables import Table
from gui.widgets.text_table import TextModel

USUAL_HZ: Final = 8.0
FASTEST_HZ: Final = 30.0


class ExampleView(QStackedWidget):
    """Shows an example by its kind; the widget for a kind is made when it is first needed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._views: dict[str, QWidget] = {}
        self._words = Label(self)
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        set_role(self._words, "muted")
        self.addWidget(self._words)

    def show_words(self, text: str) -> None:
        """Says something in place of an example."""
        self._words.setText(text)
        self.setCurrentWidget(self._words)

    def show_example(
        self,
        example: ShownExample,
        kind: str,
        rate: float = 0.0,
        columns: tuple[str, ...] = (),
        after: npt.NDArray[Any] | None = None,
        said: npt.NDArray[Any] | None = None,
    ) -> None:
        """Shows an example.

        Args:
            example: As it is in the data.
            kind: A value of `engine.spec.signature.Kind`.
            rate: Samples or frames per second.
            columns: Names of the columns or channels.
            after, said: Of a forecast, (horizon,): what came, and what was said would come.
        """
        content: Any = example.content
        match kind:
            case Kind.IMAGE:
                self._view(kind, PictureLabel).show_picture(_shown_picture(example, content))
            case Kind.AUDIO:
                self._view(kind, SoundPart).set_sound(content, round(rate))
            case Kind.VIDEO:
                self._view(kind, ClipPart).set_clip(example, rate)
            case Kind.SERIES:
                series = np.asarray(content, np.float64).reshape(len(content), -1)
                self._view(kind, StretchPlot).set_stretch(series, columns, after, said)
            case Kind.TABLE:
                cells = example.cells or _cells(columns, content)
                self._view(kind, CellTable).set_cells(cells)
            case _:
                self._view(Kind.TEXT, _text_view).setPlainText(str(content))
        if kind in self._views:
            self.setCurrentWidget(self._views[kind])

    def _view(self, kind: str, make: Callable[[], QWidget]) -> Any:
        if kind not in self._views:
            self._views[kind] = make()
            self.addWidget(self._views[kind])
        return self._views[kind]


class CellTable(QWidget):
    """The cells of a row, each beside its column's name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = TextModel(self)
        self.table = Table(self)
        self.table.setModel(self.model)
        self.table.verticalHeader().hide()
        self.table.setAccessibleName(self.tr("The row's values"))
        header = self.table.horizontalHeader()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    def set_cells(self, cells: tuple[tuple[str, str], ...]) -> None:
        """Shows a row, each column with what stands there."""
        self.model.set_rows((self.tr("Column"), self.tr("Value")), cells)
        wanted = self.table.sizeHintForColumn(0) + SPACING
        self.table.setColumnWidth(0, max(10 * SPACING, min(wanted, 20 * SPACING)))


class SoundPart(QWidget):
    """A recording as a wave, with a button to hear it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wave: npt.NDArray[Any] = np.zeros(0, np.int16)
        self._rate = 1
        self.plot = WavePlot(self)
        self.play = QPushButton(self.tr("Play"), self)
        self.play.setIcon(icon("start"))
        self.play.setIconSize(ICON_SIZE)
        self.caption = Label(self)
        self.caption.setWordWrap(True)
        set_role(self.caption, "muted")
        self.player = SoundPlayer(self)
        bar = QHBoxLayout()
        bar.addWidget(self.play)
        bar.addWidget(self.caption, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot, 1)
        column.addLayout(bar)
        self.play.clicked.connect(self._on_play)
        self.player.position_changed.connect(self._on_position)
        self.player.stopped.connect(self._on_stopped)
        self.player.failed.connect(self._on_failed)

    def set_sound(self, wave: npt.NDArray[Any], rate: int) -> None:
        """Shows a recording, int16, (samples,), at so many a second."""
        self.player.stop()
        heard = np.trim_zeros(wave, "b")
        self._wave, self._rate = heard if len(heard) else wave[:1], max(1, rate)
        self.play.setEnabled(True)  # this one may be heard where the one before could not
        self.plot.set_wave(self._wave, self._rate)
        self.caption.setText(duration_text(len(self._wave) / self._rate))

    @Slot()
    def _on_play(self) -> None:
        if self.player.is_playing:
            self.player.stop()
            return
        self.player.play(self._wave, self._rate)
        if self.player.is_playing:
            self.play.setText(self.tr("Stop"))
            self.play.setIcon(icon("stop"))

    @Slot(float)
    def _on_position(self, seconds: float) -> None:
        self.plot.set_time(seconds)

    @Slot()
    def _on_stopped(self) -> None:
        self.play.setText(self.tr("Play"))
        self.play.setIcon(icon("start"))
        self.plot.set_time(None)

    @Slot(str)
    def _on_failed(self, reason: str) -> None:
        self.play.setEnabled(False)
        self.caption.setText(reason)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.player.stop()


class ClipPart(PictureLabel):
    """A clip that moves while it is seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._example: ShownExample | None = None
        self._frame = 0
        self.timer = QTimer(self)
        self.timer.timeout.connect(self.step)

    def set_clip(self, example: ShownExample, rate: float) -> None:
        """Shows a clip, (frames, height, width, channels), at so many frames a second."""
        self._example, self._frame = example, 0
        self.timer.setInterval(round(1000 / min(FASTEST_HZ, max(1.0, rate or USUAL_HZ))))
        self.show_picture(_shown_picture(example, np.asarray(example.content)[0]))

    @Slot()
    def step(self) -> None:
        """Shows the next frame."""
        if self._example is not None:
            frames = np.asarray(self._example.content)
            self._frame = (self._frame + 1) % len(frames)
            self.show_picture(_shown_picture(self._example, frames[self._frame]))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.timer.stop()


def _text_view() -> QWidget:
    view = QPlainTextEdit()
    view.setReadOnly(True)
    view.setTabChangesFocus(True)
    view.setAccessibleName(view.tr("The text"))
    return view


def _shown_picture(example: ShownExample, pixels: npt.NDArray[Any]) -> ShownPicture:
    path = Path(example.path) if example.path else None
    return ShownPicture(image_of_pixels(pixels), example.name, path)


def _cells(columns: tuple[str, ...], content: npt.NDArray[Any]) -> tuple[tuple[str, str], ...]:
    """Numbers of a row by the names of their columns, where its source has no words for them."""
    values = np.asarray(content, np.float64).reshape(-1).tolist()
    names = columns if len(columns) == len(values) else [str(i + 1) for i in range(len(values))]
    return tuple((name, data_text(value)) for name, value in zip(names, values, strict=True))
