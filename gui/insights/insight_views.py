"""What can be seen inside a network: a view for each type of insight, made when first needed.

To add one: a file with an `InsightView`, and a line in `VIEWS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.architectures import ARCHITECTURES
from engine.events.insights import (
    AttentionUpdated,
    EpisodePlayed,
    FeatureMapsUpdated,
    FiltersUpdated,
    ForecastsMade,
    GradientFlow,
    HiddenUnitsUpdated,
    Insight,
    TextsPredicted,
)
from engine.events.profile import Profile
from engine.spec.signature import Kind, Output, Task
from gui.formatting.translation import translate
from gui.insights.insight_view import InsightView


@dataclass(frozen=True)
class ViewEntry:
    """A view.

    Attributes:
        insight: What it shows.
        title: Of its tab.
        make: Makes it; its modules are imported then.
    """

    insight: type[Insight]
    title: Callable[[], str]
    make: Callable[[], InsightView]


def _units() -> InsightView:
    from gui.insights.units_view import UnitsView

    return UnitsView()


def _filters() -> InsightView:
    from gui.insights.filters_view import FiltersView

    return FiltersView()


def _feature_maps() -> InsightView:
    from gui.insights.feature_maps_view import FeatureMapsView

    return FeatureMapsView()


def _attention() -> InsightView:
    from gui.insights.attention_view import AttentionView

    return AttentionView()


def _samples() -> InsightView:
    from gui.insights.samples_view import SamplesView

    return SamplesView()


def _forecast() -> InsightView:
    from gui.insights.forecast_view import ForecastView

    return ForecastView()


def _pole() -> InsightView:
    from gui.insights.pole_view import PoleView

    return PoleView()


def _flow() -> InsightView:
    from gui.insights.flow_view import FlowView

    return FlowView()


VIEWS: tuple[ViewEntry, ...] = (
    ViewEntry(HiddenUnitsUpdated, lambda: translate("Units"), _units),
    ViewEntry(TextsPredicted, lambda: translate("Samples"), _samples),
    ViewEntry(ForecastsMade, lambda: translate("Forecast"), _forecast),
    ViewEntry(EpisodePlayed, lambda: translate("Pole"), _pole),
    ViewEntry(FiltersUpdated, lambda: translate("Filters"), _filters),
    ViewEntry(FeatureMapsUpdated, lambda: translate("Feature maps"), _feature_maps),
    ViewEntry(AttentionUpdated, lambda: translate("Attention"), _attention),
    ViewEntry(GradientFlow, lambda: translate("Gradient flow"), _flow),
)
"""In the order of their tabs."""


def promise(profile: Profile | None, model: str) -> str:
    """Says what will be seen of a model on such data while it learns; empty for nothing sure."""
    if profile is None:
        return ""
    signature = profile.signature
    if signature.task is Task.FORECASTING:
        return translate("Forecasts of a few windows appear here after every epoch.")
    if signature.output is Output.TOKENS:
        return translate("What it writes for a few samples appears here after every epoch.")
    if signature.task is Task.CONTROL and profile.source == "cartpole":
        return translate("The policy balances the pole here after every epoch.")
    # Without a name it is the recommended one, which does.
    convolves = model not in ARCHITECTURES or ARCHITECTURES[model].convolves_images
    if signature.kind is Kind.IMAGE and convolves:
        return translate(
            "Filters of convolutions, and what they see in a few images, appear here while it "
            "learns."
        )
    return ""
