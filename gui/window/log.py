"""The window's log, and what Qt says: into the log, and to people where it is the end.

A log that cannot be written is no reason to stop anything.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
import sys
from pathlib import Path
from typing import Final

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from engine import __version__
from engine.devices.clean_python import commands_program
from engine.devices.console.streams import LOG_FORM, LineFormatter
from engine.files.bounded import check_plain

logger = logging.getLogger(__name__)

LOG_BYTES: Final = 1_000_000
LOG_FILES: Final = 5

_LOST: Final = re.compile(r"(?:X11|Wayland) connection (?:broke|experienced a fatal error)")
_LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
}
_EXIT_LOST: Final = 1


class _Log(logging.handlers.RotatingFileHandler):
    """Goes on in silence where its disk is full or its folder is gone."""

    def handleError(self, record: logging.LogRecord) -> None:
        return


def start_log(workspace: Path) -> Path | None:
    """Writes the log to ``logs/window.log`` in the workspace, in files of limited size.

    Returns:
        The file; None where the workspace cannot be written. That is no reason not to start: the
        window says what is wrong with the workspace.
    """
    path = workspace / "logs" / "window.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_plain(path)  # whoever opens a pipe waits for somebody to read it
        handler = _Log(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    except OSError as error:
        logger.warning("No log can be written: %s", error)
        return None
    handler.setFormatter(LineFormatter(LOG_FORM))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    python = sys.version.split()[0]
    logger.info("The window starts, %s, Python %s, process %d", __version__, python, os.getpid())
    return path


def listen_to_qt() -> None:
    """Takes what Qt says into the log from now on; before the application is made."""
    qInstallMessageHandler(_on_message)


def _on_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    logging.getLogger("qt").log(_LEVELS.get(kind, logging.ERROR), "%s", text)
    if _LOST.search(text):
        _leave(
            "The display is gone, and with it the window.",
            "A training under way is stopped and kept: go on with it in another window, or with "
            f"{commands_program()} resume (see {commands_program()} runs list).",
        )
    if kind is QtMsgType.QtFatalMsg:
        _leave(
            f"The window cannot go on. Received: {text}",
            "A training under way is stopped and kept. Without a window, use the commands (see "
            f"{commands_program()} --help).",
        )


def _leave(what: str, hint: str) -> None:
    """Ends the process at once, before Qt aborts it.

    A worker that trains stops and saves, as its session is gone.
    """
    sys.stderr.write(f"Error: {what}\n  {hint}\n")
    sys.stderr.flush()
    logging.shutdown()
    os._exit(_EXIT_LOST)
