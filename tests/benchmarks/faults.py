"""What is left when the worker, or the window, is killed at random moments.

    python tests/benchmarks/faults.py [--workers N] [--windows N] [--both N] [--seed N] [--smoke]
        [--json]

A run is trained, killed with SIGKILL at a random moment, continued in a new worker, killed again,
and so on until it is over; then another one begins. After each kill it is counted

- `lost`: metrics that somebody was told (steps and epochs) and that the workspace does not have,
  or has otherwise;
- `unreadable`: checkpoints that fail their checksums;
- `stuck`: runs that cannot go on;
- `untold`: runs whose end nobody was told of: no last event came, or the workspace still calls them
  active;

and at the end of each run

- `different`: runs whose weights, optimizer or history are not bit by bit those of the same run
  that was never killed.

A window is killed while it trains; its worker has then to end by itself, within ten seconds
(`orphans` counts those that do not). `--both` kills window and worker at one moment, in either
order. All counts shall be 0.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil
from fault_counts import SPEC, Counts, Notified, check, is_same, state_of
from smoke import add_smoke

from engine.events.commands import Command, ResumeRun, Train
from engine.events.messages import Event, Terminal
from engine.events.run_events import (
    EpochEnded,
    RunEnded,
    RunFinished,
    RunInterrupted,
    RunStarted,
    StepsDone,
)
from engine.runs.store import RunStore
from engine.service.session import Session

ORPHAN_S = 10.0
_START_S = 8.0
"""Killing by the clock falls into this time from the command on: start-up and data, too."""


class Killer:
    """Ends a session's worker once, at a random moment; not at all unless it is armed."""

    def __init__(self, session: Session, chance: random.Random, is_armed: bool) -> None:
        self._session = session
        self.is_done = False
        self.phase = "start"
        self._after = chance.choice([0, *range(1, 60)])
        self._timer: threading.Timer | None = None
        if not is_armed:
            self._after = -1
        elif chance.random() < 0.3:  # by the clock: reading data, TensorFlow's import, anything
            self._after = -1
            self._timer = threading.Timer(chance.uniform(0.0, _START_S), self._kill)
            self._timer.start()
        else:
            self._delay = chance.uniform(0.0, 0.03)  # into the chunk, or into what is written

    def note(self, event: Event) -> None:
        self.phase = type(event).__name__
        if self._after > 0:
            self._after -= 1
            if not self._after:
                self._timer = threading.Timer(self._delay, self._kill)
                self._timer.start()

    def _kill(self) -> None:
        pid = self._session.pid
        if pid is not None:
            self.is_done = True
            os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()


def kill_workers(
    n_kills: int, chance: random.Random, folder: Path, reference: dict[str, Any]
) -> Counts:
    """Trains and kills until the worker was killed so many times."""
    counts = Counts()
    workspace = folder / "killed"
    while counts.kills < n_kills:
        counts.runs += 1
        command: Command = Train(SPEC)
        notified, run = Notified(), ""
        while True:
            session = Session(workspace)
            killer = Killer(session, chance, counts.kills < n_kills)
            killed, ended = _ask_and_kill(session, killer, command, counts, notified)
            run = run or getattr(ended, "run", "")
            counts.untold += not isinstance(ended, Terminal)
            with RunStore(workspace) as store:
                if not run:  # it died before there was a run; one may lie there all the same
                    break
                check(counts, store, run, notified)
                counts.untold += store.get(run).state.is_active
                if isinstance(ended, RunFinished):
                    counts.different += not is_same(state_of(store, run), reference)
                    break
                if not isinstance(ended, RunInterrupted) and not killed:
                    print(f"  {ended}", flush=True)
                    counts.stuck += 1
                    break
            command = ResumeRun(run)
    return counts


def _uninterrupted(workspace: Path) -> dict[str, Any]:
    session = Session(workspace)
    try:
        *_, ended = session.run(Train(SPEC))
    finally:
        session.close()
    assert isinstance(ended, RunFinished), ended
    with RunStore(workspace) as store:
        return state_of(store, ended.run)


def _ask_and_kill(
    session: Session, killer: Killer, command: Command, counts: Counts, notified: Notified
) -> tuple[bool, Event]:
    """Returns whether the worker was killed, and the last event."""
    event: Event | None = None
    try:
        for event in session.run(command):
            notified.note(event)
            if not isinstance(event, RunEnded):
                killer.note(event)
    finally:
        killer.close()
        session.close()
    assert event is not None
    was_killed = killer.is_done and not isinstance(event, RunFinished)
    if was_killed:
        counts.kills += 1
        counts.moments[killer.phase] = counts.moments.get(killer.phase, 0) + 1
        if counts.kills % 10 == 0:
            print(f"  {counts.kills} kills, {counts.runs} runs", flush=True)
    return was_killed, event


# ---- the window


def _train_in_window(workspace: Path) -> None:
    """Opens the window and trains; prints what it was told. Runs in a process of its own."""
    from PySide6.QtCore import QEvent, QObject, Slot
    from PySide6.QtWidgets import QApplication

    from gui.state.draft import Draft
    from gui.window import app
    from gui.window.main_window import MainWindow

    class Player(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and isinstance(watched, MainWindow):
                application.removeEventFilter(self)
                self._controller = watched.controller
                self._controller.worker_ready.connect(self._on_ready)
                self._controller.training.run_event.connect(self._on_event)
            return False

        @Slot(object)
        def _on_ready(self, _: object) -> None:
            if not self._controller.training.is_active:
                self._controller.drafts.set_draft(Draft.from_values(SPEC))
                self._controller.start()

        @Slot(object)
        def _on_event(self, event: object) -> None:
            if isinstance(event, RunStarted):
                _say({"run": event.run})
            elif isinstance(event, StepsDone):
                losses = [float(value) for value in event.metrics["loss"]]
                _say({"first_step": event.first_step, "losses": losses})
            elif isinstance(event, EpochEnded):
                _say({"epoch": event.epoch, "metrics": event.metrics})

    application = QApplication(sys.argv[:1])
    player = Player()
    application.installEventFilter(player)
    app.main(["--workspace", str(workspace)])


def _say(values: dict[str, Any]) -> None:
    print(json.dumps(values), flush=True)


def kill_windows(
    n_kills: int,
    chance: random.Random,
    folder: Path,
    reference: dict[str, Any],
    with_worker: bool = False,
) -> Counts:
    """Opens a window, trains, kills it, and continues the run, so many times.

    Args:
        n_kills: So many windows.
        chance: When each is killed.
        folder: For the workspaces.
        reference: How the run ends if nothing is killed.
        with_worker: The window's worker is killed at the same moment.
    """
    counts = Counts()
    for number in range(n_kills):
        workspace = folder / f"window-{number}"
        notified = Notified()
        run = _open_and_kill(workspace, folder, chance, counts, notified, with_worker)
        if run:
            counts.runs += 1
            with RunStore(workspace) as store:
                store.mark_interrupted()
                check(counts, store, run, notified)
                counts.untold += store.get(run).state.is_active
                is_over = store.get(run).state.value == "finished"
            if not is_over:
                session = Session(workspace)
                *_, ended = session.run(ResumeRun(run))
                session.close()
                if not isinstance(ended, RunFinished):
                    print(f"  {ended}", flush=True)
                    counts.stuck += 1
                    continue
            with RunStore(workspace) as store:
                counts.different += not is_same(state_of(store, run), reference)
    return counts


def _open_and_kill(
    workspace: Path,
    folder: Path,
    chance: random.Random,
    counts: Counts,
    notified: Notified,
    with_worker: bool,
) -> str:
    """Returns the run that the window had started; empty if none."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(folder)}
    process = subprocess.Popen(
        [sys.executable, __file__, "--window", str(workspace)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    run, after, children = "", chance.randrange(1, 60), []
    for values in _lines(process):
        if "run" in values:
            run = values["run"]
        elif "losses" in values:
            for place, loss in enumerate(values["losses"]):
                notified.losses[values["first_step"] + place] = loss
        else:
            notified.epochs[values["epoch"]] = values["metrics"]
        after -= 1
        if not after:
            time.sleep(chance.uniform(0.0, 0.03))
            window = psutil.Process(process.pid)
            children = window.children(recursive=True)
            doomed = [window, *children] if with_worker else [window]
            for each in chance.sample(doomed, len(doomed)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
    process.wait()
    counts.kills += 1
    _, alive = psutil.wait_procs(children, timeout=ORPHAN_S)
    counts.orphans += len(alive)
    return run


def _lines(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        try:
            yield json.loads(line)
        except ValueError:  # cut off by the kill
            continue


def _print(name: str, counts: Counts, as_json: bool) -> None:
    values = {item.name: getattr(counts, item.name) for item in fields(counts)}
    if as_json:
        print(json.dumps({"killed": name, **values}), flush=True)
    else:
        print(
            f"{name}: " + ", ".join(f"{value} {key}" for key, value in values.items()), flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=100, help="kills of the worker")
    parser.add_argument("--windows", type=int, default=20, help="kills of the window")
    parser.add_argument("--both", type=int, default=20, help="kills of the window with its worker")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--window", type=Path, help=argparse.SUPPRESS)
    add_smoke(parser, workers=1, windows=0, both=1)
    options = parser.parse_args()
    if options.window:
        _train_in_window(options.window)
        return
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        reference = _uninterrupted(folder / "reference")
        if options.workers:
            counts = kill_workers(options.workers, chance, folder / "workers", reference)
            _print("worker", counts, options.json)
        if options.windows:
            counts = kill_windows(options.windows, chance, folder / "windows", reference)
            _print("window", counts, options.json)
        if options.both:
            both = folder / "both"
            counts = kill_windows(options.both, chance, both, reference, with_worker=True)
            _print("window and worker", counts, options.json)


if __name__ == "__main__":
    main()
