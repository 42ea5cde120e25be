"""RunsPage: every run of the workspace: find, compare, name, reuse, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QAction, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.events.insights import Insight
from engine.events.run_events import RunEnded, RunEvent, RunState, StepsDone
from engine.runs.record import KEPT_DAYS
from gui.formatting.numbers import counted
from gui.pages.runs.run_filter import DELETED, RunFilter
from gui.pages.runs.run_import import RunImport
from gui.pages.runs.run_list import RunList
from gui.pages.runs.run_menu import RunMenu
from gui.pages.runs.run_overlay import RunOverlay
from gui.pages.runs.run_table import RunsModel, RunsProxy
from gui.pages.shared.page import Page
from gui.pages.shared.run_continue import continue_run
from gui.pages.shared.run_reuse import use_settings
from gui.state.continuing import Continuation
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role
from gui.widgets.notice import Notice
from gui.widgets.shortcut_button import ShortcutButton

if TYPE_CHECKING:
    from engine.runs.record import RunRecord

FOLLOW_MS = 250


class RunsPage(Page):
    """A table of runs, and under it the curves of those selected."""

    def __init__(
        self,
        controller: Controller,
        messages: Messages,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(controller, messages, settings, parent)
        self._events: list[RunEvent] = []
        self.search = QLineEdit()
        self.model = RunsModel(self)
        self.proxy = RunsProxy(self.model, self)
        self.table = RunList(self.model, self.proxy, settings)
        self.filter = RunFilter()
        self.overlay_plot = RunOverlay(controller, settings)
        self.bring_in = RunImport(controller, messages, settings, self)
        self.empty = Notice()
        self._stack = QStackedWidget()
        self._make_buttons()
        self._build()
        self._follow_timer = QTimer(self)
        self._follow_timer.setSingleShot(True)
        self._follow_timer.setInterval(FOLLOW_MS)
        self._follow_timer.timeout.connect(self._follow)
        self._connect()
        self._on_runs_changed()

    # ---- building

    def _make_buttons(self) -> None:
        self.open = ShortcutButton(self.tr("Results"), "results", self.open_results, self, "Ctrl+O")
        self.reuse = ShortcutButton(
            self.tr("Use these settings"), "reset", self.use_settings, self, "Ctrl+U"
        )
        self.go_on = ShortcutButton(
            self.tr("Continue"),
            "next",
            self.continue_selected,
            self,
            "Ctrl+Shift+Return",
            help_text=self.tr("Go on with the selected run from its last checkpoint"),
        )
        self.rename = ShortcutButton(self.tr("Rename"), "rename", self.edit_name, self, "F2")
        self.note = ShortcutButton(self.tr("Note"), "note", self.edit_note, self, "Ctrl+E")
        self.delete = ShortcutButton(self.tr("Delete"), "delete", self.delete_selected, self, "Del")
        self.restore = ShortcutButton(
            self.tr("Restore"),
            "restore",
            self.restore_selected,
            self,
            "Ctrl+R",
            help_text=self.tr("Bring the selected runs back into the list"),
        )
        self.overlay = ShortcutButton(
            self.tr("Overlay curves"),
            "overlay",
            self._toggle_overlay,
            self,
            "Ctrl+L",
            help_text=self.tr("Lay the curves of the selected runs over each other"),
        )
        # A key that edits text elsewhere acts on runs only while the table has the focus.
        self.delete.action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.table.addAction(self.delete.action)
        buttons = (self.open, self.go_on, self.reuse, self.rename, self.note)
        self.run_buttons = (*buttons, self.delete, self.restore)
        self.menu = RunMenu(
            self.table, self.run_buttons, self.selected_runs, self.controller.workspace
        )

    def _build(self) -> None:
        title = Label(self.tr("Runs"))
        set_role(title, "title")
        self.search.setPlaceholderText(self.tr("Search by name, data, model, state or note"))
        self.search.setAccessibleName(self.tr("Search runs"))
        self.search.setClearButtonEnabled(True)
        header = QHBoxLayout()
        header.setSpacing(3 * SPACING)
        header.addWidget(title)
        header.addWidget(self.search, 1)
        header.addWidget(self.filter)
        header.addWidget(self.bring_in)
        header.addWidget(self.overlay)
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        for button in self.run_buttons:
            row.addWidget(button)
        row.addStretch(1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setHandleWidth(2 * SPACING)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self.overlay_plot)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 1)
        self._stack.addWidget(self.splitter)
        self._stack.addWidget(self._empty_place())
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * SPACING, 2 * SPACING, 3 * SPACING, 2 * SPACING)
        column.setSpacing(2 * SPACING)
        column.addLayout(header)
        column.addLayout(row)
        column.addWidget(self._stack, 1)

    def _empty_place(self) -> QWidget:
        place = QWidget()
        column = QVBoxLayout(place)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.empty)
        column.addStretch(1)
        return place

    def _connect(self) -> None:
        self.search.textChanged.connect(self._on_search)
        self.filter.chosen.connect(self._on_filter)
        self.table.open_asked.connect(self.open_results)
        self.table.selectionModel().selectionChanged.connect(self._on_selection)
        self.model.rename_asked.connect(self.controller.repository.rename)
        self.model.note_asked.connect(self.controller.repository.set_note)
        self.controller.repository.runs_changed.connect(self._on_runs_changed)
        self.controller.training.run_event.connect(self._on_run_event)
        self.controller.training.state_changed.connect(self._on_state)
        self.empty.activated.connect(self._on_empty_activated)
        current_theme().changed.connect(self.model.recolor)
        find = QAction(self.tr("Search runs"), self)
        find.setShortcut(QKeySequence.StandardKey.Find)
        find.triggered.connect(self._on_find)
        self.addAction(find)
        self._show_overlay(self.settings.get("runs/overlay", False))

    # ---- what is selected

    def selected_runs(self) -> list[RunRecord]:
        """Returns the selected runs, in the order of the table."""
        return self.table.selected_records()

    @Slot()
    def _on_selection(self) -> None:
        records = self.selected_runs()
        is_one, is_deleted = len(records) == 1, self.filter.is_deleted
        self.reuse.show_as(True, is_one)
        for button in (self.open, self.rename, self.note):
            button.show_as(True, is_one and not is_deleted)
        self._show_whether_it_can_go_on()
        has_ended = any(not record.state.is_active for record in records)
        self.delete.show_as(not is_deleted, has_ended)
        self.restore.show_as(is_deleted, bool(records))
        self.overlay_plot.choose([record.id for record in records])

    # ---- actions

    def open_path(self, path: str) -> None:
        """Brings a run in that was dropped."""
        self.bring_in.bring_in(path)

    @Slot()
    def open_results(self) -> None:
        """Shows the results of the selected run, unless it is deleted."""
        records = self.selected_runs()
        if len(records) == 1 and not self.filter.is_deleted:
            self.controller.repository.read_result(records[0].id)
            self.page_requested.emit("results")

    def _show_whether_it_can_go_on(self) -> None:
        records = self.selected_runs()
        found = Continuation.NO
        if len(records) == 1 and not self.controller.training.is_active:
            found = self.controller.repository.continuation(records[0].id)
        can_go_on = found is not Continuation.NO and not self.controller.is_read_only
        is_longer = found is Continuation.EXTEND
        text = self.tr("Continue…") if is_longer else self.tr("Continue")
        self.go_on.show_as(True, can_go_on, text)

    @Slot()
    def continue_selected(self) -> None:
        """Goes on with the selected run; of a finished one, asks first how many more epochs."""
        records = self.selected_runs()
        if len(records) == 1:
            continue_run(self.controller, records[0].id, self.go_on)

    @Slot()
    def use_settings(self) -> None:
        """Makes the selected run's settings the draft."""
        records = self.selected_runs()
        if len(records) == 1:
            use_settings(records[0], self)

    @Slot()
    def edit_name(self) -> None:
        """Edits the selected run's name in place."""
        self.table.edit_selected("name")

    @Slot()
    def edit_note(self) -> None:
        """Edits the selected run's note in place."""
        self.table.edit_selected("note")

    @Slot()
    def delete_selected(self) -> None:
        """Deletes the selected runs; a message offers to bring them back."""
        records = [record for record in self.selected_runs() if not record.state.is_active]
        if not records:
            return
        repository, runs = self.controller.repository, [record.id for record in records]
        repository.delete(*runs)
        one, many = self.tr("“{name}” was deleted."), self.tr("{runs} were deleted.")
        self._offer_undo(records, one, many, partial(repository.restore, *runs))

    @Slot()
    def restore_selected(self) -> None:
        """Brings the selected runs back; a message offers to delete them again."""
        records = self.selected_runs()
        if records and self.filter.is_deleted:
            repository, runs = self.controller.repository, [record.id for record in records]
            repository.restore(*runs)
            one, many = (
                self.tr("“{name}” is back in the list."),
                self.tr("{runs} are back in the list."),
            )
            self._offer_undo(records, one, many, partial(repository.delete, *runs))

    def _offer_undo(
        self, records: Sequence[RunRecord], one: str, many: str, undo: Callable[[], None]
    ) -> None:
        """Says what was done to a run, or to many, with a button that undoes it."""
        text = one.format(name=records[0].name)
        if len(records) > 1:
            text = many.format(runs=self._count(len(records)))
        self.messages.show_done(text, undo)

    @Slot()
    def _toggle_overlay(self) -> None:
        self._show_overlay(self.overlay_plot.isHidden())

    def _show_overlay(self, is_shown: bool) -> None:
        self.settings.set("runs/overlay", is_shown)
        self.overlay_plot.setVisible(is_shown)
        self.overlay.setText(self.tr("Hide curves") if is_shown else self.tr("Overlay curves"))

    # ---- following

    def showEvent(self, event: QShowEvent) -> None:
        """Reads the list again: the command line may have added runs."""
        super().showEvent(event)
        if self.controller.repository.is_read:
            self.controller.repository.refresh()

    @Slot()
    def _on_runs_changed(self) -> None:
        deleted = self.controller.repository.deleted
        self.filter.show_deleted_count(len(deleted))
        self.model.set_records(
            deleted if self.filter.is_deleted else self.controller.repository.runs
        )
        if self.controller.training.run is not None and self.controller.training.is_active:
            self._on_state(self.controller.training.state)
        self._show_what_there_is()
        self._on_selection()
        QTimer.singleShot(0, self.table, self.table.show_settings)  # after the list is painted

    @Slot()
    def _on_filter(self) -> None:
        """Lists other runs."""
        self.table.clearSelection()
        self.proxy.keep_states(self.filter.states)
        self.table.show_deleted(self.filter.is_deleted)
        self._on_runs_changed()

    def _show_what_there_is(self) -> None:
        self._stack.setCurrentIndex(0 if self.proxy.rowCount() else 1)
        if not self.controller.repository.is_read:
            self.empty.show_text(self.tr("Reading the runs…"))
        elif self.model.rowCount():
            self._show_that_none_is_found()
        elif self.filter.is_deleted:
            text = self.tr("A run that you delete can be brought back here for {n} days.")
            self.empty.show_text(self.tr("No deleted runs."), hint=text.format(n=KEPT_DAYS))
        elif n_deleted := len(self.controller.repository.deleted):
            one, many = self.tr("{n} deleted run"), self.tr("{n} deleted runs")
            text = self.tr("There are {runs}, which can be brought back.")
            text = text.format(runs=counted(n_deleted, one, many))
            self.empty.show_text(self.tr("No runs."), "muted", text, self.tr("Show them"), DELETED)
        else:
            self.empty.show_text(
                self.tr("No runs yet."),
                "accent",
                self.tr("Every training is kept here, with its curves, settings and results."),
                self.tr("Go to Train"),
                "train",
            )
        n_runs = len(self.controller.repository.runs)
        self.hint_changed.emit(self._count(n_runs) if n_runs else "")

    @Slot(str)
    def _on_empty_activated(self, target: str) -> None:
        if target == DELETED:
            self.filter.choose(DELETED)
        else:
            self.page_requested.emit(target)

    def _show_that_none_is_found(self) -> None:
        if self.search.text():
            text = self.tr("No run holds “{text}”.").format(text=self.search.text())
            self.empty.show_text(text, hint=self.tr("Search for fewer or other words."))
        else:
            text = self.tr("No run is in the state “{state}”.")
            text = text.format(state=self.filter.currentText())
            self.empty.show_text(text, hint=self.tr("Choose another state above, or all runs."))

    def _count(self, n: int) -> str:
        return counted(n, self.tr("{n} run"), self.tr("{n} runs"))

    @Slot(object)
    def _on_run_event(self, event: RunEvent) -> None:
        if isinstance(event, StepsDone | Insight):
            return
        self._events.append(event)
        if isinstance(event, RunEnded):
            self._follow()
        elif not self._follow_timer.isActive():
            self._follow_timer.start()

    @Slot()
    def _follow(self) -> None:
        self.model.follow(self._events)
        self._events.clear()

    @Slot(object)
    def _on_state(self, state: RunState | None) -> None:
        self._show_whether_it_can_go_on()
        if state is RunState.PREPARING and self.isVisible():
            self.page_requested.emit("train")  # a run was continued here
        if state is not None and self.controller.training.run is not None:
            self.model.set_state(self.controller.training.run, state)

    # ---- small things

    @Slot(str)
    def _on_search(self, text: str) -> None:
        self.proxy.search(text)
        self._show_what_there_is()

    @Slot()
    def _on_find(self) -> None:
        self.search.setFocus()
        self.search.selectAll()
