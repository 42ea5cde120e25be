"""Session: one worker process and the pipe to it.

`run` blocks, so it is called from a thread that may wait; `control`, `kill` and `pid` may be used
from any thread meanwhile.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import secrets
import signal
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from engine import worker
from engine.events import (
    Command,
    Control,
    Event,
    Leave,
    Rejected,
    RunInterrupted,
    RunStarted,
    Terminal,
)

LOG_TAIL_BYTES = 4_000


class Session:
    """Asks a worker process, which is spawned at the first question and anew if it has died.

    Args:
        workspace: The folder that holds the runs.
        niceness: How much the worker yields to other processes, as with `nice`. A little keeps a
            window fluent while training uses every core.
    """

    def __init__(self, workspace: Path, niceness: int = 0) -> None:
        self._workspace = workspace
        self._niceness = niceness
        self._lock = threading.Lock()
        self._sending = threading.Lock()  # controls come from another thread than commands
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._log_path: Path | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The worker's process id, or None while there is none."""
        process = self._process
        return process.pid if process is not None else None

    def run(self, command: Command) -> Iterator[Event]:
        """Yields what the worker says to a command; the last event is the only `Terminal`.

        A worker that dies meanwhile is answered for: with `RunInterrupted` once a run had started,
        with `Rejected` before.
        """
        run = ""
        try:
            connection = self._start()
            self._send(connection, command)
            while True:
                event = connection.recv()
                if isinstance(event, RunStarted):
                    run = event.run
                yield event
                if isinstance(event, Terminal):
                    return
        except (EOFError, OSError):
            yield self._last_words(run)

    def control(self, control: Control) -> None:
        """Asks something of the training under way; returns at once."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                self._send(connection, control)

    def _send(self, connection: Connection, message: Command | Control) -> None:
        with self._sending:
            connection.send(message)

    def kill(self) -> None:
        """Ends the worker at once. What it recorded is kept."""
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def close(self, timeout_s: float = 7.0) -> None:
        """Lets the worker stop, save and end; kills it when that takes longer.

        Args:
            timeout_s: Seconds to wait for it.
        """
        with self._lock:
            self._closed = True
            process, connection = self._process, self._connection
        if process is None or connection is None:
            return
        # Not closed from here: `run` may be reading, and its reader would fail in odd ways.
        with contextlib.suppress(OSError):
            self._send(connection, Leave())
        process.join(timeout_s)
        if process.is_alive():
            process.kill()
            process.join()
        with self._lock:
            self._process = self._connection = None

    def _start(self) -> Connection:
        with self._lock:
            if self._closed:
                raise OSError("The session is closed.")
            if self._process is not None and self._process.is_alive() and self._connection:
                return self._connection
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            logs = self._workspace / "logs"
            logs.mkdir(parents=True, exist_ok=True)
            self._log_path = logs / f"worker-{secrets.token_hex(4)}.log"
            self._process = context.Process(
                target=worker.main,
                args=(theirs, self._workspace, self._log_path, self._niceness),
                name="descent-worker",
                daemon=True,
            )
            self._process.start()
            theirs.close()  # so that the pipe ends when the worker does
            self._connection = ours
            return ours

    def _last_words(self, run: str) -> Terminal:
        """What to say in place of a worker that died."""
        reason, hint = self._cause_of_death()
        details = self._log_tail()
        if not run:
            return Rejected(reason, hint, details=details)
        self._mark_interrupted(run, reason, hint)
        return RunInterrupted(run, reason=reason, hint=hint, details=details)

    def _cause_of_death(self) -> tuple[str, str]:
        process = self._process
        if process is None:
            return "The engine was closed.", ""
        process.join(1.0)
        code = process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            if name == "SIGKILL":
                return (
                    "The training process was ended by the system (SIGKILL).",
                    "Someone ended it, or memory ran out: then a smaller batch or model helps.",
                )
            return f"The training process crashed ({name}).", "The details may tell the cause."
        return f"The training process ended unexpectedly (exit code {code}).", ""

    def _mark_interrupted(self, run: str, reason: str, hint: str) -> None:
        """The worker can no longer write it down itself."""
        from engine.runs.store import RunStore

        with RunStore(self._workspace) as store:
            store.record([RunInterrupted(run, reason=reason, hint=hint)])

    def _log_tail(self) -> str:
        if self._log_path is None or not self._log_path.exists():
            return ""
        with self._log_path.open("rb") as log:
            log.seek(max(0, self._log_path.stat().st_size - LOG_TAIL_BYTES))
            return log.read().decode("utf-8", errors="replace")
