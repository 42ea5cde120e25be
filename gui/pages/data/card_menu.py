"""CardMenu: what can be done with data where its card stands, one's own and the box's alike."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from engine.datasets import DATASETS, FORMATS
from gui.pages.data.data_cards import RecentSources
from gui.pages.data.open_dialogs import OpenDialogs
from gui.state.draft_controller import DraftController
from gui.state.messages import Messages
from gui.widgets.card_list import CardList
from gui.widgets.path_row import show_in_file_manager


class CardMenu(QObject):
    """The menu of the cards.

    Signals:
        changed(): The list is another one.

    Args:
        cards: The cards.
        recent: What was opened before.
        drafts: What was chosen for it moves with it.
        dialogs: Asks where it lies now.
        messages: Where it is said what was done.
    """

    changed = Signal()

    def __init__(
        self,
        cards: CardList,
        recent: RecentSources,
        drafts: DraftController,
        dialogs: OpenDialogs,
        messages: Messages,
    ) -> None:
        super().__init__(cards)
        self._cards = cards
        self._recent = recent
        self._drafts = drafts
        self._dialogs = dialogs
        self._messages = messages
        cards.menu_asked.connect(self._open)

    @Slot(str, QPoint)
    def _open(self, source: str, place: QPoint) -> None:
        self.menu(source).popup(place)

    def menu(self, source: str) -> QMenu:
        """Returns a new menu for data of the box by its name, or for a file or folder."""
        menu = QMenu(self._cards)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if source == self._drafts.draft.source:
            menu.addAction(self.tr("Look at it again"), self._drafts.inspect_again)
        else:
            menu.addAction(self.tr("Open"), lambda: self._drafts.choose_data(source))
        is_boxed = source in DATASETS
        copy = self.tr("Copy the name") if is_boxed else self.tr("Copy the path")
        menu.addAction(copy, lambda: QGuiApplication.clipboard().setText(source))
        if not is_boxed:
            self._add_own(menu, source)
        return menu

    def _add_own(self, menu: QMenu, path: str) -> None:
        """What is so of a file or folder alone."""
        menu.addSeparator()
        show = menu.addAction(self.tr("Show in the file manager"))
        show.triggered.connect(lambda: show_in_file_manager(Path(path)))
        show.setEnabled(Path(path).exists())
        if path not in self._recent.paths:
            return  # it could not be read yet
        find = menu.addAction(self.tr("It lies somewhere else…"))
        find.triggered.connect(lambda: self._ask_where(path))
        remove = menu.addAction(self.tr("Remove from the list"))
        remove.triggered.connect(lambda: self.remove(path))

    def remove(self, path: str) -> None:
        """Takes it off the list, not off the disk; it can be undone."""
        before = self._recent.paths
        self._recent.forget(path)
        self.changed.emit()
        text = self.tr("“{name}” is no longer on the list. The file itself is untouched.")
        self._messages.show_done(text.format(name=Path(path).name), partial(self._put_back, before))

    def relocate(self, path: str, to: str) -> None:
        """Lets a source, with what was chosen for it, stand for another place on disk."""
        self._recent.move(path, to)
        self._drafts.relocate(path, to)
        self.changed.emit()

    def _put_back(self, paths: list[str]) -> None:
        self._recent.put_back(paths)
        self.changed.emit()

    def _ask_where(self, path: str) -> None:
        place = Path(path)
        suffixes = {suffix for form in FORMATS for suffix in form.suffixes} - {""}
        is_folder = place.is_dir()
        if not place.exists():  # its name has to tell
            is_folder = place.suffix.lower() not in suffixes
        self._dialogs.ask_where(place.name, is_folder, partial(self.relocate, path))
