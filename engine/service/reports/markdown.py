"""A report as Markdown, as GitHub and Hugging Face show it; pictures are left to their tables."""

from __future__ import annotations

import re
from typing import Final

from engine.service.reports.document import (
    Block,
    Document,
    Heading,
    MarkedText,
    Paragraph,
    Picture,
    Table,
)

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|!~$&])")
_LIST: Final = re.compile(r"^(\d*)([-+.)])(?=\s|$)")


def markdown_of(document: Document) -> str:
    """Writes a report as Markdown; what comes from outside is text and nothing else."""
    parts = [f"# {escaped(document.title)}", escaped(document.subtitle)]
    parts += [text for block in document.blocks if (text := _block(block))]
    return "\n\n".join([*parts, "---", escaped(document.foot)]) + "\n"


def escaped(text: str) -> str:
    """Text in one line that Markdown and the HTML in it show as it is."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    found = _SPECIAL.sub(r"\\\1", " ".join(plain.split()))
    return _LIST.sub(r"\1\\\2", found)


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * max(2, level)} {escaped(text)}"
        case Paragraph():
            lead = f"**{escaped(block.lead)}:** " if block.lead else ""
            quote = "" if block.role in ("text", "muted") else "> "
            return f"{quote}{lead}{escaped(block.text)}"
        case Table():
            return _table(block)
        case MarkedText():
            return escaped("".join(block.parts) + block.rest)
        case Picture():
            return ""


def _table(block: Table) -> str:
    if not block.rows:
        return ""
    width = len(block.header) or len(block.rows[0])
    header = [escaped(cell) for cell in block.header] or [""] * width
    rule = ["---:" if place in block.numbers else "---" for place in range(width)]
    rows = [[escaped(cell) for cell in row] for row in block.rows]
    lines = [f"| {' | '.join(row)} |" for row in (header, rule, *rows)]
    caption = f"\n\n{escaped(block.caption)}" if block.caption else ""
    return "\n".join(lines) + caption
