"""Redraw of the curves plot after a million steps, against plain pyqtgraph with the full arrays.

Run: ``python tests/benchmarks/plot_redraw.py [--steps N] [--smoke] [--json]``. A redraw is what
happens when a chunk of steps arrives: new data to the items, then painting the widget into a
picture.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QApplication, QWidget
from smoke import add_smoke

from gui.plots.curves_plot import CurvesPlot
from gui.style.theme import current_theme

SIZE = (800, 400)
CHUNK = 100


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--redraws", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    add_smoke(parser, steps=20_000, redraws=3)
    options = parser.parse_args()
    application = QApplication([])
    current_theme().apply()
    results = {
        name: measure(application, make(options.steps), options.redraws)
        for name, make in {
            "descent": ours,
            "descent, smoothed": ours_smoothed,
            "pyqtgraph, full arrays": plain,
            "pyqtgraph, peak downsampling": downsampled,
        }.items()
    }
    ours_ms = results["descent"]["median_ms"]
    for result in results.values():
        result["ratio_to_descent"] = round(result["median_ms"] / ours_ms, 1)
    if options.json:
        print(json.dumps({"event": "plot_redraw", "steps": options.steps, "results": results}))
        return
    print(f"{options.steps:,} steps, {SIZE[0]}x{SIZE[1]} pixels")
    for name, result in results.items():
        print(
            f"{name:30} median {result['median_ms']:8.2f} ms   max {result['max_ms']:8.2f} ms   "
            f"{result['ratio_to_descent']:6.1f} x"
        )


def measure(
    application: QApplication, subject: tuple[QWidget, Callable[[], None]], n: int
) -> dict[str, float]:
    """Returns milliseconds of redraws."""
    widget, append = subject
    widget.resize(*SIZE)
    widget.show()
    times = []
    for turn in range(n + 3):
        application.processEvents()
        start = time.perf_counter()
        append()
        widget.grab()
        if turn >= 3:
            times.append((time.perf_counter() - start) * 1000)
    widget.hide()
    return {
        "median_ms": round(statistics.median(times), 3),
        "max_ms": round(max(times), 3),
    }


def losses(steps: int) -> np.ndarray:
    """Returns values that look like the losses of batches, (steps,)."""
    rng = np.random.default_rng(0)
    trend = 2 * np.exp(-np.arange(steps) / (steps / 5)) + 0.1
    return (trend * rng.gamma(8, 1 / 8, steps)).astype(np.float32)


def ours(steps: int, smoothing: float = 0.0) -> tuple[QWidget, Callable[[], None]]:
    """Returns Descent's plot and what appends a chunk to it."""
    values = losses(steps)
    plot = CurvesPlot("loss", "Loss")
    plot.set_steps_per_epoch(max(1, steps // 100))
    plot.append_steps(0, values, 100.0)
    for epoch in range(1, 101):
        done = epoch * (steps // 100)
        plot.append_epoch(epoch, done, float(epoch), float(values[done - 1]), 1.0 / epoch)
    plot.set_smoothing(smoothing)
    while plot.data.smooth():
        pass

    def append() -> None:
        plot.append_steps(len(plot.data), values[:CHUNK], 101.0)
        plot.throttle.flush()

    return plot, append


def ours_smoothed(steps: int) -> tuple[QWidget, Callable[[], None]]:
    """Returns Descent's plot with a smoothed line."""
    return ours(steps, 0.9)


def plain(steps: int) -> tuple[QWidget, Callable[[], None]]:
    """Returns a plot that redraws all values."""
    values = losses(steps)
    x = np.arange(1.0, steps + 1)
    plot = pg.PlotWidget()
    curve = plot.plot(x, values, pen=pg.mkPen("#0072b2", width=1))

    def append() -> None:
        curve.setData(x, values)

    return plot, append


def downsampled(steps: int) -> tuple[QWidget, Callable[[], None]]:
    """Returns a plot with pyqtgraph's own downsampling and clipping."""
    plot, append = plain(steps)
    item = plot.getPlotItem()  # type: ignore[attr-defined]
    item.setDownsampling(auto=True, mode="peak")
    item.setClipToView(True)
    return plot, append


if __name__ == "__main__":
    main()
