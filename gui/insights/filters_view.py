"""FiltersView: the weights of a convolution's filters, as pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtWidgets import QWidget

from engine.events.insights import FilterBank, FiltersUpdated, Insight
from gui.insights.insight_view import InsightView, set_choices
from gui.insights.map_browser import Map, MapBrowser
from gui.plots.colors import signed_colors
from gui.plots.large_map import Scale
from gui.style.theme import SPACING, current_theme

EDGE = 6 * SPACING
TALL_EDGE = 12 * SPACING
"""Of filters over time, which are as high as there are bands or channels."""


class FiltersView(InsightView):
    """A picture for each filter: in colour over a colour image, else one channel or their mean."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._newest: FiltersUpdated | None = None
        self.layer = self.add_choice(self.tr("Layer"))
        self.channel = self.add_choice(self.tr("Channel"))
        self.maps = MapBrowser(EDGE)
        self.maps.setAccessibleName(self.tr("Filters"))
        self.column.addWidget(self.maps, 1)
        self.column.addWidget(self.note)

    def show_insight(self, insight: Insight) -> None:
        if isinstance(insight, FiltersUpdated):
            self._newest = insight
            self.throttle.request()

    def refresh(self) -> None:
        newest = self._newest
        if newest is None or not newest.banks:
            return
        text = self.tr("{layer} · {n} filters")
        set_choices(
            self.layer, [text.format(layer=bank.layer, n=bank.n_filters) for bank in newest.banks]
        )
        bank = newest.banks[max(0, self.layer.currentIndex())]
        self._offer_channels(bank)
        pixels, scale = self._pixels(bank)
        pixels = _widened(pixels)
        self.maps.edge = TALL_EDGE if pixels.shape[1] > 2 * pixels.shape[2] else EDGE
        title = self.tr("Filter {n} of {layer}")
        self.maps.set_maps(
            [
                Map(one, f"{index}", title.format(n=index, layer=bank.layer), scale)
                for index, one in enumerate(pixels, start=1)
            ]
        )
        self.set_note(self._words(bank))

    def _offer_channels(self, bank: FilterBank) -> None:
        n_channels = bank.kernels.levels.shape[-1]
        is_whole = n_channels == 1 or (bank.is_image and n_channels == 3)
        channels = [self.tr("Channel {n}").format(n=index + 1) for index in range(n_channels)]
        mean = self.tr("Mean of the channels")
        set_choices(self.channel, [] if is_whole else [mean, *channels])

    def _pixels(self, bank: FilterBank) -> tuple[npt.NDArray[np.uint8], Scale | None]:
        """Red, green and blue of each filter, (filters, height, width, 3)."""
        kernels, most = bank.kernels.values, bank.kernels.high
        if bank.is_image and kernels.shape[-1] == 3:
            return bank.kernels.levels, None
        channel = self.channel.currentIndex()
        shown = kernels.mean(axis=-1) if channel <= 0 else kernels[..., channel - 1]
        if channel <= 0:
            most = float(np.abs(shown).max()) or most
        colors = current_theme().palette
        ramp = signed_colors(np.linspace(-most, most, 64), most, colors)
        return signed_colors(shown, most, colors), Scale(-most, most, ramp)

    def _words(self, bank: FilterBank) -> str:
        if bank.is_image and bank.kernels.levels.shape[-1] == 3:
            text = self.tr("Weights on red, green and blue; grey is zero.")
        else:
            text = self.tr(
                "Blue weights are below zero, orange ones above. Click a filter to enlarge it."
            )
        if len(bank.kernels.levels) < bank.n_filters:
            text = f"{text} {self.tr('The first {n} are shown.')}".format(
                n=len(bank.kernels.levels)
            )
        return text


def _widened(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Repeats the columns of filters far higher than wide, (filters, height, width, 3)."""
    times = max(1, pixels.shape[1] // (3 * pixels.shape[2]))
    return np.repeat(pixels, times, axis=2)
