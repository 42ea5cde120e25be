"""A report as JSON, on its way to the process that prints it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from engine.files.bounded import parse_object
from engine.service.reports.document import (
    Block,
    Document,
    Heading,
    MarkedText,
    Paragraph,
    Picture,
    Table,
)

_KINDS: Final = {kind.__name__: kind for kind in (Heading, Paragraph, Table, Picture, MarkedText)}


def packed(document: Document) -> bytes:
    """A report as bytes."""
    blocks = [[type(block).__name__, asdict(block)] for block in document.blocks]
    values = {**{name: getattr(document, name) for name in _TEXTS}, "blocks": blocks}
    # Escaped: half of a surrogate pair, as names of files may hold it, is no UTF-8.
    return json.dumps(values).encode("ascii")


def unpacked(content: bytes) -> Document:
    """The report that `packed` was given.

    Raises:
        ValueError, KeyError, TypeError: It is something else.
    """
    values = parse_object(content)
    blocks = tuple(_block(*item) for item in values["blocks"])
    return Document(blocks=blocks, **{name: str(values[name]) for name in _TEXTS})


def _block(kind: str, values: dict[str, Any]) -> Block:
    made: Block = _KINDS[kind](**values)
    return made


_TEXTS: Final = ("title", "subtitle", "language", "foot")
