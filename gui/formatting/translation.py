"""Translation of texts that are no part of a widget."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

_CONTEXT = "Words"


def translate(text: str) -> str:
    """Translates a text that is no part of a widget; what is one has its own `tr`."""
    return QCoreApplication.translate(_CONTEXT, text)
