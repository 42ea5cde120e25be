"""Workers for tests that do not depend on a machine's speed: targets of a session's process.

Patch `engine.service.worker.main` with one of them. What they hold, they hold at a place, until
something happens there; never for a time.
"""

from __future__ import annotations

import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from engine.events.commands import Control
from engine.events.messages import DataProgress
from engine.events.run_events import EpochEnded
from engine.events.watch import Watch
from engine.service import worker
from engine.training.control import TrainingControl

PATIENCE_S = 200.0
HELD = "hold"
"""While a file of that name is in the workspace, a worker of `held_after_an_epoch` says no more."""


def patient(*arguments: Any) -> None:
    """Has as much time as it needs to stop and save when its session leaves it."""
    worker.LAST_WORDS_S = PATIENCE_S
    worker.main(*arguments)


def held_while_reading(*arguments: Any) -> None:
    """Tells how far the first reading is, and goes on with it when it is asked to stop."""
    request, notify, asked = TrainingControl.request, Watch.__call__, threading.Event()

    def request_noted(control: TrainingControl, what: Any) -> None:
        request(control, what)
        if what is Control.STOP:
            asked.set()

    def notify_and_wait(watch: Watch, what: str, done: int, total: int) -> None:
        watch._emit(DataProgress(what, done, total))
        asked.wait(PATIENCE_S)
        notify(watch, what, done, total)

    TrainingControl.request = request_noted  # type: ignore[method-assign]
    Watch.__call__ = notify_and_wait  # type: ignore[method-assign]
    worker.main(*arguments)


def held_after_an_epoch(connection: Connection, workspace: Path, *rest: Any) -> None:
    """Says no more once it has told of an epoch, and so records no more: it waits to be killed."""
    send = worker._Worker._send

    def send_and_wait(sender: worker._Worker, event: Any) -> None:
        send(sender, event)
        if isinstance(event, EpochEnded) and (workspace / HELD).exists():
            threading.Event().wait(PATIENCE_S)

    worker._Worker._send = send_and_wait  # type: ignore[method-assign]
    worker.LAST_WORDS_S = PATIENCE_S
    worker.main(connection, workspace, *rest)
