"""RunLive: what a small model has learnt, as it learns: its line or boundary, its coefficients."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.architectures import ARCHITECTURES
from engine.datasets.profile import Profile
from engine.events import CoefficientsUpdated, RunEvent, SurfaceUpdated
from gui.plots.surface_plot import SurfacePlot
from gui.theme import SPACING
from gui.widgets.run_coefficients import RunCoefficients

WIDTH = 36 * SPACING


class RunLive(QWidget):
    """A surface plot over a table of coefficients; hidden where neither says anything.

    The plot is made when data first asks for it: most runs never do, and the window opens sooner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.surface: SurfacePlot | None = None
        self._profile: Profile | None = None
        self.coefficients = RunCoefficients()
        self.setMinimumWidth(WIDTH)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2 * SPACING)
        self._column.addWidget(self.coefficients)
        self.coefficients.hide()
        self.hide()

    def show_data(self, profile: Profile | None) -> None:
        """Shows the examples a surface would be drawn over, if there can be one."""
        if profile is self._profile:
            return
        self._profile = profile
        can_show = profile is not None and SurfacePlot.can_show(profile)
        if can_show and self.surface is None:
            self.surface = SurfacePlot()
            self._column.insertWidget(0, self.surface, 1)
        if self.surface is not None:
            self.surface.clear()
            self.surface.setVisible(can_show)
            if can_show and profile is not None:
                self.surface.show_profile(profile)
        self._show_or_hide()

    def show_model(self, name: str) -> None:
        """Shows the formula of a linear model, and forgets the coefficients."""
        is_linear = name in ARCHITECTURES and ARCHITECTURES[name].is_linear
        self.coefficients.set_formula(ARCHITECTURES[name].formula if is_linear else "")
        self.coefficients.setVisible(is_linear)
        self._show_or_hide()

    def add(self, event: RunEvent) -> None:
        """Takes an event of the run; most say nothing here."""
        if isinstance(event, SurfaceUpdated) and self.surface is not None:
            self.surface.update_surface(event)
        elif isinstance(event, CoefficientsUpdated):
            self.coefficients.update_coefficients(event)

    def _show_or_hide(self) -> None:
        """Takes no room where there is nothing to see."""
        has_surface = self.surface is not None and not self.surface.isHidden()
        self.setHidden(not has_surface and self.coefficients.isHidden())
