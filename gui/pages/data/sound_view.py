"""SoundView: recordings in a list; the chosen one as a wave, as a spectrogram, and to hear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from engine.errors import DescentError
from engine.spec.formatting import duration_text
from gui.formatting.plain_text import plain_tip
from gui.plots.sound_plots import SpectrogramPlot, WavePlot
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.shortcut_button import ICON_SIZE
from gui.widgets.sound_player import SoundPlayer
from gui.widgets.tables import Table
from gui.widgets.text_table import TextModel

WAVE_HEIGHT: Final = 14 * SPACING


class SoundView(QWidget):
    """A list over the plots of the current recording, with Play and Stop."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._waves: npt.NDArray[Any] = np.zeros((0, 0), np.int16)
        self._rate = 1
        self.model = TextModel(self)
        self.table = Table(self)
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("Example recordings"))
        self.wave = WavePlot(self)
        self.spectrogram = SpectrogramPlot(self)
        self.play = QPushButton(self.tr("Play"), self)
        self.play.setIcon(icon("start"))
        self.play.setIconSize(ICON_SIZE)
        self.caption = Label(self)
        self.caption.setWordWrap(True)
        self.caption.setTextFormat(Qt.TextFormat.PlainText)
        self.player = SoundPlayer(self)
        self._build()
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        self.table.activated.connect(self._on_play)
        self.play.clicked.connect(self._on_play)
        self.player.position_changed.connect(self._on_position)
        self.player.stopped.connect(self._on_stopped)
        self.player.failed.connect(self._on_failed)

    def _build(self) -> None:
        set_role(self.caption, "muted")
        self.wave.setMinimumHeight(WAVE_HEIGHT - 4 * SPACING)
        self.wave.setMaximumHeight(WAVE_HEIGHT)
        bar = QHBoxLayout()
        bar.setSpacing(2 * SPACING)
        bar.addWidget(self.play)
        bar.addWidget(self.caption, 1)
        part = QWidget(self)
        column = QVBoxLayout(part)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(bar)
        column.addWidget(self.wave)
        column.addWidget(self.spectrogram, 1)
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.addWidget(self.table)
        splitter.addWidget(part)
        splitter.setChildrenCollapsible(False)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([26 * SPACING, 40 * SPACING])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, SPACING, 0, 0)
        outer.addWidget(splitter)

    def set_sounds(
        self,
        waves: npt.NDArray[Any],
        rate: int,
        labels: Sequence[str],
        heading: str,
        names: Sequence[str],
    ) -> None:
        """Shows recordings, and the first one at once.

        Args:
            waves: int16, (n, samples).
            rate: Samples a second.
            labels: What is predicted of each.
            heading: What the labels are called.
            names: What each recording is called; empty texts where they are only numbered.
        """
        self.player.stop()
        self._waves, self._rate = waves, max(1, rate)
        self.play.setEnabled(True)  # these may be heard where those before could not
        self.play.setToolTip("")
        rows = [
            (label, duration_text(heard_samples(wave) / self._rate), name)
            for label, wave, name in zip(labels, waves, names, strict=True)
        ]
        headings = (heading, self.tr("Sound"), self.tr("File"))
        keep = 3 if any(names) else 2
        self.model.set_rows(headings[:keep], [row[:keep] for row in rows])
        header = self.table.horizontalHeader()
        header.setStretchLastSection(True)
        for column in range(keep - 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            wanted = max(self.table.sizeHintForColumn(column), header.sectionSizeHint(column))
            self.table.setColumnWidth(column, min(wanted + SPACING, 28 * SPACING))
        self.caption.setText("")
        if len(waves):
            self.table.setCurrentIndex(self.model.index(0, 0))

    @Slot(QModelIndex, QModelIndex)
    def _on_row(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not current.isValid():
            return
        was_playing = self.player.is_playing
        self.player.stop()
        wave = self._waves[current.row()]
        self.wave.set_wave(wave, self._rate)
        self.spectrogram.set_spectrogram(_log_mel(wave, self._rate), len(wave) / self._rate)
        self.caption.setText(self.model.text_at(current.row(), 0))
        if was_playing:
            self._on_play()

    @Slot()
    def _on_play(self) -> None:
        row = self.table.currentIndex().row()
        if self.player.is_playing:
            self.player.stop()
        elif 0 <= row < len(self._waves):
            self.player.play(self._waves[row], self._rate)
            if self.player.is_playing:
                self.play.setText(self.tr("Stop"))
                self.play.setIcon(icon("stop"))

    @Slot(float)
    def _on_position(self, seconds: float) -> None:
        self.wave.set_time(seconds)

    @Slot()
    def _on_stopped(self) -> None:
        self.play.setText(self.tr("Play"))
        self.play.setIcon(icon("start"))
        self.wave.set_time(None)

    @Slot(str)
    def _on_failed(self, reason: str) -> None:
        self.play.setEnabled(False)
        self.play.setToolTip(plain_tip(reason))
        self.caption.setText(reason)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.player.stop()


def heard_samples(wave: npt.NDArray[Any]) -> int:
    """Samples up to the last that is not silence: recordings are padded to one length."""
    sounding = np.flatnonzero(wave)
    return int(sounding[-1]) + 1 if len(sounding) else 0


def _log_mel(wave: npt.NDArray[Any], rate: int) -> npt.NDArray[Any]:
    from engine.preprocessing.audio import log_mel

    try:
        return log_mel(wave, rate)
    except DescentError:  # too short for a single window: there is nothing to see
        return np.zeros((0, 0), np.float32)
