"""DataPage: pick data, look at it, mend it, say what is kept aside."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.datasets import DATASETS
from engine.events.messages import DataProgress, Rejected
from engine.events.profile import Profile
from gui.formatting.run_words import progress_text
from gui.pages.data.card_menu import CardMenu
from gui.pages.data.data_cards import RecentSources, cards
from gui.pages.data.data_mending import DataMending
from gui.pages.data.data_settings import DataSettings
from gui.pages.data.open_dialogs import OpenDialogs
from gui.pages.data.profile_view import ProfileView
from gui.pages.shared.page import Page, scroll_to
from gui.state.controller import Controller
from gui.state.draft import Draft
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.threads.training_thread import CANCELLED
from gui.widgets.card_list import CardList
from gui.widgets.state_panel import StatePanel

LIST_WIDTH: Final = 31 * SPACING
SETTINGS_WIDTH: Final = 36 * SPACING
LOADING_DELAY_MS: Final = 200
"""An answer that comes sooner replaces the old picture without a flicker in between."""


class DataPage(Page):
    """Datasets at the left, what is in the picked one in the middle, its settings at the right."""

    def __init__(
        self,
        controller: Controller,
        messages: Messages,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(controller, messages, settings, parent)
        self._recent = RecentSources(settings)
        self.mending = DataMending(controller.drafts, messages, self)
        self._shown_source: tuple[str, bool] | None = None
        self._progress: DataProgress | None = None
        self.dialogs = OpenDialogs(settings, self)
        self._panel_action = self.dialogs.ask_for_file
        # Each part is born where it will stay: moving a tree of widgets to another parent dresses
        # all of it anew, and a page is to be built in one short turn of the event loop.
        self._left = QWidget(self)
        self.search = QLineEdit(self._left)
        self.cards = CardList(2, self._left)
        self.open_button = QPushButton(self.tr("Open a file…"), self._left)
        self.folder_button = QPushButton(self.tr("Open a folder…"), self._left)
        self._right = QWidget(self)
        self.title = Label(self._right)
        self.description = Label(self._right)
        self._stack = QStackedWidget(self._right)
        self.state_panel = StatePanel(self._stack)
        self._settings_area = QScrollArea(self._right)
        self.data_settings = DataSettings(controller.drafts, self._settings_area.viewport())
        self.automatic_button = QPushButton(self.tr("Back to automatic"), self._right)
        self.next_button = QPushButton(self.tr("Next: choose a model"), self._right)
        self.card_menu = CardMenu(
            self.cards, self._recent, controller.drafts, self.dialogs, messages
        )
        self._loading_timer = QTimer(self)
        self._loading_timer.setSingleShot(True)
        self._loading_timer.setInterval(LOADING_DELAY_MS)
        self._loading_timer.timeout.connect(self._show_loading)
        self._build()
        self._connect()
        self.setFocusProxy(self.cards)
        self._show_draft(controller.drafts.draft)
        self._show_answer()
        QTimer.singleShot(0, self, self._make_profile_view)

    # ---- building

    @cached_property
    def profile_view(self) -> ProfileView:
        """What was found; made in a turn of its own, as it takes some milliseconds."""
        view = ProfileView(self.settings, self.controller.batches, self._stack)
        view.remedy_chosen.connect(self.mending.apply)
        question, target = view.question, self.data_settings.target
        question.others_wanted.connect(target.setFocus)
        question.several_wanted.connect(self.data_settings.choose_several)
        view.column_changed.connect(self.mending.choose_for_column)
        self._stack.addWidget(view)
        return view

    @Slot()
    def _make_profile_view(self) -> None:
        self.profile_view  # noqa: B018  made on first use

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(3 * SPACING, 3 * SPACING, 3 * SPACING, 2 * SPACING)
        row.setSpacing(3 * SPACING)
        row.addWidget(self._build_list(), 1)
        row.addWidget(self._build_content(), 4)

    def _build_list(self) -> QWidget:
        part = self._left
        part.setMinimumWidth(LIST_WIDTH)
        part.setMaximumWidth(LIST_WIDTH + 12 * SPACING)
        self.search.setPlaceholderText(self.tr("Search data"))
        self.search.setAccessibleName(self.tr("Search data"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.cards.set_filter)
        self.cards.setAccessibleName(self.tr("Datasets"))
        hint = self.tr("You can also drop files and folders on the window.")
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACING)
        for button in (self.open_button, self.folder_button):
            button.setToolTip(hint)
            buttons.addWidget(button)
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.search)
        column.addWidget(self.cards, 1)
        column.addLayout(buttons)
        return part

    def _build_content(self) -> QWidget:
        set_role(self.title, "title")
        set_role(self.description, "muted")
        self.description.setWordWrap(True)
        for label in (self.title, self.description):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._stack.addWidget(self.state_panel)
        area = self._settings_area
        area.setWidget(self.data_settings)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedWidth(SETTINGS_WIDTH)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab leads to its fields
        area.viewport().setAutoFillBackground(False)
        self.data_settings.setAutoFillBackground(False)
        body = QHBoxLayout()
        body.setSpacing(3 * SPACING)
        body.addWidget(self._stack, 1)
        body.addWidget(area)
        set_role(self.next_button, "primary")
        foot = QHBoxLayout()
        foot.addStretch(1)
        set_role(self.automatic_button, "flat")
        self.automatic_button.setToolTip(
            self.tr("Takes back whatever was chosen for this data, and for the model on it")
        )
        foot.addWidget(self.automatic_button)
        foot.addWidget(self.next_button)
        part = self._right
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.title)
        column.addWidget(self.description)
        column.addLayout(body, 1)
        column.addLayout(foot)
        return part

    def _connect(self) -> None:
        self.cards.picked.connect(self._on_picked)
        self.open_button.clicked.connect(self.dialogs.ask_for_file)
        self.folder_button.clicked.connect(self.dialogs.ask_for_folder)
        self.card_menu.changed.connect(self._show_cards)
        self.dialogs.path_chosen.connect(self.open_path)
        self.automatic_button.clicked.connect(self.mending.make_automatic)
        self.next_button.clicked.connect(self._on_next)
        self.state_panel.action_requested.connect(self._on_panel_action)
        controller = self.controller
        controller.drafts.draft_changed.connect(self._on_draft)
        controller.drafts.profile_changed.connect(self._on_profile)
        controller.drafts.data_progress.connect(self._on_progress)
        controller.drafts.data_rejected.connect(self._on_rejected)
        for text, keys, slot in (
            (self.tr("Search data"), QKeySequence.StandardKey.Find, self.search.setFocus),
            (self.tr("Open a file"), QKeySequence.StandardKey.Open, self.dialogs.ask_for_file),
            (self.tr("Open a folder"), "Ctrl+Shift+O", self.dialogs.ask_for_folder),
        ):
            action = QAction(text, self, shortcut=QKeySequence(keys))
            action.triggered.connect(slot)
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            self.addAction(action)

    # ---- picking

    @Slot(str)
    def open_path(self, path: str) -> None:
        """Opens a file or folder of the person's own; the engine says what it is."""
        path = str(Path(path).absolute())
        self.dialogs.remember(path)
        if path == self.controller.drafts.draft.source:
            self.controller.drafts.inspect_again()
        else:
            self.controller.drafts.choose_data(path)

    @Slot(str)
    def _on_picked(self, name: str) -> None:
        self.controller.drafts.choose_data(name)

    def tab_parts(self) -> tuple[QWidget, ...]:
        foot = (self.automatic_button, self.next_button)
        return (self._left, self._stack, self._settings_area, *foot)

    def focus_field(self, path: str) -> bool:
        row = self.data_settings.focus_field(path)
        return row is not None and scroll_to(self._settings_area, row)

    # ---- changing

    # ---- showing

    @Slot(object)
    def _on_draft(self, draft: Draft) -> None:
        self._show_draft(draft)

    def _show_draft(self, draft: Draft) -> None:
        self._show_cards()
        self.data_settings.show_draft(draft)
        self.automatic_button.setVisible(draft.has_data and not self.controller.drafts.is_automatic)
        self._settings_area.setVisible(draft.has_data)
        is_boxed = draft.source in DATASETS  # of another package's data: known only later
        if (draft.source, is_boxed) == self._shown_source:
            return
        self._shown_source = draft.source, is_boxed
        if is_boxed:
            self.title.setText(DATASETS[draft.source].title)
            self.description.setText(DATASETS[draft.source].description)
        else:
            self.title.setText(Path(draft.source).name)
            self.description.setText(draft.source)
        self.title.setVisible(draft.has_data)
        self.description.setVisible(draft.has_data)

    @Slot()
    def _show_cards(self) -> None:
        source = self.controller.drafts.draft.source
        self.cards.set_cards(cards(self._recent, source))
        self.cards.select(source)

    def _show_answer(self) -> None:
        """Shows what the controller knows already; a page may be built after an answer came."""
        controller = self.controller
        if controller.drafts.profile is not None:
            self._on_profile(controller.drafts.profile)
        elif controller.drafts.data_problem is not None:
            self._on_rejected(controller.drafts.data_problem)
        elif controller.drafts.draft.has_data:
            self._show_loading()
        else:
            self._show_empty()

    def _show_state(self) -> None:
        self._loading_timer.stop()
        self.next_button.setEnabled(False)
        self._stack.setCurrentWidget(self.state_panel)

    def _show_empty(self) -> None:
        self._show_state()
        self._panel_action = self.dialogs.ask_for_file
        self.state_panel.show_state(
            "data",
            self.tr("Pick some data to start with"),
            self.tr(
                "“Handwritten digits” is a good first choice. Or use your own: drop a file or a "
                "folder on this window: a table, pictures, texts, sounds, videos."
            ),
            self.tr("Open a file…"),
        )

    @Slot()
    def _show_loading(self) -> None:
        self._show_state()
        progress = self._progress
        self._panel_action = self.controller.drafts.cancel_inspection
        title, text = self.tr("Loading the data…"), ""
        if progress is not None:
            title, text = progress.what, progress_text(progress)
        done, total = (progress.done, progress.total) if progress is not None else (0, 0)
        self.state_panel.show_state("data", title, text, self.tr("Cancel"), is_busy=True)
        self.state_panel.set_progress(done, total)

    @Slot(object)
    def _on_progress(self, progress: DataProgress) -> None:
        self._progress = progress
        if not self._loading_timer.isActive():
            self._show_loading()

    @Slot(object)
    def _on_profile(self, profile: Profile | None) -> None:
        self._progress = None
        if profile is None:
            self.next_button.setEnabled(False)
            if self.controller.drafts.draft.has_data:
                self._loading_timer.start()
            else:
                self._show_empty()
            return
        self._loading_timer.stop()
        if profile.source not in DATASETS and profile.format:
            self._recent.remember(profile)
            self._show_cards()
        self.data_settings.show_problems(())
        self.data_settings.show_profile(profile)
        self.profile_view.set_profile(profile, self.controller.drafts.draft)
        self._stack.setCurrentWidget(self.profile_view)
        self.next_button.setEnabled(profile.question is None)

    @Slot(object)
    def _on_rejected(self, problem: Rejected) -> None:
        rest = self.data_settings.show_problems(problem.problems)
        self._show_state()
        self._panel_action = self.controller.drafts.inspect_again
        if problem.message == CANCELLED:
            self.state_panel.show_state(
                "data",
                self.tr("Cancelled"),
                self.tr("Nothing is known of this data yet."),
                self.tr("Look at it again"),
            )
            return
        text = f"{problem.message}\n{problem.hint}".strip()
        if problem.problems:
            text = "\n".join(str(item) for item in rest)
            text = text or self.tr("The mistake is marked at its field.")
        source = self.controller.drafts.draft.source
        if source in DATASETS and DATASETS[source].is_remote and not problem.problems:
            self._panel_action = self.controller.drafts.download
            self.state_panel.show_state(
                "data", self.tr("Not on this machine yet"), text, self.tr("Download it")
            )
            return
        self.state_panel.show_state(
            "warning",
            self.tr("This data cannot be used yet"),
            text,
            self.tr("Look at it again"),
            is_error=True,
        )
        if problem.details:
            self.messages.show_error(problem.message, problem.hint, problem.details)

    @Slot()
    def _on_panel_action(self) -> None:
        self._panel_action()

    @Slot()
    def _on_next(self) -> None:
        self.page_requested.emit("model")
