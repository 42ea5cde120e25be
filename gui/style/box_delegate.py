"""BoxDelegate: how the choices of a combo box are drawn."""

from __future__ import annotations

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QStyledItemDelegate

from engine.devices.console.escaping import escaped


class BoxDelegate(QStyledItemDelegate):
    """Shows choices as they may be shown; what they are stays.

    A combo box needs one of its own: at each change of the style, Qt makes two new ones for a box
    that has Qt's, and keeps those before for as long as the box is there.
    """

    def displayText(self, value: object, locale: QLocale | QLocale.Language) -> str:
        return escaped(str(value))
