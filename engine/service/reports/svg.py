"""Drawing as SVG 1.1, as much of it as a browser and Qt draw alike; colours are names."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Final

FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
SIZE: Final = 12
"""Height of letters in pixels."""


def color(number: int) -> str:
    """The colour of a series, from 0."""
    return f"var(--series-{number % 6})"


class Drawing:
    """Pieces of a picture.

    Args:
        width, height: In pixels.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._pieces: list[str] = []

    def line(
        self, x1: float, y1: float, x2: float, y2: float, stroke: str = "var(--border)",
        width: float = 1.0, dash: str = "",
    ) -> None:  # fmt: skip
        """Draws a straight line."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._pieces.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{stroke}" stroke-width="{width:g}"{dashed}/>'
        )

    def path(self, points: Sequence[tuple[float, float]], stroke: str, width: float = 2.0) -> None:
        """Draws a curve through points; what is not finite parts it."""
        words, is_down = [], False
        for x, y in points:
            if not (math.isfinite(x) and math.isfinite(y)):
                is_down = False
                continue
            words.append(f"{'L' if is_down else 'M'}{x:.1f} {y:.1f}")
            is_down = True
        self._pieces.append(
            f'<path d="{" ".join(words)}" fill="none" stroke="{stroke}" stroke-width="{width:g}" '
            'stroke-linejoin="round" stroke-linecap="round"/>'
        )

    def box(
        self, x: float, y: float, width: float, height: float, fill: str = "none",
        stroke: str = "none", radius: float = 0.0, opacity: float = 1.0,
    ) -> None:  # fmt: skip
        """Draws a rectangle."""
        self._pieces.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
            f'height="{max(height, 0):.1f}" rx="{radius:g}" fill="{fill}" stroke="{stroke}" '
            f'fill-opacity="{opacity:.3g}"/>'
        )

    def dot(self, x: float, y: float, fill: str, radius: float = 4.0, opacity: float = 1.0) -> None:
        """Draws a filled circle."""
        self._pieces.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}" '
            f'fill-opacity="{opacity:.3g}" stroke-width="0"/>'
        )

    def image(
        self, x: float, y: float, width: float, height: float, data: str, is_sharp: bool = False
    ) -> None:
        """Draws pixels.

        Args:
            x, y, width, height: Where, and how large.
            data: A ``data:`` address; no other.
            is_sharp: Pixels stay squares.
        """
        assert data.startswith("data:image/"), data[:20]
        sharp = ' style="image-rendering:pixelated"' if is_sharp else ""
        self._pieces.append(
            f'<image x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'preserveAspectRatio="none"{sharp} xlink:href="{data}"/>'
        )

    def text(
        self, x: float, y: float, text: str, anchor: str = "start", fill: str = "var(--text)",
        size: float = SIZE, weight: str = "normal", room: float = math.inf,
    ) -> None:  # fmt: skip
        """Writes text, shortened where it has no room."""
        self._pieces.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" '
            f'font-size="{size:g}" font-weight="{weight}">'
            f"{html.escape(fitting(text, room, size))}</text>"
        )

    def svg(self) -> str:
        """The whole picture."""
        pieces = "".join(self._pieces)
        # Qt reads only links that are named so; a picture without pixels has none.
        links = ' xmlns:xlink="http://www.w3.org/1999/xlink"' if "xlink:" in pieces else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg"{links} width="{self.width:g}" '
            f'height="{self.height:g}" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'font-family="{FONT}">{pieces}</svg>'
        )


def width_of(text: str, size: float = SIZE) -> float:
    """About how wide text is: half as wide as high, and as wide where letters are square."""
    return size * sum(1.0 if ord(sign) > 0x2E7F else 0.56 for sign in text)


def fitting(text: str, room: float, size: float = SIZE) -> str:
    """Text in one line, with an ellipsis where it would be wider than there is room."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    if width_of(plain, size) <= room:
        return plain
    while plain and width_of(f"{plain}…", size) > room:
        plain = plain[:-1]
    return f"{plain}…"


def ticks(low: float, high: float, n: int = 5) -> list[float]:
    """Round numbers that part a range into about `n` steps of 1, 2 or 5 times a power of ten."""
    size = high - low
    if not (math.isfinite(size) and size > 0):
        return [low]
    rough = size / n
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float) -> str:
    """A number at an axis."""
    return f"{round(value, 12):.6g}".replace("-", "−")
