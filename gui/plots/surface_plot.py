"""SurfacePlot: what a model on one or two features predicts, drawn over the data, live."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtWidgets import QWidget

from engine.datasets.profile import Profile
from engine.events import SurfaceUpdated


class SurfacePlot(QWidget):
    """Points of the data, and the fitted line, the probabilities or the decision boundary.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    @staticmethod
    def can_show(profile: Profile | None) -> bool:
        """Says whether the data is a table of one or two features."""
        return False

    def show_profile(self, profile: Profile) -> None:
        """Shows the sample rows of a profile; forgets the surface.

        Raises:
            ValueError: `can_show` says no.
        """

    def show_points(
        self,
        x: npt.NDArray[np.generic],
        y: npt.NDArray[np.generic],
        class_names: Sequence[str],
        feature_names: Sequence[str],
        target_name: str = "",
    ) -> None:
        """Shows points; forgets the surface.

        Args:
            x: Features, (samples, 1 or 2).
            y: Class indices, or numbers where `class_names` is empty, (samples,).
            class_names: Classes in index order.
            feature_names: One per column of `x`.
            target_name: What is predicted.
        """

    def update_surface(self, surface: SurfaceUpdated) -> None:
        """Draws what the model predicts now."""

    def set_empty_text(self, text: str) -> None:
        """Sets what is read while there is nothing to draw."""

    def clear(self) -> None:
        """Forgets points and surface."""
