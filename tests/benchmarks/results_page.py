"""How soon the Results page shows a run, and how soon a click shows its examples.

    python tests/benchmarks/results_page.py [--sizes NxCLASSES,…] [--rounds N]
        [--display] [--smoke] [--json]

Predictions are made up and kept with a run; the page is opened on them offscreen (unless
--display). A stand-in answers in the thread of the responder, with pictures of 64 × 64 pixels that
are made up as well: what it takes to read files is not measured. Reported for each size are

- `read_s`: in the background, from disk to what the page is given; the window goes on meanwhile;
- `open_s`: in the window's own thread, from there to the painted page with its examples listed;
- `open_cpu_s`: what of that the thread computed; on a busy machine the rest is waiting;
- `examples_s`: from there to the first pictures; much is read only then, in the background;
- `tab_s`: the slowest tab, from the click on it to its picture;
- `click_s`: from the click on a cell to its examples listed, the largest of those tried;
- `click_cpu_s`: what of that the thread computed;
- `shown_s`: from there to the first pictures, by way of the responder's thread;
- `late_ms`: how late a 10-ms timer of the window was, at most, over all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from smoke import add_smoke

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

EDGE = 64


class StandIn:
    """Answers what the page asks, as a worker does that has its data at hand."""

    pid: int | None = 1

    def run(self, command: Any) -> Iterator[Any]:
        import numpy as np

        from engine.events.columns import ColumnRead, ReadColumn
        from engine.events.commands import WarmUp
        from engine.events.messages import Rejected, WorkerReady
        from engine.events.results import ExamplesShown, ShowExamples, ShownExample

        match command:
            case WarmUp():
                yield WorkerReady("", "", ("CPU:0",), 0.0)
            case ShowExamples():
                random = np.random.default_rng(command.rows[0])
                pixels = random.integers(0, 255, (len(command.rows), EDGE, EDGE, 3), np.uint8)
                pairs = zip(command.rows, pixels, strict=True)
                examples = tuple(ShownExample(row, f"row {row}", "", x) for row, x in pairs)
                yield ExamplesShown(command.run, "image", examples, key=command.key)
            case ReadColumn():
                none = np.zeros(0)
                yield ColumnRead(command.run, command.part, "", (), none.astype(np.int64), none)
            case _:
                yield Rejected("Nobody knows.")

    def control(self, request: Any) -> None:
        """Nothing takes so long that it could be stopped."""

    def close(self, timeout_s: float = 5.0) -> None:
        """There is nothing to end."""


def make_run(workspace: Path, n: int, n_classes: int) -> str:
    """Keeps a run with made-up predictions, nine of ten right, and returns its id."""
    import numpy as np

    from engine.events.run_events import RunFinished
    from engine.inference.evaluation.evaluation import ClassScore, Evaluation
    from engine.inference.evaluation.predictions import MAX_BYTES, Predictions
    from engine.runs.store import RunStore
    from engine.spec.run_spec import RunSpec
    from engine.spec.signature import Output, Task

    random = np.random.default_rng(0)
    n_kept = min(n, MAX_BYTES // (4 * n_classes))
    truth = random.integers(0, n_classes, n_kept)
    said = np.where(random.random(n_kept) < 0.9, truth, random.integers(0, n_classes, n_kept))
    outputs = random.random((n_kept, n_classes), np.float32)
    outputs[np.arange(n_kept), said] += n_classes
    outputs /= outputs.sum(axis=1, keepdims=True)
    names = tuple(f"class {index}" for index in range(n_classes))
    confusion = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(confusion, (truth, said), 1)
    right = float((truth == said).mean())
    scores = tuple(ClassScore(name, right, right, right, n // n_classes) for name in names)
    spec = RunSpec.from_dict(
        {"data": {"source": "digits"}, "model": {"name": "mlp"}, "training": {"epochs": 1}}
    )
    with RunStore(workspace) as store:
        run = store.create(spec, f"{n:,} × {n_classes:,}", "Made up", "MLP").id
        folder = store.folder(run)
        found = Predictions(
            "test",
            Task.CLASSIFICATION,
            Output.CLASSES,
            np.arange(n_kept),
            truth,
            outputs,
            "class",
            names,
            n_all=n,
        )
        found.save(folder)
        metrics = {"accuracy": right}
        Evaluation("test", n, metrics, "class", names, confusion, scores).save(folder)
        store.record([RunFinished(run, reason="Made up.", metrics={"accuracy": right})])
    return run


class Clock:
    """Takes the times of one window."""

    def __init__(self, workspace: Path) -> None:
        from PySide6.QtCore import Qt, QTimer

        from gui.pages.results.results_page import ResultsPage
        from gui.state.controller import Controller
        from gui.state.messages import Messages
        from gui.state.settings import Settings

        self.controller = Controller(workspace, StandIn)
        self.page = ResultsPage(self.controller, Messages(), Settings())
        self.page.resize(1080, 760)
        self.page.show()
        self.controller.open()
        self._last = time.perf_counter()
        self.late_ms = 0.0
        self._timer = QTimer(self.page, interval=10, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.late_ms = max(self.late_ms, (now - self._last) * 1e3 - 10)
        self._last = now

    def wait(self, is_so: Any, limit_s: float = 120.0) -> float:
        """Lets the window run until something is so; returns how long that took."""
        from PySide6.QtWidgets import QApplication

        started = time.perf_counter()
        while not is_so():
            QApplication.processEvents()
            if time.perf_counter() - started > limit_s:
                raise TimeoutError("It did not happen.")
        return time.perf_counter() - started

    def measure(self, workspace: Path, run: str) -> dict[str, float]:
        """Opens a run, goes through its tabs and clicks on cells."""
        import numpy as np
        from PySide6.QtWidgets import QApplication

        from engine.runs.store import RunStore
        from gui.state.result_reading import read_result

        found: dict[str, float] = {}
        started = time.perf_counter()
        with RunStore(workspace) as store:
            result = read_result(store, run)
        found["read_s"] = time.perf_counter() - started
        self._last, self.late_ms = time.perf_counter(), 0.0
        self._timer.start()
        page = self.page
        started, computed = time.perf_counter(), time.thread_time()
        page._on_result(result)
        page.grab()
        found["open_s"] = time.perf_counter() - started
        found["open_cpu_s"] = time.thread_time() - computed
        QApplication.processEvents()
        found["examples_s"] = self.wait(lambda: bool(page.examples.fetcher._kept))
        found["tab_s"] = 0.0
        for name in page.tabs.names:
            started = time.perf_counter()
            page.tabs.show_tab(name)
            page.grab()
            found["tab_s"] = max(found["tab_s"], time.perf_counter() - started)
            QApplication.processEvents()
        page.tabs.show_tab("confusion")
        plot, n = page.tabs.view("confusion").plot, len(result.evaluation.class_names)
        found["click_s"] = found["click_cpu_s"] = found["shown_s"] = 0.0
        random = np.random.default_rng(1)
        for true, said in [(0, 0), *random.integers(0, n, (4, 2)).tolist()]:
            page.examples.fetcher.set_run(run)  # nothing is at hand
            started, computed = time.perf_counter(), time.thread_time()
            plot.cell_clicked.emit(true, said)
            page.examples.grab()
            found["click_s"] = max(found["click_s"], time.perf_counter() - started)
            found["click_cpu_s"] = max(found["click_cpu_s"], time.thread_time() - computed)
            QApplication.processEvents()
            listed = page.examples.list.examples
            if listed.rowCount():
                row = listed.row_at(0)
                waited = self.wait(lambda row=row: page.examples.fetcher.get(row) is not None)
                found["shown_s"] = max(found["shown_s"], waited)
        self._timer.stop()
        found["late_ms"] = self.late_ms
        return found

    def close(self) -> None:
        ended: list[bool] = []
        self.controller.closed.connect(lambda: ended.append(True))
        self.controller.close()
        self.wait(lambda: bool(ended))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="100000x10,100000x1000,1000000x10,1000000x1000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--display", action="store_true", help="on a real screen")
    parser.add_argument("--json", action="store_true")
    add_smoke(parser, sizes="200x10", rounds=1)
    arguments = parser.parse_args()
    if not arguments.display:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    application = QApplication(sys.argv[:1])
    from gui.style.theme import current_theme

    current_theme().apply()
    with tempfile.TemporaryDirectory() as folder:
        for scope in (QSettings.Scope.UserScope, QSettings.Scope.SystemScope):
            QSettings.setPath(QSettings.Format.IniFormat, scope, folder)
        workspace = Path(folder) / "workspace"
        for size in arguments.sizes.split(","):
            n, n_classes = map(int, size.split("x"))
            run = make_run(workspace, n, n_classes)
            clock = Clock(workspace)
            rounds = [clock.measure(workspace, run) for _ in range(arguments.rounds)]
            clock.close()
            best = {name: min(found[name] for found in rounds) for name in rounds[0]}
            if arguments.json:
                print(json.dumps({"examples": n, "classes": n_classes, **best}))
                continue
            print(f"{n:,} examples, {n_classes:,} classes (best of {len(rounds)})")
            print("  " + "  ".join(f"{name} {value:.3f}" for name, value in best.items()))
    application.quit()


if __name__ == "__main__":
    main()
