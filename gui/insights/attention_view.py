"""AttentionView: where a model looks in a chosen text, by layer and head."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from engine.events.insights import AttentionUpdated, Insight
from gui.insights.insight_view import InsightView, set_choices
from gui.plots.attention_plot import AttentionPlot

LONGEST = 60


class AttentionView(InsightView):
    """A heat map, and what to choose it by: the text, the layer, the head or the mean of all."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._newest: AttentionUpdated | None = None
        self.text = self.add_choice(self.tr("Text"))
        self.more_choices()
        self.layer = self.add_choice(self.tr("Layer"), 2)
        self.head = self.add_choice(self.tr("Head"))
        self.plot = AttentionPlot()
        self.column.addWidget(self.plot, 1)
        self.column.addWidget(self.note)

    def show_insight(self, insight: Insight) -> None:
        if isinstance(insight, AttentionUpdated):
            self._newest = insight
            self.throttle.follow()

    def refresh(self) -> None:
        newest = self._newest
        if newest is None or not newest.texts:
            return
        set_choices(self.text, [text.text[:LONGEST] for text in newest.texts])
        text = newest.texts[max(0, self.text.currentIndex())]
        if not text.maps:
            return
        set_choices(self.layer, [one.layer.replace("_", " ") for one in text.maps])
        shown = text.maps[min(max(0, self.layer.currentIndex()), len(text.maps) - 1)]
        weights = shown.weights.values
        heads = [self.tr("Head {n}").format(n=index + 1) for index in range(len(weights))]
        set_choices(self.head, [self.tr("Mean"), *heads] if len(heads) > 1 else [])
        head = self.head.currentIndex()
        chosen = weights.mean(axis=0) if head <= 0 else weights[head - 1]
        self.plot.show_weights(shown.queries, shown.keys, chosen)
        self.set_note(
            self.tr(
                "Each row is a token that looks; the stronger the colour, the more it takes from "
                "the token above."
            )
        )
