"""What one window keeps of many small runs: memory, threads and processes.

    python tests/benchmarks/leaks.py [--runs N] [--before N] [--smoke] [--json]

Opens the real window offscreen in a process of its own, trains a few runs so that everything is
loaded, notes its memory, trains N more, and notes it again. `grown_mb` is what the window's own
process grew by; `threads` and `processes` are those more than before the N runs, once all is quiet.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil
from smoke import add_smoke

SPEC = {
    "data": {"source": "iris"},
    "model": {"name": "mlp"},
    "training": {"epochs": 5, "batch_size": 16},
}


def _look(process: psutil.Process) -> dict[str, float]:
    gc.collect()
    return {
        "memory_mb": process.memory_info().rss / 2**20,
        "threads": process.num_threads(),
        "processes": len(process.children(recursive=True)),
    }


def _train_in_window(options: argparse.Namespace) -> dict[str, Any]:
    """Opens the window and trains one run after another."""
    n_before, n_runs, quiet_ms = options.before, options.runs, options.quiet_ms
    from PySide6.QtCore import QEvent, QObject, QTimer, Slot
    from PySide6.QtWidgets import QApplication

    from engine.events.run_events import RunEnded
    from gui.state.draft import Draft
    from gui.window import app
    from gui.window.main_window import MainWindow

    class Player(QObject):
        def __init__(self) -> None:
            super().__init__()
            self.states: list[str] = []
            self.before: dict[str, float] = {}
            self.after: dict[str, float] = {}
            self._process = psutil.Process()

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and isinstance(watched, MainWindow):
                application.removeEventFilter(self)
                self._window, self._controller = watched, watched.controller
                self._controller.worker_ready.connect(self._on_ready)
                self._controller.training.run_event.connect(self._on_event)
            return False

        @Slot(object)
        def _on_ready(self, _: object) -> None:
            if self._controller.training.is_active:
                return
            if len(self.states) == n_before and not self.before:
                QTimer.singleShot(quiet_ms, self._note_before)
            elif len(self.states) == n_before + n_runs:
                QTimer.singleShot(quiet_ms, self._note_after)
            else:
                self._start()

        @Slot()
        def _start(self) -> None:
            self._window.show_page("train")
            self._controller.drafts.set_draft(Draft.from_values(SPEC))
            self._controller.start()

        @Slot(object)
        def _on_event(self, event: object) -> None:
            if isinstance(event, RunEnded):
                self.states.append(event.state.value)

        @Slot()
        def _note_before(self) -> None:
            self.before = _look(self._process)
            self._start()

        @Slot()
        def _note_after(self) -> None:
            self.after = _look(self._process)
            self._window.close()

    application = QApplication(sys.argv[:1])
    player = Player()
    application.installEventFilter(player)
    app.main(["--workspace", str(options.window)])
    return {
        "runs": len(player.states) - n_before,
        "finished": player.states.count("finished") - n_before,
        "memory_mb": player.before["memory_mb"],
        "grown_mb": player.after["memory_mb"] - player.before["memory_mb"],
        "threads": player.after["threads"] - player.before["threads"],
        "processes": player.after["processes"] - player.before["processes"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--before", type=int, default=5, help="runs that are not counted")
    parser.add_argument("--quiet-ms", type=int, default=8_000, help="waited before each look")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--window", type=Path, help=argparse.SUPPRESS)
    add_smoke(parser, runs=1, before=0, quiet_ms=0)
    options = parser.parse_args()
    if options.window:
        print(json.dumps(_train_in_window(options)))
        return
    amounts = ["--runs", options.runs, "--before", options.before, "--quiet-ms", options.quiet_ms]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, __file__, "--window", folder, *map(str, amounts)],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": folder},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    figures = json.loads(done.stdout.splitlines()[-1])
    if options.json:
        print(json.dumps(figures))
    else:
        print(", ".join(f"{name} {value:.4g}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
