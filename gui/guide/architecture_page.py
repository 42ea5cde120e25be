"""ArchitecturePage: what the picked architecture is, what to do when training goes wrong, and how
it is steered.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QUrl, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from engine.architectures import ARCHITECTURES
from engine.events.messages import ModelDescribed
from gui.formatting.plain_text import plain_tip
from gui.guide.controls import Situation
from gui.guide.guide_browser import GuideBrowser
from gui.guide.html import FIELD, PAGE
from gui.guide.pages import DIAGNOSES, LANGUAGES, TOPICS, GuidePage, page_names, read_page
from gui.guide.words import LANGUAGE_SETTING, chosen_language
from gui.state.draft_controller import DraftController
from gui.state.settings import Settings
from gui.style.icons import icon
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox


class ArchitecturePage(QWidget):
    """The guide beside the settings: a page for each architecture, diagnosis and topic.

    Signals:
        field_requested(str): The person wants to set something, by its path in a `RunSpec`.

    Args:
        drafts: Knows data, draft and model.
        settings: Remembers the language.
    """

    field_requested = Signal(str)

    def __init__(
        self, drafts: DraftController, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._drafts = drafts
        self._settings = settings
        self._model = ""
        self._described: ModelDescribed | None = None
        self._name = ""
        self._before: list[str] = []
        self._is_outdated = True
        self._language = chosen_language(settings)
        self.back = QToolButton(self)
        self.choice = ChoiceBox(self)
        self.language_buttons: dict[str, QToolButton] = {}
        self.browser = GuideBrowser(self)
        self._build()

    def _build(self) -> None:
        self.back.setIcon(icon("back"))
        self.back.setToolTip(self.tr("Back to the page before"))
        self.back.setAccessibleName(self.tr("Back"))
        self.back.clicked.connect(self.go_back)
        set_role(self.back, "flat")
        self.choice.setAccessibleName(self.tr("Page of the guide"))
        self.choice.activated.connect(self._on_choice)
        row = QHBoxLayout()
        row.setSpacing(SPACING // 2)
        row.addWidget(self.back)
        row.addWidget(self.choice, 1)
        row.addSpacing(SPACING)
        group = QButtonGroup(self)
        for language, title in LANGUAGES.items():
            button = QToolButton(self)
            button.setText(title)
            button.setCheckable(True)
            button.setChecked(language == self._language)
            button.clicked.connect(partial(self.set_language, language))
            group.addButton(button)
            row.addWidget(button)
            self.language_buttons[language] = button
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(row)
        column.addWidget(self.browser, 1)
        self.browser.anchorClicked.connect(self._on_link)
        self.setFocusProxy(self.browser)

    # ---- what is shown

    @property
    def name(self) -> str:
        """Name of the page that is shown."""
        return self._name

    @property
    def language(self) -> str:
        """The language it is shown in."""
        return self._language

    def show_architecture(self, name: str) -> None:
        """Shows the page of the architecture that was picked."""
        if name != self._model:
            self._model = name
            self._described = None
            if self._page_of(name) is not None:
                self.show_guide(name)
        self._refresh()

    def show_model(self, model: ModelDescribed | None) -> None:
        """Shows the present values of the settings."""
        self._described = model
        self._refresh()

    def show_guide(self, name: str) -> None:
        """Shows a page: of an architecture, or one of `DIAGNOSES` or `TOPICS`."""
        if name == self._name or self._page_of(name) is None:
            return
        if self._name:
            self._before.append(self._name)
        self._name = name
        self._refresh()

    @Slot()
    def go_back(self) -> None:
        """Shows the page before."""
        if self._before:
            self._name = self._before.pop()
            self._refresh()

    def set_language(self, language: str) -> None:
        """Shows everything in another language, from now on."""
        self._language = language
        self._settings.set(LANGUAGE_SETTING, language)
        self.language_buttons[language].setChecked(True)
        self._refresh()

    def _page_of(self, name: str) -> GuidePage | None:
        return read_page(name, self._language) or read_page(name, "en")

    def _refresh(self) -> None:
        self._is_outdated = not self.isVisible()
        if self._is_outdated:
            return  # read when somebody looks
        self.back.setEnabled(bool(self._before))
        self._offer_pages()
        page = self._page_of(self._name)
        if page is not None:
            self.browser.show_guide_page(page, self._situation())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_outdated:
            self._refresh()

    def _situation(self) -> Situation:
        profile = self._drafts.profile
        draft = self._drafts.draft
        model = self._described
        return Situation(
            self._model,
            model.spec.to_dict() if model is not None else draft.to_spec(),
            profile.signature.kind if profile is not None else None,
            profile.signature.task if profile is not None else None,
        )

    def _offer_pages(self) -> None:
        """The architecture at hand, what goes wrong, the topics, and the other architectures."""
        written = page_names("en")
        others = [item.name for item in ARCHITECTURES if item.name != self._model]
        wanted = [[self._model], list(DIAGNOSES), list(TOPICS), others]
        self.choice.clear()
        for names in wanted:
            if self.choice.count():
                self.choice.insertSeparator(self.choice.count())
            for name in names:
                page = self._page_of(name) if name in written else None
                if page is not None:
                    self.choice.addItem(page.title, name)
        self.choice.setCurrentIndex(self.choice.findData(self._name))
        self.choice.setToolTip(plain_tip(self.choice.currentText()))

    # ---- what the person does

    @Slot(int)
    def _on_choice(self, index: int) -> None:
        name = self.choice.itemData(index)
        if name:
            self.show_guide(str(name))

    @Slot(QUrl)
    def _on_link(self, url: QUrl) -> None:
        if url.scheme() == PAGE:
            self.show_guide(url.path())
        elif url.scheme() == FIELD:
            self.field_requested.emit(url.path())
