"""NumberAxis: an axis with few, plain labels: numbers, powers of ten, or times."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPen

from engine.devices.console.escaping import escaped
from gui.formatting.plain_text import plain_html
from gui.plots.dates import date_text, date_ticks
from gui.plots.numbers import axis_duration, axis_number, power_number
from gui.style.theme import TEXT_SMALL, Palette, blend

_TIMES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_LONGEST_NAME: Final = 10
_KINDS: Final = ("number", "share", "count", "time", "date", "ago", "log")


class NumberAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis whose labels read as people write numbers; never with a factor beside the axis.

    Args:
        orientation: ``left`` or ``bottom``.
    """

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.enableAutoSIPrefix(False)
        self.setStyle(
            tickLength=0,
            maxTickLevel=0,
            maxTextLevel=0,
            tickAlpha=255,
            tickTextOffset=6,
            autoReduceTextSpace=False,
            hideOverlappingLabels=False,
            tickTextWidth=36,
        )
        self._kind = "number"
        self._label = ""
        self._names: tuple[str, ...] = ()
        self.setGrid(255)

    @property
    def kind(self) -> str:
        """What the values are.

        ``number``, ``share`` (of 1, read in per cent), ``count``, ``time`` (seconds), ``date``
        (seconds since 1970), ``ago`` (seconds before now, below zero) or ``log`` (exponents of
        ten).
        """
        return self._kind

    def set_kind(self, kind: str) -> None:
        """Chooses what the values are; see `kind`."""
        if kind not in _KINDS:
            raise ValueError(f"kind must be one of {', '.join(_KINDS)}. Received: {kind!r}")
        if kind != self._kind:
            self._kind = kind
            self.picture = None
            self.update()

    def set_names(self, names: tuple[str, ...]) -> None:
        """Labels the values 0, 1, 2… with names instead; none brings the numbers back."""
        if names != self._names:
            self._names = names
            self.picture = None
            self.update()

    @property
    def text(self) -> str:
        """What is read beside the axis."""
        return self._label

    def set_text(self, text: str) -> None:
        """Sets what the axis measures; empty for nothing."""
        self._label = text
        if text:
            self.setLabel(plain_html(text), **self.labelStyle)  # it takes HTML
        self.showLabel(bool(text))

    def dress(self, colors: Palette, font: QFont) -> None:
        """Takes the theme's colours."""
        self.setTickFont(font)
        self.setPen(QPen(Qt.PenStyle.NoPen))
        self.setTickPen(pg.mkPen(QColor(blend(colors.surface, colors.border, 0.7)), width=1))
        self.setTextPen(pg.mkPen(QColor(colors.muted)))
        self.labelStyle = {"color": colors.muted, "font-size": f"{TEXT_SMALL}px"}
        if self._label:
            self.set_text(self._label)

    def boundingRect(self) -> QRectF:
        # Labels at the ends stand over the edge; without this room they would be left out.
        room: QRectF = super().boundingRect().adjusted(-24, -8, 24, 8)
        return room

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[Any]:  # noqa: N803
        low, high = sorted((minVal, maxVal))
        room = 64.0 if self.orientation == "bottom" else 36.0
        n_wanted = max(2.0, size / room)
        if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
            return []
        if self._names:
            last = min(len(self._names) - 1, math.floor(high))
            first = max(0, math.ceil(low))
            step = max(1, math.ceil((last + 1 - first) / n_wanted))
            return [(float(step), [float(place) for place in range(first, last + 1, step)])]
        if self._kind == "log":
            return _powers(low, high, n_wanted)
        if self._kind == "date":
            return date_ticks(low, high, n_wanted)
        rough = (high - low) / n_wanted
        if self._kind in ("time", "ago") and rough > 0.5:
            spacing = float(next((step for step in _TIMES if step >= rough), _TIMES[-1]))
        else:
            spacing = _nice(rough)
        if self._kind == "count":
            spacing = max(1.0, spacing)
        first = math.ceil(low / spacing - 1e-9)
        last = math.floor(high / spacing + 1e-9)
        return [(spacing, [index * spacing for index in range(first, min(last, first + 99) + 1)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self._names:
            return [_short(escaped(self._names[round(value)])) for value in values]
        if self._kind == "log":
            return [power_number(value) for value in values]
        if self._kind == "date":
            return [date_text(value, spacing) for value in values]
        if self._kind == "ago":
            return [axis_duration(-value) if value else self.tr("now") for value in values]
        if self._kind == "time":
            return [axis_duration(value) for value in values]
        if self._kind == "share":
            return [f"{axis_number(100 * value, 100 * spacing)} %" for value in values]
        return [axis_number(value, spacing) for value in values]


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _nice(rough: float) -> float:
    """Returns 1, 2 or 5 times a power of ten, not below a rough distance."""
    power: float = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 5):
        if rough <= factor * power * (1 + 1e-9):
            return factor * power
    return 10 * power


def _powers(low: float, high: float, n_wanted: float) -> list[Any]:
    """Returns ticks at powers of ten; between them where there would be fewer than two."""
    step = max(1, math.ceil((high - low) / n_wanted))
    first = math.ceil(low / step - 1e-9) * step
    powers = [float(power) for power in range(first, math.floor(high + 1e-9) + 1, step)]
    if len(powers) >= 3:
        return [(float(step), powers)]
    factors: tuple[float, ...] = (1, 2, 5) if high - low > 0.7 else (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
    if 3 * (high - low) > 1.5 * n_wanted and len(powers) == 2:
        factors = (1, 3)
    fine = [
        decade + float(np.log10(factor))
        for decade in range(math.floor(low), math.ceil(high) + 1)
        for factor in factors
        if low <= decade + math.log10(factor) <= high
    ]
    if len(fine) >= 2:
        return [(1.0, fine)]
    # Less than a part of a decade: evenly spaced values, placed where their logarithm is.
    bottom, top = 10.0**low, 10.0**high
    spacing = _nice((top - bottom) / n_wanted) if top > bottom else top
    counts = range(math.ceil(bottom / spacing), math.floor(top / spacing) + 1)
    return [(1.0, [math.log10(count * spacing) for count in counts if count > 0][:99])]
