"""ModelPicture: the layers of a model as a graph, with what each of them is below it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.errors import WorkspaceError
from engine.events.messages import LayerInfo, ModelDescribed
from engine.spec.formatting import bytes_text
from gui.formatting.numbers import counted, short_count
from gui.network.layer_panel import LayerPanel
from gui.network.picture_view import PictureView
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role

FOLDER_SETTING: Final = "picture/folder"


class ModelPicture(QWidget):
    """A graph of layers that can be looked at closely, and saved as SVG or PNG.

    Signals:
        layer_selected(str): Someone chose the layer of that name; empty: none is chosen any more.

    Args:
        messages: Says that the picture was saved, or why not.
        settings: Remembers the folder.
        has_panel: Show below it what the chosen layer is; off where another widget does.
    """

    layer_selected = Signal(str)

    def __init__(
        self,
        messages: Messages,
        settings: Settings,
        parent: QWidget | None = None,
        has_panel: bool = True,
    ) -> None:
        super().__init__(parent)
        self._messages = messages
        self._settings = settings
        self._layers: dict[str, LayerInfo] = {}
        self._marked: tuple[str, str] = ("", "")
        self._title = "model"
        self.view = PictureView(self)
        self.panel = LayerPanel(messages, self)
        self.panel.hide()
        self._has_panel = has_panel
        self.reason = Label(self)
        self.totals = Label(self)
        self.hint = Label(self)
        self.zoom_out_button = self._button("magnifying-glass-minus", self.tr("Smaller (−)"))
        self.zoom_in_button = self._button("magnifying-glass-plus", self.tr("Larger (+)"))
        self.fit_button = self._button("arrows-out", self.tr("Show everything (0)"))
        self.save_button = self._button("export", self.tr("Save as SVG or PNG…"))
        self._build()
        self._connect()

    def _button(self, picture: str, text: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(picture))
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.setAutoRaise(True)
        return button

    def _build(self) -> None:
        self.fit_button.setText(self.tr("Fit"))
        self.save_button.setText(self.tr("Save…"))
        for button in (self.fit_button, self.save_button):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for label in (self.reason, self.totals):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        set_role(self.reason, "danger")
        set_role(self.totals, "muted")
        set_role(self.hint, "muted")
        self.reason.hide()
        bar = QHBoxLayout()
        bar.setSpacing(SPACING // 2)
        for button in (self.zoom_out_button, self.zoom_in_button, self.fit_button):
            bar.addWidget(button)
        # The words come and go; they must not push the rest of the window about.
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        bar.addWidget(self.hint, 1)
        bar.addWidget(self.save_button)
        frame = _FocusFrame(self.view, self)
        self._splitter = QSplitter(Qt.Orientation.Vertical, self)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(frame)
        self._splitter.addWidget(self.panel)
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setSizes([30 * SPACING, 20 * SPACING])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING // 2)
        column.addLayout(bar)
        column.addWidget(self.reason)
        column.addWidget(self._splitter, 1)
        column.addWidget(self.totals)
        self.setFocusProxy(self.view)

    def _connect(self) -> None:
        self.zoom_out_button.clicked.connect(self.view.zoom_out)
        self.zoom_in_button.clicked.connect(self.view.zoom_in)
        self.fit_button.clicked.connect(self.view.fit)
        self.save_button.clicked.connect(self.ask_where_to_save)
        self.view.layer_picked.connect(self._on_picked)

    # ---- what is shown

    def show_architecture(self, name: str) -> None:
        """Names the file to save after the architecture."""
        self._title = name or "model"

    def show_model(self, model: ModelDescribed | None) -> None:
        """Shows a model; the one before stays while the next is built."""
        if model is None:
            return
        self.set_layers(model.layers)
        parts = [
            counted(len(model.layers), self.tr("{n} layer"), self.tr("{n} layers")),
        ]
        if model.n_macs:
            parts.append(
                self.tr("{n} multiply-adds for one example").format(n=short_count(model.n_macs))
            )
        if model.memory_bytes:
            parts.append(
                self.tr("training takes about {size}").format(size=bytes_text(model.memory_bytes))
            )
        self.totals.setText(" · ".join(parts))

    def set_layers(self, layers: Sequence[LayerInfo]) -> None:
        """Shows layers, each after those it takes from; clears the mark if its layer is gone."""
        self._layers = {layer.name: layer for layer in layers}
        self.view.set_layers(layers)
        self.mark(*self._marked)
        self.save_button.setEnabled(bool(layers))

    @property
    def selected(self) -> str:
        """Name of the chosen layer; empty: none."""
        return self.view.selected

    def select(self, name: str) -> None:
        """Chooses a layer without a signal; a name that is not there chooses none."""
        self.view.select(name)
        self._show_panel()

    def mark(self, name: str, reason: str) -> None:
        """Shows the layer that something is wrong with, and why; an empty name clears it."""
        if name not in self._layers:
            name = reason = ""
        self._marked = (name, reason)
        for box in self.view.boxes.values():
            box.mark(reason if box.layer.name == name else "")
        text = self.tr("{name}: {reason}").format(name=name, reason=reason)
        self.reason.setText(text if name else "")
        self.reason.setVisible(bool(name))
        self._show_panel()

    @Slot(str)
    def _on_picked(self, name: str) -> None:
        self._show_panel()
        self.layer_selected.emit(name)

    def show_panel(self, is_shown: bool) -> None:
        """Shows below the picture what the chosen layer is, or leaves that to another widget."""
        self._has_panel = is_shown
        self.panel.setVisible(is_shown)
        self._show_panel()

    def _show_panel(self) -> None:
        self.hint.setText("" if self.view.selected else self.tr("Click a layer"))
        if not self._has_panel:
            return
        first = next(iter(self._layers.values()), None)
        layer = self._layers.get(self.view.selected)
        marked, reason = self._marked
        is_marked = layer is not None and layer.name == marked
        shape = first.output_shape if first is not None else ()
        self.panel.show_layer(layer, shape, reason if is_marked else "")
        self.panel.setVisible(layer is not None)

    # ---- saving

    @Slot()
    def ask_where_to_save(self) -> None:
        """Lets the person pick a file, without holding up the window."""
        folder = self._settings.get(FOLDER_SETTING, str(Path.home()))
        suggestion = str(Path(folder) / f"{self._title}.svg")
        dialog = QFileDialog(self, self.tr("Save the picture"), suggestion)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([self.tr("SVG (*.svg)"), self.tr("PNG (*.png)")])
        dialog.setDefaultSuffix("svg")
        dialog.selectFile(suggestion)
        dialog.filterSelected.connect(self._on_filter)
        dialog.fileSelected.connect(self.save)
        dialog.open()

    @Slot(str)
    def _on_filter(self, chosen: str) -> None:
        dialog = self.sender()
        if isinstance(dialog, QFileDialog):
            dialog.setDefaultSuffix("png" if "png" in chosen else "svg")

    @Slot(str)
    def save(self, path: str) -> None:
        """Writes the picture to a file, as PNG if its name ends so, else as SVG."""
        from gui.network.export import save_picture

        try:
            save_picture(self.view.scene(), Path(path), self._title)
        except WorkspaceError as error:
            self._messages.show_error(error.message, error.hint)
            return
        self._settings.set(FOLDER_SETTING, str(Path(path).parent))
        self._messages.show_info(self.tr("Saved as {name}.").format(name=Path(path).name))


class _FocusFrame(QWidget):
    """A thin edge around the picture, in the accent colour while it has the keyboard."""

    def __init__(self, view: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = view
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.addWidget(view)
        view.installEventFilter(self)
        current_theme().changed.connect(self.update)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        palette = current_theme().palette
        has_focus = self._view.hasFocus()
        color = palette.accent if has_focus else palette.border
        painter = QPainter(self)
        painter.setPen(QPen(QColor(color), 2 if has_focus else 1))
        inset = 1.0 if has_focus else 0.5
        painter.drawRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset))
        painter.end()
