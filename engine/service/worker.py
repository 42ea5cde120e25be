"""The worker process: takes commands from a pipe, one at a time, and answers with events.

Its main thread loads data, builds and trains, so that Keras's per-thread state is one; a reader
thread takes what arrives meanwhile. When the pipe closes, the training is stopped, kept and saved,
and the process ends: a worker lives no longer than its session.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from engine.devices.console.startup import ignore_terminal
from engine.devices.console.streams import LOG_FORM, LineFormatter, stream_on
from engine.devices.out_of_memory import MEMORY_HINT, is_out_of_memory, memory_text
from engine.errors import CheckpointsLost, DataChanged, DescentError, PluginError, SpecError
from engine.events.commands import (
    Command,
    Control,
    DescribeModel,
    DownloadData,
    DumpStacks,
    EstimateTraining,
    FindRate,
    InspectData,
    Leave,
    PreviewBatch,
    Request,
    ResumeRun,
    Train,
    WarmUp,
)
from engine.events.importing import ImportRun
from engine.events.messages import (
    CHANGED_DATA,
    FROM_START,
    PROTOCOL_VERSION,
    Event,
    Rejected,
)
from engine.events.results import ResultCommand
from engine.events.watch import Watch
from engine.files.bounded import check_plain
from engine.service import stack_dump
from engine.service.hard_exit import leave
from engine.spec.plugins.loading import PLUGINS
from engine.training.control import TrainingControl

logger = logging.getLogger(__name__)

LAST_WORDS_S = 5.0
SLOW_NICENESS = 10
"""Added by whoever answers what takes long, so that neither a run nor the window waits for it."""
_OFFERS = {CheckpointsLost: FROM_START, DataChanged: CHANGED_DATA}
"""What can be asked for instead of what failed so."""


def main(
    connection: Connection, workspace: Path, log_path: Path, niceness: int, protocol: int
) -> None:
    """Runs until the pipe closes. The target of the spawned process.

    Args:
        connection: Commands come in, events go out.
        workspace: The folder that holds the runs.
        log_path: Where everything that is printed goes.
        niceness: How much to yield to other processes.
        protocol: The version of the messages that the parent speaks.
    """
    stack_dump.offer()
    _redirect_output(log_path)
    ignore_terminal()
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
    _Worker(connection, workspace, protocol).work()
    leave(0)


def _redirect_output(log_path: Path) -> None:
    """Sends everything the process and its libraries print to a log, for failure details."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    log = _open_log(log_path)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    sys.stdout = sys.stderr = stream_on(2)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(LOG_FORM))
    logging.basicConfig(handlers=[handler], level=logging.INFO)


def _open_log(path: Path) -> int:
    try:
        check_plain(path)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError:  # a full disk, say: what needs no log is done all the same
        return os.open(os.devnull, os.O_WRONLY)


class _Worker:
    def __init__(self, connection: Connection, workspace: Path, protocol: int) -> None:
        self._protocol = protocol
        self._connection = connection
        self._workspace = workspace
        self._sending = threading.Lock()
        self._commands: queue.SimpleQueue[tuple[Command, TrainingControl] | None]
        self._commands = queue.SimpleQueue()
        self._control = TrainingControl()  # of the newest command
        self._yields_more = False
        signal.signal(signal.SIGTERM, self._on_terminate)

    def work(self) -> None:
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        while (task := self._commands.get()) is not None:
            self._send(self._answer(*task))

    def _read(self) -> None:
        """Takes what arrives until the pipe closes. Runs in the reader thread."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                message = self._connection.recv()
                if isinstance(message, Request):
                    self._control.request(message)
                elif isinstance(message, DumpStacks):
                    stack_dump.write()
                elif isinstance(message, Leave):
                    break
                else:
                    # Made here, so that a control acts on the command sent before it, however
                    # soon it follows, and on none after it.
                    self._control = TrainingControl(can_ask=True)
                    self._commands.put((message, self._control))
        self._leave()

    def _on_terminate(self, *_: object) -> None:
        threading.Thread(target=self._leave, daemon=True).start()

    def _leave(self) -> None:
        """Ends the process soon: by the main thread if it can, by force if it cannot."""
        self._control.request(Control.STOP)
        self._commands.put(None)
        timer = threading.Timer(LAST_WORDS_S, os._exit, args=(1,))
        timer.daemon = True
        timer.start()

    def _send(self, event: Event) -> None:
        # Without a reader there is nobody to tell; what must last is on disk already.
        with self._sending, contextlib.suppress(BrokenPipeError, ConnectionError, OSError):
            self._connection.send(event)

    def _yield_more(self) -> None:
        """From here on lets others run first."""
        if not self._yields_more and hasattr(os, "nice"):
            self._yields_more = True
            os.nice(SLOW_NICENESS)

    def _answer(self, command: Command, control: TrainingControl) -> Event:
        """Carries out a command; its terminal event, whatever happens."""
        try:
            self._check_protocol()
            PLUGINS.refresh()  # the window may have found more of them sound
            return self._execute(command, control)
        except SpecError as error:
            return Rejected(error.message, error.hint, error.problems)
        except DescentError as error:
            details = error.details if isinstance(error, PluginError) else ""
            offer = next((it for kind, it in _OFFERS.items() if isinstance(error, kind)), "")
            return Rejected(error.message, error.hint, details=details, offer=offer)
        except Exception as error:
            logger.exception("%s failed", type(command).__name__)
            if is_out_of_memory(error):
                return Rejected(memory_text(error), MEMORY_HINT, details=traceback.format_exc())
            return Rejected(
                f"{type(command).__name__} failed unexpectedly: {error}",
                "The details below help to find the cause.",
                details=traceback.format_exc(),
            )

    def _check_protocol(self) -> None:
        if self._protocol != PROTOCOL_VERSION:
            raise DescentError(
                "Descent was updated while it was open: its window and its engine are of different "
                f"versions. Received: messages of version {self._protocol}.",
                "Close Descent and open it again; nothing is lost.",
            )

    def _execute(self, command: Command, control: TrainingControl) -> Event:
        from engine.runs.store import RunStore
        from engine.service import execution, running

        match command:
            case InspectData():
                return execution.inspect_data(
                    command.spec, Watch(self._send, lambda: control.is_stopping)
                )
            case PreviewBatch():
                from engine.service.preview import preview_batch

                return preview_batch(command.spec, Watch(self._send, lambda: control.is_stopping))
            case DownloadData():
                return execution.download_data(
                    command.name, Watch(self._send, lambda: control.is_stopping)
                )
            case WarmUp():
                return execution.warm_up()
            case DescribeModel():
                return execution.describe_model(command.spec)
            case EstimateTraining():
                watch = Watch(self._send, lambda: control.is_stopping)
                with RunStore(self._workspace) as store:
                    return execution.estimate(
                        command.spec, watch, lambda: control.is_stopping, store
                    )
            case FindRate():
                with RunStore(self._workspace) as store:
                    return execution.find_rate(
                        command.spec, self._send, lambda: control.is_stopping, store
                    )
            case Train():
                with RunStore(self._workspace) as store:
                    return running.train(command.spec, store, self._send, control, command.name)
            case ResumeRun(refits=True):
                with RunStore(self._workspace) as store:
                    return running.refit(command.run, store, self._send, control)
            case ResumeRun(from_start=True):
                with RunStore(self._workspace) as store:
                    return running.restart(command.run, command.changes, store, self._send, control)
            case ResumeRun():
                with RunStore(self._workspace) as store:
                    return running.resume(
                        command.run,
                        command.changes,
                        store,
                        self._send,
                        control,
                        command.reason,
                        accepts_changes=command.accepts_changes,
                    )
            case ResultCommand():
                return self._answer_result(command, control)
            case _:
                raise TypeError(f"Unknown command. Received: {command!r}.")

    def _answer_result(self, command: ResultCommand, control: TrainingControl) -> Event:
        """Answers what is asked of the result of a run, or of one that comes from elsewhere."""
        watch = Watch(self._send, lambda: control.is_stopping)
        if isinstance(command, ImportRun):
            from engine.service.exchange.importing import answer_import

            return answer_import(command, self._workspace, watch)
        from engine.service.results import answer, preloading

        if not command.is_quick:
            self._yield_more()
        preloading.wait_for(command)
        event = answer(command, self._workspace, watch)
        preloading.preload_after(command)
        return event
