"""BatchView: one batch exactly as the network receives it, drawn as fits its kind."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.events.messages import BatchPreviewed, Rejected
from engine.spec.signature import Kind
from gui.formatting.numbers import count_text, counted, value_text
from gui.formatting.profile_words import input_text, value_range
from gui.pages.data.clip_view import ClipView
from gui.plots.colors import scale_colors
from gui.plots.sound_plots import visible_range
from gui.state.batch_controller import BatchController
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.curve_grid import CurveGrid
from gui.widgets.image_grid import EDGE, ImageGrid
from gui.widgets.state_panel import StatePanel
from gui.widgets.text_table import TextTable

MOST_COLUMNS: Final = 200
SOUND_EDGE: Final = 26 * SPACING
_PADDING: Final = 0
_SEPARATOR: Final = " \N{MIDDLE DOT} "


class BatchView(QWidget):
    """Asks for a batch when it is looked at, and draws it.

    Args:
        batches: Answers with batches.
    """

    def __init__(self, batches: BatchController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._batches = batches
        self._batch: BatchPreviewed | None = None
        self._views: dict[Kind, QWidget] = {}
        self.caption = Label(self)
        self.before = QPushButton(self.tr("Before"), self)
        self.after = QPushButton(self.tr("After augmentation"), self)
        self._switch = QButtonGroup(self)
        self._stack = QStackedWidget(self)
        self.state_panel = StatePanel(self._stack)
        self._stack.addWidget(self.state_panel)
        self._build()
        batches.batch_changed.connect(self._on_batch)
        batches.batch_rejected.connect(self._on_rejected)
        self.state_panel.action_requested.connect(self._ask)
        self._show_loading()

    def _build(self) -> None:
        set_role(self.caption, "muted")
        self.caption.setWordWrap(True)
        self.caption.setTextFormat(Qt.TextFormat.PlainText)
        bar = QHBoxLayout()
        bar.setSpacing(SPACING)
        bar.addWidget(self.caption, 1)
        for button in (self.before, self.after):
            button.setCheckable(True)
            self._switch.addButton(button)
            bar.addWidget(button)
        self.after.setChecked(True)
        self.after.toggled.connect(self._draw)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(bar)
        column.addWidget(self._stack, 1)

    @property
    def view(self) -> QWidget | None:
        """What draws the batch; None: there is none to draw."""
        current = self._stack.currentWidget()
        return None if current is self.state_panel else current

    # ---- asking

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._batches.batch is not None:
            self._on_batch(self._batches.batch)
        elif self._batches.problem is not None:
            self._on_rejected(self._batches.problem)
        else:
            self._ask()

    @Slot()
    def _ask(self) -> None:
        self._show_loading()
        self._batches.ask()

    @Slot(object)
    def _on_batch(self, batch: BatchPreviewed | None) -> None:
        self._batch = batch
        if not self.isVisible():
            return
        if batch is None:
            self._ask()
        else:
            self._draw()

    @Slot(object)
    def _on_rejected(self, problem: Rejected) -> None:
        self._batch = None
        self._show_state()
        self.state_panel.show_state(
            "warning",
            self.tr("No batch can be shown"),
            f"{problem.message}\n{problem.hint}".strip(),
            self.tr("Try again"),
            is_error=True,
        )

    def _show_loading(self) -> None:
        self._show_state()
        self.state_panel.show_state(
            "data",
            self.tr("Preparing a batch…"),
            self.tr("As the network will receive it, after scaling and augmentation."),
            is_busy=True,
        )

    def _show_state(self) -> None:
        self.caption.clear()
        for button in (self.before, self.after):
            button.hide()
        self._stack.setCurrentWidget(self.state_panel)

    # ---- drawing

    @Slot()
    def _draw(self) -> None:
        batch = self._batch
        if batch is None:
            return
        is_augmented = batch.before is not batch.x and not np.array_equal(
            batch.before, batch.x, equal_nan=batch.x.dtype.kind == "f"
        )
        for button in (self.before, self.after):
            button.setVisible(is_augmented)
        x = batch.before if is_augmented and self.before.isChecked() else batch.x
        self.caption.setText(self._caption(batch, x))
        kind = batch.signature.kind
        if kind not in self._views:
            self._views[kind] = self._make_view(kind)
            self._stack.addWidget(self._views[kind])
        self._fill(self._views[kind], batch, x)
        self._stack.setCurrentWidget(self._views[kind])

    def _caption(self, batch: BatchPreviewed, x: npt.NDArray[Any]) -> str:
        n = counted(len(x), self.tr("{n} example"), self.tr("{n} examples"))
        shape = input_text(batch.signature)
        numbers = self.tr("token numbers") if batch.tokens else value_range(x)
        parts = [n, shape, numbers]
        if len(batch.weights) and not np.all(batch.weights == batch.weights[0]):
            low, high = float(batch.weights.min()), float(batch.weights.max())
            parts.append(
                self.tr("weights {low} to {high}").format(
                    low=value_text(low, 3), high=value_text(high, 3)
                )
            )
        return " · ".join(part for part in parts if part)

    def _make_view(self, kind: Kind) -> QWidget:
        match kind:
            case Kind.IMAGE | Kind.AUDIO:
                return ImageGrid()
            case Kind.VIDEO:
                return ClipView()
            case Kind.SERIES:
                return CurveGrid()
            case _:
                return TextTable(self.tr("The batch"))

    def _fill(self, view: QWidget, batch: BatchPreviewed, x: npt.NDArray[Any]) -> None:
        if isinstance(view, ClipView):
            view.set_clips(as_pixels(x, batch.before), batch.targets, 0.0, batch.names)
        elif isinstance(view, CurveGrid):
            view.set_curves(x, batch.targets)
        elif isinstance(view, TextTable):
            self._fill_table(view, batch, x)
        elif isinstance(view, ImageGrid):
            is_sound = batch.signature.kind is Kind.AUDIO
            pixels = as_spectrograms(x) if is_sound else as_pixels(x, batch.before)
            edge = SOUND_EDGE if is_sound else EDGE
            view.set_images(pixels, batch.targets, edge, batch.names)

    def _fill_table(self, view: TextTable, batch: BatchPreviewed, x: npt.NDArray[Any]) -> None:
        target = self.tr("Target")
        if batch.tokens:
            rows = [
                (goal, words_of(ids, batch.tokens))
                for goal, ids in zip(batch.targets, x, strict=True)
            ]
            view.set_rows((target, self.tr("Tokens")), rows)
            return
        names = batch.feature_names or tuple(f"{place + 1}" for place in range(x.shape[1]))
        flat = x.reshape(len(x), -1)[:, :MOST_COLUMNS].astype(np.float64).tolist()
        table = [
            (goal, *(value_text(value) for value in row))
            for goal, row in zip(batch.targets, flat, strict=True)
        ]
        view.set_rows((target, *names[:MOST_COLUMNS]), table, n_texts=1)


def as_pixels(x: npt.NDArray[Any], reference: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Returns scaled images as pixels from 0 to 255; the reference's extremes are black and white.

    Images and clips, (n, …, height, width, channels), keep their brightness relative to each other.
    """
    low, high = float(reference.min(initial=0.0)), float(reference.max(initial=0.0))
    if low >= 0.0 and high <= 1.0:
        low, high = 0.0, 1.0
    elif low >= 0.0 and high <= 255.0:
        low, high = 0.0, 255.0
    size = (high - low) or 1.0
    return np.clip((x - low) * (255.0 / size), 0, 255).astype(np.uint8)


def as_spectrograms(x: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Returns spectrograms, (n, frames, bands, 1), as colours: time to the right, pitch upwards."""
    values = x[..., 0] if x.ndim == 4 else x
    upright = np.flip(np.swapaxes(values, 1, 2), axis=1)
    return scale_colors(np.asarray(upright, np.float64), *visible_range(values))


def words_of(ids: npt.NDArray[Any], tokens: tuple[str, ...]) -> str:
    """Returns token numbers as words, with how much padding there is."""
    known = [
        tokens[number] for number in ids.tolist() if number != _PADDING and number < len(tokens)
    ]
    n_padding = int(np.count_nonzero(ids == _PADDING))
    words = _SEPARATOR.join("␣" if not token.strip() else token for token in known)
    return f"{words}  (+ {count_text(n_padding)})" if n_padding else words
