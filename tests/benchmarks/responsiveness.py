"""How the window feels: a 10-ms timer in the GUI thread, and the times people wait for.

    python tests/benchmarks/responsiveness.py [--rounds N] [--epochs N] [--display]
        [--smoke] [--json]

Each round opens the real window in a process of its own (offscreen unless --display), lets it warm
up TensorFlow, trains the CNN on digits, and stops it. Reported are

- `painted_s`: from the start of the process to the first painted window;
- `late_ms`: how late the timer was, from launch to the end of the run: p50, p99, maximum;
- `first_point_s`: from Start to the first point of the curve, with a warm worker;
- `pause_ms`, `stop_ms`: from the click to the worker standing still;
- `stopped_s`: from Stop to the run evaluated, saved and over;
- `throughput`: training examples per second with the window open, as a ratio of headless training
  in the same round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from smoke import add_smoke

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

SPEC = {"data": {"source": "digits"}, "model": {"name": "cnn"}}


def _drive_window(workspace: Path, process_started: float, epochs: int) -> dict[str, Any]:
    """Opens the window and plays a user. Runs in a process of its own.

    Args:
        workspace: An empty folder.
        process_started: When the parent started this process, `time.time()`.
        epochs: So many are trained before it is stopped.
    """
    from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
    from PySide6.QtWidgets import QApplication

    from engine.events.run_events import (
        EpochEnded,
        RunEnded,
        RunState,
        StateChanged,
        StepsDone,
    )
    from gui.state.draft import Draft
    from gui.window import app
    from gui.window.main_window import MainWindow

    spec = SPEC | {"training": {"epochs": epochs + 1000}}

    class Player(QObject):
        """Does what a user does, and takes the times."""

        def __init__(self) -> None:
            super().__init__()
            self.lateness_ms: list[float] = []
            self.figures: dict[str, Any] = {}
            self._controller: Any = None
            self._since = 0.0
            self._rates: list[float] = []
            self._last_tick = 0.0
            self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=10)
            self._timer.timeout.connect(self._tick)

        @Slot()
        def _tick(self) -> None:
            now = time.perf_counter()
            self.lateness_ms.append(max(0.0, (now - self._last_tick) * 1e3 - 10))
            self._last_tick = now

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            """Waits for the first paint of the main window."""
            if event.type() == QEvent.Type.Paint and isinstance(watched, MainWindow):
                _application.removeEventFilter(self)
                self.figures["painted_s"] = time.time() - process_started
                self._window = watched
                self._controller = watched.controller
                self._controller.worker_ready.connect(self._on_ready)
                self._controller.training.run_event.connect(self._on_event)
                self._last_tick = time.perf_counter()
                self._timer.start()
            return False

        @Slot(object)
        def _on_ready(self, _: object) -> None:
            if "first_point_s" not in self.figures and "ready" not in self.figures:
                self.figures["ready"] = True
                self._window.show_page("train")
                self._controller.drafts.set_draft(Draft.from_values(spec))
                # As long as a person needs to reach the button; the worker is idle by then.
                QTimer.singleShot(1500, self._start)

        @Slot()
        def _start(self) -> None:
            self._since = time.perf_counter()
            self._controller.start()

        @Slot(object)
        def _on_event(self, event: object) -> None:
            waited = time.perf_counter() - self._since
            if isinstance(event, StepsDone) and "first_point_s" not in self.figures:
                self.figures["first_point_s"] = waited
            elif isinstance(event, EpochEnded):
                self._rates.append(event.samples_per_s)
                if event.epoch == epochs:
                    self._since = time.perf_counter()
                    self._controller.training.pause()
            elif isinstance(event, StateChanged):
                self._on_state(event.state, waited)
            elif isinstance(event, RunEnded):
                self.figures["stopped_s"] = waited
                self.figures["samples_per_s"] = statistics.median(self._rates[1:])
                self._timer.stop()
                self._window.close()

        def _on_state(self, state: RunState, waited: float) -> None:
            if state is RunState.PAUSED:
                self.figures["pause_ms"] = waited * 1e3
                self._controller.training.resume()
                QTimer.singleShot(1000, self._stop)
            elif state is RunState.STOPPING:
                self.figures["stop_ms"] = waited * 1e3

        @Slot()
        def _stop(self) -> None:
            self._since = time.perf_counter()
            self._controller.training.stop()

    _application = QApplication(sys.argv[:1])
    player = Player()
    _application.installEventFilter(player)
    app.main(["--workspace", str(workspace)])
    late = sorted(player.lateness_ms)
    player.figures["late_ms"] = {
        "p50": statistics.median(late),
        "p99": late[int(0.99 * len(late))],
        "max": late[-1],
        "ticks": len(late),
    }
    player.figures["tensorflow_imported"] = "tensorflow" in sys.modules
    player.figures.pop("ready", None)
    return player.figures


def _headless_samples_per_s(workspace: Path, epochs: int) -> float:
    """The same training through the engine alone, in a worker without a window."""
    from engine.events.commands import Train
    from engine.events.run_events import EpochEnded
    from engine.service.session import Session

    spec = SPEC | {"training": {"epochs": epochs}}
    session = Session(workspace)
    rates = [e.samples_per_s for e in session.run(Train(spec)) if isinstance(e, EpochEnded)]
    session.close()
    return statistics.median(rates[1:])


def _round(display: bool, epochs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        if not display:
            environment["QT_QPA_PLATFORM"] = "offscreen"
        environment["XDG_CONFIG_HOME"] = folder  # settings of the person stay out of it
        given = ["--epochs", str(epochs), "--started", str(time.time())]
        done = subprocess.run(
            [sys.executable, __file__, "--window", folder, *given],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        headless = _headless_samples_per_s(Path(folder), epochs)
        figures["throughput"] = figures["samples_per_s"] / headless
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=15, help="trained before it is stopped")
    parser.add_argument("--display", action="store_true", help="on the screen, not offscreen")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--window", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--started", type=float, help=argparse.SUPPRESS)
    add_smoke(parser, rounds=1, epochs=2)
    options = parser.parse_args()
    if options.window:
        print(json.dumps(_drive_window(options.window, options.started, options.epochs)))
        return
    for _ in range(options.rounds):
        figures = _round(options.display, options.epochs)
        if options.json:
            print(json.dumps(figures), flush=True)
        else:
            print(
                "  ".join(f"{name} {_short(value)}" for name, value in figures.items()), flush=True
            )


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {_short(item)}" for name, item in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
