"""DevicePanel: load, memory, temperature and power of this machine over the last minutes."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from engine.devices.sampler import DeviceSample, GpuSample
from engine.spec.formatting import NOTHING
from gui.plots.buffers import GrowingArray
from gui.plots.extents import finite_extent
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.theme import SPACING, blend, current_theme

GIGABYTE: Final = 2.0**30
_PLOT_WIDTH: Final = 256
_PLOT_HEIGHT: Final = 136

Floats = npt.NDArray[np.float64]


class DevicePlot(Plot):
    """Values of a device over the last minutes, one line per name.

    Args:
        title: Read above it.
        unit: After each value: ``%``, ``GB``, ``°C`` or ``W``.
        seconds: How far back it reaches.
        top: Where the vertical axis ends at least.
        parent: Owner.
    """

    def __init__(
        self,
        title: str,
        unit: str,
        seconds: int = 180,
        top: float = 1.0,
        parent: QWidget | None = None,
    ) -> None:
        self._unit = unit
        self._seconds = seconds
        self._top = top
        self._times = GrowingArray()
        self._values: dict[str, GrowingArray] = {}
        self.lines: dict[str, pg.PlotCurveItem] = {}
        self._faint: list[GrowingArray] = []
        super().__init__(title, parent)
        self.setMinimumHeight(_PLOT_HEIGHT)
        self.set_empty_text(self.tr("Measuring…"))

    def _build(self) -> None:
        super()._build()
        self.view.setMouseEnabled(False, False)
        self.axis_x.set_kind("ago")
        self.faint_lines = pg.PlotCurveItem(connect="finite")
        self.area.add(self.faint_lines)

    def set_top(self, top: float) -> None:
        """Sets where the vertical axis ends at least."""
        self._top = top

    def add(
        self, time_s: float, values: dict[str, float | None], faint: tuple[float, ...] = ()
    ) -> None:
        """Adds one sample.

        Args:
            time_s: On a clock that only goes forward.
            values: By name; None where it could not be measured.
            faint: Values drawn as thin lines without a name, such as one per core.
        """
        n_before = len(self._times)
        self._times.append(time_s)
        for name in values:
            if name not in self._values:
                self._add_line(name, n_before)
        for name, series in self._values.items():
            value = values.get(name)
            series.append(np.nan if value is None else value)
        while len(self._faint) < len(faint):
            self._faint.append(_blank(n_before))
        for index, series in enumerate(self._faint):
            series.append(faint[index] if index < len(faint) else np.nan)
        self._forget_old()
        self.request_redraw()

    def clear(self) -> None:
        """Forgets all samples."""
        for series in (self._times, *self._values.values(), *self._faint):
            series.truncate(0)
        self.request_redraw()

    def _add_line(self, name: str, n_before: int) -> None:
        self._values[name] = _blank(n_before)
        line = pg.PlotCurveItem(connect="finite", antialias=True)
        line.setZValue(10)
        self.area.add(line)
        self.lines[name] = line
        self._recolor_items()

    def _forget_old(self) -> None:
        """Keeps twice of what is shown at most, so that a window open for days does not grow."""
        times = self._times.values
        shown = int(np.searchsorted(times, times[-1] - self._seconds))
        if shown <= len(times) // 2 or shown < 64:
            return
        for series in (self._times, *self._values.values(), *self._faint):
            kept = series.values[shown:].copy()
            series.truncate(0)
            series.append(kept)

    def columns(self) -> Columns:
        times = self._times.values
        values = {f"{name} ({self._unit})": one.values for name, one in self._values.items()}
        return {"seconds": times - times[-1], **values} if len(times) else {}

    def _is_empty(self) -> bool:
        return not len(self._times)

    def _draw(self) -> None:
        if self._is_empty():
            return
        times = self._times.values
        first = max(0, int(np.searchsorted(times, times[-1] - self._seconds)) - 1)
        x = times[first:] - times[-1]
        highest = self._top
        for name, line in self.lines.items():
            y = self._values[name].values[first:]
            line.setData(x, y, connect="finite")
            high = finite_extent(y)[1]
            highest = max(highest, 0.0 if np.isnan(high) else high)
        if self._faint:
            # All cores in one item, parted by NaN: hundreds of items would cost more than lines.
            apart = [np.append(series.values[first:], np.nan) for series in self._faint]
            self.faint_lines.setData(
                np.tile(np.append(x, np.nan), len(apart)), np.concatenate(apart), connect="finite"
            )
        self.fit_x(-float(self._seconds), 0.0, calm=True)
        self.fit_y(0.0, highest, calm=True)
        self._update_legend()

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        for index, line in enumerate(self.lines.values()):
            line.setPen(cosmetic_pen(colors.series[index % len(colors.series)], 1.5))
        self.faint_lines.setPen(cosmetic_pen(blend(colors.surface, colors.series[0], 0.3), 1))
        self._update_legend()

    def _update_legend(self) -> None:
        colors = current_theme().palette
        entries = []
        for index, (name, series) in enumerate(self._values.items()):
            value = float(series.values[-1]) if len(series) else np.nan
            text = self._in_words(value, is_first=index == 0)
            color = colors.series[index % len(colors.series)]
            entries.append(LegendEntry(name, color, text))
        self.legend.set_entries(tuple(entries))

    def _in_words(self, value: float, is_first: bool) -> str:
        if np.isnan(value):
            return NOTHING
        if self._unit != "GB":
            return f"{value:.0f} {self._unit}"
        total = f" / {self._top:.0f}" if is_first and self._top > 1 else ""
        return f"{value:.1f}{total} GB"


class DevicePanel(QWidget):
    """Small plots of the devices in as many columns as fit; a GPU's appear with its first sample.

    Args:
        parent: Owner.
        seconds: How far back the plots reach.
    """

    def __init__(self, parent: QWidget | None = None, seconds: int = 180) -> None:
        super().__init__(parent)
        self._seconds = seconds
        self._columns = 0
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2 * SPACING)
        self.plots: dict[str, DevicePlot] = {}
        self._add_plot("cpu", self.tr("Processor"), "%", 100.0)
        self._add_plot("memory", self.tr("Memory"), "GB", 1.0)

    def add_sample(self, sample: DeviceSample) -> None:
        """Adds what was measured, about once a second."""
        time_s = sample.time_s
        cores = sample.per_core if len(sample.per_core) > 1 else ()
        self.plots["cpu"].add(time_s, {self.tr("All cores"): sample.cpu_percent}, cores)
        memory = self.plots["memory"]
        memory.set_top(sample.memory_total / GIGABYTE)
        memory.add(
            time_s,
            {
                self.tr("System"): sample.memory_used / GIGABYTE,
                self.tr("Training"): sample.worker_memory / GIGABYTE,
            },
        )
        if sample.gpus:
            self._add_gpus(time_s, sample.gpus)

    def clear(self) -> None:
        """Forgets all samples."""
        for plot in self.plots.values():
            plot.clear()

    def _add_gpus(self, time_s: float, gpus: tuple[GpuSample, ...]) -> None:
        if "gpu_load" not in self.plots:
            self._add_plot("gpu_load", self.tr("GPU load"), "%", 100.0)
            self._add_plot("gpu_memory", self.tr("GPU memory"), "GB", 1.0)
            self._add_plot("gpu_temperature", self.tr("GPU temperature"), "°C", 90.0)
            self._add_plot("gpu_power", self.tr("GPU power"), "W", 50.0)
        if len(gpus) == 1:
            names = [gpus[0].name]
        else:
            names = [f"{index}: {gpu.name}" for index, gpu in enumerate(gpus)]
        totals = [gpu.memory_total for gpu in gpus if gpu.memory_total]
        if totals:
            self.plots["gpu_memory"].set_top(max(totals) / GIGABYTE)
        readings = {
            "gpu_load": [gpu.load for gpu in gpus],
            "gpu_memory": [
                None if gpu.memory_used is None else gpu.memory_used / GIGABYTE for gpu in gpus
            ],
            "gpu_temperature": [gpu.temperature_c for gpu in gpus],
            "gpu_power": [gpu.power_w for gpu in gpus],
        }
        for key, values in readings.items():
            self.plots[key].add(time_s, dict(zip(names, values, strict=True)))

    def _add_plot(self, key: str, title: str, unit: str, top: float) -> None:
        self.plots[key] = DevicePlot(title, unit, self._seconds, top, self)
        self._columns = 0
        self._arrange()

    def _arrange(self) -> None:
        columns = max(1, min(len(self.plots), self.width() // _PLOT_WIDTH))
        if columns == self._columns:
            return
        self._columns = columns
        for index, plot in enumerate(self.plots.values()):
            self._layout.addWidget(plot, index // columns, index % columns)
        for column in range(self._layout.columnCount()):
            self._layout.setColumnStretch(column, 1 if column < columns else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


def _blank(n: int) -> GrowingArray:
    series = GrowingArray()
    series.append(np.full(n, np.nan))
    return series
