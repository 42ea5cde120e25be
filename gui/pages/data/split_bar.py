"""SplitBar: how the examples are divided, as a bar and in words."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from gui.formatting.numbers import count_text
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role


class SplitBar(QWidget):
    """Training, validation and test part."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = _Bar()
        self._words = Label()
        self._words.setTextFormat(Qt.TextFormat.RichText)
        self._words.setWordWrap(True)  # between the parts, in a narrow window
        set_role(self._words, "small")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING // 2)
        column.addWidget(self._bar)
        column.addWidget(self._words)
        current_theme().changed.connect(self._refresh)

    def set_sizes(self, sizes: tuple[int, int, int]) -> None:
        """Shows the number of examples in the training, validation and test part."""
        self._bar.sizes = sizes
        self._refresh()

    @property
    def parts(self) -> tuple[str, str, str]:
        """The sizes in words, one text for each part."""
        n_train, n_validation, n_test = (count_text(size) for size in self._bar.sizes)
        return (
            self.tr("{count} training").format(count=n_train),
            self.tr("{count} validation").format(count=n_validation),
            self.tr("{count} test").format(count=n_test),
        )

    @property
    def text(self) -> str:
        """The sizes in words."""
        return " · ".join(self.parts)

    @Slot()
    def _refresh(self) -> None:
        parts = [text.replace(" ", "&nbsp;") for text in self.parts]
        words = [
            f'<span style="color:{color}">■</span>&nbsp;{text}'
            for text, color in zip(parts, _colors(), strict=True)
        ]
        self._words.setText("&nbsp;&nbsp;&nbsp; ".join(words))
        self._bar.setAccessibleName(self.text)
        self._bar.update()


class _Bar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.sizes = (0, 0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(20 * SPACING, SPACING)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        total = sum(self.sizes)
        left = 0.0
        for size, color in zip(self.sizes, _colors(), strict=True):
            if not size:
                continue
            width = self.width() * size / total
            painter.setBrush(QColor(color))
            painter.drawRoundedRect(QRectF(left, 0, max(width - 2, 2), self.height()), 2, 2)
            left += width


def _colors() -> tuple[str, str, str]:
    palette = current_theme().palette
    # Training and validation as in the curves.
    return palette.series[0], palette.series[1], palette.muted
