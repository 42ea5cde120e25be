"""Files that a second start was given go to the window that is open: it alone may change its runs.

Both ends are of one user, who alone may connect. The window's end is made in the GUI thread once
the pages are there; the other one waits, before it would make a window of its own.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import logging
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

logger = logging.getLogger(__name__)

_ANSWER_MS: Final = 2_000
_LONGEST: Final = 64 << 10  # bytes of a message
_TAKEN: Final = b"taken\n"


def hand_over(workspace: Path, path: Path) -> bool:
    """Gives a path to the window that has a workspace.

    Returns:
        Whether it took it; False: there is no such window, or it does not answer.
    """
    client = QLocalSocket()
    client.connectToServer(server_name(workspace))
    if not client.waitForConnected(_ANSWER_MS):
        return False
    client.write(json.dumps({"open": str(path)}).encode() + b"\n")
    answer = b""
    while not answer.endswith(b"\n") and client.waitForReadyRead(_ANSWER_MS):
        answer += client.readAll().data()
    client.abort()
    return answer == _TAKEN


def server_name(workspace: Path) -> str:
    """What the window of a workspace is found by, of this user."""
    told = f"{getpass.getuser()}\n{workspace.resolve()}"
    return f"descent-{hashlib.sha256(told.encode()).hexdigest()[:24]}"


class InstanceServer(QObject):
    """Takes paths for a window.

    Args:
        workspace: The window has it.

    Signals:
        path_given(str): An absolute path that is to be opened.
    """

    path_given = Signal(str)

    def __init__(self, workspace: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connected)
        name = server_name(workspace)
        # What a window left that was killed; one that lives has the workspace, and this has not.
        QLocalServer.removeServer(name)
        if not self._server.listen(name):
            logger.warning("Nothing can be given to this window: %s", self._server.errorString())

    def close(self) -> None:
        """Takes nothing more."""
        self._server.close()

    @Slot()
    def _on_connected(self) -> None:
        while (client := self._server.nextPendingConnection()) is not None:
            client.readyRead.connect(self._on_ready)
            client.disconnected.connect(client.deleteLater)
            self._read(client)  # what came before anyone listened

    @Slot()
    def _on_ready(self) -> None:
        client = self.sender()
        assert isinstance(client, QLocalSocket)
        self._read(client)

    def _read(self, client: QLocalSocket) -> None:
        if client.bytesAvailable() > _LONGEST:
            client.abort()
        elif client.canReadLine():
            path = _path_in(bytes(client.readLine(_LONGEST).data()))
            if path is None:
                client.abort()
                return
            client.write(_TAKEN)
            client.flush()
            self.path_given.emit(path)


def _path_in(line: bytes) -> str | None:
    """What a message asks to be opened; None: it is none of ours."""
    from engine.files.bounded import DAMAGED, member, parse_object

    try:
        path = member(parse_object(line.decode()), "open", str)
    except (*DAMAGED, UnicodeDecodeError):
        return None
    return path if Path(path).is_absolute() else None
