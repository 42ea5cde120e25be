"""HelpButton: everything that explains the program, behind one button at the foot of the rail."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from engine import __version__
from gui.style.icons import icon
from gui.style.theme import set_role


class HelpButton(QToolButton):
    """A menu: the guide's pages that are asked for most, the keys, what is new, the version.

    Signals:
        guide_requested(str): The person wants a page of the guide, by its name; empty: the one
            about the picked architecture.
        page_help_requested(): The person wants to know what the page on screen is for.
        shortcuts_requested(): The person wants to see the keys.
        news_requested(): The person wants to read what is new.
        about_requested(): The person wants to know which Descent this is.
    """

    guide_requested = Signal(str)
    page_help_requested = Signal()
    shortcuts_requested = Signal()
    news_requested = Signal()
    about_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(self.tr("Help"))
        self.setIcon(icon("help"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        set_role(self, "flat")
        self.setToolTip(self.tr("The guide, the keys, and what is new (Alt+H)"))
        self.setMenu(self._menu())

    def set_folded(self, is_folded: bool) -> None:
        """Shows the icon alone, or the word beside it."""
        style = Qt.ToolButtonStyle
        self.setToolButtonStyle(
            style.ToolButtonIconOnly if is_folded else style.ToolButtonTextBesideIcon
        )

    @Slot()
    def open_menu(self) -> None:
        """Opens the menu, with its first entry picked: it was asked for by a key."""
        menu = self.menu()
        menu.popup(self.mapToGlobal(QPoint(0, -menu.sizeHint().height())))
        menu.setActiveAction(menu.actions()[0])

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction(self.tr("About this page\tF1"), self.page_help_requested.emit)
        self._add_pages(menu, (("", self.tr("About this architecture\tShift+F1")),))
        menu.addSeparator()
        self._add_pages(
            menu,
            (
                ("overfitting", self.tr("Overfitting")),
                ("vanishing_gradients", self.tr("Vanishing gradients")),
                ("exploding_gradients", self.tr("Exploding gradients")),
            ),
        )
        menu.addSeparator()
        self._add_pages(
            menu,
            (
                ("steering", self.tr("Steering a run")),
                ("learning_rates", self.tr("Learning rates, and when to stop")),
                ("time_and_memory", self.tr("Time, memory, runs that stand still")),
                ("devices", self.tr("Devices and machines")),
            ),
        )
        menu.addSeparator()
        menu.addAction(self.tr("Keyboard shortcuts\t?"), self.shortcuts_requested.emit)
        menu.addAction(self.tr("What's new"), self.news_requested.emit)
        menu.addSeparator()
        self.about = QAction(self.tr("About Descent {version}").format(version=__version__), menu)
        self.about.triggered.connect(self.about_requested)
        menu.addAction(self.about)
        return menu

    def _add_pages(self, menu: QMenu, pages: tuple[tuple[str, str], ...]) -> None:
        for name, title in pages:
            menu.addAction(title, partial(self.guide_requested.emit, name))
