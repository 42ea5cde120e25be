"""ModelPage: pick an architecture that fits the data, set it up, see its layers before training."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.architectures import ARCHITECTURES
from engine.events.messages import ModelDescribed, Rejected
from engine.events.profile import Profile
from gui.formatting.numbers import count_text
from gui.guide.controls import CHOICE_OF_MODEL, LAYERS
from gui.network.model_tabs import ModelTabs
from gui.pages.model.model_cards import OWN, ModelCards
from gui.pages.model.model_editing import ModelEditing
from gui.pages.model.model_forms import FORMS, ModelForms
from gui.pages.model.model_list import ModelList
from gui.pages.model.rejection_words import building_words, is_all_about_data, rejection_words
from gui.pages.shared.page import Page, scroll_to
from gui.state.controller import Controller
from gui.state.draft import Draft
from gui.state.messages import Messages
from gui.state.own_model import CUSTOM
from gui.state.settings import Settings
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.card_list import CARD_ROLE, Card
from gui.widgets.state_panel import StatePanel

if TYPE_CHECKING:
    from gui.guide.architecture_page import ArchitecturePage
    from gui.network.model_picture import ModelPicture
    from gui.pages.model.rate_view import RateView

FORMS_WIDTH: Final = 42 * SPACING
"""Parts of a `RunSpec` that are set on this page."""
BUILDING_DELAY_MS: Final = 400
"""An answer that comes sooner replaces the old layers without a flicker in between."""


class ModelPage(Page):
    """Architectures at the left, settings in the middle, formula and layers at the right."""

    def __init__(
        self,
        controller: Controller,
        messages: Messages,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(controller, messages, settings, parent)
        # Each part is born where it will stay: moving a tree of widgets to another parent dresses
        # all of it anew, and a page is to be built in one short turn of the event loop.
        self._page_stack = QStackedWidget(self)
        self.empty_panel = StatePanel(self._page_stack)
        self._body = QWidget(self._page_stack)
        self._list = ModelList(controller.own_models, settings, self._body)
        self.cards = self._list.cards
        self._forms_area = QScrollArea(self._body)
        self.forms = ModelForms(controller.drafts, self._forms_area.viewport())
        self._editor_place = QWidget(self._body)
        self._right = QWidget(self._body)
        self.title = Label(self._right)
        self.summary = Label(self._right)
        self.formula = Label(self._right)
        self.tabs = ModelTabs(self._right)
        self.state_panel = StatePanel(self.tabs)
        self.totals = Label(self._right)
        self.next_button = QPushButton(self.tr("Next: train"), self._right)
        self.picture: ModelPicture | None = None
        self._picture_index = self.tabs.add_view(self.tr("Picture"), self._make_picture)
        self.about: ArchitecturePage | None = None
        self._about_index = self.tabs.add_view(
            self.tr("About"), self._make_about, needs_model=False
        )
        self.tabs.add_view(self.tr("Code"), self._make_code)
        self.rates: RateView | None = None
        self._rates_index = self.tabs.add_view(
            self.tr("Learning rate"), self._make_rates, needs_model=False
        )
        self.editing = ModelEditing(self, self._editor_place)
        self._model_cards = ModelCards(controller.drafts, controller.repository, self)
        self._building_timer = QTimer(self)
        self._building_timer.setSingleShot(True)
        self._building_timer.setInterval(BUILDING_DELAY_MS)
        self._building_timer.timeout.connect(self._show_building)
        self._build()
        self._connect()
        self.setFocusProxy(self.cards)
        self._show_draft(controller.drafts.draft)
        self._show_answer()

    # ---- building

    def _build(self) -> None:
        for label in (self.title, self.summary, self.formula, self.totals):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self.title, "title")
        set_role(self.summary, "muted")
        self.formula.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.formula.setAccessibleName(self.tr("Formula"))
        row = QHBoxLayout(self._body)
        row.setContentsMargins(3 * SPACING, 3 * SPACING, 3 * SPACING, 2 * SPACING)
        row.setSpacing(3 * SPACING)
        row.addWidget(self._list, 2)
        row.addWidget(self._build_forms(), 2)
        row.addWidget(self._editor_place, 5)
        row.addWidget(self._build_layers(), 3)
        self._editor_place.hide()
        self.empty_panel.show_state(
            "model",
            self.tr("Pick data first"),
            self.tr("Which models fit, and what their layers look like, depends on the data."),
            self.tr("Go to Data"),
        )
        self._page_stack.addWidget(self.empty_panel)
        self._page_stack.addWidget(self._body)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._page_stack)

    def _build_forms(self) -> QScrollArea:
        area = self._forms_area
        area.setWidget(self.forms)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumWidth(FORMS_WIDTH)
        area.setMaximumWidth(FORMS_WIDTH + 15 * SPACING)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab leads to its fields
        area.viewport().setAutoFillBackground(False)
        self.forms.setAutoFillBackground(False)
        return area

    def _build_layers(self) -> QWidget:
        self.state_panel.hide()
        set_role(self.next_button, "primary")
        foot = QHBoxLayout()
        foot.addWidget(self.totals, 1)
        foot.addWidget(self.next_button)
        column = QVBoxLayout(self._right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.title)
        column.addWidget(self.summary)
        column.addWidget(self.formula)
        column.addSpacing(SPACING)
        column.addWidget(self.tabs, 1)
        column.addLayout(foot)
        return self._right

    def _make_picture(self, parent: QWidget) -> QWidget:
        from gui.network.model_picture import ModelPicture  # not before it is looked at

        self.picture = ModelPicture(self.messages, self.settings, parent)
        self.picture.show_panel(not self.editing.is_open)
        return self.picture

    def _make_about(self, parent: QWidget) -> QWidget:
        from gui.guide.architecture_page import ArchitecturePage  # not before it is looked at

        self.about = ArchitecturePage(self.controller.drafts, self.settings, parent)
        self.about.field_requested.connect(self._on_field_wanted)
        return self.about

    def _make_code(self, parent: QWidget) -> QWidget:
        from gui.widgets.code_view import CodeView  # not before it is looked at

        return CodeView(self.messages, self.settings, parent)

    def _make_rates(self, parent: QWidget) -> QWidget:
        from gui.pages.model.rate_view import RateView  # not before it is looked at

        self.rates = RateView(self.controller, parent)
        return self.rates

    def _connect(self) -> None:
        self.cards.picked.connect(self.editing.pick)
        self._list.brought.connect(self.editing.pick_brought)
        self.cards.clicked.connect(self._on_card_entered)
        self.cards.activated.connect(self._on_card_entered)
        self.forms.layers_wanted.connect(self.editing.open)
        self.forms.removal_wanted.connect(self.editing.delete_saved)
        self.forms.rate_wanted.connect(self._on_rate_wanted)
        self.editing.opened_changed.connect(self._on_editor_opened)
        self.editing.models.models_changed.connect(self._on_cards)
        self.editing.layer_picked.connect(self.tabs.select_layer)
        self.tabs.layer_selected.connect(self.editing.pick_layer)
        self.next_button.clicked.connect(self._on_next)
        for panel in (self.empty_panel, self.state_panel):
            panel.action_requested.connect(partial(self.page_requested.emit, "data"))
        controller = self.controller
        controller.drafts.draft_changed.connect(self._on_draft)
        controller.drafts.profile_changed.connect(self._on_profile)
        controller.drafts.model_changed.connect(self._on_model)
        controller.drafts.model_rejected.connect(self._on_rejected)
        controller.repository.runs_changed.connect(self._on_cards)
        controller.worker_ready.connect(self._on_worker_ready)

    # ---- the guide

    def show_guide(self, name: str = "") -> None:
        """Shows a page of the guide; without a name that of the picked architecture."""
        self.tabs.setCurrentIndex(self._about_index)
        if self.about is not None:
            self.about.show_guide(name or self.controller.drafts.draft.model)
            self.about.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def tab_parts(self) -> tuple[QWidget, ...]:
        return (self.empty_panel, self._list, self._forms_area, self._editor_place, self._right)

    def focus_field(self, path: str) -> bool:
        if path == LAYERS:
            self.editing.open()
            return True
        if path.partition(".")[0] in FORMS:
            self.editing.close()  # cards and forms are where the layers are edited
        if path == CHOICE_OF_MODEL:
            self.cards.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return True
        rows = (form.focus_field(path) for form in self.forms.forms)
        row = next((row for row in rows if row is not None), None)
        return row is not None and scroll_to(self._forms_area, row)

    @Slot()
    def _on_rate_wanted(self) -> None:
        self.tabs.setCurrentIndex(self._rates_index)
        if self.rates is not None:
            self.rates.begin()

    @Slot(str)
    def _on_field_wanted(self, path: str) -> None:
        if not self.focus_field(path):
            self.field_requested.emit(path)

    # ---- showing

    @Slot(object)
    def _on_draft(self, draft: Draft) -> None:
        self._show_draft(draft)

    def _show_draft(self, draft: Draft) -> None:
        self._page_stack.setCurrentIndex(1 if draft.has_data else 0)
        self.editing.show_draft(draft)
        self._show_cards()
        self.forms.show_draft(draft)
        self._show_output()
        self.tabs.show_architecture(draft.model)
        if draft.model in ARCHITECTURES:
            architecture = ARCHITECTURES[draft.model]
            self.title.setText(architecture.title)
            self.summary.setText(architecture.summary)
            self.formula.setText(architecture.formula)
        self._show_words()

    def _show_words(self) -> None:
        """Shows what the architecture is, unless the layers need the room."""
        is_known = self.controller.drafts.draft.model in ARCHITECTURES
        for label in (self.title, self.summary, self.formula):
            label.setVisible(is_known and bool(label.text()) and not self.editing.is_open)

    # ---- the layer editor

    @Slot(bool)
    def _on_editor_opened(self, is_open: bool) -> None:
        for part in (self._list, self._forms_area):
            part.setVisible(not is_open)
        self._editor_place.setVisible(is_open)
        self._show_words()
        if is_open and self.tabs.currentIndex() == 0:
            self.tabs.setCurrentIndex(self._picture_index)  # the list of layers is there already
        if self.picture is not None:
            self.picture.show_panel(not is_open)  # the editor tells what a layer is
        self.setFocusProxy(self._editor_place if is_open else self.cards)
        if not is_open:
            self.cards.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(QModelIndex)
    def _on_card_entered(self, index: QModelIndex) -> None:
        card = index.data(CARD_ROLE)
        if isinstance(card, Card) and (card.name == CUSTOM or card.name.startswith(OWN)):
            self.editing.open()

    @Slot()
    def _on_cards(self) -> None:
        self._show_cards()

    @Slot(object)
    def _on_profile(self, profile: Profile | None) -> None:
        self._show_cards()
        self._show_output()

    def _show_output(self) -> None:
        """Offers the settings that fit what comes in and goes out, as far as that is known."""
        self.forms.show_data(self.controller.drafts.profile, self._model_cards.kind_and_task())

    def _show_cards(self) -> None:
        draft = self.controller.drafts.draft
        self.cards.set_cards(self._model_cards.cards(self.editing.models.models))
        self.cards.select(self.editing.card_of(draft))
        self.forms.show_saved(self.editing.saved_of(draft) is not None)
        self.forms.offer_starts(self._model_cards.starts(self.editing.models.models))

    def _show_answer(self) -> None:
        """Shows what the controller knows already; a page may be built after an answer came."""
        controller = self.controller
        if controller.drafts.model is not None:
            self._on_model(controller.drafts.model)
        elif controller.drafts.model_problem is not None:
            self._on_rejected(controller.drafts.model_problem)
        else:
            self._show_building()

    @Slot(object)
    def _on_model(self, model: ModelDescribed | None) -> None:
        self.editing.show_model(model)
        self.tabs.mark_layer("", "")
        self.forms.show_editable(self.editing.can_open)
        if model is None:
            self.totals.clear()
            self._building_timer.start()
            return
        self._building_timer.stop()
        self.forms.show_problems(())
        self.forms.show_resolved(model.spec)
        self.tabs.show_model(model)
        fixed = model.n_parameters - model.n_trainable
        text = self.tr("{n} parameters").format(n=count_text(model.n_parameters))
        if fixed:
            text += self.tr(", {n} of them not trained").format(n=count_text(fixed))
        self.totals.setText(text)
        self.tabs.uncover()
        self.next_button.setEnabled(True)

    @Slot()
    def _show_building(self) -> None:
        self._building_timer.stop()
        if self.editing.is_open and self.tabs.has_model:
            return  # what is on screen stays until it is known what becomes of it
        self.tabs.cover(self.state_panel)
        if not self.controller.drafts.draft.has_model:
            self.state_panel.show_state("model", self.tr("Pick an architecture"))
            self.next_button.setEnabled(False)
            return
        # A model that is not described yet can be trained all the same.
        self.next_button.setEnabled(True)
        words = building_words(self.controller.worker is not None)
        self.state_panel.show_state("model", *words, is_busy=True)

    @Slot(object)
    def _on_worker_ready(self, _ready: object) -> None:
        controller = self.controller
        if controller.drafts.model is None and controller.drafts.model_problem is None:
            self._show_building()

    @Slot(object)
    def _on_rejected(self, problem: Rejected) -> None:
        self._building_timer.stop()
        self.totals.clear()
        self.next_button.setEnabled(False)
        unmarked = self.editing.show_problems(problem)
        self.tabs.mark_layer(*self.editing.first_marked)
        self.forms.show_editable(self.editing.can_open)
        if self.editing.is_open and not unmarked and problem.problems:
            if self.tabs.has_model:
                self.tabs.uncover()  # each is marked at its layer, beside the picture of before
            else:
                self.tabs.cover(self.state_panel)
                title = self.tr("This model cannot be built yet")
                text = self.tr("The layer that stands in the way is marked in the list.")
                self.state_panel.show_state("warning", title, text, is_error=True)
            return
        rest = self.forms.show_problems(problem.problems)
        if self.editing.is_open:
            rest = unmarked  # the fields are not on screen
        is_about_data = is_all_about_data(problem)
        is_about_data |= self.controller.drafts.data_problem is not None
        title, text, way_out = rejection_words(problem, rest, is_about_data)
        self.state_panel.show_state("warning", title, text, way_out, is_error=True)
        self.tabs.cover(self.state_panel)
        if problem.details and not is_about_data:
            self.messages.show_error(problem.message, problem.hint, problem.details)

    @Slot()
    def _on_next(self) -> None:
        self.page_requested.emit("train")
