"""UnitsView: what each hidden unit answers over two features, as small maps."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from engine.events.insights import HiddenUnitsUpdated, Insight
from gui.insights.insight_view import InsightView, set_choices
from gui.insights.map_browser import Map, MapBrowser
from gui.plots.colors import signed_colors
from gui.plots.large_map import Scale
from gui.style.theme import SPACING, current_theme

EDGE = 7 * SPACING


class UnitsView(InsightView):
    """A grid of maps, one for each unit of a layer; axes are those of the prediction."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._newest: HiddenUnitsUpdated | None = None
        self.layer = self.add_choice(self.tr("Layer"))
        self.maps = MapBrowser(EDGE)
        self.maps.is_smooth = True
        self.maps.setAccessibleName(self.tr("Hidden units"))
        self.column.addWidget(self.maps, 1)
        self.column.addWidget(self.note)

    def show_insight(self, insight: Insight) -> None:
        if isinstance(insight, HiddenUnitsUpdated):
            self._newest = insight
            self.throttle.follow()

    def refresh(self) -> None:
        newest = self._newest
        if newest is None or not newest.layers:
            return
        text = self.tr("{layer} · {n} units")
        set_choices(
            self.layer,
            [text.format(layer=layer.layer, n=layer.n_units) for layer in newest.layers],
        )
        layer = newest.layers[max(0, self.layer.currentIndex())]
        colors = current_theme().palette
        most = layer.answers.high
        ramp = signed_colors(np.linspace(-most, most, 64), most, colors)
        scale = Scale(-most, most, ramp)
        # The first row is the lowest of the axis; pictures begin at the top.
        pixels = signed_colors(np.flip(layer.answers.values, axis=1), most, colors)
        title = self.tr("Unit {n} of {layer}")
        self.maps.set_maps(
            [
                Map(one, f"{index}", title.format(n=index, layer=layer.layer), scale)
                for index, one in enumerate(pixels, start=1)
            ]
        )
        shown = len(pixels)
        self.set_note(
            self.tr("The first {n} units of {layer}; blue is below zero, orange above.").format(
                n=shown, layer=layer.layer
            )
            if shown < layer.n_units
            else self.tr(
                "The answer of each unit over both features; blue is below zero, orange "
                "above. Click one to enlarge it."
            )
        )
