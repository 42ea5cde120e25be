"""RunAttention: tells of the end of a long run where the person works in another window."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from engine.events.run_events import RunEnded, RunEvent, RunStarted
from gui.state.run_controller import RunController
from gui.state.settings import Settings

LONG_S: Final = 30.0
"""Whoever waited for less is still looking."""
NOTIFY: Final = "notify/end"
SOUND: Final = "notify/sound"


class RunAttention(QObject):
    """A notification of the system, a badge, and a sound where that is wanted.

    Args:
        training: Whose runs.
        settings: What is wanted.
        window: Comes to the front when the notification is clicked.
    """

    def __init__(self, training: RunController, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._training = training
        self._settings = settings
        self._window = window
        self._started_s = 0.0
        self._tray: QSystemTrayIcon | None = None
        training.run_event.connect(self._on_run_event)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        self._application = application
        application.applicationStateChanged.connect(self._on_application_state)

    @Slot(object)
    def _on_run_event(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted):
            self._started_s = time.monotonic()
        elif isinstance(event, RunEnded):
            is_long = time.monotonic() - self._started_s >= LONG_S
            if is_long and not self._window.isActiveWindow() and self._settings.get(NOTIFY, True):
                started = self._training.started
                self.tell(started.name if started is not None else "Descent", event.reason)

    def tell(self, title: str, text: str) -> None:
        """Asks for attention.

        Args:
            title: What ended.
            text: How.
        """
        QApplication.alert(self._window)
        self._application.setBadgeNumber(1)
        if self._settings.get(SOUND, False):
            QApplication.beep()
        if QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
            if self._tray is None:
                self._tray = QSystemTrayIcon(self._window.windowIcon(), self)
                self._tray.messageClicked.connect(self._on_clicked)
                self._tray.activated.connect(self._on_clicked)
            self._tray.show()
            self._tray.showMessage(title, text, self._window.windowIcon())

    @Slot()
    def _on_clicked(self) -> None:
        self._window.setWindowState(self._window.windowState() & ~Qt.WindowState.WindowMinimized)
        self._window.raise_()
        self._window.activateWindow()

    @Slot(Qt.ApplicationState)
    def _on_application_state(self, state: Qt.ApplicationState) -> None:
        """The person is back: nothing asks for attention any more."""
        if state is Qt.ApplicationState.ApplicationActive:
            self._application.setBadgeNumber(0)
            if self._tray is not None:
                self._tray.hide()
