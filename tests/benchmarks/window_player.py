"""Opens the real window and plays a user who trains; takes the times. For `responsiveness.py`."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication

from engine.events.run_events import EpochEnded, RunEnded, RunState, StateChanged, StepsDone
from gui.state.draft import Draft
from gui.window import app
from gui.window.main_window import MainWindow

REACH_MS = 1_500
"""As long as a person needs to reach the button; the worker is idle by then."""
RESUMED_MS = 1_000


class Player(QObject):
    """Does what a user does, and takes the times.

    Args:
        application: Whose first painted window is waited for.
        spec: What is trained; longer than `epochs`.
        epochs: So many are trained before it is paused, resumed and stopped.
        page: Which page is looked at meanwhile.
        after_ms: How long the page is looked at once the run has ended.
        process_started: When this process was started, `time.time()`.
    """

    def __init__(
        self,
        application: QApplication,
        spec: dict[str, Any],
        epochs: int,
        page: str,
        after_ms: int,
        process_started: float,
    ) -> None:
        super().__init__()
        self.figures: dict[str, Any] = {}
        self._application = application
        self._spec, self._epochs, self._page, self._after_ms = spec, epochs, page, after_ms
        self._process_started = process_started
        self._window: Any = None
        self._since = 0.0
        self._rates: list[float] = []
        self._late_ms: list[float] = []
        self._busy_ms: list[float] = []
        self._n_at_end = 0
        self._last_tick = self._last_busy = 0.0
        self._is_ready = False
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=10)
        self._timer.timeout.connect(self._tick)
        application.installEventFilter(self)

    def finish(self) -> dict[str, Any]:
        """All figures, once the window is closed."""
        at = self._n_at_end
        self.figures["late_ms"] = _spread(self._late_ms[:at])
        self.figures["late_after_ms"] = _spread(self._late_ms[at:])
        self.figures["busy_ms"] = _spread(self._busy_ms[:at])
        self.figures["busy_after_ms"] = _spread(self._busy_ms[at:])
        self.figures["tensorflow_imported"] = "tensorflow" in sys.modules
        return self.figures

    @Slot()
    def _tick(self) -> None:
        now, busy = time.perf_counter(), time.process_time()
        self._late_ms.append(max(0.0, (now - self._last_tick) * 1e3 - 10))
        self._busy_ms.append((busy - self._last_busy) * 1e3)
        self._last_tick, self._last_busy = now, busy

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Waits for the first paint of the main window."""
        if event.type() == QEvent.Type.Paint and isinstance(watched, MainWindow):
            self._application.removeEventFilter(self)
            self.figures["painted_s"] = time.time() - self._process_started
            self._window = watched
            watched.controller.worker_ready.connect(self._on_ready)
            watched.controller.training.run_event.connect(self._on_event)
            self._last_tick, self._last_busy = time.perf_counter(), time.process_time()
            self._timer.start()
        return False

    @Slot(object)
    def _on_ready(self, _: object) -> None:
        if self._is_ready:
            return
        self._is_ready = True
        self._window.show_page("train")
        self._window.controller.drafts.set_draft(Draft.from_values(self._spec))
        QTimer.singleShot(REACH_MS, self, self._start)

    @Slot()
    def _start(self) -> None:
        self._since = time.perf_counter()
        self._window.controller.start()

    @Slot(object)
    def _on_event(self, event: object) -> None:
        waited = time.perf_counter() - self._since
        if isinstance(event, StepsDone) and "first_point_s" not in self.figures:
            self.figures["first_point_s"] = waited
            self._window.show_page(self._page)
        elif isinstance(event, EpochEnded):
            self._rates.append(event.samples_per_s)
            if event.epoch == self._epochs:
                self._since = time.perf_counter()
                self._window.controller.training.pause()
        elif isinstance(event, StateChanged):
            self._on_state(event.state, waited)
        elif isinstance(event, RunEnded):
            self.figures["stopped_s"] = waited
            self.figures["samples_per_s"] = statistics.median(self._rates[1:])
            self._n_at_end = len(self._late_ms)
            QTimer.singleShot(self._after_ms, self, self._close)

    def _on_state(self, state: RunState, waited: float) -> None:
        if state is RunState.PAUSED:
            self.figures["pause_ms"] = waited * 1e3
            self._window.controller.training.resume()
            QTimer.singleShot(RESUMED_MS, self, self._stop)
        elif state is RunState.STOPPING:
            self.figures["stop_ms"] = waited * 1e3

    @Slot()
    def _stop(self) -> None:
        self._since = time.perf_counter()
        self._window.controller.training.stop()

    @Slot()
    def _close(self) -> None:
        self._timer.stop()
        self._window.close()


def _spread(taken_ms: list[float]) -> dict[str, float]:
    taken = sorted(taken_ms) or [0.0]
    return {
        "p50": statistics.median(taken),
        "p99": taken[int(0.99 * len(taken))],
        "max": taken[-1],
        "ticks": len(taken),
    }


def play(
    workspace: Path,
    spec: dict[str, Any],
    epochs: int,
    page: str,
    after_ms: int,
    process_started: float,
) -> dict[str, Any]:
    """Opens the window on an empty folder, plays, and returns the figures; see `Player`."""
    application = QApplication(sys.argv[:1])
    player = Player(application, spec, epochs, page, after_ms, process_started)
    app.main(["--workspace", str(workspace)])
    return player.finish()
