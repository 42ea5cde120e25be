"""Text from outside, where Qt would take it for HTML: tooltips, and labels of axes."""

from __future__ import annotations

from html import escape

from PySide6.QtGui import Qt

from engine.devices.console.escaping import escaped, escaped_lines


def plain_tip(text: str) -> str:
    """Returns what shows a text as it is in a tooltip."""
    text = escaped_lines(text)
    return _as_html(text) if Qt.mightBeRichText(text) else text


def titled_tip(title: str, *paragraphs: str) -> str:
    """Returns a tooltip with a bold title and paragraphs below it, all plain text.

    Args:
        title: In bold.
        paragraphs: Empty ones are left out.
    """
    shown = "".join(f"<p>{_as_html(escaped_lines(text))}</p>" for text in paragraphs if text)
    return f"<p><b>{plain_html(title)}</b></p>{shown}"


def plain_html(text: str) -> str:
    """Returns the HTML that shows a text as it is, in one line."""
    return escape(escaped(text))


def _as_html(text: str) -> str:
    return escape(text).replace("\n", "<br>")
