"""ClipView: example clips as pictures that move: all at once, or the one under the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy.typing as npt
from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QHideEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.formatting.numbers import value_text
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.image_grid import ImageGrid, picture_of
from gui.widgets.shortcut_button import ICON_SIZE

CLIP_EDGE: Final = 16 * SPACING
SLOWEST_HZ: Final = 2.0
FASTEST_HZ: Final = 30.0
USUAL_HZ: Final = 8.0
"""For clips that do not say how fast they run."""


class ClipView(QWidget):
    """A grid of clips with a button that plays them all; a timer turns the frames."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clips: npt.NDArray[Any] | None = None
        self._pictures: dict[tuple[int, int], QPixmap] = {}
        self._shown: list[int] = []
        self._moving: set[int] = set()
        self._hovered = -1
        self.grid = ImageGrid(self)
        self.play = QPushButton(self.tr("Play all"), self)
        self.play.setCheckable(True)
        self.play.setIcon(icon("start"))
        self.play.setIconSize(ICON_SIZE)
        self.caption = Label(self)
        set_role(self.caption, "muted")
        self.caption.setWordWrap(True)
        self.timer = QTimer(self)
        self.timer.timeout.connect(self.step)
        self.play.toggled.connect(self._on_play)
        self.grid.hovered.connect(self._on_hovered)
        self.grid.clicked.connect(self._on_clicked)
        bar = QHBoxLayout()
        bar.setSpacing(2 * SPACING)
        bar.addWidget(self.play)
        bar.addWidget(self.caption, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(bar)
        column.addWidget(self.grid, 1)

    def set_clips(
        self,
        clips: npt.NDArray[Any],
        labels: Sequence[str],
        frame_rate: float,
        names: Sequence[str] = (),
    ) -> None:
        """Shows clips.

        Args:
            clips: (n, frames, height, width, channels), 0 to 255.
            labels: One for each clip.
            frame_rate: Frames a second; 0: not known.
            names: What each is called; may be empty.
        """
        self._clips = clips
        self._pictures = {}
        self._shown = [0] * len(clips)
        self._moving = set()
        hertz = min(FASTEST_HZ, max(SLOWEST_HZ, frame_rate or USUAL_HZ))
        self.timer.setInterval(round(1000 / hertz))
        n_frames = clips.shape[1] if clips.ndim == 5 else 0
        text = self.tr("{n} frames at {rate} a second · hover or click a clip to play it")
        self.caption.setText(text.format(n=n_frames, rate=value_text(hertz, 3)))
        pictures = [self._picture(index, 0) for index in range(len(clips))]
        self.grid.set_pictures(pictures, labels, names)
        self._run()

    @property
    def frames(self) -> tuple[int, ...]:
        """Which frame of each clip is shown."""
        return tuple(self._shown)

    @Slot()
    def step(self) -> None:
        """Shows the next frame of each clip that plays."""
        if self._clips is None:
            return
        for index in self._playing():
            self._shown[index] = (self._shown[index] + 1) % self._clips.shape[1]
            self.grid.set_picture(index, self._picture(index, self._shown[index]))

    def _playing(self) -> set[int]:
        if self.play.isChecked():
            return set(range(len(self._shown)))
        hovered = {self._hovered} if 0 <= self._hovered < len(self._shown) else set()
        return self._moving | hovered

    def _picture(self, index: int, frame: int) -> QPixmap:
        if (index, frame) not in self._pictures and self._clips is not None:
            self._pictures[index, frame] = picture_of(self._clips[index, frame], CLIP_EDGE)
        return self._pictures[index, frame]

    @Slot(bool)
    def _on_play(self, is_on: bool) -> None:
        self.play.setText(self.tr("Stop") if is_on else self.tr("Play all"))
        self.play.setIcon(icon("stop" if is_on else "start"))
        if not is_on:
            self._moving.clear()
        self._run()

    @Slot(int)
    def _on_hovered(self, index: int) -> None:
        self._hovered = index
        self._run()

    @Slot(int)
    def _on_clicked(self, index: int) -> None:
        self._moving ^= {index}
        self._run()

    def _run(self) -> None:
        """Lets the timer run only while something moves and is seen."""
        if self._playing() and self.isVisible():
            if not self.timer.isActive():
                self.timer.start()
        else:
            self.timer.stop()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._run()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.timer.stop()
