"""MapBrowser: many small pictures side by side, of which a click enlarges one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from gui.plots.large_map import LargeMap, Scale
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.image_grid import ImageGrid, picture_of


@dataclass(frozen=True)
class Map:
    """One picture.

    Attributes:
        pixels: Red, green and blue, (height, width, 3).
        label: Read below it; short.
        title: Read above it when it is large.
        scale: What its colours mean; None: it is a picture of something.
    """

    pixels: npt.NDArray[np.uint8]
    label: str
    title: str
    scale: Scale | None = None


class MapBrowser(QStackedWidget):
    """A grid of maps, and one of them large; it stays large while new ones come.

    With the keyboard: Enter enlarges, arrows go on, Escape goes back.

    Args:
        edge: Longer side of a small map on screen.
        parent: Owner.
    """

    def __init__(self, edge: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edge = edge
        self._maps: tuple[Map, ...] = ()
        self._current = 0
        self.is_stretched = self.is_smooth = False
        self.grid = ImageGrid()
        self.grid.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.grid.clicked.connect(self.enlarge)
        self.large = LargeMap()
        self.back = QPushButton(self.tr("Back"))
        self.title = Label()
        set_role(self.back, "flat")
        self.back.clicked.connect(self.shrink)
        page = QWidget()
        row = QHBoxLayout()
        row.addWidget(self.back)
        row.addWidget(self.title, 1)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(row)
        column.addWidget(self.large, 1)
        self.addWidget(self.grid)
        self.addWidget(page)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    @property
    def is_large(self) -> bool:
        """One map is shown alone."""
        return self.currentIndex() == 1

    @property
    def maps(self) -> tuple[Map, ...]:
        """What is shown."""
        return self._maps

    def set_maps(self, maps: Sequence[Map]) -> None:
        """Shows maps; one alone is large at once."""
        before, self._maps = self._maps, tuple(maps)
        self._current = min(self._current, max(0, len(maps) - 1))
        self.back.setVisible(len(maps) != 1)
        if len(maps) == 1:
            self.setCurrentIndex(1)
        elif len(before) == 1:
            self.setCurrentIndex(0)
        if self.is_large:
            self._draw_large()
        self._draw_grid(before)

    def _draw_grid(self, before: Sequence[Map]) -> None:
        pictures = [picture_of(one.pixels, self.edge) for one in self._maps]
        same = [one.label for one in before] == [one.label for one in self._maps] and [
            one.pixels.shape for one in before
        ] == [one.pixels.shape for one in self._maps]
        if same:  # where it was scrolled to stays
            for index, picture in enumerate(pictures):
                self.grid.set_picture(index, picture)
        else:
            labels = [one.label for one in self._maps]
            self.grid.set_pictures(pictures, labels, [one.title for one in self._maps])

    def _draw_large(self) -> None:
        if self._maps:
            one = self._maps[self._current]
            self.title.setText(one.title)
            self.large.setAccessibleName(one.title)
            self.large.show_map(one.pixels, one.scale, self.is_stretched, self.is_smooth)

    @Slot(int)
    def enlarge(self, index: int) -> None:
        """Shows one map alone."""
        if 0 <= index < len(self._maps):
            self._current = index
            self.setCurrentIndex(1)
            self._draw_large()

    @Slot()
    def shrink(self) -> None:
        """Shows all maps again."""
        if len(self._maps) != 1:
            self.setCurrentIndex(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, n = event.key(), len(self._maps)
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self.is_large:
            self.enlarge(self._current)
        elif key == Qt.Key.Key_Escape and self.is_large and n > 1:
            self.shrink()
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Down) and self.is_large:
            self.enlarge((self._current + 1) % n)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Up) and self.is_large:
            self.enlarge((self._current - 1) % n)
        else:
            super().keyPressEvent(event)
