"""The texts of the guide: Markdown in `resources/pages`, a folder a language, a file a page.

A page is a title and sections under fixed headings, the same in every page of its sort. Formulas
stand between ``$$``, one a line; symbols in the text between ``$``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from gui.style.theme import RESOURCES

PAGES: Final = RESOURCES / "pages"
LANGUAGES: Final = {"en": "English", "zh_CN": "中文"}
"""What the guide is written in, and what each calls itself."""

DIAGNOSES: Final = ("overfitting", "vanishing_gradients", "exploding_gradients")
"""Pages about what goes wrong in training."""

OF_WINDOW: Final = ("data_page", "model_page", "results_page", "try_page", "runs_page")
"""Pages about what the window's pages are for; training has one among those below."""

OF_MACHINE: Final = ("time_and_memory", "devices", "exporting")
"""Pages about where a model is trained, and where it goes."""

TOPICS: Final = ("steering", "learning_rates", *OF_MACHINE, *OF_WINDOW)
"""Pages about the window, how training is steered, and what it runs on."""

OF_ARCHITECTURES: Final = ("idea", "formula", "when", "when_not", "reading")
OF_DIAGNOSES: Final = ("happens", "formula", "signs", "helps", "reading")
OF_TOPICS: Final = ("purpose", "how_to", "notes")

HEADINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "idea": "Idea",
        "formula": "Formula",
        "when": "When to use it",
        "when_not": "When not",
        "reading": "Further reading",
        "happens": "What happens",
        "signs": "How to see it",
        "helps": "What helps",
        "purpose": "What it is for",
        "how_to": "How to",
        "notes": "Good to know",
    },
    "zh_CN": {
        "idea": "核心思想",
        "formula": "公式",
        "when": "适用场合",
        "when_not": "不适用的场合",
        "reading": "延伸阅读",
        "happens": "发生了什么",
        "signs": "如何识别",
        "helps": "怎么办",
        "purpose": "用途",
        "how_to": "怎么做",
        "notes": "须知",
    },
}
"""What each section is headed, by language."""

_FORMULA = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)


@dataclass(frozen=True)
class GuidePage:
    """One page in one language.

    Attributes:
        name: Name of the architecture, of the diagnosis or of the topic.
        language: One of `LANGUAGES`.
        title: What it is about.
        sections: Markdown by the names in `HEADINGS`, in the order of the page.
    """

    name: str
    language: str
    title: str
    sections: Mapping[str, str]

    @property
    def formulas(self) -> tuple[str, ...]:
        """Every formula, as LaTeX, in the order of the page."""
        text = "\n".join(self.sections.values())
        return tuple(match.strip() for match in _FORMULA.findall(text))


def sections_of(name: str) -> tuple[str, ...]:
    """Names of the sections of a page, by its name."""
    if name in DIAGNOSES:
        return OF_DIAGNOSES
    return OF_TOPICS if name in TOPICS else OF_ARCHITECTURES


@cache
def page_names(language: str) -> tuple[str, ...]:
    """Names of all pages that are written in a language."""
    return tuple(sorted(path.stem for path in (PAGES / language).glob("*.md")))


@cache
def read_page(name: str, language: str) -> GuidePage | None:
    """Returns a page, or None where there is none of that name.

    Raises:
        ValueError: Its sections are not those of a page of its sort.
    """
    if name not in page_names(language):
        return None
    path = PAGES / language / f"{name}.md"
    return parse_page(name, language, path.read_text(encoding="utf-8"), path)


def parse_page(name: str, language: str, text: str, path: Path | None = None) -> GuidePage:
    """Reads the text of a page.

    Args:
        name: Decides the sections: one of `DIAGNOSES` or `TOPICS`, or an architecture.
        language: Decides their headings.
        text: Markdown.
        path: Where it comes from, for messages.

    Raises:
        ValueError: There is no title, or a section is missing, empty, unknown or out of order.
    """
    title, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    where = path or name
    if not title.startswith("# "):
        raise ValueError(f"{where} must begin with '# ' and a title. Received: {title[:40]!r}")
    wanted = sections_of(name)
    headings = [HEADINGS[language][section] for section in wanted]
    found = [part.partition("\n")[0].strip() for part in parts]
    if found != headings:
        raise ValueError(f"The sections of {where} must be {headings}. Received: {found}")
    bodies = [part.partition("\n")[2].strip() for part in parts]
    empty = [heading for heading, body in zip(found, bodies, strict=True) if not body]
    if empty:
        raise ValueError(f"Sections of {where} have no text: {', '.join(empty)}")
    return GuidePage(name, language, title[2:].strip(), dict(zip(wanted, bodies, strict=True)))
