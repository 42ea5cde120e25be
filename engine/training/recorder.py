"""Recorder: puts events on disk, then passes them on. What was passed on is never lost.

Runs a thread of its own in the worker, so that waiting for the disk does not hold up training.
Steps and epochs, of which there may be dozens a second, are gathered for a moment: whatever is told
wakes this thread, the disk and whoever listens, and takes a core from the training.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, Protocol, Self

import numpy as np

from engine.events.messages import Event
from engine.events.run_events import EpochEnded, PartTested, RunEvent, StepsDone

GATHER_S: Final = 0.25
"""After something was told, progress waits so long for more of it; all else is told at once."""
_PROGRESS: Final = (StepsDone, PartTested, EpochEnded)

_Item = RunEvent | threading.Event | None


class EventStore(Protocol):
    """Where events are made to last."""

    def record(self, events: Sequence[Event]) -> None: ...


class Recorder:
    """Records events in order and emits each once it is durable.

    Events that gather while the disk is busy are written together.

    Args:
        store: Where events are recorded.
        emit: Called with each event after it was recorded, from the recorder's thread.
    """

    def __init__(self, store: EventStore, emit: Callable[[Event], None]) -> None:
        self._store = store
        self._emit = emit
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._failure: Exception | None = None
        self._told_s = -math.inf
        self._thread = threading.Thread(target=self._work, name="recorder")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if error is None and self._failure is not None:
            raise self._failure

    def __call__(self, event: RunEvent) -> None:
        """Takes an event; returns at once.

        Raises:
            DescentError: An earlier event could not be recorded, for example on a full disk.
        """
        if self._failure is not None:
            raise self._failure
        self._queue.put(event)

    def flush(self) -> None:
        """Waits until everything taken so far is durable. Not from the recorder's own thread.

        Raises:
            DescentError: Something could not be recorded.
        """
        reached = threading.Event()
        self._queue.put(reached)
        reached.wait()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        ended = False
        while not ended:
            batch = self._gathered()
            ended = batch[-1] is None
            self._record(_joined([item for item in batch if isinstance(item, RunEvent)]))
            for item in batch:
                if isinstance(item, threading.Event):
                    item.set()

    def _gathered(self) -> list[_Item]:
        """What waits; of progress alone, what comes in a moment as well."""
        batch: list[_Item] = [self._queue.get()]
        until = self._told_s + GATHER_S
        while True:
            may_wait = isinstance(batch[-1], _PROGRESS)
            wait_s = max(0.0, until - time.monotonic()) if may_wait else 0.0
            try:
                batch.append(self._queue.get(timeout=wait_s))
            except queue.Empty:
                return batch

    def _record(self, events: list[RunEvent]) -> None:
        if not events or self._failure is not None:
            return
        try:
            self._store.record(events)
            for event in events:
                self._emit(event)
        except Exception as error:
            self._failure = error
        self._told_s = time.monotonic()


def _joined(events: Sequence[RunEvent]) -> list[RunEvent]:
    """The events in their order, steps of one epoch that follow each other as one."""
    groups: list[list[RunEvent]] = []
    for event in events:
        if groups and _goes_on(groups[-1][-1], event):
            groups[-1].append(event)
        else:
            groups.append([event])
    return [_one(group) for group in groups]


def _goes_on(before: RunEvent, event: RunEvent) -> bool:
    """Both are steps, and these come right after those in the same epoch."""
    return (
        isinstance(before, StepsDone)
        and isinstance(event, StepsDone)
        and (before.run, before.epoch) == (event.run, event.epoch)
        and before.first_step + before.n_steps == event.first_step
        and before.metrics.keys() == event.metrics.keys()
    )


def _one(group: list[RunEvent]) -> RunEvent:
    chunks = [it for it in group if isinstance(it, StepsDone)]
    if len(chunks) < 2:
        return group[0]
    first, last = chunks[0], chunks[-1]
    metrics = {name: np.concatenate([it.metrics[name] for it in chunks]) for name in first.metrics}
    return replace(first, metrics=metrics, elapsed_s=last.elapsed_s)
