"""FeatureMapsView: what the filters of a convolution answer for a chosen sample."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from engine.events.insights import Bytes, FeatureMaps, FeatureMapsUpdated, Insight
from gui.insights.insight_view import InsightView, set_choices
from gui.insights.map_browser import Map, MapBrowser
from gui.plots.colors import scale_colors
from gui.plots.large_map import LargeMap, Scale
from gui.style.theme import SPACING

EDGE = 7 * SPACING


class FeatureMapsView(InsightView):
    """The sample and its maps side by side; dark is little, bright is much."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._newest: FeatureMapsUpdated | None = None
        self.sample = self.add_choice(self.tr("Sample"))
        self.layer = self.add_choice(self.tr("Layer"))
        self.maps = MapBrowser(EDGE)
        self.maps.setAccessibleName(self.tr("Feature maps"))
        self.seen = LargeMap()
        self.seen.setMinimumHeight(0)
        self.seen.hide()
        self.column.addWidget(self.seen)
        self.column.addWidget(self.maps, 1)
        self.column.addWidget(self.note)

    def show_insight(self, insight: Insight) -> None:
        if isinstance(insight, FeatureMapsUpdated):
            self._newest = insight
            self.throttle.follow()

    def refresh(self) -> None:
        newest = self._newest
        if newest is None or not newest.layers or not newest.samples:
            return
        set_choices(self.sample, [f"{n}: {name}" for n, name in enumerate(newest.samples, start=1)])
        set_choices(self.layer, [layer.layer for layer in newest.layers])
        sample = max(0, self.sample.currentIndex())
        layer = newest.layers[max(0, self.layer.currentIndex())]
        shown = layer.answers.levels[sample]
        is_over_time = len(shown) == 1 and layer.n_filters > 1
        self.maps.is_stretched = is_over_time
        answers = self._answers(layer, sample, is_over_time)
        self.seen.setVisible(is_over_time)
        if is_over_time:
            self._show_over_time(newest.inputs, sample)
        else:
            answers = [self._input(newest.inputs, sample, newest.samples[sample]), *answers]
        self.maps.set_maps(answers)
        self.set_note(self._words(layer, len(shown), is_over_time))

    def _show_over_time(self, inputs: Bytes, sample: int) -> None:
        """Shows what came in above what the filters answer, both over the whole width."""
        values = inputs.values[sample, :, :, 0]
        low, high = float(values.min()), float(values.max())
        self.seen.setFixedHeight(max(2, min(10, len(values))) * SPACING)
        self.seen.show_map(scale_colors(values, low, high), is_stretched=True)
        self.seen.setToolTip(self.tr("What the network sees, time to the right"))

    def _input(self, inputs: Bytes, sample: int, name: str) -> Map:
        picture = inputs.levels[sample]
        grey = np.repeat(picture[..., :1], 3, axis=-1) if picture.shape[-1] < 3 else picture
        return Map(
            grey, self.tr("input"), self.tr("What the network sees: {name}").format(name=name)
        )

    def _answers(self, layer: FeatureMaps, sample: int, is_over_time: bool) -> list[Map]:
        values = layer.answers.values[sample]
        low, high = float(values.min()), float(values.max())
        scale = Scale(low, high, scale_colors(np.linspace(0, 1, 64), 0, 1))
        title = self.tr("Filter {n} of {layer}")
        if is_over_time:
            title = self.tr("What all filters of {layer} answer")
        return [
            Map(pixels, f"{n}", title.format(n=n, layer=layer.layer), scale)
            for n, pixels in enumerate(scale_colors(values, low, high), start=1)
        ]

    def _words(self, layer: FeatureMaps, n_shown: int, is_over_time: bool) -> str:
        if is_over_time:
            return self.tr(
                "Above what came in, below a row for each filter, time to the right; bright is "
                "much."
            )
        text = self.tr("Where each filter finds its pattern; bright is a strong answer.")
        if n_shown < layer.n_filters:
            text = f"{text} {self.tr('The first {n} are shown.').format(n=n_shown)}"
        return text
