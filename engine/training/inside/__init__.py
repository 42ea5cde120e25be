"""What can be watched inside a network while it learns. Imported by workers only.

To add something: a file with an `Observer`, its event in `engine.events.insights`, and a line here.
"""

from __future__ import annotations

from engine.training.inside.attention import Attention
from engine.training.inside.base import Observer, Scene
from engine.training.inside.coefficients import Coefficients
from engine.training.inside.convolutions import Convolutions
from engine.training.inside.flow import Flow
from engine.training.inside.forecasts import Forecasts
from engine.training.inside.pole import Pole
from engine.training.inside.surface import Surface
from engine.training.inside.texts import Texts
from engine.training.inside.units import HiddenUnits

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
