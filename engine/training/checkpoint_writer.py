"""CheckpointWriter: puts checkpoints on the disk while training goes on. A thread of the worker."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from engine.files import atomic_write, cannot_write, flush_directory
from engine.files.bounded import DAMAGED, read_object
from engine.training.checkpoint import Snapshot, Weights, number_of, write_checkpoint
from engine.training.run_place import RunPlace

KEPT = 2
BEGUN = ".begun"
"""A file that says that checkpoints were written here: where none is left, they were lost."""
_REMOVED = ".removed-"
"""Begins the names of those that are being taken away."""
TIME_SHARE = 0.1  # of all time may go into writing, while training goes on


@dataclass(frozen=True)
class _Offer:
    snapshot: Snapshot
    best: Weights | None
    saved: tuple[Callable[[], None], ...]


class CheckpointWriter:
    """Writes checkpoints in a thread of its own; training never waits for the disk.

    When a newer one is offered before the last was begun, the newer takes its place. After each
    write the thread rests, so that epochs of milliseconds are not slowed down by the checkpoints
    of each; epochs that last ten times as long as a write are all written. What somebody waits
    for is written at once.

    Args:
        folder: Where checkpoints go; made if need be.
        flush: Makes everything told so far durable. Called before each write, so that no
            checkpoint is ahead of the metrics that led to it.
        place: The folder of the run, if that may change; then they go where it is, into a folder
            of the same name.

    Raises:
        WorkspaceError: The folder cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        flush: Callable[[], None] = lambda: None,
        place: RunPlace | None = None,
    ) -> None:
        self._name = folder.name
        self._place = place or RunPlace(folder.parent)
        self._flush = flush
        try:
            folder.mkdir(parents=True, exist_ok=True)
            flush_directory(folder.parent)
        except OSError as error:
            raise cannot_write(folder, error) from error
        self._changed = threading.Condition()
        self._waiting: _Offer | None = None
        self._is_busy = False
        self._rested_at = 0.0
        self._closing = False
        self._failure: Exception | None = None
        self._number = _last_number(folder)
        self._best: tuple[Weights | None, Path] = (None, folder)
        self._thread = threading.Thread(target=self._work, name="checkpoints")
        self._thread.start()

    @property
    def is_ready(self) -> bool:
        """An offer would be written, or refused, at once; a copy of the state would not wait."""
        with self._changed:
            if self._failure is not None:
                return True  # the training shall learn of it now, not at its end
            return not self._is_busy and time.monotonic() >= self._rested_at

    def offer(
        self,
        snapshot: Snapshot,
        best: Weights | None,
        saved: Callable[[], None] | None = None,
    ) -> None:
        """Takes a state; returns at once.

        Args:
            snapshot: The state.
            best: Weights of its best epoch, never changed again; None before the first.
            saved: Called from the writer's thread when it, or a newer one, is on the disk;
                writes without a rest.

        Raises:
            Exception: An earlier checkpoint could not be written.
        """
        with self._changed:
            if self._failure is not None:
                raise self._failure
            waited_for = self._waiting.saved if self._waiting is not None else ()
            calls = waited_for if saved is None else (*waited_for, saved)
            self._waiting = _Offer(snapshot, best, calls)
            self._changed.notify_all()

    def wait(self) -> None:
        """Waits until what was offered is on the disk; a failure is told by the next offer."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or self._is_done)

    @property
    def _is_done(self) -> bool:
        return self._waiting is None and not self._is_busy

    def close(self) -> None:
        """Waits until everything offered is on disk.

        Raises:
            Exception: A checkpoint could not be written.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while (offer := self._next()) is not None:
            started = time.monotonic()
            try:
                self._flush()
                self._place.write(partial(self._write, offer))
                for call in offer.saved:
                    call()
            except Exception as error:
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                return
            ended = time.monotonic()
            with self._changed:
                self._is_busy = False
                self._rested_at = ended + (ended - started) * (1 / TIME_SHARE - 1)
                self._changed.notify_all()

    def _next(self) -> _Offer | None:
        """Waits for an offer and for the end of the rest; None once closed."""
        with self._changed:
            rest_s = max(0.0, self._rested_at - time.monotonic())
            self._changed.wait_for(self._is_urgent, timeout=rest_s)
            self._changed.wait_for(lambda: self._waiting is not None or self._closing)
            offer, self._waiting = self._waiting, None
            self._is_busy = offer is not None
            return offer

    def _is_urgent(self) -> bool:
        return self._closing or (self._waiting is not None and bool(self._waiting.saved))

    def _write(self, offer: _Offer, run_folder: Path) -> None:
        """Writes the new one before older ones go."""
        folder = run_folder / self._name
        folder.mkdir(exist_ok=True)  # it may have been removed, or be another one by now
        progress = {**offer.snapshot.progress, "best": self._write_best(offer.best, folder)}
        if "training" in progress:
            progress["training"] = _as_then(progress["training"])
        snapshot = replace(offer.snapshot, progress=progress)
        write_checkpoint(self._path(folder, "checkpoint"), snapshot)
        if not (folder / BEGUN).exists():
            atomic_write(folder / BEGUN, "")
        _prune(folder)

    def _write_best(self, best: Weights | None, folder: Path) -> str:
        """Writes the best weights, unless they are on the disk; returns their name."""
        if best is None:
            return ""
        weights, path = self._best
        if best is not weights or path.parent != folder or not path.is_dir():
            path = self._path(folder, "best")
            arrays = {f"model/{index:04d}": array for index, array in enumerate(best)}
            write_checkpoint(path, Snapshot(arrays, {}))
            self._best = (best, path)
        return self._best[1].name

    def _path(self, folder: Path, prefix: str) -> Path:
        self._number += 1
        return folder / f"{prefix}-{self._number:06d}"


def _prune(folder: Path) -> None:
    """Removes what is older than the last that are kept, and the best weights of none of these."""
    checkpoints = sorted(folder.glob("checkpoint-*"), key=number_of)
    kept = checkpoints[-KEPT:]
    named = {_name_of_best(path) for path in kept}
    old = [path for path in folder.glob("best-*") if path.name not in named]
    for path in folder.glob(f"{_REMOVED}*"):  # by a process that was killed meanwhile
        shutil.rmtree(path, ignore_errors=True)
    for path in (*checkpoints[:-KEPT], *old):
        _remove(path)


def _remove(path: Path) -> None:
    """Takes a checkpoint away as a whole: half of one would be taken for a damaged one."""
    aside = path.with_name(f"{_REMOVED}{path.name}")
    with contextlib.suppress(OSError):  # somebody reads it: another time
        path.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def _as_then(training: dict[str, Any]) -> dict[str, Any]:
    """The history only grows: the epochs that were complete when the snapshot was taken."""
    return {**training, "history": training["history"][: training["n_history"]]}


def _name_of_best(checkpoint: Path) -> str:
    try:
        return str(read_object(checkpoint / "progress.json", 1 << 40)["best"])
    except DAMAGED:
        return ""  # damaged: what it refers to is of no use


def _last_number(folder: Path) -> int:
    return max((number_of(path) for path in folder.glob("*-*")), default=0)
