"""What can be watched inside a network while it learns. Imported by workers only.

To add something: a file with an `Observer`, its event in `engine.events.insights`, and a line here.
"""

from __future__ import annotations

from engine.training.introspection.attention import Attention
from engine.training.introspection.base import Observer, Scene
from engine.training.introspection.coefficients import Coefficients
from engine.training.introspection.convolutions import Convolutions
from engine.training.introspection.flow import Flow
from engine.training.introspection.forecasts import Forecasts
from engine.training.introspection.pole import Pole
from engine.training.introspection.surface import Surface
from engine.training.introspection.texts import Texts
from engine.training.introspection.units import HiddenUnits

__all__ = ["OBSERVERS", "Observer", "Scene", "observers"]

OBSERVERS: tuple[type[Observer], ...] = (
    Surface,
    Coefficients,
    HiddenUnits,
    Convolutions,
    Attention,
    Texts,
    Forecasts,
    Pole,
    Flow,
)


def observers(scene: Scene) -> tuple[Observer, ...]:
    """Those that have something to show of this network on this data."""
    return tuple(observer(scene) for observer in OBSERVERS if observer.fits(scene))
