"""DropPanel: a file to drop, paste or open: a picture, a sound, a clip, a table, a series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QEvent, QIODevice, QRectF, Qt, Slot
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QHideEvent,
    QImage,
    QImageWriter,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.events.insights import Forecast
from engine.events.trying import ExampleTaken, Given, InputTried, ModelLookedAt
from engine.spec.signature import Kind
from gui.pages.tryit.input_panel import InputPanel
from gui.plots.forecast_plot import ForecastPlot
from gui.plots.sound_plots import WavePlot
from gui.style.icons import icon
from gui.style.theme import SPACING, current_theme, text_font
from gui.widgets.image_grid import picture_of
from gui.widgets.shortcut_button import ICON_SIZE
from gui.widgets.sound_player import SoundPlayer

_PICTURE_EDGE = 40 * SPACING
_MOST_PASTED = 50_000_000  # pixels


def png_of(image: QImage) -> Given:
    """A picture that has no file, as it is given to a model."""
    content, buffer = QByteArray(), QBuffer()
    buffer.setBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    buffer.close()
    return Given(content=bytes(content.data()), suffix=".png")


class DropPlace(QWidget):
    """A dashed place with what was dropped on it, or with what to do."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = ""
        self.picture: QPixmap | None = None
        self.setMinimumSize(20 * SPACING, 12 * SPACING)

    def show_text(self, text: str) -> None:
        """Shows words in the middle."""
        self.text, self.picture = text, None
        self.setAccessibleName(text)
        self.update()

    def show_picture(self, picture: QPixmap, name: str) -> None:
        """Shows a picture with its name under it."""
        self.text, self.picture = name, picture
        self.setAccessibleName(name)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        colors = current_theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(QPen(QColor(colors.border), 1.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(frame, 6, 6)
        painter.setFont(text_font())
        painter.setPen(QColor(colors.muted))
        room = frame.adjusted(2 * SPACING, SPACING, -2 * SPACING, -SPACING)
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        if self.picture is None:
            painter.drawText(room, flags, self.text)
            return
        line = painter.fontMetrics().height() + SPACING
        above = room.adjusted(0, 0, 0, -line)
        size = self.picture.deviceIndependentSize().toSize()
        if size.width() > above.width() or size.height() > above.height():
            size.scale(above.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(0, 0, size.width(), size.height())
        place.moveCenter(above.center())
        painter.drawPixmap(place.toRect(), self.picture)
        below = QRectF(room.left(), place.bottom() + SPACING // 2, room.width(), line)
        name = painter.fontMetrics().elidedText(
            self.text, Qt.TextElideMode.ElideMiddle, int(below.width())
        )
        painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), name)


class DropPanel(InputPanel):
    """Takes a file by drop, by the clipboard or by a dialog; shows what the model was given."""

    shows_what_is_seen = True

    def __init__(self, look: ModelLookedAt, parent: QWidget | None = None) -> None:
        super().__init__(look, parent)
        self._kind = Kind(look.kind)
        self._name = ""
        self._wave: np.ndarray | None = None
        self.place = DropPlace()
        self.open = QPushButton(icon("file"), self.tr("Open a file…"))
        self.paste = QPushButton(icon("copy"), self.tr("Paste"))
        self.play = QPushButton(icon("start"), self.tr("Play"))
        self.wave: WavePlot | None = None
        self.forecast: ForecastPlot | None = None
        self.player: SoundPlayer | None = None
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        for button in (self.open, self.paste, self.play):
            button.setIconSize(ICON_SIZE)
            button.setAccessibleName(button.text())
            row.addWidget(button)
        row.addStretch(1)
        if self._kind is not Kind.AUDIO:
            self.play.hide()
        self.play.setEnabled(False)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACING)
        self._column.addLayout(row)
        self._column.addWidget(self.place, 1)
        self.open.clicked.connect(self._on_open)
        self.paste.clicked.connect(self.take_clipboard)
        self.play.clicked.connect(self._on_play)
        self.clear()

    @property
    def title(self) -> str:
        return {
            Kind.IMAGE: self.tr("A picture"),
            Kind.AUDIO: self.tr("A sound"),
            Kind.VIDEO: self.tr("A clip"),
            Kind.SERIES: self.tr("A series"),
        }.get(self._kind, self.tr("A file"))

    @property
    def empty_text(self) -> str:
        return {
            Kind.IMAGE: self.tr("Drop a picture here, paste or open one, or take an example."),
            Kind.AUDIO: self.tr("Drop a recording here, open one, or take an example."),
            Kind.VIDEO: self.tr("Drop a clip here, open one, or take an example."),
            Kind.SERIES: self.tr(
                "Drop a table here: what comes after its last row is forecast. Or take an example."
            ),
        }.get(self._kind, self.tr("Drop a file here, open one, or take an example."))

    def clear(self) -> None:
        self._begin("", self.empty_text)
        for plot in (self.wave, self.forecast):
            if plot is not None:
                plot.hide()

    # ---- what is given

    def take_path(self, path: str) -> None:
        """Gives a file."""
        self._begin(Path(path).name)
        self.given.emit(Given(path=path))

    def take_image(self, image: QImage, name: str) -> None:
        """Gives a picture that has no file."""
        if image.isNull() or image.width() * image.height() > _MOST_PASTED:
            self.place.show_text(self.tr("That picture is empty, or too large."))
            return
        self._begin(name)
        self.given.emit(png_of(image))

    def show_example(self, taken: ExampleTaken) -> None:
        example = taken.example
        truth = self.tr("{name}: {truth}").format(name=example.name, truth=example.truth)
        has_truth = bool(example.truth) and self._kind is not Kind.SERIES
        self._begin(truth if has_truth else example.name)
        self.given.emit(Given(row=example.row))

    def _begin(self, name: str, text: str = "") -> None:
        """Something else is given: what was before it is seen and heard no longer."""
        self._name, self._wave = name, None
        self.place.show_text(text or name)
        self.play.setEnabled(False)
        self._silence()
        if self.wave is not None:
            self.wave.set_wave(np.zeros(0, np.int16), 1)
        if self.forecast is not None:
            self.forecast.clear()

    def _silence(self) -> None:
        if self.player is not None:
            self.player.stop()

    @Slot()
    def take_clipboard(self) -> None:
        """Gives what is in the clipboard: a picture, or a file that was copied."""
        data = QGuiApplication.clipboard().mimeData()
        urls = [url for url in data.urls() if url.isLocalFile()]
        if urls:
            self.take_path(urls[0].toLocalFile())
        elif data.hasImage() and self._kind is Kind.IMAGE:
            self.take_image(QGuiApplication.clipboard().image(), self.tr("Pasted picture"))
        else:
            self.place.show_text(self.tr("There is nothing in the clipboard that fits."))

    @Slot()
    def _on_open(self) -> None:
        dialog = QFileDialog(self, self.tr("Open a file to be tried"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        patterns = " ".join(f"*{suffix}" for suffix in self.look.suffixes)
        fitting = self.tr("What fits ({patterns})").format(patterns=patterns)
        dialog.setNameFilters([fitting, self.tr("All files (*)")])
        dialog.fileSelected.connect(self.take_path)
        dialog.open()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._silence()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            self.take_clipboard()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent):
            if any(url.isLocalFile() for url in event.mimeData().urls()):
                event.acceptProposedAction()
                return True
        elif isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
            if paths:
                event.acceptProposedAction()
                self.take_path(paths[0])
                return True
        return super().event(event)

    # ---- what the model was given

    def show_answer(self, answer: InputTried) -> None:
        if answer.forecast is not None:
            self._show_forecast(answer.forecast)
        if answer.seen is None:
            return
        if self._kind is Kind.AUDIO:
            self._show_wave(np.asarray(answer.seen))
            return
        picture = np.asarray(answer.seen)
        if self._kind is Kind.VIDEO:
            picture = picture[len(picture) // 2]
        shape = picture.shape if picture.ndim == 3 else (*picture.shape, 1)
        self.place.show_picture(picture_of(picture.reshape(shape), _PICTURE_EDGE), self._name)

    def _show_forecast(self, forecast: Forecast) -> None:
        if self.forecast is None:  # made when first needed
            self.forecast = ForecastPlot(self)
            self.forecast.setMinimumHeight(22 * SPACING)
            self.forecast.set_empty_text(self.tr("The forecast appears here."))
            self._column.addWidget(self.forecast, 3)
        self.forecast.show()
        self.forecast.show_window(forecast, self.look.target)

    def _show_wave(self, wave: np.ndarray) -> None:
        self._wave = wave
        self.play.setEnabled(True)
        if self.wave is None:  # made when first needed
            self.wave = WavePlot(self)
            self.wave.setMinimumHeight(14 * SPACING)
            self._column.addWidget(self.wave, 1)
        self.wave.show()
        self.wave.set_wave(wave.astype(np.int16), max(1, round(self.look.rate)))

    @Slot()
    def _on_play(self) -> None:
        if self._wave is None:
            return
        if self.player is None:
            self.player = SoundPlayer(self)
            self.player.failed.connect(self.place.show_text)
        self.player.play(self._wave.astype(np.int16), max(1, round(self.look.rate)))
