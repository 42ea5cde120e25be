"""Document: a report as blocks of plain text, tables and pictures, whatever it is written as.

Texts are plain: whoever writes them down escapes them. Pictures are SVG whose colours are names,
``var(--text)``, so that each format has its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

COLORS: Final[Mapping[str, str]] = {
    "window": "#ffffff",
    "raised": "#eceef2",
    "border": "#d8dce3",
    "text": "#1b1f27",
    "muted": "#5b6472",
    "good": "#1a7f4b",
    "note": "#5b6472",
    "warning": "#8f5b00",
    "fault": "#c62f36",
    "series-0": "#0072b2",
    "series-1": "#d55e00",
    "series-2": "#009070",
    "series-3": "#b8559a",
    "series-4": "#b97f00",
    "series-5": "#2f98d0",
}
"""On paper and in light; the series are those of the window, after Okabe and Ito (2008)."""
DARK: Final[Mapping[str, str]] = {
    "window": "#14171c",
    "raised": "#272c35",
    "border": "#353b47",
    "text": "#e6e9ef",
    "muted": "#9aa3b2",
    "good": "#4cc38a",
    "note": "#9aa3b2",
    "warning": "#e8ad4e",
    "fault": "#ff7b72",
    "series-0": "#4aa8e8",
    "series-1": "#f08445",
    "series-2": "#2ec79c",
    "series-3": "#e08fc4",
    "series-4": "#f0bf3a",
    "series-5": "#9ad4f5",
}
N_SERIES: Final = 6
_VARIABLE: Final = re.compile(r"var\(--([\w-]+)\)")


def on_paper(svg: str) -> str:
    """A picture with the colours that it has on paper."""
    return _VARIABLE.sub(lambda found: COLORS[found[1]], svg)


@dataclass(frozen=True)
class Heading:
    """A title; level 1 begins a run, 2 a section, 3 a part of one."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Text.

    Attributes:
        text: One or more sentences.
        role: ``text``, ``muted``, or a severity: ``good``, ``note``, ``warning``, ``fault``.
        lead: What stands before it in bold; may be empty.
    """

    text: str
    role: str = "text"
    lead: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Attributes:
        rows: Each as long as the header, or as the first row where there is none.
        header: May be empty: then the first cell of each row says what it is.
        numbers: Places of columns that hold numbers.
        caption: Below it; may be empty.
    """

    rows: Sequence[Sequence[str]]
    header: Sequence[str] = ()
    numbers: Sequence[int] = ()
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        svg: As the module says.
        width, height: In pixels of 1/96 inch.
        text: What is on it, for those who do not see it.
        caption: Below it; may be empty.
    """

    svg: str
    width: float
    height: float
    text: str
    caption: str = ""


@dataclass(frozen=True)
class MarkedText:
    """A text whose parts have marks below them.

    Attributes:
        parts: What it consists of, spaces included.
        strengths: Of each part's mark, from -1, against something, to 1, for it.
        rest: What follows, without marks.
    """

    parts: Sequence[str]
    strengths: Sequence[float]
    rest: str = ""


Block = Heading | Paragraph | Table | Picture | MarkedText
MARKS: Final = ("series-0", "series-1")
"""The colours of marks against something, and for it."""
FULL_MARK: Final = 0.6
"""How much the strongest mark covers."""


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        title, subtitle: At its head.
        language: ``en`` or ``zh_CN``.
        blocks: What it tells, in order.
        foot: In small letters at its end.
    """

    title: str
    subtitle: str
    language: str
    blocks: Sequence[Block] = field(default_factory=tuple)
    foot: str = ""
