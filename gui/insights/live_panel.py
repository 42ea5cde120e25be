"""LivePanel: what a model has learnt, as it learns: its prediction, and what is inside it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from engine.architectures import ARCHITECTURES
from engine.events.insights import CoefficientsUpdated, GradientFlow, Insight, SurfaceUpdated
from engine.events.profile import Profile
from engine.events.run_events import RunEvent
from engine.events.verdicts import Finding, Place
from gui.formatting.plain_text import plain_tip
from gui.formatting.verdict_words import severity_icon, severity_role
from gui.insights.coefficients_view import CoefficientsView
from gui.insights.insight_view import InsightView
from gui.insights.insight_views import VIEWS, promise
from gui.plots.surface_plot import SurfacePlot
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role

WIDTH = 36 * SPACING


class LivePanel(QWidget):
    """Tabs, of which the first shows the prediction and the coefficients; only those there are.

    Each view is made when a run first has something for it: most runs never do, and the window
    opens sooner. Before that it says what will come; it hides where nothing will.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.surface: SurfacePlot | None = None
        self._profile: Profile | None = None
        self._model = ""
        self._made: dict[type[Insight], InsightView] = {}
        self._badge: Finding | None = None
        self.coefficients = CoefficientsView()
        self.setMinimumWidth(WIDTH)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setAutoHide(True)
        self.tabs.tabBar().setUsesScrollButtons(True)
        self.tabs.setAccessibleName(self.tr("Inside the model"))
        self.promise = Label()
        self.promise.setWordWrap(True)
        self.promise.setAlignment(Qt.AlignmentFlag.AlignCenter)
        set_role(self.promise, "muted")
        self._prediction = QWidget()
        self._column = QVBoxLayout(self._prediction)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2 * SPACING)
        self._column.addWidget(self.coefficients)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.promise, 1)
        column.addWidget(self.tabs, 1)
        self.coefficients.hide()
        current_theme().changed.connect(self._show_badge)
        self.hide()

    @property
    def titles(self) -> tuple[str, ...]:
        """Titles of the tabs."""
        return tuple(self.tabs.tabText(index) for index in range(self.tabs.count()))

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
        """Shows the formula of a linear model, and forgets what was seen inside another."""
        self._model = name
        is_linear = name in ARCHITECTURES and ARCHITECTURES[name].is_linear
        self.coefficients.set_formula(ARCHITECTURES[name].formula if is_linear else "")
        self.coefficients.setVisible(is_linear)
        for view in self._made.values():
            self.tabs.removeTab(self.tabs.indexOf(view))
            view.hide()
            view.deleteLater()
        self._made.clear()
        self._badge = None
        self._show_or_hide()

    def add(self, event: RunEvent) -> None:
        """Takes an event of the run; most say nothing here."""
        if isinstance(event, SurfaceUpdated):
            if self.surface is not None:
                self.surface.update_surface(event)
        elif isinstance(event, CoefficientsUpdated):
            self.coefficients.update_coefficients(event)
        elif isinstance(event, Insight):
            view = self._made.get(type(event)) or self._make(event)
            if view is not None:
                view.show_insight(event)

    def show_flow_before(self, measurements: Sequence[GradientFlow]) -> None:
        """Shows the gradient flow of a run that goes on, from before it went on."""
        if not measurements:
            return
        from gui.insights.flow_view import FlowView

        view = self._made.get(GradientFlow) or self._make(measurements[0])
        if isinstance(view, FlowView):
            view.show_before(measurements)

    def show_verdict(self, findings: Sequence[Finding]) -> None:
        """Puts a badge on the tab that shows more of a finding, in the colour of the gravest."""
        view = self._made.get(GradientFlow)
        about = [it for it in findings if it.place is not None and it.place.page == "flow"]
        badge = about[0] if about and view is not None else None
        if badge == self._badge:
            return
        self._badge = badge
        self._show_badge()

    @Slot()
    def _show_badge(self) -> None:
        place = self.tabs.indexOf(self._made[GradientFlow]) if GradientFlow in self._made else -1
        if place < 0:
            return
        badge = self._badge
        if badge is None:
            self.tabs.setTabIcon(place, QIcon())
            self.tabs.setTabToolTip(place, "")
            return
        severity = badge.severity
        self.tabs.setTabIcon(place, icon(severity_icon(severity), severity_role(severity)))
        self.tabs.setTabToolTip(place, plain_tip(badge.text))

    def show_place(self, place: Place) -> None:
        """Opens the tab that shows more, if there is one."""
        view = self._made.get(GradientFlow)
        if place.page == "flow" and view is not None:
            self.tabs.setCurrentWidget(view)

    def view(self, insight: type[Insight]) -> InsightView | None:
        """The view of a type of insight, if this run has one."""
        return self._made.get(insight)

    def _make(self, event: Insight) -> InsightView | None:
        """Makes the view of an insight in a tab, in the order of `VIEWS`."""
        place = 1 if self._has_prediction else 0
        for entry in VIEWS:
            if entry.insight in self._made:
                place += 1
            elif entry.insight is type(event):
                view = entry.make()
                self._made[entry.insight] = view
                self.tabs.insertTab(place, view, entry.title())
                if place == 0:
                    self.tabs.setCurrentIndex(0)
                self._show_or_hide()
                return view
        return None

    @property
    def _has_prediction(self) -> bool:
        has_surface = self.surface is not None and not self.surface.isHidden()
        return has_surface or not self.coefficients.isHidden()

    def _show_or_hide(self) -> None:
        """Takes no room where there is nothing to see."""
        place = self.tabs.indexOf(self._prediction)
        if self._has_prediction and place < 0:
            self.tabs.insertTab(0, self._prediction, self.tr("Prediction"))
            self.tabs.setCurrentIndex(0)
        elif not self._has_prediction and place >= 0:
            self.tabs.removeTab(place)
        has_tabs = self.tabs.count() > 0
        # Away from the line under the tabs, where there are some.
        self._column.setContentsMargins(0, SPACING if self.tabs.count() > 1 else 0, 0, 0)
        text = "" if has_tabs else promise(self._profile, self._model)
        self.promise.setText(text)
        self.promise.setVisible(bool(text))
        self.tabs.setVisible(has_tabs)
        self.setHidden(not has_tabs and not text)
