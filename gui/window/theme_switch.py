"""ThemeSwitch: a button that chooses light, dark, or what the system says."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from gui.style.icons import icon
from gui.style.theme import MODES, current_theme, set_role


class ThemeSwitch(QToolButton):
    """A menu with the three modes.

    Signals:
        mode_picked(str): The person chose ``system``, ``light`` or ``dark``.
        settings_wanted(): The person wants to see all settings.
    """

    mode_picked = Signal(str)
    settings_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        titles = {
            "system": self.tr("Like the system"),
            "light": self.tr("Light"),
            "dark": self.tr("Dark"),
        }
        menu = QMenu(self)
        self._group = QActionGroup(self)
        for mode in MODES:
            action = QAction(icon(mode), titles[mode], self)
            action.setCheckable(True)
            action.setData(mode)
            action.setChecked(mode == current_theme().mode)
            self._group.addAction(action)
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction(self.tr("Settings…\tCtrl+,"), self.settings_wanted.emit)
        self._group.triggered.connect(self._on_triggered)
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        set_role(self, "flat")
        self.setToolTip(self.tr("Light or dark, and settings"))
        self.setAccessibleName(self.tr("Light or dark, and settings"))
        self._show_mode()

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        self.choose(str(action.data()))

    @Slot(str)
    def choose(self, mode: str) -> None:
        """Chooses ``system``, ``light`` or ``dark``."""
        for action in self._group.actions():
            action.setChecked(action.data() == mode)
        current_theme().set_mode(mode)
        self._show_mode()
        self.mode_picked.emit(mode)

    def _show_mode(self) -> None:
        self.setIcon(icon(current_theme().mode))
