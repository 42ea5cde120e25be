"""SettingsSheet: how the window looks, and how it tells of the end of a run."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QVBoxLayout, QWidget

from gui.state.settings import Settings
from gui.style.label import Label
from gui.style.theme import MODES, SPACING, current_theme, set_role
from gui.widgets.choice_box import ChoiceBox
from gui.window.run_attention import NOTIFY, SOUND


class SettingsSheet(QDialog):
    """What is changed here holds at once.

    Signals:
        mode_picked(str): The person chose ``system``, ``light`` or ``dark``.

    Args:
        settings: Where it is remembered.
    """

    mode_picked = Signal(str)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle(self.tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.mode = ChoiceBox(self)
        titles = {
            "system": self.tr("Like the system"),
            "light": self.tr("Light"),
            "dark": self.tr("Dark"),
        }
        for mode in MODES:
            self.mode.addItem(titles[mode], mode)
        self.mode.setCurrentIndex(MODES.index(current_theme().mode))
        self.mode.setAccessibleName(self.tr("Appearance"))
        self.notify = QCheckBox(self.tr("Tell me when I work in another window"), self)
        self.sound = QCheckBox(self.tr("With a sound"), self)
        self.notify.setChecked(settings.get(NOTIFY, True))
        self.sound.setChecked(settings.get(SOUND, False))
        self.sound.setEnabled(self.notify.isChecked())
        self._build()
        self.mode.activated.connect(self._on_mode)
        self.notify.toggled.connect(self._on_notify)
        self.sound.toggled.connect(self._on_sound)

    def _build(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(3 * SPACING)
        form.setVerticalSpacing(SPACING)
        form.addRow(self.tr("Appearance"), self.mode)
        form.addRow(self.tr("End of a long run"), self.notify)
        form.addRow("", self.sound)
        note = Label(self.tr("Settings of data and models stand on their own pages."))
        note.setWordWrap(True)
        set_role(note, "small")
        column = QVBoxLayout(self)
        column.setContentsMargins(*(3 * SPACING,) * 4)
        column.setSpacing(2 * SPACING)
        column.addLayout(form)
        column.addWidget(note)
        column.addStretch(1)
        self.setMinimumWidth(52 * SPACING)

    @Slot(int)
    def _on_mode(self, place: int) -> None:
        self.mode_picked.emit(self.mode.itemData(place))

    @Slot(bool)
    def _on_notify(self, is_wanted: bool) -> None:
        self._settings.set(NOTIFY, is_wanted)
        self.sound.setEnabled(is_wanted)

    @Slot(bool)
    def _on_sound(self, is_wanted: bool) -> None:
        self._settings.set(SOUND, is_wanted)
