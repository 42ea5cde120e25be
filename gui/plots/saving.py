"""Copying and saving what a plot shows: as a picture, and as the numbers behind it."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QBuffer, QObject, QPoint, QSize, Qt, Slot
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from engine.errors import DescentError
from engine.files import atomic_write
from gui.state.messages import messages_of
from gui.style.theme import current_theme

Columns = Mapping[str, Sequence[Any] | np.ndarray[Any, Any]]
"""Values by the name of their column; a shorter column ends in empty cells."""

PNG_SCALE: Final = 2
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class PlotSaver(QObject):
    """Gives a widget the menu that copies and saves what it shows.

    Args:
        plot: The widget.
        columns: The numbers it shows; none where there are only pictures.
    """

    def __init__(self, plot: QWidget, columns: Callable[[], Columns]) -> None:
        super().__init__(plot)
        self._plot = plot
        self._columns = columns
        plot.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        plot.customContextMenuRequested.connect(self.open_menu)

    def menu(self) -> QMenu:
        """Returns a new menu."""
        menu = QMenu(self._plot)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        has_data = bool(self._columns())
        menu.addAction(self.tr("Copy picture"), self.copy_picture)
        menu.addAction(self.tr("Save picture…"), self.ask_for_picture)
        menu.addSeparator()
        menu.addAction(self.tr("Copy data"), self.copy_data).setEnabled(has_data)
        menu.addAction(self.tr("Save data…"), self.ask_for_data).setEnabled(has_data)
        return menu

    @Slot(QPoint)
    def open_menu(self, place: QPoint) -> None:
        """Opens the menu at a place in the widget."""
        self.menu().popup(self._plot.mapToGlobal(place))

    @Slot()
    def copy_picture(self) -> None:
        """Puts the picture on the clipboard."""
        QGuiApplication.clipboard().setImage(image_of(self._plot))

    @Slot()
    def copy_data(self) -> None:
        """Puts the numbers on the clipboard, with tabs between them, as spreadsheets take them."""
        QGuiApplication.clipboard().setText(csv_of(self._columns(), "\t"))

    @Slot()
    def ask_for_picture(self) -> None:
        """Asks where the picture goes."""
        self._ask(self.tr("Save picture"), "png", self.tr("Pictures (*.png *.svg)"))

    @Slot()
    def ask_for_data(self) -> None:
        """Asks where the numbers go."""
        self._ask(self.tr("Save data"), "csv", self.tr("Tables (*.csv)"))

    @Slot(str)
    def save(self, path: str) -> None:
        """Writes a file of the kind its name ends in; what went wrong is said."""
        try:
            save(self._plot, self._columns(), Path(path))
        except DescentError as error:
            messages_of(self._plot).show_error(error.message, error.hint)

    def _ask(self, title: str, suffix: str, names: str) -> None:
        dialog = QFileDialog(self._plot.window(), title, f"{self._name()}.{suffix}", names)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.save)
        dialog.open()

    def _name(self) -> str:
        words = self._plot.accessibleName() or self.tr("plot")
        return "".join(letter if letter.isalnum() else "-" for letter in words).strip("-").lower()


def save(plot: QWidget, columns: Columns, path: Path) -> None:
    """Writes what a plot shows.

    Args:
        plot: What is drawn.
        columns: The numbers behind it.
        path: Ends in ``.csv`` for the numbers, ``.svg`` or anything else (PNG) for the picture.

    Raises:
        WorkspaceError: It cannot be written; a file that was there is untouched.
    """
    suffix = path.suffix.lower()
    if suffix == ".csv":
        atomic_write(path, csv_of(columns))
    elif suffix == ".svg":
        atomic_write(path, svg_of(plot))
    else:
        atomic_write(path, png_of(plot))


def image_of(plot: QWidget) -> QImage:
    """Returns what a widget shows, twice as fine as on screen."""
    image = QImage(plot.size() * PNG_SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(PNG_SCALE)
    image.fill(QColor(current_theme().palette.window))
    painter = QPainter(image)
    plot.render(painter, QPoint(0, 0))
    painter.end()
    return image


def png_of(plot: QWidget) -> bytes:
    """Returns what a widget shows as a PNG file."""
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image_of(plot).save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def svg_of(plot: QWidget) -> bytes:
    """Returns what a widget shows as an SVG file, its texts as text."""
    from PySide6.QtSvg import QSvgGenerator  # its library is loaded for this alone

    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(plot.size()))
    generator.setViewBox(plot.rect())
    generator.setResolution(96)  # pixels as screens and browsers count them
    generator.setTitle(plot.accessibleName())
    painter = QPainter(generator)
    plot.render(painter, QPoint(0, 0))
    painter.end()
    return bytes(buffer.data().data())


def csv_of(columns: Columns, delimiter: str = ",") -> str:
    """Returns columns as delimited text, numbers with all their digits.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow([_cell(name) for name in columns])
    for row in itertools.zip_longest(*columns.values(), fillvalue=""):
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, np.generic):
        value = value.item()
    return "" if isinstance(value, float) and math.isnan(value) else value
