"""Callers: who calls the chief before anybody knows them, heard side by side.

The port is open to strangers. One that is silent, slow, endless or not alone holds nobody up: each
has a few seconds for one message of limited size, and of too many the one that waits longest goes.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from dataclasses import dataclass, field
from typing import Final

from engine.training.cluster.link import (
    MAX_FIRST_BYTES,
    Message,
    frame_length,
    parse_message,
)

HELLO_S: Final = 5.0
"""How long a caller may take to say who it is."""
MAX_CALLERS: Final = 32
"""How many are listened to at a time."""

_BLOCK: Final = 1 << 16


@dataclass
class _Caller:
    until: float
    said: bytearray = field(default_factory=bytearray)


class Callers:
    """Hears callers until each has said its first message.

    Args:
        listener: Bound, and listening; stays the caller's own to close.
        hello_s: How long a caller may take.
    """

    def __init__(self, listener: socket.socket, hello_s: float = HELLO_S) -> None:
        self._listener = listener
        self._hello_s = hello_s
        self._waiting: dict[socket.socket, _Caller] = {}
        self._selector = selectors.DefaultSelector()
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ)

    def next(self, timeout_s: float) -> tuple[socket.socket, Message] | None:
        """Waits for a caller that has said something.

        Returns:
            Its connection, and its message; None where there was none in time.
        """
        for key, _ in self._selector.select(timeout_s):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            if connection is self._listener:
                self._accept()
            elif connection in self._waiting:
                message = self._hear(connection)
                if message is not None:
                    return connection, message
        now = time.monotonic()
        for connection, caller in list(self._waiting.items()):
            if caller.until < now:
                self._drop(connection)
        return None

    def close(self) -> None:
        """Lets go of all that have said nothing yet."""
        for connection in list(self._waiting):
            self._drop(connection)
        self._selector.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # it has gone already, or the process has no more files
            connection, _ = self._listener.accept()
            if len(self._waiting) >= MAX_CALLERS:
                self._drop(next(iter(self._waiting)))
            connection.setblocking(False)
            self._waiting[connection] = _Caller(time.monotonic() + self._hello_s)
            self._selector.register(connection, selectors.EVENT_READ)

    def _hear(self, connection: socket.socket) -> Message | None:
        """Takes what has arrived; the message, once it is whole."""
        said = self._waiting[connection].said
        try:
            part = connection.recv(_BLOCK)
            said += part
            length = frame_length(said, MAX_FIRST_BYTES)
            if not part or (length is not None and len(said) > length):
                raise ValueError("it has left, or says more than it may before it is answered")
            if length is None or len(said) < length:
                return None
            message = parse_message(said)
        except BlockingIOError:
            return None
        except (OSError, ValueError):
            self._drop(connection)
            return None
        self._forget(connection)
        connection.settimeout(self._hello_s)
        return message

    def _forget(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._waiting[connection]

    def _drop(self, connection: socket.socket) -> None:
        self._forget(connection)
        connection.close()
