"""DataPage: pick data, look at it, say what is kept aside."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.datasets import DATASETS
from engine.datasets.base import Dataset
from engine.datasets.profile import Profile
from engine.datasets.table import SUFFIXES
from engine.events import Rejected
from engine.problem import Kind, Task
from gui.column_reader import ColumnReader
from gui.controller import Controller
from gui.draft import Draft
from gui.icons import icon
from gui.messages import Messages
from gui.pages.data_settings import DataSettings
from gui.pages.page import Page
from gui.settings import Settings
from gui.theme import SPACING, set_role
from gui.widgets.card_list import Card, CardList
from gui.widgets.profile_view import ProfileView
from gui.widgets.run_button import ICON_SIZE
from gui.widgets.state_panel import StatePanel

LIST_WIDTH: Final = 35 * SPACING
SETTINGS_WIDTH: Final = 32 * SPACING
LOADING_DELAY_MS: Final = 200
"""An answer that comes sooner replaces the old picture without a flicker in between."""
MAX_RECENT_FILES: Final = 8


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
        self._columns: dict[str, tuple[str, ...]] = {}
        self._reader = ColumnReader(self)
        self._reader.columns_read.connect(self._on_columns)
        self._reader.failed.connect(self._on_columns_failed)
        self._opening = ""
        self._shown_source: str | None = None
        # Each part is born where it will stay: moving a tree of widgets to another parent dresses
        # all of it anew, and a page is to be built in one short turn of the event loop.
        self._left = QWidget(self)
        self.search = QLineEdit(self._left)
        self.cards = CardList(2, self._left)
        self.open_button = QPushButton(self.tr("Open a CSV file…"), self._left)
        self._right = QWidget(self)
        self.title = QLabel(self._right)
        self.description = QLabel(self._right)
        self._stack = QStackedWidget(self._right)
        self.state_panel = StatePanel(self._stack)
        self._settings_area = QScrollArea(self._right)
        self.data_settings = DataSettings(controller, self._settings_area.viewport())
        self.next_button = QPushButton(self.tr("Next: choose a model"), self._right)
        self._loading_timer = QTimer(self)
        self._loading_timer.setSingleShot(True)
        self._loading_timer.setInterval(LOADING_DELAY_MS)
        self._loading_timer.timeout.connect(self._show_loading)
        self._build()
        self._connect()
        self.setFocusProxy(self.cards)
        self._show_draft(controller.draft)
        self._show_answer()
        QTimer.singleShot(0, self, self._make_profile_view)

    # ---- building

    @cached_property
    def profile_view(self) -> ProfileView:
        """What was found; made in a turn of its own, as its plot takes some milliseconds."""
        view = ProfileView(self.settings, self._stack)
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
        row.addWidget(self._build_content(), 3)

    def _build_list(self) -> QWidget:
        part = self._left
        part.setMinimumWidth(LIST_WIDTH)
        part.setMaximumWidth(LIST_WIDTH + 10 * SPACING)
        self.search.setPlaceholderText(self.tr("Search data"))
        self.search.setAccessibleName(self.tr("Search data"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.cards.set_filter)
        self.cards.setAccessibleName(self.tr("Datasets"))
        self.open_button.setIcon(icon("folder"))
        self.open_button.setIconSize(ICON_SIZE)
        self.open_button.setToolTip(
            self.tr("A table with a heading in its first line. You can also drop it on the window.")
        )
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.search)
        column.addWidget(self.cards, 1)
        column.addWidget(self.open_button)
        return part

    def _build_content(self) -> QWidget:
        set_role(self.title, "title")
        set_role(self.description, "muted")
        self.description.setWordWrap(True)
        self._stack.addWidget(self.state_panel)
        area = self._settings_area
        area.setWidget(self.data_settings)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedWidth(SETTINGS_WIDTH)
        area.viewport().setAutoFillBackground(False)
        self.data_settings.setAutoFillBackground(False)
        body = QHBoxLayout()
        body.setSpacing(3 * SPACING)
        body.addWidget(self._stack, 1)
        body.addWidget(area)
        set_role(self.next_button, "primary")
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.next_button)
        part = self._right
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.title)
        column.addWidget(self.description)
        column.addSpacing(SPACING)
        column.addLayout(body, 1)
        column.addLayout(foot)
        return part

    def _connect(self) -> None:
        self.cards.picked.connect(self._on_picked)
        self.open_button.clicked.connect(self.ask_for_file)
        self.next_button.clicked.connect(self._on_next)
        self.state_panel.action_requested.connect(self.ask_for_file)
        controller = self.controller
        controller.draft_changed.connect(self._on_draft)
        controller.profile_changed.connect(self._on_profile)
        controller.data_rejected.connect(self._on_rejected)
        search = QAction(self.tr("Search data"), self)
        search.setShortcut(QKeySequence.StandardKey.Find)
        search.triggered.connect(self.search.setFocus)
        open_file = QAction(self.tr("Open a CSV file"), self)
        open_file.setShortcut(QKeySequence.StandardKey.Open)
        open_file.triggered.connect(self.ask_for_file)
        for action in (search, open_file):
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            self.addAction(action)

    # ---- picking

    @Slot()
    def ask_for_file(self) -> None:
        """Lets the person pick a file, without holding up the window."""
        patterns = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        folder = self.settings.get("data/folder", "")
        dialog = QFileDialog(self, self.tr("Open a table"), folder)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(self.tr("Tables ({patterns})").format(patterns=patterns))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.open_file)
        dialog.open()

    @Slot(str)
    def open_file(self, path: str) -> None:
        """Opens a table: its last column is predicted until the person picks another."""
        path = str(Path(path).absolute())
        self._opening = path
        self.settings.set("data/folder", str(Path(path).parent))
        self._reader.read(path)

    @Slot(str)
    def _on_picked(self, name: str) -> None:
        if name in DATASETS:
            self.controller.choose_data(name)
        elif name in self._columns:
            self.controller.choose_data(name, self._columns[name][-1])
        else:
            self.open_file(name)

    @Slot(str, object)
    def _on_columns(self, path: str, columns: tuple[str, ...]) -> None:
        self._columns[path] = columns
        if path == self._opening:
            self._opening = ""
            self._remember_file(path)
            self.controller.choose_data(path, columns[-1])
        if path == self.controller.draft.source:
            self.data_settings.set_columns(columns)
            self._show_cards()

    @Slot(str, object)
    def _on_columns_failed(self, path: str, problem: Rejected) -> None:
        if path == self._opening:
            self._opening = ""
            self.cards.select(self.controller.draft.source)
            self.messages.show_error(problem.message, problem.hint, problem.details)

    def _remember_file(self, path: str) -> None:
        files = [path, *(item for item in self._recent_files() if item != path)]
        self.settings.set("data/recent_files", files[:MAX_RECENT_FILES])

    def _recent_files(self) -> list[str]:
        files = self.settings.get("data/recent_files", list[str]())
        return [item for item in files if isinstance(item, str)]

    # ---- showing

    @Slot(object)
    def _on_draft(self, draft: Draft) -> None:
        self._show_draft(draft)

    def _show_draft(self, draft: Draft) -> None:
        self._show_cards()
        self.cards.select(draft.source)
        self.data_settings.show_draft(draft)
        self._settings_area.setVisible(draft.has_data)
        if draft.source == self._shown_source:
            return
        self._shown_source = draft.source
        is_file = draft.has_data and draft.source not in DATASETS
        if is_file:
            self.title.setText(Path(draft.source).name)
            self.description.setText(draft.source)
            columns = self._columns.get(draft.source, ())
            self.data_settings.set_columns(columns)
            if not columns:
                self._reader.read(draft.source)
        elif draft.has_data:
            self.title.setText(DATASETS[draft.source].title)
            self.description.setText(DATASETS[draft.source].description)
        self.title.setVisible(draft.has_data)
        self.description.setVisible(draft.has_data)

    def _show_cards(self) -> None:
        cards = [self._card(dataset) for dataset in DATASETS]
        order = (self.tr("Images"), self.tr("Tables"), self.tr("Made on the spot"))
        cards.sort(key=lambda card: order.index(card.group))
        group = self.tr("Your files")
        files = self._recent_files()
        source = self.controller.draft.source
        if source and source not in DATASETS and source not in files:
            files.insert(0, source)
        cards += [Card(path, Path(path).name, path, "file", group=group) for path in files]
        self.cards.set_cards(cards)

    def _card(self, dataset: Dataset) -> Card:
        if dataset.kind is Kind.IMAGE:
            group, picture = self.tr("Images"), "image"
        elif "seed" in dataset.parameters.model_fields:
            group, picture = self.tr("Made on the spot"), "scatter"
        else:
            group, picture = self.tr("Tables"), "table"
        is_classes = dataset.task is Task.CLASSIFICATION
        badge = self.tr("classes") if is_classes else self.tr("numbers")
        return Card(dataset.name, dataset.title, dataset.description, picture, badge, group)

    def _show_answer(self) -> None:
        """Shows what the controller knows already; a page may be built after an answer came."""
        controller = self.controller
        if controller.profile is not None:
            self._on_profile(controller.profile)
        elif controller.data_problem is not None:
            self._on_rejected(controller.data_problem)
        elif controller.draft.has_data:
            self._show_loading()
        else:
            self._show_empty()

    def _show_state(self) -> None:
        self._loading_timer.stop()
        self.next_button.setEnabled(False)
        self._stack.setCurrentWidget(self.state_panel)

    def _show_empty(self) -> None:
        self._show_state()
        self.state_panel.show_state(
            "data",
            self.tr("Pick some data to start with"),
            self.tr(
                "“Handwritten digits” is a good first choice. "
                "Or open a table of your own: drop a CSV file on this window."
            ),
            self.tr("Open a CSV file…"),
        )

    @Slot()
    def _show_loading(self) -> None:
        self._show_state()
        self.state_panel.show_state("data", self.tr("Loading the data…"), is_busy=True)

    @Slot(object)
    def _on_profile(self, profile: Profile | None) -> None:
        if profile is None:
            self.next_button.setEnabled(False)
            if self.controller.draft.has_data:
                self._loading_timer.start()
            else:
                self._show_empty()
            return
        self._loading_timer.stop()
        self.data_settings.show_problems(())
        self.profile_view.set_profile(profile)
        self._stack.setCurrentWidget(self.profile_view)
        self.next_button.setEnabled(True)

    @Slot(object)
    def _on_rejected(self, problem: Rejected) -> None:
        rest = self.data_settings.show_problems(problem.problems)
        text = "\n".join(str(item) for item in rest) if problem.problems else problem.message
        if problem.problems and not rest:
            text = self.tr("The mistake is marked at its field.")
        self._show_state()
        text = f"{text}\n{problem.hint}".strip() if not problem.problems else text
        self.state_panel.show_state(
            "warning", self.tr("This data cannot be used yet"), text, is_error=True
        )
        if problem.details:
            self.messages.show_error(problem.message, problem.hint, problem.details)

    @Slot()
    def _on_next(self) -> None:
        self.page_requested.emit("model")
