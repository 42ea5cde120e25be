"""Session: one worker process and the pipe to it.

`run` blocks, so it is called from a thread that may wait; `control`, `kill` and `pid` may be used
from any thread meanwhile.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import secrets
import signal
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from engine.devices.console.startup import held_back
from engine.devices.out_of_memory import MEMORY_HINT, MemoryWitness
from engine.errors import DescentError
from engine.events.commands import (
    Command,
    Control,
    DumpStacks,
    Leave,
    Request,
    ResumeRun,
    Train,
)
from engine.events.messages import (
    PROTOCOL_VERSION,
    Event,
    Rejected,
    Terminal,
)
from engine.events.run_events import (
    PlaceLost,
    RunEnded,
    RunFailed,
    RunFinished,
    RunInterrupted,
    RunStarted,
    RunState,
    RunStopped,
    Stalled,
)
from engine.files.disk import Trouble, cannot_write, trouble_of
from engine.runs.record import RunRecord
from engine.service import stack_dump, worker
from engine.service.recovery import Recovery
from engine.service.stall import POLL_S, StallWatch

logger = logging.getLogger(__name__)

LOG_TAIL_BYTES = 4_000
LOGS_KEPT = 50

_KILLED_HINT = "Someone ended it, or memory ran out: then a smaller batch or model helps."


class Session:
    """Asks a worker process, which is spawned at the first question and anew if it has died.

    Args:
        workspace: The folder that holds the runs.
        niceness: How much the worker yields to other processes, as with `nice`. A little keeps a
            window fluent while training uses every core.
        can_ask: Whoever hears the events answers `PlaceLost`; else such a run ends.
    """

    def __init__(self, workspace: Path, niceness: int = 0, can_ask: bool = False) -> None:
        self._workspace = workspace
        self._can_ask = can_ask
        self._niceness = niceness
        self._lock = threading.Lock()
        self._sending = threading.Lock()  # controls come from another thread than commands
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._log_path: Path | None = None
        self._closed = False
        self._ending: Control | None = None  # someone asked for the end of what is under way
        self._is_killed = False
        self._witness = MemoryWitness()

    @property
    def pid(self) -> int | None:
        """The worker's process id, or None while there is none."""
        process = self._process
        return process.pid if process is not None else None

    def run(self, command: Command) -> Iterator[Event]:
        """Yields what the worker says to a command; the last event is the only `Terminal`.

        A worker that dies meanwhile is answered for: with how its run ended, `RunInterrupted` as a
        rule, once a run had started; with `Rejected` before. A run whose memory ran out goes on in
        a new worker, after `Recovered`, as its spec says. Of a run that gives no sign for long,
        `Stalled` is told. Take every event: those left over would be taken for the next command's.
        """
        recovery = Recovery()
        self._ending, self._is_killed = None, False
        while True:
            for event in self._ask(command):
                if isinstance(event, Terminal):
                    ended = event
                    break
                recovery.note(event)
                yield event
            retry = None if self._ending or self._closed else recovery.after(ended)
            if retry is None:
                yield recovery.ending(ended)
                return
            self._end_worker()
            yield retry.notified
            command = retry.command

    def _ask(self, command: Command) -> Iterator[Event]:
        """Yields what one worker says to a command, or what is to be said in its place."""
        run = ""
        try:
            connection = self._start()
        except DescentError as error:
            yield Rejected(error.message, error.hint)
            return
        watch = StallWatch() if isinstance(command, Train | ResumeRun) else None
        self._witness = MemoryWitness()
        try:
            self._send(connection, command)
            if self._ending is not None:  # asked while there was no worker that could hear it
                self._send(connection, self._ending)
            while True:
                if watch is not None and not connection.poll(POLL_S):
                    silence = watch.look()
                    if silence is not None:
                        found = self._stacks(connection)
                        yield Stalled(run, silence.silent_s, silence.usual_s, found)
                    continue
                event = connection.recv()
                self._witness.look()
                if watch is not None:
                    watch.heard(event)
                if isinstance(event, RunStarted):
                    run = event.run
                elif isinstance(event, PlaceLost) and not self._can_ask:
                    self.control(Control.STOP)
                yield event
                if isinstance(event, Terminal):
                    return
        except (EOFError, OSError):
            yield self._last_words(run, command)

    def _stacks(self, connection: Connection) -> str:
        """Where the threads of the worker are, in words."""
        pid, log = self.pid, self._log_path
        if pid is None or log is None:
            return ""
        return stack_dump.take(pid, log, lambda: self._send(connection, DumpStacks()))

    def control(self, request: Request) -> None:
        """Asks something of the training under way; returns at once."""
        if request is Control.STOP or request is Control.DISCARD:
            self._ending = request
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                self._send(connection, request)

    def _send(self, connection: Connection, message: Command | Request) -> None:
        with self._sending:
            connection.send(message)

    def kill(self) -> None:
        """Ends the worker at once. What it recorded is kept."""
        with self._lock:
            self._ending, self._is_killed = Control.STOP, True
            if self._process is not None:
                self._process.kill()

    def _end_worker(self) -> None:
        """Lets go of a worker that has said its last word; the next question starts another."""
        with self._lock:
            process, self._process = self._process, None
            connection, self._connection = self._connection, None
        if process is not None:
            process.kill()
            process.join()
        if connection is not None:
            connection.close()

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
        """The pipe to a living worker.

        Raises:
            DescentError: There is none, and none can be started.
        """
        with self._lock:
            if self._closed:
                raise DescentError("The engine was closed.")
            if self._process is not None and self._process.is_alive() and self._connection:
                return self._connection
            self._process = self._connection = None
            self._log_path = _new_log(self._workspace / "logs")
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            process = context.Process(
                target=worker.main,
                args=(
                    theirs,
                    self._workspace,
                    self._log_path,
                    self._niceness,
                    PROTOCOL_VERSION,
                ),
                name="descent-worker",
                daemon=True,
            )
            try:
                with held_back():
                    process.start()
            except OSError as error:
                raise DescentError(
                    f"The engine's process cannot be started. Received: {error}.",
                    "Memory may have run out: close other programs and try again.",
                ) from error
            finally:
                theirs.close()  # so that the pipe ends when the worker does
            self._process, self._connection = process, ours
            return ours

    def _last_words(self, run: str, command: Command) -> Terminal:
        """What to say in place of a worker that died."""
        reason, hint = self._cause_of_death()
        details = self._log_tail()
        ended: RunEnded = RunInterrupted(run, reason=reason, hint=hint, details=details)
        if self._ending is None and self._witness.blames_memory(self._signal(), details):
            reason, hint = "Memory ran out: the system ended the training process.", MEMORY_HINT
            ended = RunFailed(run, reason=reason, hint=hint, details=details, is_out_of_memory=True)
        if isinstance(command, Train | ResumeRun):
            try:
                ended = self._settle(ended)
            except DescentError:  # a full disk, say: the next start marks the run
                logger.exception("The end of run '%s' cannot be written", run)
        if run:
            return ended
        return Rejected(reason, hint, details=details)

    def _settle(self, ended: RunEnded) -> RunEnded:
        """Writes down what the worker no longer could; returns how the run really ended."""
        from engine.runs.store import RunStore

        with RunStore(self._workspace) as store:
            if not ended.run:
                store.mark_interrupted()  # it may have died between making the run and saying so
                return ended
            record = store.get(ended.run)
            if not record.state.is_active:
                return _ending(record)  # it died after all was done
            store.record([ended])
            return ended

    def _cause_of_death(self) -> tuple[str, str]:
        process = self._process
        if process is None:
            return "The engine was closed.", ""
        name = self._signal()
        if name == "SIGKILL" and self._is_killed:
            return "The training process was ended on request (SIGKILL).", ""
        if name == "SIGKILL":
            return "The training process was ended by the system (SIGKILL).", _KILLED_HINT
        if name:
            return f"The training process crashed ({name}).", "The details may tell the cause."
        return (
            f"The training process ended unexpectedly (exit code {process.exitcode}).",
            "Start again; the details may tell the cause.",
        )

    def _signal(self) -> str:
        """The name of the signal that ended the worker; empty if none did."""
        process = self._process
        if process is None:
            return ""
        process.join(1.0)
        code = process.exitcode
        return _signal_name(-code) if code is not None and code < 0 else ""

    def _log_tail(self) -> str:
        if self._log_path is None:
            return ""
        try:
            with self._log_path.open("rb") as log:
                log.seek(max(0, self._log_path.stat().st_size - LOG_TAIL_BYTES))
                return log.read().decode("utf-8", errors="replace")
        except OSError:
            return ""


def _new_log(folder: Path) -> Path:
    """A name for the log of a new worker; the oldest logs go.

    In a workspace that can only be looked at, the worker does without.

    Raises:
        WorkspaceError: The folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if trouble_of(error) is not Trouble.READ_ONLY:
            raise cannot_write(folder, error) from error
    with contextlib.suppress(OSError):  # another session may be tidying up, too
        logs = sorted(folder.glob("worker-*.log"), key=lambda path: path.stat().st_mtime)
        for path in logs[: -(LOGS_KEPT - 1)]:
            path.unlink(missing_ok=True)
    return folder / f"worker-{secrets.token_hex(4)}.log"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _ending(record: RunRecord) -> RunEnded:
    """The last event of a run that has ended."""
    values: dict[str, Any] = {
        "reason": record.reason,
        "metrics": record.metrics,
        "hint": record.hint,
        "details": record.details,
    }
    match record.state:
        case RunState.FINISHED:
            return RunFinished(record.id, **values)
        case RunState.STOPPED:
            return RunStopped(record.id, **values, kept=record.deleted_at is None)
        case RunState.FAILED:
            return RunFailed(record.id, **values)
        case _:
            return RunInterrupted(record.id, **values)
