"""The window's program: application, theme, log, settings, and the order in which things start.

Nothing heavy happens before the first paint; TensorFlow is never imported in this process.
"""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import (
    QEvent,
    QObject,
    QSocketNotifier,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtWidgets import QApplication, QWidget

from engine.devices.console.startup import Ended, ending_code, ending_signals, ending_words
from engine.runs.workspace import default_workspace
from engine.spec.plugins.loading import PLUGINS
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.style.resources import application_icon
from gui.style.theme import MODES, current_theme
from gui.threads.garbage import GarbageCollector
from gui.window.log import listen_to_qt, start_log
from gui.window.main_window import MainWindow
from gui.window.path_opening import Application

if TYPE_CHECKING:
    from engine.service.session import Session
    from gui.window.single_instance import InstanceServer

logger = logging.getLogger(__name__)

WORKER_NICENESS: Final = 5
"""Training yields a little to the window when both want the same core."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the window.

    Args:
        argv: Arguments after the program's name; those of the process by default.

    Returns:
        The exit code: 0, or that of the signal that closed the window.
    """
    options = _parse(argv)
    listen_to_qt()
    application = QApplication.instance() or Application(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Descent")
    application.setApplicationDisplayName("Descent")
    application.setDesktopFileName("descent")
    # The window hides before the engine has ended; the program goes on until then.
    application.setQuitOnLastWindowClosed(False)
    workspace: Path = options.workspace or default_workspace()
    if options.path is not None:
        from gui.window.single_instance import hand_over

        if hand_over(workspace, options.path):
            return 0
    PLUGINS.defer()  # none is imported in this thread, which has no time to wait
    log_path = start_log(workspace)
    settings = Settings()
    mode = settings.get("theme/mode", "system")
    current_theme().set_mode(mode if mode in MODES else "system")
    current_theme().apply()
    application.setWindowIcon(application_icon())

    controller = Controller(workspace, partial(_session, workspace))
    window = MainWindow(controller, settings, log_path)
    window.finished.connect(application.quit)
    if options.path is not None:
        window.opener.open(str(options.path))
    if isinstance(application, Application):
        application.file_opened.connect(window.opener.open)
    instance = Instance(workspace, window)
    collector = GarbageCollector()
    window.pages_built.connect(collector.start)
    errors = ErrorHook(window.messages)
    errors.install()
    interrupt = InterruptHook(window)
    interrupt.install()
    opener = AfterFirstPaint(window)
    opener.painted.connect(window.open)
    window.show()
    code = application.exec()
    interrupt.uninstall()
    errors.uninstall()
    collector.stop()
    instance.close()
    if interrupt.number:
        ended = Ended(interrupt.number)
        sys.stderr.write(f"{ending_words(ended)}\n")
        return ending_code(ended)
    return code


def _session(workspace: Path) -> Session:
    """Makes a session with the engine; what that needs is imported by the thread that asks."""
    from engine.service.session import Session

    return Session(workspace, WORKER_NICENESS, can_ask=True)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="descent", description="Opens the Descent window.")
    parser.add_argument(
        "path",
        nargs="?",
        type=_absolute,
        metavar="FILE",
        help="a run to bring in (.descent), or data to show, as if it was dropped on the window",
    )
    parser.add_argument(
        "--workspace",
        type=_absolute,
        metavar="DIR",
        help="folder that holds the runs (default: the user's data directory)",
    )
    return parser.parse_args(argv)


def _absolute(text: str) -> Path:
    return Path(text).expanduser().absolute()


# ---- unexpected errors


class ErrorHook(QObject):
    """Shows unexpected exceptions in the window, from whichever thread they come.

    Args:
        messages: Where they are shown.
    """

    _caught = Signal(str, str)

    def __init__(self, messages: Messages) -> None:
        super().__init__(messages)
        self._messages = messages
        self._previous = (sys.excepthook, threading.excepthook)
        # From another thread, Qt queues this into the GUI thread.
        self._caught.connect(self._show)

    def install(self) -> None:
        """Begins to catch."""
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception

    def uninstall(self) -> None:
        """Puts back what was there before."""
        sys.excepthook, threading.excepthook = self._previous

    def _on_exception(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._previous[0](kind, error, trace)
            return
        logger.critical("Unexpected error", exc_info=(kind, error, trace))
        details = "".join(traceback.format_exception(kind, error, trace))
        self._caught.emit(f"{kind.__name__}: {error}", details)

    def _on_thread_exception(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self._on_exception(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    @Slot(str, str)
    def _show(self, what: str, details: str) -> None:
        self._messages.show_error(
            self.tr("Something unexpected went wrong. {what}").format(what=what),
            self.tr("Your runs are safe. Copy the details if you want to report it."),
            details,
        )


# ---- files that another start was given


class Instance(QObject):
    """Opens in a window what another start was given, as long as it has its workspace.

    Args:
        workspace: That of the window.
        window: It listens once its pages are there.
    """

    def __init__(self, workspace: Path, window: MainWindow) -> None:
        super().__init__(window)
        self._workspace = workspace
        self._window = window
        self._server: InstanceServer | None = None
        window.pages_built.connect(self._listen)

    def close(self) -> None:
        """Takes nothing more."""
        if self._server is not None:
            self._server.close()

    @Slot()
    def _listen(self) -> None:
        if self._window.controller.lock_problem is not None:
            return  # the window that has the workspace listens
        from gui.window.single_instance import InstanceServer

        self._server = InstanceServer(self._workspace, self)
        self._server.path_given.connect(self._open)

    @Slot(str)
    def _open(self, path: str) -> None:
        self._window.opener.open(path)
        self._window.setWindowState(self._window.windowState() & ~Qt.WindowState.WindowMinimized)
        self._window.raise_()
        self._window.activateWindow()


# ---- Ctrl-C and the end of a session


class InterruptHook(QObject):
    """Closes the window on Ctrl-C in the terminal, at its end, or when the system asks for it.

    Python runs signal handlers only between its own instructions, and a waiting event loop
    executes none; the byte that the signal writes into a socket wakes it.

    Args:
        window: What is closed.

    Attributes:
        number: Of the signal that came; 0: none.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.number = 0
        self._window = window
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_signal)
        self._previous: dict[int, object] = {}

    def install(self) -> None:
        """Begins to listen; only the main thread can."""
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in ending_signals():
            self._previous[number] = signal.signal(number, _ignore_here)

    def uninstall(self) -> None:
        """Puts back what was there before."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._notifier.setEnabled(False)
        self._reader.close()
        self._writer.close()

    @Slot()
    def _on_signal(self) -> None:
        try:
            arrived = self._reader.recv(64)
        except BlockingIOError:
            return
        known = [number for number in arrived if number in self._previous]
        if not known:
            return
        self.number = self.number or known[0]
        # Whoever presses Ctrl-C has answered the question already.
        self._window.close_now()


def _ignore_here(_number: int, _frame: object) -> None:
    """The byte in the socket does the work."""


class AfterFirstPaint(QObject):
    """Tells when a window has been painted for the first time.

    Signals:
        painted(): It has.
    """

    painted = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            # Queued: the paint itself comes first.
            QTimer.singleShot(0, self, self._emit)
        return False

    @Slot()
    def _emit(self) -> None:
        self.painted.emit()
