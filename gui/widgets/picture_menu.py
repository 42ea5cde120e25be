"""PictureMenu: what can be done with one picture of several, where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QObject, QPoint, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from engine.errors import DescentError
from engine.files import atomic_write
from gui.state.messages import messages_of
from gui.widgets.path_row import show_in_file_manager


@dataclass(frozen=True)
class ShownPicture:
    """A picture that a menu is asked for.

    Attributes:
        image: Its own pixels, as many as it has.
        title: What it is called; may be empty.
        path: The file it comes from; None: there is none.
    """

    image: QImage
    title: str
    path: Path | None = None


class PictureMenu(QObject):
    """Gives a widget that shows pictures the menu of each.

    Args:
        widget: Where they are shown.
        at: Returns the picture at a place in it; None: none is there.
    """

    def __init__(self, widget: QWidget, at: Callable[[QPoint], ShownPicture | None]) -> None:
        super().__init__(widget)
        self._widget = widget
        self._at = at
        widget.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        widget.customContextMenuRequested.connect(self.open)

    @Slot(QPoint)
    def open(self, place: QPoint) -> None:
        """Opens the menu of the picture at a place; beside the pictures there is none."""
        picture = self._at(place)
        if picture is not None:
            self.menu(picture).popup(self._widget.mapToGlobal(place))

    def menu(self, picture: ShownPicture) -> QMenu:
        """Returns a new menu for a picture."""
        menu = QMenu(self._widget)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        path = picture.path
        if path is not None:
            url = QUrl.fromLocalFile(str(path))
            menu.addAction(self.tr("Open the file"), lambda: QDesktopServices.openUrl(url))
            menu.addAction(self.tr("Show in the file manager"), lambda: show_in_file_manager(path))
            menu.addSeparator()
        copied, clipboard = picture.image, QGuiApplication.clipboard()
        menu.addAction(self.tr("Copy picture"), lambda: clipboard.setImage(copied))
        menu.addAction(self.tr("Save picture…"), lambda: self._ask(picture))
        if picture.title:
            text = self.tr("Copy the name")
            menu.addAction(text, lambda: clipboard.setText(picture.title))
        return menu

    def save(self, image: QImage, path: str) -> None:
        """Writes a picture as PNG; what went wrong is said."""
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # type: ignore[call-overload]
        try:
            atomic_write(Path(path), bytes(buffer.data().data()))
        except DescentError as error:
            messages_of(self._widget).show_error(error.message, error.hint)

    def _ask(self, picture: ShownPicture) -> None:
        stem = Path(picture.title).stem if picture.title else ""
        name = "".join(letter if letter.isalnum() else "-" for letter in stem).strip("-")
        dialog = QFileDialog(
            self._widget.window(),
            self.tr("Save picture"),
            f"{name or self.tr('picture')}.png",
            self.tr("Pictures (*.png)"),
        )
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.save(picture.image, path))
        dialog.open()
