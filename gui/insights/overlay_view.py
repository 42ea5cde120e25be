"""OverlayView: a picture, a spectrogram or a clip under the marks of an explanation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from engine.events.explaining import Explanation
from engine.spec.signature import Kind
from gui.formatting.explanation_words import contribution_text
from gui.plots.colors import scale_colors, signed_colors
from gui.plots.large_map import LargeMap, Scale
from gui.plots.sound_plots import visible_range
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role
from gui.style.wheel import wheel_needs_focus

_STEPS = 100
_BEGIN = 70
_QUIETEST = 0.995
"""The quantile of strengths that has the strongest colour: one pixel must not pale the rest."""


class OverlayView(QWidget):
    """The example, its marks over it, and a slider for how much of each is seen.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: Explanation | None = None
        self.map = LargeMap()
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, _STEPS)
        self.opacity.setValue(_BEGIN)
        self.opacity.setAccessibleName(self.tr("Strength of the marks"))
        self.opacity.setToolTip(self.tr("How much of the marks, and of what is below"))
        self.opacity.setMaximumWidth(20 * SPACING)
        self.frame = QSlider(Qt.Orientation.Horizontal)
        self.frame.setAccessibleName(self.tr("Frame"))
        self.frame_text = Label()
        self.frame_text.setMinimumWidth(14 * SPACING)
        set_role(self.frame_text, "small")
        for slider in (self.opacity, self.frame):
            wheel_needs_focus(slider)
            slider.valueChanged.connect(self._draw)
        marks = Label(self.tr("Marks"))
        set_role(marks, "small")
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        row.addWidget(marks)
        row.addWidget(self.opacity, 1)
        row.addWidget(self.frame_text)
        row.addWidget(self.frame, 1)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.map, 1)
        column.addLayout(row)
        current_theme().changed.connect(self._draw)

    def show_explanation(self, found: Explanation) -> None:
        """Shows the marks over the example; a clip at its strongest frame."""
        self._found = found
        is_clip = found.values.ndim == 3
        self.frame.setVisible(is_clip)
        self.frame_text.setVisible(is_clip)
        if is_clip:
            strengths = np.abs(found.values).reshape(len(found.values), -1).sum(axis=1)
            self.frame.blockSignals(True)
            self.frame.setRange(0, len(strengths) - 1)
            self.frame.setValue(int(strengths.argmax()))
            self.frame.blockSignals(False)
        self._draw()

    @Slot()
    def _draw(self) -> None:
        found = self._found
        if found is None:
            return
        is_sound = found.kind == Kind.AUDIO.value
        values, ground = self._layers(found)
        most = float(np.quantile(np.abs(found.values), _QUIETEST)) or found.strength
        share = self.opacity.value() / _STEPS
        pixels = overlaid(ground, values, most, share)
        ends = np.linspace(-most, most, 64)
        scale = Scale(-most, most, signed_colors(ends, most, current_theme().palette))
        self.map.show_map(pixels, scale, is_stretched=is_sound)
        if found.values.ndim == 3:
            place = self.frame.value()
            text = self.tr("Frame {n} of {all}, {sum}").format(
                n=place + 1,
                all=len(found.values),
                sum=contribution_text(float(values.sum()), found.unit if found.is_sum else ""),
            )
            self.frame_text.setText(text)

    def _layers(self, found: Explanation) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]:
        """The marks, (height, width), and the picture below them, (height, width, 3)."""
        content = np.asarray(found.content)
        if found.kind == Kind.AUDIO.value:  # time to the right, high bands on top
            ground = scale_colors(content.T[::-1], *visible_range(content))
            return found.values.T[::-1], ground
        values = found.values
        if values.ndim == 3:
            place = self.frame.value()
            values, content = values[place], content[place]
        grey = content.astype(np.float64)
        if content.dtype != np.uint8 and content.size:
            low, high = float(content.min()), float(content.max())
            if low < 0 or high > 255:
                grey = (grey - low) / ((high - low) or 1.0) * 255
        if grey.shape[-1] < 3:
            grey = np.repeat(grey[..., :1], 3, axis=-1)
        return values, np.clip(grey[..., :3], 0, 255).astype(np.uint8)


def overlaid(
    ground: npt.NDArray[np.uint8], values: npt.NDArray[np.float64], most: float, share: float
) -> npt.NDArray[np.uint8]:
    """A picture, faint and grey, below marks that cover it the more the stronger they are.

    Args:
        ground: Red, green and blue, (height, width, 3).
        values: The marks, (height, width).
        most: The strongest of them.
        share: How much of the marks is seen, from 0 to 1.

    Returns:
        (height, width, 3).
    """
    tones = current_theme().palette
    strength = np.clip(np.abs(values) / (most or 1.0), 0, 1)[..., np.newaxis]
    full = signed_colors(np.sign(values), 1.0, tones).astype(np.float64)
    grey = ground.astype(np.float64).mean(axis=-1, keepdims=True)
    # With the marks the picture loses its colours, so that these are the marks' alone.
    below = ground + share * (grey - ground)
    cover = share * strength**0.7
    mixed: npt.NDArray[np.uint8] = (below + cover * (full - below)).round().astype(np.uint8)
    return mixed
