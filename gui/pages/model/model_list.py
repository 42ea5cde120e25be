"""ModelList: the cards of the models there are, and below them the way to bring another one in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from gui.pages.model.replace_question import ReplaceQuestion
from gui.state.own_models import OwnModels
from gui.state.settings import Settings
from gui.style.icons import icon
from gui.style.theme import SPACING, set_role
from gui.widgets.card_list import CardList

FOLDER_SETTING: Final = "models/folder"
LIST_WIDTH: Final = 35 * SPACING


class ModelList(QWidget):
    """The cards, with a button below them.

    Signals:
        brought(str): A model was brought in, and is kept under that name.

    Args:
        models: The person's own.
        settings: Remember the folder of the last file.
    """

    brought = Signal(str)

    def __init__(self, models: OwnModels, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._models, self._settings = models, settings
        self._asked = ""  # the file whose name is taken
        self.cards = CardList(4, self)
        self.cards.setAccessibleName(self.tr("Architectures"))
        self.button = QPushButton(self.tr("Bring a model in…"), self)
        self.button.setIcon(icon("folder"))
        set_role(self.button, "flat")
        self.button.setToolTip(
            self.tr("A .keras file that another program saved; it is looked at before it is loaded")
        )
        self.button.clicked.connect(self._on_clicked)
        models.bringing_changed.connect(self._on_bringing)
        models.brought.connect(self.brought)
        self.setMinimumWidth(LIST_WIDTH - 5 * SPACING)
        self.setMaximumWidth(LIST_WIDTH + 10 * SPACING)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.cards, 1)
        column.addWidget(self.button)
        self.setFocusProxy(self.cards)

    @Slot()
    def _on_clicked(self) -> None:
        if self._models.is_bringing:
            self._models.give_up()
            return
        folder = self._settings.get(FOLDER_SETTING, "")
        dialog = QFileDialog(self, self.tr("Bring a model in"), folder)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setNameFilters([self.tr("Keras models (*.keras)"), self.tr("All files (*)")])
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.bring_in)
        dialog.open()

    @Slot(str)
    def bring_in(self, path: str) -> None:
        """Brings a file in; answered by `brought`, or by a message that says why not.

        Where there is a model of that name, it is asked first what shall become of that.
        """
        self._settings.set(FOLDER_SETTING, str(Path(path).parent))
        taken = self._models.same_name(Path(path))
        if not taken:
            self._models.bring_in(Path(path))
            return
        self._asked = path
        question = ReplaceQuestion(taken, self)
        question.finished.connect(self._on_answer)
        question.open()

    @Slot()
    def _on_answer(self) -> None:
        question = self.sender()
        if isinstance(question, ReplaceQuestion) and question.answer is not None:
            self._models.bring_in(Path(self._asked), replaces=question.answer)

    @Slot(bool)
    def _on_bringing(self, is_bringing: bool) -> None:
        text = self.tr("Bringing it in… Cancel") if is_bringing else self.tr("Bring a model in…")
        self.button.setText(text)
