"""Pictures of explained examples: what speaks for a prediction is orange, what against it blue."""

from __future__ import annotations

import base64
import io
import math
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.events.explaining import Explanation
from engine.service.reports import charts
from engine.service.reports.charts import WIDTH, padded
from engine.service.reports.document import COLORS, MarkedText, Picture
from engine.service.reports.svg import Drawing, color, tick_text, ticks
from engine.spec.signature import Kind

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]

FOR, AGAINST = 1, 0
"""Series whose colours mean it, as in the window."""
MOST_COLUMNS: Final = 10
_MOST_TOKENS: Final = 300
_MOST_SIGNS: Final = 600
_MOST_BANDS: Final = 200
_N_FRAMES: Final = 3
_SIDE: Final = 220.0
_SMALL: Final = 64
"""Pixels of pictures up to this size stay squares; larger ones are photographs."""
_MOST_PIXELS: Final = 320
_STRONGEST: Final = 0.995
"""The quantile of strengths that has the full colour: one pixel must not pale the rest."""
_COVER: Final = 0.75
_QUIETEST_DB: Final = 80.0


def marked(found: Explanation, title: str, others: str) -> Picture | MarkedText | None:
    """What each part of an example adds; None: nothing is marked.

    Args:
        found: The explanation.
        title: What the numbers of a table are.
        others: What the columns are called that are not shown, with a gap ``{n}``.
    """
    if not found.values.size or not math.isfinite(found.strength):
        return None
    match Kind(found.kind):
        case Kind.TABLE:
            return _columns(found, title, others)
        case Kind.TEXT:
            return _tokens(found)
        case Kind.SERIES:
            return _series(found)
        case Kind.AUDIO:
            return _beside(_sound(found), found, WIDTH / 2 - 8)
        case Kind.VIDEO:
            return _frames(found)
        case Kind.IMAGE:
            return _beside((_grounds(found.content), found.values), found, _SIDE)


def _columns(found: Explanation, title: str, others: str) -> Picture:
    """The strongest columns as bars, the others together."""
    scale = 100.0 if found.unit == "probability" else 1.0
    order = np.argsort(-np.abs(found.values), kind="stable")
    bars = []
    for place in order[:MOST_COLUMNS].tolist():
        value = float(found.values[place])
        cell = found.cells[place] if found.cells else ""
        name = f"{found.parts[place]} = {cell}" if cell else found.parts[place]
        error = 1.96 * float(found.errors[place]) if found.errors.size else math.nan
        ends = scale * (value - error), scale * (value + error)
        bars.append(charts.Value(name, scale * value, *ends))
    rest = order[MOST_COLUMNS:]
    if len(rest):
        value = scale * float(found.values[rest].sum())
        bars.append(charts.Value(others.format(n=len(rest)), value))
    return charts.bars(bars, title, is_signed=True)


def _tokens(found: Explanation) -> MarkedText:
    most = found.strength or 1.0
    parts = found.parts[:_MOST_TOKENS]
    strengths = tuple(round(float(it) / most, 3) for it in found.values[: len(parts)])
    rest = "".join(found.parts[_MOST_TOKENS:]) + str(found.content)
    cut = f"{rest[:_MOST_SIGNS]} …" if len(rest) > _MOST_SIGNS else rest
    return MarkedText(tuple(parts), strengths, cut)


def _series(found: Explanation) -> Picture:
    """The strongest channel as a curve, its steps in the colour of what they add."""
    place = int(np.abs(found.values).sum(axis=0).argmax())
    curve = np.asarray(found.content, np.float64)[:, place]
    steps = found.values[:, place]
    height, left, right, top, bottom = 180.0, 64.0, WIDTH - 16, 28.0, 150.0
    drawing = Drawing(WIDTH, height)
    edges = np.unique(np.linspace(0, len(steps), min(len(steps), _MOST_BANDS) + 1).astype(int))
    sums = np.add.reduceat(steps, edges[:-1])
    most = float(np.abs(sums).max()) or 1.0
    wide = (right - left) / len(steps)
    for number, value in enumerate(sums.tolist()):
        tone = color(FOR if value > 0 else AGAINST)
        x, width = left + wide * edges[number], wide * (edges[number + 1] - edges[number])
        drawing.box(x, top, width, bottom - top, tone, opacity=_COVER * abs(value) / most)
    known = curve[np.isfinite(curve)]
    low, high = padded(float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    size = high - low
    for tick in ticks(low, high, 4):
        y = bottom - (bottom - top) * (tick - low) / size
        drawing.text(left - 8, y + 4, tick_text(tick), "end", "var(--muted)")
    shown = np.unique(np.linspace(0, len(curve) - 1, min(len(curve), 600)).astype(int))
    heights = bottom - (bottom - top) * (curve[shown] - low) / size
    across = left + wide * (shown + 0.5)
    drawing.path(list(zip(across.tolist(), heights.tolist(), strict=True)), "var(--text)", 1.5)
    for tick in ticks(1, max(2, len(curve)), 8):
        if tick == round(tick):
            drawing.text(
                left + wide * (tick - 0.5), bottom + 18, tick_text(tick), "middle", "var(--muted)"
            )
    name = found.parts[place] if place < len(found.parts) else ""
    drawing.text(left, 14, name, weight="600", room=right - left)
    return Picture(drawing.svg(), WIDTH, height, name)


# ---- pixels


def _grounds(content: npt.NDArray[np.generic] | str) -> Pixels:
    """Pixels as a screen shows them, (…, height, width, 3)."""
    pixels = np.asarray(content)
    shown = pixels.astype(np.float64)
    if pixels.dtype != np.uint8 and shown.size:
        shown = np.nan_to_num(shown, posinf=0.0, neginf=0.0)
        low, high = float(shown.min()), float(shown.max())
        if low < 0 or high > 255 or high <= 1:
            shown = (shown - low) / ((high - low) or 1.0) * 255
    if shown.shape[-1] < 3:
        shown = np.repeat(shown[..., :1], 3, axis=-1)
    return np.clip(shown[..., :3], 0, 255).astype(np.uint8)


def _sound(found: Explanation) -> tuple[Pixels, Floats]:
    """Loudness as grey, time to the right, high bands on top; the marks likewise."""
    decibels = np.asarray(found.content, np.float64)
    top = float(decibels.max(initial=0.0))
    grey = np.clip((decibels - top + _QUIETEST_DB) / _QUIETEST_DB, 0, 1) * 255
    ground = np.repeat(grey.T[::-1, :, np.newaxis], 3, axis=-1).astype(np.uint8)
    return ground, found.values.T[::-1]


def _frames(found: Explanation) -> Picture | None:
    """The frames that add or take away most, in their order."""
    strengths = np.abs(found.values).reshape(len(found.values), -1).sum(axis=1)
    chosen = np.sort(np.argsort(-strengths, kind="stable")[:_N_FRAMES]).tolist()
    grounds, most = _grounds(found.content), _most(found)
    size = _size_of(found.values.shape[1:], (WIDTH - 16) / _N_FRAMES)
    drawing = Drawing(WIDTH, size[1] + 22)
    for number, place in enumerate(chosen):
        x = number * (size[0] + 8)
        pixels = overlaid(grounds[place], found.values[place], most)
        drawing.image(x, 0, *size, _encoded(pixels), is_sharp=_is_small(pixels))
        text = f"{place + 1} / {len(found.values)}"
        drawing.text(x, size[1] + 16, text, fill="var(--muted)")
    return Picture(drawing.svg(), drawing.width, drawing.height, found.target)


def _beside(layers: tuple[Pixels, Floats], found: Explanation, room: float) -> Picture:
    """An example, and the same below its marks."""
    ground, values = layers
    width, height = _size_of(values.shape, room)
    if Kind(found.kind) is Kind.AUDIO:  # of a sound, time and bands have no common scale
        width, height = room, 140.0
    drawing = Drawing(2 * width + 12, height)
    for x, pixels in ((0.0, ground), (width + 12, overlaid(ground, values, _most(found)))):
        drawing.image(x, 0, width, height, _encoded(pixels), is_sharp=_is_small(pixels))
    return Picture(drawing.svg(), drawing.width, drawing.height, found.target)


def _most(found: Explanation) -> float:
    return float(np.quantile(np.abs(found.values), _STRONGEST)) or found.strength or 1.0


def _size_of(shape: tuple[int, ...], room: float) -> tuple[float, float]:
    """Width and height of a picture of (height, width) pixels, neither larger than the room."""
    height, width = shape
    scale = room / max(height, width, 1)
    return width * scale, height * scale


def overlaid(ground: Pixels, values: Floats, most: float) -> Pixels:
    """A picture, grey, below marks that cover it the more the stronger they are.

    Args:
        ground: Red, green and blue, (height, width, 3).
        values: The marks, (height, width).
        most: The strength that covers it most.

    Returns:
        (height, width, 3).
    """
    strength = np.clip(np.abs(values) / most, 0, 1)[..., np.newaxis]
    tones = np.array([_rgb(AGAINST), _rgb(FOR)], np.float64)[(values > 0).astype(int)]
    grey = np.repeat(ground.astype(np.float64).mean(axis=-1, keepdims=True), 3, axis=-1)
    mixed: Pixels = (grey + _COVER * strength**0.7 * (tones - grey)).round().astype(np.uint8)
    return mixed


def _rgb(series: int) -> tuple[int, ...]:
    """Colours of pixels are those on paper: a file has one set of pixels for light and dark."""
    return tuple(bytes.fromhex(COLORS[f"series-{series}"].lstrip("#")))


def _is_small(pixels: Pixels) -> bool:
    height, width = pixels.shape[:2]
    return bool(max(height, width) <= _SMALL)


def _encoded(pixels: Pixels) -> str:
    """Pixels as a ``data:`` address; of photographs no more than are seen."""
    image, content = Image.fromarray(np.ascontiguousarray(pixels)), io.BytesIO()
    if _is_small(pixels):
        image.save(content, "PNG", optimize=True)
        kind = "png"
    else:
        image.thumbnail((2 * _MOST_PIXELS, 2 * _MOST_PIXELS))
        image.save(content, "JPEG", quality=85)
        kind = "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
