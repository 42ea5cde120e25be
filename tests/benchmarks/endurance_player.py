"""The restless user of `endurance.py`, in the window's own process."""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
from endurance import FAULTS
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

from engine.events.run_events import EpochEnded, RunEnded, RunEvent, RunInterrupted, RunStarted
from engine.runs.store import RunStore
from gui.state.draft import Draft
from gui.style.theme import current_theme
from gui.window import app
from gui.window.main_window import MainWindow

TURN_MS = 700
SILENT_S = 120.0
KEPT_RUNS = 12
SPECS: tuple[dict[str, Any], ...] = (
    {"data": {"source": "iris"}, "model": {"name": "mlp"}, "training": {"epochs": 200}},
    {"data": {"source": "noisy_line"}, "model": {"name": "linear_regression"}},
    {"data": {"source": "digits"}, "model": {"name": "cnn"}, "training": {"epochs": 15}},
    {"data": {"source": "digits"}, "model": {"name": "mlp"}, "training": {"epochs": 60}},
)
SIZES = ((960, 500), (1280, 800), (1600, 1000))


def play(options: argparse.Namespace) -> None:
    """Opens the window and keeps it busy; prints a line for each look."""
    application = QApplication(sys.argv[:1])
    player = Player(options)
    application.installEventFilter(player)
    app.main(["--workspace", str(options.window)])


def say(values: dict[str, Any]) -> None:
    print(json.dumps(values), flush=True)


def count_files(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


class Player(QObject):
    """A restless user. Nothing is done until the window is painted for the first time.

    Args:
        options: ``hours``, ``every``, ``seed``, and the workspace as ``window``.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        self._options = options
        self._chance = random.Random(self._options.seed)
        self._process = psutil.Process()
        self._counts: Counter[str] = Counter()
        self._late_ms: list[float] = []
        self._epochs: dict[str, int] = {}
        self._verdicts: set[str] = set()
        self._dearest: dict[str, float] = {}
        self._to_continue = ""
        self._heard = self._last_tick = self._began = time.perf_counter()
        self._looked = 0
        self._turns = QTimer(self, interval=TURN_MS)
        self._turns.timeout.connect(self._turn)
        self._ticks = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=10)
        self._ticks.timeout.connect(self._tick)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and isinstance(watched, MainWindow):
            QCoreApplication.instance().removeEventFilter(self)
            self._window, self._controller = watched, watched.controller
            self._controller.training.run_event.connect(self._on_event)
            self._window.messages.shown.connect(self._on_message)
            self._window.pages_built.connect(self._turns.start)
            self._last_tick = time.perf_counter()
            self._ticks.start()
        return False

    @Slot()
    def _tick(self) -> None:
        now = time.perf_counter()
        self._late_ms.append(max(0.0, (now - self._last_tick) * 1e3 - 10))
        self._last_tick = now

    @Slot(object)
    def _on_message(self, said: Any) -> None:
        text = said.message.text
        is_verdict = any(verdict in text for verdict in self._verdicts)  # of a run stopped early
        if said.message.level == "error" and "SIGKILL" not in text and not is_verdict:
            self._counts["errors"] += 1
            say({"error": said.message.text, "details": said.message.details})

    @Slot(object)
    def _on_event(self, event: RunEvent) -> None:
        self._heard = time.perf_counter()
        if isinstance(event, RunEnded):
            self._verdicts.update(finding.text for finding in event.findings)
        if isinstance(event, EpochEnded):
            self._epochs[event.run] = max(event.epoch, self._epochs.get(event.run, 0))
        elif isinstance(event, RunStarted):
            self._counts["started"] += 1
        elif isinstance(event, RunInterrupted):
            self._to_continue = event.run
        if isinstance(event, RunEnded):
            self._counts[event.state.value] += 1

    # ---- what a restless user does

    @Slot()
    def _turn(self) -> None:
        now = time.perf_counter()
        if now - self._began > (self._looked + 1) * self._options.every * 60:
            self._look()
        if now - self._began > self._options.hours * 3600:
            self._turns.stop()
            self._ticks.stop()
            self._window.close_now()
            return
        training = self._controller.training
        if not training.is_active:
            self._heard = now
            self._begin()
            return
        if now - self._heard > SILENT_S and training.state.value != "paused":
            self._counts["stuck"] += 1
            self._heard = now
        deeds = (self._look_back, self._themes, self._sizes, self._end)
        deed = self._chance.choice((*deeds, *[self._pages, self._steer] * 2))
        deed()
        took_ms = (time.perf_counter() - now) * 1e3
        name = deed.__name__.strip("_")
        self._dearest[name] = max(took_ms, self._dearest.get(name, 0.0))

    def _begin(self) -> None:
        if self._controller.worker is None:
            return
        if self._to_continue:
            run, self._to_continue = self._to_continue, ""
            self._counts["continued"] += 1
            self._controller.continue_run(run)
            return
        runs = self._controller.repository.runs
        if len(runs) > KEPT_RUNS:
            self._forget(runs[-1].id)
        self._window.show_page("train")
        self._controller.drafts.set_draft(Draft.from_values(self._chance.choice(SPECS)))
        self._controller.start()

    def _forget(self, run: str) -> None:
        """Deletes a run, after a look at whether all that was told of it is there."""
        with RunStore(self._options.window) as store:
            kept = len(store.epochs(run))
        self._counts["lost"] += max(0, self._epochs.get(run, 0) - kept)
        self._controller.repository.delete(run)

    def _pages(self) -> None:
        self._window.show_page(self._chance.choice(list(self._window.pages)))

    def _look_back(self) -> None:
        if runs := self._controller.repository.runs:
            self._window.show_page("results")
            self._window.pages["results"].show_run(self._chance.choice(runs).id)

    def _themes(self) -> None:
        current_theme().set_mode(self._chance.choice(["light", "dark"]))

    def _sizes(self) -> None:
        self._window.resize(*self._chance.choice(SIZES))

    def _steer(self) -> None:
        training = self._controller.training
        if not training.can_be_asked:
            return
        if training.state.value == "paused":
            training.resume()
        elif self._chance.random() < 0.5:
            training.pause()
        elif self._chance.random() < 0.5:
            training.change_rate(10 ** self._chance.uniform(-4, -2))
        else:
            training.save()

    def _end(self) -> None:
        chance = self._chance.random()
        if chance < 0.1:
            self._controller.training.stop()
        elif chance < 0.25:
            for pid in self._controller._pool.pids:
                self._counts["kills"] += 1
                os.kill(pid, signal.SIGKILL)

    # ---- what is noted

    def _look(self) -> None:
        self._looked += 1
        gc.collect()
        late, self._late_ms = sorted(self._late_ms) or [0.0], []
        with self._process.oneshot():
            figures = {
                "hours": (time.perf_counter() - self._began) / 3600,
                "memory_mb": self._process.memory_info().rss / 2**20,
                "threads": self._process.num_threads(),
                "handles": self._process.num_fds(),
                "processes": len(self._process.children(recursive=True)),
            }
        figures["files"] = count_files(Path(tempfile.gettempdir())) + sum(
            path.is_file() for path in self._options.window.iterdir()
        )
        figures["late_p50_ms"] = statistics.median(late)
        figures["late_p99_ms"] = late[int(0.99 * len(late))]
        figures["late_max_ms"] = late[-1]
        figures |= {f"{name}_ms": took for name, took in self._dearest.items()}
        self._dearest.clear()
        say({**figures, **{name: self._counts[name] for name in FAULTS}, **self._counts})
