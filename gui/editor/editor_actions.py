"""EditorActions: everything that can be done to layers, each with its icon, words and shortcut."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from gui.style.icons import icon
from gui.style.theme import SPACING

Context = Qt.ShortcutContext

_LIST_KEYS: Final = Context.WidgetShortcut
"""For keys that mean something else in a field: only where the list has the focus."""


class EditorActions(QObject):
    """The actions of the layer editor.

    Args:
        layers: The list; some keys work only where it has the focus.
        editor: The whole; other keys work anywhere in it.
    """

    def __init__(self, layers: QWidget, editor: QWidget) -> None:
        super().__init__(editor)
        self._layers, self._editor = layers, editor
        tr = self.tr
        self.add = self._make("add", tr("Add a layer…"), "Ctrl+Return", "Insert")
        self.duplicate = self._make("copy", tr("Duplicate the layers"), "Ctrl+D")
        self.delete = self._make("delete", tr("Delete the layers"), "Delete", in_list=True)
        self.up = self._make("arrow-up", tr("Move up"), "Alt+Up", in_list=True)
        self.down = self._make("arrow-down", tr("Move down"), "Alt+Down", in_list=True)
        self.residual = self._make(
            "arrow-bend-right-down", tr("Wrap in a residual block"), "Ctrl+R"
        )
        self.residual.setToolTip(
            tr("What comes into the selected layers is added to what they put out (Ctrl+R)")
        )
        self.branch = self._make("git-fork", tr("Add a parallel branch"), "Ctrl+B")
        self.branch.setToolTip(
            tr("A second way beside the selected layers; both are joined after them (Ctrl+B)")
        )
        self.undo = self._make("undo", tr("Undo"), "Ctrl+Z")
        self.redo = self._make("redo", tr("Redo"), "Ctrl+Shift+Z", "Ctrl+Y")
        self.save = self._make("floppy-disk", tr("Save to your models"), "Ctrl+S")
        self.open_file = self._make("folder", tr("Open a file…"), "Ctrl+O")
        self.export_json = self._make("file", tr("Export as a file (JSON)…"))
        self.export_code = self._make("code", tr("Export as Keras code…"))

    @property
    def all(self) -> tuple[QAction, ...]:
        """Every action, in the order of the list of shortcuts."""
        return tuple(item for item in vars(self).values() if isinstance(item, QAction))

    @property
    def on_layers(self) -> tuple[QAction, ...]:
        """Those that need a layer to be selected."""
        return (self.duplicate, self.delete, self.up, self.down, self.residual, self.branch)

    def name_steps(self, undo: str, redo: str) -> None:
        """Says what Undo would take back and Redo would do again; empty: nothing."""
        for action, step, plain, named, key in (
            (self.undo, undo, self.tr("Undo"), self.tr("Undo: {step}"), "Ctrl+Z"),
            (self.redo, redo, self.tr("Redo"), self.tr("Redo: {step}"), "Ctrl+Shift+Z"),
        ):
            action.setEnabled(bool(step))
            action.setToolTip(f"{named.format(step=step) if step else plain} ({key})")

    def toolbar(self, parent: QWidget) -> QWidget:
        """Returns a row of buttons for what is done to layers."""
        bar = QWidget(parent)
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING // 2)
        groups = (
            (self.add,),
            (self.up, self.down, self.duplicate, self.delete),
            (self.residual, self.branch),
            (self.undo, self.redo),
        )
        for group in groups:
            for action in group:
                row.addWidget(action_button(action, bar, with_text=action is self.add))
            row.addSpacing(SPACING)
        row.addStretch(1)
        return bar

    def menu(self, parent: QWidget) -> QMenu:
        """Returns a menu of what is done with the whole model."""
        menu = QMenu(parent)
        for action in (self.save, self.open_file, self.export_json, self.export_code):
            menu.addAction(action)
        return menu

    def _make(self, glyph: str, text: str, *keys: str, in_list: bool = False) -> QAction:
        action = QAction(icon(glyph), text, self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        if in_list:
            action.setShortcutContext(_LIST_KEYS)
            self._layers.addAction(action)
        else:
            action.setShortcutContext(Context.WidgetWithChildrenShortcut)
            self._editor.addAction(action)
        return action


def action_button(action: QAction, parent: QWidget, with_text: bool = False) -> QToolButton:
    """Returns a button that does, says and shows what an action does."""
    button = QToolButton(parent)
    button.setDefaultAction(action)
    button.setAccessibleName(action.text())
    style = Qt.ToolButtonStyle
    button.setToolButtonStyle(
        style.ToolButtonTextBesideIcon if with_text else style.ToolButtonIconOnly
    )
    return button
