"""Link: messages between two workers, and the knowledge whether the other one still lives.

TensorFlow's collectives wait for ever for a process that is gone. A link knows within a moment
that a process has ended, and within half a minute that a machine has vanished or hangs. Each link
has two threads of its own: one reads, the other gives signs of life.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

from engine.files.bounded import parse_object

Message = dict[str, Any]

BEAT_S = 2.0
SILENCE_S = 30.0
"""A worker that gives no sign for this long counts as gone. It gives one every two seconds, but
importing and tracing may hold up its threads for a few."""

MAX_BYTES = 64 << 20
"""A longer message is none of ours; what is sent is a spec and progress, some kilobytes."""

MAX_FIRST_BYTES = 1 << 20
"""Nor is a longer one before both sides know each other."""
MAX_DEPTH = 32
"""Nor is a deeper one."""

_LENGTH = struct.Struct("!I")


class Lost(Exception):
    """The other side is gone; says why, to be read after its name: ``has ended``."""


class Link:
    """Carries JSON messages to and from another worker.

    Args:
        connection: Connected; closed with the link.
        on_lost: Told once, from the reading thread, that the other side is gone.
        on_ask: Told, from the reading thread, that someone there wants the training to stop.
        silence_s: How long it may be silent.
        beat_s: How often a sign of life is given.
    """

    def __init__(
        self,
        connection: socket.socket,
        on_lost: Callable[[], None] = lambda: None,
        on_ask: Callable[[], None] = lambda: None,
        silence_s: float = SILENCE_S,
        beat_s: float = BEAT_S,
    ) -> None:
        self._connection = connection
        self._on_lost = on_lost
        self._on_ask = on_ask
        self._beat_s = beat_s
        self._sending = threading.Lock()
        self._arrived: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._reason = ""
        self._has_left = False
        connection.settimeout(silence_s)
        with contextlib.suppress(OSError):  # not all kinds of sockets have it
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._threads = [
            threading.Thread(target=self._read, name="link-reader", daemon=True),
            threading.Thread(target=self._beat, name="link-beat", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def lost(self) -> str:
        """Why the other side is gone; empty while it lives, or left when all was done."""
        return self._reason

    def send(self, message: Message) -> None:
        """Sends a message.

        Raises:
            Lost: The other side is gone.
        """
        try:
            self._send(message)
        except OSError:
            # The reader knows better why, as a rule: it has what was said last.
            self._over.wait(2 * self._beat_s)
            raise Lost(self._reason or "has ended") from None

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """Waits for a message.

        Returns:
            The message; None where none came in time.

        Raises:
            Lost: The other side is gone.
        """
        try:
            message = self._arrived.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if message is None:
            self._arrived.put(None)  # whoever asks again is told the same
            raise Lost(self._reason or "has ended")
        return message

    def ask_to_stop(self) -> None:
        """Lets the other side know that someone here wants to stop."""
        with contextlib.suppress(OSError):  # then it ends anyway
            self._send({"ask": "stop"})

    def say_failed(self, failure: str) -> None:
        """Lets the other side know at once that the training cannot go on."""
        with contextlib.suppress(OSError):
            self._send({"leaves": failure})

    def close(self, failure: str = "") -> None:
        """Says goodbye and ends.

        Args:
            failure: What went wrong here, a sentence; empty: nothing.
        """
        self.say_failed(failure)
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        self._over.set()
        # Until the other side has read it, closing could take the last words away.
        self._threads[0].join(1.0)
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _send(self, message: Message) -> None:
        data = json.dumps(message).encode()
        with self._sending:
            self._connection.sendall(_LENGTH.pack(len(data)) + data)

    def _beat(self) -> None:
        while not self._over.wait(self._beat_s):
            with contextlib.suppress(OSError):  # the reader finds out, too
                self._send({"beat": True})

    def _read(self) -> None:
        reason = "has ended"
        try:
            while not self._has_left:
                message = read_message(self._connection)
                if message is None:
                    break
                reason = self._take(message) or reason
        except TimeoutError:
            reason = "has given no sign for too long: it hangs, or its machine is out of reach"
        except (OSError, ValueError):
            reason = "has ended"
        if self._has_left and reason == "has ended":
            reason = ""
        was_over = self._over.is_set()
        self._reason = "" if was_over else reason
        self._over.set()
        self._arrived.put(None)
        if self._reason:
            self._on_lost()

    def _take(self, message: Message) -> str:
        """Takes a message in; why the other side failed, if it says so."""
        if "leaves" in message:
            self._has_left = True
            return f"has failed: {message['leaves']}" if message["leaves"] else ""
        if message.get("ask") == "stop":
            self._on_ask()
        elif "beat" not in message:
            self._arrived.put(message)
        return ""


def send_message(connection: socket.socket, message: Message) -> None:
    """Sends a message through a bare connection."""
    data = json.dumps(message).encode()
    connection.sendall(_LENGTH.pack(len(data)) + data)


def read_message(
    connection: socket.socket, limit: int = MAX_BYTES, until: float | None = None
) -> Message | None:
    """Reads a message; None at the end of the connection.

    Args:
        connection: Its timeout is that of each part, unless `until` is given.
        limit: The most bytes that it may have.
        until: The moment, of `time.monotonic`, at which all of it must be there.

    Raises:
        ValueError: What arrives is no message of a worker.
        OSError: The connection broke, or nothing came in time.
    """
    head = _read_exactly(connection, _LENGTH.size, until)
    if not head:
        return None
    length = frame_length(head, limit)
    assert length is not None
    return parse_message(head + _read_exactly(connection, length - len(head), until))


def frame_length(said: bytes | bytearray, limit: int) -> int | None:
    """How many bytes a message has whose beginning is this; None: it is not told yet.

    Raises:
        ValueError: They are more than `limit`.
    """
    if len(said) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(said)
    if length > limit:
        raise ValueError(f"a message of {length:,} bytes")
    return int(length) + _LENGTH.size


def parse_message(said: bytes | bytearray) -> Message:
    """Returns what a whole message says.

    Raises:
        ValueError: It is no message of a worker: no JSON object, or one that is too deep.
    """
    return parse_object(bytes(said[_LENGTH.size :]), MAX_DEPTH)


def _read_exactly(connection: socket.socket, length: int, until: float | None) -> bytes:
    found = bytearray()
    while len(found) < length:
        if until is not None:
            connection.settimeout(max(until - time.monotonic(), 0.001))
        part = connection.recv(min(length - len(found), 1 << 20))
        if not part:
            return b""
        found += part
    return bytes(found)
