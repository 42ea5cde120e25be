"""ResultTabs: the tabs that say something of a run, each made when it is first looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from engine.spec.plugins.plots import PLOTS
from engine.spec.signature import Kind, Output
from gui.pages.results.column_reader import ColumnReader
from gui.pages.results.plugin_plots import PluginPlots
from gui.pages.results.run_summary import RunSummary
from gui.pages.results.shown_result import ResultTab, ShownResult
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.style.theme import SPACING, set_role

_SETTING = "results/tab"


class ResultTabs(QTabWidget):
    """Each tab only where it applies; which one was looked at is remembered by the kind of result.

    Signals:
        examples_asked(Selection): The examples behind a mark are to be shown.
        place_picked(Place | None): Where the finding that was picked shows.

    Args:
        controller, messages: For plots of other packages.
        settings: Remembers the tab.
        columns: Reads columns of the data.
    """

    examples_asked = Signal(object)
    place_picked = Signal(object)

    def __init__(
        self,
        controller: Controller,
        messages: Messages,
        settings: Settings,
        columns: ColumnReader,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._columns = columns
        self._results = controller.results
        self._shown: ShownResult | None = None
        self._stale: set[str] = set()
        self._made: dict[str, ResultTab] = {}
        self._places: dict[str, QWidget] = {}
        self._badges: Mapping[str, int] = {}
        self._is_arranging = False
        self.plugin_plots = PluginPlots(controller, messages)
        self._makers: dict[str, Callable[[], ResultTab]] = {
            "overview": self._make_overview,
            "findings": self._make_findings,
            "errors": _errors_tab,
            "curves": _curves_tab,
            "confusion": _confusion_tab,
            "forecast": _forecast_tab,
            "groups": _groups_tab,
            "importance": self._make_importance,
            "inside": _inside_tab,
            "plots": self._make_plots,
            "making": MakingTab,
        }
        self.setDocumentMode(True)
        self.setUsesScrollButtons(True)
        self.currentChanged.connect(self._on_tab)
        controller.plugins.changed.connect(self._on_plugins)

    def _title(self, name: str) -> str:
        return {
            "overview": self.tr("Overview"),
            "findings": self.tr("Findings"),
            "errors": self.tr("Errors"),
            "curves": self.tr("Curves"),
            "confusion": self.tr("Confusion"),
            "forecast": self.tr("Over time"),
            "groups": self.tr("Groups"),
            "importance": self.tr("Importance"),
            "inside": self.tr("Inside"),
            "plots": self.tr("More plots"),
            "making": self.tr("How it was made"),
        }[name]

    def _make_overview(self) -> ResultTab:
        from gui.pages.results.overview_tab import OverviewTab

        return OverviewTab(self._columns)

    def _make_findings(self) -> ResultTab:
        from gui.pages.results.findings_tab import FindingsTab

        tab = FindingsTab()
        tab.place_picked.connect(self.place_picked)
        return tab

    def _make_importance(self) -> ResultTab:
        from gui.pages.results.importance_tab import ImportanceTab

        return ImportanceTab(self._results)

    def _make_plots(self) -> ResultTab:
        return PlotsTab(self.plugin_plots)

    # ---- what there is

    def view(self, name: str) -> Any:
        """Returns what a tab shows, made on first use."""
        if name not in self._made:
            tab = self._made[name] = self._makers[name]()
            tab.examples_asked.connect(self.examples_asked)
            layout = self._place(name).layout()
            assert layout is not None
            layout.addWidget(tab)
        return self._made[name]

    def _place(self, name: str) -> QWidget:
        if name not in self._places:
            place = QWidget()
            QVBoxLayout(place).setContentsMargins(0, 0, 0, 0)
            self._places[name] = place
        return self._places[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The tabs that there are, in order."""
        shown = {self.indexOf(place): name for name, place in self._places.items()}
        return tuple(shown[index] for index in range(self.count()))

    @property
    def tab(self) -> str:
        """Name of the tab that is shown."""
        return self.names[self.currentIndex()] if self.count() else ""

    def show_tab(self, name: str) -> None:
        """Shows a tab, where this run has it."""
        if name in self.names:
            self.setCurrentWidget(self._place(name))

    # ---- showing

    def show_result(self, shown: ShownResult) -> None:
        """Shows a run; the tab that is looked at is filled at once, the others later."""
        is_another = self._shown is None or self._shown.record.id != shown.record.id
        self._shown = shown
        wanted = wanted_tabs(shown)
        self._stale = set(wanted)
        self._arrange(wanted)
        if is_another:
            self._is_arranging = True
            self.show_tab(self._settings.get(_setting(shown), wanted[0]))
            self._is_arranging = False
        self.set_badges(self._badges)
        self._fill()

    def _arrange(self, wanted: list[str]) -> None:
        """Adds and takes away what differs; the tab that is looked at stays."""
        self._is_arranging = True
        for name in self.names:
            if name not in wanted:
                self.removeTab(self.indexOf(self._place(name)))
        for index, name in enumerate(wanted):
            if name not in self.names:
                self.insertTab(index, self._place(name), self._title(name))
        self._is_arranging = False

    def set_badges(self, badges: Mapping[str, int]) -> None:
        """Says how many findings a tab says more of, by its name."""
        self._badges = badges
        for index, name in enumerate(self.names):
            n = badges.get(name, 0)
            self.setTabText(index, f"{self._title(name)} ({n})" if n else self._title(name))

    @Slot(int)
    def _on_tab(self, _index: int) -> None:
        if not self._is_arranging and self._shown is not None:
            self._settings.set(_setting(self._shown), self.tab)
            self._fill()

    @Slot()
    def _on_plugins(self) -> None:
        """Another package may bring plots at any time."""
        if self._shown is not None:
            self.show_result(self._shown)

    def _fill(self) -> None:
        name = self.tab
        if self._shown is not None and name in self._stale:
            self._stale.discard(name)
            self.view(name).show_result(self._shown)


def wanted_tabs(shown: ShownResult) -> list[str]:
    """Names of the tabs that say something of a run, in their order."""
    from gui.pages.results.curves_tab import families

    evaluation, scored = shown.evaluation, shown.scored
    is_rated = scored is not None and len(scored) > 0
    has_right = scored is not None and scored.is_right is not None
    may_err = is_rated and (has_right or (shown.output is Output.NUMBERS and not shown.is_anomaly))
    parts = {
        "overview": True,
        "findings": bool(shown.findings),
        "errors": may_err,
        "curves": bool(families(shown)),
        "confusion": evaluation is not None and evaluation.confusion.size > 0,
        "forecast": is_rated and shown.is_forecast,
        "groups": shown.analysis is not None and shown.analysis.groups is not None,
        "importance": is_rated and shown.kind in (Kind.TABLE.value, Kind.SERIES.value),
        "inside": bool(shown.flow),
        "plots": len(PLOTS) > 0,
        "making": True,
    }
    return [name for name, applies in parts.items() if applies]


def _setting(shown: ShownResult) -> str:
    kind = shown.output.value if shown.output is not None else "none"
    return f"{_SETTING}/{kind}"


class MakingTab(ResultTab):
    """With what a run was made."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.summary = RunSummary()
        _scrolled(self, self.summary, self.tr("How it was made"))

    def show_result(self, shown: ShownResult) -> None:
        """Shows the settings of a run."""
        self.summary.show_record(shown.record, shown.changes)


class PlotsTab(ResultTab):
    """What plots of other packages show.

    Args:
        plots: Draws them.
    """

    def __init__(self, plots: PluginPlots, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plots = plots
        _scrolled(self, plots, self.tr("More plots"))

    def show_result(self, shown: ShownResult) -> None:
        """Shows the plots of a run."""
        self._plots.show_run(shown.record.id)


class InsideTab(ResultTab):
    """What reached each layer while it learnt."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from gui.insights.flow_view import FlowView

        self.flow = FlowView()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.flow)

    def show_result(self, shown: ShownResult) -> None:
        """Shows the gradient flow of a run."""
        self.flow.show_all(shown.flow)


def _scrolled(tab: ResultTab, content: QWidget, name: str) -> None:
    """Puts content into a tab, from its top down."""
    page = QWidget()
    inner = QVBoxLayout(page)
    inner.setContentsMargins(0, 0, 0, 0)
    inner.addWidget(content)
    inner.addStretch(1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(page)
    area.setAccessibleName(name)
    set_role(area, "page")  # it is read by keyboard: arrow keys scroll it
    column = QVBoxLayout(tab)
    column.setContentsMargins(0, SPACING, 0, 0)
    column.addWidget(area)


# Imported when first needed: a page must be built quickly.


def _errors_tab() -> ResultTab:
    from gui.pages.results.errors_tab import ErrorsTab

    return ErrorsTab()


def _curves_tab() -> ResultTab:
    from gui.pages.results.curves_tab import CurvesTab

    return CurvesTab()


def _confusion_tab() -> ResultTab:
    from gui.pages.results.confusion_tab import ConfusionTab

    return ConfusionTab()


def _forecast_tab() -> ResultTab:
    from gui.pages.results.forecast_tab import ForecastTab

    return ForecastTab()


def _groups_tab() -> ResultTab:
    from gui.pages.results.groups_tab import GroupsTab

    return GroupsTab()


def _inside_tab() -> ResultTab:
    return InsideTab()
