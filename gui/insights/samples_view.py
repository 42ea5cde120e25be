"""SamplesView: what is written for the same few samples, epoch by epoch, wrong parts marked."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from html import escape

from PySide6.QtWidgets import QTextBrowser, QWidget

from engine.events.insights import Insight, TextSample, TextsPredicted
from engine.spec.formatting import NOTHING
from gui.insights.insight_view import InsightView
from gui.style.theme import SPACING, blend, current_theme, text_font


class SamplesView(InsightView):
    """Source, right text and what the model wrote, one below the other for each sample."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._newest: TextsPredicted | None = None
        self.texts = QTextBrowser()
        self.texts.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.texts.setFont(text_font())
        self.texts.document().setDocumentMargin(0)
        self.texts.setAccessibleName(self.tr("What the model writes"))
        self.column.addWidget(self.note)
        self.column.addWidget(self.texts, 1)

    def show_insight(self, insight: Insight) -> None:
        if isinstance(insight, TextsPredicted):
            self._newest = insight
            self.throttle.request()

    def refresh(self) -> None:
        newest = self._newest
        if newest is None:
            return
        n_right = sum(sample.expected == sample.predicted for sample in newest.samples)
        self.set_note(
            self.tr(
                "After epoch {epoch}: {right} of {n} exactly right. Wrong parts are underlined."
            ).format(epoch=newest.epoch, right=n_right, n=len(newest.samples))
        )
        bar = self.texts.verticalScrollBar()
        place = bar.value()
        self.texts.setHtml("".join(self._html(sample) for sample in newest.samples))
        bar.setValue(place)

    def _html(self, sample: TextSample) -> str:
        colors = current_theme().palette
        is_right = sample.expected == sample.predicted
        mark = blend(colors.surface, colors.series[1], 0.35)
        expected, predicted = marked(sample.expected, sample.predicted, mark)
        rows = [(self.tr("given"), escape(sample.source), colors.muted)]
        if is_right:
            rows.append((f"✓ {self.tr('written')}", escape(sample.predicted), colors.text))
        else:
            rows.append((self.tr("right"), expected, colors.text))
            rows.append((f"✗ {self.tr('written')}", predicted or NOTHING, colors.text))
        cells = "".join(
            f'<tr><td width="72" style="color:{colors.muted}">{name}</td>'
            f'<td style="color:{tone}">{text}</td></tr>'
            for name, text, tone in rows
        )
        return (
            f'<table width="100%" cellspacing="0" cellpadding="1" '
            f'style="margin-bottom:{SPACING}px">{cells}</table>'
        )


def marked(expected: str, predicted: str, color: str) -> tuple[str, str]:
    """Returns both texts as HTML; what one has and the other has not is underlined on a colour.

    Args:
        expected, predicted: Plain texts.
        color: ``#rrggbb`` behind what differs.
    """
    first, second = _words(expected), _words(predicted)
    if max(len(first), len(second)) == 1:  # one word, or digits in a row
        first, second = list(expected), list(predicted)
    found: tuple[list[str], list[str]] = ([], [])
    for kind, a, b, c, d in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        for parts, piece in zip(found, ("".join(first[a:b]), "".join(second[c:d])), strict=True):
            if kind == "equal":
                parts.append(escape(piece))
            elif piece:
                style = f"background-color:{color}; text-decoration:underline"
                parts.append(f'<span style="{style}">{escape(piece)}</span>')
    return "".join(found[0]), "".join(found[1])


def _words(text: str) -> list[str]:
    """Words and what stands between them."""
    return re.findall(r"\w+|\W", text)
