"""The charts of a report: curves over epochs, values with intervals, bars, counts, points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.service.reports.document import Picture
from engine.service.reports.svg import SIZE, Drawing, color, tick_text, ticks, width_of

Floats = npt.NDArray[np.float64]

WIDTH: Final = 680.0
_MAX_POINTS: Final = 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 16.0, 28.0, 40.0
_LINE: Final = 26.0


@dataclass(frozen=True)
class Line:
    """A curve with its name."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Value:
    """A number with its 95 % interval, where that is known, and what it is of."""

    name: str
    value: float
    low: float = math.nan
    high: float = math.nan
    is_own: bool = False


def curves(lines: Sequence[Line], title: str, x_title: str, mark: float | None = None) -> Picture:
    """Curves over epochs.

    Args:
        lines: At most six.
        title: Of the vertical axis.
        x_title: Of the other.
        mark: Where a vertical line says which epoch was kept.
    """
    height = 260.0
    drawing = Drawing(WIDTH, height)
    every = [value for line in lines for value in line.y if math.isfinite(value)]
    low, high = (min(every), max(every)) if every else (0.0, 1.0)
    low, high = padded(low, high)
    last = max((max(line.x, default=1.0) for line in lines), default=1.0)
    first = min((min(line.x, default=0.0) for line in lines), default=0.0)
    last = max(last, first + 1e-9)
    right, bottom = WIDTH - _RIGHT, height - _BOTTOM

    def x_of(value: float) -> float:
        return _LEFT + (right - _LEFT) * (value - first) / (last - first)

    def y_of(value: float) -> float:
        return bottom - (bottom - _TOP) * (value - low) / (high - low)

    for tick in ticks(low, high):
        drawing.line(_LEFT, y_of(tick), right, y_of(tick))
        drawing.text(_LEFT - 8, y_of(tick) + 4, tick_text(tick), "end", "var(--muted)")
    for tick in [it for it in ticks(first, last, 8) if it == round(it)] or [first]:
        drawing.text(x_of(tick), bottom + 18, tick_text(tick), "middle", "var(--muted)")
    if mark is not None:
        drawing.line(x_of(mark), _TOP, x_of(mark), bottom, "var(--muted)", 1.5, "4 4")
    for number, line in enumerate(lines):
        points = _thinned(line)
        place = [(x_of(x), y_of(y) if math.isfinite(y) else math.nan) for x, y in points]
        drawing.path(place, color(number))
        if len(place) <= 1:
            for x, y in place:
                if math.isfinite(y):
                    drawing.dot(x, y, color(number))
    drawing.text((_LEFT + right) / 2, height - 4, x_title, "middle", "var(--muted)")
    drawing.text(_LEFT, 14, title, weight="600")
    _legend(drawing, [line.name for line in lines], right, title)
    return Picture(drawing.svg(), WIDTH, height, title)


def _legend(drawing: Drawing, names: Sequence[str], right: float, title: str) -> None:
    room = right - _LEFT - width_of(title) - 24
    each = room / max(1, len(names)) - 28
    x = right
    for number, name in reversed(list(enumerate(names))):
        width = min(width_of(name), each)
        x -= width
        drawing.text(x, 14, name, fill="var(--text)", room=each + 1)
        x -= 20
        drawing.line(x, 10, x + 14, 10, color(number), 3)
        x -= 14


def _thinned(line: Line) -> list[tuple[float, float]]:
    n = len(line.x)
    if not n:
        return []
    places = np.unique(np.linspace(0, n - 1, min(n, _MAX_POINTS)).astype(int))
    return [(line.x[place], line.y[place]) for place in places]


def padded(low: float, high: float) -> tuple[float, float]:
    """A range with a little room around it; of a single value, around that."""
    room = 0.05 * (high - low) or max(abs(high), 1e-3) * 0.05
    return low - room, high + room


def with_intervals(values: Sequence[Value], title: str) -> Picture:
    """Values below each other, each as a dot on its interval; the run's own in colour."""
    names = 220.0
    height = _TOP + _LINE * len(values) + _BOTTOM - 8
    drawing = Drawing(WIDTH, height)
    every = [
        number
        for item in values
        for number in (item.value, item.low, item.high)
        if math.isfinite(number)
    ]
    low, high = padded(min(every, default=0.0), max(every, default=1.0))
    right, bottom = WIDTH - 72, _TOP + _LINE * len(values)

    def x_of(value: float) -> float:
        return names + (right - names) * (value - low) / (high - low)

    for tick in ticks(low, high, 6):
        drawing.line(x_of(tick), _TOP, x_of(tick), bottom)
        drawing.text(x_of(tick), bottom + 16, tick_text(tick), "middle", "var(--muted)")
    drawing.text(names, 14, title, weight="600")
    for number, item in enumerate(values):
        y = _TOP + _LINE * (number + 0.5)
        fill = color(0) if item.is_own else "var(--muted)"
        weight = "600" if item.is_own else "normal"
        drawing.text(names - 12, y + 4, item.name, "end", weight=weight, room=names - 16)
        if math.isfinite(item.low) and math.isfinite(item.high):
            drawing.line(x_of(item.low), y, x_of(item.high), y, fill, 2.5)
        if math.isfinite(item.value):
            drawing.dot(x_of(item.value), y, fill, 5)
            drawing.text(right + 12, y + 4, f"{item.value:.4g}", weight=weight)
    return Picture(drawing.svg(), WIDTH, height, title)


def bars(values: Sequence[Value], title: str, is_signed: bool = False) -> Picture:
    """Values as bars from zero, each with its interval.

    Args:
        values: One below the other.
        title: What they are.
        is_signed: They add and take away, which their colours and signs tell.
    """
    names = 220.0 if is_signed else 180.0
    height = _TOP + _LINE * len(values) + 12
    drawing = Drawing(WIDTH, height)
    ends = [
        number
        for item in values
        for number in (item.value, item.low, item.high)
        if math.isfinite(number)
    ]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    high = high if high > low else low + 1.0
    right = WIDTH - 72

    def x_of(value: float) -> float:
        return names + (right - names) * (value - low) / (high - low)

    drawing.text(names, 14, title, weight="600")
    for number, item in enumerate(values):
        y = _TOP + _LINE * number
        drawing.text(names - 12, y + 17, item.name, "end", room=names - 16)
        if not math.isfinite(item.value):
            continue
        start, end = sorted((x_of(0.0), x_of(item.value)))
        tone = color(int(is_signed and item.value > 0))
        drawing.box(start, y + 4, end - start, _LINE - 8, tone, radius=2)
        if math.isfinite(item.low) and math.isfinite(item.high):
            drawing.line(x_of(item.low), y + 13, x_of(item.high), y + 13, "var(--text)", 1.5)
        text = f"{item.value:+.3g}" if is_signed else f"{item.value:.3g}"
        drawing.text(right + 12, y + 17, text.replace("-", "\N{MINUS SIGN}"))
    drawing.line(x_of(0.0), _TOP, x_of(0.0), height - 12, "var(--muted)")
    return Picture(drawing.svg(), WIDTH, height, title)


def confusion(
    counts: npt.NDArray[np.int64], names: Sequence[str], truth: str, said: str
) -> Picture:
    """Counts of true classes, in rows, by predicted ones; the darker, the larger a row's share."""
    n = len(names)
    cell = min(56.0, (WIDTH - 200) / max(n, 1))
    left, top = 180.0, 56.0
    drawing = Drawing(left + n * cell + 16, top + n * cell + 16)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    drawing.text(left, 16, said, fill="var(--muted)")
    drawing.text(left - 12, top - 10, truth, "end", "var(--muted)", room=left - 12)
    for row in range(n):
        y = top + row * cell
        drawing.text(left - 12, y + cell / 2 + 4, names[row], "end", room=left - 20)
        drawing.text(
            left + (row + 0.5) * cell, top - 10, names[row], "middle", room=cell - 4, size=11
        )
        for column in range(n):
            share = float(shares[row, column])
            x = left + column * cell
            drawing.box(x + 1, y + 1, cell - 2, cell - 2, "var(--raised)", radius=2)
            drawing.box(x + 1, y + 1, cell - 2, cell - 2, color(0), radius=2, opacity=share)
            text = f"{int(counts[row, column]):,}"
            fill = "var(--window)" if share > 0.55 else "var(--text)"
            size = min(SIZE, cell / (0.62 * max(len(text), 2)))
            drawing.text(x + cell / 2, y + cell / 2 + 4, text, "middle", fill, size)
    return Picture(drawing.svg(), drawing.width, drawing.height, f"{truth} / {said}")


def points(truth: Floats, predicted: Floats, x_title: str, y_title: str) -> Picture:
    """Predicted values over true ones, with the line on which both are the same."""
    width = height = 360.0
    drawing = Drawing(width, height)
    both = np.concatenate([truth, predicted])
    low, high = padded(float(both.min(initial=0.0)), float(both.max(initial=1.0)))
    if len(both):
        low, high = padded(float(both.min()), float(both.max()))
    right, bottom = width - _RIGHT, height - _BOTTOM

    def place(x: Any, y: Any) -> tuple[float, float]:
        size = high - low
        return (
            _LEFT + (right - _LEFT) * (float(x) - low) / size,
            bottom - (bottom - _TOP) * (float(y) - low) / size,
        )

    for tick in ticks(low, high):
        x, y = place(tick, tick)
        drawing.line(_LEFT, y, right, y)
        drawing.line(x, _TOP, x, bottom)
        drawing.text(_LEFT - 8, y + 4, tick_text(tick), "end", "var(--muted)")
        drawing.text(x, bottom + 18, tick_text(tick), "middle", "var(--muted)")
    drawing.line(*place(low, low), *place(high, high), "var(--muted)", 1.5, "4 4")
    for x, y in zip(truth, predicted, strict=True):
        drawing.dot(*place(x, y), color(0), 3, 0.5)
    drawing.text((_LEFT + right) / 2, height - 4, x_title, "middle", "var(--muted)")
    drawing.text(_LEFT, 14, y_title, fill="var(--muted)")
    return Picture(drawing.svg(), width, height, f"{y_title} / {x_title}")


def layers(rows: Sequence[tuple[str, str, str]], text: str) -> Picture:
    """Layers below each other, each a box: what it is, its settings, the shape it gives."""
    width, box, gap = 460.0, 34.0, 16.0
    height = len(rows) * box + (len(rows) - 1) * gap + 4
    drawing = Drawing(width, height)
    for number, (name, settings, shape) in enumerate(rows):
        y = 2 + number * (box + gap)
        if number:
            drawing.line(width / 2, y - gap, width / 2, y - 2, "var(--muted)", 1.5)
            drawing.path(
                [(width / 2 - 4, y - 6), (width / 2, y - 2), (width / 2 + 4, y - 6)],
                "var(--muted)",
                1.5,
            )
        drawing.box(1, y, width - 2, box, "var(--raised)", "var(--border)", 6)
        drawing.text(14, y + 22, name, weight="600", room=170)
        drawing.text(190, y + 22, settings, fill="var(--muted)", room=150)
        drawing.text(width - 14, y + 22, shape, "end", room=110)
    return Picture(drawing.svg(), width, height, text)
