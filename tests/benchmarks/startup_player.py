"""Opens the window in this process and takes the times until it is fluent. For `startup.py`."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

TICK_MS = 5


def main() -> None:
    """``startup_player.py CHECKOUT STARTED PART WATCHED_MS``, as `startup.py` gives them."""
    checkout, started, part, watched_ms = sys.argv[1:]
    figures = {"python_s": time.time() - float(started)}
    if part == "empty":
        _open_empty(figures)
    else:
        sys.path[:1] = [checkout]
        _open_window(figures, int(watched_ms))


def _end(figures: dict[str, float]) -> None:
    print(json.dumps(figures))
    print(json.dumps(sorted(_files_read())), flush=True)
    import multiprocessing

    for worker in multiprocessing.active_children():
        worker.kill()
    os._exit(0)  # what is measured is the opening


def _files_read() -> set[str]:
    """Modules, compiled ones, and libraries that are mapped into memory."""
    modules = [vars(module) for module in list(sys.modules.values())]
    found = {str(it.get(name)) for it in modules for name in ("__file__", "__cached__")}
    maps = Path("/proc/self/maps")
    lines = maps.read_text("utf-8").splitlines() if maps.exists() else []
    found |= {line[line.index("/") :] for line in lines if "/" in line}
    return {path for path in found if Path(path).is_file()}


def _open_empty(figures: dict[str, float]) -> None:
    """What no window of Qt's can do without: the library, and a first paint of nothing."""
    at = time.perf_counter()
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication, QMainWindow

    figures["imports_s"] = time.perf_counter() - at
    at = time.perf_counter()
    application = QApplication([])

    class Window(QMainWindow):
        def paintEvent(self, event: object) -> None:
            QTimer.singleShot(0, self.end)

        def end(self) -> None:
            figures["painting_s"] = time.perf_counter() - at
            figures["cpu_s"] = time.process_time()
            _end(figures)

    window = Window()
    window.resize(1280, 800)
    window.show()
    application.exec()


def _open_window(figures: dict[str, float], watched_ms: int) -> None:
    """As `main.py` does, with a window that takes the time at each step."""
    at = time.perf_counter()
    from engine.devices.console.startup import start

    def run() -> int:
        import main as program
        from gui.window.display import display_problem

        assert not display_problem()
        if hasattr(program, "load_window"):  # older ones have no such part
            program.load_window()
        from gui.window import app

        figures["imports_s"] = time.perf_counter() - at
        app.MainWindow = _timed(app.MainWindow, figures, watched_ms)  # type: ignore[misc]
        return app.main([])

    start(run)


def _timed(window_class: type, figures: dict[str, float], watched_ms: int) -> type:
    from PySide6.QtCore import Qt, QTimer, Slot

    begun = time.perf_counter()

    class Timed(window_class):  # type: ignore[misc]
        """The window, which takes the time."""

        def __init__(self, *given: object) -> None:
            self._at = time.perf_counter()
            figures["application_s"] = self._at - begun
            super().__init__(*given)
            self._step("window_s")

        def _step(self, name: str) -> None:
            now = time.perf_counter()
            figures[name], self._at = now - self._at, now

        @Slot()
        def open(self) -> None:
            """Called once it is painted."""
            self._step("painting_s")
            figures["cpu_s"] = time.process_time()
            super().open()
            self._painted = self._at
            self._blocks: list[tuple[float, float]] = []
            self._computed = time.thread_time()
            self._ticks = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=TICK_MS)
            self._ticks.timeout.connect(self._tick)
            self._ticks.start()
            self.pages_built.connect(self._on_built)
            QTimer.singleShot(watched_ms, self, self._on_watched)

        @Slot()
        def _tick(self) -> None:
            now, computed = time.perf_counter(), time.thread_time()
            self._blocks.append((now - self._at, computed - self._computed))
            if "BLOCKS" in os.environ and now - self._at > 0.02:
                ended, (took, busy) = now - self._painted, self._blocks[-1]
                print(f"{ended:.3f} {took * 1e3:.0f} {busy * 1e3:.0f}", file=sys.stderr)
            self._at, self._computed = now, computed

        @Slot()
        def _on_built(self) -> None:
            figures["pages_s"] = time.perf_counter() - self._painted

        @Slot()
        def _on_watched(self) -> None:
            if "pages_s" not in figures:
                QTimer.singleShot(watched_ms, self, self._on_watched)
                return
            self._tick()
            figures["block_s"] = max(block[0] for block in self._blocks)
            figures["block_cpu_s"] = max(block[1] for block in self._blocks)
            figures["late_50ms"] = sum(block[0] > 0.05 for block in self._blocks)
            _end(figures)

    return Timed


if __name__ == "__main__":
    main()
