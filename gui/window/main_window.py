"""MainWindow: the workflow at the left, one page at a time, messages over it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.devices.console.escaping import escaped
from gui.pages.shared.page import Page
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.window.draft_keeper import DraftKeeper
from gui.window.file_drop import FileDrop
from gui.window.help_sheets import HelpSheets
from gui.window.message_toasts import MessageToasts
from gui.window.page_list import PAGES, page_class
from gui.window.page_loading import PAGE_GAP_MS, PageLoading
from gui.window.path_opening import PathOpener
from gui.window.plugin_notices import PluginNotices
from gui.window.rail import Rail
from gui.window.run_attention import RunAttention
from gui.window.run_notices import RunNotices
from gui.window.screen_fit import fit_to_screen
from gui.window.settings_notice import tell_of_settings
from gui.window.settings_sheet import SettingsSheet
from gui.window.stop_question import StopQuestion
from gui.window.tab_order import move_focus
from gui.window.window_actions import Shortcut, add_actions, do_last
from gui.window.workflow_bar import Step
from gui.window.workflow_hints import WorkflowHints

if TYPE_CHECKING:
    from gui.pages.model.model_page import ModelPage

logger = logging.getLogger(__name__)

MINIMUM_SIZE: Final = QSize(960, 500)
"""What 1024×640 leave beside a dock and below a panel, or full HD at scale 2."""
FIRST_SIZE: Final = QSize(1280, 800)
FOLDS_BELOW: Final = 1160
"""Narrower than this, the rail shows icons alone."""


class MainWindow(QMainWindow):
    """The window. Shows itself empty at once; pages come one per turn of the event loop.

    Signals:
        pages_built(): Every page is there.
        finished(): Training has stopped, threads and processes are gone, settings are saved.

    Args:
        controller: The engine's side of the window.
        settings: What is remembered between launches.
        log_path: The log file that messages refer to.
    """

    pages_built = Signal()
    finished = Signal()

    def __init__(
        self, controller: Controller, settings: Settings, log_path: Path | None = None
    ) -> None:
        super().__init__()
        self.controller = controller
        self.settings = settings
        self.pages: dict[str, Page] = {}
        self._is_engine_closed = self._is_finished = False
        self._loading = PageLoading(lambda: self.current_page, self)
        self._question: StopQuestion | None = None
        self.messages = Messages(self)
        self.rail = Rail(self._steps(), self.messages, log_path)
        self.bar = self.rail.bar
        self.status = self.rail.status
        self.theme_switch = self.rail.theme_switch
        self.sheets = HelpSheets(
            self,
            self._shortcut_groups,
            lambda: self.current_page,
            settings,
            (controller.workspace, log_path),
        )
        self.stack = QStackedWidget()
        self._room = QWidget()
        self.toasts = MessageToasts(self.messages, self._room, log_path)
        self._places = {name: self._place() for name in PAGES}
        self._build()
        add_actions(self, self._shortcuts())
        self.hints = WorkflowHints(controller, self.bar, self)
        self.run_notices = RunNotices(controller, self.messages, self)
        self.plugin_notices = PluginNotices(controller.plugins, self.messages, self)
        self._draft_keeper = DraftKeeper(controller.drafts, settings, self)
        self.attention = RunAttention(controller.training, settings, self)
        self.opener = PathOpener(self.pages, self)
        self.opener.page_requested.connect(self.show_page)
        self.pages_built.connect(self.opener.open_waiting)
        self._drop = FileDrop(self)
        self._drop.dropped.connect(self.opener.open)
        self._connect()
        self._show_run_text("")
        self._restore()

    # ---- building

    def _steps(self) -> list[Step]:
        titles = {
            "data": self.tr("Data"),
            "model": self.tr("Model"),
            "train": self.tr("Train"),
            "results": self.tr("Results"),
            "try": self.tr("Try it"),
            "runs": self.tr("Runs"),
        }
        return [Step(name, titles[name], name) for name in PAGES]

    def _place(self) -> QWidget:
        """Where a page will be."""
        place = QWidget()
        column = QVBoxLayout(place)
        column.setContentsMargins(0, 0, 0, 0)
        self.stack.addWidget(place)
        return place

    def _build(self) -> None:
        self.setMinimumSize(MINIMUM_SIZE)
        right = QVBoxLayout(self._room)
        right.setContentsMargins(0, 0, 0, 0)
        right.addWidget(self.stack)
        center = QWidget()
        row = QHBoxLayout(center)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self._room, 1)
        self.setCentralWidget(center)

    def _connect(self) -> None:
        controller = self.controller
        self.bar.step_picked.connect(self.show_page)
        self.stack.currentChanged.connect(self.toasts.follow_page)
        self.theme_switch.mode_picked.connect(self._on_mode)
        self.rail.help.shortcuts_requested.connect(self.sheets.show_shortcuts)
        self.rail.help.news_requested.connect(self.sheets.show_news)
        self.sheets.field_requested.connect(self.focus_field)
        self.rail.help.page_help_requested.connect(self.sheets.show_page_help)
        self.rail.help.about_requested.connect(self.sheets.show_about)
        self.rail.help.guide_requested.connect(self.show_guide)
        self.theme_switch.settings_wanted.connect(self.show_settings)
        self.hints.run_text_changed.connect(self._show_run_text)
        controller.worker_ready.connect(self.status.set_worker)
        controller.devices.described.connect(self.status.set_device_info)
        self.run_notices.continue_asked.connect(self._continue_run)
        self._loading.catalogue_loaded.connect(self._draft_keeper.restore)
        self._loading.page_loaded.connect(self._build_page)
        self._loading.all_loaded.connect(self._open_engine)
        self._loading.ended.connect(self._end_if_over)
        controller.closed.connect(self._on_closed)

    # ---- opening

    @Slot()
    def open(self) -> None:
        """Builds the pages and opens the engine; called once the window is painted."""
        QTimer.singleShot(PAGE_GAP_MS, self, self._begin)

    @Slot()
    def _begin(self) -> None:
        if not self.controller.is_closing:
            fit_to_screen(self)  # once more: the frame around it is known now
            self._loading.open()

    @Slot(str)
    def _build_page(self, name: str) -> None:
        place = self._places[name]
        page = page_class(name)(self.controller, self.messages, self.settings, place)
        page.page_requested.connect(self.show_page)
        page.field_requested.connect(self.focus_field)
        page.hint_changed.connect(partial(self.bar.set_hint, name))
        if page.hint:
            self.bar.set_hint(name, page.hint)
        layout = place.layout()
        assert layout is not None
        layout.addWidget(page)
        self.pages[name] = page
        if name == self.current_page:
            self._focus_page(name)

    @Slot()
    def _open_engine(self) -> None:
        self.controller.open()
        problem = self.controller.lock_problem
        if problem is not None:
            self.messages.show_warning(
                self.tr("{problem} You can look at everything here; Start is off.").format(
                    problem=problem.message
                ),
                problem.hint,
                is_lasting=True,
            )
        tell_of_settings(self.settings, self.messages)
        self.sheets.offer_news(self.messages)
        self.pages_built.emit()

    def _restore(self) -> None:
        geometry = self.settings.get_bytes("window/geometry")
        if geometry.isEmpty() or not self.restoreGeometry(geometry):
            self.resize(FIRST_SIZE)
        fit_to_screen(self)
        page = self.settings.get("window/page", "data")
        self.show_page(page if page in PAGES else "data")

    # ---- pages

    @property
    def is_finished(self) -> bool:
        """Everything behind the window has ended."""
        return self._is_finished

    @property
    def current_page(self) -> str:
        """Name of the page on screen."""
        return PAGES[self.stack.currentIndex()]

    def _shortcuts(self) -> Iterator[Shortcut]:
        for number, step in enumerate(self._steps(), start=1):
            yield Shortcut(step.title, partial(self.show_page, step.name), (f"Ctrl+{number}",))
        yield Shortcut(self.tr("Help"), self.rail.help.open_menu, ("Alt+H",))
        yield Shortcut(self.tr("About this page"), self.sheets.show_page_help, ("F1",))
        yield Shortcut(self.tr("Keyboard shortcuts"), self.sheets.show_shortcuts, ("?", "Ctrl+F1"))
        about = self.tr("Guide: about this architecture")
        yield Shortcut(about, self.show_guide, ("Shift+F1",))
        dismiss = self.toasts.dismiss_newest
        yield Shortcut(self.tr("Dismiss a message"), dismiss, ("Escape",))
        yield Shortcut(self.tr("Messages"), self.rail.bell.open_list, ("Ctrl+M",))
        yield Shortcut(self.tr("Settings"), self.show_settings, ("Ctrl+,",))
        yield Shortcut(self.tr("Undo"), self.messages.undo, ("Ctrl+Z",), is_last=True)
        yield Shortcut(self.tr("Close the window"), self.close, ("Ctrl+Q",))

    @Slot(str)
    def show_page(self, name: str) -> None:
        """Shows a page, by name."""
        self.stack.setCurrentWidget(self._places[name])
        self.bar.set_current(name)
        self.settings.set("window/page", name)
        self._focus_page(name)
        self.sheets.follow_page()

    @Slot(str)
    def show_guide(self, name: str = "") -> None:
        """Shows a page of the guide; without a name that of the picked architecture."""
        self.show_page("model")
        page = self.pages.get("model")
        if page is not None:
            cast("ModelPage", page).show_guide(name)

    @Slot()
    def show_settings(self) -> None:
        """Shows the settings of the window."""
        sheet = SettingsSheet(self.settings, self)
        sheet.mode_picked.connect(self.theme_switch.choose)
        sheet.open()

    @Slot(str)
    def focus_field(self, path: str) -> None:
        """Shows the page on which something is set, by its path in a `RunSpec`, and its field."""
        name = "model" if path.partition(".")[0] in ("model", "training") else "data"
        self.show_page(name)
        if name in self.pages:
            self.pages[name].focus_field(path)

    def focusNextPrevChild(self, next: bool) -> bool:
        page = self.pages.get(self.current_page)
        parts = page.tab_parts() if page is not None else ()
        parts = (self.rail, *parts, *self.toasts.bars)
        return move_focus(parts, self.focusWidget(), next) or super().focusNextPrevChild(next)

    def _focus_page(self, name: str) -> None:
        """Lets the page's own keys work at once."""
        page, focused = self.pages.get(name), QApplication.focusWidget()
        if page is not None and (focused is None or not page.isAncestorOf(focused)):
            page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _shortcut_groups(self) -> list[tuple[str, list[QAction]]]:
        titles = {step.name: step.title for step in self._steps()}
        pages = [(titles[name], page.actions()) for name, page in self.pages.items()]
        return [(self.tr("Window"), self.actions()), *pages]

    # ---- what the controller says

    @Slot(str)
    def _show_run_text(self, text: str) -> None:
        started = self.controller.training.started
        parts = [text, started.name if started is not None else "", "Descent"]
        title = " – ".join(part for part in parts if part) if text else "Descent"
        self.setWindowTitle(escaped(title))

    @Slot(str)
    def _continue_run(self, run: str) -> None:
        self.show_page("train")
        self.controller.continue_run(run)

    @Slot(str)
    def _on_mode(self, mode: str) -> None:
        self.settings.set("theme/mode", mode)

    # ---- keys and sizes that reach the window

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not do_last(self, event):
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < FOLDS_BELOW
        if is_narrow is not self.rail.is_folded:
            self.rail.set_folded(is_narrow)

    # ---- closing

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._is_finished:
            event.accept()
            return
        # First of all: an exception further down must not close the window on a running training.
        event.ignore()
        if self.controller.is_closing or self._question is not None:
            return
        if self.controller.training.is_active:
            self._ask_whether_to_stop()
        else:
            self._finish()

    @Slot()
    def close_now(self) -> None:
        """Closes without asking; a training under way is stopped and kept."""
        if not self.controller.is_closing:
            self._finish()

    def _ask_whether_to_stop(self) -> None:
        question = StopQuestion(self)
        question.stop.clicked.connect(self._finish)
        question.finished.connect(self._on_question_answered)
        self._question = question
        question.open()

    @Slot()
    def _on_question_answered(self) -> None:
        self._question = None

    @Slot()
    def _finish(self) -> None:
        """Saves the settings and lets the engine come to its end; `_on_closed` goes on."""
        self.settings.set_bytes("window/geometry", self.saveGeometry())
        self.settings.save()
        if not self.controller.training.is_active:
            self.hide()  # nothing is left to see; processes may take a moment to end
        self._loading.close()
        self.controller.close()

    @Slot()
    def _on_closed(self) -> None:
        self._is_engine_closed = True
        self._end_if_over()

    @Slot()
    def _end_if_over(self) -> None:
        """Ends once the engine is closed, and nothing is being imported any more."""
        if self._is_engine_closed and not self._loading.is_running:
            self._is_finished = True
            self.close()
            self.finished.emit()
